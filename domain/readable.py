"""How a ticket reads to people: the Chinese beside the contract's words, and a ticket in lines."""

from collections.abc import Mapping
from datetime import datetime

from domain.ticket import Ticket
from domain.vocabulary import Stage

STAGE_NAMES: Mapping[Stage, str] = {
    Stage.INTAKE: "待登记",
    Stage.REGISTERED: "已登记",
    Stage.ASSESSING: "待判定",
    Stage.AWAITING_CONSENT: "待同意费用",
    Stage.DISPATCHING: "待派工",
    Stage.SCHEDULED: "已派工",
    Stage.ON_SITE: "现场维修",
    Stage.REPAIRED: "已修复",
    Stage.SIGNED_OFF: "已签署",
    Stage.FOLLOW_UP: "待回访",
    Stage.CLOSED: "已关闭",
    Stage.REDIRECTED: "已转出",
}


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
