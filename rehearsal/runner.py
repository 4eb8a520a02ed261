"""Acting one script out on the real workflow, with its own books and its own clock."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from temporalio.client import WorkflowQueryFailedError
from temporalio.service import RPCError

from desk.calls import enter
from desk.delivery import Delivery, open_ticket
from desk.loaner_desk import LoanerDesk
from desk.numbers import normalise
from desk.showing import show
from desk.temporal_starter import TemporalStarter
from desk.ticket_desk import TicketDesk
from desk.updates import NoAnswer, WorkflowFailed
from domain.calls import Direction, PhoneEvent
from domain.refusals import RefusalType, Refused, invalid
from domain.vocabulary import Channel, Role
from rehearsal.compare import differences
from rehearsal.result import Failure, Result
from rehearsal.script import Script
from rehearsal.steps import Address, CommandAct, ExpectAct, OpenAct, PhoneAct, Step
from rehearsal.ticket_clocks import NotSettled, TicketClocks
from runtime.embedded.skipping import SkippingEnvironment
from runtime.policy_files import PolicyShelf
from storage import phone
from storage.phone import CallKey
from workflows.messages import loaner_workflow_id

_DELIVERED_WITHIN = 20.0
_LOOK_EVERY = 0.02

# A deed at the very moment of a deadline is done a little before it, so that our own slowness
# does not miss it; the next deadlines then come that much before the script's round numbers.
_IN_TIME = timedelta(milliseconds=700)
_JUST_AFTER = timedelta(milliseconds=250)
_JUST_BEFORE = timedelta(milliseconds=900)


@dataclass(frozen=True, slots=True)
class Props:
    """What a script is acted with: servers, and books of its own."""

    environment: SkippingEnvironment
    pool: asyncpg.Pool
    shelf: PolicyShelf
    task_queue: str


# A server or a ticket's workflow failed us.
_TROUBLE = (RPCError, WorkflowQueryFailedError, asyncpg.PostgresError, OSError)


class _CannotGoOn(Exception):
    """A step that the later ones build on did not happen."""


@dataclass(frozen=True, slots=True)
class Acted:
    """A step that was acted: when on the script's clock, and the ticket then, if there is one.

    `ticket` is what `ticket show --json` prints.
    """

    step: Step
    at: datetime
    ticket: Mapping[str, Any] | None


OnStep = Callable[[Acted], None]
"""Told of each step once it was acted."""


async def act(script: Script, props: Props, on_step: OnStep | None = None) -> Result:
    """Act the script; a worker must be polling the props' task queue.

    What is not as the script says becomes failures: a wrong expectation lets the play go on, a
    command that did not get its way ends it.
    """
    began = time.monotonic()
    play = _Play(script, props, on_step)
    await play.act()
    return Result(
        path=str(script.path),
        name=script.title,
        clauses=script.proves,
        steps=len(script.steps),
        seconds=time.monotonic() - began,
        failures=tuple(play.failures),
        tickets=play.tickets,
        loaners=play.loaners,
    )


class _Play:
    """One performance: the time by now, the tickets so far, and what went wrong."""

    def __init__(self, script: Script, props: Props, on_step: OnStep | None) -> None:
        self.failures: list[Failure] = []
        self._on_step = on_step
        self._script = script
        self._now = script.start
        self._pool = props.pool
        client, shelf, queue = props.environment.client, props.shelf, props.task_queue
        starter = TemporalStarter(client, shelf, queue, lambda: self._now, rehearsal=True)
        self._delivery = Delivery(props.pool, starter, lambda: self._now)
        self._tickets_desk = TicketDesk(client, props.pool, shelf)
        self._loaners_desk = LoanerDesk(client, props.pool)
        self._clocks = TicketClocks(props.environment)
        self._numbers: list[str] = []
        self._named: dict[str, str] = {}
        self._calls: dict[CallKey, str | None] = {}

    @property
    def tickets(self) -> tuple[str, ...]:
        """The tickets so far, oldest first."""
        return tuple(self._numbers)

    @property
    def loaners(self) -> tuple[str, ...]:
        """The workflow ids of the loaners so far, oldest first."""
        return self._clocks.loaners

    async def act(self) -> None:
        for step in self._script.steps:
            place = f"{self._script.path}:{step.line}"
            try:
                await self._step(step, place)
                await self._tell(step)
            except Refused as refused:
                self._fail(place, str(step), f"refused: {refused.type.value}: {refused}")
                return
            except (_CannotGoOn, NoAnswer, WorkflowFailed, NotSettled, TimeoutError) as error:
                self._fail(place, str(step), str(error) or type(error).__name__)
                return
            except _TROUBLE as error:
                self._fail(place, str(step), f"{type(error).__name__}: {error}")
                return
        if self._script.expect is not None:
            await self._final()

    async def _tell(self, step: Step) -> None:
        if self._on_step is None:
            return
        number = self._named.get(step.on.ticket or "") or next(iter(self._numbers), None)
        ticket = await show(self._pool, number) if number is not None else None
        self._on_step(Acted(step, self._now, ticket))

    async def _step(self, step: Step, place: str) -> None:
        moment = self._script.start + step.at
        deed = isinstance(step.act, CommandAct)
        await self._until(moment, of=self._number(step.on) if deed else None)
        match step.act:
            case PhoneAct(event):
                await self._phone(event, step.opens)
            case OpenAct():
                await self._open(step, step.act, place)
            case CommandAct():
                await self._command(step, step.act, place)
            case ExpectAct(expected):
                number = self._number(step.on)
                await self._clocks.bring(number, self._now)
                await self._clocks.settle([number])
                await self._compare(number, expected, place, str(step))

    async def _final(self) -> None:
        assert self._script.expect is not None
        place = f"{self._script.path}:{self._script.lines.get(('expect',), 1)}"
        step = f"at the end ({self._script.steps[-1].written_at}, expect)"
        try:
            number = self._number(Address())
            await self._clocks.bring(number, self._now)
            await self._clocks.settle()
            await self._compare(number, self._script.expect, place, step)
        except (_CannotGoOn, Refused, NotSettled, TimeoutError, *_TROUBLE) as error:
            self._fail(place, step, str(error))

    # --- time ----------------------------------------------------------------------------------

    async def _until(self, moment: datetime, of: str | None = None) -> None:
        """Let time pass: every due time on the way, the earliest of any ticket first.

        A deadline of the ticket `of` that falls together with the moment stays ahead: its deed
        comes first, since exactly at due is kept.
        """
        while True:
            wake = self._clocks.next_wake(but=of if self._falls_on(of, moment) else None)
            close = await phone.next_close(self._pool)
            if close is not None and close <= moment and (wake is None or close <= wake.moment):
                self._now = max(self._now, close)
                await self._deliver()
            elif wake is not None and wake.moment <= moment:
                self._now = max(self._now, wake.moment)
                await self._clocks.wake(wake)
            else:
                break
        self._now = max(self._now, moment)

    def _falls_on(self, number: str | None, moment: datetime) -> bool:
        """Whether the ticket's next deadline is that very moment, as near as clocks can tell."""
        wake = self._clocks.wake_of(number) if number else None
        return wake is not None and -_JUST_BEFORE < wake - moment <= _JUST_AFTER

    # --- the acts ------------------------------------------------------------------------------

    async def _phone(self, event: PhoneEvent, opens: str | None) -> None:
        for number in await self._tickets_of_caller(event):
            await self._clocks.bring(number, self._now)
        key = (event.provider, event.call_id)
        self._calls[key] = opens or self._calls.get(key)
        await enter(self._pool, event)
        await self._deliver()

    async def _tickets_of_caller(self, event: PhoneEvent) -> list[str]:
        """The tickets that the event may speak to: its call's, and its outside number's."""
        stored = await phone.find_call(self._pool, (event.provider, event.call_id))
        direction = stored.call.direction if stored else event.direction
        outside = event.to_number if direction is Direction.OUT else event.from_number
        spelt = normalise(outside) if outside else stored.call.caller if stored else None
        listed = await phone.tickets_of(self._pool, spelt) if spelt else []
        found = [ticket.ticket_no for ticket in listed if ticket.is_open]
        return [*found, *([stored.ticket_no] if stored and stored.ticket_no else [])]

    async def _deliver(self) -> None:
        """Hand the calls over, and take in the tickets that they opened."""
        async with asyncio.timeout(_DELIVERED_WITHIN):
            while True:
                await self._delivery.sweep()
                if not await phone.tickets_due(self._pool):
                    break
                await asyncio.sleep(_LOOK_EVERY)
        for key, name in self._calls.items():
            stored = await phone.find_call(self._pool, key)
            if stored is None or stored.ticket_no is None:
                continue
            await self._take_in(stored.ticket_no)
            if name is not None:
                self._named[name] = stored.ticket_no
        await self._clocks.settle()

    async def _open(self, step: Step, act: OpenAct, place: str) -> None:
        try:
            number = await self._open_paper(act)
        except Refused as refused:
            self._judge(refused, act.because, place, str(step))
            return
        if act.because is not None:
            self._accepted_wrongly(act.because, place, str(step))
        if step.opens is not None:
            self._named[step.opens] = number
        await self._take_in(number)

    async def _open_paper(self, act: OpenAct) -> str:
        if act.by.role is not Role.AGENT:
            raise Refused(RefusalType.NOT_ALLOWED, f"{act.by.role.value} 不能 open;可以的有:agent")
        channel, source_id = act.fields.get("channel"), act.fields.get("source_id")
        if channel not in set(Channel) - {Channel.PHONE}:
            raise invalid("channel", f"没有渠道 {channel}")
        if not isinstance(source_id, str) or not source_id:
            raise invalid("source_id", "要写来源编号")
        return await open_ticket(
            self._delivery, self._pool, Channel(channel), source_id, received=self._now
        )

    async def _command(self, step: Step, act: CommandAct, place: str) -> None:
        number, fields = self._number(step.on), dict(act.fields)
        addressed = [number, *self._other_ticket(fields)]
        wake = self._clocks.wake_of(number)
        if wake is not None and self._falls_on(number, self._now):
            await self._clocks.bring(number, min(wake, self._now) - _IN_TIME)
        else:
            for one in addressed:
                await self._clocks.bring(one, self._now)
            await self._clocks.settle(addressed)
            # The clock stands a little past the script's moment; the deed is of the script's.
            fields.setdefault("at", self._now.isoformat())
        try:
            await self._send(number, step.on.loaner, act, fields)
        except Refused as refused:
            self._judge(refused, act.because, place, str(step))
        else:
            if act.because is not None:
                self._accepted_wrongly(act.because, place, str(step))
        await self._clocks.settle(addressed)

    async def _send(
        self, number: str, loaner: int | None, act: CommandAct, fields: Mapping[str, Any]
    ) -> None:
        if loaner is None:
            await self._tickets_desk.send(number, act.command, act.by, fields, act.id)
            return
        loan_id = self._clocks.loaner(number, loaner) or loaner_workflow_id(number, loaner)
        await self._loaners_desk.send(loan_id, act.command, act.by, fields, act.id)

    def _other_ticket(self, fields: dict[str, Any]) -> list[str]:
        """The other ticket that a command names, whose number a script cannot know."""
        name = fields.get("ticket")
        if not isinstance(name, str) or name not in self._named:
            return []
        fields["ticket"] = self._named[name]
        return [self._named[name]]

    # --- what came of it -----------------------------------------------------------------------

    def _judge(self, refused: Refused, because: RefusalType | None, place: str, step: str) -> None:
        if because is None:
            raise refused
        if refused.type is not because:
            found = f"{refused.type.value} ({refused})"
            self._fail(place, step, f"because: expected {because.value}, found {found}")

    def _accepted_wrongly(self, because: RefusalType, place: str, step: str) -> None:
        self._fail(place, step, f"because: expected {because.value}, found accepted")

    async def _compare(
        self, number: str, expected: Mapping[str, Any], place: str, step: str
    ) -> None:
        for difference in differences(expected, await show(self._pool, number)):
            self._fail(place, step, str(difference))

    def _fail(self, place: str, step: str, message: str) -> None:
        self.failures.append(Failure(place, step, message))

    # --- the tickets ---------------------------------------------------------------------------

    async def _take_in(self, number: str) -> None:
        if number not in self._numbers:
            self._numbers.append(number)
            await self._clocks.take_in(number)

    def _number(self, on: Address) -> str:
        if on.ticket is not None:
            if on.ticket not in self._named:
                raise _CannotGoOn(f"{on.ticket} 还没有开出工单")
            return self._named[on.ticket]
        if not self._numbers:
            raise _CannotGoOn("还没有开出工单")
        return self._numbers[0]
