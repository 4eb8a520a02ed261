"""The three guarantees as `ticket show` tells them: what is open, why, and on what evidence."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from domain.calendar_news import extended
from domain.events import Event
from domain.policy import Policy
from domain.remedies import Evidence, RemedyDecision
from domain.steps.remedies import remedies_of
from domain.ticket import Ticket
from domain.vocabulary import Proof
from storage import policies

Json = dict[str, Any]


async def remedies_json(
    pool: asyncpg.Pool, ticket: Ticket, events: Sequence[Event]
) -> dict[str, Json | None]:
    """`{"remedies": …}` as of the ticket's last event; None for what has no three guarantees."""
    if ticket.registration is None or "product_class" not in ticket.facts or not events:
        return {"remedies": None}
    pinned = await policies.find(pool, ticket.policy, ticket.policy_version)
    return {"remedies": shown(extended(pinned, ticket.calendars), ticket, events)}


def shown(policy: Policy, ticket: Ticket, events: Sequence[Event]) -> Json | None:
    """The decision; what the customer showed with the latest choice counts as seen."""
    terms = policy.three_guarantees
    if terms is None or ticket.facts.get("product_class") not in terms.classes:
        return None
    decision = remedies_of(ticket, policy, events[-1].at, _brought(events))
    return {**_plain(decision), "evidence": [_proof(one) for one in decision.evidence]}


def _brought(events: Sequence[Event]) -> dict[Proof, str]:
    for event in reversed(events):
        if event.kind == "remedy_chosen":
            evidence = event.details.get("evidence")
            given = evidence if isinstance(evidence, dict) else {}
            return {Proof(name): str(what) for name, what in given.items()}
    return {}


def _plain(decision: RemedyDecision) -> Json:
    return decision.model_dump(mode="json", exclude={"evidence"})


def _proof(one: Evidence) -> Json:
    return {"proof": one.proof.value, "have": one.have, "what": one.what}
