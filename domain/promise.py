"""A promise as a policy writes it: what starts it, what keeps it, by when, and what follows."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    StringConstraints,
    field_validator,
    model_serializer,
    model_validator,
)

from domain.calendars import Calendar
from domain.conditions import Condition, holds
from domain.facts import FACTS
from domain.policy_entry import PolicyEntry, mistake, nearest
from domain.time_limits import ClockTarget, Duration
from domain.vocabulary import HoldReason, Keeper, Milestone, Role

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
"""A name in a policy: small letters, digits, underscores."""
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Clauses = Annotated[tuple[Text, ...], Field(min_length=1)]
"""Ids of the clauses that an entry keeps."""


AsWritten = dict[str, JsonValue]
"""What a document itself says where our entry reads it otherwise, by the entry's own keys.

The name of a fact is short for a test in `when`.
"""


def check_as_written(written: AsWritten, keys: Iterable[str]) -> None:
    """Raises the mistake for a key that is neither one of the entry nor a fact."""
    known = [key for key in (*keys, *FACTS) if key not in ("id", "clauses", "as_written")]
    for key in written:
        if key not in known:
            fix = nearest(key, known)
            raise mistake(f"as_written 里没有 {key} 这个键", fix=fix, at=(key,), rule="unknown_key")


def one_or_many(written: Any) -> Any:
    """A single word stands for a list of one."""
    return (written,) if isinstance(written, str) else written


def _known_milestone(word: Any) -> Any:
    if isinstance(word, str) and word not in set(Milestone):
        raise mistake(
            f"没有 {word} 这个里程碑", fix=nearest(word, Milestone), rule="unknown_milestone"
        )
    return word


KnownMilestone = Annotated[Milestone, BeforeValidator(_known_milestone)]
Milestones = Annotated[tuple[KnownMilestone, ...], BeforeValidator(one_or_many)]


class Start(BaseModel):
    """The milestone that starts a promise, whichever there is of several.

    Written `reported`, `[signed_off, guided]`, `last visit_ended` or `last [signed_off, guided]`:
    where a milestone comes again, the first counts, unless `last`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    milestones: Annotated[tuple[KnownMilestone, ...], Field(min_length=1)]
    last: bool = False

    @model_validator(mode="before")
    @classmethod
    def _read(cls, written: Any) -> Any:
        if isinstance(written, str):
            words = written.strip()
            last = words.startswith("last ")
            names = words.removeprefix("last ").strip().removeprefix("[").removesuffix("]")
            return {"milestones": tuple(name.strip() for name in names.split(",")), "last": last}
        if isinstance(written, list | tuple):
            return {"milestones": written}
        if not isinstance(written, dict):
            raise mistake("起算点应是里程碑", fix="如 reported、last visit_ended")
        return written

    @model_serializer
    def _write(self) -> str:
        names = ", ".join(self.milestones)
        several = f"[{names}]" if len(self.milestones) > 1 else names
        return f"last {several}" if self.last else several


class Remedy(PolicyEntry):
    """What is provided when the promise is about to be missed, and the time that takes.

    Without `lead` it is for a promise that has run out, and only then (D4-B1).
    """

    provide: Literal["loaner"]
    grade: Literal["new", "any"] = "any"
    lead: Duration | None = None

    @model_validator(mode="after")
    def _lead_is_elapsed(self) -> Self:
        if self.lead is not None and self.lead.elapsed is None:
            raise mistake("提前量要用分钟或小时", fix="如 24 hours", at=("lead",))
        return self

    def starts_at(self, due: datetime) -> datetime:
        """The latest start that still makes it: due − lead."""
        return due - ((self.lead.elapsed if self.lead else None) or timedelta(0))


class NotBefore(PolicyEntry):
    """A due time that an appointment may put off: at the earliest so long before the milestone.

    D1-5.2.3.b: told half an hour after the hold, or two hours before the visit if that is later.
    """

    milestone: KnownMilestone
    lead: Duration

    @model_validator(mode="after")
    def _lead_is_elapsed(self) -> Self:
        if self.lead.elapsed is None:
            raise mistake("提前量要用分钟或小时", fix="如 2 hours", at=("lead",))
        return self

    def moment(self, appointed: datetime) -> datetime:
        """The appointed time less the lead."""
        return appointed - (self.lead.elapsed or timedelta(0))


class Laxer(PolicyEntry):
    """A laxer number that another clause gives for the same: when it is over, `level` is reached.

    The stricter number is the promise; this clause stands on the escalation alone.
    """

    level: Annotated[int, Field(ge=2)]
    within: Duration
    clauses: Clauses


