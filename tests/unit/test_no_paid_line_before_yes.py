"""Whatever the order of messages: no paid line before a yes, and nobody sent before an answer.

The model here knows only what was accepted, in which order; it shares nothing with `domain.fees`.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from hypothesis import event, given, settings
from hypothesis import strategies as st

from domain.events import Event
from domain.evolving import fold
from domain.vocabulary import ENDED
from tests.unit.acting import OLD, WINDOW, Desk, attempted, line, small_policy

PRICES = (0, 100, 300)
ITEMS = ("执手", "铰链")

lines = st.lists(
    st.builds(line, st.sampled_from(ITEMS), st.sampled_from(PRICES)), min_size=1, max_size=2
)
Step = tuple[str, str, dict[str, Any]]


def _say(command: str, role: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    return st.tuples(st.just(command), st.just(role), st.fixed_dictionaries(fields))


def _go() -> st.SearchStrategy[Step]:
    """The next step of whoever is out."""
    return st.sampled_from([("accept", "technician", {}), ("arrive", "technician", {})])


why = st.just("因为")
answers = {"quote": st.integers(1, 4), "evidence": st.just("微信")}
steps = st.one_of(
    _say("quote", "agent", lines=lines),
    _say("quote", "technician", lines=lines),
    _say("decide_fee", "customer", decision=st.just("approve"), **answers),
    _say("decide_fee", "agent", decision=st.just("approve"), **answers),
    _say("decide_fee", "customer", decision=st.sampled_from(["approve", "refuse"]), **answers),
    _say("dispatch", "supervisor", reason=why),
    _say("dispatch", "supervisor", reason=why, emergency=st.booleans()),
    _say("turn", ""),
    _say("accept", "technician"),
    _say("decline", "technician", reason=why),
    _say("arrive", "technician"),
    _say("start_work", "technician"),
    _say("finish", "technician", lines=lines),
    _say("finish", "technician", lines=lines),
    _say("leave_unfinished", "technician", reason=why, lines=lines),
    _say("sign_off", "customer", satisfied=st.booleans()),
    _say("assess", "technician", cause=st.sampled_from(["misuse", "quality"])),
    _say("assess", "quality", in_warranty=st.sampled_from([True, False, "unknown"])),
    _say("dispute", "agent", subject=st.just("fee"), reason=why),
    _say("rule", "quality", in_warranty=st.booleans(), reason=why),
    _say("hold", "agent", reason=st.sampled_from(["consent", "parts"])),
    _say("resume", "agent", reason=st.sampled_from(["consent", "parts"])),
    _go(),
    _go(),
    _say("wait", "", hours=st.sampled_from([1, 30, 100])),
)
SENT: tuple[Step, ...] = (
    ("dispatch", "supervisor", {"reason": "派"}),
    ("turn", "", {}),
    ("accept", "technician", {}),
    ("arrive", "technician", {}),
)
ROAD: tuple[Step, ...] = (
    ("quote", "agent", {"lines": [line(ITEMS[0], 300), line(ITEMS[1], 100)]}),
    ("decide_fee", "customer", {"quote": 1, "decision": "approve"}),
    *SENT,
    ("leave_unfinished", "technician", {"reason": "缺件", "lines": [line(ITEMS[0], 100)]}),
    *SENT,
)
"""The road to paid work: every example begins with some of it, so that most get somewhere."""


@dataclass
class Model:
    """What was asked last, what was said to it, and what was charged on it so far."""

    asked: Counter[str] = field(default_factory=Counter)
    answer: Literal["none", "waits", "yes", "void"] = "none"
    charged: Counter[str] = field(default_factory=Counter)
    waived_yes: bool = False
    """A yes to what was then found free; it stands again if that is found wrong."""

    def accepted(self, command: str, fields: dict[str, Any], came: list[Event]) -> None:
        if command == "quote":
            self.asked = _amounts(fields["lines"])
            self.answer = "waits" if self.asked.total() else "void"
            self.charged, self.waived_yes = Counter(), False
        elif command == "decide_fee":
            assert self.answer == "waits"
            self.answer = "yes" if fields["decision"] == "approve" else "void"
        elif command in ("finish", "leave_unfinished"):
            self._charge(_amounts(fields["lines"]))
            if command == "finish" and self.answer == "waits":
                self.answer = "void"  # an emergency made safe: nothing is left to answer
        kinds = [one.kind for one in came]
        if "quotes_void" in kinds:
            self.waived_yes = self.waived_yes or self.answer == "yes"
            self.answer = "void" if self.answer in ("waits", "yes") else self.answer
        if "quotes_restored" in kinds and self.waived_yes:
            self.answer, self.waived_yes = "yes", False

    def _charge(self, final: Counter[str]) -> None:
        if not final.total():
            return
        event("a paid line was accepted")
        assert self.answer == "yes"
        self.charged += final
        assert all(self.charged[item] <= self.asked[item] for item in self.charged)


def _amounts(given: list[dict[str, Any]]) -> Counter[str]:
    amounts: Counter[str] = Counter()
    for one in given:
        amounts[one["item"]] += one["quantity"] * one["unit_price_fen"]
    return amounts


def _sent_without_emergency(desk: Desk, came: list[Event]) -> bool:
    sent = [one.changes.visit for one in came if one.kind == "dispatched"]
    ordered = desk.ticket.dispatch_order
    return any(one is not None and not one.emergency for one in sent) or (
        ordered is not None and not ordered.emergency
    )


def _take(desk: Desk, model: Model, step: Step) -> None:
    """One step; a refusal changes nothing (`attempted` sees to that)."""
    command, role, fields = step
    before = len(desk.case.events)
    if command == "turn":
        desk.take_turn()
    elif command == "wait":
        desk.later(**fields)
    else:
        visit = desk.ticket.visit
        name = visit.technician.id if visit and role == "technician" else "甲"
        if attempted(desk, command, role, name, **fields) is None:
            model.accepted(command, fields, list(desk.case.events[before:]))
    if desk.ticket.stage in ENDED or desk.ticket.outcome is not None:
        return
    waits = desk.ticket.open_quote is not None
    assert waits == (model.answer == "waits")
    if waits:
        event("a quote above zero waited")
        assert not _sent_without_emergency(desk, list(desk.case.events[before:]))


@settings(max_examples=300)
@given(
    old=st.booleans(),
    first=st.sampled_from(["quote_first", "inspect_first"]),
    road=st.sampled_from([0, 1, 2, 6, 7, len(ROAD)]),
    then=st.lists(steps, max_size=25),
)
def test_no_paid_line_before_a_yes_and_nobody_sent_before_an_answer(
    old: bool, first: str, road: int, then: list[Step]
) -> None:
    desk, model = Desk(small_policy(out_of_warranty=first)), Model()
    desk.register(OLD if old else WINDOW)
    desk.ring_is_slow = True
    for step in (*ROAD[:road], *then):
        _take(desk, model, step)
    assert fold(desk.case.events) == desk.ticket
