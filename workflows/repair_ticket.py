"""维修工单: one repair, from the first ring to the follow-up call, as one durable workflow.

The story (`run`) acts: it takes turns from the rotation and waits for each stage to be over.
Handlers only change state, by the rules in `domain`, and wait for the ledger. Two coroutines run
beside the story all along: the promise clock, and the flusher that writes the ledger.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy, SearchAttributeUpdate
from temporalio.exceptions import ApplicationError, FailureError

from activities.signatures import LEDGER_REFUSED, TAKE_TURN, TurnRequest
from domain.calls import Call
from domain.case import Case, open_case
from domain.civil_time import to_millisecond
from domain.commands import Order, check_size
from domain.escalation import next_due, next_wake, settle, standings_of
from domain.ledger import LedgerBatch
from domain.procedure import decide
from domain.readable import in_lines
from domain.refusals import Refused, invalid
from domain.rotation import Turn
from domain.steps.calls import drop_call, take_call
from domain.steps.dispatching import assign
from domain.ticket import Changes, Ticket
from domain.vocabulary import ENDED, Milestone, Stage
from workflows.ledger_flusher import LedgerFlusher
from workflows.messages import (
    DROP_CALL,
    PHONE_CALL,
    REPAIR_TICKET,
    SEVERITY,
    STAGE,
    TECHNICIAN,
    TICKET,
    Answer,
    DropCall,
    TicketStart,
    TicketView,
)
from workflows.promise_clock import PromiseClock, Wake

M = TypeVar("M")

BEFORE_DISPATCH = (Stage.REGISTERED, Stage.ASSESSING, Stage.AWAITING_CONSENT)
OUT_ON_A_VISIT = (Stage.SCHEDULED, Stage.ON_SITE)
# A message larger than any of ours; what it holds would have to fit through the ledger too.
LARGEST = 256 * 1024
SIGNING = (Stage.REPAIRED, Stage.SIGNED_OFF)


@workflow.defn(name=REPAIR_TICKET)
class RepairTicketWorkflow:
    """All state is in `_case`; whatever changes it goes through `_become`."""

    @workflow.init
    def __init__(self, start: TicketStart) -> None:
        # Not `start_time`: that is the first activation's, and a replay may begin with a later one.
        begun = workflow.info().workflow_start_time
        self._offset = start.clock_start - begun if start.clock_start else timedelta(0)
        self._case = open_case(start.opening, start.policy)
        self._wake: Wake | None = None
        self._shown: dict[str, str] = {STAGE.name: Stage.INTAKE.value}
        self._flusher = LedgerFlusher(self, self._has_news)
        self._clock = PromiseClock(lambda: self._wake, self.now, self._settle)
        self._beside: list[asyncio.Task[None]] = []
        now = self.now()
        if start.call is None:
            received = Changes(milestones={Milestone.REPORTED: start.opening.opened_at})
            self._become(self._case.record("reported", now, changes=received))
        else:
            self._become(take_call(self._case, start.call, now))

    @workflow.run
    async def run(self, start: TicketStart) -> str:
        """The life of a ticket. Answers its outcome."""
        self._beside = [
            asyncio.create_task(self._flusher.run()),
            asyncio.create_task(self._clock.run()),
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
        """In warranty or not, and who pays; the fault may be solved by phone meanwhile."""
        await self._while_in(*BEFORE_DISPATCH)

    async def _dispatch(self) -> None:
        """Whenever somebody is to be sent, ask the ring who; a refusal asks the next."""
        while self._stage is Stage.DISPATCHING or self._ordered:
            await self._until(lambda: self._ordered or self._stage is not Stage.DISPATCHING)
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

        A ticket can be over while its caller still talks; the hang-up belongs to it as well.
        """
        await self._until(lambda: all(call.ended_at for call in self._ticket.calls))
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
        """Every command of the contract; the update's name is the command's."""
        order = self._read_order(args)
        self._become(self._decide(name, order))
        seq = self._ticket.seq
        await self._until(lambda: self._ticket.dispatch_order is None)
        await self._until(lambda: self._flusher.flushed >= max(seq, self._ticket.seq))
        visit = self._ticket.visit
        return Answer(
            stage=self._stage,
            seq=self._ticket.seq,
            technician=visit.technician.name if visit else None,
            task=self._ticket.task,
        )

    @command.validator
    def _validate(self, name: str, args: Sequence[RawValue]) -> None:
        # Judged on a settled copy (a case is immutable): a refusal leaves no event behind.
        self._decide(name, self._read_order(args))

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
        if name == PHONE_CALL and (call := _read(message, Call)) is not None:
            self._become(take_call(settle(self._case, now), call, now))
        elif name == DROP_CALL and (dropped := _read(message, DropCall)) is not None:
            self._become(drop_call(settle(self._case, now), dropped.call_id, now))

    @workflow.query(name=TICKET)
    def view(self) -> TicketView:
        """The whole state, as of its last change."""
        return TicketView(
            ticket=self._ticket,
            standings=standings_of(self._ticket, self._case.policy, self.now()),
            next_wake=self._wake[0] if self._wake else None,
            clock_offset_ms=self._offset // timedelta(milliseconds=1),
            unflushed=self._ticket.seq - self._flusher.flushed,
        )

    # --- how the state changes, and what waits on it -------------------------------------------

    def now(self) -> datetime:
        """The ticket's time, whole milliseconds at +08:00. The only clock a ticket reads."""
        return to_millisecond(workflow.now() + self._offset)

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

    def _decide(self, name: str, order: Order) -> Case:
        now = self.now()
        try:
            return decide(settle(self._case, now), name, order, now)
        except Refused as refused:
            raise _as_failure(refused) from None

    def _read_order(self, args: Sequence[RawValue]) -> Order:
        order = _read(args[0], Order) if len(args) == 1 else None
        try:
            if order is None:
                raise invalid("command", "命令的内容读不懂;要有 by 和 fields,不能有 NUL 字符")
            check_size(order)
        except Refused as refused:
            raise _as_failure(refused) from None
        return order

    def next_batch(self) -> LedgerBatch | None:
        """For the flusher: what waits, with the projection that it makes."""
        case = self._case
        if not case.events:
            return None
        current = standings_of(case.ticket, case.policy, case.events[-1].at)
        self._case = case.handed_over()
        return LedgerBatch(
            ticket_no=case.ticket.number,
            decided_at=workflow.now(),
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
        await self._until(lambda: self._stage not in stages)

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Wait, but never past the death of the flusher or the clock: that must be seen."""
        await workflow.wait_condition(
            lambda: condition() or any(task.done() for task in self._beside)
        )
        for task in self._beside:
            if task.done():
                task.result()

    def _show(self) -> None:
        """What operators read, and what they filter on: together, and only when it changed."""
        workflow.set_current_details(in_lines(self._ticket, self._wake[0] if self._wake else None))
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


def _as_failure(refused: Refused) -> ApplicationError:
    """A refusal as Temporal carries it: its word as the type, the field as a detail."""
    return ApplicationError(
        refused.message, refused.field, type=refused.type.value, non_retryable=True
    )


def _read(raw: RawValue, shape: type[M]) -> M | None:
    """The message, or None when it cannot be read: a poisoned one must never wedge a ticket."""
    if len(raw.payload.data) > LARGEST:
        return None
    if b"\\u0000" in raw.payload.data:  # Postgres has no such character: the ledger would refuse it
        return None
    try:
        return workflow.payload_converter().from_payload(raw.payload, shape)
    except Exception as error:
        workflow.logger.warning("unreadable message, expected %s: %s", shape.__name__, error)
        return None
