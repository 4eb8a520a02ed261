"""What a log line looks like."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from runtime.logs import set_up_logs
from runtime.settings import Settings


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_off_a_terminal_each_line_is_json() -> None:
    out = io.StringIO()
    set_up_logs(Settings(log_level="info"), out)
    structlog.get_logger("desk").info("派工", ticket="R1")
    logging.getLogger("desk").warning("late by %d s", 3)
    ours, standard = map(json.loads, out.getvalue().splitlines())
    assert (ours["event"], ours["ticket"], ours["level"]) == ("派工", "R1", "info")
    assert (standard["event"], standard["level"], standard["logger"]) == (
        "late by 3 s",
        "warning",
        "desk",
    )


def test_a_failure_carries_its_trace() -> None:
    out = io.StringIO()
    set_up_logs(Settings(), out)
    try:
        raise ValueError("bad weight")
    except ValueError:
        structlog.get_logger("desk").exception("failed")
    assert json.loads(out.getvalue())["exception"][0]["exc_value"] == "bad weight"


def test_console_is_for_people() -> None:
    out = io.StringIO()
    set_up_logs(Settings(log_format="console"), out)
    structlog.get_logger("desk").info("派工", ticket="R1")
    assert "ticket=R1" in out.getvalue()


def test_below_the_level_nothing_is_said() -> None:
    out = io.StringIO()
    set_up_logs(Settings(log_level="error"), out)
    structlog.get_logger("desk").warning("quiet")
    assert out.getvalue() == ""
