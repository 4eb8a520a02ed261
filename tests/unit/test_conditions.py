"""Conditions: when a promise applies, and what an unknown fact does to it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from domain.conditions import Condition, holds
from domain.facts import FACTS, read_fact
from domain.refusals import RefusalType, Refused
from runtime.policy_files import PolicyShelf
from runtime.settings import settings as runtime_settings


def condition(written: Any) -> Condition:
    read: Condition = TypeAdapter(Condition).validate_python(written)
    return read


def applies(written: Any, **facts: Any) -> bool:
    return holds(condition(written), facts)


def by_weight(weight: Any) -> list[str]:
    """The promises of instruments that depend on the weight, for that weight."""
    policy = PolicyShelf(runtime_settings().policies_dir).get("instruments")
    facts = {} if weight is None else {"weight_kg": weight}
    return [
        promise.id
        for promise in policy.promises
        if promise.id.startswith("fixed_or_loaner") and promise.applies(facts)
    ]


@pytest.mark.parametrize("weight", [0.5, 6, 9.99, 10, 10.0, "unknown", None])
def test_up_to_ten_kilograms_and_unknown_the_stricter_alone_applies(weight: Any) -> None:
    assert by_weight(weight) == ["fixed_or_loaner_small"]


@pytest.mark.parametrize("weight", [10.01, 11, 300])
def test_above_ten_kilograms_the_laxer_alone_applies(weight: float) -> None:
    assert by_weight(weight) == ["fixed_or_loaner_large"]


@settings(deadline=None)
@given(st.floats(min_value=0, max_value=1000))
def test_every_weight_is_in_exactly_one_promise(weight: float) -> None:
    small = condition({"weight_kg": {"max": 10, "unknown": "applies"}})
    large = condition({"weight_kg": {"above": 10}})
    assert holds(small, {"weight_kg": weight}) is (weight <= 10)
    assert holds(large, {"weight_kg": weight}) is not holds(small, {"weight_kg": weight})


@pytest.mark.parametrize(
    ("test", "accepted", "turned_down"),
    [
        ({"min": 10}, 10, 9.999),
        ({"max": 10}, 10, 10.001),
        ({"above": 10}, 10.001, 10),
        ({"below": 10}, 9.999, 10),
        ({"min": 5, "below": 10}, 5, 10),
    ],
)
def test_min_and_max_include_their_number_above_and_below_do_not(
    test: dict[str, float], accepted: float, turned_down: float
) -> None:
    assert applies({"weight_kg": test}, weight_kg=accepted)
    assert not applies({"weight_kg": test}, weight_kg=turned_down)


@pytest.mark.parametrize("unknown", [None, "unknown"])
def test_an_unknown_fact_satisfies_only_a_test_that_says_so(unknown: Any) -> None:
    assert not applies({"severity": "general"}, severity=unknown)
    assert not applies({"weight_kg": {"max": 10}}, weight_kg=unknown)
    assert applies({"severity": ["general", "unknown"]}, severity=unknown)
    assert applies({"weight_kg": {"max": 10, "unknown": "applies"}}, weight_kg=unknown)
    assert applies({"in_warranty": "unknown"}, in_warranty=unknown)
    assert not applies({"in_warranty": "unknown"}, in_warranty=True)


def test_all_tests_of_a_map_and_any_map_of_a_list() -> None:
    both = {"device_fault": False, "severity": "general"}
    assert applies(both, device_fault=False, severity="general")
    assert not applies(both, device_fault=False, severity="severe")
    either = [{"device_fault": False}, {"severity": "general"}]
    assert applies(either, device_fault=True, severity="general")
    assert applies(either, device_fault=False, severity="severe")
    assert not applies(either, device_fault=True, severity="severe")


def test_no_condition_always_applies() -> None:
    assert applies(())


def test_a_flag_may_be_written_as_a_word() -> None:
    assert applies({"in_warranty": True}, in_warranty="true")
    assert not applies({"in_warranty": True}, in_warranty="false")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"weigth_kg": {"max": 10}}, "weight_kg"),
        ({"severity": "sever"}, "severe"),
        ({"weight_kg": {"max": "ten"}}, "valid number"),
        ({"severity": {"max": 3}}, "不是数字"),
        ({"invoice_date": "2026-01-01"}, "日期"),
        ({"weight_kg": {"maximum": 10}}, "没有 maximum 这个键"),
        ({"weight_kg": {}}, "要么列值,要么给范围"),
    ],
)
def test_conditions_that_cannot_be(written: Any, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        condition(written)
    faults = [(one["msg"], one.get("ctx", {}).get("fix", "")) for one in caught.value.errors()]
    assert any(said in message or said in fix for message, fix in faults), faults


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("weight_kg", "6"),
        ("weight_kg", True),
        ("weight_kg", float("nan")),
        ("weight_kg", json.loads("1e999")),
        ("weight_kg", 10**400),
        ("severity", "bad"),
        ("in_warranty", "yes"),
        ("in_warranty", 1),
        ("invoice_date", "2026-02-30"),
        ("invoice_date", 20260101),
        ("product_class", 3),
        ("colour", "red"),
    ],
)
def test_a_fact_of_a_wrong_name_or_value_is_refused_by_its_name(name: str, value: Any) -> None:
    with pytest.raises(Refused) as caught:
        read_fact(name, value)
    assert (caught.value.type, caught.value.field) == (RefusalType.INVALID_INPUT, name)


@pytest.mark.parametrize("name", FACTS)
def test_every_fact_may_be_unknown(name: str) -> None:
    assert read_fact(name, None) is None
    assert read_fact(name, "unknown") is None
