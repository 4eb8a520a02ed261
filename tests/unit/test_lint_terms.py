"""The lint's rules on warranty, fees and hours, and on clauses against the register."""

import pytest

from domain.lint.clauses import clause_findings, is_covered
from domain.policy import Policy
from tests.unit.linting import brief, found, promise, told

CALENDARS = """
calendars:
  weekends: {kind: opening_hours, 'on': {sat: ["00:00-24:00"], sun: ["00:00-24:00"]}}
  daily: {kind: opening_hours, daily: ["08:00-18:00"]}
"""
VISITS = "provisions:\n  - {id: visits, kind: rule, clauses: [V], says: 上门, steps: arrived"
DUTY = "  - {id: duty, kind: rule, clauses: [D], says: 急修, needs: arrived, calendar: always"


def coverages(*written: str) -> str:
    return "warranty:\n  coverages:\n" + "".join(f"    - {{{one}}}\n" for one in written)


YEAR = "kind: parts_and_labour, months: 12, starts: [invoice_date], clauses: [A2]"


def test_the_same_cover_for_two_lengths() -> None:
    faults = found(text=coverages(YEAR, YEAR.replace("12", "36").replace("A2", "A6")))
    assert told("two_terms", faults) == [("error", ("A2", "A6"))]


def test_a_reading_tells_the_two_terms_apart() -> None:
    labour = "kind: labour, months: 36, starts: [invoice_date], clauses: [A6]"
    written = ", as_written: {kind: parts_and_labour}"
    assert brief(found(text=coverages(YEAR, labour + written))) == {("warning", "two_terms")}
    assert found(text=coverages(YEAR, labour)) == ()


def test_a_part_with_a_term_of_its_own_is_an_exception() -> None:
    part = YEAR.replace("12", "24") + ", part_classes: [main_part]"
    assert found(text=coverages(YEAR, part)) == ()
    other = YEAR.replace("12", "36") + ", part_classes: [main_part, wear_part]"
    assert brief(found(text=coverages(part, other))) == {("error", "two_terms")}


@pytest.mark.parametrize("written", ["null", "[]"])
def test_a_warranty_without_a_start_in_the_document(written: str) -> None:
    faults = found(text=coverages(f"{YEAR}, as_written: {{starts: {written}}}"))
    assert told("missing_start_basis", faults) == [("warning", ("A2",))]


def test_free_labour_inside_free_parts_and_labour() -> None:
    labour = "kind: labour, months: 6, starts: [invoice_date], clauses: [A6]"
    assert brief(found(text=coverages(YEAR, labour))) == {("error", "coverage_never_applies")}


def test_an_order_of_sources_that_silences_what_is_written() -> None:
    faults = found(text=coverages(YEAR) + "precedence: [contract, card]")
    assert brief(faults) == {("error", "precedence")}
    assert faults[0].place == ("warranty",)
    twice = found(text="precedence: [contract, contract, policy]")
    assert [one.message for one in twice] == ["precedence 里 contract 写了两次"]


def test_a_fee_rule_that_can_never_apply() -> None:
    rule = "fees:\n  - {id: f, clauses: [F], says: 免, price: free"
    impossible = rule + ", when: {repairs_done: {above: 3, below: 2}}}"
    assert ("error", "fee_rule_never_applies") in brief(found(text=impossible))
    no_labour = rule + ", during: labour}\nprecedence: [policy, default]"
    assert brief(found(text=no_labour)) == {("error", "fee_rule_never_applies")}
    assert found(text=rule + ", during: labour}") == ()  # a contract may give the labour


def test_a_cause_that_is_paid_for_and_free() -> None:
    rule = "fees:\n  - {id: f, clauses: [F], says: 免, price: free, when: {cause: misuse}}\n"
    assert brief(found(text=coverages(YEAR) + rule)) == {("error", "free_and_paid")}


