"""Records one history a stage from the live server: `make histories`.

Run it for a release, never to make a failing replay pass: a history that no longer replays is an
open ticket that no longer goes on. Put `workflow.patched` into the workflow instead.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.skipping import live_server
from runtime.release import VERSION
from storage import migrate
from storage.pool import open_pool
from tests.workflows.driving import AGENT, SUPERVISOR, House, OnTicket, house

HERE = Path(__file__).parent
Act = Callable[[OnTicket], Awaitable[object]]


async def _closed(ticket: OnTicket) -> None:
    await ticket.road()
    await ticket.do("return_order", ticket.technician)
    await ticket.do("record_follow_up", AGENT, reached=False)
    await ticket.do("record_follow_up", AGENT, reached=True, satisfied=True)
    await ticket.handle.result()


async def _redirected(ticket: OnTicket) -> None:
    await ticket.do("register", AGENT, kind="enquiry")
    await ticket.handle.result()


async def _declined(ticket: OnTicket) -> None:
    await ticket.road(until="dispatch")
    await ticket.do("decline", ticket.technician, reason="在外地")


async def _reopened(ticket: OnTicket) -> None:
    await ticket.road(until="finish")
    await ticket.do("sign_off", "customer/王秀英", satisfied=False)
    await ticket.do("dispatch", SUPERVISOR)


async def _unfinished(ticket: OnTicket) -> None:
    await ticket.road(until="arrive")
    await ticket.do("leave_unfinished", ticket.technician, reason="缺配件")


async def _guided(ticket: OnTicket) -> None:
    await ticket.do("start_guidance", AGENT)
    await ticket.register()
    await ticket.do("guide", AGENT, outcome="solved")


async def _cancelled(ticket: OnTicket) -> None:
    await ticket.road(until="arrive")
    await ticket.do("cancel", SUPERVISOR, reason="不修了")


def _until(step: str) -> Act:
    return lambda ticket: ticket.road(until=step)


async def _nothing(ticket: OnTicket) -> None:
    """The call alone."""


STORIES: dict[str, Act] = {
    "intake": _nothing,
    "assessing": lambda ticket: ticket.register("D102"),
    "dispatching": _until("register"),
    "scheduled": _until("accept"),
    "on_site": _until("arrive"),
    "repaired": _until("finish"),
    "signed_off": _until("sign_off"),
    "follow_up": _guided,
    "closed": _closed,
    "redirected": _redirected,
    "declined": _declined,
    "unfinished": _unfinished,
    "reopened": _reopened,
    "cancelled": _cancelled,
}
"""The name of the file, and what leads a new ticket there."""


async def record(folder: Path) -> None:
    """One history for each story, as JSON, without what differs between two recordings."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        home.chmod(0o755)
        async with EmbeddedPostgres(home, durable=False) as postgres, live_server() as server:
            await migrate.apply(postgres.url)
            pool = await open_pool(postgres.url)
            async with house(server.client, pool) as made:
                for story, act in STORIES.items():
                    await _record(made, act, folder / f"{story}.json")
            await pool.close()


async def _record(made: House, act: Act, file: Path) -> None:
    ticket = await made.open()
    await act(ticket)
    await ticket.settled()
    history = await ticket.handle.fetch_history()
    file.write_text(json.dumps(json.loads(history.to_json()), ensure_ascii=False) + "\n")


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
