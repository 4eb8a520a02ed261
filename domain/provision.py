"""What a document says beside its deadlines: gates, rules, records, checklists, schedules, reports.

A provision is data that people read and that the lint checks. Where the software itself keeps it,
`by` names the mechanism that does (`domain.mechanisms`); without `by`, people keep it.
"""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from domain.conditions import Condition
from domain.mechanisms import MECHANISMS
from domain.policy_entry import PolicyEntry, mistake, nearest
from domain.promise import AsWritten, Clauses, Key, Milestones, Text, check_as_written, one_or_many
from domain.round_time import Basis, RoundTime
from domain.time_limits import Duration, Unit
from domain.vocabulary import Role


class ProvisionKind(StrEnum):
    """Gate: nothing goes on before. Rule: how a decision is made. Record: what is kept.

    Checklist: what somebody ticks. Schedule: what comes round again. Report: what is told, to whom.
    Task: what is done once, when asked.
    """

    GATE = "gate"
    RULE = "rule"
    RECORD = "record"
    CHECKLIST = "checklist"
    SCHEDULE = "schedule"
    REPORT = "report"
    TASK = "task"


class Provision(PolicyEntry):
    """One provision.

    `steps` happen only within `calendar`, and where `when` holds: visits at the weekend, say.
    `needs` are steps that must be possible at any time of `calendar`: the duty of an emergency.
    A schedule comes round `every` so long, counted from `starts`, and warns `warn_before`; a report
    goes `to` somebody, `at` a time that comes round as often. `numbers` are what else it counts
    with, each by a name that carries its unit (`years`, `percent`). `as_written` is for the lint,
    as in a promise.
    """

    id: Key
    kind: ProvisionKind
    clauses: Clauses
    says: Text
    by: Key | None = None
    when: Condition = ()
    steps: Milestones = ()
    needs: Milestones = ()
    calendar: Key | None = None
    every: Duration | None = None
    starts: Basis | None = None
    warn_before: Duration | None = None
    at: RoundTime | None = None
    to: Annotated[tuple[Role, ...], BeforeValidator(one_or_many)] = ()
    numbers: dict[Key, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    as_written: AsWritten = Field(default_factory=dict)

    @field_validator("by")
    @classmethod
    def _known_mechanism(cls, name: str | None) -> str | None:
        if name is not None and name not in MECHANISMS:
            raise mistake(f"没有 {name} 这个机制", fix=nearest(name, MECHANISMS))
        return name

    @field_validator("as_written")
    @classmethod
    def _says_what_a_provision_says(cls, written: AsWritten) -> AsWritten:
        check_as_written(written, cls.model_fields)
        return written

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.steps or self.needs) and self.calendar is None:
            raise mistake("写了 steps 或 needs,就要写它们的 calendar", at=("calendar",))
        if self.kind is ProvisionKind.SCHEDULE and self.every is None:
            raise mistake("周期事项要写 every", fix="如 every: 90 days", at=("every",))
        if self.at is not None and self.every is not None:
            days = self.at.days
            if days is None or str(self.every) != str(Duration(amount=days, unit=Unit.DAY)):
                fix = f"写 every: {days} day{'s' if days > 1 else ''}" if days else "删去 every"
                raise mistake(f"at 写 {self.at},与 every: {self.every} 不合", fix=fix, at=("at",))
        return self


class SetAside(PolicyEntry):
    """Clauses that nothing here keeps, and why: a decision, not an oversight."""

    clauses: Clauses
    why: Text
