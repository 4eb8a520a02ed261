"""What each command carries: the fields of the contract, read and checked by name."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, JsonValue, ValidationError
from pydantic_core import to_json

from domain.civil_time import business_time
from domain.directory import LARGEST_FEN, Device
from domain.policy import Policy
from domain.records import Record
from domain.refusals import RefusalType, Refused, invalid
from domain.ticket import Actor, ExchangedFor, FeeLine, QuoteLine, TechnicianRef
from domain.vocabulary import (
    Cause,
    Command,
    DisputeSubject,
    FaultKind,
    FeeDecision,
    GuidanceWay,
    HoldReason,
    Proof,
    Remedy,
    Severity,
    TicketKind,
)

Moment = Annotated[datetime, AfterValidator(business_time)]
Text = Annotated[str, Field(min_length=1, max_length=4000)]


class Fields(Record):
    """Open to every command. `at`: when it really happened, if not now."""

    reason: Text | None = None
    at: Moment | None = None
    note: Text | None = None


F = TypeVar("F", bound=Fields)


class VisitWindow(Record):
    from_: Moment = Field(alias="from")
    to: Moment


class RegisterFields(Fields):
    kind: TicketKind = TicketKind.REPAIR
    caller_name: Text | None = None
    caller_phone: Text | None = None
    site: Text | None = None
    device: Text | Device | None = None
    symptom: Text | None = None
    category: Text | None = None
    urgent: bool = False


class AmendFields(Fields):
    field: Text
    value: JsonValue


class NoteFields(Fields):
    text: Text


class CallBackFields(Fields):
    agreed: Text | None = None


class StartGuidanceFields(Fields):
    way: GuidanceWay = GuidanceWay.PHONE


class GuideFields(Fields):
    outcome: Annotated[str, Field(pattern="^(solved|needs_visit)$")]


class AssessFields(Fields):
    in_warranty: bool | Annotated[str, Field(pattern="^unknown$")] | None = None
    basis: Text | None = None
    fault_kind: FaultKind | None = None
    device_fault: bool | Annotated[str, Field(pattern="^unknown$")] | None = None
    severity: Severity | None = None
    cause: Cause | None = None
    weight_kg: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    listed_fault: bool | Annotated[str, Field(pattern="^unknown$")] | None = None


class QuoteFields(Fields):
    lines: Annotated[tuple[QuoteLine, ...], Field(min_length=1, max_length=200)]


Evidence = Text | dict[str, JsonValue]
"""Who said it, how and when: a text, or a map in which a file has its `sha256`."""


def _check_digest(evidence: Evidence) -> Evidence:
    digest = evidence.get("sha256") if isinstance(evidence, dict) else None
    if digest is not None and not re.fullmatch(r"[0-9a-f]{64}", str(digest)):
        raise ValueError("sha256 要写 64 位小写十六进制")
    return evidence


CheckedEvidence = Annotated[Evidence, AfterValidator(_check_digest)]


class DecideFeeFields(Fields):
    quote: Annotated[int, Field(ge=1, strict=True)]
    decision: FeeDecision
    evidence: CheckedEvidence | None = None


class DisputeFields(Fields):
    subject: DisputeSubject


class RuleFields(Fields):
    in_warranty: bool | Annotated[str, Field(pattern="^unknown$")] | None = None
    cause: Cause | None = None


class HoldFields(Fields):
    reason: HoldReason
    until: Moment | None = None


class ResumeFields(Fields):
    reason: HoldReason | None = None


class VerifyFields(Fields):
    accepted: bool


Shown = Annotated[str, Field(min_length=1, max_length=200)]


class ChooseRemedyFields(Fields):
    """`evidence`: what the customer showed, in a few words for each proof."""

    remedy: Remedy
    evidence: dict[Proof, Shown] = Field(default_factory=dict)


class ApproveRefundFields(Fields):
    amount_fen: Annotated[int, Field(ge=1, le=LARGEST_FEN, strict=True)]


class AdoptPolicyFields(Fields):
    policy: Text
    version: Text | None = None


class MergeFields(Fields):
    ticket: Text


class DispatchFields(Fields):
    technician: Text | None = None
    window: VisitWindow | None = None
    emergency: bool = False


class FinishFields(Fields):
    """`exchanged_for`: the unit that was brought, where the customer chose an exchange."""

    work: Text | None = None
    lines: tuple[FeeLine, ...] = ()
    minutes: int | None = Field(default=None, ge=0)
    site_cleared: bool | None = None
    warning_tag: bool | None = None
    exchanged_for: ExchangedFor | None = None


class LeaveUnfinishedFields(Fields):
    next_visit: VisitWindow | None = None
    work: Text | None = None
    lines: tuple[FeeLine, ...] = ()
    minutes: int | None = Field(default=None, ge=0)
    site_cleared: bool | None = None
    warning_tag: bool | None = None


class SignOffFields(Fields):
    satisfied: bool = True
    opinion: Text | None = None
    signer: Text | None = None
    evidence: Evidence | None = None


class Expense(Record):
    what: Text
    amount_fen: int = Field(ge=0)


class ReturnOrderFields(Fields):
    expenses: tuple[Expense, ...] = ()
    minutes: int | None = Field(default=None, ge=0)
    receipts: int | tuple[Text, ...] | None = None


class FollowUpFields(Fields):
    reached: bool
    satisfied: bool | None = None
    score: int | None = Field(default=None, ge=1, le=5)
    remarks: Text | None = None


FIELDS: Mapping[Command, type[Fields]] = {
    Command.REGISTER: RegisterFields,
    Command.AMEND: AmendFields,
    Command.NOTE: NoteFields,
    Command.CALL_BACK: CallBackFields,
    Command.START_GUIDANCE: StartGuidanceFields,
    Command.GUIDE: GuideFields,
    Command.ASSESS: AssessFields,
    Command.QUOTE: QuoteFields,
    Command.DECIDE_FEE: DecideFeeFields,
    Command.DISPUTE: DisputeFields,
    Command.RULE: RuleFields,
    Command.DISPATCH: DispatchFields,
    Command.FINISH: FinishFields,
    Command.LEAVE_UNFINISHED: LeaveUnfinishedFields,
    Command.HOLD: HoldFields,
    Command.RESUME: ResumeFields,
    Command.SIGN_OFF: SignOffFields,
    Command.RETURN_ORDER: ReturnOrderFields,
    Command.VERIFY: VerifyFields,
    Command.RECORD_FOLLOW_UP: FollowUpFields,
    Command.CHOOSE_REMEDY: ChooseRemedyFields,
    Command.APPROVE_REFUND: ApproveRefundFields,
    Command.ADOPT_POLICY: AdoptPolicyFields,
    Command.MERGE_INTO: MergeFields,
}
"""Commands that carry more than `reason`, `at` and `note`."""


class Turned(Record):
    """A look-up that failed at the desk; it counts only after role, stage and person."""

    type: RefusalType
    message: str
    field: str | None = None


class MergeTarget(Record):
    """The ticket that another is to be merged into, as the ledger has it.

    `into`: where it went itself, if it was merged. `registered`: somebody has written it down.
    """

    number: str
    ended: bool = False
    into: str | None = None
    registered: bool = True


class LookedUp(Record):
    """What the desk found in the books, since a ticket looks nothing up itself.

    `override`: the named technician is not the one whose turn it is. `in_stock`: whether the
    loaner that was picked is free; the stock book decides.
    """

    policy: Policy | None = None
    policy_version: str | None = None
    device: Device | None = None
    site: str | None = None
    technician: TechnicianRef | None = None
    override: bool = True
    target: MergeTarget | None = None
    in_stock: bool | None = None
    refused: Turned | None = None


class Order(Record):
    """A command as it reaches a ticket: who asks, what it carries, what the desk looked up."""

    by: Actor
    fields: dict[str, JsonValue] = Field(default_factory=dict)
    looked_up: LookedUp = LookedUp()


DEEPEST, LARGEST = 12, 64 * 1024
"""How deep the fields of a command may nest, and how many bytes of JSON they may be."""


def command_named(name: str) -> Command:
    """The command of that name, or a refusal that lists them."""
    try:
        return Command(name)
    except ValueError:
        known = " ".join(command.value for command in Command)
        raise Refused(
            RefusalType.UNKNOWN_COMMAND, f"没有命令 {name};可用:{known}", "command"
        ) from None


def read_fields(shape: type[F], order: Order) -> F:
    """The order's fields in that shape; a fault names the field and the fix."""
    if (refused := order.looked_up.refused) is not None:
        raise Refused(refused.type, refused.message, refused.field)
    try:
        return shape.model_validate(order.fields)
    except ValidationError as error:
        raise fault_of(error, shape) from None


