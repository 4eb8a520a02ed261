"""What if: a ticket of the past judged again, under its own policy or under another.

What people did is carried over as it was: the milestones, the waits, the end, and the facts as
they stood at the end. Nobody can know what they would have done under other deadlines. One fact is
worked out again: `in_warranty`, from the purchase dates, by the other policy's terms; but what
somebody decided or ruled stays, and so does the warranty of a ticket that was never judged.

Under its own policy a ticket gives exactly what happened: with the dates that its calendars
learned later, and with every promise that was once met still met. Only what the ticket's own
workflow keeps is judged; a loaner's return stands in the loaner's own ledger.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain.calendar_news import CalendarDates, extended
from domain.civil_time import local
from domain.facts import Value, read_fact
from domain.judging import Judgement, Milestones, judge, prepared
from domain.policy import Policy
from domain.running_time import HoldPeriod
from domain.ticket import Kept, Ticket
from domain.vocabulary import Cause, Keeper, Milestone, PromiseState, Warranty
from domain.warranty import PurchaseFacts, decide_warranty

IN_WARRANTY = "in_warranty"


@dataclass(frozen=True, slots=True)
class Edition:
    """A policy, and the version by which tickets know it: a pinned snapshot is not the whole."""

    policy: Policy
    version: str

    @classmethod
    def of(cls, policy: Policy) -> "Edition":
        """A policy as it is now."""
        return cls(policy, policy.version)


@dataclass(frozen=True, slots=True)
class Purchase:
    """From what the warranty is worked out again: the purchase, the day, the cause."""

    facts: PurchaseFacts
    reported_on: date
    cause: Cause


@dataclass(frozen=True, slots=True)
class PastTicket:
    """What is known of a ticket at `as_of`, and all that judging it asks for.

    `policy` and `version` are what it had pinned last. `facts` have been read. `purchase` is None
    where the warranty is not worked out again. Moments are aware, +08:00.
    """

    number: str
    policy: str
    version: str
    milestones: Milestones
    facts: Mapping[str, Value | None]
    holds: Sequence[HoldPeriod]
    ended_at: datetime | None
    as_of: datetime
    kept: tuple[Kept, ...] = ()
    calendars: tuple[CalendarDates, ...] = ()
    purchase: Purchase | None = None


def past_ticket(ticket: Ticket, as_of: datetime) -> PastTicket:
    """The ticket as what-if judges it. Refused (InvalidInput) for a fact of a wrong value."""
    return PastTicket(
        number=ticket.number,
        policy=ticket.policy,
        version=ticket.policy_version,
        milestones={
            name: tuple(local(one) for one in times) for name, times in ticket.milestones.items()
        },
        facts={name: read_fact(name, value) for name, value in ticket.facts.items()},
        holds=ticket.holds,
        ended_at=ticket.first(Milestone.OUTCOME_DECIDED) or ticket.first(Milestone.CLOSED),
        as_of=local(as_of),
        kept=ticket.kept,
        calendars=ticket.calendars,
        purchase=_purchase(ticket),
    )


def judge_past(past: PastTicket, under: Edition) -> list[Judgement]:
    """How the promises of that policy stand for it, those that apply, in the policy's order."""
    own = past.version == under.version
    policy = extended(under.policy, past.calendars) if own and past.calendars else under.policy
    judged = judge(
        policy,
        past.milestones,
        past.facts if own else _facts_under(past, policy),
        past.holds,
        past.as_of,
        past.ended_at,
        keeper=Keeper.TICKET,
    )
    if not (own and past.kept):
        return judged
    kept = {one.key: one for one in past.kept}
    return [_as_kept(one, kept.get((one.promise.id, one.occurrence))) for one in judged]


def lateness(judged: Judgement, past: PastTicket) -> int:
    """By how many whole seconds a promise was missed.

    Where it was never met after all, at least: up to the ticket's end, or as far as it is known.
    """
    if judged.late_seconds is not None or judged.due is None:
        return judged.late_seconds or 0
    until = judged.met_at or judged.ended_at or past.as_of
    return int((until - judged.due).total_seconds())


def _as_kept(judged: Judgement, kept: Kept | None) -> Judgement:
    """What was met in time stays met, though later facts would have it due sooner."""
    if kept is None or kept.met_at > kept.due or judged.state is PromiseState.MET:
        return judged
    return judged._replace(state=PromiseState.MET, due=kept.due, met_at=kept.met_at)


def _facts_under(past: PastTicket, policy: Policy) -> Mapping[str, Value | None]:
    if past.purchase is None or IN_WARRANTY not in prepared(policy).facts(Keeper.TICKET):
        return past.facts
    known = past.purchase
    decision = decide_warranty(policy, known.facts, known.reported_on, known.cause)
    answer = {Warranty.IN: True, Warranty.OUT: False, Warranty.UNKNOWN: None}[decision.in_warranty]
    return {**past.facts, IN_WARRANTY: answer}


def _purchase(ticket: Ticket) -> Purchase | None:
    entry = ticket.registration
    if ticket.warranty is None or ticket.warranty_by_person or entry is None:
        return None
    said = ticket.facts.get("cause")
    reported = ticket.first(Milestone.REPORTED) or ticket.opened_at
    return Purchase(
        facts=PurchaseFacts.of(entry.device),
        reported_on=local(reported).date(),
        cause=Cause(str(said)) if said in set(Cause) else Cause.QUALITY,
    )
