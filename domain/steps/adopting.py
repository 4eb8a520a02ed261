"""改用另一份政策: an open ticket goes on under another policy, or a newer version of its own.

Nothing is carried over: promises are worked out again from the milestones, so no elapsed time is
lost, what was met stays met, and what somebody was told is not told again.
"""

from domain.case import Case
from domain.commands import AdoptPolicyFields, LookedUp
from domain.events import Changes
from domain.refusals import RefusalType, Refused, invalid
from domain.steps.consent import go_on
from domain.steps.registration import judge_again
from domain.steps.request import Request


def adopt_policy(case: Case, request: Request[AdoptPolicyFields], looked_up: LookedUp) -> Case:
    """The ticket pins the snapshot that the desk sends along; always for a reason.

    The warranty is judged again, unless a person decided it. Waits, quotes and a loaner go on.
    """
    ticket, policy, fields = case.ticket, looked_up.policy, request.fields
    if fields.reason is None:
        raise invalid("reason", "改用政策要写原因")
    if policy is None or policy.name != fields.policy:
        raise Refused(RefusalType.UNKNOWN_POLICY, f"没有政策 {fields.policy}", "policy")
    version = looked_up.policy_version or policy.version
    if (policy.name, version) == (ticket.policy, ticket.policy_version):
        raise invalid("policy", f"工单用的就是 {policy.name} {version}")
    case = case.pin(policy, version).record(
        "policy_adopted",
        request.now,
        by=request.by,
        changes=Changes(policy=policy.name, policy_version=version),
        details={
            **request.details(),
            "from": f"{ticket.policy} {ticket.policy_version}",
            "policy": policy.name,
            "version": version,
        },
    )
    return go_on(judge_again(case, request.now), request.now)
