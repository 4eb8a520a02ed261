"""`aftercare policy list` and `show`: the policies, and all that one of them says."""

from typing import Any

from cli import policy_views
from cli.policy_sources import Json, Source, policy_shelf, sourced_of
from cli.terminal import print_json
from domain.policy import Policy


def list_all(*, json: Json = False) -> None:
    """所有政策。"""
    shelved = policy_shelf()
    policies = [shelved.get(name) for name in shelved.names()]
    if json:
        print_json({"policies": [_summary(one) for one in policies]})
        return
    policy_views.print_list(policies)


def show(name: Source, /, *, json: Json = False) -> None:
    """一份政策的全部承诺。"""
    path, sourced = sourced_of(name)
    policy = sourced.policy
    if json:
        print_json({**_summary(policy), "content": policy.model_dump(mode="json", by_alias=True)})
        return

    def inherited(*place: str | int) -> str:
        file, _ = sourced.where(place)
        return file.stem if file != path else ""

    policy_views.print_policy(policy, inherited)


def _summary(policy: Policy) -> dict[str, Any]:
    return {
        "name": policy.name,
        "version": policy.version,
        "title": policy.title,
        "extends": policy.extends,
        "documents": list(policy.documents),
        "product_classes": list(policy.product_classes),
        "promises": [promise.id for promise in policy.promises],
    }
