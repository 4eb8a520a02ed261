"""The numbers for an arrival in it_reseller: for every case exactly one of them is promised."""

from itertools import product

import pytest

from runtime.policy_files import PolicyShelf
from runtime.settings import settings

PROMISES = [
    one
    for one in PolicyShelf(settings().policies_dir).get("it_reseller").promises
    if one.id.startswith("arrival_")
]
ANSWERS = (True, False, None)
SEVERITIES = ("general", "urgent", "severe", None)


@pytest.mark.parametrize(
    ("in_warranty", "device_fault", "severity", "urgent"),
    list(product(ANSWERS, ANSWERS, SEVERITIES, ANSWERS)),
)
def test_one_arrival_is_promised_whatever_is_known(
    in_warranty: bool | None, device_fault: bool | None, severity: str | None, urgent: bool | None
) -> None:
    known = {
        "in_warranty": in_warranty,
        "device_fault": device_fault,
        "severity": severity,
        "urgent": urgent,
    }
    facts = {name: value for name, value in known.items() if value is not None}
    in_an_hour = in_warranty is True and (device_fault is False or severity == "general")
    clause, calendar = "D5-C9.a" if in_an_hour else "D5-C0.a", "always" if urgent else "site_hours"
    found = [(one.clauses, one.calendar) for one in PROMISES if one.applies(facts)]
    assert found == [((clause,), calendar)]
