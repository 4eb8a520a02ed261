"""docs/policies.md: what it shows loads, is clean and counts as it says; it names all keys."""

import json
import re
import shlex
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

from cli.app import build
from domain import (
    calendars,
    conditions,
    policy,
    promise,
    provision,
    terms,
    time_limits,
    vocabulary,
)
from domain.explain import explain
from domain.facts import FACTS
from domain.lint import findings
from domain.lint.checking import RULES
from domain.lint.finding import Severity
from domain.mechanisms import MECHANISMS
from runtime.policy_check import PlacedFinding, check_all, check_files
from runtime.policy_files import PolicyShelf

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "policies.md"
EXAMPLE = "water_heaters"
PIECE = "piece"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its text, and its line on the page."""

    language: str
    text: str
    line: int


TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = [
    Block(match[1], match[2], TEXT[: match.start()].count("\n") + 1)
    for match in _BLOCK.finditer(TEXT)
]


def _of(language: str) -> list[Block]:
    return [one for one in BLOCKS if one.language == language]


WHOLE, *PIECES = _of("yaml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped folder with the example in it, and its rows in the register."""
    made = tmp_path / "policies"
    shutil.copytree(ROOT / "policies", made)
    (register,) = _of("csv")
    head, _, rows = register.text.partition("\n")
    shipped = (made / "clauses.csv").read_text(encoding="utf-8")
    assert shipped.startswith(head + "\n")
    (made / "clauses.csv").write_text(shipped + rows, encoding="utf-8")
    (made / f"{EXAMPLE}.yaml").write_text(WHOLE.text, encoding="utf-8")
    return made


def _written(folder: Path, piece: Block) -> Path:
    """The piece as a file that extends the example."""
    path = folder / f"{PIECE}.yaml"
    head = f"name: {PIECE}\ntitle: 一段\nextends: {EXAMPLE}\n"
    path.write_text(head + piece.text, encoding="utf-8")
    return path


def _of_file(found: Iterable[PlacedFinding], path: Path) -> list[str]:
    """What is told of that file; what the house's own words leave open is the house's."""
    return [
        f"{one.severity} {one.rule} {' '.join(one.clauses)}"
        for one in found
        if Path(one.file).name == path.name
    ]


def test_the_whole_file_is_clean_and_keeps_its_register(folder: Path) -> None:
    found = check_all(PolicyShelf(folder))
    assert _of_file(found, folder / f"{EXAMPLE}.yaml") == []
    assert [one for one in found if one.severity is Severity.ERROR] == []
    assert PolicyShelf(folder).for_product_class("water_heater") == [EXAMPLE]


def test_the_register_of_the_example_is_what_the_check_counts(folder: Path) -> None:
    path = folder / f"{EXAMPLE}.yaml"
    path.write_text(WHOLE.text.replace("[W-1]", "[W-4]"), encoding="utf-8")
    found = _of_file(check_files(PolicyShelf(folder), [path]), path)
    assert found == ["error unkept_clause W-1"]


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: f"line {piece.line}")
def test_every_piece_stands_in_a_file_of_its_own(folder: Path, piece: Block) -> None:
    path = _written(folder, piece)
    assert PolicyShelf(folder).load_file(path).extends == EXAMPLE
    found = _of_file(check_files(PolicyShelf(folder), [path]), path)
    assert sorted(found) == sorted(_shown_of(piece))


def _shown_of(piece: Block) -> list[str]:
    """What the page says that the lint tells of that piece, in the section where it stands."""
    sections = re.split(r"^## ", TEXT, flags=re.MULTILINE)
    (section,) = [one for one in sections if piece.text in one]
    return re.findall(r"`((?:error|warning|note) [a-z_]+(?: W-\d+)+)`", section)


def test_the_page_shows_what_the_lint_says_of_two_pieces() -> None:
    assert sorted(len(_shown_of(piece)) for piece in PIECES if _shown_of(piece)) == [1, 3]


def test_every_promise_of_the_page_is_due_as_it_says(folder: Path) -> None:
    (case,) = _of("json")
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (\d{4}-\d\d-\d\dT\d\d:\d\d) \|", TEXT, re.MULTILINE)
    told: Any = explain(PolicyShelf(folder).get(EXAMPLE), json.loads(case.text))
    stood = {one["id"]: (one["state"], str(one["due"])[:16]) for one in told["promises"]}
    assert len(rows) == 3
    shown = {name: (state, due) for name, state, due in rows}
    assert {name: stood[name] for name in shown} == shown


