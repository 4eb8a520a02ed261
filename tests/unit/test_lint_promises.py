"""The lint's rules on promises, each on made-up policies: one that has the fault, one without."""

from typing import Any

import pytest

from tests.unit.linting import brief, found, promise, told

OFFICE = 'calendars: {office: {kind: opening_hours, daily: ["08:00-18:00"]}}'


def test_a_clean_policy_has_no_finding() -> None:
    clean = found(
        promise("arrive", met_by="arrived", within="2 hours"),
        promise("small", when={"weight_kg": {"max": 10, "unknown": "applies"}}, within="2 days"),
        promise("large", when={"weight_kg": {"above": 10}}, within="3 days"),
        text="""
        warranty:
          coverages: [{kind: parts_and_labour, months: 12, starts: [invoice_date], clauses: [W1]}]
        """,
    )
    assert clean == ()


# --- an end before the step it needs ---------------------------------------------------------


def test_an_end_before_its_step_is_left_open() -> None:
    faults = found(
        promise("fix", within="30 minutes"), promise("arrive", met_by="arrived", within="1 hour")
    )
    assert told("end_before_step", faults) == [("error", ("ARRIVE", "FIX"))]


def test_a_start_chosen_by_a_reading_resolves_it_and_the_startless_are_told_together() -> None:
    startless = {"starts": None}
    faults = found(
        promise("f1", starts="arrived", within="2 hours", when={"severity": "general"},
                as_written=startless),
        promise("f2", starts="arrived", within="30 minutes", when={"severity": "severe"},
                as_written=startless),
        promise("r1", met_by="arrived", within="1 hour"),
    )  # fmt: skip
    assert told("end_before_step", faults) == [("warning", ("F1", "F2", "R1"))]
    assert told("missing_start", faults) == [("warning", ("F1",)), ("warning", ("F2",))]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({"when": {"fault_kind": "software"}}, {}, id="from afar"),
        pytest.param({"when": {"urgent": True}}, {"when": {"urgent": False}}, id="never together"),
        pytest.param({"within": "1 hour"}, {}, id="just as soon"),
        pytest.param({"met_by": ["resolved", "called_back"]}, {}, id="another end will do"),
        pytest.param({"starts": "arrived"}, {}, id="counts from the step"),
    ],
)
def test_an_end_that_does_not_have_to_wait(first: dict[str, Any], second: dict[str, Any]) -> None:
    faults = found(
        promise("fix", **{"within": "30 minutes", **first}),
        promise("arrive", met_by="arrived", within="1 hour", **second),
    )
    assert told("end_before_step", faults) == []


def test_a_step_on_office_hours_may_come_after_an_end_that_runs_at_night() -> None:
    faults = found(
        promise("fix", within="4 hours"),
        promise("arrive", met_by="arrived", within="1 hour", calendar="office"),
        text=OFFICE,
    )
    assert told("end_before_step", faults) == [("error", ("ARRIVE", "FIX"))]


def test_an_end_that_always_lies_before_its_start_promises_nothing() -> None:
    faults = found(promise("odd", starts="arrived", met_by="dispatched"))
    assert brief(faults) == {("error", "end_before_start")}


def test_a_ticket_cannot_wait_for_a_delivery() -> None:
    faults = found(promise("odd", met_by="delivered", starts="contract_signed"))
    assert [one.place for one in faults] == [
        ("promises", 0, "starts"),
        ("promises", 0, "met_by"),
    ]
    kept = found(promise("odd", met_by="delivered", starts="contract_signed", kept_by="delivery"))
    assert kept == ()


# --- a value in two clauses, or in none ------------------------------------------------------


def test_ten_kilogrammes_in_two_clauses() -> None:
    two = ({"weight_kg": {"max": 10}}, {"weight_kg": {"min": 10}})
    faults = found(
        promise("small", when=two[0], within="2 days"),
        promise("large", when=two[1], within="3 days"),
    )
    assert told("value_in_two", faults) == [("error", ("LARGE", "SMALL"))]
    assert "为 10 时" in faults[0].message


