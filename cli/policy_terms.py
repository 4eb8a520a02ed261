"""What a policy says beside its promises, as a person reads it: pairs of a name and a text."""

from collections.abc import Iterator

from rich.markup import escape

from cli import words
from cli.policy_phrases import Inherited, alternatives, key
from domain.calendars import CalendarSpec, OpeningHours, Workdays
from domain.lint import Place
from domain.policy import Policy, Procedure
from domain.policy_phrases import COVERAGES, length
from domain.promise import Ladder
from domain.terms import Coverage, DefaultWarranty, FeeRule, Price, ThreeGuarantees, WarrantyTerms

Pair = tuple[str, str]

_PRICES = {Price.FREE: "免费", Price.COST: "按成本价"}


def terms(policy: Policy, inherited: Inherited) -> Iterator[Pair]:
    """Ladders, calendars, warranty, fees, the three guarantees, the keys of the procedure.

    What it takes over says so: `inherited` names the policy that a place comes from.
    """
    for place, name, said in _placed(policy):
        yield name, said + taken_over(inherited(*place))


def taken_over(base: str) -> str:
    """What is said behind a text that stands in another policy; nothing for its own."""
    return f" [dim]继承自 {base}[/]" if base else ""


def _placed(policy: Policy) -> Iterator[tuple[Place, str, str]]:
    for name, ladder in policy.ladders.items():
        yield ("ladders", name), f"升级 {name}", escape(_ladder(ladder))
    for name, calendar in policy.calendars.items():
        yield ("calendars", name), f"日历 {name}", escape(_calendar(calendar))
    if policy.warranty is not None:
        for name, said in _warranty(policy.warranty):
            yield ("warranty",), name, said
    if policy.default_warranty is not None:
        for name_of, name, said in _default_warranty(policy.default_warranty):
            yield ("default_warranty", name_of), name, said
    order = " > ".join(words.TERM_SOURCES[one.value] for one in policy.precedence)
    yield ("precedence",), "保修以谁为准", order
    for index, rule in enumerate(policy.fees):
        yield ("fees", index), "收费", escape(_fee(rule))
    if policy.three_guarantees is not None:
        for name, said in _three_guarantees(policy.three_guarantees):
            yield ("three_guarantees",), name, said
    for name_of, name, said in _procedure(policy.procedure):
        yield ("procedure", name_of), name, said


def _default_warranty(terms: DefaultWarranty) -> Iterator[tuple[str, str, str]]:
    for coverage in terms.coverages:
        yield "coverages", "保修(默认)", escape(_coverage(coverage))
    if terms.extend_over_holidays is not None:
        moved = f"顺延到工作日(日历 {terms.extend_over_holidays})"
        yield "extend_over_holidays", "默认保修末日遇假日", moved


def _ladder(ladder: Ladder) -> str:
    rungs = ",".join(
        f"{rung.percent}% {'预警' if rung.level == 0 else f'L{rung.level}'} "
        f"{words.ROLES[rung.tell.value]}"
        for rung in ladder.rungs
    )
    again = ""
    if ladder.repeat is not None:
        again = f";没有回应时每 {length(ladder.repeat.every)}再告知,最多 {ladder.repeat.at_most} 次"
    quiet = f";只在日历 {ladder.tell_within} 内告知" if ladder.tell_within else ""
    return rungs + again + quiet


def _calendar(calendar: CalendarSpec) -> str:
    if isinstance(calendar, OpeningHours):
        daily = ["每日 " + "、".join(calendar.daily)] if calendar.daily else []
        on = (
            f"{words.WEEKDAYS[day.value]} {'、'.join(spans) or '休'}"
            for day, spans in calendar.on.items()
        )
        return ";".join((*daily, *on))
    if isinstance(calendar, Workdays):
        return f"法定工作日 {'、'.join(calendar.windows)},数据到 {calendar.known_until}"
    return "全天候"


def _warranty(terms: WarrantyTerms) -> Iterator[Pair]:
    for coverage in terms.coverages:
        yield "保修", escape(_coverage(coverage))
    for paid in terms.paid_causes:
        yield "保修期内也收费", escape(" ".join((words.CAUSES[paid.cause.value], *paid.clauses)))
    if terms.extend_over_holidays is not None:
        yield "保修末日遇假日", f"顺延到工作日(日历 {terms.extend_over_holidays})"


def _coverage(coverage: Coverage) -> str:
    parts = "、".join(words.PART_CLASSES[one.value] for one in coverage.part_classes)
    starts = ",无则 ".join(words.PURCHASE_DATES[one.value] for one in coverage.starts)
    term = f"{coverage.months} 个月,起算 {starts}" if coverage.months else ""
    said = (parts, COVERAGES[coverage.kind], term, " ".join(coverage.clauses))
    return " ".join(one for one in said if one)


def _fee(rule: FeeRule) -> str:
    price = _PRICES.get(rule.price, f"按定价的 {rule.percent}%")
    what = [words.FEE_KINDS[one.value] for one in rule.kinds]
    what += [words.PART_CLASSES[one.value] for one in rule.part_classes]
    during = f"在{COVERAGES[rule.during]}的期间" if rule.during is not None else ""
    after = f"{COVERAGES[rule.after]}过期之后" if rule.after is not None else ""
    when = "当 " + " 或 ".join(alternatives(rule.when)) if rule.when else ""
    said = (rule.id, rule.says, "、".join(what), price, after, during, when, " ".join(rule.clauses))
    return " ".join(one for one in said if one)


def _three_guarantees(terms: ThreeGuarantees) -> Iterator[Pair]:
    clauses = " ".join(terms.clauses)
    yield "三包", escape(f"产品 {'、'.join(terms.classes)};开票日为第 0 日 {clauses}")
    yield "三包", f"{terms.return_days} 日内可退、可换、可修,{terms.exchange_days} 日内可换、可修"
    yield (
        "三包",
        f"{terms.exchange_months} 个月内修过 {terms.exchange_after_repairs} 次仍不能用的可换",
    )
    if terms.extend_over_holidays is not None:
        yield "三包末日遇假日", f"顺延到工作日(日历 {terms.extend_over_holidays})"
    if terms.return_after_exchange_days is not None:
        yield "三包", f"选了换货而 {terms.return_after_exchange_days} 日内换不到的可退"


def _procedure(procedure: Procedure) -> Iterator[tuple[str, str, str]]:
    """The keys as the file writes them, those left at their default too."""
    for name in type(procedure).model_fields:
        said = key(getattr(procedure, name))
        if said:
            yield name, f"程序 {name}", escape(said)
