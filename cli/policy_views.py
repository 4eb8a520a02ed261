"""Policies as a person reads them: the list, and one policy with all that it says."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli import words
from cli.policy_phrases import Inherited, alternatives, named
from cli.policy_terms import taken_over, terms
from cli.terminal import out, table
from domain.mechanisms import MECHANISMS
from domain.policy import Policy
from domain.policy_phrases import clock, length
from domain.promise import Promise
from domain.provision import Provision
from domain.vocabulary import Keeper


def print_list(policies: Sequence[Policy]) -> None:
    """The table of policies."""
    made = table("政策|bold", "标题", "版本|dim", "继承", "产品类别", "承诺")
    for one in policies:
        made.add_row(
            one.name,
            escape(one.title),
            one.version,
            one.extends or "",
            escape("、".join(one.product_classes)),
            str(len(one.promises)),
        )
    out().print(made)


def print_policy(policy: Policy, inherited: Inherited) -> None:
    """Everything of one policy: promises, provisions, warranty, fees, ladders, what it leaves.

    What it takes over says so: `inherited` names the policy that a place comes from.
    """
    console = out()
    console.print(f"[bold]{policy.name}[/] {escape(policy.title)} [dim]{policy.version}[/]")
    origin = [("继承", policy.extends), ("依据", "、".join(policy.documents))]
    origin.append(("产品", "、".join(policy.product_classes)))
    _print_pairs(console, [(name, said) for name, said in origin if said])
    console.print(_promises(policy, inherited))
    if policy.provisions:
        console.print(_provisions(policy, inherited))
    aside = [
        (escape(" ".join(one.clauses)), escape(one.why) + taken_over(inherited("set_aside", index)))
        for index, one in enumerate(policy.set_aside)
    ]
    if aside:
        console.print("[bold]不执行的条款[/]")
        _print_pairs(console, aside)
    _print_pairs(console, list(terms(policy, inherited)))


# --- promises --------------------------------------------------------------------------------


def _promises(policy: Policy, inherited: Inherited) -> Table:
    made = table("承诺||22", "从 → 到||22", "时限||20", "条件、其他|dim|20", "条款|dim|10")
    for index, promise in enumerate(policy.promises):
        starts = promise.model_dump(mode="json")["starts"]
        made.add_row(
            named(promise.id, promise.says, inherited("promises", index)),
            escape(f"{starts}\n→ " + "\n  或 ".join(promise.met_by)),
            "\n".join(_limit(promise)),
            "\n".join(_besides(promise)),
            escape("\n".join(promise.clauses)),
        )
    return made


def _limit(promise: Promise) -> Iterator[str]:
    if promise.within is not None:
        yield f"[cyan]{length(promise.within)}内[/]"
    for target in promise.by:
        yield f"[cyan]{clock(target)}[/]"
    if promise.calendar != "always":
        yield f"[dim]日历 {promise.calendar}[/]"
    if promise.move_into is not None:
        yield f"[dim]移入 {promise.move_into}[/]"
    for laxer in promise.laxer:
        clauses = escape(" ".join(laxer.clauses))
        yield f"[dim]{length(laxer.within)}到 L{laxer.level}({clauses})[/]"
    if promise.not_before is not None:
        ahead = length(promise.not_before.lead)
        yield f"[dim]不早于 {promise.not_before.milestone} 前 {ahead}[/]"
    if promise.remedy is not None:
        grade = "新" if promise.remedy.grade == "new" else ""
        lead = promise.remedy.lead
        when = f"提前 {length(lead)}" if lead is not None else "逾期即"
        yield f"[dim]{when}备{grade}机[/]"


def _besides(promise: Promise) -> Iterator[str]:
    if promise.when:
        yield "当 " + escape("\n或 ".join(alternatives(promise.when)))
    if promise.pauses_on:
        yield "暂停 " + "、".join(words.HOLDS[one.value] for one in promise.pauses_on)
    if promise.void_by:
        yield "作废 " + " ".join(promise.void_by)
    if promise.outlives_ticket:
        yield "关单后仍算"
    if promise.kept_by is not Keeper.TICKET:
        yield f"由 {words.KEEPERS[promise.kept_by.value]} 守"
    if promise.objective:
        yield "只是目标"
    yield f"升级 {promise.escalate}"


# --- provisions ------------------------------------------------------------------------------


def _provisions(policy: Policy, inherited: Inherited) -> Table:
    made = table("规定||22", "种类||6", "何时、何地||20", "由谁守|dim|16", "条款|dim|10")
    for index, provision in enumerate(policy.provisions):
        made.add_row(
            named(provision.id, provision.says, inherited("provisions", index)),
            words.PROVISION_KINDS[provision.kind.value],
            escape("\n".join(_when(provision))),
            MECHANISMS[provision.by].says if provision.by else "由人执行",
            escape("\n".join(provision.clauses)),
        )
    return made


def _when(provision: Provision) -> Iterator[str]:
    if provision.when:
        yield "当 " + "\n或 ".join(alternatives(provision.when))
    if provision.every is not None:
        yield f"每 {length(provision.every)}"
    if provision.starts is not None:
        yield f"起算 {provision.starts}"
    if provision.warn_before is not None:
        yield f"提前 {length(provision.warn_before)}提醒"
    if provision.at is not None:
        yield f"时间 {provision.at}"
    for milestones, said in ((provision.steps, "只在"), (provision.needs, "必须能在")):
        if milestones:
            yield f"{'、'.join(milestones)} {said}日历 {provision.calendar} 内"
    if provision.calendar is not None and not (provision.steps or provision.needs):
        yield f"日历 {provision.calendar}"
    if provision.to:
        yield "报 " + "、".join(words.ROLES[one.value] for one in provision.to)
    for name, number in provision.numbers.items():
        yield f"{name} {number}"


def _print_pairs(console: Console, pairs: Sequence[tuple[str, str]]) -> None:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    before = None
    for name, said in pairs:
        grid.add_row("" if name == before else name, said)
        before = name
    console.print(grid)
