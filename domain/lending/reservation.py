"""Asking the stock book for a device, and what its answers come to.

While a question is out, news from the ticket may end the wait: the answer is then of no
consequence, and what it reserved is released with the loan.
"""

from dataclasses import replace
from datetime import datetime

from domain.directory import Loaner
from domain.lending.case import NOT_LENT, WAITING, Asking, LoanCase
from domain.loan import Reservation
from domain.vocabulary import LoanerState, Milestone, Role


def look_again(case: LoanCase) -> LoanCase:
    """There may be stock now. A question that is out may have seen the stock before: once more."""
    if case.loan.state not in WAITING:
        return case
    return case.ask() if case.asking is None else replace(case, look=True)


def answered(case: LoanCase, answer: Reservation, now: datetime) -> LoanCase:
    """The case with the stock book's answer to what it asks."""
    asking, look = case.asking, case.look
    case = replace(case, asking=None, look=False)
    # What is at the customer's, or over, is not exchanged by an answer that comes late.
    if asking is None or case.loan.state not in NOT_LENT:
        return case
    if answer.answer == "reserved" and answer.device is not None:
        return _reserved(case, answer.device, asking, now)
    if asking.device is not None:
        case = replace(case, turned_down=asking.number)
    elif answer.answer == "needs_decision":
        case = _waits(case, LoanerState.NEEDS_DECISION, now)
    else:
        case = _waits(case, LoanerState.NO_STOCK, now)
    return look_again(case) if look else case


def _reserved(case: LoanCase, device: Loaner, asking: Asking, now: datetime) -> LoanCase:
    if case.loan.state is LoanerState.RESERVED and device == case.loan.device:
        return case
    before = case.loan.device
    details = {
        **asking.said,
        "device": device.id,
        "product": device.product,
        **({"instead_of": before.id} if before is not None else {}),
    }
    case = case.record(
        "loaner_reserved",
        now,
        by=asking.by,
        reached={Milestone.LOANER_RESERVED: now},
        details=details,
        state=LoanerState.RESERVED,
        device=device,
        holding=True,
    )
    return case.notice(now, Role.SUPERVISOR, "loaner_reserved")


def _waits(case: LoanCase, state: LoanerState, now: datetime) -> LoanCase:
    """Told once: the same answer again is no news. No stock is escalated here, not at due."""
    if case.loan.state is state:
        return case
    kind = f"loaner_{state.value}"
    wanted = case.loan.wanted.model_dump(mode="json", exclude_none=True)
    case = case.record(kind, now, details={"wanted": wanted}, state=state)
    return case.notice(now, Role.SUPERVISOR, kind)
