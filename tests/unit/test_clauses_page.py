"""docs/clauses.md: every clause is kept or set aside, and what was proven stays proven."""

from collections import Counter
from pathlib import Path

import pytest

from docs.generate.__main__ import CLAUSES, POLICIES, PROVEN, all_traced
from docs.generate.clauses import Trace, clauses_page, traced, unknown_clauses
from docs.generate.keepers import ROOT, Entry, entries, milestone_steps, promise_modules
from docs.generate.proofs import (
    Proof,
    ProofKind,
    by_clause,
    lost,
    proofs,
    read_proven,
    written_proven,
)
from domain.promise import Promise
from runtime.clause_register import Clause, read_register
from runtime.file_faults import FaultyFile

DEMANDING = frozenset(
    {"sla_deadline", "loaner", "warranty_rule", "fee_rule", "three_guarantees_exchange"}
)
"""The kinds of clause of which each is shown both kept and broken in a case table."""


@pytest.fixture(scope="module")
def traces() -> tuple[Trace, ...]:
    return all_traced()


def test_the_page_is_what_the_files_say(traces: tuple[Trace, ...]) -> None:
    written = CLAUSES.read_text(encoding="utf-8") if CLAUSES.exists() else ""
    assert written == clauses_page(traces), "docs/clauses.md is stale: make docs"


def test_every_clause_that_promises_something_is_kept_or_set_aside(
    traces: tuple[Trace, ...],
) -> None:
    assert len(traces) == 234
    assert [trace.clause.id for trace in traces if trace.is_open] == []


def test_no_clause_is_both_kept_and_set_aside(traces: tuple[Trace, ...]) -> None:
    assert [trace.clause.id for trace in traces if trace.kept and trace.aside] == []


def test_every_clause_that_is_cited_or_proven_exists() -> None:
    register = read_register(POLICIES).clauses
    assert unknown_clauses(register, entries(POLICIES), proofs(ROOT)) == []


def test_what_was_proven_is_proven_still(traces: tuple[Trace, ...]) -> None:
    now = by_clause(proof for trace in traces for proof in trace.proofs)
    gone = lost(read_proven(PROVEN), now)
    assert gone == [], (
        f"{gone}: a clause has lost its proof. Give it another, or take the word out of "
        "docs/proof.csv by hand, and say in the commit why the clause needs no proof any more"
    )


def test_what_is_proven_anew_is_written_down(traces: tuple[Trace, ...]) -> None:
    now = by_clause(proof for trace in traces for proof in trace.proofs)
    known = read_proven(PROVEN)
    order = [trace.clause.id for trace in traces]
    assert PROVEN.read_text(encoding="utf-8") == written_proven(known, now, order), "make docs"


@pytest.mark.parametrize("kind", [ProofKind.KEEPS, ProofKind.BREAKS])
def test_every_demanding_clause_has_a_row_that_keeps_it_and_one_that_breaks_it(
    traces: tuple[Trace, ...], kind: ProofKind
) -> None:
    """A clause that is set aside promises nothing here: there is nothing to keep or break."""
    demanding = [trace for trace in traces if trace.clause.kind in DEMANDING and trace.kept]
    shown = {proof.clause for trace in demanding for proof in trace.proofs if proof.kind is kind}
    assert demanding
    assert [trace.clause.id for trace in demanding if trace.clause.id not in shown] == []


def test_the_register_has_as_many_demanding_clauses_as_the_documents(
    traces: tuple[Trace, ...],
) -> None:
    assert Counter(trace.clause.kind for trace in traces if trace.clause.kind in DEMANDING) == {
        "sla_deadline": 26,
        "loaner": 6,
        "warranty_rule": 15,
        "fee_rule": 9,
        "three_guarantees_exchange": 8,
    }


def test_every_module_that_the_page_names_exists(traces: tuple[Trace, ...]) -> None:
    named = {module for trace in traces for one in trace.kept for module in one.modules}
    files = {module: ROOT / (module.replace(".", "/") + ".py") for module in named}
    packages = {module: ROOT / module.replace(".", "/") for module in named}
    assert named
    assert [one for one in named if not (files[one].exists() or packages[one].is_dir())] == []


