"""What changed between two policies: entry by entry, key by key, in the order of the clauses."""

from typing import Any

from domain.policy import Policy
from domain.policy_diff import Change, differences
from tests.unit.linting import promise


def policy(*promises: dict[str, Any], **keys: Any) -> Policy:
    return Policy.model_validate({"name": "a", "title": "甲", "promises": list(promises), **keys})


def changes(old: Policy, new: Policy) -> list[tuple[str, str, str, tuple[str, ...]]]:
    return [(one.change.value, one.what, one.id, one.clauses) for one in differences(old, new)]


def test_a_policy_does_not_differ_from_itself() -> None:
    assert differences(policy(promise("p")), policy(promise("p"))) == ()


def test_a_number_that_changed_is_told_with_its_clauses() -> None:
    (change,) = differences(
        policy(promise("p", ["D1-2"], within="2 hours")),
        policy(promise("p", ["D1-2", "D1-3"], within="1 hour")),
    )
    assert change.clauses == ("D1-2", "D1-3")
    assert [(key.key, key.old, key.new) for key in change.keys] == [
        ("clauses", ["D1-2"], ["D1-2", "D1-3"]),
        ("within", "2 hours", "1 hour"),
    ]


def test_entries_come_and_go_in_the_order_of_their_clauses() -> None:
    old = policy(promise("p10", ["D1-10"]), promise("p2", ["D1-2"]))
    new = policy(promise("p3", ["D1-3"]), promise("p2", ["D1-2"], calendar="always"))
    assert changes(old, new) == [
        ("added", "promises", "p3", ("D1-3",)),
        ("removed", "promises", "p10", ("D1-10",)),
    ]


def coverage(months: int) -> dict[str, Any]:
    return {
        "kind": "parts_and_labour",
        "months": months,
        "starts": ["invoice_date"],
        "clauses": ["W1"],
    }


def test_a_warranty_a_rule_and_a_key_of_the_procedure() -> None:
    rule = {"id": "f", "clauses": ["F1"], "says": "免", "price": "free"}
    old = policy(warranty={"coverages": [coverage(12)]}, fees=[rule])
    new = policy(
        warranty={"coverages": [coverage(24)]},
        fees=[{**rule, "price": "cost"}],
        procedure={"follow_up_tries": 5},
    )
    assert changes(old, new) == [
        ("changed", "fees", "f", ("F1",)),
        ("changed", "warranty", "parts_and_labour", ("W1",)),
        ("added", "procedure", "follow_up_tries", ()),
    ]


def test_provisions_and_what_is_set_aside() -> None:
    kept = {"id": "r", "kind": "record", "clauses": ["D1-7"], "says": "记"}
    old = policy(provisions=[kept])
    new = policy(set_aside=[{"clauses": ["D1-7"], "why": "不记了"}])
    assert changes(old, new) == [
        ("added", "set_aside", "D1-7", ("D1-7",)),
        ("removed", "provisions", "r", ("D1-7",)),
    ]


def test_two_coverages_of_one_kind_do_not_hide_each_other() -> None:
    old = policy(warranty={"coverages": [coverage(12), coverage(12)]})
    new = policy(warranty={"coverages": [coverage(12), coverage(36)]})
    (change,) = differences(old, new)
    assert isinstance(change, Change)
    assert [(key.old, key.new) for key in change.keys] == [(12, 36)]
