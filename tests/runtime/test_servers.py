"""The servers of the tests: skipped time, real time, a database a test."""

from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from temporalio import workflow
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from runtime.embedded.skipping import SkippingEnvironment
from runtime.settings import Settings, settings_from
from runtime.stack import resolve_stack
from runtime.temporal import connect, workflow_runner

MONTH = timedelta(days=30)


@workflow.defn
class WaitAMonth:
    @workflow.run
    async def run(self, seconds: float) -> str:
        await workflow.sleep(seconds)
        return "over"


async def test_a_month_is_skipped(skipping_env: SkippingEnvironment) -> None:
    async with Worker(
        skipping_env.client,
        task_queue="month",
        workflows=[WaitAMonth],
        workflow_runner=workflow_runner(),
    ):
        handle = await skipping_env.client.start_workflow(
            WaitAMonth.run, MONTH.total_seconds(), id="month", task_queue="month"
        )
        before = await skipping_env.get_current_time(handle)
        assert await skipping_env.fast_forward(handle, MONTH - timedelta(minutes=1))
        after = await skipping_env.get_current_time(handle)
        assert MONTH - timedelta(minutes=2) < after - before < MONTH
        await skipping_env.fast_forward(handle, timedelta(minutes=2))
        assert await handle.result() == "over"


async def test_real_time_server_runs_workflows(live_env: WorkflowEnvironment) -> None:
    async with Worker(
        live_env.client,
        task_queue="live",
        workflows=[WaitAMonth],
        workflow_runner=workflow_runner(),
    ):
        result = await live_env.client.execute_workflow(
            WaitAMonth.run, 0.01, id="live", task_queue="live"
        )
    assert result == "over"


@pytest.mark.parametrize("by", ["address", "profile"])
async def test_the_environment_names_a_server(
    live_env: WorkflowEnvironment, by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = live_env.client.service_client.config.target_host
    if by == "address":
        monkeypatch.setenv("TEMPORAL_ADDRESS", address)
    else:
        file = tmp_path / "temporal.toml"
        file.write_text(f'[profile.shop]\naddress = "{address}"\nnamespace = "default"\n')
        monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(file))
        monkeypatch.setenv("TEMPORAL_PROFILE", "shop")
    monkeypatch.setenv("DATABASE_URL", "postgresql://db/a")
    chosen = Settings()
    stack = resolve_stack(chosen)
    assert stack.temporal_address == address
    client = await stack.connect(chosen)
    assert await client.service_client.check_health()


async def test_with_nothing_named_there_is_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", "/dev/null")
    with pytest.raises(LookupError, match="TEMPORAL_ADDRESS"):
        await connect(settings=settings_from({}))


async def test_a_database_of_its_own(empty_database_url: str) -> None:
    connection = await asyncpg.connect(empty_database_url)
    tables = await connection.fetchval(
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
    )
    await connection.close()
    assert tables == 0