def _clause(id: str, kind: str = "record") -> Clause:
    return Clause(id=id, document="X", clause="1", kind=kind)


def _entry(*clauses: str, why: str = "") -> Entry:
    return Entry("tried", "entry", "rule", 7, clauses, why=why)


def test_a_clause_that_nobody_cites_is_open_unless_it_only_informs() -> None:
    register = [_clause("X-1"), _clause("X-2"), _clause("X-3", "info"), _clause("X-4")]
    found = traced(register, [_entry("X-1"), _entry("X-4", why="不适用")], [])
    assert [trace.clause.id for trace in found if trace.is_open] == ["X-2"]
    page = clauses_page(found)
    assert "| X-2 | record |  | **OPEN** |" in page
    assert "**set aside** [tried/entry](../policies/tried.yaml#L7): 不适用" in page


def test_a_clause_that_is_not_in_the_register_is_found_with_its_place() -> None:
    proof = Proof("X-9", ProofKind.REHEARSAL, "tests/rehearsals/a.yaml", "一场")
    found = unknown_clauses([_clause("X-1")], [_entry("X-1", "X-8")], [proof])
    assert found == ["X-8 in tried.yaml:7", "X-9 in tests/rehearsals/a.yaml"]


def test_an_id_that_stands_twice_in_the_register_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clauses.csv"
    path.write_text("id,document,clause,kind\nX-1,X,1,info\nX-1,X,1,info\n", encoding="utf-8")
    with pytest.raises(FaultyFile, match="X-1 写了两次"):
        read_register(tmp_path)


def test_a_proof_that_is_lost_is_named_and_stays_on_the_list(tmp_path: Path) -> None:
    path = tmp_path / "proof.csv"
    path.write_text("clause,proof\nX-1,rehearsal keeps\nX-2,test\n", encoding="utf-8")
    known = read_proven(path)
    now = {"X-1": frozenset({ProofKind.REHEARSAL, ProofKind.BREAKS})}
    assert lost(known, now) == ["X-1 keeps", "X-2 test"]
    text = written_proven(known, now, ["X-2", "X-1"])
    assert text == "clause,proof\nX-2,test\nX-1,rehearsal keeps breaks\n"


def test_proofs_are_found_where_they_are_written_and_nowhere_else(tmp_path: Path) -> None:
    folders = {
        "rehearsals/a.yaml": "rehearsal: 一场\nproves: [X-1]\n",
        "unit/cases/tried.yaml": (
            "policy: tried\ncases:\n  - {case: 甲, keeps: [X-2]}\nwarranty:\n"
            "  - {case: 乙, breaks: [X-3]}\n"
        ),
        "unit/test_a.py": (
            "import pytest\n\n# X-5 is named in a comment\n"
            '@pytest.mark.clause("X-4")\ndef test_it() -> None:\n    assert "X-6"\n'
        ),
    }
    for name, text in folders.items():
        path = tmp_path / "tests" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert proofs(tmp_path) == (
        Proof("X-1", ProofKind.REHEARSAL, "tests/rehearsals/a.yaml", "一场"),
        Proof("X-2", ProofKind.KEEPS, "tests/unit/cases/tried.yaml", "甲"),
        Proof("X-3", ProofKind.BREAKS, "tests/unit/cases/tried.yaml", "乙"),
        Proof("X-4", ProofKind.TEST, "tests/unit/test_a.py", "test_it"),
    )


def test_a_promise_is_traced_to_the_step_that_keeps_it() -> None:
    steps = milestone_steps()
    base = {"id": "a", "clauses": ["A"], "says": "a", "starts": "reported", "within": "2 hours"}
    arrival, lent, enquiry = (
        Promise.model_validate(base | keys)
        for keys in (
            {"met_by": "arrived"},
            {"met_by": ["resolved"], "remedy": {"provide": "loaner"}},
            {"met_by": "called_back", "kept_by": "enquiry"},
        )
    )
    assert "domain.steps.visit" in promise_modules(arrival, steps)
    assert {"domain.steps.visit", "domain.steps.loaners"} <= set(promise_modules(lent, steps))
    assert "domain.steps.guidance" not in promise_modules(enquiry, steps)
