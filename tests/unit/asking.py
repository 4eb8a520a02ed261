"""What people may ask of a ticket next: what suits its state, and what makes no sense at all.

A `Pick` chooses, be it hypothesis or a seeded generator, so the pure machine and the traces on a
live workflow draw from the same people.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar

from pydantic import JsonValue

from domain.procedure import RULES
from domain.steps.ending import order_owed
from domain.ticket import Ticket
from domain.vocabulary import (
    Cause,
    Command,
    DisputeSubject,
    FaultKind,
    FeeKind,
    GuidanceWay,
    HoldReason,
    QuoteState,
    Remedy,
    Role,
    Severity,
    Stage,
    TicketKind,
)

T = TypeVar("T")
Fields = dict[str, JsonValue]
PEOPLE = {
    Role.AGENT: "客服小何",
    Role.SUPERVISOR: "高主管",
    Role.TECHNICIAN: "T01",
    Role.QUALITY: "质检老梁",
    Role.DEPT_HEAD: "客服部谢经理",
    Role.ADMIN_OFFICE: "行政宋主任",
    Role.MANAGER: "许总",
    Role.CUSTOMER: "王秀英",
    Role.PROPERTY_MANAGER: "江南花园物业",
}
OTHERS = ("W2", "W3")
"""Other tickets of the house."""
POLICY_NAMES = ("choices", "doors_windows", "instruments", "house")
"""What a ticket may be put under."""


class Pick(Protocol):
    """Chooses one of several; the first is the plainest."""

    def __call__(self, options: Sequence[T], /) -> T: ...


@dataclass(frozen=True, slots=True)
class Ask:
    """One command as somebody gives it."""

    command: str
    role: Role
    name: str
    fields: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scene:
    """A ticket at a moment, and the devices that its customers have."""

    ticket: Ticket
    now: datetime
    devices: Sequence[Fields]

    def earlier(self, pick: Pick) -> Fields:
        """Mostly now; sometimes the deed is written down after the fact."""
        back = pick([None, None, None, None, timedelta(minutes=1), *_BACK])
        return {} if back is None else {"at": (self.now - back).isoformat()}


_BACK = (timedelta(seconds=30), timedelta(hours=2), timedelta(hours=20), timedelta(days=3))


def sensible(scene: Scene, pick: Pick, *, but: Sequence[Command] = ()) -> Ask:
    """What somebody could well ask now; it may be refused all the same."""
    fitting = [one for one in fitting_commands(scene.ticket) if one not in but]
    command = pick(fitting or [Command.NOTE])
    role = pick([role for role in Role if role in RULES[command].roles])
    write = _FORMS.get(command)
    fields = write(scene, pick) if write else {}
    if role in (Role.AGENT, Role.TECHNICIAN) and command in _ON_BEHALF:
        fields["evidence"] = {"who": "王秀英", "how": "电话"}
    return Ask(command.value, role, _who(scene.ticket, role, command), fields | scene.earlier(pick))


def forward(scene: Scene, pick: Pick) -> Ask:
    """The story's next step, by whom it belongs to, so that some lives come to their end."""
    ticket = scene.ticket
    fitting = [one for one in _FORWARD.get(ticket.stage, ()) if _has_its_object(ticket, one)]
    command = pick(fitting or [Command.NOTE])
    role = next(role for role in _DOERS if role in RULES[command].roles)
    fields = {**_FORMS.get(command, _nothing)(scene, pick), **_PLAIN.get(command, {})}
    return Ask(command.value, role, _who(ticket, role, command), fields)


def nonsense(scene: Scene, pick: Pick) -> Ask:
    """Any command by anybody, with fields that may be wrong, missing or another's."""
    command = pick(list(Command))
    write = pick([_FORMS.get(command), *_FORMS.values(), None])
    fields = write(scene, pick) if write else {}
    spoilt = bool(fields) and pick([False, True])
    if spoilt:
        fields[pick(sorted(fields))] = pick(_NO_ANSWERS)
    if pick([False, True]):
        fields["at"] = pick(
            [
                (scene.now + timedelta(hours=1)).isoformat(),
                (scene.now - timedelta(days=400)).isoformat(),
                "1999-12-31T00:00:00+08:00",
                "yesterday",
            ]
        )
    role = pick(list(Role))
    name = pick([PEOPLE[role], "T02", "谁也不是"])
    return Ask(pick([command.value, command.value, "regster"]), role, name, fields)


