"""Fields on the command line: every command has its own, each written as its kind allows."""

import pytest

from cli.fields import fields_of, merged, read_actor, read_value
from cli.terminal import BadUsage
from cli.tickets import with_bare_flags
from cli.words import (
    CAUSES,
    CHANNELS,
    COMMANDS,
    EVENTS,
    FIELDS,
    HOLDS,
    OUTCOMES,
    PART_CLASSES,
    PROMISE_STATES,
    PURCHASE_DATES,
    ROLES,
    SKIPS,
    STAGES,
    WEEKDAYS,
)
from domain.calendars import Weekday
from domain.commands import FIELDS as SHAPES
from domain.policy import PurchaseDate
from domain.rotation import SkipReason
from domain.ticket import Actor
from domain.vocabulary import (
    Cause,
    Channel,
    Command,
    HoldReason,
    Outcome,
    PartClass,
    PromiseState,
    Role,
    Stage,
)


@pytest.mark.parametrize("command", list(Command))
def test_every_command_takes_reason_at_and_note(command: Command) -> None:
    assert {"reason", "at", "note"} <= set(fields_of(command))


@pytest.mark.parametrize("command", list(SHAPES))
def test_every_field_of_the_domain_is_an_option(command: Command) -> None:
    names = {info.alias or name for name, info in SHAPES[command].model_fields.items()}
    assert set(fields_of(command)) == names


def test_every_word_has_its_chinese() -> None:
    assert set(STAGES) == {stage.value for stage in Stage}
    assert set(OUTCOMES) == {outcome.value for outcome in Outcome}
    assert set(ROLES) == {role.value for role in Role}
    assert set(PROMISE_STATES) == {state.value for state in PromiseState}
    assert set(COMMANDS) == {command.value for command in Command} - {"open"}
    assert {name for command in Command for name in fields_of(command)} <= set(FIELDS)
    assert "notice_due" in EVENTS
    for words, shown in (
        *((HoldReason, HOLDS), (Weekday, WEEKDAYS), (Cause, CAUSES), (SkipReason, SKIPS)),
        *((PartClass, PART_CLASSES), (PurchaseDate, PURCHASE_DATES), (Channel, CHANNELS)),
    ):
        assert set(shown) == {word.value for word in words}


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
    ],
)
def test_a_value_is_read_as_its_kind(
    command: Command, name: str, written: str, value: object
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


def test_an_actor_keeps_what_follows_the_first_slash() -> None:
    assert read_actor("technician/周/师傅") == Actor(role=Role.TECHNICIAN, name="周/师傅")
