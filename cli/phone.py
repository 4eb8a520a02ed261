"""`aftercare call` and `aftercare calls`: phone events by hand, and from a file."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from cli.connecting import in_loop, ledger
from cli.demo_day import said
from cli.grouping import group_of
from cli.progress import bar
from cli.terminal import BadUsage, out, print_json
from cli.times import now
from desk.calls import CallsReport, enter, play
from desk.phone_events import read_event, read_file
from domain.calls import CallEventKind
from domain.refusals import Refused

Json = Annotated[bool, Parameter(name="--json", negative="", help="输出一个 JSON 文档。")]
Text = str | None

_EVENTS = {
    CallEventKind.NEW_CALL: "振铃",
    CallEventKind.ANSWER: "接听",
    CallEventKind.HANGUP: "挂断",
}


def add_to(app: App) -> None:
    """Add the commands to the command line."""
    group = group_of("call", "手工放入一个电话事件。", commands="事件")
    for kind, said_ in _EVENTS.items():
        group.command(_event_of(kind, said_), name=kind.value)
    app.command(group)
    app.command(_calls, name="calls")


def _event_of(kind: CallEventKind, what: str) -> Any:
    def event(
        *,
        call_id: Annotated[str, Parameter(name="--call-id", help="通话编号。")],
        from_: Annotated[Text, Parameter(name="--from", help="主叫号码。")] = None,
        to: Annotated[Text, Parameter(name="--to", help="被叫号码。")] = None,
        direction: Annotated[Text, Parameter(help="in 呼入,out 呼出。")] = None,
        cause: Annotated[Text, Parameter(help="挂断原因,如 normalClearing。")] = None,
        at: Annotated[
            Text, Parameter(help="时间,如 2026-03-02T09:00:00+08:00;不写为现在。")
        ] = None,
        json: Json = False,
    ) -> None:
        fields = {
            "event": kind.value,
            "callId": call_id,
            "from": from_,
            "to": to,
            "direction": direction,
            "cause": cause,
            "at": at,
        }
        try:
            read = read_event({k: v for k, v in fields.items() if v is not None}, now())
        except Refused as fault:
            raise BadUsage(f"--{_option(fault.field)} {fault.message}") from None

        async def put() -> None:
            async with ledger() as pool:
                await enter(pool, read)

        in_loop(put())
        if json:
            print_json(read.model_dump(mode="json"))
        else:
            out().print(f"[green]✓[/] {what} {read.call_id}")

    event.__name__ = kind.value
    event.__doc__ = f"{what}。"
    return event


def _option(field: str | None) -> str:
    return "call-id" if field == "callId" else field or ""


def _calls(
    file: Annotated[Path, Parameter(help="电话事件,每行一个 JSON 对象。")],
    /,
    *,
    json: Json = False,
) -> None:
    """放入一个文件的电话事件,等它们都进了台账;再放一遍也无害。"""
    events = read_file(file, now())

    async def put() -> CallsReport:
        async with ledger() as pool:
            with bar("放入来电") as progress:
                return await play(pool, events, progress.at)

    report = in_loop(put())
    if json:
        print_json(report.model_dump(mode="json"))
    else:
        out().print(said(report))
