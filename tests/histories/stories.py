"""What leads a new ticket to each stage and down each hard road, on the live server.

A story is recorded under its name, and with it its ticket's loaners and the other tickets that it
names. Names stay: what is recorded for a release is replayed by every later one.
"""

import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from temporalio.client import WorkflowUpdateFailedError

from domain.civil_time import CHINA
from domain.commands import LookedUp, MergeTarget, Order
from domain.ticket import Actor
from domain.vocabulary import Role
from tests.histories.loaner_stories import ENGINEER, LOANER_STORIES, arrives, requested
from tests.histories.policy_stories import POLICY_STORIES
from tests.histories.story import Act, Others, Story, Under, until
from tests.workflows.driving import AGENT, CUSTOMER, SUPERVISOR, OnTicket
from tests.workflows.lending import INSTRUMENT

QUALITY = "quality/质检老梁"
LINES = [{"item": "锁体", "kind": "part", "quantity": 1, "unit_price_fen": 26000}]

# --- the straight road, and where it bends ------------------------------------------------------


async def _nothing(ticket: OnTicket) -> None:
    """The call alone."""


def _until(step: str) -> Act:
    return lambda ticket: ticket.road(until=step)


async def _assessing(ticket: OnTicket) -> None:
    await ticket.register("D102")


async def _amended(ticket: OnTicket) -> None:
    await ticket.register("D102")
    await ticket.do("amend", AGENT, field="accepted_on", value="2026-05-08")


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
    await ticket.do("sign_off", CUSTOMER, satisfied=False)
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


async def _reworked(ticket: OnTicket) -> None:
    await ticket.road(until="finish")
    await ticket.do("sign_off", CUSTOMER, satisfied=False)
    await _again(ticket)
    await ticket.do("return_order", ticket.technician)
    await ticket.do("record_follow_up", AGENT, reached=True, satisfied=True)


async def _verified(ticket: OnTicket) -> None:
    await _reworked(ticket)
    await ticket.do("verify", QUALITY, accepted=False, reason="还是关不严")
    await _again(ticket)
    await ticket.do("return_order", ticket.technician)
    await ticket.do("record_follow_up", AGENT, reached=True, satisfied=True)
    await ticket.do("verify", QUALITY, accepted=True)
    await ticket.handle.result()


async def _again(ticket: OnTicket) -> None:
    await ticket.do("dispatch", SUPERVISOR)
    for step in ("accept", "arrive", "finish"):
        await ticket.do(step, ticket.technician)
    await ticket.do("sign_off", CUSTOMER)


# --- consent, emergencies, waits, disputes -------------------------------------------------------


async def _quoted(ticket: OnTicket) -> None:
    await ticket.register("D102")
    await ticket.do("quote", AGENT, lines=LINES)


async def _approved(ticket: OnTicket) -> None:
    await _quoted(ticket)
    await ticket.do("decide_fee", CUSTOMER, quote=1, decision="approve")


async def _refused(ticket: OnTicket) -> None:
    await _quoted(ticket)
    await ticket.do("decide_fee", CUSTOMER, quote=1, decision="refuse")
    await ticket.handle.result()


async def _silence(ticket: OnTicket) -> None:
    """Under short limits: the answer is due within a second."""
    now = datetime.now(CHINA)
    before, quoted = now - timedelta(seconds=70), now - timedelta(seconds=59)
    await ticket.register("D102", at=before.isoformat())
    await ticket.do("quote", AGENT, lines=LINES, at=quoted.isoformat())
    await ticket.handle.result()


async def _quoted_on_site(ticket: OnTicket) -> None:
    await ticket.register("D504")
    await arrives(ticket)
    await ticket.do("quote", ENGINEER, lines=LINES)


async def _paid_on_site(ticket: OnTicket) -> None:
    await _quoted_on_site(ticket)
    await ticket.do("decide_fee", CUSTOMER, quote=1, decision="approve")
    await ticket.do("finish", ENGINEER, lines=LINES)


async def _emergency(ticket: OnTicket) -> None:
    await ticket.register("D102")
    await ticket.do("dispatch", SUPERVISOR, emergency=True, reason="门锁死,有人困在里面")
    for step in ("accept", "arrive"):
        await ticket.do(step, ticket.technician)
    await ticket.do("issue_order", SUPERVISOR)


