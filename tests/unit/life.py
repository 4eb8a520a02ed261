"""One ticket's life over the pure domain: people, phone, ring, loaners, another ticket, the clock.

Each method is one step, its particulars chosen by a `Pick`. After each, the case is settled as the
workflow does it, and whatever is wrong then fails: an impossible state, a refusal that changed
something, an error that is no refusal, a settled ticket that does not stay settled.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from domain.calls import Direction
from domain.case import Case, open_case
from domain.civil_time import MILLISECOND
from domain.commands import LookedUp, MergeTarget, Order
from domain.directory import Device, Loaner
from domain.events import PROCEDURE, Event, Opening
from domain.loan import LoanProgress
from domain.policy import Policy
from domain.procedure import decide
from domain.promise import DEFAULT_LADDER
from domain.refusals import RefusalType, Refused
from domain.rotation import Turn
from domain.settling import next_wake, settle
from domain.steps.calls import drop_call, take_call
from domain.steps.dispatching import assign
from domain.steps.loaners import OVER, errand_done, take_news
from domain.steps.merging import Absorb, AbsorbAnswer, absorb, settle_merging
from domain.terms import ThreeGuarantees
from domain.ticket import Actor, TechnicianRef, Ticket, TicketLoaner
from domain.vocabulary import ENDED, Channel, Command, LoanerState, Milestone, Role
from runtime.policy_files import PolicyShelf
from runtime.settings import Settings
from tests.unit.acting import MONDAY, RING, call
from tests.unit.asking import (
    OTHERS,
    PEOPLE,
    POLICY_NAMES,
    Ask,
    Fields,
    Pick,
    Scene,
    forward,
    nonsense,
    sensible,
)
from tests.unit.invariants import faults_of, faults_of_ledger, faults_of_news

SHELF = PolicyShelf(Settings().policies_dir)
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_NOBODY: tuple[TechnicianRef | None, ...] = (*RING, *RING, None)


def _choices() -> Policy:
    """Priced before anybody goes, a loaner promised, and a choice of remedy: all roads in one.

    Whoever does nothing is told again, and nobody at night.
    """
    base = SHELF.get("instruments").model_dump(mode="json", by_alias=True)
    guarantees = ThreeGuarantees(clauses=("D5-C6.1.a",), classes=("instrument",))
    procedure = {"out_of_warranty": "quote_first", "follow_up_tries": 2}
    return Policy.model_validate(
        {
            **base,
            "name": "choices",
            "three_guarantees": guarantees.model_dump(mode="json"),
            "ladders": {
                "default": {
                    "rungs": [rung.model_dump(mode="json") for rung in DEFAULT_LADDER.rungs],
                    "repeat": {"every": "50 minutes", "at_most": 3},
                    "tell_within": "follow_up_hours",
                }
            },
            "procedure": {**base.get("procedure", {}), **procedure},
        }
    )


POLICIES = {
    "choices": _choices(),
    **{name: SHELF.get(name) for name in POLICY_NAMES if name != "choices"},
}


def _devices(policy: str) -> Sequence[Fields]:
    """New, old, of an unknown age, and repaired twice already."""
    kind = "instrument" if policy in ("instruments", "choices") else "window"
    thing = {"product": "仪器", "product_class": kind, "policy": policy}
    recent = (MONDAY - 5 * _DAY).date().isoformat()
    return (
        {**thing, "invoice_date": recent, "accepted_on": recent, "weight_kg": 6},
        {**thing, "invoice_date": "2020-01-01", "accepted_on": "2020-01-01", "weight_kg": 48},
        {**thing},
        {**thing, "invoice_date": "2025-12-01", "weight_kg": 10, "repairs_done": 2},
    )


class Life:
    """`story` keeps all events from the start; `accepted` counts the commands that were."""

    def __init__(self, pick: Pick) -> None:
        self.now, self.calls = MONDAY, 0
        self.own = POLICIES[pick([*POLICIES, "choices"])]
        self.devices = _devices(self.own.name)
        self.accepted: Counter[str] = Counter()
        self.stages: Counter[str] = Counter()
        line = pick([self.own, POLICIES["house"]])
        opening = Opening(
            number="W1",
            opened_at=self.now,
            channel=pick([Channel.PHONE, Channel.PHONE, Channel.FAX]),
            policy=line.name,
            policy_version=line.version,
            caller="+8613900010001",
            procedure=PROCEDURE,
        )
        opened = open_case(opening, line)
        self.story: list[Event] = list(opened.events)
        self.case = opened.handed_over()
        answered = pick([True, False])
        ended_at = pick([self.now, None]) if answered else self.now
        self._becomes(
            take_call(
                self.case, call("c0", self.now, answered=answered, ended_at=ended_at), self.now
            )
        )
        for _ in range(pick(range(17))):
            self.the_story_goes_on(pick)

    @property
    def ticket(self) -> Ticket:
        return self.case.ticket

    # --- people -------------------------------------------------------------------------------

    def the_story_goes_on(self, pick: Pick) -> None:
        self._asks(forward, pick)
        self._ring_answers(pick(RING))

    def somebody_asks(self, pick: Pick) -> None:
        self._asks(sensible, pick)

    def somebody_asks_and_the_ring_answers(self, pick: Pick) -> None:
        """As most often: whoever was ordered is sent before anybody asks for more."""
        self._asks(sensible, pick)
        self._ring_answers(pick(_NOBODY))

    def somebody_asks_what_makes_no_sense(self, pick: Pick) -> None:
        self._asks(nonsense, pick)

    def the_ring_answers(self, pick: Pick) -> None:
        self._ring_answers(pick(_NOBODY))

    # --- the clock ----------------------------------------------------------------------------

    def time_goes_by(self, pick: Pick) -> None:
        """Woken at every deadline or only once, at the end of an outage: the same ticket."""
        goal = self.now + pick([_MINUTE, 20 * _MINUTE, 5 * _HOUR, _DAY, 3 * _DAY, 9 * _DAY])
        late = settle(self.case, goal)
        while (wake := next_wake(self.case, self.now)) is not None and wake.at <= goal:
            self.now = wake.at
            self._becomes(self.case)
        self.now = goal
        self._becomes(self.case)
        assert _outline(late.ticket) == _outline(self.ticket)

    def the_edge_of_a_deadline_comes(self, pick: Pick) -> None:
        wake = next_wake(self.case, self.now)
        moment = wake.at + pick([-MILLISECOND, timedelta(0), MILLISECOND]) if wake else self.now
        self.now = max(self.now, moment)
        self._becomes(self.case)

    # --- the phone ----------------------------------------------------------------------------

    def the_phone_tells(self, pick: Pick) -> None:
        """A call, or a later word of the last one, which may come out of order."""
        self.calls += pick([0, 1])
        answered, ended = pick([True, False]), pick([True, False])
        at = self.now - pick([timedelta(0), _MINUTE, 3 * _HOUR])
        told = call(
            f"c{self.calls}",
            at,
            direction=pick(list(Direction)),
            answered=answered,
            answered_at=at if answered else None,
            ended_at=at if ended else None,
            revision=1 + ended + answered,
        )
        self._becomes(take_call(self.case, told, self.now))

    def a_call_is_judged_again(self, pick: Pick) -> None:
        self._becomes(drop_call(self.case, f"c{pick(range(self.calls + 1))}", self.now))

    # --- the loaners, and what is done outside ------------------------------------------------

    def a_loaner_tells(self, pick: Pick) -> None:
        lent = [one for one in self.ticket.loaners if _has_workflow(one)]
        if not lent:
            return
        loaner = pick(lent)
        # What is over says the same for ever.
        state = loaner.state if loaner.state in OVER else pick(list(LoanerState))
        news = LoanProgress(
            id=loaner.id,
            revision=loaner.revision + pick([1, 1, 2, 0]),
            state=state,
            at=self.now,
            device=Loaner(id="L01", product_class="instrument", product="仪器", grade="new"),
            milestones=dict.fromkeys(_TOLD_BY.get(state, ()), (self.now,)),
        )
        self._becomes(take_news(self.case, news, self.now))

    def an_errand_is_done(self, pick: Pick) -> None:
        if not self.ticket.errands:
            return
        errand = self.ticket.errands[0]
        case = errand_done(self.case, errand, self.now)
        if errand.kind == "merge":
            refused = pick([None, None, RefusalType.TICKET_CLOSED])
            answer = AbsorbAnswer(accepted=refused is None, type=refused)
            case = settle_merging(case, answer, self.now)
        self._becomes(case)

    def another_ticket_is_to_be_taken_in(self, pick: Pick) -> None:
        other = _another(pick, self.now)
        self._tried(lambda: absorb(self.case, other, self.now))

    # --- how it is done -----------------------------------------------------------------------

    def ends(self) -> None:
        """The events, read back as the ledger would give them, make the same ticket."""
        faults = faults_of_ledger(self.ticket, self.story)
        assert not faults, faults

    def _asks(self, how: Callable[[Scene, Pick], Ask], pick: Pick) -> None:
        ask = how(Scene(self.ticket, self.now, self.devices), pick)
        order = Order(
            by=Actor(role=ask.role, name=ask.name),
            fields=ask.fields,
            looked_up=self._looked_up(ask, pick),
        )
        if self._tried(lambda: decide(self.case, ask.command, order, self.now)):
            self.accepted[ask.command] += 1
        self.now += MILLISECOND
        self._becomes(self.case)

    def _tried(self, act: Callable[[], Case]) -> bool:
        """The act, or its refusal; no other error, and a refusal leaves all as it was."""
        before = self.ticket.model_dump_json()
        try:
            decided = act()
        except Refused as refused:
            plain = refused.type in RefusalType and bool(refused.message)
            unchanged = self.ticket.model_dump_json() == before
            if not (plain and unchanged):
                raise AssertionError(f"a refusal that is none: {refused!r}") from refused
            return False
        self._becomes(decided)
        return True

    def _looked_up(self, ask: Ask, pick: Pick) -> LookedUp:
        """As the desk finds it in the books."""
        match ask.command:
            case Command.REGISTER | Command.AMEND:
                given = ask.fields.get("device", ask.fields.get("value"))
                device = Device.model_validate(given) if given in self.devices else None
                policy = self.own if device else self.case.policy
                return LookedUp(policy=policy, policy_version=policy.version, device=device)
            case Command.ADOPT_POLICY:
                adopted = POLICIES.get(str(ask.fields.get("policy")))
                version = adopted.version if adopted else None
                return LookedUp(policy=adopted, policy_version=version)
            case Command.DISPATCH:
                named = ask.fields.get("technician")
                found = next((one for one in RING if named in (one.id, one.name)), None)
                return LookedUp(technician=found, override=pick([True, False]))
            case Command.MERGE_INTO:
                number = str(ask.fields.get("ticket"))
                ended, into = pick([(False, None), (False, None), (True, None), (True, "W9")])
                return LookedUp(target=MergeTarget(number=number, ended=ended, into=into))
        return LookedUp()

    def _ring_answers(self, who: TechnicianRef | None) -> None:
        order = self.ticket.dispatch_order
        if order is None:
            return
        chosen = order.technician or (who if who and who.id not in order.excluded else None)
        self._becomes(assign(settle(self.case, self.now), Turn(technician=chosen), self.now))

    def _becomes(self, case: Case) -> None:
        """As the workflow does: settled by what changed; then nothing may be wrong."""
        settled = settle(case, self.now)
        fresh = settled.events
        assert settle(settled, self.now).events == fresh, "settled twice is not settled once"
        faults = faults_of_news(self.ticket, fresh, self.now) + faults_of(settled, self.now)
        self.story += fresh
        if settled.ticket.stage in ENDED:
            faults += faults_of_ledger(settled.ticket, self.story)
        assert not faults, (faults, [one.kind for one in fresh])
        self.case = settled.handed_over()
        self.stages[self.ticket.stage] += 1


STEPS: tuple[Callable[[Life, Pick], None], ...] = (
    *(Life.the_story_goes_on, Life.somebody_asks, Life.somebody_asks_and_the_ring_answers),
    *(Life.somebody_asks_what_makes_no_sense, Life.the_ring_answers),
    *(Life.time_goes_by, Life.the_edge_of_a_deadline_comes),
    *(Life.the_phone_tells, Life.a_call_is_judged_again),
    *(Life.a_loaner_tells, Life.an_errand_is_done, Life.another_ticket_is_to_be_taken_in),
)

_TOLD_BY = {
    LoanerState.RESERVED: (Milestone.LOANER_RESERVED,),
    LoanerState.DELIVERED: (Milestone.LOANER_RESERVED, Milestone.LOANER_DELIVERED),
    LoanerState.RETURNED: (Milestone.LOANER_RETURNED,),
}


def _has_workflow(loaner: TicketLoaner) -> bool:
    return loaner.revision > 0 or loaner.state is LoanerState.REQUESTED


def _another(pick: Pick, now: datetime) -> Absorb:
    """What another ticket of the same fault would hand over."""
    number, registered = pick(OTHERS), pick([True, False])
    reported = now - pick([_MINUTE, 30 * _HOUR])
    lent = pick([None, LoanerState.DELIVERED, LoanerState.NEEDS_DECISION]) if registered else None
    loaner = TicketLoaner(
        id=f"loaner/{number}/1",
        number=1,
        state=lent or LoanerState.RELEASED,
        asked_at=reported,
        revision=0 if lent is LoanerState.NEEDS_DECISION else 3,
    )
    done = [Milestone.REGISTERED] if registered else []
    if lent is LoanerState.DELIVERED:
        done.append(Milestone.LOANER_DELIVERED)
    return Absorb(
        number=number,
        at=now,
        by=Actor(role=Role.SUPERVISOR, name=PEOPLE[Role.SUPERVISOR]),
        registered=registered,
        reported=reported,
        milestones=dict.fromkeys(done, (reported,)),
        calls=(call(f"{number}-c", reported),),
        loaners=(loaner,) if lent is not None else (),
    )


def _outline(ticket: Ticket) -> dict[str, object]:
    """What may not depend on how often the clock was looked at."""
    return {
        "stage": ticket.stage,
        "outcome": ticket.outcome,
        "milestones": ticket.milestones,
        "quotes": ticket.quotes,
        # Of a ticket that ended meanwhile it does not matter how long it would have waited.
        "holds": ticket.open_holds if ticket.outcome else ticket.holds,
        "kept": ticket.kept,
        "firings": {one.key: one.withdrawn for one in ticket.firings if not one.early},
    }
