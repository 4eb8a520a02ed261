"""The lint on policies in the middle of being written: it finds, and never falls over."""

import copy
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.lint import Severity, findings
from domain.lint.clauses import citations
from domain.policy import Policy
from runtime.policy_files import PolicyShelf

POLICIES = PolicyShelf(Path(__file__).parents[2] / "policies")
SHIPPED = {name: POLICIES.get(name).model_dump(mode="json") for name in POLICIES.names()}
WORDS: tuple[Any, ...] = (
    *(None, 12, True, [], {}),
    *("promptly", "1 hour", "3 days", "always", "resolved", "arrived"),
)


@st.composite
def edited(draw: st.DrawFn) -> dict[str, Any]:
    """A shipped policy with a few keys of its entries changed, gone, or taken from another."""
    content = copy.deepcopy(SHIPPED[draw(st.sampled_from(sorted(SHIPPED)))])
    for _ in range(draw(st.integers(1, 6))):
        entries = [
            entry for key in ("promises", "provisions", "fees") for entry in content.get(key, ())
        ]
        entry, other = draw(st.sampled_from(entries)), draw(st.sampled_from(entries))
        key = draw(st.sampled_from(sorted({*other, "as_written", "calendar", "when"} - {"id"})))
        match draw(st.sampled_from(("take", "word", "drop", "written"))):
            case "take":
                entry[key] = copy.deepcopy(other.get(key, "always"))
            case "word":
                entry[key] = draw(st.sampled_from(WORDS))
            case "drop":
                entry.pop(key, None)
            case "written":
                entry["as_written"] = {key: draw(st.sampled_from(WORDS))}
    return content


@settings(max_examples=150, deadline=None)
@given(edited())
def test_whatever_loads_can_be_checked(content: dict[str, Any]) -> None:
    try:
        policy = Policy.model_validate(content)
    except ValidationError:
        return
    cited = {clause for _, clause in citations(policy)}
    for found in findings(policy):
        assert found.message
        assert found.fix
        assert set(found.clauses) <= cited
        assert found.severity in Severity


def test_the_order_of_the_promises_does_not_change_what_is_found() -> None:
    for content in SHIPPED.values():
        policy = Policy.model_validate(content)
        turned = Policy.model_validate(content | {"promises": content["promises"][::-1]})
        told = [
            {(one.rule, one.severity, one.clauses) for one in findings(p)} for p in (policy, turned)
        ]
        assert told[0] == told[1]
