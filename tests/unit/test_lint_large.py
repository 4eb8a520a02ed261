"""The lint on large policies: the same answers as pair by pair, told in few words."""

from itertools import product

from domain.lint.conditions import together
from domain.lint.overlap import Overlaps
from domain.promise import Promise
from tests.unit.linting import found, promise

CONDITIONS: tuple[object, ...] = (
    {},
    {"severity": "general"},
    {"severity": ["urgent", "unknown"]},
    {"severity": ["severe", "unknown"], "urgent": False},
    {"weight_kg": {"max": 10}},
    {"weight_kg": {"min": 10, "unknown": "applies"}},
    {"weight_kg": {"above": 10, "below": 20}},
    {"weight_kg": {"above": 20, "unknown": "applies"}},
    {"weight_kg": {"above": 30, "max": 20}},
    {"weight_kg": [10, 25]},
    {"weight_kg": "unknown"},
    [{"urgent": True}, {"weight_kg": {"max": 5}, "severity": "general"}],
    [{"product_class": ["door", "window"]}, {"weight_kg": {"above": 30, "max": 20}}],
    {"product_class": ["window", "unknown"]},
)


def test_pairs_stand_together_where_a_case_is_found_for_them() -> None:
    overlaps = Overlaps()
    read = [Promise.model_validate(promise("a", when=one)).when for one in CONDITIONS]
    expected = {(n, m): together(read[n], read[m]) is not None for n, m in _pairs()}
    assert {(n, m): overlaps.together(read[n], read[m]) for n, m in _pairs()} == expected
    for both in read:
        for n, m in _pairs():
            case = together(read[n], read[m], both)
            assert overlaps.together(read[n], read[m], both) == (case is not None)


def _pairs() -> list[tuple[int, int]]:
    numbers = range(len(CONDITIONS))
    return list(product(numbers, numbers))


def test_many_numbers_for_one_thing_are_one_finding_in_few_words() -> None:
    faults = found(*(promise(f"p{n}", within=f"{n + 1} hours") for n in range(300)))
    (told,) = [one for one in faults if one.rule == "two_numbers"]
    assert len(told.clauses) == 300
    assert told.message.endswith("P7 8 小时 等 300 个")


def test_many_overlapping_ranges_are_a_finding_each_and_not_one_for_each_pair() -> None:
    ranges = (
        promise(f"p{n}", within=f"{n + 1} hours", when={"weight_kg": {"min": n, "max": n + 400}})
        for n in range(200)
    )
    faults = [one for one in found(*ranges) if one.rule == "value_in_two"]
    assert len(faults) == 199
    assert all(len(one.message) < 200 for one in faults)


def test_many_steps_of_one_number_are_told_together() -> None:
    steps = [promise(f"s{n}", met_by="arrived", within="4 hours") for n in range(40)]
    ends = [promise(f"e{n}", within="2 hours", when={"fault_kind": "hardware"}) for n in range(40)]
    (told,) = [one for one in found(*steps, *ends) if one.rule == "end_before_step"]
    assert len(told.clauses) == 80
    assert "等 40 条 允许 4 小时" in told.message
