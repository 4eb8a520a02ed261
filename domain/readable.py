"""How a ticket reads to people: the Chinese beside the contract's words, and a ticket in lines."""

from datetime import datetime

from domain.state_names import STAGE_NAMES
from domain.ticket import Ticket


def in_lines(ticket: Ticket, next_at: datetime | None) -> str:
    """The ticket at a glance, for the Temporal pages. No name or number of the customer in it."""
    lines = [f"阶段:{STAGE_NAMES[ticket.stage]}", f"政策:{ticket.policy} {ticket.policy_version}"]
    if ticket.visit is not None:
        lines.append(f"维修人员:{ticket.visit.technician.name}")
    if ticket.task is not None:
        lines.append(f"待办:{ticket.task}")
    if next_at is not None:
        lines.append(f"下一个时限:{next_at:%m-%d %H:%M}")
    return "\n\n".join(lines)
