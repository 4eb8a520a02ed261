"""Warranty terms and fee rules that contradict each other, or that nothing can ever reach."""

from collections.abc import Iterator
from itertools import combinations

from domain.lint.conditions import accepts, together
from domain.lint.finding import Fault, Place
from domain.lint.naming import clauses_of, named
from domain.lint.reading import CoverageView, Reading, View
from domain.policy import Policy
from domain.policy_phrases import COVERAGES, listed
from domain.terms import CoverageKind, FeeRule, TermSource
from domain.vocabulary import Cause


def two_terms(reading: Reading) -> Iterator[Fault]:
    """The same cover of the same part for two lengths (D5-A3.2 and A3.6)."""
    for one, other in combinations(reading.coverages, 2):
        if one.kind is not other.kind or one.months is None or other.months is None:
            continue
        if one.months != other.months and _same_parts(one, other):
            yield Fault(
                rule="two_terms",
                clauses=clauses_of((one, other)),
                place=other.place,
                message=f"同样的{COVERAGES[one.kind]}有两个期限:"
                f"{named(one)} {one.months} 个月,{named(other)} {other.months} 个月",
                fix="分清各管什么(配件和人工,还是只管人工;哪类部件),或只留一条",
                entries=frozenset({one.place, other.place}),
            )


def _same_parts(one: CoverageView, other: CoverageView) -> bool:
    """A term for one class of parts is an exception to that of the whole, not its rival."""
    return one.part_classes == other.part_classes or bool(one.part_classes & other.part_classes)


def coverage_never_applies(reading: Reading) -> Iterator[Fault]:
    """Free labour inside a time in which parts and labour are free anyway."""
    if reading.view is View.WRITTEN:
        return
    for one in reading.coverages:
        for wider in reading.coverages:
            if (one.kind, wider.kind) != (CoverageKind.LABOUR, CoverageKind.PARTS_AND_LABOUR):
                continue
            if one.months is None or wider.months is None or one.months > wider.months:
                continue
            if one.starts == wider.starts and one.part_classes == wider.part_classes:
                yield Fault(
                    rule="coverage_never_applies",
                    clauses=clauses_of((one, wider)),
                    place=one.place,
                    message=f"{named(one)} 的 {one.months} 个月人工免费,"
                    f"全在 {named(wider)} 的 {wider.months} 个月之内,从不起作用",
                    fix="删去它,或写出更长的 months",
                    entries=frozenset({one.place, wider.place}),
                )


def fee_rule_never_applies(reading: Reading) -> Iterator[Fault]:
    """A rule for the time of a coverage that nobody gives, or for a case that cannot be."""
    if reading.view is View.WRITTEN:
        return
    policy = reading.policy
    for index, rule in enumerate(policy.fees):
        place: Place = ("fees", index)
        reason = _why_never(policy, rule)
        if reason is not None:
            yield Fault(
                rule="fee_rule_never_applies",
                clauses=rule.clauses,
                place=place,
                message=f"收费规则 {rule.id}({listed(rule.clauses)})从不适用:{reason}",
                fix="改 during 或 when,或删去它",
                entries=frozenset({place}),
            )


def _why_never(policy: Policy, rule: FeeRule) -> str | None:
    if rule.when and together(rule.when) is None:
        return "它的 when 不可能成立"
    if rule.during is not None and rule.during not in _kinds_given(policy):
        return f"没有哪一条保修是{COVERAGES[rule.during]}"
    return None


def _kinds_given(policy: Policy) -> set[CoverageKind]:
    """The kinds of coverage that can run: a contract or a warranty card may give any."""
    if {TermSource.CONTRACT, TermSource.CARD} & set(policy.precedence):
        return set(CoverageKind)
    terms = [policy.warranty, policy.default_warranty]
    return {coverage.kind for one in terms if one is not None for coverage in one.coverages}


def precedence(reading: Reading) -> Iterator[Fault]:
    """An order of contract, card, policy, default that repeats one, or silences what is written."""
    if reading.view is View.WRITTEN:
        return
    policy = reading.policy
    order = policy.precedence
    place: Place = ("precedence",)
    for source in dict.fromkeys(one for one in order if order.count(one) > 1):
        yield _precedence(place, f"precedence 里 {source} 写了两次", "每个来源只写一次")
    for source, terms, key in (
        (TermSource.POLICY, policy.warranty, "warranty"),
        (TermSource.DEFAULT, policy.default_warranty, "default_warranty"),
    ):
        if terms is not None and source not in order:
            message = f"写了 {key},而 precedence 里没有 {source},它从不起作用"
            yield _precedence((key,), message, f"把 {source} 写进 precedence,或删去 {key}")


def _precedence(place: Place, message: str, fix: str) -> Fault:
    return Fault("precedence", (), place, message, fix, frozenset({place}))


def paid_twice(reading: Reading) -> Iterator[Fault]:
    """A cause that is paid for inside the warranty while a fee rule makes its lines free."""
    terms = reading.policy.warranty
    if terms is None or reading.view is View.WRITTEN:
        return
    for index, rule in enumerate(reading.policy.fees):
        if rule.price.value != "free" or rule.kinds or rule.part_classes or not rule.when:
            continue
        for paid in terms.paid_causes:
            if _only_for(rule, paid.cause):
                place: Place = ("fees", index)
                yield Fault(
                    rule="free_and_paid",
                    clauses=(*rule.clauses, *paid.clauses),
                    place=place,
                    message=f"{paid.cause} 在 paid_causes 里要收费,收费规则 {rule.id} 又让它免费",
                    fix="两处只留一处",
                    entries=frozenset({place}),
                )


def _only_for(rule: FeeRule, cause: Cause) -> bool:
    return any("cause" in one and accepts(one["cause"], cause.value) for one in rule.when)


def windows_order(reading: Reading) -> Iterator[Fault]:
    """三包: an exchange window that is over before the return window is."""
    terms = reading.policy.three_guarantees
    if reading.view is View.WRITTEN or terms is None:
        return
    if terms.exchange_days < terms.return_days:
        place: Place = ("three_guarantees", "exchange_days")
        yield Fault(
            rule="windows_order",
            clauses=terms.clauses,
            place=place,
            message=f"可换 {terms.exchange_days} 天,比可退 {terms.return_days} 天还短",
            fix="exchange_days 不小于 return_days",
            entries=frozenset({place}),
        )