def test_a_choice_that_stands_in_two_clauses_is_told_to_leave_one() -> None:
    (fault,) = found(
        promise("slow", when={"severity": ["general", "urgent"]}, within="8 hours"),
        promise("fast", when={"severity": ["urgent", "severe"]}, within="4 hours"),
    )
    assert (fault.rule, fault.clauses) == ("value_in_two", ("FAST", "SLOW"))
    assert "min" not in fault.fix


def test_the_bound_that_a_reading_moves_is_a_warning() -> None:
    faults = found(
        promise("small", when={"weight_kg": {"max": 10}}, within="2 days"),
        promise("large", when={"weight_kg": {"above": 10}}, within="3 days",
                as_written={"weight_kg": {"min": 10}}),
    )  # fmt: skip
    assert told("value_in_two", faults) == [("warning", ("LARGE", "SMALL"))]
    assert brief(faults) == {("warning", "value_in_two")}


def test_a_hole_between_two_ranges() -> None:
    faults = found(
        promise("small", when={"weight_kg": {"below": 10}}, within="2 days"),
        promise("large", when={"weight_kg": {"above": 10}}, within="3 days"),
    )
    assert told("value_in_none", faults) == [("error", ("LARGE", "SMALL"))]


def test_a_choice_that_no_clause_names() -> None:
    named = [promise("a", when={"severity": "general"}), promise("b", when={"severity": "severe"})]
    faults = found(*named)
    assert told("value_in_none", faults) == [("error", ("A", "B"))]
    assert "urgent" in faults[0].message
    assert found(*named, promise("c", when={"severity": "urgent"})) == ()


# --- two numbers -----------------------------------------------------------------------------


def test_two_numbers_for_one_case_are_one_finding_with_all_of_them() -> None:
    faults = found(
        promise("a", met_by="arrived", within="1 hour", when={"in_warranty": True}),
        promise("b", met_by="arrived", within="2 hours", when={"device_fault": True}),
        promise("c", met_by="arrived", within="3 hours"),
    )
    assert told("two_numbers", faults) == [("error", ("A", "B", "C"))]


def test_a_laxer_level_resolves_two_numbers() -> None:
    faults = found(
        promise(
            "a",
            met_by="arrived",
            within="1 hour",
            laxer=[{"level": 3, "within": "2 hours", "clauses": ["B"]}],
        )
    )
    assert brief(faults) == {("warning", "two_numbers")}
    assert faults[0].clauses == ("A", "B")


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"met_by": "arrived"}, id="another end"),
        pytest.param({"starts": "last arrived"}, id="another start"),
        pytest.param({"objective": True}, id="only a target"),
        pytest.param({"within": "4 hours"}, id="the same number"),
    ],
)
def test_other_promises_beside_it_are_no_contradiction(other: dict[str, Any]) -> None:
    faults = found(promise("a"), promise("b", **{"within": "8 hours", **other}))
    assert told("two_numbers", faults) == []


@pytest.mark.parametrize(
    ("laxer", "says"),
    [
        pytest.param({"level": 3, "within": "1 hour"}, "不比承诺本身宽", id="as strict"),
        pytest.param({"level": 7, "within": "8 hours"}, "没有第 7 级", id="no such rung"),
        pytest.param({"level": 2, "within": "12 hours"}, "先后颠倒", id="after the next rung"),
    ],
)
def test_a_laxer_number_out_of_order(laxer: dict[str, Any], says: str) -> None:
    faults = found(promise("a", laxer=[{"clauses": ["B"], **laxer}]))
    (fault,) = [one for one in faults if one.rule == "laxer_order"]
    assert fault.severity == "error"
    assert says in fault.message


# --- consequences, conditions, leads ---------------------------------------------------------


def test_a_deadline_without_consequence() -> None:
    silent = "ladders: {silent: [{level: 0, percent: 75, tell: agent}]}"
    assert brief(found(promise("a", escalate="silent"), text=silent)) == {
        ("error", "no_consequence")
    }
    assert brief(found(promise("a", escalate="none"))) == {("error", "no_consequence")}
    assert found(promise("a", escalate="none", objective=True)) == ()
    assert brief(found(promise("a", as_written={"escalate": None}))) == {("note", "no_consequence")}


