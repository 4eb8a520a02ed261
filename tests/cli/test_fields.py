"""Fields on the command line: every command has its own, each written as its kind allows."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import domain
from cli import words
from cli.commanding import with_bare_flags
from cli.event_words import DETAILS, EVENTS
from cli.fields import AnyCommand, fields_of, merged, read_actor, read_value
from cli.terminal import BadUsage
from domain.calendars import Weekday
from domain.commands import FIELDS as SHAPES
from domain.lending.orders import RULES
from domain.rotation import SkipReason
from domain.ticket import Actor
from domain.vocabulary import (
    Cause,
    Channel,
    Command,
    DisputeSubject,
    FaultKind,
    FeeDecision,
    FeeKind,
    HoldReason,
    LoanerCommand,
    LoanerState,
    Outcome,
    PartClass,
    PromiseState,
    PurchaseDate,
    QuoteState,
    Remedy,
    Role,
    Severity,
    Stage,
)

COMMANDS: list[AnyCommand] = [*Command, *LoanerCommand]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_reason_at_and_note(command: AnyCommand) -> None:
    assert {"reason", "at", "note"} <= set(fields_of(command))


@pytest.mark.parametrize("command", list(SHAPES))
def test_every_field_of_the_domain_is_an_option(command: Command) -> None:
    names = {info.alias or name for name, info in SHAPES[command].model_fields.items()}
    assert set(fields_of(command)) == names


@pytest.mark.parametrize("command", list(RULES))
def test_every_field_of_a_loaners_command_is_an_option(command: LoanerCommand) -> None:
    assert set(fields_of(command)) == set(RULES[command].fields.model_fields)


def test_every_word_has_its_chinese() -> None:
    assert set(words.STAGES) == {stage.value for stage in Stage}
    assert set(words.OUTCOMES) == {outcome.value for outcome in Outcome}
    assert set(words.ROLES) == {role.value for role in Role}
    assert set(words.PROMISE_STATES) == {state.value for state in PromiseState}
    assert set(words.COMMANDS) == {command.value for command in COMMANDS} - {"open"}
    assert {name for command in COMMANDS for name in fields_of(command)} <= set(words.FIELDS)
    for said, shown in (
        *((HoldReason, words.HOLDS), (Weekday, words.WEEKDAYS), (Cause, words.CAUSES)),
        *((PartClass, words.PART_CLASSES), (PurchaseDate, words.PURCHASE_DATES)),
        *((Channel, words.CHANNELS), (SkipReason, words.SKIPS), (FeeKind, words.FEE_KINDS)),
        *((LoanerState, words.LOANER_STATES), (QuoteState, words.QUOTE_STATES)),
        *((FeeDecision, words.DECISIONS), (DisputeSubject, words.SUBJECTS)),
        *((Remedy, words.REMEDIES), (Severity, words.SEVERITIES), (FaultKind, words.FAULT_KINDS)),
    ):
        assert set(shown) == {word.value for word in said}


def told(argument: int, method: str) -> Iterator[str]:
    """The words that stand in that place of such calls anywhere in the domain."""
    for path in Path(domain.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr == method and len(node.args) > argument:
                said = (getattr(one, "value", None) for one in ast.walk(node.args[argument]))
                yield from (word for word in said if isinstance(word, str))


def test_every_event_of_the_domain_has_its_chinese() -> None:
    states = {f"loaner_{state.value}" for state in LoanerState}
    kinds = {*told(0, "record"), *told(2, "notice"), *states} - {"loaner_"}
    assert len(kinds) > 50
    assert kinds - set(EVENTS) == set()


def test_what_an_event_says_has_its_chinese() -> None:
    shapes = [*SHAPES.values(), *(rule.fields for rule in RULES.values())]
    fields = {info.alias or name for shape in shapes for name, info in shape.model_fields.items()}
    assert fields - set(DETAILS) == set()


@pytest.mark.parametrize(
    ("command", "name", "written", "value"),
    [
        (Command.REGISTER, "caller_phone", "13900010001", "13900010001"),
        (Command.REGISTER, "urgent", "true", True),
        (Command.REGISTER, "device", "D101", "D101"),
        (Command.REGISTER, "device", '{"product": "窗"}', {"product": "窗"}),
        (Command.ASSESS, "weight_kg", "6.5", 6.5),
        (Command.ASSESS, "in_warranty", "unknown", "unknown"),
        (Command.ASSESS, "in_warranty", "false", False),
        (Command.AMEND, "value", "13900010001", "13900010001"),
        (Command.AMEND, "value", "true", True),
        (Command.FINISH, "minutes", "30", 30),
        (Command.FINISH, "minutes", "half an hour", "half an hour"),
        (Command.FINISH, "lines", "[]", []),
        (Command.RETURN_ORDER, "receipts", "2", 2),
        (Command.SIGN_OFF, "evidence", "照片", "照片"),
        (Command.QUOTE, "lines", "[]", []),
        (Command.DECIDE_FEE, "quote", "1", 1),
        (LoanerCommand.TAKE_BACK, "charge_fen", "1200", 1200),
        (LoanerCommand.APPROVE_CHARGE, "approved", "false", False),
    ],
)
def test_a_value_is_read_as_its_kind(
    command: AnyCommand, name: str, written: str, value: object
) -> None:
    read = read_value(name, written, fields_of(command)[name])
    assert (type(read), read) == (type(value), value)


def test_options_and_with_go_together() -> None:
    fields = merged(Command.FINISH, {"minutes": "30", "work": None}, '{"work": "换锁"}')
    assert fields == {"work": "换锁", "minutes": 30}


def test_a_field_given_twice_is_bad_usage() -> None:
    with pytest.raises(BadUsage, match="work"):
        merged(Command.FINISH, {"work": "换锁"}, '{"work": "换锁"}')


def test_a_bare_flag_is_true() -> None:
    line = ["ticket", "register", "N", "--by", "agent/x", "--urgent", "--site", "三楼"]
    assert with_bare_flags(line) == [*line[:6], "true", *line[6:]]
    said = ["ticket", "sign_off", "N", "--by", "customer/x", "--satisfied", "false"]
    assert with_bare_flags(said) == said
    lent = ["loaner", "approve_charge", "W1/1", "--approved", "--by", "dept_head/x"]
    assert with_bare_flags(lent) == [*lent[:4], "true", *lent[4:]]


def test_an_actor_keeps_what_follows_the_first_slash() -> None:
    assert read_actor("technician/周/师傅") == Actor(role=Role.TECHNICIAN, name="周/师傅")
