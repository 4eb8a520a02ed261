"""How a ticket changes: it is the fold of its events.

`evolve(ticket, event)` is the only way, so the ledger can rebuild a ticket, and the workflow and
the ledger cannot disagree.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from domain.events import Absorbed, Changes, Event, Opening
from domain.ticket import Actor, Firing, Ticket, call_order
from domain.vocabulary import HEARS, Milestone, Role

# A correction moves these; every other milestone can be reached again, and then is added. Of
# appointments only the one that stands now counts; each visit keeps its own window.
_MOVED = frozenset({Milestone.REPORTED, Milestone.APPOINTED})


def begin(opening: Opening) -> Ticket:
    """The ticket before its first event."""
    return Ticket(**dict(opening), line_policy=opening.policy)


def fold(events: Iterable[Event]) -> Ticket:
    """The ticket that its events make, oldest first; the first one carries the opening."""
    ticket: Ticket | None = None
    for event in events:
        if ticket is None:
            if event.changes.opening is None:
                raise ValueError(f"event {event.seq} is not an opening")
            ticket = begin(event.changes.opening)
        ticket = evolve(ticket, event)
    if ticket is None:
        raise ValueError("no events: no ticket")
    return ticket


def evolve(ticket: Ticket, event: Event) -> Ticket:
    """The ticket after `event`. Pure; never fails on an event of our own making."""
    update: dict[str, Any] = {"seq": event.seq}
    # A notice changes nothing, and half of a ledger's events are notices.
    if event.changes.model_fields_set:
        for part in _PARTS:
            update |= part(ticket, event.changes)
    if event.by is not None and ticket.firings:
        update["firings"] = _heard(update.get("firings", ticket.firings), event.by, event.at)
    return ticket.model_copy(update=update)


def _heard(firings: tuple[Firing, ...], by: Actor, at: datetime) -> tuple[Firing, ...]:
    """Whoever acts after being told has heard of it, for all who stand below as well."""
    return tuple(
        one.model_copy(update={"heard": True})
        if not one.heard and one.last_told < at and _hears_for(by.role, one.tell)
        else one
        for one in firings
    )


def _hears_for(role: Role, told: Role | None) -> bool:
    if told is None or role not in HEARS or told not in HEARS:
        return role is told
    return HEARS.index(told) <= HEARS.index(role)


_REPLACED = (
    *("stage", "outcome", "policy", "policy_version", "registration", "warranty"),
    *("remedy", "refund_fen", "merged_into"),
)


def _standing(ticket: Ticket, c: Changes) -> dict[str, Any]:
    """What simply takes the place of what was."""
    update = {name: value for name in _REPLACED if (value := getattr(c, name)) is not None}
    if c.reconsidered:
        update["outcome"] = None
    return update


def _tasks(ticket: Ticket, c: Changes) -> dict[str, Any]:
    if c.task is None and not c.task_done and not c.tasks_done:
        return {}
    kept = () if c.task_done else tuple(one for one in ticket.tasks if one not in c.tasks_done)
    return {"tasks": kept if c.task is None or c.task in kept else (*kept, c.task)}


def _happened(ticket: Ticket, c: Changes) -> dict[str, Any]:
    update: dict[str, Any] = {}
    if c.milestones or c.removed or c.absorbed:
        update["milestones"] = _reached(_with_absorbed(ticket.milestones, c.absorbed), c)
    if c.facts:
        update["facts"] = {**ticket.facts, **c.facts}
    if c.follow_up is not None:
        update["follow_ups"] = (*ticket.follow_ups, c.follow_up)
    return update


def _calls(ticket: Ticket, c: Changes) -> dict[str, Any]:
    gone = c.call_detached or (c.call.call_id if c.call else None)
    if gone is None:
        return {}
    calls = [one for one in ticket.calls if one.call_id != gone]
    if c.call is not None:
        calls.append(c.call)
    return {"calls": tuple(sorted(calls, key=call_order))}


def _visits(ticket: Ticket, c: Changes) -> dict[str, Any]:
    update: dict[str, Any] = {}
    if c.visit is not None:
        update["visits"] = (*ticket.visits[: c.visit.number - 1], c.visit)
    if c.dispatch_order is not None or c.dispatch_settled:
        update["dispatch_order"] = c.dispatch_order
    return update


def _promises(ticket: Ticket, c: Changes) -> dict[str, Any]:
    update: dict[str, Any] = {}
    if c.holds:
        changed = {hold.key for hold in c.holds}
        kept = (hold for hold in ticket.holds if hold.key not in changed)
        update["holds"] = tuple(sorted((*kept, *c.holds), key=lambda hold: hold.since))
    if c.firing is not None:
        key = c.firing.key
        update["firings"] = (*(f for f in ticket.firings if f.key != key), c.firing)
    if c.calendar is not None:
        update["calendars"] = (*ticket.calendars, c.calendar)
    if c.kept is not None:
        update["kept"] = (*ticket.kept, c.kept)
    return update


def _fees(ticket: Ticket, c: Changes) -> dict[str, Any]:
    update: dict[str, Any] = {}
    if c.quotes:
        changed = {quote.number: quote for quote in c.quotes}
        known = {quote.number: quote for quote in ticket.quotes}
        update["quotes"] = tuple((known | changed).values())
    if c.dispute is not None:
        before = [one for one in ticket.disputes if one.at != c.dispute.at]
        update["disputes"] = (*before, c.dispute)
    return update


def _loaners(ticket: Ticket, c: Changes) -> dict[str, Any]:
    update: dict[str, Any] = {}
    came = (*((c.loaner,) if c.loaner else ()), *(c.absorbed.loaners if c.absorbed else ()))
    if came:
        known = {one.id: one for one in ticket.loaners}
        update["loaners"] = tuple((known | {one.id: one for one in came}).values())
    if c.errand is not None:
        update["errands"] = (*ticket.errands, c.errand)
        update["errands_sent"] = c.errand.number
    if c.errand_done is not None:
        left = (one for one in ticket.errands if one.number != c.errand_done)
        update["errands"] = tuple(left)
    return update


def _merging(ticket: Ticket, c: Changes) -> dict[str, Any]:
    update: dict[str, Any] = {}
    if c.merging is not None or c.merging_settled:
        update["merging"] = c.merging
    if c.absorbed is not None:
        update["merged_from"] = (*ticket.merged_from, *c.absorbed.merged_from, c.absorbed.number)
    return update


def _with_absorbed(
    known: Mapping[Milestone, tuple[datetime, ...]], absorbed: Absorbed | None
) -> Mapping[Milestone, tuple[datetime, ...]]:
    """What was done for both tickets; a moment that both know of came once."""
    if absorbed is None:
        return known
    both = {name: {*known.get(name, ()), *times} for name, times in absorbed.milestones.items()}
    return {**known, **{name: tuple(sorted(times)) for name, times in both.items()}}


def _reached(
    known: Mapping[Milestone, tuple[datetime, ...]], c: Changes
) -> dict[Milestone, tuple[datetime, ...]]:
    milestones = dict(known)
    for milestone, moment in c.removed.items():
        rest = tuple(one for one in milestones.get(milestone, ()) if one != moment)
        if rest:
            milestones[milestone] = rest
        else:
            milestones.pop(milestone, None)
    for milestone, moment in c.milestones.items():
        before = () if milestone in _MOVED else milestones.get(milestone, ())
        milestones[milestone] = tuple(sorted((*before, moment)))
    return milestones


_PARTS = (_standing, _tasks, _happened, _calls, _visits, _promises, _fees, _loaners, _merging)
