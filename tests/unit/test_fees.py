"""The final amount: line by line not above what was agreed, to the fen, over all visits."""

from typing import Any

import pytest

from domain.fees import charged_fen
from domain.policy import Policy
from domain.refusals import RefusalType
from domain.vocabulary import QuoteState, Stage
from runtime.policy_files import PolicyShelf
from runtime.settings import settings
from tests.unit.acting import OLD, Desk, attempted, line, refused, small_policy

EXACT = small_policy(out_of_warranty="inspect_first")
DOORS = small_policy(
    out_of_warranty="inspect_first", quote_tolerance={"percent": 10, "at_most_fen": 10000}
)


def agreed(policy: Policy, *lines: dict[str, Any]) -> Desk:
    """Out of warranty, agreed on, and at work on the site."""
    desk = Desk(policy)
    desk.register(OLD)
    desk.agree(*lines)
    desk.visit(until="start_work")
    return desk


def fits(desk: Desk, *lines: dict[str, Any]) -> bool:
    """Whether that final amount is accepted; one refused must ask for consent."""
    visit = desk.ticket.visit
    assert visit is not None
    word = attempted(desk, "finish", "technician", visit.technician.id, lines=list(lines))
    assert word in (None, RefusalType.CONSENT_NEEDED)
    return word is None


@pytest.mark.parametrize(
    ("policy", "quoted", "final", "accepted"),
    [
        (EXACT, 3000, 3000, True),
        (EXACT, 3000, 3001, False),
        (DOORS, 3000, 3300, True),
        (DOORS, 3000, 3301, False),
        (DOORS, 3009, 3309, True),  # a tenth of 30.09 is 3.009: the fen is not rounded up
        (DOORS, 3009, 3310, False),
        (DOORS, 100_000, 110_000, True),
        (DOORS, 100_001, 110_001, True),
        (DOORS, 100_001, 110_002, False),  # at most a hundred yuan, however much a tenth is
        (DOORS, 5_000_000, 5_010_000, True),
        (DOORS, 5_000_000, 5_010_001, False),
        (DOORS, 9, 9, True),
        (DOORS, 9, 10, False),
        (EXACT, 3000, 1, True),
    ],
)
def test_a_line_may_exceed_the_agreed_one_by_the_tolerance_and_no_fen_more(
    policy: Policy, quoted: int, final: int, accepted: bool
) -> None:
    desk = agreed(policy, line(unit_price_fen=quoted))
    assert fits(desk, line(unit_price_fen=final)) is accepted
    assert charged_fen(desk.ticket) == (final if accepted else 0)


def test_each_line_stands_for_itself() -> None:
    lines = (line("执手", 3000), line("人工", 8000, kind="labour"))
    saved = line("执手", 1000), line("人工", 8001, kind="labour")
    assert not fits(agreed(EXACT, *lines), *saved)
    assert not fits(agreed(EXACT, *lines), line("人工", 3000, kind="part"))
    assert not fits(agreed(EXACT, *lines), line("玻璃", 1))
    assert fits(agreed(EXACT, *lines), line("人工", 8000, kind="labour"))


def test_one_item_on_several_lines_is_added_up() -> None:
    assert fits(agreed(EXACT, line("铰链", 500, 4)), line("铰链", 500, 2), line("铰链", 1000, 1))
    assert not fits(agreed(EXACT, line("铰链", 500, 4)), line("铰链", 500, 4), line("铰链", 1, 1))
    assert fits(agreed(EXACT, line("铰链", 500), line("铰链", 700)), line("铰链", 400, 3))


@pytest.mark.parametrize(("second", "accepted"), [(2100, True), (2101, False)])
def test_what_was_charged_at_an_earlier_visit_counts(second: int, accepted: bool) -> None:
    desk = agreed(DOORS, line(unit_price_fen=3000))
    desk.do(
        "leave_unfinished", "technician", "T01", reason="缺件", lines=[line(unit_price_fen=1200)]
    )
    desk.visit(until="start_work")
    assert fits(desk, line(unit_price_fen=second)) is accepted
    assert charged_fen(desk.ticket) == 1200 + (second if accepted else 0)


