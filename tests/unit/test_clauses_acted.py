"""Clauses without a deadline that the procedure keeps, each acted out under its own policy."""

from typing import Any

import pytest

from domain.commands import LookedUp
from domain.directory import Device
from domain.refusals import RefusalType
from domain.vocabulary import FaultKind, Milestone, Stage
from tests.unit.acting import MONDAY, WINDOW, Desk, refused
from tests.unit.case_tables import SHELF

SERVER = Device(product="核心交换机", product_class="network", accepted_on=MONDAY.date())
COMPUTER = Device(product="台式机", product_class="microcomputer", invoice_date=MONDAY.date())


def at_the_desk(policy: str, device: Device = WINDOW, **fields: Any) -> Desk:
    """A registered ticket of that policy."""
    desk = Desk(SHELF.get(policy))
    desk.register(device, **fields)
    return desk


@pytest.mark.clause("D1-17.1", "D1-5.2.2.a")
def test_the_register_entry_needs_place_and_symptom_and_keeps_the_category() -> None:
    desk = Desk(SHELF.get("doors_windows"))
    looked_up = LookedUp(policy=desk.policy, device=WINDOW)
    without = refused(desk, "register", "agent", symptom="关不上", looked_up=looked_up)
    assert without is RefusalType.INVALID_INPUT
    desk.register(category="五金")
    entry = desk.ticket.registration
    assert entry is not None
    assert (entry.site, entry.symptom, entry.category) == ("江南花园", "关不上", "五金")


@pytest.mark.clause("D1-17.3", "D1-6.a")
def test_whoever_is_sent_has_the_repair_order() -> None:
    desk = at_the_desk("doors_windows")
    assert desk.ticket.first(Milestone.ORDER_ISSUED) is None
    assert refused(desk, "depart", "technician", "T01") is RefusalType.INVALID_TRANSITION
    desk.visit(until="depart")
    issued = desk.ticket.first(Milestone.ORDER_ISSUED)
    departed = desk.ticket.first(Milestone.DEPARTED)
    assert issued is not None
    assert departed is not None
    assert issued < departed


@pytest.mark.clause("D1-8.c", "D1-8.d")
@pytest.mark.parametrize("left", [True, False])
def test_the_visit_says_whether_the_site_is_clear_and_a_warning_hangs(left: bool) -> None:
    desk = at_the_desk("doors_windows")
    desk.visit(until="start_work")
    desk.do("finish", "technician", "T01", site_cleared=left, warning_tag=left)
    visit = desk.ticket.visits[-1]
    assert (visit.site_cleared, visit.warning_tag) == (left, left)
    assert desk.events("finished")[-1].details["site_cleared"] is left


@pytest.mark.clause("D1-17.4", "D1-15.b")
def test_a_follow_up_is_recorded_with_who_when_and_what_was_said() -> None:
    desk = at_the_desk("doors_windows")
    desk.visit()
    desk.do("sign_off", "customer", "王秀英", satisfied=True)
    desk.do("return_order", "technician", "T01")
    said = {"satisfied": True, "score": 5, "remarks": "来得很快"}
    at = desk.now
    desk.do("record_follow_up", "agent", "客服小何", reached=True, **said)
    [tried] = desk.ticket.follow_ups
    assert tried.model_dump() == {"at": at, "reached": True, **said}
    by = desk.events("followed_up")[-1].by
    assert by is not None
    assert by.name == "客服小何"


@pytest.mark.clause("D3-3.2.1.b")
def test_a_question_about_the_product_is_passed_on_and_nobody_is_sent() -> None:
    desk = Desk(SHELF.get("b2b_quality"))
    desk.do("register", "agent", "客服小何", kind="enquiry", symptom="纸粉多,怎么调")
    assert desk.ticket.stage is Stage.REDIRECTED
    assert not desk.ticket.visits


@pytest.mark.clause("D4-W2.a", "D4-R0")
def test_what_the_phone_could_not_solve_gets_a_visit() -> None:
    desk = at_the_desk("it_network", SERVER)
    desk.do("start_guidance", "technician", "T01")
    desk.do("guide", "technician", "T01", outcome="needs_visit")
    assert desk.ticket.stage is Stage.DISPATCHING
    assert desk.ticket.first(Milestone.RESOLVED) is None
    desk.visit(until="arrive")
    assert desk.ticket.stage is Stage.ON_SITE


@pytest.mark.clause("D4-W2.c")
def test_the_arrival_and_the_diagnosis_on_site_are_recorded() -> None:
    desk = at_the_desk("it_network", SERVER)
    desk.visit(until="arrive")
    arrived = desk.ticket.visits[-1].arrived_at
    assert arrived is not None
    assert arrived == desk.ticket.first(Milestone.ARRIVED)
    desk.do("assess", "technician", "T01", fault_kind="hardware", severity="severe")
    assert desk.ticket.facts["fault_kind"] == FaultKind.HARDWARE
    desk.do("start_work", "technician", "T01")
    desk.do("finish", "technician", "T01", work="更换电源模块")
    assert desk.ticket.visits[-1].work == "更换电源模块"


@pytest.mark.clause("D5-C7.2.b")
@pytest.mark.parametrize(
    ("outcome", "stage"), [("solved", Stage.FOLLOW_UP), ("needs_visit", Stage.DISPATCHING)]
)
def test_the_phone_solves_it_or_somebody_is_sent(outcome: str, stage: Stage) -> None:
    desk = at_the_desk("it_reseller", COMPUTER)
    desk.do("start_guidance", "agent")
    desk.do("guide", "agent", outcome=outcome)
    assert desk.ticket.stage is stage
