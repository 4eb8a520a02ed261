"""A policy is prepared once for each policy object, and never for a copy of it."""

import copy
from datetime import timedelta
from typing import Any

from domain.judging import judge, prepared
from domain.policy import Policy
from domain.promise import Promise
from domain.vocabulary import Keeper, Milestone, PromiseState
from tests.unit.acting import MONDAY, promised, small_policy

HEAVY = promised("heavy", when={"weight_kg": {"above": 10}}, within="2 hours")
LIGHT = promised("light", when=[{"severity": "severe"}, {"weight_kg": {"max": 10}}], within="1 day")
LENT = promised("lent", when={"in_warranty": True}, kept_by="loaner", within="1 day")


def states(policy: Policy, facts: dict[str, Any], **more: Any) -> dict[str, PromiseState]:
    reported = {Milestone.REPORTED: (MONDAY,)}
    now = MONDAY + timedelta(hours=3)
    judged = judge(policy, reported, facts, (), now, **more)
    return {one.promise.id: one.state for one in judged}


def test_conditions_choose_and_all_lists_the_rest_as_void() -> None:
    policy = small_policy(HEAVY, LIGHT)
    assert states(policy, {"weight_kg": 11.0}) == {"heavy": PromiseState.MISSED}
    assert states(policy, {"weight_kg": 10.0}) == {"light": PromiseState.RUNNING}
    assert states(policy, {"severity": "severe"}, all=True) == {
        "heavy": PromiseState.VOID,
        "light": PromiseState.RUNNING,
    }


def test_it_asks_only_for_the_facts_of_what_that_workflow_keeps() -> None:
    made = prepared(small_policy(HEAVY, LIGHT, LENT))
    assert made.facts(Keeper.TICKET) == {"weight_kg", "severity"}
    assert made.facts(Keeper.LOANER) == {"in_warranty"}
    assert made.facts(None) == {"weight_kg", "severity", "in_warranty"}
    assert [rule.promise.id for rule in made.rules(Keeper.LOANER)] == ["lent"]


def test_a_policy_is_prepared_once() -> None:
    policy = small_policy(HEAVY)
    assert prepared(policy) is prepared(policy)


def test_a_changed_copy_is_prepared_anew() -> None:
    policy = small_policy(HEAVY)
    assert states(policy, {"weight_kg": 11.0}) == {"heavy": PromiseState.MISSED}
    longer = Promise.model_validate({**HEAVY, "within": "1 day"})
    changed = policy.model_copy(update={"promises": (longer,)})
    assert states(changed, {"weight_kg": 11.0}) == {"heavy": PromiseState.RUNNING}
    assert states(policy, {"weight_kg": 11.0}) == {"heavy": PromiseState.MISSED}


def test_what_is_prepared_changes_nothing_of_the_policy() -> None:
    policy, fresh = small_policy(HEAVY, LIGHT), small_policy(HEAVY, LIGHT)
    prepared(policy)
    states(policy, {})
    assert policy == fresh
    assert policy.version == fresh.version
    assert policy.model_dump(mode="json") == fresh.model_dump(mode="json")
    deep = copy.deepcopy(policy)
    assert deep == policy
    assert states(deep, {"weight_kg": 11.0}) == {"heavy": PromiseState.MISSED}
