"""What every command has to pass, a ticket's and a loaner's alike: who asks, and since when."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

from domain.policy import Policy
from domain.refusals import RefusalType, Refused, invalid
from domain.ticket import Actor
from domain.vocabulary import Role


def check_role(roles: Collection[Role], command: StrEnum, by: Actor) -> None:
    """Refused NotAllowed, with the roles that may."""
    if by.role not in roles:
        able = "、".join(role.value for role in Role if role in roles)
        raise Refused(
            RefusalType.NOT_ALLOWED, f"{by.role.value} 不能 {command.value};可以的有:{able}"
        )


def deed_time(
    policy: Policy, by: Actor, given: datetime | None, now: datetime, not_before: datetime
) -> datetime:
    """The time the deed really happened: not in the future, not too far back, in its order.

    Now unless `given`. Refused InvalidInput, field `at`.
    """
    if given is None:
        return now
    if given > now:
        raise invalid("at", "不能晚于现在")
    limits = policy.procedure.backdate_hours
    hours = limits.get(by.role.value, limits["default"])
    if now - given > timedelta(hours=hours):
        raise invalid("at", f"{by.role.value} 最多补记 {hours} 小时以内的事")
    if given < not_before:
        raise invalid("at", f"不能早于 {not_before.isoformat(timespec='seconds')} 的前一步")
    return given
