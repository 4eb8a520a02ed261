"""Made-up policies for the lint: a text of YAML, and what is found in it."""

from collections.abc import Sequence
from typing import Any

import yaml

from domain.lint import Finding, findings
from domain.policy import Policy


def promise(id: str, clauses: Sequence[str] = (), **keys: Any) -> dict[str, Any]:
    """A promise of 4 hours from `reported` to `resolved`, but for what is given."""
    made = {
        "id": id,
        "clauses": list(clauses) or [id.upper()],
        "says": id,
        "starts": "reported",
        "met_by": "resolved",
        "within": "4 hours",
    }
    return {key: value for key, value in (made | keys).items() if value is not None}


def found(*promises: dict[str, Any], text: str = "", **keys: Any) -> tuple[Finding, ...]:
    """The findings of a policy of these promises; `text` is more of it, as YAML."""
    more = yaml.safe_load(text) if text else {}
    policy = {"name": "made_up", "title": "虚构", "promises": list(promises), **more, **keys}
    return findings(Policy.model_validate(policy))


def told(rule: str, among: Sequence[Finding]) -> list[tuple[str, tuple[str, ...]]]:
    """Severity and clauses of the findings of one rule."""
    return [(one.severity.value, one.clauses) for one in among if one.rule == rule]


def brief(among: Sequence[Finding]) -> set[tuple[str, str]]:
    """Severity and rule of each finding."""
    return {(one.severity.value, one.rule) for one in among}
