"""Records one history a story from the live server: `make histories`.

Run it for a release, never to make a failing replay pass: a history that no longer replays is an
open ticket that no longer goes on. Put `workflow.patched` into the workflow instead.
"""

import asyncio
import dataclasses
import json
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from temporalio.client import WorkflowHistory

from desk.ticket_desk import TicketDesk
from domain.civil_time import CHINA
from domain.policy import Policy
from domain.promise import Repeat
from domain.time_limits import Duration, Unit
from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.skipping import live_server
from runtime.policy_files import PolicyShelf
from runtime.release import VERSION
from runtime.settings import Settings
from storage import migrate
from storage.pool import open_pool
from tests.histories.stories import STORIES
from tests.histories.story import Story, Under
from tests.workflows.driving import ROOT, House, house
from tests.workflows.racing import stock_up

HERE = Path(__file__).parent
A_MINUTE = Duration(amount=1, unit=Unit.MINUTE)
LOANERS = 20
SHORT_RUNS = MappingProxyType({"limit.historyCount.suggestContinueAsNew": "60"})


class ShortLimits(PolicyShelf):
    """The policies with an answer and a loaner due within a minute, since nobody waits for days.

    And whoever does nothing is told again as soon.
    """

    def get(self, name: str) -> Policy:
        policy = super().get(name)
        consent = policy.procedure.consent.model_copy(
            update={"remind_after": (), "expires_after": A_MINUTE}
        )
        promises = tuple(
            one.model_copy(update={"within": A_MINUTE}) if one.id == "loaner_return" else one
            for one in policy.promises
        )
        again = Repeat(every=A_MINUTE, at_most=2)
        ladders = {
            name: ladder.model_copy(update={"repeat": again})
            for name, ladder in policy.ladders.items()
        }
        procedure = policy.procedure.model_copy(update={"consent": consent})
        changed = {"procedure": procedure, "promises": promises, "ladders": ladders}
        return policy.model_copy(update=changed)


async def record(folder: Path) -> None:
    """All histories of each story, as JSON, but for the machine that recorded them."""
    await asyncio.gather(*(_record_all(under, folder) for under in Under))


async def _record_all(under: Under, folder: Path) -> None:
    async with _surroundings(under) as made:
        for name, story in STORIES.items():
            if story.under is under:
                await _record(made, name, story, folder)


@asynccontextmanager
async def _surroundings(under: Under) -> AsyncIterator[House]:
    """Servers of its own, forgotten afterwards."""
    limits: Mapping[str, str] = SHORT_RUNS if under is Under.SHORT_RUNS else {}
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        home.chmod(0o755)
        async with (
            EmbeddedPostgres(home, durable=False) as postgres,
            live_server(dynamic_config=limits) as server,
        ):
            await migrate.apply(postgres.url)
            pool = await open_pool(postgres.url)
            async with house(server.client, pool) as made:
                await stock_up(made, LOANERS)
                yield _with_short_limits(made) if under is Under.SHORT_LIMITS else made
            await pool.close()


def _with_short_limits(made: House) -> House:
    shelf = ShortLimits(Settings().policies_dir)
    return dataclasses.replace(made, shelf=shelf, desk=TicketDesk(made.client, made.pool, shelf))


async def _record(made: House, name: str, story: Story, folder: Path) -> None:
    ticket = await made.open(at=datetime.now(CHINA) - story.began)
    others = await story.act(ticket) or {}
    for place, one in {name: ticket, **others}.items():
        await one.settled()
        _write(folder / f"{place}.json", await one.handle.fetch_history())
        for loaner in (await one.view()).ticket.loaners:
            if not loaner.id.startswith(f"loaner/{one.number}/"):
                continue
            handle = made.client.get_workflow_handle(loaner.id)
            file = folder / f"{place}.loaner-{loaner.number}.json"
            _write(file, await handle.fetch_history())


def _write(file: Path, history: WorkflowHistory) -> None:
    written = json.dumps(json.loads(history.to_json()), ensure_ascii=False)
    here = f"{os.getpid()}@{socket.gethostname()}"
    written = written.replace(here, "recorder").replace(str(ROOT), "")
    file.write_text(written + "\n")


def main() -> None:
    """Write `tests/histories/<release>/`; a release that is there already is left alone."""
    folder = HERE / VERSION
    if folder.exists():
        sys.exit(f"{folder.name} is recorded already; raise the version first")
    with tempfile.TemporaryDirectory(dir=HERE) as name:
        unfinished = Path(name) / folder.name
        unfinished.mkdir()
        asyncio.run(record(unfinished))
        unfinished.rename(folder)


if __name__ == "__main__":
    main()
