"""How a loaner reads to people: the Chinese beside the contract's words, and a loan in lines."""

from collections.abc import Mapping
from datetime import datetime

from domain.loan import Loan
from domain.vocabulary import LoanerState

LOANER_STATE_NAMES: Mapping[LoanerState, str] = {
    LoanerState.REQUESTED: "待预留",
    LoanerState.NEEDS_DECISION: "待主管选定",
    LoanerState.RESERVED: "已预留",
    LoanerState.NO_STOCK: "无备机,排队中",
    LoanerState.DELIVERED: "已送到",
    LoanerState.RECALLED: "待收回",
    LoanerState.OVERDUE: "逾期未收回",
    LoanerState.RETURNED: "已收回",
    LoanerState.LOST: "已丢失",
    LoanerState.RELEASED: "已取消",
}


def loan_in_lines(loan: Loan, next_at: datetime | None) -> str:
    """The loan at a glance, for the Temporal pages. No name or number of the customer in it."""
    lines = [f"备机状态:{LOANER_STATE_NAMES[loan.state]}", f"工单:{loan.ticket_no}"]
    if loan.device is not None:
        lines.append(f"备机:{loan.device.id} {loan.device.product}")
    if loan.task is not None:
        lines.append(f"待办:{loan.task}")
    if next_at is not None:
        lines.append(f"下一个时限:{next_at:%m-%d %H:%M}")
    return "\n\n".join(lines)
