"""A call and its ticket do not depend on the order in which the phone system speaks."""

import itertools
import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calls import Call, CallEventKind, Direction, PhoneEvent
from domain.civil_time import CHINA
from domain.directory import Candidate
from domain.intake import (
    CLOSES_AFTER,
    WITHHELD,
    Join,
    New,
    assemble,
    closes_at,
    judge_inbound,
    judge_outbound,
    next_revision,
    number_known,
    ready,
)
from domain.ticket import earliest_inbound

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=CHINA)
RING, ANSWER, HANGUP = CallEventKind.NEW_CALL, CallEventKind.ANSWER, CallEventKind.HANGUP
WANG = Candidate(kind="customer", id="C001", name="王秀英")
LI = Candidate(kind="customer", id="C002", name="李建国")
ESTATE = Candidate(kind="property", id="P01", name="江南花园物业")


def minute(n: float) -> datetime:
    return NINE + timedelta(minutes=n)


def event(kind: CallEventKind, at: float, **fields: object) -> PhoneEvent:
    known = {"call_id": "c1", "direction": Direction.IN, "from_number": "13900010001"}
    return PhoneEvent.model_validate(
        known | {"event": kind, "at": minute(at), "received": minute(at)} | fields
    )


def made(*events: PhoneEvent, closed_at: datetime | None = None) -> Call:
    call = assemble(events, closed_at)
    assert call is not None
    return call


def test_no_events_make_no_call() -> None:
    assert assemble([]) is None


@pytest.mark.clause("D4-W1.a", "D5-C7.1.a", "D5-C7.3.a")
def test_an_answered_call() -> None:
    call = made(
        event(RING, 0, users=("何", "罗"), queue="报修", to_number="4008001234"),
        event(ANSWER, 1, users=("何",), answering_number="8001"),
        event(HANGUP, 5, cause="normalClearing"),
    )
    assert (call.started_at, call.answered_at, call.ended_at) == (minute(0), minute(1), minute(5))
    assert (call.answered, call.revision, call.users) == (True, 3, ("何", "罗"))
    assert (call.caller, call.line, call.queue) == ("13900010001", "4008001234", "报修")
    assert call.answering_number == "8001"


def test_answered_although_the_answer_never_came() -> None:
    call = made(event(RING, 0), event(HANGUP, 5, cause="normalClearing"))
    assert call.answered
    assert call.answered_at is None


@pytest.mark.clause("D4-W1.a", "D5-C7.1.a", "D5-C7.3.a")
@pytest.mark.parametrize("cause", ["noAnswer", "cancel", None])
def test_a_missed_call_ends_at_its_hangup(cause: str | None) -> None:
    call = made(event(RING, 0), event(HANGUP, 1, cause=cause))
    assert not call.answered
    assert call.ended_at == minute(1)
    assert ready(call)


def test_answered_although_hung_up_with_another_cause() -> None:
    assert made(event(ANSWER, 1), event(HANGUP, 5, cause="cancel")).answered


def test_ready_at_the_answer_or_the_end() -> None:
    ring = event(RING, 0)
    assert not ready(made(ring))
    assert ready(made(ring, event(ANSWER, 1)))
    assert ready(made(ring, closed_at=minute(120)))
    assert not ready(made(event(ANSWER, 1, direction=Direction.OUT, to_number="1")))


def test_given_up_two_hours_after_the_last_receipt() -> None:
    ring = event(RING, 0)
    answer = event(ANSWER, 1, received=minute(31))
    assert closes_at([ring, answer, answer]) == minute(31) + CLOSES_AFTER
    call = made(ring, answer, closed_at=minute(151))
    assert (call.ended_at, call.end_assumed) == (minute(151), True)


def test_a_hangup_that_comes_after_all_takes_the_place_of_the_assumed_end() -> None:
    ring, hangup = event(RING, 0), event(HANGUP, 3, cause="noAnswer", received=minute(300))
    call = made(ring, hangup, closed_at=minute(120))
    assert (call.ended_at, call.end_assumed) == (minute(3), False)


def test_a_later_resend_counts_for_nothing() -> None:
    first, again = event(RING, 0), event(RING, 0, received=minute(300), queue="other")
    for events in itertools.permutations([first, again, again]):
        assert made(*events) == made(first)
        assert closes_at(events) == closes_at([first])


def test_outbound_the_outside_party_was_dialled() -> None:
    call = made(event(RING, 0, direction=Direction.OUT, from_number="4008001234", to_number="139"))
    assert (call.caller, call.line) == ("139", "4008001234")


def test_withheld_is_known_and_missing_is_not() -> None:
    assert number_known([event(RING, 0, from_number=None)])
    assert number_known([event(ANSWER, 0, from_number=WITHHELD)])
    assert not number_known([event(ANSWER, 0, from_number=None)])
    assert number_known([event(ANSWER, 0, from_number=None), event(RING, 0)])
    assert made(event(ANSWER, 0, from_number=WITHHELD)).caller is None


def test_an_event_without_numbers_takes_them_from_the_others() -> None:
    bare = event(ANSWER, 1, from_number=None, direction=None)
    outbound = event(RING, 0, direction=Direction.OUT, from_number="400", to_number="139")
    assert made(bare, outbound).caller == "139"


def test_the_revision_grows_whenever_the_call_says_something_else() -> None:
    ringing = made(event(RING, 0))
    closed = next_revision(made(event(RING, 0), closed_at=minute(120)), ringing)
    assert closed.revision == 2
    assert next_revision(made(event(RING, 0), closed_at=minute(120)), closed) == closed
    ended = next_revision(made(event(RING, 0), event(HANGUP, 1)), closed)
    assert (ended.revision, ended.end_assumed) == (3, False)
    assert next_revision(ringing, None) == ringing


