"""Intake: a call from its events, when it opens a ticket, and which ticket it belongs to.

Nothing here depends on the order in which events or calls came: a call is made from the set of
its events, and a ticket is chosen by number alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from domain.calls import ANSWERED_CAUSE, Call, CallEventKind, Direction, PhoneEvent
from domain.directory import Candidate
from domain.records import Record
from domain.vocabulary import Channel

CLOSES_AFTER = timedelta(hours=2)
HOUSE = "house"

# What stands for a number that was sent and names nobody; a number not sent at all is None.
WITHHELD = ""

_ORDER = tuple(CallEventKind)


class Join(Record):
    """The call belongs to this open ticket; it is an urge (催单)."""

    ticket_no: str


class New(Record):
    """The call opens a ticket of its own."""


class LedgerOnly(Record):
    """The call is recorded and belongs to no ticket."""


Judgement = Join | New | LedgerOnly


class TicketOpening(Record):
    """What a new ticket begins with.

    `policy` is the name of the line's intake policy. `source_id` is the paper's or message's own
    number, None for a call. `candidates` are the customers and properties of `caller`, never
    tickets; `related` are the tickets of that number that were open then.
    """

    number: str
    opened_at: datetime
    channel: Channel = Channel.PHONE
    source_id: str | None = None
    policy: str = HOUSE
    caller: str | None = None
    candidates: tuple[Candidate, ...] = ()
    related: tuple[str, ...] = ()


def assemble(events: Sequence[PhoneEvent], closed_at: datetime | None = None) -> Call | None:
    """The call that `events` make, in any order, duplicates or not; None when there are none.

    Numbers are normalised beforehand, `WITHHELD` for one that names nobody. `closed_at`: when the
    call was given up as never to hang up; a hang-up that comes after all takes its place.
    """
    known = _first_of_each(events)
    if not known:
        return None
    hangup, answer = known.get(CallEventKind.HANGUP), known.get(CallEventKind.ANSWER)
    told = tuple(known[kind] for kind in _ORDER if kind in known)
    direction = next((e.direction for e in told if e.direction is not None), Direction.IN)
    dialling = _last(e.from_number for e in told)
    dialled = _last(e.to_number for e in told)
    inbound = direction is Direction.IN
    return Call(
        provider=told[0].provider,
        call_id=told[0].call_id,
        direction=direction,
        caller=(dialling if inbound else dialled) or None,
        line=(dialled if inbound else dialling) or None,
        started_at=min(event.at for event in told),
        answered_at=answer.at if answer else None,
        ended_at=hangup.at if hangup else closed_at,
        answered=answer is not None or (hangup is not None and hangup.cause == ANSWERED_CAUSE),
        end_assumed=hangup is None and closed_at is not None,
        users=tuple(dict.fromkeys(user for event in told for user in event.users)),
        queue=_last(event.queue for event in told),
        answering_number=_last(event.answering_number for event in told),
        cause=hangup.cause if hangup else None,
        flagged=any(event.flagged for event in told),
        revision=len(told),
    )


def closes_at(events: Sequence[PhoneEvent]) -> datetime:
    """When a call with these events, and no hang-up, is given up: 2 h after our last receipt."""
    return max(event.received for event in _first_of_each(events).values()) + CLOSES_AFTER


def number_known(events: Sequence[PhoneEvent]) -> bool:
    """Whether the events say who rang, be it that the number is withheld.

    Some systems send numbers with newCall only. An answer that overtook it must wait for it:
    a missing number is not a withheld one.
    """
    return any(
        event.event is CallEventKind.NEW_CALL
        or (event.to_number if event.direction is Direction.OUT else event.from_number) is not None
        for event in events
    )


def ready(call: Call) -> bool:
    """Whether the call opens or joins a ticket by now: answered, missed, or given up.

    An outbound call opens none.
    """
    return call.direction is Direction.IN and (call.answered or call.ended_at is not None)


def next_revision(call: Call, before: Call | None) -> Call:
    """`call` with a revision above that of `before` wherever it says something else.

    The count of events alone would not tell a call that was given up from what it was before.
    """
    if before is None or call.revision > before.revision:
        return call
    changed = call != before.model_copy(update={"revision": call.revision})
    return call.model_copy(update={"revision": before.revision + changed})


def names_one(caller: str | None, owners: Sequence[Candidate]) -> bool:
    """Whether the number stands for one party only: nobody known, or exactly one customer."""
    return caller is not None and (
        not owners or (len(owners) == 1 and owners[0].kind == "customer")
    )


def judge_inbound(
    caller: str | None, owners: Sequence[Candidate], open_tickets: Sequence[str]
) -> Join | New:
    """The ticket of a call that is `ready`.

    The one open ticket of its number; else a new one, as whenever the number is withheld, or
    belongs to several customers or to a property.
    """
    if names_one(caller, owners) and len(open_tickets) == 1:
        return Join(ticket_no=open_tickets[0])
    return New()


def called_back_at(call: Call) -> datetime | None:
    """When the other side answered our call: its end, where the phone system did not say."""
    if call.direction is not Direction.OUT or not call.answered or call.caller is None:
        return None
    return call.answered_at or call.ended_at


def judge_outbound(call: Call, open_tickets: Mapping[str, datetime | None]) -> str | None:
    """The ticket whose call-back this call is, or None: it only stands in the ledger.

    `open_tickets` are the number's tickets that were open then, each with its `reported` (None:
    its first call still goes on). Counted are those reported by the time of the answer: a ticket
    that the number opened afterwards was not there to be called back, and does not make the
    call-back doubtful.
    """
    moment = called_back_at(call)
    if moment is None:
        return None
    reported = [no for no, at in open_tickets.items() if at is not None and at <= moment]
    return reported[0] if len(reported) == 1 else None


def _first_of_each(events: Sequence[PhoneEvent]) -> dict[CallEventKind, PhoneEvent]:
    """One event of each kind: the first that we received; its content settles a tie."""
    known: dict[CallEventKind, PhoneEvent] = {}
    for event in sorted(events, key=lambda e: (e.received, e.at, e.model_dump_json())):
        known.setdefault(event.event, event)
    return known


def _last(told: Iterable[str | None]) -> str | None:
    """The latest word, in the order newCall, answer, hangup; silence does not unsay it."""
    word: str | None = None
    for one in told:
        word = word if one is None else one
    return word
