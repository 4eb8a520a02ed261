"""What makes no sense is refused with its reason: the ticket as it was, and no event."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from domain.commands import LookedUp, MergeTarget
from domain.refusals import RefusalType, Refused
from tests.unit.acting import MONDAY, OLD, Desk, line, small_policy
from tests.unit.lending import SUPERVISOR, TECHNICIAN, lending

INVALID, CONSENT = RefusalType.INVALID_INPUT, RefusalType.CONSENT_NEEDED
TRANSITION, CLOSED = RefusalType.INVALID_TRANSITION, RefusalType.TICKET_CLOSED
NOT_ALLOWED = RefusalType.NOT_ALLOWED
POLICY = small_policy(out_of_warranty="inspect_first")
PAST = (MONDAY - timedelta(minutes=1)).isoformat()


def registered() -> Desk:
    desk = Desk(POLICY)
    desk.register(OLD)
    return desk


def quoted() -> Desk:
    desk = registered()
    desk.quote(line(unit_price_fen=100))
    desk.quote()
    return desk


def agreed() -> Desk:
    desk = quoted()
    desk.do("decide_fee", "customer", quote=2, decision="approve")
    return desk


def on_site() -> Desk:
    desk = agreed()
    desk.visit(until="start_work")
    return desk


def repaired() -> Desk:
    desk = agreed()
    desk.visit()
    return desk


def disputed() -> Desk:
    desk = quoted()
    desk.do("dispute", "agent", subject="fee", reason="嫌贵")
    return desk


def lines(**wrong: Any) -> dict[str, Any]:
    return {"lines": [{**line(), **wrong}]}


def spent(amount_fen: float) -> dict[str, Any]:
    return {"expenses": [{"what": "交通", "amount_fen": amount_fen}]}


def into(number: str, **target: Any) -> dict[str, Any]:
    return {
        "ticket": number,
        "looked_up": LookedUp(target=MergeTarget(number=number, **target)),
    }


Row = tuple[Callable[[], Desk], str, str, dict[str, Any], RefusalType, str | None]

MONEY: list[Row] = [
    (registered, "quote", "agent", lines(unit_price_fen=-1), INVALID, "lines.0.unit_price_fen"),
    (registered, "quote", "agent", lines(unit_price_fen=0.5), INVALID, "lines.0.unit_price_fen"),
    (registered, "quote", "agent", lines(unit_price_fen=30.0), INVALID, "lines.0.unit_price_fen"),
    (registered, "quote", "agent", lines(unit_price_fen="30"), INVALID, "lines.0.unit_price_fen"),
    (registered, "quote", "agent", lines(unit_price_fen=True), INVALID, "lines.0.unit_price_fen"),
    (registered, "quote", "agent", lines(unit_price_fen=10**12), INVALID, "lines.0.unit_price_fen"),
    (registered, "quote", "agent", lines(quantity=0), INVALID, "lines.0.quantity"),
    (registered, "quote", "agent", lines(quantity=1.5), INVALID, "lines.0.quantity"),
    (registered, "quote", "agent", lines(kind="gift"), INVALID, "lines.0.kind"),
    (registered, "quote", "agent", lines(item=""), INVALID, "lines.0.item"),
    (registered, "quote", "agent", lines(discount=1), INVALID, "lines.0.discount"),
    (registered, "quote", "agent", {"lines": []}, INVALID, "lines"),
    (registered, "quote", "agent", {}, INVALID, "lines"),
    (on_site, "finish", "technician", lines(unit_price_fen=-1), INVALID, "lines.0.unit_price_fen"),
    (on_site, "finish", "technician", lines(unit_price_fen=0.5), INVALID, "lines.0.unit_price_fen"),
    (on_site, "finish", "technician", lines(quantity=0), INVALID, "lines.0.quantity"),
    (on_site, "finish", "technician", lines(unit_price_fen=3001), CONSENT, "lines"),
    (repaired, "return_order", "agent", spent(-1), INVALID, "expenses.0.amount_fen"),
    (repaired, "return_order", "agent", spent(0.5), INVALID, "expenses.0.amount_fen"),
]

CONSENTS: list[Row] = [
    (quoted, "decide_fee", "technician", {"quote": 2, "decision": "approve"}, NOT_ALLOWED, None),
    (quoted, "decide_fee", "supervisor", {"quote": 2, "decision": "approve"}, NOT_ALLOWED, None),
    (quoted, "decide_fee", "agent", {"quote": 2, "decision": "approve"}, INVALID, "evidence"),
    (
        quoted,
        "decide_fee",
        "agent",
        {"quote": 2, "decision": "approve", "evidence": {}},
        INVALID,
        "evidence",
    ),
    (
        quoted,
        "decide_fee",
        "agent",
        {"quote": 2, "decision": "approve", "evidence": {"sha256": "0A" * 32}},
        INVALID,
        "evidence",
    ),
    (quoted, "decide_fee", "customer", {"quote": 1, "decision": "approve"}, INVALID, "quote"),
    (quoted, "decide_fee", "customer", {"quote": 3, "decision": "refuse"}, INVALID, "quote"),
    (quoted, "decide_fee", "customer", {"quote": 0, "decision": "refuse"}, INVALID, "quote"),
    (quoted, "decide_fee", "customer", {"quote": "2", "decision": "refuse"}, INVALID, "quote"),
    (quoted, "decide_fee", "customer", {"decision": "approve"}, INVALID, "quote"),
    (quoted, "decide_fee", "customer", {"quote": 2, "decision": "maybe"}, INVALID, "decision"),
    (
        quoted,
        "decide_fee",
        "customer",
        {"quote": 2, "decision": "refuse", "at": PAST},
        INVALID,
        "at",
    ),
    (agreed, "decide_fee", "customer", {"quote": 2, "decision": "refuse"}, TRANSITION, None),
    (registered, "decide_fee", "customer", {"quote": 1, "decision": "refuse"}, TRANSITION, None),
]

WAITS: list[Row] = [
    (registered, "hold", "agent", {"reason": "parts", "until": PAST}, INVALID, "until"),
    (
        registered,
        "hold",
        "agent",
        {"reason": "parts", "until": (MONDAY + timedelta(minutes=1)).isoformat()},  # this very now
        INVALID,
        "until",
    ),
    (registered, "hold", "agent", {"reason": "parts", "until": "soon"}, INVALID, "until"),
    (registered, "hold", "agent", {"reason": "moon"}, INVALID, "reason"),
    (registered, "hold", "agent", {}, INVALID, "reason"),
    (registered, "hold", "technician", {"reason": "parts"}, NOT_ALLOWED, None),
    (registered, "resume", "agent", {}, TRANSITION, None),
    (quoted, "resume", "agent", {}, CONSENT, None),
    (disputed, "resume", "agent", {"reason": "dispute"}, TRANSITION, None),
    (disputed, "resume", "agent", {}, INVALID, "reason"),
    (registered, "dispute", "agent", {"subject": "fee"}, INVALID, "reason"),
    (registered, "dispute", "agent", {"subject": "taste", "reason": "x"}, INVALID, "subject"),
    (disputed, "rule", "quality", {}, INVALID, "in_warranty"),
    (disputed, "rule", "quality", {"in_warranty": "perhaps"}, INVALID, "in_warranty"),
    (disputed, "rule", "quality", {"in_warranty": True, "at": PAST}, INVALID, "at"),
]

MERGES: list[Row] = [
    (registered, "merge_into", "supervisor", into("W1"), INVALID, "ticket"),
    (registered, "merge_into", "supervisor", into("W2", ended=True), CLOSED, "ticket"),
    (registered, "merge_into", "supervisor", into("W2", ended=True, into="W1"), INVALID, "ticket"),
    (registered, "merge_into", "supervisor", into("W2", ended=True, into="W3"), CLOSED, "ticket"),
    (
        registered,
        "merge_into",
        "supervisor",
        {"ticket": "W2"},
        RefusalType.UNKNOWN_TICKET,
        "ticket",
    ),
    (registered, "merge_into", "supervisor", {}, INVALID, "ticket"),
    (registered, "merge_into", "agent", into("W2"), NOT_ALLOWED, None),
]

OTHERS: list[Row] = [
    (registered, "dispatch", "supervisor", {"emergency": True}, INVALID, "reason"),
    (registered, "dispatch", "supervisor", {"emergency": "later"}, INVALID, "emergency"),
    (registered, "choose_remedy", "customer", {"remedy": "cash"}, INVALID, "remedy"),
    (
        registered,
        "choose_remedy",
        "customer",
        {"remedy": "return"},
        RefusalType.NO_CHOICE,
        "remedy",
    ),
    (registered, "approve_refund", "dept_head", {"amount_fen": 0}, INVALID, "amount_fen"),
    (registered, "approve_refund", "dept_head", {"amount_fen": -5}, INVALID, "amount_fen"),
    (registered, "approve_refund", "dept_head", {"amount_fen": 9.5}, INVALID, "amount_fen"),
    (registered, "approve_refund", "dept_head", {"amount_fen": 100}, TRANSITION, None),
    (registered, "issue_order", "agent", {}, TRANSITION, None),
    (registered, "cancel", "supervisor", {}, INVALID, "reason"),
    (registered, "amend", "agent", {"field": "weight_kg", "value": -6}, INVALID, "value"),
    (registered, "amend", "agent", {"field": "urgent", "value": "very"}, INVALID, "value"),
]


def _name(value: object) -> str | None:
    return getattr(value, "__name__", None)


@pytest.mark.parametrize(
    ("scene", "command", "role", "fields", "word", "field"),
    [*MONEY, *CONSENTS, *WAITS, *MERGES, *OTHERS],
    ids=_name,
)
def test_a_ticket_refuses_it_and_stays_as_it_was(
    scene: Callable[[], Desk],
    command: str,
    role: str,
    fields: dict[str, Any],
    word: RefusalType,
    field: str | None,
) -> None:
    desk = scene()
    visit = desk.ticket.visit
    name = visit.technician.id if visit and role == "technician" else "甲"
    before = desk.case
    with pytest.raises(Refused) as caught:
        desk.do(command, role, name, **fields)
    assert (caught.value.type, caught.value.field) == (word, field)
    assert caught.value.message
    assert desk.case == before


@pytest.mark.parametrize(
    ("point", "command", "role", "in_stock", "fields", "word", "field"),
    [
        *(
            (
                point,
                "reserve",
                SUPERVISOR,
                False,
                {"loaner": "L9"},
                RefusalType.NOT_IN_STOCK,
                "loaner",
            )
            for point in ("needs_decision", "no_stock", "reserved")
        ),
        ("needs_decision", "reserve", SUPERVISOR, True, {}, INVALID, "loaner"),
        ("needs_decision", "reserve", TECHNICIAN, True, {"loaner": "L9"}, NOT_ALLOWED, None),
        *(
            (point, "take_back", TECHNICIAN, None, {"condition": "good"}, TRANSITION, None)
            for point in ("requested", "needs_decision", "no_stock", "reserved")
        ),
        ("delivered", "take_back", TECHNICIAN, None, {}, INVALID, "condition"),
        ("delivered", "take_back", TECHNICIAN, None, {"condition": "fair"}, INVALID, "condition"),
        ("delivered", "deliver", TECHNICIAN, None, {}, TRANSITION, None),
        ("requested", "deliver", TECHNICIAN, None, {}, TRANSITION, None),
        ("reserved", "report_lost", SUPERVISOR, None, {"reason": "丢了"}, TRANSITION, None),
        ("delivered", "report_lost", SUPERVISOR, None, {}, INVALID, "reason"),
        (
            "delivered",
            "report_lost",
            SUPERVISOR,
            None,
            {"reason": "丢了", "charge_fen": 0.5},
            INVALID,
            "charge_fen",
        ),
    ],
)
def test_a_loaner_refuses_it_and_stays_as_it_was(
    point: str,
    command: str,
    role: str,
    in_stock: bool | None,
    fields: dict[str, Any],
    word: RefusalType,
    field: str | None,
) -> None:
    loan = lending(point)
    before = loan.case
    with pytest.raises(Refused) as caught:
        loan.do(command, role, in_stock, **fields)
    assert (caught.value.type, caught.value.field) == (word, field)
    assert loan.case == before


def test_the_words_that_may_be_used_are_listed_in_chinese() -> None:
    with pytest.raises(Refused, match="可用:weather、customer、parts、dispute、consent"):
        registered().do("hold", "agent", reason="flood")
