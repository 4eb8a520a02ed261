"""What a policy says of money and rights: warranty, fees, three guarantees.

Terms are data; deciding by them is in `domain.warranty`, `domain.fees` and `domain.remedies`.
"""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from domain.conditions import Condition
from domain.policy_entry import PolicyEntry, mistake
from domain.promise import AsWritten, Clauses, Key, Text, check_as_written
from domain.vocabulary import Cause, FeeKind, PartClass, PurchaseDate


class CoverageKind(StrEnum):
    """What a warranty coverage makes free of charge; lifetime service is paid."""

    PARTS_AND_LABOUR = "parts_and_labour"
    LABOUR = "labour"
    LIFETIME_PAID = "lifetime_paid"


class Term(PolicyEntry):
    """One coverage: so many months from the first of `starts` that is known.

    Without `part_classes` it covers the whole thing; `lifetime_paid` has no end and no start. A
    contract and a warranty card write their terms in this form too.
    """

    kind: CoverageKind
    months: Annotated[int, Field(gt=0, le=600)] | None = None
    starts: tuple[PurchaseDate, ...] = ()
    part_classes: tuple[PartClass, ...] = ()

    @model_validator(mode="after")
    def _has_a_term(self) -> Self:
        ends = self.kind is not CoverageKind.LIFETIME_PAID
        if ends and (self.months is None or not self.starts):
            fix = "如 months: 12 和 starts: [invoice_date, delivered_on]"
            raise mistake("保修没有写期限或起算日", fix=fix, rule="missing_start_basis")
        if not ends and (self.months is not None or self.starts):
            raise mistake("终身有偿服务没有期限", fix="删去 months 和 starts")
        return self


class Coverage(Term):
    """A coverage that a policy promises; `as_written` is for the lint, as in a promise.

    With `product_classes` it is one for those alone; the rest go by the coverages without.
    """

    clauses: Clauses
    product_classes: tuple[Text, ...] = ()
    as_written: AsWritten = Field(default_factory=dict)

    @field_validator("as_written")
    @classmethod
    def _says_what_a_coverage_says(cls, written: AsWritten) -> AsWritten:
        check_as_written(written, cls.model_fields)
        return written


class PaidCause(PolicyEntry):
    """A cause that is paid for even inside the warranty, and the clauses that say so."""

    cause: Cause
    clauses: tuple[Text, ...] = ()


class WarrantyTerms(PolicyEntry):
    """The coverages, and the causes that are paid for even inside them.

    `extend_over_holidays` names a workday calendar: a last day on a holiday moves to the next
    workday (Civil Code 203), for the customer's windows only.
    """

    coverages: Annotated[tuple[Coverage, ...], Field(min_length=1)]
    paid_causes: tuple[PaidCause, ...] = (PaidCause(cause=Cause.MISUSE),)
    extend_over_holidays: Key | None = None


class TermSource(StrEnum):
    """Whose word on the warranty it is; the first that says anything of the part wins (D5-C11)."""

    CONTRACT = "contract"
    CARD = "card"
    POLICY = "policy"
    DEFAULT = "default"


class DefaultWarranty(PolicyEntry):
    """What stands where contract, card and policy are silent: the company's own default.

    `extend_over_holidays` as in the warranty, whose calendar counts here too where this names none.
    In a policy that has no warranty, a contract and a card go by this one.
    """

    coverages: Annotated[tuple[Coverage, ...], Field(min_length=1)]
    extend_over_holidays: Key | None = None


class Price(StrEnum):
    """What a fee rule allows a line to cost."""

    FREE = "free"
    COST = "cost"
    DISCOUNT = "discount"


class FeeRule(PolicyEntry):
    """What a line may cost where the rule applies: nothing, the cost price, or a share of the list.

    Without `kinds` or `part_classes` it concerns every line; `during` limits it to the time that a
    coverage of that kind runs, `after` to the time when it has run out. Both go by the dates alone:
    misuse inside the warranty is out of warranty, and still not after it. `percent` of the list
    price is the most that a discount asks.
    """

    id: Key
    clauses: Clauses
    says: Text
    price: Price
    when: Condition = ()
    during: CoverageKind | None = None
    after: CoverageKind | None = None
    kinds: tuple[FeeKind, ...] = ()
    part_classes: tuple[PartClass, ...] = ()
    percent: Annotated[int, Field(gt=0, lt=100)] | None = None
    as_written: AsWritten = Field(default_factory=dict)

    @field_validator("as_written")
    @classmethod
    def _says_what_a_rule_says(cls, written: AsWritten) -> AsWritten:
        check_as_written(written, cls.model_fields)
        return written

    @model_validator(mode="after")
    def _discounts_by_a_number(self) -> Self:
        if (self.price is Price.DISCOUNT) != (self.percent is not None):
            raise mistake("折扣要写 percent,别的价格不写", fix="如 percent: 80,即八折")
        return self

    @model_validator(mode="after")
    def _has_a_time(self) -> Self:
        if self.after is CoverageKind.LIFETIME_PAID:
            fix = "写 parts_and_labour 或 labour"
            raise mistake("终身有偿服务没有完的时候,这条从不适用", fix=fix, at=("after",))
        if self.after is not None and self.after is self.during:
            fix = "只写一个;during 要比 after 的保修更长"
            raise mistake(f"{self.after} 不会又在期内又已过期", fix=fix, at=("after",))
        return self


class ThreeGuarantees(PolicyEntry):
    """三包 for the classes named: in days from the invoice, whose day is day 0 (D5-C6).

    `extend_over_holidays` as in the warranty: these windows are the customer's. An exchange that
    nobody could make in `return_after_exchange_days` gives the choice of a return (D5-C6.2.b).
    """

    clauses: Clauses
    classes: Annotated[tuple[Text, ...], Field(min_length=1)]
    return_days: Annotated[int, Field(ge=0)] = 7
    exchange_days: Annotated[int, Field(ge=0)] = 15
    exchange_after_repairs: Annotated[int, Field(gt=0)] = 2
    exchange_months: Annotated[int, Field(gt=0)] = 12
    extend_over_holidays: Key | None = None
    return_after_exchange_days: Annotated[int, Field(gt=0)] | None = None
