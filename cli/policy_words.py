"""What the promises of a policy say, for tables; the policy files may be elsewhere, or broken."""

from cli.policy_sources import policy_shelf
from domain.refusals import Refused
from runtime.file_faults import FaultyFile


def sayings(name: str) -> dict[str, str]:
    """Each promise of the policy in its own words; empty when the policy cannot be read here."""
    try:
        policy = policy_shelf().get(name)
    except (Refused, FaultyFile):
        return {}
    return {promise.id: promise.says or "" for promise in policy.promises}
