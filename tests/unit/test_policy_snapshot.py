"""What a ticket pins of its policy: what it acts on, whole by itself, and nothing else."""

from datetime import date, datetime

import pytest

from domain.civil_time import CHINA
from domain.policy import Policy
from domain.promises import standings
from domain.vocabulary import Keeper, Milestone
from runtime.policy_files import PolicyShelf
from runtime.settings import settings

SHELF = PolicyShelf(settings().policies_dir)
DAY = date(2026, 3, 2)
REPORTED = datetime(2026, 3, 2, 9, tzinfo=CHINA)
TICKETS = {Keeper.TICKET, Keeper.LOANER}


def pinned(name: str) -> Policy:
    """The snapshot as it arrives in a workflow."""
    return Policy.model_validate_json(SHELF.get(name).for_ticket(DAY).model_dump_json())


@pytest.mark.parametrize("name", SHELF.names())
def test_it_stands_alone_and_judges_as_the_whole_policy(name: str) -> None:
    whole, part = SHELF.get(name), pinned(name)
    began = {one: [REPORTED] for one in Milestone}
    facts: dict[str, object] = {"in_warranty": True, "severity": "general", "weight_kg": 10}
    judged = {one.promise: one for one in standings(whole, began, facts, (), REPORTED, all=True)}
    again = {one.promise: one for one in standings(part, began, facts, (), REPORTED, all=True)}
    assert again, "a ticket of this policy is promised nothing"
    assert {promise: judged[promise] for promise in again} == again


@pytest.mark.parametrize("name", SHELF.names())
def test_it_leaves_out_what_a_ticket_never_asks_for(name: str) -> None:
    whole, part = SHELF.get(name), pinned(name)
    assert {one.id for one in part.promises} == {
        one.id for one in whole.promises if one.kept_by in TICKETS
    }
    assert not part.provisions
    assert not part.set_aside
    assert not any(one.as_written for one in part.promises)
    assert set(part.ladders) == {one.escalate for one in part.promises} & set(whole.ladders)


def test_calendars_that_only_other_procedures_or_people_read_stay_behind() -> None:
    assert "weekends" in SHELF.get("doors_windows").calendars
    assert set(pinned("doors_windows").calendars) == {"follow_up_hours", "office", "workdays"}
    assert "office" in SHELF.get("instruments").calendars
    assert set(pinned("instruments").calendars) == {"follow_up_hours", "workdays"}
    assert set(pinned("house").calendars) == {"follow_up_hours"}


def test_the_calendar_of_the_customers_windows_stays() -> None:
    whole = SHELF.get("instruments")
    assert whole.warranty is not None
    assert whole.warranty.extend_over_holidays in pinned("instruments").calendars
    default = SHELF.get("b2b_quality").default_warranty
    assert default is not None
    assert default.extend_over_holidays in pinned("b2b_quality").calendars