@given(
    st.permutations([RING, ANSWER, HANGUP]),
    st.integers(1, 3),
    st.lists(st.sampled_from([RING, ANSWER, HANGUP]), max_size=6),
    st.randoms(use_true_random=False),
)
def test_any_order_and_any_resends_make_the_same_call(
    order: list[CallEventKind], known: int, resent: list[CallEventKind], chance: random.Random
) -> None:
    events = {
        RING: event(RING, 0, users=("何",), queue="报修"),
        ANSWER: event(ANSWER, 1, users=("罗",), answering_number="8002"),
        HANGUP: event(HANGUP, 5, cause="normalClearing", answering_number="8001"),
    }
    kinds = order[:known]
    late = [
        events[kind].model_copy(update={"received": minute(60 + n)})
        for n, kind in enumerate(resent)
        if kind in kinds
    ]
    mixed = [events[kind] for kind in kinds] + late
    chance.shuffle(mixed)
    in_order = [events[kind] for kind in (RING, ANSWER, HANGUP) if kind in kinds]
    assert assemble(mixed) == assemble(in_order)
    assert made(*mixed).revision == known


@pytest.mark.parametrize(
    ("owners", "still_open", "verdict"),
    [
        ((), (), New()),
        ((), ("W1",), Join(ticket_no="W1")),
        ((), ("W1", "W2"), New()),
        ((WANG,), ("W1",), Join(ticket_no="W1")),
        ((WANG,), (), New()),
        ((WANG, LI), ("W1",), New()),
        ((ESTATE,), ("W1",), New()),
        ((WANG, ESTATE), ("W1",), New()),
    ],
)
def test_which_ticket(
    owners: tuple[Candidate, ...], still_open: tuple[str, ...], verdict: Join | New
) -> None:
    assert judge_inbound("13900010001", owners, still_open) == verdict


def test_a_withheld_number_always_opens_a_ticket() -> None:
    assert judge_inbound(None, (), ("W1",)) == New()


def outbound(answer: float | None, hangup: float | None = None, cause: str | None = None) -> Call:
    numbers = {"direction": Direction.OUT, "from_number": "400", "to_number": "139"}
    events = [event(RING, 0, **numbers)]
    if answer is not None:
        events.append(event(ANSWER, answer, **numbers))
    if hangup is not None:
        events.append(event(HANGUP, hangup, cause=cause, **numbers))
    return made(*events)


@pytest.mark.parametrize(
    ("call", "tickets", "verdict"),
    [
        (outbound(10), {"W1": minute(5)}, "W1"),
        (outbound(10), {"W1": minute(10)}, "W1"),
        (outbound(10), {"W1": minute(10.001)}, None),
        (outbound(10), {"W1": None}, None),
        (outbound(10), {}, None),
        (outbound(10), {"W1": minute(5), "W2": minute(6)}, None),
        (outbound(10), {"W1": minute(5), "W2": minute(20)}, "W1"),
        (outbound(10), {"W1": minute(5), "W2": None}, "W1"),
        (outbound(None), {"W1": minute(5)}, None),
        (outbound(None, 12, "noAnswer"), {"W1": minute(5)}, None),
        (outbound(None, 12, "normalClearing"), {"W1": minute(5)}, "W1"),
        (made(event(ANSWER, 10)), {"W1": minute(5)}, None),
    ],
)
def test_which_call_is_a_call_back(
    call: Call, tickets: dict[str, datetime | None], verdict: str | None
) -> None:
    assert judge_outbound(call, tickets) == verdict


# A generated day: who owns which number, and calls at any minute.
OWNERS: dict[str | None, tuple[Candidate, ...]] = {
    "unique": (WANG,),
    "stranger": (),
    "shared": (WANG, LI),
    "property": (ESTATE,),
    None: (),
}
_CALLS = st.lists(
    st.tuples(
        st.sampled_from(list(OWNERS)), st.integers(0, 500), st.integers(1, 20), st.booleans()
    ),
    max_size=12,
)


def partition(calls: Sequence[Call]) -> set[tuple[object, ...]]:
    """What a day comes to when its calls are heard of in this order, tickets without numbers."""
    tickets: dict[str, list[Call]] = {}
    for call in calls:
        still_open = [
            number
            for number, held in tickets.items()
            if call.caller is not None and held[0].caller == call.caller
        ]
        verdict = judge_inbound(call.caller, OWNERS[call.caller], still_open)
        number = verdict.ticket_no if isinstance(verdict, Join) else f"W{len(tickets)}"
        tickets.setdefault(number, []).append(call)
    return {
        (
            frozenset(call.call_id for call in held),
            held[0].caller,
            OWNERS[held[0].caller],
            earliest.ended_at if (earliest := earliest_inbound(tuple(held))) else None,
        )
        for held in tickets.values()
    }


@given(_CALLS, st.randoms(use_true_random=False))
def test_a_day_comes_to_the_same_tickets_in_any_order(
    day: list[tuple[str | None, int, int, bool]], chance: random.Random
) -> None:
    calls = [
        made(
            event(RING, start, call_id=f"c{n}", from_number=caller or WITHHELD),
            event(
                HANGUP,
                start + length,
                call_id=f"c{n}",
                from_number=caller or WITHHELD,
                cause="normalClearing" if answered else "noAnswer",
            ),
        )
        for n, (caller, start, length, answered) in enumerate(day)
    ]
    shuffled = list(calls)
    chance.shuffle(shuffled)
    assert partition(shuffled) == partition(calls)
