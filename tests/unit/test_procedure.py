"""The procedure: who may ask what of a ticket, when, and what becomes of it."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import LookedUp
from domain.directory import Device
from domain.evolving import fold
from domain.procedure import RULES
from domain.refusals import RefusalType, Refused
from domain.steps.ending import order_owed
from domain.ticket import TechnicianRef
from domain.vocabulary import ENDED, Command, Milestone, Outcome, Role, Stage
from tests.unit.acting import MONDAY, OLD, RING, WINDOW, Desk, refused, small_policy

UNKNOWN = Device(product="窗", product_class="window")


def test_every_command_has_a_rule() -> None:
    assert set(RULES) == set(Command)


def test_straight_road_ends_repaired_once_the_order_is_back_and_the_call_is_made() -> None:
    desk = Desk()
    desk.register()
    assert desk.ticket.stage is Stage.DISPATCHING
    desk.visit()
    assert desk.ticket.stage is Stage.REPAIRED
    desk.do("sign_off", "customer", "王秀英", satisfied=True)
    assert desk.ticket.stage is Stage.SIGNED_OFF
    desk.do("return_order", "technician", "T01")
    assert desk.ticket.stage is Stage.FOLLOW_UP
    desk.do("record_follow_up", "agent", reached=True, satisfied=True, score=5)
    assert (desk.ticket.stage, desk.ticket.outcome) == (Stage.CLOSED, Outcome.REPAIRED)


def test_follow_up_may_be_over_before_the_order_is_back_and_then_the_ticket_waits_for_it() -> None:
    desk = Desk()
    desk.register()
    desk.visit()
    desk.do("sign_off", "customer", "王秀英")
    desk.do("record_follow_up", "agent", reached=True, satisfied=True)
    assert (desk.ticket.stage, desk.ticket.outcome) == (Stage.FOLLOW_UP, Outcome.REPAIRED)
    assert refused(desk, "record_follow_up", "agent", reached=True, satisfied=True) is (
        RefusalType.INVALID_TRANSITION
    )
    desk.do("waive_order", "supervisor", "高主管", reason="单据遗失,已核实")
    assert desk.ticket.stage is Stage.CLOSED


@pytest.mark.parametrize(
    ("device", "out_of_warranty", "stage", "fact"),
    [
        (WINDOW, "quote_first", Stage.DISPATCHING, True),
        (UNKNOWN, "quote_first", Stage.DISPATCHING, "unknown"),
        (OLD, "quote_first", Stage.ASSESSING, False),
        (OLD, "inspect_first", Stage.DISPATCHING, False),
    ],
)
def test_registration_assesses_and_leads_on(
    device: Device, out_of_warranty: str, stage: Stage, fact: object
) -> None:
    desk = Desk(small_policy(out_of_warranty=out_of_warranty))
    desk.register(device)
    assert desk.ticket.stage is stage
    assert desk.ticket.facts["in_warranty"] == fact
    assert desk.ticket.warranty is not None
    assert desk.ticket.warranty.basis


def test_assess_corrects_the_warranty_with_its_basis_in_either_direction() -> None:
    desk = Desk(small_policy(out_of_warranty="quote_first"))
    desk.register(OLD)
    desk.do("assess", "quality", "质检老梁", in_warranty=True, basis="合同另有约定")
    assert desk.ticket.stage is Stage.DISPATCHING
    assert desk.ticket.warranty is not None
    assert desk.ticket.warranty.basis == "合同另有约定"
    desk.do("assess", "technician", "T01", cause="misuse")
    assert desk.ticket.facts["in_warranty"] is False
    assert desk.ticket.stage is Stage.ASSESSING


@pytest.mark.parametrize("kind", ["enquiry", "complaint", "wrong_number"])
def test_what_is_no_repair_is_redirected_and_over(kind: str) -> None:
    desk = Desk()
    desk.register(None, kind=kind)
    assert (desk.ticket.stage, desk.ticket.outcome) == (Stage.REDIRECTED, Outcome.REDIRECTED)
    assert refused(desk, "note", "agent", text="还有") is RefusalType.TICKET_CLOSED


def test_guidance_that_solves_it_leads_to_the_follow_up_and_closes_as_guided() -> None:
    desk = Desk()
    desk.do("start_guidance", "technician", "马工")
    desk.register()
    desk.do("guide", "technician", "马工", outcome="solved")
    assert desk.ticket.stage is Stage.FOLLOW_UP
    assert desk.ticket.first(Milestone.RESOLVED) == desk.ticket.first(Milestone.GUIDED)
    desk.do("record_follow_up", "agent", reached=True, satisfied=True)
    assert (desk.ticket.stage, desk.ticket.outcome) == (Stage.CLOSED, Outcome.GUIDED)


def test_guidance_that_does_not_solve_it_moves_nothing() -> None:
    desk = Desk()
    desk.register()
    desk.do("start_guidance", "agent")
    desk.do("guide", "agent", outcome="needs_visit")
    assert desk.ticket.stage is Stage.DISPATCHING
    assert desk.ticket.first(Milestone.GUIDED) is None
    assert desk.ticket.first(Milestone.RESOLVED) is None


def test_a_decline_puts_the_next_on_the_visit_and_an_exhausted_ring_asks_the_supervisor() -> None:
    desk = Desk()
    desk.register()
    desk.do("dispatch", "supervisor")
    desk.do("decline", "technician", "周师傅", reason="在外地")
    assert desk.ticket.visit is not None
    assert desk.ticket.visit.technician.id == "T02"
    assert desk.ticket.stage is Stage.SCHEDULED
    desk.do("decline", "technician", "T02", reason="病了")
    assert desk.ticket.stage is Stage.DISPATCHING
    assert desk.ticket.task
    assert [visit.result for visit in desk.ticket.visits] == ["declined", "declined"]


def test_only_the_technician_who_was_sent_acts_on_the_visit() -> None:
    desk = Desk()
    desk.register()
    desk.do("dispatch", "supervisor")
    assert refused(desk, "accept", "technician", "吴师傅") is RefusalType.NOT_YOUR_VISIT
    desk.do("accept", "technician", "周师傅")


def test_reassigning_and_moving_need_a_reason_and_keep_the_history() -> None:
    desk = Desk()
    desk.register()
    desk.do("dispatch", "supervisor")
    window = {"from": "2026-03-07T09:00:00+08:00", "to": "2026-03-07T11:00:00+08:00"}
    assert refused(desk, "dispatch", "supervisor", window=window) is RefusalType.INVALID_INPUT
    desk.do("dispatch", "supervisor", window=window, reason="业主改期")
    assert desk.ticket.visit is not None
    assert desk.ticket.visit.window is not None
    assert desk.ticket.visit.number == 1


def test_unfinished_goes_back_to_dispatching_counted_and_the_visit_is_kept() -> None:
    desk = Desk()
    desk.register()
    desk.visit(until="start_work")
    desk.do("leave_unfinished", "technician", "T01", reason="缺配件")
    assert (desk.ticket.stage, desk.ticket.unfinished) == (Stage.DISPATCHING, 1)
    desk.visit()
    assert [visit.result for visit in desk.ticket.visits] == ["unfinished", "finished"]


@pytest.mark.parametrize("where", ["sign_off", "follow_up"])
def test_not_satisfied_reopens_and_is_counted(where: str) -> None:
    desk = Desk()
    desk.register()
    desk.visit()
    desk.do("sign_off", "customer", "王秀英", satisfied=where != "sign_off")
    if where == "follow_up":
        desk.do("record_follow_up", "agent", reached=True, satisfied=False)
    assert (desk.ticket.stage, desk.ticket.reopened) == (Stage.DISPATCHING, 1)
    desk.visit()
    desk.do("verify", "quality", "质检老梁", accepted=True)
    desk.do("sign_off", "customer", "王秀英")
    desk.do("return_order", "technician", "T01")
    desk.do("record_follow_up", "agent", reached=True, satisfied=True)
    assert desk.ticket.stage is Stage.CLOSED


def test_three_recorded_tries_that_reach_nobody_close_it_and_reopening_counts_anew() -> None:
    desk = Desk()
    desk.register()
    desk.visit()
    desk.do("sign_off", "customer", "王秀英")
    desk.do("return_order", "technician", "T01")
    for tries in (1, 2, 3):
        assert desk.ticket.stage is not Stage.CLOSED, tries
        desk.do("record_follow_up", "agent", reached=False)
    assert (desk.ticket.stage, desk.ticket.outcome) == (Stage.CLOSED, Outcome.NOT_REACHED)


def test_cancelled_at_once_but_an_order_that_was_on_site_must_come_back() -> None:
    early = Desk()
    early.register()
    early.do("cancel", "supervisor", reason="用户不修了")
    assert (early.ticket.stage, early.ticket.outcome) == (Stage.CLOSED, Outcome.CANCELLED)
    late = Desk()
    late.register()
    late.visit(until="arrive")
    late.do("cancel", "supervisor", reason="用户不修了")
    assert (late.ticket.stage, late.ticket.outcome) == (Stage.FOLLOW_UP, Outcome.CANCELLED)
    late.do("return_order", "technician", "T01")
    assert late.ticket.stage is Stage.CLOSED


def test_the_agents_check_in_of_a_returned_order_is_no_second_return() -> None:
    desk = Desk()
    desk.register()
    desk.visit()
    desk.do("return_order", "technician", "T01")
    desk.do("return_order", "agent", expenses=[{"what": "交通", "amount_fen": 1200}], minutes=40)
    assert len(desk.ticket.milestones[Milestone.ORDER_RETURNED]) == 1
    assert desk.kinds[-1] == "order_checked_in"


def test_a_paid_line_waits_for_consent_whatever_the_warranty_says() -> None:
    line = {"item": "执手", "kind": "part", "quantity": 1, "unit_price_fen": 3000}
    for device in (WINDOW, OLD):
        desk = Desk(small_policy(out_of_warranty="inspect_first"))
        desk.register(device)
        desk.visit(until="start_work")
        assert refused(desk, "finish", "technician", "T01", lines=[line]) is (
            RefusalType.CONSENT_NEEDED
        )


def test_a_ticket_that_began_under_the_first_procedure_goes_on_as_it_began() -> None:
    line = {"item": "执手", "kind": "part", "quantity": 1, "unit_price_fen": 3000}
    desk = Desk(procedure=1)
    desk.register()
    desk.visit(until="start_work")
    desk.do("finish", "technician", "T01", lines=[line])
    assert desk.ticket.stage is Stage.REPAIRED


def test_checks_come_in_order_role_stage_person_input() -> None:
    desk = Desk()
    assert refused(desk, "finish", "agent", nonsense=1) is RefusalType.NOT_ALLOWED
    assert refused(desk, "finish", "technician", nonsense=1) is RefusalType.INVALID_TRANSITION
    desk.register()
    desk.visit(until="arrive")
    assert refused(desk, "finish", "technician", "别人", nonsense=1) is RefusalType.NOT_YOUR_VISIT
    assert refused(desk, "finish", "technician", "T01", nonsense=1) is RefusalType.INVALID_INPUT


@pytest.mark.parametrize(
    ("command", "role", "fields", "field"),
    [
        ("note", "agent", {}, "text"),
        ("note", "agent", {"text": ""}, "text"),
        ("note", "agent", {"text": "x", "at": "0001-01-01T00:00:00+14:00"}, "at"),
        ("assess", "quality", {"severity": "terrible"}, "severity"),
        ("assess", "quality", {"weight_kg": -1}, "weight_kg"),
        ("assess", "quality", {"weight_kg": float("nan")}, "weight_kg"),
        ("assess", "quality", {}, "in_warranty"),
        ("dispatch", "supervisor", {"window": {"from": "x", "to": "y"}}, "window.from"),
        ("cancel", "supervisor", {}, "reason"),
        ("note", "agent", {"text": "x", "at": "2999-01-01T00:00:00+08:00"}, "at"),
        ("note", "agent", {"text": "x", "at": "2026-02-27T00:00:00+08:00"}, "at"),
        ("amend", "agent", {"field": "stage", "value": "closed"}, "field"),
    ],
)
def test_bad_input_names_the_field(
    command: str, role: str, fields: dict[str, Any], field: str
) -> None:
    desk = Desk()
    desk.register()
    before = desk.ticket
    with pytest.raises(Refused) as caught:
        desk.do(command, role, **fields)
    assert (caught.value.type, caught.value.field) == (RefusalType.INVALID_INPUT, field)
    assert desk.ticket == before


def test_business_times_reach_back_a_day_for_most_and_a_week_for_the_supervisor() -> None:
    desk = Desk()
    desk.register()
    desk.later(days=3)
    ago = (desk.now - timedelta(hours=30)).isoformat()
    assert refused(desk, "note", "agent", text="补记", at=ago) is RefusalType.INVALID_INPUT
    desk.do("note", "supervisor", text="补记", at=ago)
    desk.do("dispatch", "supervisor", at=ago)
    before_dispatch = (desk.now - timedelta(hours=31)).isoformat()
    assert refused(desk, "accept", "technician", "T01", at=before_dispatch) is (
        RefusalType.INVALID_INPUT
    )


def test_nothing_was_done_before_the_first_ring() -> None:
    desk = Desk()
    desk.later(hours=3)
    early = (MONDAY - timedelta(minutes=1)).isoformat()
    assert refused(desk, "call_back", "agent", at=early) is RefusalType.INVALID_INPUT
    assert refused(desk, "start_guidance", "agent", at=early) is RefusalType.INVALID_INPUT
    desk.do("call_back", "agent", at=MONDAY.isoformat())


def test_follow_up_tries_come_in_their_order_and_say_nothing_that_nobody_heard() -> None:
    desk = Desk()
    desk.register()
    desk.visit()
    desk.do("sign_off", "customer", "王秀英")
    desk.later(hours=5)
    desk.do("record_follow_up", "agent", reached=False)
    early = (desk.now - timedelta(hours=2)).isoformat()
    assert refused(desk, "record_follow_up", "agent", reached=False, at=early) is (
        RefusalType.INVALID_INPUT
    )
    assert refused(desk, "record_follow_up", "agent", reached=False, satisfied=False) is (
        RefusalType.INVALID_INPUT
    )


def test_a_cause_leaves_a_persons_ruling_alone_unless_it_is_paid_for() -> None:
    desk = Desk()
    desk.register(OLD)
    desk.do("assess", "quality", "质检老梁", in_warranty=True, basis="合同另有约定")
    desk.do("assess", "technician", "T01", cause="quality")
    assert desk.ticket.facts["in_warranty"] is True
    desk.do("assess", "technician", "T01", cause="misuse")
    assert desk.ticket.facts["in_warranty"] is False


def test_a_refusal_is_remembered_across_a_reassignment() -> None:
    third = TechnicianRef(id="T03", name="郑师傅")
    desk = Desk(ring=(*RING, third))
    desk.register()
    desk.do("dispatch", "supervisor")
    desk.do("decline", "technician", "T01", reason="在外地")
    named = LookedUp(technician=third)
    desk.do("dispatch", "supervisor", technician="T03", reason="就近", looked_up=named)
    desk.do("decline", "technician", "T03", reason="病了")
    assert desk.ticket.visit is not None
    assert desk.ticket.visit.technician.id == "T02"


def test_the_agreed_next_visit_is_the_window_of_the_next_dispatch() -> None:
    desk = Desk()
    desk.register()
    desk.visit(until="start_work")
    agreed = {"from": "2026-03-07T09:00:00+08:00", "to": "2026-03-07T11:00:00+08:00"}
    desk.do("leave_unfinished", "technician", "T01", reason="缺配件", next_visit=agreed)
    desk.do("dispatch", "supervisor")
    assert desk.ticket.visit is not None
    assert desk.ticket.visit.window == desk.ticket.visits[0].next_visit


def test_unknown_command_lists_the_known_ones() -> None:
    with pytest.raises(Refused, match="register") as caught:
        Desk().do("regster", "agent")
    assert caught.value.type is RefusalType.UNKNOWN_COMMAND


COMMANDS = st.sampled_from([command.value for command in Command])
FIELDS = st.dictionaries(
    st.sampled_from(["reason", "outcome", "satisfied", "reached", "text", "in_warranty", "cause"]),
    st.sampled_from(["solved", "needs_visit", True, False, "因为", "misuse", "quality"]),
    max_size=4,
)
STEPS = st.lists(
    st.tuples(COMMANDS, st.sampled_from([role.value for role in Role]), FIELDS, st.integers(0, 40)),
    max_size=40,
)
ROAD: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("register", "agent", {}),
    ("dispatch", "supervisor", {"reason": "派"}),
    ("accept", "technician", {}),
    ("arrive", "technician", {}),
    ("finish", "technician", {}),
    ("sign_off", "customer", {"satisfied": True}),
)


@settings(max_examples=150, deadline=None)
@given(road=st.integers(0, len(ROAD)), steps=STEPS)
def test_no_order_of_commands_leaves_an_impossible_ticket(
    road: int, steps: list[tuple[str, str, dict[str, Any], int]]
) -> None:
    desk = Desk()
    for command, role, fields in ROAD[:road]:
        _try(desk, command, role, fields)
    for command, role, fields, hours in steps:
        desk.later(hours=hours)
        _try(desk, command, role, fields)
        _is_possible(desk)
    assert fold(desk.case.events) == desk.ticket


def _try(desk: Desk, command: str, role: str, fields: dict[str, Any]) -> None:
    before = desk.ticket
    visit = desk.ticket.visit
    name = visit.technician.id if visit and role == "technician" else "甲"
    try:
        if command == "register" and role == "agent":
            desk.register()
        else:
            desk.do(command, role, name, **fields)
    except Refused:
        assert desk.ticket == before


def _is_possible(desk: Desk) -> None:
    ticket = desk.ticket
    out = ticket.stage in (Stage.SCHEDULED, Stage.ON_SITE)
    assert out == (ticket.visit is not None)
    assert (ticket.stage in ENDED) == (ticket.first(Milestone.CLOSED) is not None)
    if ticket.stage is Stage.CLOSED:
        assert ticket.outcome is not None
        assert not order_owed(ticket)
    if ticket.stage is Stage.ON_SITE:
        assert ticket.visit is not None
        assert ticket.visit.arrived_at is not None
    assert ticket.dispatch_order is None
    assert [visit.number for visit in ticket.visits] == list(range(1, len(ticket.visits) + 1))
    assert all(visit.result is not None for visit in ticket.visits[:-1])
