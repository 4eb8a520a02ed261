"""All the rules over both views of a policy."""

from collections.abc import Callable, Iterator

from domain.clause_ids import clause_order
from domain.lint import ends, hours, leads, loans, numbers, ranges, unreachable, warranties, words
from domain.lint.finding import Fault, Finding, Severity
from domain.lint.reading import Reading, View, read
from domain.policy import Policy

RULES: tuple[Callable[[Reading], Iterator[Fault]], ...] = (
    ends.end_before_step,
    ends.end_before_start,
    ends.void_at_once,
    ends.never_starts,
    ranges.value_in_two,
    ranges.value_in_none,
    numbers.two_numbers,
    numbers.laxer_order,
    warranties.two_terms,
    warranties.coverage_never_applies,
    warranties.fee_rule_never_applies,
    warranties.precedence,
    warranties.paid_twice,
    warranties.windows_order,
    hours.never_open,
    hours.narrow_calendar,
    leads.lead_too_long,
    loans.beyond_a_loaner,
    unreachable.unreachable_condition,
    unreachable.redundant_alternative,
    words.left_open,
    words.no_consequence,
)


def findings(policy: Policy) -> tuple[Finding, ...]:
    """What does not fit in the policy, by general rules: errors first, then by place.

    A fault in what is promised is an error; one that only the documents' own words have is a
    warning, since a reading resolves it. One that both have is told once, as an error.
    """
    promised, written = read(policy, View.PROMISED), read(policy, View.WRITTEN)
    open_faults = [fault for rule in RULES for fault in rule(promised)]
    known = {(fault.rule, fault.entries) for fault in open_faults}
    resolved = [
        fault
        for rule in RULES
        for fault in rule(written)
        if (fault.rule, fault.entries) not in known
    ]
    found = [
        *(_finding(fault, Severity.ERROR) for fault in open_faults),
        *(_finding(fault, Severity.WARNING, resolved=True) for fault in resolved),
    ]
    order = list(Severity)
    return tuple(
        sorted(found, key=lambda one: (order.index(one.severity), *map(clause_order, one.clauses)))
    )


def _finding(fault: Fault, severity: Severity, *, resolved: bool = False) -> Finding:
    by_view = fault.severity is None
    return Finding(
        severity=fault.severity or severity,
        rule=fault.rule,
        clauses=fault.clauses,
        place=fault.place,
        message=f"原文:{fault.message}" if resolved and by_view else fault.message,
        fix="政策已有读法,核对即可;要改时:" + fault.fix if resolved and by_view else fault.fix,
    )
