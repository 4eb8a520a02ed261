"""Which step of the procedure needs which other step before it.

This is knowledge of the work, not of any policy: nobody mends on site before arriving, and nobody
arrives before being sent. A fault in software may be mended from afar, without any arrival.
"""

from collections.abc import Mapping
from functools import cache

from domain.conditions import Condition, FactTest
from domain.vocabulary import FaultKind, Milestone

NEEDS: Mapping[Milestone, tuple[Milestone, ...]] = {
    Milestone.ASSESSED: (Milestone.REGISTERED,),
    Milestone.QUOTED: (Milestone.REGISTERED,),
    Milestone.FEE_DECIDED: (Milestone.QUOTED,),
    Milestone.GUIDED: (Milestone.REGISTERED,),
    Milestone.ORDER_ISSUED: (Milestone.REGISTERED,),
    Milestone.DISPATCHED: (Milestone.REGISTERED,),
    Milestone.ACCEPTED: (Milestone.DISPATCHED,),
    Milestone.DEPARTED: (Milestone.DISPATCHED,),
    Milestone.ARRIVED: (Milestone.DISPATCHED,),
    Milestone.REPAIR_STARTED: (Milestone.ARRIVED,),
    Milestone.RESOLVED: (Milestone.ARRIVED,),
    Milestone.VISIT_ENDED: (Milestone.ARRIVED,),
    Milestone.LEFT_UNFINISHED: (Milestone.ARRIVED,),
    Milestone.LOANER_RESERVED: (Milestone.REGISTERED,),
    Milestone.LOANER_DELIVERED: (Milestone.LOANER_RESERVED,),
    Milestone.LOANER_RECALLED: (Milestone.LOANER_DELIVERED,),
    Milestone.LOANER_RETURNED: (Milestone.LOANER_DELIVERED,),
    Milestone.LOANER_LOST: (Milestone.LOANER_DELIVERED,),
    Milestone.RULED: (Milestone.DISPUTED,),
    Milestone.VERIFIED: (Milestone.RESOLVED,),
    Milestone.REFUND_APPROVED: (Milestone.REMEDY_CHOSEN,),
    Milestone.REOPENED: (Milestone.SIGNED_OFF,),
    Milestone.ORDER_RETURNED: (Milestone.ORDER_ISSUED,),
    Milestone.FOLLOW_UP_TRIED_2: (Milestone.FOLLOW_UP_TRIED_1,),
    Milestone.FOLLOW_UP_TRIED_3: (Milestone.FOLLOW_UP_TRIED_2,),
    Milestone.QUESTION_ANSWERED: (Milestone.QUESTION_RECEIVED,),
    Milestone.MATERIALS_SENT: (Milestone.MATERIALS_REQUESTED,),
    Milestone.MATERIALS_RECEIVED: (Milestone.MATERIALS_SENT,),
    Milestone.OFFER_MADE: (Milestone.OFFER_REQUESTED,),
    Milestone.COMPLAINT_FORWARDED: (Milestone.COMPLAINT_RECEIVED,),
    Milestone.DELIVERED: (Milestone.CONTRACT_SIGNED,),
    Milestone.INSTALLED: (Milestone.DELIVERED,),
    Milestone.DEFECT_SETTLED: (Milestone.DEFECT_REPORTED,),
    Milestone.DELAY_NOTIFIED: (Milestone.DELAY_KNOWN,),
}
"""The steps that must have come before; only the nearest are listed."""

ON_SITE: Condition = (
    {"fault_kind": FactTest(one_of=(FaultKind.HARDWARE.value,)).of("fault_kind")},
)
"""The case in which a repair needs hands on the device."""
FROM_AFAR = frozenset({Milestone.RESOLVED, Milestone.VERIFIED})
"""What a software fault may reach without anybody on site."""


@cache
def needed_by(step: Milestone) -> frozenset[Milestone]:
    """All the steps that must have come before that one."""
    found: set[Milestone] = set()
    waiting = list(NEEDS.get(step, ()))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(NEEDS.get(one, ()))
    return frozenset(found)


def needs(ends: frozenset[Milestone], step: Milestone) -> bool:
    """Whether each of these ends, any of which will do, needs that step first, or is it."""
    return bool(ends) and all(end is step or step in needed_by(end) for end in ends)


def not_before(later: frozenset[Milestone], earlier: frozenset[Milestone]) -> bool:
    """Whether a clock that starts at `later` starts no sooner than one that starts at `earlier`."""
    if earlier == frozenset({Milestone.REPORTED}) or later == earlier:
        return True
    return all(any(one in (*needed_by(start), start) for one in earlier) for start in later)
