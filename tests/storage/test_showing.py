"""What `ticket show` and `loaner show` say of loaners, quotes and merged tickets."""

from datetime import timedelta

import asyncpg
import pytest
from pydantic import JsonValue

from desk.showing import show
from desk.showing_loaners import show_loaner, stock
from domain.case import Case
from domain.directory import Device, Directory, Loaner
from domain.events import Absorbed, Changes
from domain.loan import Asked, Loan, LoanEvent, Wanted
from domain.refusals import Refused
from domain.terms import ThreeGuarantees
from domain.ticket import (
    Dispute,
    Firing,
    Hold,
    Kept,
    Quote,
    QuoteLine,
    Registration,
    TicketLoaner,
)
from domain.vocabulary import (
    DisputeSubject,
    FeeKind,
    HoldReason,
    LoanerState,
    Milestone,
    QuoteState,
    Remedy,
)
from storage import loaners
from storage.directory import replace_directory
from storage.ledger import write
from tests.storage.stories import AGENT, HOUSE, MINUTE, START, batch, opened

NUMBER = "260302-0001"
METER = Loaner(id="L1", product_class="instrument", product="水质仪", grade="new")
WANTED = Wanted(product_class="instrument", product="水质仪")
ASKED = TicketLoaner(
    id=f"loaner/{NUMBER}/1",
    number=1,
    state=LoanerState.NEEDS_DECISION,
    asked_at=START,
    promise="visit",
    clauses=("H-2",),
    deadline=START + timedelta(hours=4),
)


async def written(pool: asyncpg.Pool, changes: Changes, case: Case | None = None) -> None:
    case = (case or opened()).record("changed", START + MINUTE, by=AGENT, changes=changes)
    await write(pool, batch(case))


async def lent(pool: asyncpg.Pool) -> Loan:
    """A loan that is out and overdue, with its device taken from the stock."""
    await replace_directory(pool, Directory(loaners=(METER,)))
    await loaners.reserve(pool, ASKED.id, WANTED, START)
    firing = Firing(
        promise="loaner_return",
        occurrence=1,
        level=1,
        clauses=("D4-B1",),
        due=START,
        fired_at=START,
        late_seconds=0,
    )
    loan = Loan(
        id=ASKED.id,
        ticket_no=NUMBER,
        number=1,
        wanted=WANTED,
        asked=Asked(at=START, promise="visit", clauses=("H-2",), deadline=ASKED.deadline),
        state=LoanerState.OVERDUE,
        device=METER,
        holding=True,
        due_back=START,
        milestones={Milestone.LOANER_RECALLED: (START - MINUTE, START)},
        firings=(firing, firing.model_copy(update={"level": 0})),
        seq=1,
    )
    await loaners.record(pool, loan, [LoanEvent(seq=1, at=START, kind="loaner_overdue", by=AGENT)])
    return loan


async def test_a_loaner_that_only_waits_for_a_decision_is_as_the_ticket_knows_it(
    pool: asyncpg.Pool,
) -> None:
    await written(pool, Changes(loaner=ASKED))
    shown = await show(pool, NUMBER)
    assert shown["loaner"] == "needs_decision"
    (loaner,) = shown["loaners"]
    assert (loaner["promise"], loaner["clauses"]) == ("visit", ["H-2"])
    assert loaner["deadline"] == (START + timedelta(hours=4)).isoformat()
    assert (loaner["device"], loaner["reserved_at"], loaner["escalations"]) == (None, None, [])
    alone = await show_loaner(pool, ASKED.id)
    assert (alone["ticket"], alone["state"], alone["timeline"]) == (NUMBER, "needs_decision", [])


async def test_a_loaner_is_shown_by_its_own_story(pool: asyncpg.Pool) -> None:
    await written(pool, Changes(loaner=ASKED.model_copy(update={"state": LoanerState.DELIVERED})))
    loan = await lent(pool)
    shown = await show(pool, NUMBER)
    assert shown["loaner"] == "overdue"
    (loaner,) = shown["loaners"]
    assert loaner["recalled_at"] == START.isoformat()
    assert loaner["due_back"] == START.isoformat()
    assert [one["level"] for one in loaner["escalations"]] == [1]
    assert loaner["device"] == {"id": "L1", "product": "水质仪", "grade": "new"}
    alone = await show_loaner(pool, loan.id)
    assert [event["kind"] for event in alone["timeline"]] == ["loaner_overdue"]
    assert alone["timeline"][0]["by"] == str(AGENT)
    (line,) = (await stock(pool))["loaners"]
    assert (line["loaner"], line["ticket"], line["state"]) == (loan.id, NUMBER, "overdue")
    assert line["due_back"] == START.isoformat()


async def test_the_stock_says_what_nobody_has(pool: asyncpg.Pool) -> None:
    await replace_directory(pool, Directory(loaners=(METER,)))
    (line,) = (await stock(pool))["loaners"]
    assert (line["device"], line["loaner"], line["due_back"]) == ("L1", None, None)


