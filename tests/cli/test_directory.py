"""`aftercare directory import`, where somebody waits for a loaner that the new books bring."""

import asyncio
from datetime import datetime
from pathlib import Path

import asyncpg
import pytest
from cyclopts import App
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from cli import directory
from domain.civil_time import CHINA
from domain.loan import Wanted
from storage import loaners
from workflows.messages import LOOK_AGAIN, loaner_workflow_id

ASKED = datetime(2026, 3, 2, 9, 0, tzinfo=CHINA)
PRINT = Wanted(product_class="printer", product="激光打印机")
BOOKS = "loaners:\n  - {id: L06, product_class: printer, product: 激光打印机, grade: usable}\n"


@pytest.fixture
def books(tmp_path: Path) -> Path:
    path = tmp_path / "books.yaml"
    path.write_text(BOOKS, encoding="utf-8")
    return path


async def take(books: Path) -> None:
    """The command, with an event loop of its own as in a process of its own."""
    app = App(result_action="return_value")
    directory.add_to(app)
    await asyncio.to_thread(app, ["directory", "import", str(books)])


async def signals(handle: WorkflowHandle[object, object]) -> list[str]:
    return [
        event.workflow_execution_signaled_event_attributes.signal_name
        for event in (await handle.fetch_history()).events
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    ]


async def test_whoever_waits_for_a_new_loaner_is_told(
    books: Path,
    pool: asyncpg.Pool,
    database_url: str,
    live_env: WorkflowEnvironment,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    loan_id = loaner_workflow_id("import-tells", 1)
    assert (await loaners.reserve(pool, loan_id, PRINT, ASKED)).answer == "no_stock"
    handle = await live_env.client.start_workflow("Loaner", id=loan_id, task_queue="nobody-polls")
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    await take(books)
    assert "还没有通知到" in capfd.readouterr().err
    assert await loaners.in_stock(pool, "L06", Wanted(product_class="printer"))
    assert await signals(handle) == []

    monkeypatch.setenv("TEMPORAL_ADDRESS", live_env.client.service_client.config.target_host)
    await take(books)
    assert "已通知 1 次" in capfd.readouterr().err
    assert await signals(handle) == [LOOK_AGAIN]
    await handle.terminate()


async def test_nobody_waits_so_temporal_is_not_needed(
    books: Path,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    await take(books)
    assert "通知" not in capfd.readouterr().err
