"""A policy: what one company document promises, self-contained, immutable, known by its content.

A policy here is complete: `runtime.policy_files` has merged what it extends and put the calendars'
data in. It travels as a snapshot with the ticket that it governs, so nothing is looked up later.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from domain.calendars import (
    ALWAYS,
    Calendar,
    CalendarSpec,
    OpeningHours,
    Weekday,
    Workdays,
)
from domain.civil_time import CHINA
from domain.policy_entry import PolicyEntry, mistake, nearest
from domain.promise import (
    DEFAULT_LADDER,
    Key,
    Ladder,
    Promise,
    Text,
)
from domain.provision import Provision, SetAside
from domain.terms import DefaultWarranty, FeeRule, TermSource, ThreeGuarantees, WarrantyTerms
from domain.time_limits import LONGEST, Duration, Unit
from domain.vocabulary import Keeper, Role

DEFAULT_LADDERS: dict[str, Ladder] = {"default": DEFAULT_LADDER}
NO_LADDER = "none"
"""The ladder of an objective: it is measured, and nobody is told."""


class OutOfWarranty(StrEnum):
    """What comes first when there may be something to pay."""

    QUOTE_FIRST = "quote_first"
    INSPECT_FIRST = "inspect_first"


class Departments(PolicyEntry):
    """The rotation ring of each side (D1-3.3)."""

    in_warranty: Key
    out_of_warranty: Key


def _know_every_role(hours: dict[str, int]) -> dict[str, int]:
    for role in hours:
        if role != "default" and role not in set(Role):
            raise mistake(
                f"没有 {role} 这个角色", fix=nearest(role, ("default", *Role)), at=(role,)
            )
    if "default" not in hours:
        raise mistake("缺少 default", fix="写出 default:其他角色可补记的小时数")
    return hours


BackdateHours = Annotated[dict[str, Annotated[int, Field(ge=0)]], AfterValidator(_know_every_role)]
"""How far back a business time may be given, in hours, by role; `default` for all others."""


class ConsentTerms(PolicyEntry):
    """Waiting for the customer's yes: reminders after the quote, and when the wait is over."""

    remind_after: tuple[Duration, ...] = (
        Duration(amount=24, unit=Unit.HOUR),
        Duration(amount=48, unit=Unit.HOUR),
    )
    expires_after: Duration = Duration(amount=7, unit=Unit.DAY)

    @model_validator(mode="after")
    def _reminds_before_it_is_over(self) -> Self:
        start = datetime(2026, 1, 1, tzinfo=CHINA)
        for place, reminder in enumerate(self.remind_after):
            if reminder.unit is Unit.WORKDAY or self.expires_after.unit is Unit.WORKDAY:
                fix = "提醒和到期写小时或自然日"
                raise mistake("这里不能用工作日", fix=fix, at=("remind_after", place))
            if reminder.end(ALWAYS, start) >= self.expires_after.end(ALWAYS, start):
                fix = "提醒写得比 expires_after 短"
                raise mistake(
                    f"{reminder} 的提醒在到期之后,永远不会发出", fix=fix, at=("remind_after", place)
                )
        return self


class QuoteTolerance(PolicyEntry):
    """By how much a final line may exceed the agreed one: both bounds hold. None by default."""

    percent: Annotated[int, Field(ge=0, le=100)] = 0
    at_most_fen: Annotated[int, Field(ge=0)] | None = None


class LoanerTerms(PolicyEntry):
    """A loaner that comes back is inspected and cleaned for so long before it is lent again."""

    clean_hours: Annotated[int, Field(ge=0, le=720)] = 24


class Procedure(PolicyEntry):
    """The keys that steer the procedure; the procedure itself is code.

    `cost_price_required`: a line that a fee rule binds to its cost, or to a share of the list
    price, is not taken without that price.
    """

    out_of_warranty: OutOfWarranty = OutOfWarranty.INSPECT_FIRST
    departments: Departments | None = None
    keep_turn_on_skip: bool = False
    visit_days: tuple[Weekday, ...] = ()
    follow_up_tries: Annotated[int, Field(gt=0)] = 3
    backdate_hours: BackdateHours = Field(
        default_factory=lambda: {"default": 24, Role.SUPERVISOR.value: 168}
    )
    consent: ConsentTerms = ConsentTerms()
    quote_tolerance: QuoteTolerance = QuoteTolerance()
    loaner: LoanerTerms = LoanerTerms()
    rework_days: Annotated[int, Field(gt=0)] | None = 30
    cost_price_required: bool = False

    @property
    def quote_first(self) -> bool:
        return self.out_of_warranty is OutOfWarranty.QUOTE_FIRST


