"""`policy explain`: the shape of its answer, and what it says to a case that is none."""

import json
from typing import Any

import pytest

from domain.explain import explain
from domain.policy import Policy
from domain.refusals import RefusalType, Refused
from domain.vocabulary import Milestone
from runtime.policy_files import PolicyShelf
from runtime.settings import settings

REPORTED = "2026-03-02T09:00:00+08:00"
KEYS = {
    "id",
    "clauses",
    "state",
    "starts_at",
    "due",
    "met_at",
    "late_seconds",
    "remedy_at",
    "escalations",
}


@pytest.fixture(scope="module")
def instruments() -> Policy:
    return PolicyShelf(settings().policies_dir).get("instruments")


@pytest.fixture(scope="module")
def doors_windows() -> Policy:
    return PolicyShelf(settings().policies_dir).get("doors_windows")


def case(**changed: Any) -> dict[str, Any]:
    return {
        "facts": {"weight_kg": 6},
        "milestones": {"reported": REPORTED},
        "now": "2026-03-02T09:05:00+08:00",
        **changed,
    }


def promises(policy: Policy, written: object, **options: bool) -> dict[str, Any]:
    answer: Any = json.loads(json.dumps(explain(policy, written, **options)))
    assert list(answer) == ["promises"]
    return {one["id"]: one for one in answer["promises"]}


def test_the_answer_has_the_shape_of_the_contract(instruments: Policy) -> None:
    found = promises(instruments, case())
    assert all(set(one) == KEYS for one in found.values())
    assert found["fixed_or_loaner_small"] == {
        "id": "fixed_or_loaner_small",
        "clauses": ["D5-A3.4.a", "D5-A3.4.b"],
        "state": "running",
        "starts_at": REPORTED,
        "due": "2026-03-05T00:00:00+08:00",
        "met_at": None,
        "late_seconds": None,
        "remedy_at": "2026-03-04T00:00:00+08:00",
        "escalations": [
            {"level": 0, "at": "2026-03-04T08:15:00+08:00"},
            {"level": 1, "at": "2026-03-05T00:00:00+08:00"},
            {"level": 2, "at": "2026-03-06T07:30:00+08:00"},
            {"level": 3, "at": "2026-03-07T15:00:00+08:00"},
        ],
    }


def test_promises_stand_in_the_policys_order(instruments: Policy) -> None:
    found = promises(instruments, case(), all=True)
    assert list(found) == [promise.id for promise in instruments.promises]


def test_what_does_not_apply_is_left_out_unless_all(instruments: Policy) -> None:
    assert "fixed_or_loaner_large" not in promises(instruments, case())
    void = promises(instruments, case(), all=True)["fixed_or_loaner_large"]
    assert (void["state"], void["due"], void["escalations"]) == ("void", None, [])


def test_only_now_is_needed(instruments: Policy) -> None:
    found = promises(instruments, {"now": REPORTED})
    assert {one["state"] for one in found.values()} == {"pending"}


def test_a_milestone_may_have_several_times_and_a_time_may_be_of_any_zone(
    doors_windows: Policy,
) -> None:
    written = case(
        milestones={"visit_ended": ["2026-03-07T17:00:00+08:00", "2026-03-08T03:00:00Z"]},
        now="2026-03-08T12:00",
    )
    returned = promises(doors_windows, written)["order_return"]
    assert returned["starts_at"] == "2026-03-08T11:00:00+08:00"
    assert returned["due"] == "2026-03-08T18:00:00+08:00"


def test_what_comes_after_now_has_not_happened_yet(instruments: Policy) -> None:
    both = {"reported": REPORTED, "guidance_started": "2026-03-02T09:10:00+08:00"}
    early = promises(instruments, case(milestones=both))["phone_guidance"]
    assert (early["state"], early["met_at"]) == ("running", None)
    earlier = promises(instruments, case(milestones=both, now="2026-03-02T08:59:59.999"))
    assert earlier["phone_guidance"]["state"] == "pending"


def test_an_open_hold_pauses_and_has_no_to(instruments: Policy) -> None:
    written = case(holds=[{"reason": "customer", "from": "2026-03-02T09:02:00+08:00"}])
    paused = promises(instruments, written)["phone_guidance"]
    assert (paused["state"], paused["due"]) == ("paused", "2026-03-02T09:18:00+08:00")