class Promise(PolicyEntry):
    """One promise. Exactly one of `within` and `by` says when it is due.

    `outlives_ticket`: the company owes it even when the ticket has come to its end.
    `kept_by` says which workflow keeps it: the ticket's, the loaner's that it lends, another's.
    `move_into` names a calendar into whose hours a due time outside them is moved. `objective`:
    a target that the document only strives for; it is measured, and nobody is alarmed.
    `as_written` is what the document itself says where a reading was chosen: for the lint, not for
    the engine. Its keys are those of a promise; null is what the document leaves out.
    """

    id: Key
    clauses: Clauses
    says: Text
    when: Condition = ()
    starts: Start
    met_by: Annotated[Milestones, Field(min_length=1)]
    within: Duration | None = None
    by: tuple[ClockTarget, ...] = ()
    calendar: Key = "always"
    not_before: NotBefore | None = None
    move_into: Key | None = None
    pauses_on: Annotated[tuple[HoldReason, ...], BeforeValidator(one_or_many)] = ()
    void_by: Milestones = ()
    outlives_ticket: bool = False
    kept_by: Keeper = Keeper.TICKET
    objective: bool = False
    as_written: AsWritten = Field(default_factory=dict)
    remedy: Remedy | None = None
    escalate: Key = "default"
    laxer: tuple[Laxer, ...] = ()

    @field_validator("as_written")
    @classmethod
    def _says_what_a_promise_says(cls, written: dict[str, JsonValue]) -> dict[str, JsonValue]:
        check_as_written(written, cls.model_fields)
        return written

    @model_validator(mode="after")
    def _is_due_once(self) -> Self:
        if (self.within is None) == (not self.by):
            fix = "如 within: 24 hours,或 by: [same day 18:00, next day 10:00]"
            raise mistake("within 与 by 必须且只能写一个", fix=fix)
        if self.by and not any(target.days_later for target in self.by):
            fix = "再写一个 next day 的钟点"
            raise mistake("by 里没有次日的钟点,当天过后就无从到期", fix=fix, at=("by",))
        return self

    def applies(self, facts: Mapping[str, object]) -> bool:
        """Whether its condition holds on these facts."""
        return holds(self.when, facts)

    def due(self, start: datetime, calendar: Calendar) -> datetime:
        """When it is due if nothing pauses it. CalendarUnknown where the calendar's data end.

        Of several clock times the first strictly after the start counts (D1-10.a).
        """
        return self.due_on(calendar)(start)

    def due_on(self, calendar: Calendar) -> Callable[[datetime], datetime]:
        """`due` on that calendar, made ready to be asked many times."""
        if self.within is not None:
            return self.within.ends_on(calendar)
        targets = self.by
        return lambda start: min(at for target in targets if (at := target.on(start)) > start)


class Rung(PolicyEntry):
    """A step of a ladder: at that share of the time from start to due, that role is told."""

    level: Annotated[int, Field(ge=0)]
    percent: Annotated[int, Field(gt=0, le=1000)]
    tell: Role


class Repeat(PolicyEntry):
    """The last level reached is told again, so often and no more, while nobody has heard.

    Heard: somebody of that role, or of a higher one, has acted on the ticket since.
    """

    every: Duration
    at_most: Annotated[int, Field(gt=0, le=100)]

    @model_validator(mode="after")
    def _every_is_elapsed(self) -> Self:
        if self.every.elapsed is None:
            raise mistake("重复的间隔要用分钟或小时", fix="如 30 minutes", at=("every",))
        return self


class Ladder(PolicyEntry):
    """Who is told, and when; written as a list of rungs where there is nothing else to say.

    `tell_within` names a calendar outside which nobody is told: what comes true in quiet hours is
    recorded at its moment and told when they are over.
    """

    rungs: Annotated[tuple[Rung, ...], Field(min_length=1)]
    repeat: Repeat | None = None
    tell_within: Key | None = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, written: Any) -> Any:
        return {"rungs": written} if isinstance(written, list | tuple) else written

    @model_validator(mode="after")
    def _climbs(self) -> Self:
        for place, (lower, higher) in enumerate(pairwise(self.rungs), start=1):
            if not (lower.level < higher.level and lower.percent < higher.percent):
                fix = "级别和百分比都由小到大写"
                raise mistake("阶梯没有一级比一级高", fix=fix, at=("rungs", place))
        return self

    @model_serializer(mode="wrap")
    def _write(self, write: SerializerFunctionWrapHandler) -> Any:
        """A plain ladder stays a list, so that no old policy gets another version."""
        plain = self.repeat is None and self.tell_within is None
        return [rung.model_dump(mode="json") for rung in self.rungs] if plain else write(self)

    def rung(self, level: int) -> Rung | None:
        """The rung of that level."""
        return next((rung for rung in self.rungs if rung.level == level), None)


DEFAULT_LADDER = Ladder(
    rungs=(
        Rung(level=0, percent=75, tell=Role.AGENT),
        Rung(level=1, percent=100, tell=Role.SUPERVISOR),
        Rung(level=2, percent=150, tell=Role.DEPT_HEAD),
        Rung(level=3, percent=200, tell=Role.MANAGER),
    )
)
"""Level 0 is the warning before due; 100 % is the due time itself."""