def test_what_is_free_needs_no_consent() -> None:
    desk = Desk(EXACT)
    desk.register(OLD)
    desk.visit(until="start_work")
    assert fits(desk, line(unit_price_fen=0))
    assert charged_fen(desk.ticket) == 0


def test_paid_work_is_not_dated_before_the_yes() -> None:
    desk = Desk(EXACT)
    desk.register(OLD)
    desk.visit(until="start_work")
    began = desk.now.isoformat()
    desk.later(minutes=5)
    desk.agree()
    paid: dict[str, Any] = {"lines": [line()], "at": began}
    assert refused(desk, "finish", "technician", "T01", **paid) is RefusalType.INVALID_INPUT
    desk.do("finish", "technician", "T01", at=began)


def test_a_final_amount_too_high_is_asked_for_again_on_site() -> None:
    desk = agreed(EXACT, line(unit_price_fen=3000))
    final = line(unit_price_fen=4000)
    assert refused(desk, "finish", "technician", "T01", lines=[final]) is (
        RefusalType.CONSENT_NEEDED
    )
    number = desk.quote(final, role="technician", name="T01")
    assert not fits(desk, final)
    desk.do("decide_fee", "customer", quote=number, decision="approve")
    assert fits(desk, final)
    assert charged_fen(desk.ticket) == 4000


def test_misuse_inside_the_warranty_pays_and_waits_for_consent() -> None:
    desk = Desk(small_policy(out_of_warranty="quote_first"))
    desk.register()
    assert desk.ticket.stage is Stage.DISPATCHING
    desk.do("assess", "technician", "T01", cause="misuse")
    assert desk.ticket.facts["in_warranty"] is False
    assert desk.ticket.stage is Stage.ASSESSING
    assert refused(desk, "dispatch", "supervisor") is RefusalType.INVALID_TRANSITION
    desk.agree()
    desk.visit(until="start_work")
    assert fits(desk, line())
    assert charged_fen(desk.ticket) == 3000


def test_the_tolerance_of_doors_and_windows_is_a_tenth_and_at_most_a_hundred_yuan() -> None:
    shelf = PolicyShelf(settings().policies_dir)
    doors = shelf.get("doors_windows").procedure.quote_tolerance
    assert (doors.percent, doors.at_most_fen) == (10, 100_00)
    assert shelf.get("instruments").procedure.quote_tolerance.percent == 0


def test_a_new_quote_that_replaces_an_agreed_one_asks_for_all_of_it() -> None:
    desk = agreed(EXACT, line(unit_price_fen=3000))
    desk.quote(line(unit_price_fen=5000), role="technician", name="T01")
    assert [one.state for one in desk.ticket.quotes] == [QuoteState.VOID, QuoteState.OPEN]
    assert not fits(desk, line(unit_price_fen=3000))


def half_done() -> Desk:
    """The hinge was charged on the first visit, and there is more to do."""
    desk = agreed(EXACT, line("合页", 1200))
    desk.do("leave_unfinished", "technician", "T01", reason="缺料", lines=[line("合页", 1200)])
    assert charged_fen(desk.ticket) == 1200
    return desk


def test_what_was_charged_stands_and_counts_when_a_newer_quote_is_made() -> None:
    desk = half_done()
    desk.agree(line("合页", 1200), line("锁体", 5000))
    desk.visit(until="start_work")
    # The hinge was charged already: a quote is for the whole repair.
    assert not fits(desk, line("合页", 1200))
    assert fits(desk, line("锁体", 5000))
    assert charged_fen(desk.ticket) == 6200


def test_a_refused_newer_quote_leaves_what_was_charged() -> None:
    desk = half_done()
    number = desk.quote(line("锁体", 5000))
    desk.do("decide_fee", "customer", quote=number, decision="refuse")
    assert charged_fen(desk.ticket) == 1200


def test_found_in_warranty_nothing_is_owed_of_any_quote() -> None:
    desk = half_done()
    desk.agree(line("锁体", 5000))
    desk.do("assess", "quality", in_warranty=True, basis="验收单找到了")
    assert charged_fen(desk.ticket) == 0