def test_milliseconds_are_shown_where_there_are_any(instruments: Policy) -> None:
    late = "2026-03-02T09:15:00.001+08:00"
    written = case(milestones={"reported": REPORTED, "guidance_started": late}, now=late)
    missed = promises(instruments, written)["phone_guidance"]
    assert (missed["state"], missed["met_at"], missed["late_seconds"]) == ("missed", late, 0)


def test_the_ladder_ends_where_the_promise_stopped(instruments: Policy) -> None:
    def levels(guided_at: str) -> list[int]:
        both = {"reported": REPORTED, "guidance_started": guided_at}
        written = case(milestones=both, now="2026-03-02T12:00")
        return [
            step["level"]
            for step in promises(instruments, written)["phone_guidance"]["escalations"]
        ]

    assert levels("2026-03-02T09:05") == []
    assert levels("2026-03-02T09:12") == [0]
    assert levels("2026-03-02T09:15") == [0]
    assert levels("2026-03-02T09:25") == [0, 1, 2]


def test_a_closed_ticket_owes_nothing_more(instruments: Policy) -> None:
    written = case(milestones={"reported": REPORTED, "closed": "2026-03-02T09:03:00+08:00"})
    assert promises(instruments, written)["phone_guidance"]["state"] == "void"


def test_a_day_that_the_calendar_does_not_know_is_named(doors_windows: Policy) -> None:
    written = case(milestones={"disputed": "2026-12-31T10:00"}, now="2026-12-31T11:00")
    ruling = promises(doors_windows, written)["dispute_ruling"]
    assert (ruling["state"], ruling["due"]) == ("running", None)
    assert ruling["unknown_from"] == "2027-01-01"


@pytest.mark.parametrize(
    ("written", "field"),
    [
        ([], ""),
        (None, ""),
        ("now", ""),
        ({}, "now"),
        (case(now=None), "now"),
        (case(now="yesterday"), "now"),
        (case(now="2026-03-02"), "now"),
        (case(now="0001-01-01T00:00:00+14:00"), "now"),
        (case(now="9999-12-31T23:00:00-10:00"), "now"),
        (case(now=1772413200), "now"),
        (case(fact={}), "fact"),
        (case(facts=[]), "facts"),
        (case(facts={"weight": 6}), "facts.weight"),
        (case(facts={"weight_kg": "six"}), "facts.weight_kg"),
        (case(milestones=REPORTED), "milestones"),
        (case(milestones={"report": REPORTED}), "milestones.report"),
        (case(milestones={"reported": "2026-03-02T25:00"}), "milestones.reported"),
        (case(milestones={"reported": [REPORTED, 3]}), "milestones.reported[1]"),
        (case(milestones={"reported": None}), "milestones.reported"),
        (case(holds={}), "holds"),
        (case(holds=["customer"]), "holds[0]"),
        (case(holds=[{"from": REPORTED}]), "holds[0].reason"),
        (case(holds=[{"reason": "lunch", "from": REPORTED}]), "holds[0].reason"),
        (case(holds=[{"reason": "customer"}]), "holds[0].from"),
        (case(holds=[{"reason": "customer", "since": REPORTED}]), "holds[0].since"),
        (
            case(holds=[{"reason": "customer", "from": REPORTED, "to": "2026-03-02T08:00"}]),
            "holds[0].to",
        ),
    ],
)
def test_bad_input_names_its_field(instruments: Policy, written: object, field: str) -> None:
    with pytest.raises(Refused) as caught:
        explain(instruments, written)
    assert (caught.value.type, caught.value.field) == (RefusalType.INVALID_INPUT, field)
    assert "\n" not in caught.value.message


def test_a_slip_of_the_pen_is_answered_with_the_nearest_word(instruments: Policy) -> None:
    with pytest.raises(Refused, match="reported"):
        explain(instruments, case(milestones={"reportd": REPORTED}))
    with pytest.raises(Refused, match="weight_kg"):
        explain(instruments, case(facts={"weigth_kg": 6}))


@pytest.mark.parametrize("name", Milestone)
def test_every_milestone_of_the_contract_is_taken(instruments: Policy, name: str) -> None:
    found = promises(instruments, case(milestones={name: [REPORTED]}))
    started = {one.id for one in instruments.promises if name in one.starts.milestones}
    assert {key for key, one in found.items() if one["starts_at"]} == started & found.keys()