_NO_ANSWERS: list[JsonValue] = [None, "", " ", 0, -1, 1.5, 10**30, True, "true", "unknown", [], {}]
_NO_ANSWERS += [[None], {"sha256": "x"}, "2026-03-02T09:00:00+08:00", "9999-12-31", "字" * 5000]


def fitting_commands(ticket: Ticket) -> list[Command]:
    """Those of the ticket's stage, the story's own next steps more often than the rest."""
    allowed: list[Command] = [one for one, rule in RULES.items() if ticket.stage in rule.stages]
    fitting: list[Command] = [one for one in allowed if one not in (Command.OPEN, Command.CANCEL)]
    fitting = [one for one in fitting if _has_its_object(ticket, one)]
    next_steps = [one for one in _FORWARD.get(ticket.stage, ()) if one in fitting]
    if Command.CANCEL in allowed and len(ticket.visits) + len(ticket.quotes) > 1:
        fitting.append(Command.CANCEL)
    rare = [one for one in fitting if one in _RARE]
    return [*fitting, *next_steps, *rare * 3]


_RARE = (
    *(Command.RULE, Command.RESUME, Command.DECLINE, Command.GUIDE),
    *(Command.CHOOSE_REMEDY, Command.APPROVE_REFUND),
)
"""What is seldom fitting, and so asked more often where it is."""

_FORWARD = {
    Stage.INTAKE: (Command.REGISTER,),
    Stage.ASSESSING: (Command.QUOTE, Command.DISPATCH, *(Command.APPROVE_REFUND,) * 4),
    Stage.AWAITING_CONSENT: (Command.DECIDE_FEE,),
    Stage.DISPATCHING: (*(Command.DISPATCH,) * 5, Command.QUOTE),
    Stage.SCHEDULED: (Command.ACCEPT, Command.ARRIVE, Command.ARRIVE, Command.DEPART),
    Stage.ON_SITE: (
        *(*(Command.FINISH,) * 3, *(Command.DECIDE_FEE,) * 3),
        *(Command.START_WORK, Command.QUOTE, Command.LEAVE_UNFINISHED),
    ),
    Stage.REPAIRED: (Command.SIGN_OFF, Command.SIGN_OFF, Command.RETURN_ORDER),
    Stage.SIGNED_OFF: (Command.RETURN_ORDER, Command.RECORD_FOLLOW_UP),
    Stage.FOLLOW_UP: (Command.RECORD_FOLLOW_UP, Command.RETURN_ORDER, Command.VERIFY),
}


def _has_its_object(ticket: Ticket, command: Command) -> bool:
    """Whether there is what the command is about: a quote to answer, a wait to end."""
    visit = ticket.visit
    match command:
        case Command.DECIDE_FEE:
            return ticket.open_quote is not None
        case Command.RULE:
            return ticket.dispute is not None
        case Command.RESUME:
            return bool(ticket.open_holds)
        case Command.ACCEPT:
            return visit is not None and visit.accepted_at is None
        case Command.DEPART | Command.ARRIVE:
            return visit is not None and visit.accepted_at is not None
        case Command.RETURN_ORDER | Command.WAIVE_ORDER:
            return order_owed(ticket)
        case Command.ISSUE_ORDER:
            return "emergency" in ticket.facts
        case Command.CHOOSE_REMEDY:
            return ticket.facts.get("invoice_date") is not None
        case Command.ADOPT_POLICY:
            # What was charged stands by the tolerance of the policy before.
            return not any(visit.lines for visit in ticket.visits)
        case Command.APPROVE_REFUND:
            return ticket.remedy is Remedy.RETURN
        case _:
            return True


def _who(ticket: Ticket, role: Role, command: Command) -> str:
    visit = ticket.visit
    if role is Role.TECHNICIAN and visit is not None and RULES[command].own_visit:
        return visit.technician.id
    return PEOPLE[role]


def _register(scene: Scene, pick: Pick) -> Fields:
    kind = pick([TicketKind.REPAIR] * 20 + [TicketKind.ENQUIRY, TicketKind.COMPLAINT])
    fields: Fields = {"kind": kind.value, "symptom": "关不上", "site": "江南花园"}
    if (urgent := pick([False, True])) is True:
        fields["urgent"] = urgent
    if (device := pick([*scene.devices, None])) is not None:
        fields["device"] = device
    return fields


