"""A house in real time, and one whose tickets' time is skipped."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from temporalio.testing import WorkflowEnvironment

from runtime.embedded.skipping import SkippingEnvironment
from tests.workflows.driving import House, house


@pytest.fixture
async def live_house(live_env: WorkflowEnvironment, pool: asyncpg.Pool) -> AsyncIterator[House]:
    async with house(live_env.client, pool) as made:
        yield made


@pytest.fixture
async def skipping_house(
    skipping_env: SkippingEnvironment, pool: asyncpg.Pool
) -> AsyncIterator[House]:
    async with house(skipping_env.client, pool, rehearsal=True) as made:
        yield made