async def _held(ticket: OnTicket) -> None:
    await ticket.road(until="accept")
    ends = datetime.now(CHINA) + timedelta(days=2)
    await ticket.do("hold", SUPERVISOR, reason="weather", until=ends.isoformat())
    await ticket.do("hold", AGENT, reason="customer")


async def _resumed(ticket: OnTicket) -> None:
    """One wait ends by hand, the other by itself."""
    await ticket.road(until="accept")
    ends = datetime.now(CHINA) + timedelta(seconds=1)
    await ticket.do("hold", SUPERVISOR, reason="weather", until=ends.isoformat())
    await ticket.do("hold", AGENT, reason="customer")
    await ticket.do("resume", AGENT, reason="customer")

    async def over() -> bool:
        return not (await ticket.view()).ticket.open_holds

    await until(over)


async def _disputed(ticket: OnTicket) -> None:
    await _quoted(ticket)
    await ticket.do("dispute", AGENT, subject="warranty", reason="顾客说还在保修期内")


async def _ruled(ticket: OnTicket) -> None:
    await _disputed(ticket)
    await ticket.do("rule", QUALITY, in_warranty=True, reason="验收单是去年的")


# --- two tickets, and a history that is left behind ----------------------------------------------


async def _merged(ticket: OnTicket) -> Others:
    """With its calls and a loaner."""
    other = await ticket.house.open()
    await other.do("register", AGENT, site="实验室", symptom="开不了机", device=INSTRUMENT)
    await requested(ticket)
    await ticket.do("merge_into", SUPERVISOR, ticket=other.number, reason="同一台")
    await ticket.handle.result()

    async def follows() -> bool:
        return bool((await other.view()).ticket.loaners)

    await until(follows)
    return {"absorbed": other}


async def _merge_refused(ticket: OnTicket) -> None:
    """The other is over by the time it is asked, which the books did not know yet."""
    other = await ticket.house.open()
    await ticket.register()
    await other.register()
    await other.do("cancel", SUPERVISOR, reason="不修了")
    order = Order(
        by=Actor(role=Role.SUPERVISOR, name="高主管"),
        fields={"ticket": other.number},
        looked_up=LookedUp(target=MergeTarget(number=other.number)),
    )
    with contextlib.suppress(WorkflowUpdateFailedError):
        await ticket.handle.execute_update("merge_into", order)
    assert "merge_refused" in await ticket.kinds()


async def _renewed(ticket: OnTicket) -> None:
    """Under short runs; the new one is what is recorded."""
    first = (await ticket.handle.describe()).run_id
    await ticket.register()

    async def on_another_run() -> bool:
        await ticket.do("note", AGENT, text="还在")
        return (await ticket.handle.describe()).run_id != first

    await until(on_another_run)
    await ticket.do("dispatch", SUPERVISOR)
    await ticket.do("accept", ticket.technician)


SHORTLY_BEFORE = timedelta(minutes=2)

STORIES: Mapping[str, Story] = {
    "intake": Story(_nothing),
    "assessing": Story(_assessing),
    "dispatching": Story(_until("register")),
    "scheduled": Story(_until("accept")),
    "on_site": Story(_until("arrive")),
    "repaired": Story(_until("finish")),
    "signed_off": Story(_until("sign_off")),
    "follow_up": Story(_guided),
    "closed": Story(_closed),
    "redirected": Story(_redirected),
    "declined": Story(_declined),
    "unfinished": Story(_unfinished),
    "reopened": Story(_reopened),
    "cancelled": Story(_cancelled),
    "amended": Story(_amended),
    "reworked": Story(_reworked),
    "verified": Story(_verified),
    "awaiting_consent": Story(_quoted),
    "fee_approved": Story(_approved),
    "fee_refused": Story(_refused),
    "no_consent": Story(_silence, Under.SHORT_LIMITS, SHORTLY_BEFORE),
    "quoted_on_site": Story(_quoted_on_site),
    "paid_on_site": Story(_paid_on_site),
    "emergency": Story(_emergency),
    "held": Story(_held),
    "resumed": Story(_resumed),
    "disputed": Story(_disputed),
    "ruled": Story(_ruled),
    "merging": Story(_merged),
    "merge_refused": Story(_merge_refused),
    "renewed": Story(_renewed, Under.SHORT_RUNS),
    **LOANER_STORIES,
    **POLICY_STORIES,
}
"""The name of the file, and what leads a new ticket there."""
