"""轮流派工: whose turn it is (D1-3.3). Pure: the ring and what it remembers come from outside."""

from collections.abc import Collection, Sequence
from enum import StrEnum

from domain.records import Record
from domain.ticket import TechnicianRef


class SkipReason(StrEnum):
    """Why somebody in the ring was passed over."""

    DECLINED = "declined"
    SKILL = "skill"
    ABSENT = "absent"
    OUT = "out"


class RingMember(Record):
    """A technician in the ring. `out`: away on a visit; `absent`: not on duty."""

    id: str
    name: str
    skills: tuple[str, ...] = ()
    out: bool = False
    absent: bool = False


class Skip(Record):
    """Somebody who was passed over, and why."""

    technician: str
    reason: SkipReason


class Turn(Record):
    """Who goes, and who was passed over first, in the order they were asked.

    `technician` None: nobody in the ring can. `by_rotation` is False for a person chosen by name
    out of turn. `last` and `owed` are what the ring remembers after this turn.
    """

    technician: TechnicianRef | None = None
    skipped: tuple[Skip, ...] = ()
    by_rotation: bool = True
    last: str | None = None
    owed: tuple[str, ...] = ()


def choose(
    ring: Sequence[RingMember],
    last: str | None,
    needed_skill: str | None,
    exclude: Collection[str] = (),
    *,
    keep_turn_on_skip: bool = False,
    owed: Sequence[str] = (),
) -> Turn:
    """The next in the ring after `last` who can go; from its head when `last` is not in it.

    `needed_skill` None asks for none. `exclude` are those who declined this work already. Whoever
    is passed over loses the turn; with `keep_turn_on_skip` it is owed instead, and `owed` (oldest
    first) is asked before the ring. A declined turn was had, and is never owed.
    """
    owing = owed if keep_turn_on_skip else ()
    waiting = [one for waits in owing for one in ring if one.id == waits]
    in_turn = [one for one in _after(ring, last) if one not in waiting]
    skipped: list[Skip] = []
    for member in [*waiting, *in_turn]:
        reason = _cannot(member, needed_skill, exclude)
        if reason is None:
            kept = [
                one.technician
                for one in skipped
                if keep_turn_on_skip and one.reason is not SkipReason.DECLINED
            ]
            # Those owed who were not even asked stay owed, behind those who were.
            kept += [one.id for one in waiting if one.id not in _ids(skipped) and one != member]
            return Turn(
                technician=TechnicianRef(id=member.id, name=member.name),
                skipped=tuple(skipped),
                last=last if member in waiting else member.id,
                owed=tuple(kept),
            )
        skipped.append(Skip(technician=member.id, reason=reason))
    return Turn(skipped=tuple(skipped), last=last, owed=tuple(one.id for one in waiting))


def _after(ring: Sequence[RingMember], last: str | None) -> list[RingMember]:
    ids = [member.id for member in ring]
    start = ids.index(last) + 1 if last in ids else 0
    return [*ring[start:], *ring[:start]]


def _cannot(
    member: RingMember, needed_skill: str | None, exclude: Collection[str]
) -> SkipReason | None:
    if member.id in exclude:
        return SkipReason.DECLINED
    if needed_skill is not None and needed_skill not in member.skills:
        return SkipReason.SKILL
    if member.absent:
        return SkipReason.ABSENT
    if member.out:
        return SkipReason.OUT
    return None


def _ids(skipped: Sequence[Skip]) -> set[str]:
    return {one.technician for one in skipped}
