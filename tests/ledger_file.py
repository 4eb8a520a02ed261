"""A ledger file made of tickets under test."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from domain.case import Case
from domain.ledger_lines import FORMAT, LedgerHead, PolicyLine, TicketLine
from domain.policy import Policy


def ticket_line(case: Case) -> str:
    """The case's events, all of them, as a line of the file."""
    line = TicketLine(ticket=case.ticket.number, events=case.events)
    return line.model_dump_json(by_alias=True, exclude_defaults=True)


def policy_line(version: str, policy: Policy) -> str:
    """The snapshot as a line of the file."""
    body = policy.model_dump(mode="json")
    return PolicyLine(policy=policy.name, version=version, body=body).model_dump_json()


def write_file(
    path: Path, as_of: datetime, cases: Iterable[Case], pinned: Mapping[str, Policy]
) -> Path:
    """The whole file."""
    head = LedgerHead(ledger=FORMAT, as_of=as_of).model_dump_json()
    policies = [policy_line(version, one) for version, one in pinned.items()]
    lines = [head, *policies, *(ticket_line(case) for case in cases)]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path
