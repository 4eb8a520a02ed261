"""How a ticket changes: it is the fold of its events.

`evolve(ticket, event)` is the only way, so the ledger can rebuild a ticket, and the workflow and
the ledger cannot disagree.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from domain.events import Absorbed, Changes, Event, Opening
from domain.ticket import Ticket, call_order
from domain.vocabulary import Milestone

# A correction moves these; every other milestone can be reached again, and then is added.
_MOVED = frozenset({Milestone.REPORTED})


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
    parts = (_standing, _tasks, _happened, _calls, _visits, _promises, _fees, _loaners, _merging)
    for part in parts:
        update |= part(ticket, event.changes)
    return ticket.model_copy(update=update)


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
