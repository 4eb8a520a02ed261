"""The case tables themselves: no section that nobody reads, no claim that the policy denies."""

from functools import cache

import pytest

from docs.generate.__main__ import POLICIES
from docs.generate.keepers import Entry, entries
from tests.unit.case_tables import SHELF, TABLES, claimed

SECTIONS = {"cases", "not_asked", "warranty", "fees", "consent", "remedies"}
"""Those that a test here runs: test_explain_cases, test_warranty_cases and so on."""


@cache
def every_entry() -> tuple[Entry, ...]:
    return entries(POLICIES)


def cited_by(policy: str) -> set[str]:
    """What the policy keeps, with what it extends."""
    names = {policy, SHELF.get(policy).extends}
    kept = [entry for entry in every_entry() if entry.policy in names and not entry.why]
    return {clause for entry in kept for clause in entry.clauses}


@pytest.mark.parametrize("name", TABLES)
def test_every_section_is_run(name: str) -> None:
    assert set(TABLES[name]) - {"policy"} <= SECTIONS


@pytest.mark.parametrize("name", TABLES)
def test_a_row_claims_only_what_its_policy_keeps(name: str) -> None:
    table = TABLES[name]
    claims = {
        clause
        for section in SECTIONS & set(table)
        for row in table[section]
        for _, clause in claimed(row)
    }
    assert claims - cited_by(table["policy"]) == set()


@pytest.mark.parametrize("name", TABLES)
def test_no_two_rows_of_a_section_have_one_name(name: str) -> None:
    for section in SECTIONS & set(TABLES[name]):
        names = [row["case"] for row in TABLES[name][section]]
        assert len(set(names)) == len(names), section
