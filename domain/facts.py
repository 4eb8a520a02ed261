"""The facts that a promise may depend on: their names, their types, and how each is read.

One list for conditions, for the warranty decision and for `policy explain`. A fact that is absent,
null or the word `unknown` is unknown, which is an answer of its own.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.civil_time import local
from domain.policy_entry import nearest
from domain.refusals import invalid
from domain.vocabulary import Cause, Channel, FaultKind, Remedy, Severity, TicketKind

Value = bool | int | float | str | date
"""A fact as it is compared. Unknown is None."""
UNKNOWN = "unknown"


class FactType(StrEnum):
    FLAG = "flag"
    CHOICE = "choice"
    TEXT = "text"
    NUMBER = "number"
    DAY = "day"


class LastVisit(StrEnum):
    """How the latest visit ended."""

    FINISHED = "finished"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: its type, its choices where they are a closed list, what it says in Chinese."""

    type: FactType
    says: str
    choices: tuple[str, ...] = ()

    def read(self, written: object) -> Value | None:
        """The fact as it is compared; None when unknown. ValueError says what it must be."""
        if written is None or written == UNKNOWN:
            return None
        match self.type:
            case FactType.FLAG:
                return _read_flag(written)
            case FactType.CHOICE:
                if written in self.choices:
                    return str(written)
                raise ValueError(nearest(str(written), (*self.choices, UNKNOWN)))
            case FactType.NUMBER:
                return _read_number(written)
            case FactType.DAY:
                return _read_day(written)
            case FactType.TEXT:
                if isinstance(written, str):
                    return str(written)
                raise ValueError("应为文字")


def _read_flag(written: object) -> bool:
    if isinstance(written, bool):
        return written
    if written in ("true", "false"):
        return written == "true"
    raise ValueError("应为 true、false 或 unknown")


def _read_number(written: object) -> float:
    if isinstance(written, int | float) and not isinstance(written, bool):
        try:
            number = float(written)
        except OverflowError:
            raise ValueError("数字太大") from None
        if math.isfinite(number):
            return number
    raise ValueError("应为数字")


def _read_day(written: object) -> date:
    if isinstance(written, datetime):
        return local(written).date()
    if isinstance(written, date):
        return written
    if isinstance(written, str):
        try:
            return date.fromisoformat(written)
        except ValueError:
            pass
    raise ValueError("应为日期,如 2026-03-02")


def _choice(says: str, choices: type[StrEnum]) -> Fact:
    return Fact(FactType.CHOICE, says, tuple(word for word in choices if word != UNKNOWN))


FACTS: Mapping[str, Fact] = {
    "in_warranty": Fact(FactType.FLAG, "保内"),
    "fault_kind": _choice("硬件或软件故障", FaultKind),
    "device_fault": Fact(FactType.FLAG, "设备性故障"),
    "severity": _choice("故障级别", Severity),
    "cause": _choice("故障原因", Cause),
    "weight_kg": Fact(FactType.NUMBER, "净重(公斤)"),
    "urgent": Fact(FactType.FLAG, "加急"),
    "channel": _choice("报修渠道", Channel),
    "product_class": Fact(FactType.TEXT, "产品类别"),
    "kind": _choice("来电事项", TicketKind),
    "answered": Fact(FactType.FLAG, "来电已接听"),
    "emergency": Fact(FactType.FLAG, "先抢修后补单"),
    "last_visit": _choice("最近一次上门的结果", LastVisit),
    "invoice_date": Fact(FactType.DAY, "开票日"),
    "delivered_on": Fact(FactType.DAY, "交货日"),
    "accepted_on": Fact(FactType.DAY, "验收日"),
    "contracted_on": Fact(FactType.DAY, "合同签订日"),
    "exchanged_on": Fact(FactType.DAY, "换机日"),
    "repairs_done": Fact(FactType.NUMBER, "已修次数"),
    "days_in_repair": Fact(FactType.NUMBER, "修理和待件占用的天数"),
    "listed_fault": Fact(FactType.FLAG, "三包所列性能故障"),
    "remedy": _choice("顾客的选择:修、换、退", Remedy),
}


def read_fact(name: str, written: object) -> Value | None:
    """The fact as it is compared. Refused (InvalidInput, the field) for a wrong name or value."""
    if name not in FACTS:
        raise invalid(name, f"没有 {name} 这个事实;{nearest(name, FACTS)}")
    try:
        return FACTS[name].read(written)
    except ValueError as wrong:
        raise invalid(name, f"{written!r} 不能是这个事实的值;{wrong}") from None
