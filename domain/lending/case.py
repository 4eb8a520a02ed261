"""A loan together with the policy it keeps, and the events not yet in the ledger.

Immutable, like a ticket's case: a refusal leaves nothing behind.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pydantic import JsonValue

from domain.loan import Loan, LoanEvent, LoanProgress
from domain.policy import Policy
from domain.ticket import Actor
from domain.vocabulary import LoanerState, Milestone, Role

WAITING = frozenset({LoanerState.REQUESTED, LoanerState.NEEDS_DECISION, LoanerState.NO_STOCK})
"""Without a device, and asking for one."""
NOT_LENT = WAITING | {LoanerState.RESERVED}
OUT = frozenset({LoanerState.DELIVERED, LoanerState.RECALLED, LoanerState.OVERDUE})
"""At the customer's."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A question to the stock book that is not answered yet. `device`: the supervisor's pick."""

    number: int
    device: str | None = None
    by: Actor | None = None
    said: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoanCase:
    """`events` wait for the ledger, `progress` is what the ticket should know.

    `asking` waits for the stock book; `look` asks it once more afterwards, since there is news of
    the stock. `asked` numbers the questions, `turned_down` is the last pick that was not in stock.
    """

    loan: Loan
    policy: Policy
    progress: LoanProgress
    events: tuple[LoanEvent, ...] = ()
    asking: Asking | None = None
    asked: int = 0
    look: bool = False
    turned_down: int = 0

    def record(
        self,
        kind: str,
        now: datetime,
        *,
        by: Actor | None = None,
        reached: Mapping[Milestone, datetime] | None = None,
        details: Mapping[str, JsonValue] | None = None,
        **changes: Any,
    ) -> "LoanCase":
        """The case after one more event; `changes` are the loan's fields that take new values."""
        before = self.loan
        milestones = dict(changes.get("milestones", before.milestones))
        for name, moment in (reached or {}).items():
            milestones[name] = tuple(sorted((*milestones.get(name, ()), moment)))
        changes = {**changes, "milestones": milestones, "seq": before.seq + 1}
        loan = before.model_copy(update=changes)
        loan = loan.model_copy(update={"task": task_of(loan)})
        event = LoanEvent(seq=loan.seq, at=now, kind=kind, by=by, details=dict(details or {}))
        moved = _shown(loan) != _shown(before)
        return replace(
            self,
            loan=loan,
            events=(*self.events, event),
            progress=progress_of(loan, now) if moved else self.progress,
        )

    def notice(self, now: datetime, to: Role, about: str, **details: JsonValue) -> "LoanCase":
        """Somebody must be told; sending it is another's work (event `notice_due`)."""
        device = self.loan.device
        told: dict[str, JsonValue] = {"to": to.value, "about": about, "loaner": self.loan.id}
        if device is not None:
            told["device"] = device.id
        return self.record("notice_due", now, details={**told, **details})

    def ask(
        self,
        device: str | None = None,
        by: Actor | None = None,
        said: Mapping[str, JsonValue] | None = None,
    ) -> "LoanCase":
        """The case with a question to the stock book."""
        asking = Asking(self.asked + 1, device, by, said or {})
        return replace(self, asking=asking, asked=asking.number)

    def handed_over(self) -> "LoanCase":
        """The same case once its waiting events are the ledger's."""
        return replace(self, events=())


def open_loan(loan: Loan, policy: Policy, now: datetime) -> LoanCase:
    """A new loan: it asks for a device at once."""
    asked = loan.asked
    details = asked.model_dump(mode="json", exclude={"by"}, exclude_none=True)
    case = LoanCase(loan, policy, progress_of(loan, now))
    return case.record("loaner_requested", now, by=asked.by, details=details).ask()


def progress_of(loan: Loan, at: datetime) -> LoanProgress:
    """What the ticket is told; `at`: when it came to be so."""
    return LoanProgress(
        id=loan.id,
        revision=loan.seq,
        state=loan.state,
        at=at,
        device=loan.device,
        milestones=loan.milestones,
    )


def charge_waits(loan: Loan) -> bool:
    """Whether a charge is proposed that nobody has decided on."""
    return bool(loan.charge_fen) and loan.charge_approved is None


def is_damaged(loan: Loan) -> bool:
    """Whether it is back and may not be lent as it is."""
    return loan.state is LoanerState.RETURNED and loan.condition == "damaged"


def is_over(loan: Loan) -> bool:
    """Whether nothing is left to do: never needed, in stock again, or written off."""
    if loan.state is LoanerState.RELEASED:
        return True
    if charge_waits(loan):
        return False
    in_stock_again = loan.state is LoanerState.RETURNED and not loan.holding
    return in_stock_again or loan.state is LoanerState.LOST


def task_of(loan: Loan) -> str | None:
    """What a person must do next, where the loan cannot go on by itself."""
    if charge_waits(loan):
        return "待部门负责人批准收费:approve_charge"
    if loan.state is LoanerState.NEEDS_DECISION:
        return "请主管在同类备机中选定一台:reserve"
    if is_damaged(loan):
        return "备机损坏:修好后再 take_back(condition: good),不能修就 report_lost"
    return None


def _shown(loan: Loan) -> tuple[object, ...]:
    return (loan.state, loan.device, loan.milestones)