@pytest.mark.parametrize("id", [f"loaner/{NUMBER}/2", "loaner/none/1"])
async def test_a_loaner_that_there_is_not(pool: asyncpg.Pool, id: str) -> None:
    await written(pool, Changes(loaner=ASKED))
    with pytest.raises(Refused, match="没有这台备机"):
        await show_loaner(pool, id)


async def test_quotes_holds_dispute_and_remedy(pool: asyncpg.Pool) -> None:
    line = QuoteLine(item="密封条", kind=FeeKind.PART, quantity=2, unit_price_fen=4050)
    free = line.model_copy(update={"unit_price_fen": 0})
    first = Quote(number=1, lines=(free,), at=START, by=AGENT, state=QuoteState.VOID)
    second = Quote(
        number=2, lines=(line,), at=START, by=AGENT, state=QuoteState.APPROVED, evidence="电话"
    )
    changes = Changes(
        quotes=(first, second),
        holds=(Hold(reason=HoldReason.WEATHER, since=START),),
        dispute=Dispute(subject=DisputeSubject.FEE, at=START, reason="太贵"),
        remedy=Remedy.RETURN,
        refund_fen=100,
    )
    await written(pool, changes)
    shown = await show(pool, NUMBER)
    assert [one["number"] for one in shown["quotes"]] == [1, 2]
    assert shown["quote"] == shown["quotes"][-1]
    assert (shown["quote"]["total_fen"], shown["quote"]["state"]) == (8100, "approved")
    assert (shown["quote"]["evidence"], shown["quote"]["by"]) == ("电话", str(AGENT))
    assert shown["holds"] == [{"reason": "weather", "from": START.isoformat(), "over": False}]
    assert shown["dispute"]["subject"] == "fee"
    assert (shown["remedy"], shown["refund_fen"], shown["charged_fen"]) == ("return", 100, 0)


async def test_a_ticket_tells_the_story_of_one_merged_into_it(pool: asyncpg.Pool) -> None:
    other = "260302-0002"
    await written(pool, Changes(merged_into=NUMBER), opened(other))
    await written(pool, Changes(absorbed=Absorbed(number=other)))
    shown = await show(pool, NUMBER)
    assert (shown["merged_into"], shown["merged_from"]) == (None, [other])
    (story,) = shown["merged"]
    assert story["number"] == other
    assert [event["kind"] for event in story["timeline"]] == ["opened", "call_ended", "changed"]
    assert (await show(pool, other))["merged_into"] == NUMBER


async def test_the_timeline_names_the_promise_and_the_policy_that_only_the_changes_know(
    pool: asyncpg.Pool,
) -> None:
    due = START + MINUTE
    miss = Firing(
        promise="visit",
        occurrence=1,
        level=1,
        clauses=("H-2",),
        due=due,
        fired_at=due,
        late_seconds=0,
        withdrawn=True,
    )
    kept = Kept(promise="visit", occurrence=1, due=due, met_at=due + MINUTE, late_seconds=60)
    case = opened()
    for changes in (
        Changes(firing=miss),
        Changes(kept=kept),
        Changes(policy=HOUSE.name, policy_version=HOUSE.version),
    ):
        case = case.record("changed", START + MINUTE, changes=changes)
    await write(pool, batch(case))
    firing, met, pinned = (await show(pool, NUMBER))["timeline"][-3:]
    known = {"promise": "visit", "level": 1, "due": due.isoformat(), "clauses": ["H-2"]}
    assert firing["details"] == known
    assert met["details"] == {"promise": "visit", "late_seconds": 60}
    assert pinned["details"] == {"policy": HOUSE.name, "version": HOUSE.version}


GUARANTEED = HOUSE.model_copy(
    update={"three_guarantees": ThreeGuarantees(clauses=("D5-C6.0",), classes=("microcomputer",))}
)


async def test_what_the_three_guarantees_give_is_shown_with_what_is_missing(
    pool: asyncpg.Pool,
) -> None:
    computer = Device(product="笔记本", product_class="microcomputer", invoice_date=START.date())
    facts: dict[str, JsonValue] = {
        "product_class": "microcomputer",
        "invoice_date": START.date().isoformat(),
    }
    pinned = opened().pin(GUARANTEED, GUARANTEED.version)
    changes = Changes(
        registration=Registration(device=computer),
        facts=facts,
        policy_version=GUARANTEED.version,
    )
    await written(pool, changes, pinned)
    remedies = (await show(pool, NUMBER))["remedies"]
    assert remedies["open_to"] == ["return", "exchange", "repair"]
    assert (remedies["last_day"], remedies["clauses"]) == ("2026-03-09", ["D5-C6.0"])
    assert remedies["evidence"] == [
        {"proof": "invoice", "have": True, "what": "开票日 2026-03-02"},
        {"proof": "listed_fault", "have": False, "what": None},
    ]


async def test_without_three_guarantees_nothing_is_shown_of_them(pool: asyncpg.Pool) -> None:
    entry = Registration(device=Device(product="天平", product_class="instrument"))
    await written(pool, Changes(registration=entry, facts={"product_class": "instrument"}))
    assert (await show(pool, NUMBER))["remedies"] is None
