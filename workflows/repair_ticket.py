"""维修工单: one repair, from the first ring to the follow-up call, as one durable workflow.

The story (`run`) acts: it takes turns from the rotation and waits for each stage to be over.
Handlers only change state, by the rules in `domain`, and wait for the ledger. Three coroutines run
beside the story all along: the promise clock, the errands, and the flusher that writes the ledger.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NoReturn

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy, SearchAttributeUpdate
from temporalio.exceptions import ApplicationError, FailureError

from activities.signatures import (
    LEDGER_REFUSED,
    TAKE_TURN,
    AskToAbsorb,
    TurnRequest,
)
from domain.calendar_news import CalendarDates
from domain.calls import Call
from domain.case import Case, open_case
from domain.escalation import Wake, next_due, standings_of
from domain.events import Changes, Opening
from domain.ledger import LedgerBatch
from domain.loan import LoanerStart, LoanProgress, TicketNews
from domain.policy import Policy
from domain.procedure import decide
from domain.readable import in_lines
from domain.refusals import RefusalType, Refused, invalid
from domain.rotation import Turn
from domain.settling import next_wake, settle
from domain.steps.calendars import extend_calendar
from domain.steps.calls import drop_call, take_call
from domain.steps.dispatching import assign
from domain.steps.loaners import errand_done, loan_of, take_news
from domain.steps.merging import (
    Absorb,
    AbsorbAnswer,
    absorb,
    handed_over,
    pass_on,
    settle_merging,
)
from domain.ticket import Errand, Ticket
from domain.vocabulary import ENDED, Command, Keeper, Milestone, Stage
from workflows.beside import until
from workflows.errands import Errands
from workflows.incoming import as_failure, read_message, read_order
from workflows.ledger_flusher import LedgerFlusher
from workflows.messages import (
    ABSORB,
    CALENDAR_NEWS,
    DROP_CALL,
    LOANER_NEWS,
    PHONE_CALL,
    REPAIR_TICKET,
    SEVERITY,
    STAGE,
    TECHNICIAN,
    TICKET,
    Answer,
    Carried,
    DropCall,
    TicketStart,
    TicketView,
)
from workflows.promise_clock import PromiseClock
from workflows.ticket_clock import TicketClock

BEFORE_DISPATCH = (Stage.REGISTERED, Stage.ASSESSING, Stage.AWAITING_CONSENT)
# How many answered commands a new run still knows; a repeat that comes later than that is new.
REMEMBERED = 500
OUT_ON_A_VISIT = (Stage.SCHEDULED, Stage.ON_SITE)
SIGNING = (Stage.REPAIRED, Stage.SIGNED_OFF)


@workflow.defn(name=REPAIR_TICKET)
class RepairTicketWorkflow:
    """All state is in `_case`; whatever changes it goes through `_become`."""

    @workflow.init
    def __init__(self, start: TicketStart) -> None:
        self._time = TicketClock(start.clock_start)
        self._wake: Wake | None = None
        self._shown: dict[str, str] = {STAGE.name: Stage.INTAKE.value}
        self._answered: dict[str, Answer] = {}
        self._decided_at = workflow.info().workflow_start_time
        self._merge_answer: AbsorbAnswer | None = None
        self._flusher = LedgerFlusher(self, self._has_news)
        self._clock = PromiseClock(lambda: self._wake, self.now, self._settle)
        self._errands = Errands(self)
        self._beside: list[asyncio.Task[None]] = []
        if start.carried is None:
            self._begin(start)
        else:
            self._go_on(start.carried, start.policy)

    def _begin(self, start: TicketStart) -> None:
        self._case = open_case(start.opening, start.policy)
        if start.call is None:
            received = Changes(milestones={Milestone.REPORTED: start.opening.opened_at})
            self._become(self._case.record("reported", self.now(), changes=received))
        else:
            self._become(take_call(self._case, start.call, self.now()))

    def _go_on(self, carried: Carried, policy: Policy) -> None:
        self._shown = dict(carried.shown)
        self._answered = dict(carried.answered)
        self._decided_at = carried.decided_at
        self._flusher.flushed = carried.ticket.seq
        self._become(Case(carried.ticket, policy))

    @workflow.run
    async def run(self, start: TicketStart) -> str:
        """The life of a ticket. Answers its outcome."""
        self._beside = [
            asyncio.create_task(self._flusher.run()),
            asyncio.create_task(self._clock.run()),
            asyncio.create_task(self._errands.run()),
        ]
        await self._intake()
        while self._stage not in ENDED:
            await self._assess()
            await self._dispatch()
            await self._visit()
            await self._sign_off()
            await self._follow_up()
        return await self._close()

    # --- the story, a method a stage -----------------------------------------------------------

    async def _intake(self) -> None:
        """The call is on, or was missed; an agent registers it, or it is redirected."""
        await self._while_in(Stage.INTAKE)

    async def _assess(self) -> None:
        """In warranty or not, and who pays; an emergency does not wait for either."""
        await self._rest(lambda: self._ordered or self._stage not in BEFORE_DISPATCH)

    async def _dispatch(self) -> None:
        """Whenever somebody is to be sent, ask the ring who; a refusal asks the next."""
        while self._stage is Stage.DISPATCHING or self._ordered:
            await self._rest(lambda: self._ordered or self._stage is not Stage.DISPATCHING)
            if self._ordered:
                await self._take_turn()

    async def _visit(self) -> None:
        """The technician accepts, goes, works; declined, moved or unfinished goes round again."""
        await self._while_in(*OUT_ON_A_VISIT)

    async def _sign_off(self) -> None:
        """The customer signs; the order comes back."""
        await self._while_in(*SIGNING)

    async def _follow_up(self) -> None:
        """Somebody calls and asks; not satisfied goes round again."""
        await self._while_in(Stage.FOLLOW_UP)

    async def _close(self) -> str:
        """Leave only when every answer is given and every event is in the ledger.

        A ticket can be over while its caller still talks; the hang-up belongs to it as well, unless
        it was merged: then its calls are another's.
        """
        await self._until(
            lambda: (
                self._ticket.merged_into is not None
                or all(call.ended_at for call in self._ticket.calls)
            )
        )
        await self._until(lambda: not self._ticket.errands)
        await self._until(workflow.all_handlers_finished)
        await self._until(lambda: self._flusher.flushed >= self._ticket.seq)
        for task in self._beside:
            task.cancel()
        outcome = self._ticket.outcome
        return outcome.value if outcome else self._stage.value

    async def _take_turn(self) -> None:
        order = self._ticket.dispatch_order
        if order is None:
            return
        request = TurnRequest(
            ticket_no=self._ticket.number,
            visit=order.visit,
            department=order.department,
            skill=order.skill,
            technician=order.technician.id if order.technician else None,
            excluded=order.excluded,
            keep_turn_on_skip=self._case.policy.procedure.keep_turn_on_skip,
        )
        turn = await _take_turn(request)
        # A command may have come in meanwhile and settled the order: then nothing is assigned.
        if self._ticket.dispatch_order == order:
            self._become(assign(settle(self._case, self.now()), turn, self.now()))

    # --- messages ------------------------------------------------------------------------------

    @workflow.update(dynamic=True)
    async def command(self, name: str, args: Sequence[RawValue]) -> Answer:
        """Every command of the contract, and `absorb`; the update's name is the command's."""
        if (known := self._answered.get(_command_id())) is not None:
            return known
        self._become(self._decide(name, args))
        seq = self._ticket.seq
        await self._until(lambda: not self._ordered and self._ticket.merging is None)
        await self._until(lambda: self._flusher.flushed >= max(seq, self._ticket.seq))
        if name == Command.MERGE_INTO and self._ticket.merged_into is None:
            raise self._why_not_merged()
        answer = self._answer()
        self._answered[_command_id()] = answer
        return answer

    @command.validator
    def _validate(self, name: str, args: Sequence[RawValue]) -> None:
        # Judged on a settled copy (a case is immutable): a refusal leaves no event behind.
        if _command_id() not in self._answered:
            self._decide(name, args)

    @workflow.signal(dynamic=True)
    def heard(self, name: str, args: Sequence[RawValue]) -> None:
        """What arrives by itself: accepted in any stage, any number of times, never raised.

        One handler for every name, so that a signal with the wrong name or the wrong number of
        arguments is dropped like any other that cannot be read.
        """
        try:
            self._hear(name, args)
        except Exception as error:
            # Nothing has changed: a state is worked out whole before it takes the old one's place.
            workflow.logger.warning("signal %s dropped: %s", name, error)

    def _hear(self, name: str, args: Sequence[RawValue]) -> None:
        now = self.now()
        [message] = args
        if name == PHONE_CALL and (call := read_message(message, Call)) is not None:
            case = take_call(settle(self._case, now), call, now)
            self._become(pass_on(case, now) if case.ticket.calls != self._ticket.calls else case)
        elif name == LOANER_NEWS and (news := read_message(message, LoanProgress)) is not None:
            self._become(take_news(settle(self._case, now), news, now))
        elif name == DROP_CALL and (dropped := read_message(message, DropCall)) is not None:
            self._become(drop_call(settle(self._case, now), dropped.call_id, now))
        elif name == CALENDAR_NEWS and (dates := read_message(message, CalendarDates)) is not None:
            self._become(extend_calendar(settle(self._case, now), dates, now))

    @workflow.query(name=TICKET)
    def view(self) -> TicketView:
        """The whole state, as of its last change."""
        return TicketView(
            ticket=self._ticket,
            standings=standings_of(self._ticket, self._case.policy, self.now()),
            next_wake=self._wake.at if self._wake else None,
            clock_offset_ms=self._time.offset_ms,
            unflushed=self._ticket.seq - self._flusher.flushed,
        )

    # --- how the state changes, and what waits on it -------------------------------------------

    def now(self) -> datetime:
        """The ticket's time, whole milliseconds at +08:00. The only clock a ticket reads."""
        return self._time.now()

    @property
    def _ticket(self) -> Ticket:
        return self._case.ticket

    @property
    def _stage(self) -> Stage:
        return self._case.ticket.stage

    @property
    def _ordered(self) -> bool:
        return self._case.ticket.dispatch_order is not None

    def _become(self, case: Case) -> None:
        """The only way the state changes: settled by what changed, with the next wake known."""
        now = self.now()
        settled = settle(case, now)
        wake = None if settled.ticket.stage in ENDED else next_wake(settled, now)
        self._case, self._wake = settled, wake
        self._show()

    def _settle(self) -> None:
        self._become(self._case)

    def _decide(self, name: str, args: Sequence[RawValue]) -> Case:
        now = self.now()
        try:
            if name == ABSORB:
                return absorb(settle(self._case, now), _read_absorb(args), now)
            order = read_order(args)
            return decide(settle(self._case, now), name, order, now)
        except Refused as refused:
            raise as_failure(refused) from None

    def _answer(self) -> Answer:
        ticket = self._ticket
        return Answer(
            stage=ticket.stage,
            seq=ticket.seq,
            technician=ticket.visit.technician.name if ticket.visit else None,
            task=ticket.task,
            quote=ticket.quote.number if ticket.quote else None,
            loaner=ticket.loaner.id if ticket.loaner else None,
        )

    def _why_not_merged(self) -> ApplicationError:
        answer = self._merge_answer
        if answer is None or answer.type is None:
            return as_failure(Refused(RefusalType.INVALID_TRANSITION, "合并没有完成"))
        return as_failure(Refused(answer.type, answer.message, "ticket"))

    # --- what is done outside -------------------------------------------------------------------

    def next_errand(self) -> Errand | None:
        return self._ticket.errands[0] if self._ticket.errands else None

    def loan(self, errand: Errand) -> LoanerStart:
        """A loaner's clock shows what the ticket's does, in a rehearsal as well."""
        return LoanerStart(
            loan=loan_of(self._ticket, errand.loaner or ""),
            policy=self._case.policy.kept_by(Keeper.LOANER),
            clock_start=self.now() if self._time.offset_ms else None,
        )

    def news(self, errand: Errand) -> TicketNews:
        return TicketNews.model_validate(
            {
                "kind": errand.kind,
                "ticket_no": errand.target or self._ticket.number,
                "at": errand.at,
            }
        )

    def handing_over(self, errand: Errand) -> AskToAbsorb:
        return AskToAbsorb(into=errand.target or "", other=handed_over(self._ticket, errand))

    def merge_answered(self, asked: AskToAbsorb, answer: AbsorbAnswer) -> None:
        now = self.now()
        self._merge_answer = answer
        case = settle_merging(settle(self._case, now), answer, now)
        if case.ticket.calls != asked.other.calls:
            case = pass_on(case, now)  # a call came while the other was asked
        self._become(case)

    def errand_over(self, errand: Errand) -> None:
        now = self.now()
        self._become(errand_done(settle(self._case, now), errand, now))

    # --- the ledger, and what waits ---------------------------------------------------------------

    def next_batch(self) -> LedgerBatch | None:
        """For the flusher: what waits, with the projection that it makes."""
        case = self._case
        if not case.events:
            return None
        current = standings_of(case.ticket, case.policy, case.events[-1].at)
        self._case = case.handed_over()
        # A new run's clock may stand before the old one's, where time was skipped.
        self._decided_at = max(self._decided_at, workflow.now())
        return LedgerBatch(
            ticket_no=case.ticket.number,
            decided_at=self._decided_at,
            events=case.events,
            ticket=case.ticket,
            standings=current,
            next_due=next_due(current),
            policies=dict(case.pinned),
        )

    def _has_news(self) -> bool:
        # An order and the ring's answer to it go to the ledger together: one write, not two.
        return bool(self._case.events) and not self._ordered

    async def _while_in(self, *stages: Stage) -> None:
        await self._rest(lambda: self._stage not in stages)

    async def _rest(self, condition: Callable[[], bool]) -> None:
        """Wait for what others do; a history that has grown long is left behind meanwhile."""
        await self._until(lambda: condition() or self._should_renew())
        if not condition():
            self._renew()

    def _should_renew(self) -> bool:
        """At a quiet moment only: nothing unanswered, unwritten, or under way outside."""
        info = workflow.info()
        if not (
            info.is_continue_as_new_suggested()
            or info.is_target_worker_deployment_version_changed()
        ):
            return False
        ticket = self._ticket
        busy = ticket.dispatch_order or ticket.merging or ticket.errands or self._case.events
        flushed = self._flusher.flushed >= ticket.seq
        return not busy and flushed and workflow.all_handlers_finished()

    def _renew(self) -> NoReturn:
        """The same ticket, on a history of its own again."""
        answered = list(self._answered.items())[-REMEMBERED:]
        ticket = self._ticket
        opening = {name: getattr(ticket, name) for name in Opening.model_fields}
        upgrade = workflow.info().is_target_worker_deployment_version_changed()
        workflow.continue_as_new(
            TicketStart(
                opening=Opening(**opening),
                policy=self._case.policy,
                clock_start=self.now() if self._time.offset_ms else None,
                carried=Carried(
                    ticket=ticket,
                    answered=dict(answered),
                    decided_at=self._decided_at,
                    shown=self._shown,
                ),
            ),
            initial_versioning_behavior=(
                workflow.ContinueAsNewVersioningBehavior.AUTO_UPGRADE if upgrade else None
            ),
        )

    async def _until(self, condition: Callable[[], bool]) -> None:
        await until(condition, self._beside)

    def _show(self) -> None:
        """What operators read, and what they filter on: together, and only when it changed."""
        workflow.set_current_details(in_lines(self._ticket, self._wake.at if self._wake else None))
        visit = self._ticket.visit
        wanted = {
            STAGE.name: self._stage.value,
            TECHNICIAN.name: visit.technician.id if visit else "",
            SEVERITY.name: str(self._ticket.facts.get("severity", "")),
        }
        changed: list[SearchAttributeUpdate[str]] = []
        for key in (STAGE, TECHNICIAN, SEVERITY):
            value = wanted[key.name]
            if value == self._shown.get(key.name, ""):
                continue
            self._shown[key.name] = value
            changed.append(key.value_set(value) if value else key.value_unset())
        if changed:
            workflow.upsert_search_attributes(changed)


async def _take_turn(request: TurnRequest) -> Turn:
    """Whose turn it is; asked quickly first, then for as long as it takes."""
    refused = [LEDGER_REFUSED]
    turn: Turn
    try:
        turn = await workflow.execute_local_activity(
            TAKE_TURN,
            request,
            result_type=Turn,
            schedule_to_close_timeout=timedelta(seconds=3),
            retry_policy=RetryPolicy(maximum_attempts=2, non_retryable_error_types=refused),
        )
    except FailureError:
        turn = await workflow.execute_activity(
            TAKE_TURN,
            request,
            result_type=Turn,
            start_to_close_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(non_retryable_error_types=refused),
        )
    return turn


def _command_id() -> str:
    """The id under which the client sends the command, and repeats it."""
    update = workflow.current_update_info()
    return update.id if update is not None else ""


def _read_absorb(args: Sequence[RawValue]) -> Absorb:
    other = read_message(args[0], Absorb) if len(args) == 1 else None
    if other is None:
        raise invalid("command", "读不懂要并入的工单")
    return other
