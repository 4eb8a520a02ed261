"""A ticket together with the policy it pins, and the events not yet handed to the ledger.

Immutable: a decision takes a case and gives the next one, so judging a command on a copy costs
nothing, and a refusal leaves nothing behind.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from pydantic import JsonValue

from domain.calendar_news import extended
from domain.events import Changes, Event, Opening
from domain.evolving import begin, evolve
from domain.policy import Policy
from domain.ticket import Actor, Ticket

_NOTHING = Changes()


@dataclass(frozen=True, slots=True)
class Case:
    """`events` and `pinned` wait for the ledger; `pinned` are the snapshots that they name."""

    ticket: Ticket
    policy: Policy
    events: tuple[Event, ...] = ()
    pinned: Mapping[str, Policy] = field(default_factory=dict)

    def record(
        self,
        kind: str,
        now: datetime,
        *,
        by: Actor | None = None,
        changes: Changes = _NOTHING,
        details: dict[str, JsonValue] | None = None,
    ) -> "Case":
        """The case after one more event."""
        event = Event(
            seq=self.ticket.seq + 1,
            at=now,
            kind=kind,
            by=by,
            changes=changes,
            details=details or {},
        )
        return replace(self, ticket=evolve(self.ticket, event), events=(*self.events, event))

    def notice(self, now: datetime, to: str, about: str, **details: JsonValue) -> "Case":
        """Somebody must be told; sending it is another's work (event `notice_due`)."""
        return self.record("notice_due", now, details={"to": to, "about": about, **details})

    def pin(self, policy: Policy, version: str) -> "Case":
        """The case under that policy from here on; the ledger gets its snapshot."""
        return replace(self, pinned={**self.pinned, version: policy}).under(policy)

    def under(self, policy: Policy) -> "Case":
        """The case under that policy, with the dates that the ticket has heard of since."""
        return replace(self, policy=extended(policy, self.ticket.calendars))

    def handed_over(self) -> "Case":
        """The same case once its waiting events are the ledger's."""
        return replace(self, events=(), pinned={})


def open_case(opening: Opening, policy: Policy) -> Case:
    """A new ticket: its first event carries what was known when it began."""
    case = Case(begin(opening), policy).pin(policy, opening.policy_version)
    known = Changes(opening=opening, facts={"channel": opening.channel.value})
    return case.record("opened", opening.opened_at, changes=known)
