"""Who may ask what of a loaner, and when: the table of its commands, and the checks.

The checks come in this order: known, role, state, input. A refusal leaves the case as it was.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from domain.commands import Fields, Order, Text, read_fields
from domain.directory import LARGEST_FEN
from domain.lending.case import OUT, LoanCase, charge_waits, is_damaged, is_over
from domain.lending.news import last_moment, recalled
from domain.loan import Loan
from domain.permitted import check_role, deed_time
from domain.refusals import RefusalType, Refused, invalid
from domain.steps.request import Request
from domain.vocabulary import LoanerCommand, LoanerState, Milestone, Role

Fen = Annotated[int, Field(ge=0, le=LARGEST_FEN, strict=True)]


class ReserveFields(Fields):
    loaner: Text


class DeliverFields(Fields):
    signer: Text | None = None


class TakeBackFields(Fields):
    condition: Literal["good", "damaged"]
    charge_fen: Fen | None = None


class ReportLostFields(Fields):
    reason: Text
    charge_fen: Fen | None = None


class ApproveChargeFields(Fields):
    approved: Annotated[bool, Field(strict=True)] = True
    amount_fen: Fen | None = None


Act = Callable[[LoanCase, Request[Any], Order], LoanCase]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table. `also`: what must hold besides the state."""

    roles: frozenset[Role]
    states: frozenset[LoanerState]
    fields: type[Fields]
    act: Act
    also: Callable[[Loan], bool] = lambda loan: True


def _reserve(case: LoanCase, request: Request[ReserveFields], order: Order) -> LoanCase:
    """Nothing is changed yet: the stock book decides who has the device."""
    if order.looked_up.in_stock is False:
        raise not_in_stock(request.fields.loaner)
    return case.ask(request.fields.loaner, request.by, request.details())


def _deliver(case: LoanCase, request: Request[DeliverFields], order: Order) -> LoanCase:
    return case.record(
        "loaner_delivered",
        request.now,
        by=request.by,
        reached={Milestone.LOANER_DELIVERED: request.at},
        details=request.details("signer"),
        state=LoanerState.DELIVERED,
    )


def _recall(case: LoanCase, request: Request[Fields], order: Order) -> LoanCase:
    return recalled(case, request.now, request.at, by=request.by, details=request.details())


def _take_back(case: LoanCase, request: Request[TakeBackFields], order: Order) -> LoanCase:
    condition, charge = request.fields.condition, request.fields.charge_fen
    if condition == "good" and charge is not None:
        raise invalid("charge_fen", "完好收回的备机不收费")
    case = case.record(
        "loaner_returned",
        request.now,
        by=request.by,
        reached={Milestone.LOANER_RETURNED: request.at},
        details=request.details("condition", "charge_fen"),
        state=LoanerState.RETURNED,
        condition=condition,
        **_charge(charge, anew=case.loan.state is LoanerState.LOST),
    )
    if condition == "damaged":
        case = case.notice(request.now, Role.SUPERVISOR, "loaner_damaged")
    return _ask_for_approval(case, request.now, charge)


def _report_lost(case: LoanCase, request: Request[ReportLostFields], order: Order) -> LoanCase:
    charge = request.fields.charge_fen
    case = case.record(
        "loaner_lost",
        request.now,
        by=request.by,
        reached={Milestone.LOANER_LOST: request.at},
        details=request.details("charge_fen"),
        state=LoanerState.LOST,
        **_charge(charge),
    )
    return _ask_for_approval(case, request.now, charge)


def _approve_charge(
    case: LoanCase, request: Request[ApproveChargeFields], order: Order
) -> LoanCase:
    proposed = case.loan.charge_fen or 0
    approved, amount = request.fields.approved, request.fields.amount_fen
    if amount is not None and not approved:
        raise invalid("amount_fen", "不批准就不写金额")
    if amount is not None and amount > proposed:
        raise invalid("amount_fen", f"只能不高于提出的 {proposed} 分")
    due = proposed if amount is None else amount
    case = case.record(
        "loaner_charge_approved" if approved else "loaner_charge_refused",
        request.now,
        by=request.by,
        details=request.details("amount_fen"),
        charge_fen=due,
        charge_approved=approved,
    )
    if approved and due:
        case = case.notice(request.now, Role.CUSTOMER, "loaner_charge", charge_fen=due)
    return case


