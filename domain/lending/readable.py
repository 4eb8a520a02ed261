"""How a loaner reads to people: the Chinese beside the contract's words, and a loan in lines."""

from datetime import datetime

from domain.loan import Loan
from domain.state_names import LOANER_STATE_NAMES


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
