"""The policy against the register of clauses: what it cites is there, what it covers is kept."""

from collections.abc import Iterator, Mapping

from domain.lint.finding import Finding, Place, Severity
from domain.policy import Policy
from domain.policy_entry import nearest
from domain.promise import Laxer, Promise
from domain.provision import Provision, SetAside
from domain.terms import Coverage, FeeRule, PaidCause, ThreeGuarantees

INFO = "info"
"""The kind of a clause that promises nothing: it needs no entry."""


def citations(policy: Policy) -> Iterator[tuple[Place, str]]:
    """Every clause that the policy names, with the entry that keeps it or sets it aside."""
    for place, entry in citing(policy):
        for clause in entry.clauses:
            yield place, clause


Citing = Promise | Laxer | Coverage | PaidCause | ThreeGuarantees | FeeRule | Provision | SetAside
"""An entry that names the clauses that it keeps or sets aside."""


def citing(policy: Policy) -> Iterator[tuple[Place, Citing]]:
    """Every entry that cites clauses, with its place."""
    for index, promise in enumerate(policy.promises):
        yield ("promises", index), promise
        for number, laxer in enumerate(promise.laxer):
            yield ("promises", index, "laxer", number), laxer
    for key, terms in (
        ("warranty", policy.warranty),
        ("default_warranty", policy.default_warranty),
    ):
        for index, coverage in enumerate(terms.coverages if terms else ()):
            yield (key, "coverages", index), coverage
    for index, paid in enumerate(policy.warranty.paid_causes if policy.warranty else ()):
        yield ("warranty", "paid_causes", index), paid
    if policy.three_guarantees is not None:
        yield ("three_guarantees",), policy.three_guarantees
    for key in ("fees", "provisions", "set_aside"):
        for index, entry in enumerate(getattr(policy, key)):
            yield (key, index), entry


def clause_findings(policy: Policy, register: Mapping[str, str]) -> Iterator[Finding]:
    """Clauses that the register does not have, and those of its document that nobody keeps.

    `register` is the kind of each clause by its id. A document that the register does not know is
    not judged, unless the policy says that it `covers` it: what is inherited may be another's.
    """
    documents = {_document(one) for one in register}
    cited: set[str] = set()
    for place, clause in citations(policy):
        cited.add(clause)
        ours = _document(clause) in documents or is_covered(clause, policy.covers)
        if clause not in register and ours:
            yield Finding(
                severity=Severity.ERROR,
                rule="unknown_clause",
                clauses=(clause,),
                place=(*place, "clauses"),
                message=f"登记册里没有条款 {clause}",
                fix=_close(clause, register),
            )
    for clause, kind in register.items():
        if kind != INFO and clause not in cited and is_covered(clause, policy.covers):
            yield Finding(
                severity=Severity.ERROR,
                rule="unkept_clause",
                clauses=(clause,),
                place=("covers",),
                message=f"条款 {clause} 既没有哪一条守它,也没有写进 set_aside",
                fix="写一条承诺或规定,或连同理由写进 set_aside",
            )


def is_covered(clause: str, covers: tuple[str, ...]) -> bool:
    """Whether one of these beginnings is its own: D5-A begins D5-A3.1, D1 does not begin D10-2."""
    return any(
        clause.startswith(one) and not (one[-1].isdecimal() and clause[len(one) :][:1].isdecimal())
        for one in covers
    )


def _document(clause: str) -> str:
    return clause.partition("-")[0]


def _close(clause: str, register: Mapping[str, str]) -> str:
    """The nearest of the same document, if one is near; all of them would be no help."""
    same = [one for one in register if _document(one) == _document(clause)]
    said = nearest(clause, same)
    return said if said.startswith("是否") else "请查 policies/clauses.csv"