def test_an_exchange_window_that_ends_before_the_return_window() -> None:
    text = "three_guarantees: {clauses: [C6], classes: [pc], return_days: 15, exchange_days: 7}"
    assert brief(found(text=text)) == {("error", "windows_order")}


# --- hours -----------------------------------------------------------------------------------


def test_weekend_visits_against_an_emergency() -> None:
    both = f"{CALENDARS}{VISITS}, calendar: weekends}}\n{DUTY}, when: {{emergency: true}}}}"
    assert told("narrow_calendar", found(text=both)) == [("error", ("D", "V"))]
    apart = "calendar: weekends, when: {emergency: false}"
    exclusive = both.replace("calendar: weekends", apart)
    assert found(text=exclusive) == ()
    read = exclusive.replace(apart, apart + ", as_written: {when: null}")
    assert told("narrow_calendar", found(text=read)) == [("warning", ("D", "V"))]


@pytest.mark.parametrize(
    ("within", "calendar", "stands_against_it"),
    [
        pytest.param("1 hour", "always", True, id="an hour at night"),
        pytest.param("1 hour", "daily", False, id="an hour of the same hours"),
        pytest.param("24 hours", "always", False, id="a day has an opening in it"),
    ],
)
def test_visiting_hours_against_a_deadline(
    within: str, calendar: str, stands_against_it: bool
) -> None:
    arrival = promise("arrive", met_by="arrived", within=within, calendar=calendar)
    faults = found(arrival, text=f"{CALENDARS}{VISITS}, calendar: daily}}")
    expected = {("error", "narrow_calendar")} if stands_against_it else set()
    assert brief(faults) == expected


def test_a_deadline_that_starts_at_the_visit_does_not_need_it_again() -> None:
    fix = promise("fix", starts="arrived", within="1 hour")
    assert found(fix, text=f"{CALENDARS}{VISITS}, calendar: daily}}") == ()


def test_a_workday_calendar_that_is_shut_for_good() -> None:
    text = """
    calendars:
      work: {kind: workdays, source: [通知], known_from: 2026-01-01, known_until: 2026-12-31,
             holidays: [2026-03-01..2026-08-31], makeup_workdays: []}
    """
    assert brief(found(promise("a", calendar="work"), text=text)) == {
        ("error", "calendar_never_opens")
    }


# --- the register ----------------------------------------------------------------------------

REGISTER = {"D1-1": "info", "D1-2.a": "record", "D1-2.b": "sla_deadline", "D2-1": "record"}


def clauses_found(**keys: object) -> list[tuple[str, tuple[str, ...]]]:
    policy = Policy.model_validate({"name": "a", "title": "甲", **keys})
    return [(one.rule, one.clauses) for one in clause_findings(policy, REGISTER)]


def test_every_clause_that_is_covered_is_kept_or_set_aside() -> None:
    kept = [promise("p", ["D1-2.b"])]
    aside = [{"clauses": ["D1-2.a"], "why": "不归我们"}]
    assert clauses_found(promises=kept, set_aside=aside, covers=["D1"]) == []
    assert clauses_found(promises=kept, covers=["D1"]) == [("unkept_clause", ("D1-2.a",))]
    assert clauses_found(promises=kept) == []


def test_a_clause_that_the_register_does_not_have() -> None:
    assert clauses_found(promises=[promise("p", ["D1-2.c"])]) == [("unknown_clause", ("D1-2.c",))]
    # Another company's clauses are its own, unless it says that the register has them.
    own = [promise("p", ["X-1"])]
    assert clauses_found(promises=own) == []
    assert clauses_found(promises=own, covers=["X"]) == [("unknown_clause", ("X-1",))]


def test_a_beginning_ends_where_a_number_ends() -> None:
    assert is_covered("D1-3", ("D1",))
    assert not is_covered("D10-3", ("D1",))
    assert is_covered("D5-A3.1", ("D5-A",))
    assert not is_covered("D5-B3.1", ("D5-A",))
