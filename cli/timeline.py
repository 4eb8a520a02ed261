"""A ticket's events as a story: each with what it says, and with whom had to be told of it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from cli import words
from cli.event_words import DETAILS, EVENTS
from cli.policy_words import sayings
from cli.terminal import table
from cli.times import clock, span
from domain.fees import yuan

Json = Mapping[str, Any]

_NOTICE = "notice_due"
# Bookkeeping of the call, whose own table says it better, and of what is done outside.
_SILENT = ("answer_known", "call_updated", "errand", "errand_done", "moved")
_STYLES = {
    "promise_warned": "yellow",
    "promise_missed": "red",
    "promise_escalated": "red",
    "promise_met": "green",
    "promise_met_late": "yellow",
}
_MOMENTS = ("due", "at", "until", "deadline")
_ANSWERS = {"true": "是", "false": "否", "unknown": "未知"}
# What the contract's words say, by the detail that they stand in.
_MEANINGS: Mapping[str, Mapping[str, str]] = {
    "to": words.ROLES,
    "about": EVENTS,
    "because": EVENTS,
    "reason": words.HOLDS,
    "decision": words.DECISIONS,
    "subject": words.SUBJECTS,
    "cause": words.CAUSES,
    "remedy": words.REMEDIES,
    "open_to": words.REMEDIES,
    "missing": words.PROOFS,
    "price": words.PRICES,
    "unproven": DETAILS,
    "condition": words.CONDITIONS,
    "grade": words.GRADES,
    "severity": words.SEVERITIES,
    "fault_kind": words.FAULT_KINDS,
    "outcome": words.GUIDANCE,
    "answer": _ANSWERS,
}


def timeline(ticket: Json, title: str | None = None) -> Table:
    """The events of a ticket (`ticket show --json`), oldest first; time and actor said once."""
    return _story(ticket.get("timeline", ()), lambda *said: _said(ticket, *said), title)


def loaner_timeline(loaner: Json) -> Table:
    """The events of a loaner (`loaner show --json`), in the same way."""
    return _story(loaner["timeline"], lambda *said: _said(loaner, *said))


def _story(
    events: Sequence[Json], say: Callable[[Json, Sequence[Json]], str], title: str | None = None
) -> Table:
    made = table("时间|dim", "谁", "事", "说明", title=title)
    before = ("", "")
    for event, notices in _with_notices(events):
        when, who = clock(event["at"], seconds=True), words.actor(event["by"])
        same = before[0] == when
        made.add_row(
            "" if same else when,
            "" if same and before[1] == who else escape(who),
            Text(words.beside(event["kind"], EVENTS), style=_STYLES.get(event["kind"], "")),
            say(event, notices),
        )
        before = (when, who)
    return made


def _with_notices(events: Sequence[Json]) -> list[tuple[Json, list[Json]]]:
    """Each event with the notices that it gave rise to; a notice without its event by itself."""
    told: list[tuple[Json, list[Json]]] = []
    for event in events:
        if event["kind"] in _SILENT:
            continue
        cause = _cause(told, event)
        if cause is None:
            told.append((event, []))
        else:
            cause.append(event)
    return told


def _cause(told: Sequence[tuple[Json, list[Json]]], event: Json) -> list[Json] | None:
    """The notices of the event that this notice is about, which came at the same moment."""
    if event["kind"] != _NOTICE:
        return None
    for earlier, notices in reversed(told):
        if earlier["at"] != event["at"]:
            return None
        if earlier["kind"] == event["details"].get("about"):
            return notices
    return None


def _said(ticket: Json, event: Json, notices: Sequence[Json]) -> str:
    """What the event says, and `→ 通知…` for those who had to be told of it."""
    if event["kind"].startswith("promise_") or event["kind"] == "firing_withdrawn":
        said = _of_promise(ticket, event)
    else:
        said = escape(_details(_own(ticket, event)))
    people = dict.fromkeys(words.beside(one["details"]["to"], words.ROLES) for one in notices)
    told = f"[dim]→ 通知{'、'.join(people)}[/]" if people else ""
    return f"{said} {told}".strip()


def _of_promise(ticket: Json, event: Json) -> str:
    """Which promise it was, and what the event knows of its level, due time and lateness."""
    details = event["details"]
    name = details.get("promise", "")
    said = [escape(_sayings(ticket).get(name) or name)]
    if details.get("level"):
        said.insert(0, f"L{details['level']}")
    if details.get("due"):
        said.append(f"时限 {clock(details['due'])}")
    if details.get("late_seconds"):
        said.append(f"迟 {span(timedelta(seconds=details['late_seconds']))}")
    return " ".join((*said, f"[dim]{escape(' '.join(details.get('clauses', ())))}[/]"))


def _sayings(ticket: Json) -> dict[str, str]:
    """What the promises say of every policy that the ticket has had; the last has the last word."""
    had = (one["details"].get("policy") for one in ticket.get("timeline", ()))
    names = dict.fromkeys(name for name in had if isinstance(name, str))
    found: dict[str, str] = {}
    for name in (*names, ticket["policy"]):
        found |= sayings(name)
    return found


def _own(ticket: Json, event: Json) -> Json:
    """The event's details, with what the ticket itself knows of it."""
    kind, details = event["kind"], event["details"]
    # The business time is worth a word only where it is not the event's own.
    shown = {k: v for k, v in details.items() if k != "at" or clock(v) != clock(event["at"])}
    if kind == "opened":
        return {**shown, "channel": words.beside(ticket["channel"], words.CHANNELS)}
    if kind == "reported":
        return {**shown, "at": ticket["milestones"].get("reported")}
    return shown


def _details(details: Json) -> str:
    return " ".join(
        f"{words.beside(name, DETAILS)}:{_detail(name, value)}"
        for name, value in details.items()
        if value not in (None, "", [], {})
    )


def _detail(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Mapping):
        return _mapping(name, value)
    if isinstance(value, list | tuple):
        return "、".join(_detail(name, one) for one in value)
    if name == "loaner":
        return str(value).removeprefix("loaner/")  # as the command line takes it
    if isinstance(value, str):
        return clock(value) if name in _MOMENTS else _MEANINGS.get(name, _ANSWERS).get(value, value)
    if name.endswith("_fen"):
        return f"{yuan(value)} 元"
    return f"{value} 分钟" if name == "minutes" else str(value)


def _mapping(name: str, value: Json) -> str:
    if name == "skipped":
        return "、".join(f"{who} {words.beside(why, words.SKIPS)}" for who, why in value.items())
    if name == "lines":
        return fee_line(value)
    if set(value) == {"from", "to"}:
        return f"{clock(value['from'])} 到 {clock(value['to'])}"
    return "、".join(f"{words.beside(k, DETAILS)} {_detail(k, one)}" for k, one in value.items())


def fee_line(line: Json) -> str:
    """`密封条(配件)2 × 40.00`; only what the line has."""
    kind = words.beside(line.get("kind"), words.FEE_KINDS)
    said = f"{line.get('item', '')}({kind})" if kind else str(line.get("item", ""))
    price = line.get("unit_price_fen")
    return said if price is None else f"{said}{line.get('quantity', 1)} × {yuan(price)}"