def _amend(scene: Scene, pick: Pick) -> Fields:
    day = date(2026, 3, 2)
    values: dict[str, Sequence[JsonValue]] = {
        "site": ("滨江一号", ""),
        "urgent": (True, False),
        "device": tuple(scene.devices),
        "weight_kg": (6, 10, 10.5, 48, None, -1),
        "invoice_date": ((day - timedelta(days=5)).isoformat(), "2020-01-01", None),
        "accepted_on": (day.isoformat(), "2020-01-01", None),
        "repairs_done": (0, 2),
        "product_class": ("instrument", "window", None),
    }
    name = pick(list(values))
    return {"field": name, "value": pick(values[name]), "reason": "登记有误"}


def _assess(scene: Scene, pick: Pick) -> Fields:
    answers: dict[str, Sequence[JsonValue]] = {
        "in_warranty": (True, False, "unknown"),
        "fault_kind": tuple(FaultKind),
        "device_fault": (True, False, "unknown"),
        "severity": tuple(Severity),
        "cause": tuple(Cause),
        "weight_kg": (6, 10, 10.5, 48),
        "listed_fault": (True, False, "unknown"),
    }
    names = {pick(list(answers)), pick(list(answers))}
    return {name: pick(answers[name]) for name in answers if name in names}


def _quote(scene: Scene, pick: Pick) -> Fields:
    price = pick([30000, 30000, 0, 1])
    lines: list[JsonValue] = [_line("换锁", FeeKind.PART, 1, price)]
    if pick([False, True]):
        lines.append(_line("人工", FeeKind.LABOUR, 2, 5000))
    return {"lines": lines}


def _line(item: str, kind: FeeKind, quantity: int, price: int) -> Fields:
    return {"item": item, "kind": kind.value, "quantity": quantity, "unit_price_fen": price}


def _decide_fee(scene: Scene, pick: Pick) -> Fields:
    number = scene.ticket.quote.number if scene.ticket.quote else 1
    decision = pick(["approve"] * 5 + ["refuse"])
    return {"quote": pick([number, number, number, 1]), "decision": decision}


def _dispute(scene: Scene, pick: Pick) -> Fields:
    return {"subject": pick(list(DisputeSubject)).value, "reason": "客户说是质量问题"}


def _rule(scene: Scene, pick: Pick) -> Fields:
    answers: Fields = {"reason": "鉴定完毕"}
    if (answer := pick([None, True, False, "unknown"])) is not None:
        answers["in_warranty"] = answer
    if (cause := pick([None, *Cause])) is not None:
        answers["cause"] = cause.value
    return answers


def _dispatch(scene: Scene, pick: Pick) -> Fields:
    fields: Fields = {"reason": "客户着急"} if pick([True, True, False]) else {}
    if pick([False, False, True]):
        fields["technician"] = pick(["T01", "T02", "T99"])
    if pick([False, True]):
        begins = scene.now + pick([timedelta(hours=2), timedelta(days=2), -timedelta(days=2)])
        ends = begins + timedelta(hours=4)
        fields["window"] = {"from": begins.isoformat(), "to": ends.isoformat()}
    early = scene.ticket.stage in (Stage.ASSESSING, Stage.AWAITING_CONSENT)
    if pick([early, False, True]):
        fields["emergency"] = True
    return fields


def _nothing(scene: Scene, pick: Pick) -> Fields:
    return {}


def _reason(scene: Scene, pick: Pick) -> Fields:
    return pick([{"reason": "说明原因"}, {"reason": "说明原因"}, {}])


def _final_lines(scene: Scene, pick: Pick) -> Fields:
    """What is charged: nothing, what was agreed, a little more, or what nobody agreed to."""
    quote = scene.ticket.quote
    if quote is None or quote.state is not QuoteState.APPROVED or pick([False, False, True]):
        line = _line("螺丝", FeeKind.PART, 1, 100)
        return {"lines": [line]} if pick([False, False, True]) else {}
    more = pick([0, 0, 0, 500, 100000])
    return {
        "lines": [
            _line(line.item, line.kind, line.quantity, line.unit_price_fen + more)
            for line in quote.lines
        ]
    }