def _twice(what: str, at: tuple[str | int, ...]) -> PydanticCustomError:
    fix = "改一个名字,或删去一条"
    return mistake(f"{what} 写了两次", fix=fix, at=at, rule="repeated_id")


class Policy(PolicyEntry):
    """Everything that one document promises, with what it takes over from `extends`.

    `covers` are the beginnings of the ids of all clauses that it answers for: each is kept here or
    set aside (`policy check`).
    Raises (as validation errors): a name used twice, a calendar or ladder that is not there, a
    limit in workdays on a calendar without workdays.
    """

    name: Key
    title: Text
    extends: Key | None = None
    documents: tuple[Text, ...] = ()
    covers: tuple[Text, ...] = ()
    product_classes: tuple[Text, ...] = ()
    calendars: dict[Key, CalendarSpec] = Field(default_factory=dict)
    ladders: dict[Key, Ladder] = Field(default_factory=lambda: dict(DEFAULT_LADDERS))
    promises: tuple[Promise, ...] = ()
    warranty: WarrantyTerms | None = None
    default_warranty: DefaultWarranty | None = None
    precedence: tuple[TermSource, ...] = tuple(TermSource)
    fees: tuple[FeeRule, ...] = ()
    three_guarantees: ThreeGuarantees | None = None
    provisions: tuple[Provision, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    procedure: Procedure = Procedure()

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        seen: set[str] = set()
        for place, promise in enumerate(self.promises):
            if promise.id in seen:
                raise _twice(f"承诺 {promise.id}", ("promises", place, "id"))
            seen.add(promise.id)
            self._check_references(promise, ("promises", place))
        self._check_names()
        for name, days in self._customers_calendars().items():
            self._check_workdays(days, (name, "extend_over_holidays"))
        for name, ladder in self.ladders.items():
            if ladder.tell_within is not None:
                self._check_calendar(ladder.tell_within, ("ladders", name, "tell_within"))
        for place, provision in enumerate(self.provisions):
            if provision.id in seen:
                raise _twice(provision.id, ("provisions", place, "id"))
            seen.add(provision.id)
            if provision.calendar is not None:
                self._check_calendar(provision.calendar, ("provisions", place, "calendar"))
            if provision.at is not None and provision.at.needs_workdays:
                self._check_workdays(provision.calendar or "always", ("provisions", place, "at"))
        return self

    def _customers_calendars(self) -> dict[str, str]:
        """By the key that has it: the calendar on which a window of the customer's is extended."""
        windows: dict[str, WarrantyTerms | DefaultWarranty | ThreeGuarantees | None] = {
            "warranty": self.warranty,
            "default_warranty": self.default_warranty,
            "three_guarantees": self.three_guarantees,
        }
        return {
            key: terms.extend_over_holidays
            for key, terms in windows.items()
            if terms is not None and terms.extend_over_holidays is not None
        }

    def _check_names(self) -> None:
        """Fee rules and calendars: none that hides another of its name."""
        fees: set[str] = set()
        for place, rule in enumerate(self.fees):
            if rule.id in fees:
                raise _twice(f"收费规则 {rule.id}", ("fees", place, "id"))
            fees.add(rule.id)
        if "always" in self.calendars:
            fix = "换一个名字;always 不必写就有"
            raise mistake("always 是全天候,不能另作别的日历", fix=fix, at=("calendars", "always"))

    def _check_references(self, promise: Promise, at: tuple[str | int, ...]) -> None:
        self._check_calendar(promise.calendar, (*at, "calendar"))
        if promise.move_into is not None:
            self._check_calendar(promise.move_into, (*at, "move_into"))
        if promise.within is not None and promise.within.unit is Unit.WORKDAY:
            self._check_workdays(promise.calendar, (*at, "calendar"))
        self._check_length(promise, promise.within, (*at, "within"))
        for number, laxer in enumerate(promise.laxer):
            self._check_length(promise, laxer.within, (*at, "laxer", number, "within"))
        if promise.escalate not in (*self.ladders, NO_LADDER):
            fix = nearest(promise.escalate, self.ladders)
            raise mistake(
                f"没有 {promise.escalate} 这个升级阶梯",
                fix=fix,
                at=(*at, "escalate"),
                rule="unknown_ladder",
            )

    def _check_length(
        self, promise: Promise, limit: Duration | None, at: tuple[str | int, ...]
    ) -> None:
        """Few open hours make many years of a length that is none in itself."""
        calendar = self._calendars[promise.calendar]
        elapsed = limit.elapsed if limit is not None else None
        if elapsed is None or not isinstance(calendar, OpeningHours):
            return
        if elapsed / calendar.open_a_week * timedelta(weeks=1) > LONGEST:
            fix = "写短一些,或换一个开得多的日历"
            raise mistake(
                f"日历 {promise.calendar} 一周只开 {calendar.open_a_week},{limit} 要十年以上",
                fix=fix,
                at=at,
                rule="calendar_hardly_opens",
            )

    def _check_calendar(self, name: str, at: tuple[str | int, ...]) -> None:
        if name not in self._calendars:
            fix = nearest(name, self._calendars)
            raise mistake(f"没有 {name} 这个日历", fix=fix, at=at, rule="unknown_calendar")

    def _check_workdays(self, name: str, at: tuple[str | int, ...]) -> None:
        self._check_calendar(name, at)
        if not isinstance(self._calendars[name], Workdays):
            raise mistake(f"日历 {name} 不知道工作日", fix="用一个 kind: workdays 的日历", at=at)

    @cached_property
    def _calendars(self) -> Mapping[str, Calendar]:
        return {"always": ALWAYS, **self.calendars}

    def calendar(self, name: str) -> Calendar:
        """The calendar of that name; `always` is in every policy."""
        return self._calendars[name]

    def ladder(self, promise: Promise) -> Ladder | None:
        """Who is told of that promise; None for an objective without a ladder."""
        return self.ladders.get(promise.escalate)

    def promise(self, id: str) -> Promise | None:
        """The promise of that id."""
        return next((promise for promise in self.promises if promise.id == id), None)

    def kept_by(self, keeper: Keeper) -> "Policy":
        """The same policy with only the promises that this workflow keeps, and what they need."""
        kept = tuple(promise for promise in self.promises if promise.kept_by is keeper)
        ladders = self._ladders_of(kept)
        calendars = self._calendars_of(kept, ladders)
        return Policy(
            name=self.name,
            title=self.title,
            calendars={name: one for name, one in self.calendars.items() if name in calendars},
            ladders=ladders,
            promises=kept,
            procedure=self.procedure,
        )

    def for_ticket(self, on: date) -> "Policy":
        """What a ticket that begins on that day acts on: the snapshot that it pins.

        Without what only people, the lint and other procedures read, and without the dates of
        years that no promise of it can reach. The version is that of the whole policy, so it goes
        with the snapshot and is not worked out from it.
        """
        ours = tuple(
            promise.model_copy(update={"as_written": {}})
            for promise in self.promises
            if promise.kept_by in (Keeper.TICKET, Keeper.LOANER)
        )
        ladders = self._ladders_of(ours)
        calendars = self._calendars_of(ours, ladders) | set(self._customers_calendars().values())
        since = date(on.year - 1, 1, 1)
        snapshot = self.model_copy(
            update={
                "calendars": {
                    name: one.known_since(since) if isinstance(one, Workdays) else one
                    for name, one in self.calendars.items()
                    if name in calendars
                },
                "ladders": ladders,
                "promises": ours,
                "provisions": (),
                "set_aside": (),
                "covers": (),
            }
        )
        # A copy keeps what was worked out before, and that is the calendars in their full length.
        snapshot.__dict__.pop("_calendars", None)
        return snapshot

    def _ladders_of(self, promises: tuple[Promise, ...]) -> dict[str, Ladder]:
        named = {one.escalate for one in promises}
        return {name: one for name, one in self.ladders.items() if name in named}

    def _calendars_of(
        self, promises: tuple[Promise, ...], ladders: Mapping[str, Ladder]
    ) -> set[str | None]:
        """The calendars that those promises count by, are moved into, or are told within."""
        quiet = {ladder.tell_within for ladder in ladders.values()}
        return quiet | {name for one in promises for name in (one.calendar, one.move_into)}

    def canonical_json(self) -> str:
        """The content in one fixed spelling: what the version is made from."""
        content = self.model_dump(mode="json")
        return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @cached_property
    def version(self) -> str:
        """The first 12 hex digits of the sha256 of the content."""
        return hashlib.sha256(self.canonical_json().encode()).hexdigest()[:12]