def test_what_the_procedure_says_is_the_default(folder: Path) -> None:
    """But for the two keys of which the page says so."""
    (piece,) = [one for one in PIECES if one.text.startswith("procedure:")]
    path = _written(folder, piece)
    ours = PolicyShelf(folder).load_file(path).procedure
    as_is = {"departments": None, "visit_days": ()}
    assert ours.model_copy(update=as_is) == policy.Procedure()


def _models(module: ModuleType) -> Iterator[type[BaseModel]]:
    for one in vars(module).values():
        is_model = isinstance(one, type) and issubclass(one, BaseModel)
        if is_model and one.__module__ == module.__name__:
            yield one


def _keys() -> Iterator[str]:
    for module in (policy, terms, promise, provision, calendars):
        for model in _models(module):
            # How a start is stored; a file writes `last reported`.
            if model is not promise.Start:
                yield from model.model_fields
    yield from conditions.FactTest.model_fields


def _words_of(*lists: type[StrEnum]) -> Iterator[str]:
    for one in lists:
        yield from (word.value for word in one)


def _closed_words() -> Iterator[str]:
    """What a file may write where only certain words will do."""
    yield from FACTS
    yield from MECHANISMS
    yield from _words_of(
        *(terms.CoverageKind, vocabulary.PurchaseDate, terms.TermSource, terms.Price),
        *(policy.OutOfWarranty, provision.ProvisionKind, time_limits.Unit),
        *(vocabulary.HoldReason, vocabulary.Keeper, vocabulary.FeeKind, vocabulary.PartClass),
    )
    yield from {*vocabulary.Milestone} - vocabulary.OF_OTHER_PROCEDURES


def _said() -> set[str]:
    """All words of the page that are code: in blocks, or between backticks."""
    prose = _BLOCK.sub("", TEXT)
    code = [*(one.text for one in _of("yaml")), *_CODE.findall(prose)]
    words = {word for text in code for word in _WORD.findall(text)}
    # A unit is written in the plural; the tries of a follow-up are numbered.
    tries = {f"follow_up_tried{n}" for n in _CODE.findall(prose) if re.fullmatch(r"_\d", n)}
    return words | {word.removesuffix("s") for word in words} | tries


@pytest.mark.parametrize("key", sorted(set(_keys())))
def test_every_key_of_a_policy_file_is_on_the_page(key: str) -> None:
    assert key in _said(), f"docs/policies.md does not say what {key} is"


def test_every_word_that_a_file_may_write_is_on_the_page() -> None:
    said = _said()
    assert [word for word in sorted(set(_closed_words())) if word not in said] == []


def test_every_rule_of_the_lint_is_on_the_page() -> None:
    folder = Path(findings.__code__.co_filename).parent
    sources = [path.read_text(encoding="utf-8") for path in folder.glob("*.py")]
    named = {rule for text in sources for rule in re.findall(r'rule="([a-z_]+)"', text)}
    assert len(named) >= len(RULES) // 2
    assert sorted(named - _said()) == []


def _commands() -> list[str]:
    lines = [line for block in _of("sh") for line in block.text.splitlines()]
    inline = [code for code in _CODE.findall(TEXT) if code.startswith("aftercare ")]
    return [line.partition(" > ")[0] for line in (*lines, *inline)]


@pytest.mark.parametrize("line", _commands())
def test_every_command_of_the_page_is_one(line: str) -> None:
    program, *words = shlex.split(line)
    assert program == "aftercare"
    # Parsed, and not run: an unknown command or option is refused here.
    command, _, _ = build(words[0]).parse_args(words, exit_on_error=False, print_error=False)
    assert callable(command)


def test_every_link_of_the_page_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    headings = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}
    inside = {one.removeprefix("#") for one in links if one.startswith("#")}
    assert inside
    assert inside - anchors == set()
    assert [one for one in links if one[0] != "#" and not (PAGE.parent / one).exists()] == []


def test_the_page_can_be_read_at_a_sitting() -> None:
    assert len(TEXT.splitlines()) < 300