def _charge(charge_fen: int | None, *, anew: bool = False) -> dict[str, Any]:
    """What is proposed takes the place of what was; `anew` also when nothing is."""
    if charge_fen is None and not anew:
        return {}
    return {"charge_fen": charge_fen, "charge_approved": None}


def _ask_for_approval(case: LoanCase, now: datetime, charge_fen: int | None) -> LoanCase:
    if not charge_fen:
        return case
    return case.notice(now, Role.DEPT_HEAD, "loaner_charge_proposed", charge_fen=charge_fen)


def _comes_back(loan: Loan) -> bool:
    return loan.state is not LoanerState.RETURNED or is_damaged(loan)


SUPERVISOR = frozenset({Role.SUPERVISOR})
WHO_CARRIES = frozenset({Role.TECHNICIAN, Role.SUPERVISOR})

RULES: dict[LoanerCommand, Rule] = {
    LoanerCommand.RESERVE: Rule(
        SUPERVISOR,
        frozenset({LoanerState.NEEDS_DECISION, LoanerState.NO_STOCK, LoanerState.RESERVED}),
        ReserveFields,
        _reserve,
    ),
    LoanerCommand.DELIVER: Rule(
        WHO_CARRIES, frozenset({LoanerState.RESERVED}), DeliverFields, _deliver
    ),
    LoanerCommand.RECALL: Rule(SUPERVISOR, frozenset({LoanerState.DELIVERED}), Fields, _recall),
    LoanerCommand.TAKE_BACK: Rule(
        WHO_CARRIES,
        OUT | {LoanerState.LOST, LoanerState.RETURNED},
        TakeBackFields,
        _take_back,
        _comes_back,
    ),
    LoanerCommand.REPORT_LOST: Rule(
        SUPERVISOR, OUT | {LoanerState.RETURNED}, ReportLostFields, _report_lost, _comes_back
    ),
    LoanerCommand.APPROVE_CHARGE: Rule(
        frozenset({Role.DEPT_HEAD}),
        frozenset({LoanerState.LOST, LoanerState.RETURNED}),
        ApproveChargeFields,
        _approve_charge,
        charge_waits,
    ),
}


def decide_loan(case: LoanCase, name: str, order: Order, now: datetime) -> LoanCase:
    """The case after the command, or `Refused` with the reason and nothing changed.

    `case` must be settled at `now`. A `reserve` only puts the question: see `reservation`.
    """
    command = loaner_command_named(name)
    rule = RULES[command]
    check_role(rule.roles, command, order.by)
    _check_state(rule, command, case.loan)
    fields = read_fields(rule.fields, order)
    at = deed_time(case.policy, order.by, fields.at, now, last_moment(case.loan))
    return rule.act(case, Request(by=order.by, now=now, at=at, fields=fields), order)


def loaner_command_named(name: str) -> LoanerCommand:
    """The command of that name, or a refusal that lists them."""
    try:
        return LoanerCommand(name)
    except ValueError:
        known = " ".join(command.value for command in LoanerCommand)
        raise Refused(
            RefusalType.UNKNOWN_COMMAND, f"备机没有命令 {name};可用:{known}", "command"
        ) from None


def not_in_stock(device: str) -> Refused:
    """The device that was picked cannot be had."""
    return Refused(RefusalType.NOT_IN_STOCK, f"备机 {device} 不在库,或不是这一类", "loaner")


def over(loan: Loan) -> Refused:
    """Too late for anything."""
    return Refused(RefusalType.TICKET_CLOSED, f"备机 {loan.id} 已结束({loan.state.value})")


def _check_state(rule: Rule, command: LoanerCommand, loan: Loan) -> None:
    if is_over(loan):
        raise over(loan)
    if loan.state not in rule.states:
        able = "、".join(state.value for state in LoanerState if state in rule.states)
        raise Refused(
            RefusalType.INVALID_TRANSITION,
            f"备机在 {loan.state.value},不能 {command.value};可以的状态:{able}",
        )
    if not rule.also(loan):
        why = _WHY_NOT[command]
        raise Refused(RefusalType.INVALID_TRANSITION, f"{why},不能 {command.value}")


_WHY_NOT = {
    LoanerCommand.TAKE_BACK: "备机已经完好收回",
    LoanerCommand.REPORT_LOST: "备机已经完好收回",
    LoanerCommand.APPROVE_CHARGE: "没有等待批准的收费",
}
