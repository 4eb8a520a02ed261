"""What-if for people and for spreadsheets."""

import csv
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TextIO

from rich.markup import escape

from cli.policy_phrases import named
from cli.terminal import Failed, out, table
from cli.times import span
from cli.words import PROMISE_STATES
from domain.vocabulary import PromiseState
from domain.what_if import Edition
from domain.what_if_tally import Figures, Line, Tally

_MET, _MISSED = PromiseState.MET, PromiseState.MISSED
_STATES = tuple(PromiseState(word) for word in PROMISE_STATES)
_MOST_NUMBERS = 8


def as_json(under: Edition, against: Edition | None, tally: Tally) -> dict[str, Any]:
    """The document of `--json`. `against` null: each ticket's own policy, what happened."""
    return {
        "policy": _edition(under),
        "against": _edition(against) if against else None,
        "tickets": tally.tickets,
        "of_other_policies": tally.of_other_policies,
        "promises": [line.as_json() for line in tally.lines],
        "clauses": [
            {"clause": clause, "policy": now.as_json(), "against": was.as_json()}
            for clause, (now, was) in tally.by_clause().items()
        ],
    }


def _edition(edition: Edition) -> dict[str, str]:
    return {"name": edition.policy.name, "version": edition.version}


def print_tally(under: Edition, against: Edition | None, tally: Tally) -> None:
    """A line a promise, then the tickets whose answer changed between kept and missed."""
    console = out()
    title = f"若用 {under.policy.title}({under.policy.name} {under.version})"
    beside = f"{against.policy.name} {against.version}" if against else "当时所用的政策"
    console.print(f"[bold]{escape(title)}[/],对照:{escape(beside)},共 {tally.tickets} 张工单")
    if tally.of_other_policies:
        console.print(
            f"[dim]其中 {tally.of_other_policies} 张当时用的是别的政策(--of 可只看一种)[/]"
        )
    if not tally.lines:
        console.print("没有一条承诺适用")
        return
    made = table(
        *("承诺||24", "条款|cyan|10", "适用", "兑现", "超时", "迟到中位", "最迟"),
        *("未到期", "不再适用", "改为兑现|green", "改为超时|red"),
        title="每格:若用 ← 对照",
    )
    for line in tally.lines:
        says = _says(line.promise, under, against)
        made.add_row(named(line.promise, says).strip(), *_cells(line))
    console.print(made)
    for line in tally.lines:
        for text, numbers in (
            ("改为超时", _worse(line)),
            ("改为兑现", _better(line)),
        ):
            if numbers:
                console.print(f"{escape(line.promise)} {text}:{_few(numbers)}")


def _cells(line: Line) -> Iterator[str]:
    def pair(of_figures: Any) -> str:
        now, was = str(of_figures(line.under)), str(of_figures(line.against))
        return now if now == was else f"{now} ← {was}"

    yield escape(" ".join(line.clauses))
    yield pair(lambda one: one.applies)
    yield pair(lambda one: len(one.of(_MET)))
    yield pair(lambda one: len(one.of(_MISSED)))
    yield pair(lambda one: _length(one.late_median))
    yield pair(lambda one: _length(one.late_worst))
    yield pair(_open)
    yield pair(lambda one: len(one.of(PromiseState.VOID)))
    yield str(len(_better(line)) or "")
    yield str(len(_worse(line)) or "")


def _says(promise: str, *editions: Edition | None) -> str:
    """What it says by the first of them that has it; nothing where only a ticket's own did."""
    had = (one.policy.promise(promise) for one in editions if one is not None)
    return next((found.says for found in had if found is not None), "")


def _open(figures: Figures) -> int:
    waiting = (PromiseState.PENDING, PromiseState.RUNNING, PromiseState.PAUSED)
    return sum(len(figures.of(state)) for state in waiting)


def _better(line: Line) -> list[str]:
    return line.changed(_MISSED, _MET)


def _worse(line: Line) -> list[str]:
    return line.changed(_MET, _MISSED)


def _length(seconds: int | None) -> str:
    return "–" if seconds is None else span(timedelta(seconds=seconds))


def _few(numbers: list[str]) -> str:
    more = len(numbers) - _MOST_NUMBERS
    return " ".join(numbers[:_MOST_NUMBERS]) + (f" 等 {len(numbers)} 张" if more > 0 else "")


_SIDES = ("若用", "对照")


def write_csv(file: str, tally: Tally) -> None:
    """A row for each clause of each promise, with the tickets behind each figure. Raises Failed."""
    if file == "-":
        _write(sys.stdout, tally)
        return
    try:
        # The mark lets spreadsheets know that it is UTF-8.
        with Path(file).open("w", encoding="utf-8-sig", newline="") as opened:
            _write(opened, tally)
    except OSError as error:
        raise Failed(f"写不了 {file}:{error.strerror or error}") from None


def _write(file: TextIO, tally: Tally) -> None:
    writer = csv.writer(file)
    states = [PROMISE_STATES[state] for state in _STATES]
    figures = ("适用", *states, "迟到中位(秒)", "最迟(秒)")
    changes = (("改为兑现", _better), ("改为超时", _worse))
    writer.writerow(
        [
            *("条款", "承诺"),
            *(f"{side}:{name}" for side in _SIDES for name in figures),
            *(name for name, _ in changes),
            *(f"{side}:{state}的工单" for side in _SIDES for state in states),
            *(f"{name}的工单" for name, _ in changes),
        ]
    )
    for line in tally.lines:
        sides = (line.under, line.against)
        rest = [
            *(value for side in sides for value in _figures(side)),
            *(len(of(line)) for _, of in changes),
            *(" ".join(side.of(state)) for side in sides for state in _STATES),
            *(" ".join(of(line)) for _, of in changes),
        ]
        for clause in line.clauses:
            writer.writerow([clause, line.promise, *rest])


def _figures(figures: Figures) -> list[int | str]:
    late = (figures.late_median, figures.late_worst)
    return [
        figures.applies,
        *(len(figures.of(state)) for state in _STATES),
        *("" if one is None else one for one in late),
    ]
