"""What the books say about a command, found before it is sent.

A look-up that finds nothing is not refused here but goes along: role, stage and person are judged
first, and only the ticket knows them.
"""

import asyncpg
from pydantic import JsonValue, ValidationError

from desk.numbers import normalise
from domain.civil_time import local
from domain.commands import LookedUp, MergeTarget, Order, Turned
from domain.directory import Device
from domain.policy import Policy
from domain.refusals import RefusalType, Refused, invalid
from domain.steps.dispatching import department_of, skill_of
from domain.ticket import TechnicianRef, Ticket
from domain.vocabulary import ENDED, Command, TicketKind
from runtime.policy_files import PolicyShelf
from storage import directory, policies, rotation, tickets

Fields = dict[str, JsonValue]


LOOKS_UP = frozenset(
    {
        Command.REGISTER,
        Command.AMEND,
        Command.DISPATCH,
        Command.ADOPT_POLICY,
        Command.MERGE_INTO,
    }
)
"""The commands that need something from the books, or from the ledger."""


async def with_looked_up(
    pool: asyncpg.Pool, shelf: PolicyShelf, ticket: Ticket, command: Command, order: Order
) -> Order:
    """The order with what the books say, and its numbers normalised."""
    fields = dict(order.fields)
    try:
        found = await _LOOKS[command](pool, shelf, ticket, fields)
    except Refused as refused:
        turned = Turned(type=refused.type, message=refused.message, field=refused.field)
        found = LookedUp(refused=turned)
    return order.model_copy(update={"fields": fields, "looked_up": found})


async def _for_register(
    pool: asyncpg.Pool, shelf: PolicyShelf, ticket: Ticket, fields: Fields
) -> LookedUp:
    if isinstance(phone := fields.get("caller_phone"), str):
        fields["caller_phone"] = normalise(phone) or phone
    if fields.get("kind", TicketKind.REPAIR.value) != TicketKind.REPAIR.value:
        return LookedUp()
    device, site = await _device(pool, fields.get("device"))
    policy = _policy_of(shelf, device, ticket)
    return LookedUp(
        policy=snapshot_for(policy, ticket),
        policy_version=policy.version,
        device=device,
        site=site,
    )


def snapshot_for(policy: Policy, ticket: Ticket) -> Policy:
    """What the ticket acts on of that policy, with the calendars' dates since it began."""
    return policy.for_ticket(local(ticket.opened_at).date())


async def _for_adoption(
    pool: asyncpg.Pool, shelf: PolicyShelf, ticket: Ticket, fields: Fields
) -> LookedUp:
    """The policy as it is now, or a version that some ticket has pinned before."""
    name, version = fields.get("policy"), fields.get("version")
    if not isinstance(name, str) or not isinstance(version, str | None):
        return LookedUp()  # the ticket refuses it, naming the field
    current = shelf.get(name) if version is None or name in shelf.names() else None
    if current is not None and version in (None, current.version):
        return LookedUp(policy=snapshot_for(current, ticket), policy_version=current.version)
    pinned = await policies.versions_of(pool, name)
    if version in pinned:
        found = await policies.find(pool, name, version)
        return LookedUp(policy=snapshot_for(found, ticket), policy_version=version)
    known = "、".join(dict.fromkeys([*([current.version] if current else ()), *pinned]))
    why = f"政策 {name} 没有版本 {version};有 {known or '(没有这份政策)'}"
    raise Refused(RefusalType.UNKNOWN_POLICY, why, "version")


async def _for_amend(
    pool: asyncpg.Pool, shelf: PolicyShelf, ticket: Ticket, fields: Fields
) -> LookedUp:
    value = fields.get("value")
    if fields.get("field") == "caller_phone" and isinstance(value, str):
        fields["value"] = normalise(value) or value
    if fields.get("field") != "device":
        return LookedUp()
    device, site = await _device(pool, value)
    policy = snapshot_for(_policy_of(shelf, device, ticket), ticket) if device else None
    return LookedUp(policy=policy, device=device, site=site)


async def _device(pool: asyncpg.Pool, given: JsonValue) -> tuple[Device | None, str | None]:
    """The device and the site that the books have for it. A map is a device of its own."""
    if isinstance(given, str):
        found = await directory.device(pool, given)
        if found is None:
            raise Refused(RefusalType.UNKNOWN_DEVICE, f"名录里没有设备 {given}", "device")
        return found, await directory.site_of(pool, given)
    if isinstance(given, dict):
        try:
            return Device.model_validate(given), None
        except ValidationError:
            return None, None  # the ticket refuses it, naming the field
    return None, None


def _policy_of(shelf: PolicyShelf, device: Device | None, ticket: Ticket) -> Policy:
    """The device's own policy, else the only one that lists its class, else the line's."""
    if device is None:
        return shelf.get(ticket.line_policy)
    if device.policy is not None:
        return shelf.get(device.policy)
    choices = shelf.for_product_class(device.product_class) if device.product_class else []
    if len(choices) == 1:
        return shelf.get(choices[0])
    if choices and ticket.line_policy not in choices:
        raise invalid("device.policy", f"几份政策都适用,请写明其一:{'、'.join(choices)}")
    return shelf.get(ticket.line_policy)


async def _for_merge(
    pool: asyncpg.Pool, shelf: PolicyShelf, ticket: Ticket, fields: Fields
) -> LookedUp:
    number = fields.get("ticket")
    other = await tickets.load(pool, number) if isinstance(number, str) else None
    if other is None:
        raise Refused(RefusalType.UNKNOWN_TICKET, f"没有工单 {number}", "ticket")
    target = MergeTarget(
        number=other.number,
        ended=other.stage in ENDED or other.outcome is not None,
        into=await tickets.merged_into(pool, other.number),
        registered=other.registration is not None,
    )
    return LookedUp(target=target)


async def _for_dispatch(
    pool: asyncpg.Pool, shelf: PolicyShelf, ticket: Ticket, fields: Fields
) -> LookedUp:
    named = fields.get("technician")
    if not isinstance(named, str):
        return LookedUp()
    technician = await directory.technician(pool, named)
    if technician is None:
        raise Refused(RefusalType.UNKNOWN_TECHNICIAN, f"名录里没有维修人员 {named}", "technician")
    policy = shelf.get(ticket.policy)
    turn = await rotation.peek_turn(
        pool,
        department_of(policy, ticket),
        skill_of(ticket),
        excluded=(),
        keep_turn_on_skip=policy.procedure.keep_turn_on_skip,
    )
    has_the_turn = turn.technician is not None and turn.technician.id == technician.id
    return LookedUp(
        technician=TechnicianRef(id=technician.id, name=technician.name),
        override=not has_the_turn,
    )


_LOOKS = {
    Command.REGISTER: _for_register,
    Command.AMEND: _for_amend,
    Command.DISPATCH: _for_dispatch,
    Command.ADOPT_POLICY: _for_adoption,
    Command.MERGE_INTO: _for_merge,
}