def test_a_condition_that_cannot_be() -> None:
    faults = found(promise("a", when={"weight_kg": {"min": 10, "max": 5}}))
    assert brief(faults) == {("error", "unreachable_condition")}
    assert faults[0].place == ("promises", 0, "when")


def test_an_alternative_that_another_has_already() -> None:
    faults = found(promise("a", when=[{"urgent": True}, {"urgent": True, "severity": "severe"}]))
    assert brief(faults) == {("warning", "redundant_alternative")}
    assert faults[0].place == ("promises", 0, "when", 1)


@pytest.mark.parametrize(
    ("within", "lead", "is_too_long"),
    [
        ("24 hours", "24 hours", True),
        ("24 hours", "23 hours", False),
        ("2 days", "49 hours", True),
        ("2 days", "47 hours", False),
    ],
)
def test_a_lead_as_long_as_its_deadline(within: str, lead: str, is_too_long: bool) -> None:
    faults = found(promise("a", within=within, remedy={"provide": "loaner", "lead": lead}))
    assert brief(faults) == ({("error", "lead_too_long")} if is_too_long else set())


# --- what the document leaves open -----------------------------------------------------------


def test_words_and_gaps_are_told_with_what_stands_in_their_place() -> None:
    faults = found(
        promise("a", as_written={"within": "promptly"}),
        promise("b", met_by="arrived", as_written={"within": None}),
    )
    assert brief(faults) == {("warning", "undefined_word"), ("warning", "missing_number")}
    assert "promptly;政策取 4 小时" in faults[0].message
    assert faults[1].place == ("promises", 1, "as_written", "within")


def test_a_word_that_the_policy_leaves_a_word_is_left_open() -> None:
    text = """
    provisions:
      - {id: rounds, kind: task, clauses: [P1], says: 巡查, as_written: {every: regularly}}
    """
    assert brief(found(text=text)) == {("error", "undefined_word")}


def test_a_written_value_that_is_neither_a_value_nor_a_word() -> None:
    assert brief(found(promise("a", as_written={"within": "2 fortnights"}))) == {
        ("error", "unreadable_as_written")
    }


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"void_by": "reported"}, "一开始就没有了"),
        ({"starts": ["reported", "registered"], "void_by": ["registered"]}, "一开始就没有了"),
        ({"void_by": ["resolved", "closed"]}, "做到了也作废"),
        ({"met_by": ["resolved", "guided"], "void_by": ["guided", "resolved"]}, "做到了也作废"),
    ],
)
def test_a_promise_that_its_own_start_or_end_makes_void(keys: dict[str, Any], says: str) -> None:
    (fault,) = [one for one in found(promise("a", **keys)) if one.rule == "void_at_once"]
    assert (fault.severity, fault.place) == ("error", ("promises", 0, "void_by"))
    assert says in fault.message


def test_a_promise_may_be_void_by_another_event_or_by_one_of_its_ends() -> None:
    faults = found(
        promise("a", void_by=["guided", "closed"]),
        promise("b", met_by=["resolved", "guided"], void_by="guided"),
    )
    assert told("void_at_once", faults) == []


# --- what a loaner's workflow keeps ----------------------------------------------------------


def test_a_loaner_knows_no_facts_and_no_new_dates_and_tells_once() -> None:
    back = {
        "kept_by": "loaner",
        "starts": "last loaner_recalled",
        "met_by": "loaner_returned",
        "within": "3 days",
    }
    rungs = [{"level": 1, "percent": 100, "tell": "supervisor"}]
    often = {"rungs": rungs, "repeat": {"every": "1 hour", "at_most": 2}}
    faults = found(
        promise("fine", **back),
        promise("asks", **back, when={"in_warranty": True}),
        promise("nags", **back, escalate="often"),
        ladders={"default": rungs, "often": often},
    )
    assert [(one.rule, one.place[-1]) for one in faults if one.rule == "beyond_a_loaner"] == [
        ("beyond_a_loaner", "when"),
        ("beyond_a_loaner", "escalate"),
    ]