def _finish(scene: Scene, pick: Pick) -> Fields:
    fields: Fields = {"work": "换了锁", "minutes": 30, **_final_lines(scene, pick)}
    if scene.ticket.remedy is Remedy.EXCHANGE and pick([True, True, False]):
        same: Fields = {"product": "同款", "same_model": True}
        better: Fields = {"product": "新款", "not_worse": "配置更高"}
        fields["exchanged_for"] = pick([same, better])
    return fields


def _leave(scene: Scene, pick: Pick) -> Fields:
    fields: Fields = {"reason": "缺配件", **_final_lines(scene, pick)}
    if pick([False, True]):
        begins = scene.now + timedelta(days=1)
        ends = begins + timedelta(hours=3)
        fields["next_visit"] = {"from": begins.isoformat(), "to": ends.isoformat()}
    return fields


def _hold(scene: Scene, pick: Pick) -> Fields:
    fields: Fields = {"reason": pick(list(HoldReason)).value}
    until = pick([None, *(timedelta(hours=hours) for hours in (1, 30, 200, -1))])
    if until is not None:
        fields["until"] = (scene.now + until).isoformat()
    return fields


def _resume(scene: Scene, pick: Pick) -> Fields:
    reasons: list[str] = [one.reason.value for one in scene.ticket.open_holds]
    named = bool(reasons) and pick([True, True, False])
    return {"reason": pick(reasons)} if named else {}


def _sign_off(scene: Scene, pick: Pick) -> Fields:
    return {"satisfied": pick([True, True, True, False]), "signer": "王秀英"}


def _verify(scene: Scene, pick: Pick) -> Fields:
    return {"accepted": pick([True, True, False]), "reason": "复查"}


def _follow_up(scene: Scene, pick: Pick) -> Fields:
    return dict(
        pick(
            [
                {"reached": True, "satisfied": True, "score": 5},
                {"reached": False},
                {"reached": True, "satisfied": False, "score": 1},
            ]
        )
    )


_FORMS: dict[Command, Callable[[Scene, Pick], Fields]] = {
    Command.REGISTER: _register,
    Command.AMEND: _amend,
    Command.NOTE: lambda scene, pick: {"text": "业主晚上在家"},
    Command.CALL_BACK: lambda scene, pick: {"agreed": "周六上午"},
    Command.START_GUIDANCE: lambda scene, pick: {"way": pick(list(GuidanceWay)).value},
    Command.GUIDE: lambda scene, pick: {"outcome": pick(["needs_visit", "solved"])},
    Command.ASSESS: _assess,
    Command.QUOTE: _quote,
    Command.DECIDE_FEE: _decide_fee,
    Command.DISPUTE: _dispute,
    Command.RULE: _rule,
    Command.DISPATCH: _dispatch,
    Command.DECLINE: _reason,
    Command.FINISH: _finish,
    Command.LEAVE_UNFINISHED: _leave,
    Command.HOLD: _hold,
    Command.RESUME: _resume,
    Command.SIGN_OFF: _sign_off,
    Command.RETURN_ORDER: lambda scene, pick: {"minutes": 40, "receipts": 1},
    Command.WAIVE_ORDER: _reason,
    Command.VERIFY: _verify,
    Command.RECORD_FOLLOW_UP: _follow_up,
    Command.REQUEST_LOANER: _reason,
    Command.CHOOSE_REMEDY: lambda scene, pick: {"remedy": pick([*Remedy, Remedy.RETURN]).value},
    Command.APPROVE_REFUND: lambda scene, pick: {"amount_fen": pick([120000, 1, 1, 0])},
    Command.ADOPT_POLICY: lambda scene, pick: {"policy": pick(POLICY_NAMES), "reason": "换合同"},
    Command.CANCEL: _reason,
    Command.MERGE_INTO: lambda scene, pick: {"ticket": pick(OTHERS)},
}
_DOERS = (Role.DEPT_HEAD, Role.SUPERVISOR, Role.CUSTOMER, Role.TECHNICIAN, Role.AGENT, Role.QUALITY)
_PLAIN: dict[Command, Fields] = {
    Command.DISPATCH: {"reason": "客户着急"},
    Command.SIGN_OFF: {"satisfied": True},
}
_ON_BEHALF = (Command.DECIDE_FEE, Command.SIGN_OFF)