def check_size(order: Order) -> None:
    """Refuse what no ledger could hold: nested without end, or larger than any form."""
    if _depth(order.fields) > DEEPEST:
        raise invalid("command", f"内容嵌套太深,最多 {DEEPEST} 层")
    if len(to_json(order.fields)) > LARGEST:
        raise invalid("command", f"内容太大,最多 {LARGEST // 1024} KB")


def _depth(value: JsonValue) -> int:
    inside: Iterable[JsonValue] = ()
    if isinstance(value, dict):
        inside = value.values()
    elif isinstance(value, list):
        inside = value
    return 1 + max(map(_depth, inside), default=0)


def fault_of(error: ValidationError, shape: type[Record]) -> Refused:
    """The most telling fault of a validation as one refusal in Chinese.

    Where a field may be several things, pydantic tells a fault for each; the one that got
    furthest into what was written is what was meant.
    """
    first = max(error.errors(include_url=False), key=lambda one: len(_place(one["loc"])))
    where = _place(first["loc"])
    field = ".".join(where) or shape.__name__
    kind = first["type"]
    if kind == "missing":
        return invalid(field, "缺少此项,请补上")
    if kind == "extra_forbidden":
        known = "、".join(info.alias or name for name, info in shape.model_fields.items())
        return invalid(field, f"没有这个字段;可用:{known}" if len(where) == 1 else "没有这个字段")
    reason = _REASONS.get(kind, first["msg"])
    if kind in ("enum", "literal_error"):
        known = str(first["ctx"]["expected"]).replace("'", "").replace(" or ", ", ")
        reason = f"可用:{known.replace(', ', '、')}"
    if kind == "value_error":
        reason = str(first["ctx"]["error"])
    return invalid(field, f"值 {str(first['input'])[:60]!r} 不合要求:{reason}")


def _place(loc: tuple[int | str, ...]) -> list[str]:
    """The fields of a location: the names of a union's members are not places in the input."""
    return [str(part) for part in loc if isinstance(part, int) or _is_field(part)]


def _is_field(part: str) -> bool:
    return part not in {"bool", "str", "int", "float"} and not re.search(r"[A-Z\[(-]", part)


_REASONS = {
    "bool_parsing": "要写 true 或 false",
    "bool_type": "要写 true 或 false",
    "int_parsing": "要写整数",
    "int_type": "要写整数",
    "int_from_float": "要写整数,不能有小数",
    "float_parsing": "要写数字",
    "datetime_parsing": "要写时间,如 2026-03-02T09:00:00+08:00",
    "datetime_from_date_parsing": "要写时间,如 2026-03-02T09:00:00+08:00",
    "string_type": "要写文字",
    "string_too_short": "不能为空",
    "greater_than_equal": "不能小于下限",
    "less_than_equal": "太大",
    "too_short": "至少要有一项",
    "too_long": "太多",
    "greater_than": "必须大于零",
}
