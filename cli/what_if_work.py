"""Judging many tickets of the past, on one core or on several, always with the same answer."""

import asyncio
import gc
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from domain.ledger_lines import TicketLine
from domain.policy import Policy
from domain.refusals import Refused
from domain.what_if import Edition, PastTicket, judge_past
from domain.what_if_tally import Tally
from runtime.ledger_files import Line, fault, read_line

# Below so many, starting other processes takes longer than the work.
_WORTH_SHARING = 2_000
_CHUNK = 250


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of every ticket.

    `against` None: under what each had pinned itself, found in `pinned` by its version. `only`: the
    tickets of policies of that name. `place` is where the lines come from, for faults.
    """

    under: Edition
    against: Edition | None
    pinned: Mapping[str, Policy]
    as_of: datetime
    place: Path
    since: datetime | None = None
    only: str | None = None

    def count(self, lines: Sequence[Line]) -> Tally:
        """The tally of those tickets. Raises LedgerFileFaulty."""
        tally = Tally(promise.id for promise in self.under.policy.promises)
        for line in lines:
            read = read_line(self.place, line, TicketLine)
            if self.since is not None and read.events[0].at < self.since:
                continue
            try:
                past = read.past(self.as_of)
            except (ValueError, Refused) as error:
                raise fault(self.place, line[0], f"工单 {read.ticket}:{error}") from None
            if self.only is None or past.policy == self.only:
                against = judge_past(past, self.against or self._own(past, line[0]))
                is_own = past.policy == self.under.policy.name
                tally.count(past, judge_past(past, self.under), against, is_of_policy=is_own)
        return tally

    def _own(self, past: PastTicket, line: int) -> Edition:
        policy = self.pinned.get(past.version)
        if policy is None:
            pinned = f"{past.policy} {past.version}"
            raise fault(self.place, line, f"工单 {past.number} 所用的政策 {pinned} 不在台账里")
        return Edition(policy, past.version)


async def judge_all(
    question: Question,
    lines: AsyncIterator[Line],
    total: int,
    jobs: int,
    progress: Callable[[int, int], None],
) -> Tally:
    """The tally of all lines, added up in their order. `progress` is told of tickets done."""
    tally = Tally(promise.id for promise in question.under.policy.promises)
    done = 0
    progress(done, total)
    async for size, part in _parts(question, lines, jobs if total >= _WORTH_SHARING else 1):
        tally.add(part)
        done += size
        progress(done, total)
    # The command ends its process without the interpreter's own clearing up, so the semaphores of
    # the other processes are given back now.
    gc.collect()
    return tally


async def _parts(
    question: Question, lines: AsyncIterator[Line], jobs: int
) -> AsyncIterator[tuple[int, Tally]]:
    if jobs == 1:
        async for chunk in _chunks(lines):
            yield len(chunk), question.count(chunk)
        return
    # A fork could copy a lock that another thread holds; a new interpreter cannot.
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, fresh, _begin, (_Asked.of(question),)) as pool:
        waiting: deque[tuple[int, asyncio.Future[Tally]]] = deque()
        try:
            async for chunk in _chunks(lines):
                waiting.append((len(chunk), _hand_over(pool, chunk)))
                if len(waiting) > 2 * jobs:
                    size, part = waiting.popleft()
                    yield size, await part
            while waiting:
                size, part = waiting.popleft()
                yield size, await part
        finally:
            for _, part in waiting:
                if not part.cancel() and not part.cancelled():
                    part.exception()  # one fault is told; this one has been looked at
            pool.shutdown(cancel_futures=True)


def _hand_over(pool: ProcessPoolExecutor, chunk: list[Line]) -> asyncio.Future[Tally]:
    """Ctrl-c goes to all of the terminal's processes, and it is the command that ends ours: a
    process that is started while the signal is held back never gets it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return asyncio.get_running_loop().run_in_executor(pool, _count, chunk)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


async def _chunks(lines: AsyncIterator[Line]) -> AsyncIterator[list[Line]]:
    chunk: list[Line] = []
    async for line in lines:
        chunk.append(line)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question on its way to another process: policies as JSON, which is how they travel."""

    under: tuple[str, str]
    against: tuple[str, str] | None
    pinned: dict[str, str]
    rest: tuple[datetime, Path, datetime | None, str | None]

    @classmethod
    def of(cls, question: Question) -> "_Asked":
        against = question.against
        return cls(
            under=(question.under.policy.model_dump_json(), question.under.version),
            against=(against.policy.model_dump_json(), against.version) if against else None,
            pinned={version: one.model_dump_json() for version, one in question.pinned.items()},
            rest=(question.as_of, question.place, question.since, question.only),
        )

    def question(self) -> Question:
        return Question(
            _edition(self.under),
            _edition(self.against) if self.against else None,
            {version: Policy.model_validate_json(one) for version, one in self.pinned.items()},
            *self.rest,
        )


def _edition(written: tuple[str, str]) -> Edition:
    return Edition(Policy.model_validate_json(written[0]), written[1])


# The question that this process was started for.
_asked: Question | None = None


def _begin(asked: _Asked) -> None:
    global _asked  # noqa: PLW0603  the one thing that a worker process knows
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _asked = asked.question()


def _end_with_parent() -> None:
    """A parent that was killed can end nobody; its process would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _count(lines: Sequence[Line]) -> Tally:
    assert _asked is not None
    return _asked.count(lines)
