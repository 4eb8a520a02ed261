"""A ticket's events as a story: each with what it says, and with whom had to be told of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from cli import words
from cli.policy_words import sayings
from cli.terminal import table
from cli.times import clock, span

Json = Mapping[str, Any]

_NOTICE = "notice_due"
# Bookkeeping of the call, whose own table says it better.
_SILENT = ("answer_known", "call_updated")
_STYLES = {
    "promise_warned": "yellow",
    "promise_missed": "red",
    "promise_escalated": "red",
    "promise_met": "green",
    "promise_met_late": "yellow",
}
_ANSWERS = {"true": "是", "false": "否", "unknown": "未知"}


def timeline(ticket: Json, title: str | None = None) -> Table:
    """The events of a ticket (`ticket show --json`), oldest first; time and actor said once."""
    made = table("时间|dim", "谁", "事", "说明", title=title)
    before = ("", "")
    for event, notices in _with_notices(ticket.get("timeline", ())):
        when, who = clock(event["at"], seconds=True), words.actor(event["by"])
        same = before[0] == when
        made.add_row(
            "" if same else when,
            "" if same and before[1] == who else escape(who),
            Text(words.beside(event["kind"], words.EVENTS), style=_STYLES.get(event["kind"], "")),
            _said(ticket, event, notices),
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
    if event["kind"].startswith("promise_"):
        said = _of_promise(ticket, event, notices)
    else:
        said = escape(_details(_own(ticket, event)))
    people = dict.fromkeys(words.beside(one["details"]["to"], words.ROLES) for one in notices)
    told = f"[dim]→ 通知{'、'.join(people)}[/]" if people else ""
    return f"{said} {told}".strip()


def _of_promise(ticket: Json, event: Json, notices: Sequence[Json]) -> str:
    """Which promise it was, with its due time and its level where a notice names them."""
    details = notices[0]["details"] if notices else event["details"]
    clauses = details.get("clauses", [])
    kept = _kept(ticket, event, clauses) if event["kind"].startswith("promise_met") else {}
    name = details.get("promise") or kept.get("promise", "")
    said = [escape(sayings(ticket["policy"]).get(name) or name)]
    if details.get("level"):
        said.insert(0, f"L{details['level']}")
    if details.get("due"):
        said.append(f"时限 {clock(details['due'])}")
    if kept.get("late_seconds"):
        said.append(f"迟 {span(timedelta(seconds=kept['late_seconds']))}")
    return " ".join((*said, f"[dim]{escape(' '.join(clauses))}[/]"))


def _kept(ticket: Json, event: Json, clauses: Sequence[str]) -> Json:
    """The promise that was met: of those with these clauses the one met nearest to the event."""
    at = datetime.fromisoformat(event["at"])
    met = [
        line
        for line in ticket.get("promise_details", ())
        if line["met_at"] and list(line["clauses"]) == list(clauses)
    ]
    return min(met, key=lambda line: abs(datetime.fromisoformat(line["met_at"]) - at), default={})


def _own(ticket: Json, event: Json) -> Json:
    """The event's details, with what the ticket itself knows of it."""
    kind, details = event["kind"], event["details"]
    # The business time is worth a word only where it is not the event's own.
    shown = {k: v for k, v in details.items() if k != "at" or clock(v) != clock(event["at"])}
    if kind == "opened":
        return {**shown, "channel": words.beside(ticket["channel"], words.CHANNELS)}
    if kind == "reported":
        return {**shown, "at": ticket["milestones"].get("reported")}
    if kind == "policy_pinned" and not shown:
        return {"policy": ticket["policy"]}
    return shown


def _details(details: Json) -> str:
    return " ".join(
        f"{words.beside(name, words.DETAILS)}:{_detail(name, value)}"
        for name, value in details.items()
        if value not in (None, "", [], {})
    )


def _detail(name: str, value: Any) -> str:
    if name in ("due", "at") and isinstance(value, str):
        return clock(value)
    if name == "to" and isinstance(value, str):
        return words.beside(value, words.ROLES)
    if name == "about" and isinstance(value, str):
        return words.beside(value, words.EVENTS)
    if name == "minutes":
        return f"{value} 分钟"
    if isinstance(value, bool):
        return "是" if value else "否"
    if name == "skipped" and isinstance(value, Mapping):
        return "、".join(f"{who} {words.beside(why, words.SKIPS)}" for who, why in value.items())
    if isinstance(value, Mapping):
        if set(value) == {"from", "to"}:
            return f"{clock(value['from'])} 到 {clock(value['to'])}"
        return "、".join(f"{words.beside(k, words.DETAILS)} {one}" for k, one in value.items())
    if isinstance(value, list | tuple):
        return "、".join(_detail(name, one) for one in value)
    return _ANSWERS.get(value, value) if isinstance(value, str) else str(value)
