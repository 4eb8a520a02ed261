"""docs/clauses.md: from every clause to what keeps it, where in the code, and what proves it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from docs.generate.keepers import Entry
from docs.generate.proofs import Proof, ProofKind
from docs.generate.wording import table
from domain.lint.clauses import INFO
from runtime.clause_register import Clause

DOCUMENTS = {
    "D1": "门窗售后管理规定 (doors_windows, house)",
    "D2": "设备售前售后承诺函 (equipment)",
    "D3": "售前售后服务规定 (b2b_quality)",
    "D4": "信息网络服务承诺 (it_network)",
    "D5": "三封承诺书 (instruments, industrial_goods, it_reseller)",
}
_CASE_WORDS = {ProofKind.KEEPS: "守约", ProofKind.BREAKS: "违约"}


@dataclass(frozen=True, slots=True)
class Trace:
    """One clause, the entries that cite it and those that set it aside, and its proofs."""

    clause: Clause
    kept: tuple[Entry, ...]
    aside: tuple[Entry, ...]
    proofs: tuple[Proof, ...]

    @property
    def is_open(self) -> bool:
        """Promises something, and nothing keeps it, nor says why not."""
        return self.clause.kind != INFO and not (self.kept or self.aside)


def traced(
    register: Iterable[Clause], entries: Sequence[Entry], proofs: Sequence[Proof]
) -> tuple[Trace, ...]:
    """Every row of the register with what belongs to it."""
    return tuple(
        Trace(
            clause,
            kept=tuple(one for one in entries if clause.id in one.clauses and not one.why),
            aside=tuple(one for one in entries if clause.id in one.clauses and one.why),
            proofs=tuple(one for one in proofs if one.clause == clause.id),
        )
        for clause in register
    )


def unknown_clauses(
    register: Iterable[Clause], entries: Iterable[Entry], proofs: Iterable[Proof]
) -> list[str]:
    """Ids that are cited, set aside or proven and that the register does not have, and by what."""
    known = {clause.id for clause in register}
    cited = {(name, f"{one.policy}.yaml:{one.line}") for one in entries for name in one.clauses}
    cited |= {(one.clause, one.file) for one in proofs}
    return sorted(f"{name} in {place}" for name, place in cited if name not in known)


def clauses_page(traces: Sequence[Trace]) -> str:
    """The whole page."""
    parts = [_head(), _summary(traces)]
    for document, rows in groupby(traces, key=lambda trace: trace.clause.document):
        parts.append(_document(document, list(rows)))
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _head() -> list[str]:
    return [
        "# From the clause to its proof 条款对照",
        "",
        "Written by `make docs`; do not edit. One row for each clause of the register",
        "([policies/clauses.csv](../policies/clauses.csv)): what it says, and in *italics* the",
        "reading taken where it leaves a choice; the entry that keeps it, and its line; the code",
        "that does it; and what proves it.",
        "",
        "- *kept by*: an entry of a policy file; **set aside**, with the reason, where nothing",
        "  here keeps it.",
        "- *code*: for a promise, the engine, and the steps that set the milestones that keep it.",
        "  Empty: people keep it, by the entry that says so.",
        "- *proof*: rehearsals that name it in `proves`; rows of the case tables that keep (守约)",
        "  or break (违约) it; tests with its `pytest.mark.clause`. What has been proven stands in",
        "  [proof.csv](proof.csv), to which `make docs` only adds: a proof that is lost fails.",
    ]


def _summary(traces: Sequence[Trace]) -> list[str]:
    rows = []
    for document, name in DOCUMENTS.items():
        own = [trace for trace in traces if trace.clause.document == document]
        if own:
            rows.append((f"{document} {name}", *_counts(own)))
    rows.append(("all", *_counts(traces)))
    head = ("document", "clauses", "information", "kept", "set aside", "open", "proven")
    return ["## How many", "", *table(head, rows)]


def _counts(traces: Sequence[Trace]) -> tuple[str, ...]:
    binding = [trace for trace in traces if trace.clause.kind != INFO]
    return (
        str(len(traces)),
        str(len(traces) - len(binding)),
        str(sum(bool(trace.kept) for trace in binding)),
        str(sum(bool(trace.aside) and not trace.kept for trace in binding)),
        str(sum(trace.is_open for trace in binding)),
        str(sum(bool(trace.proofs) for trace in traces)),
    )


def _document(document: str, traces: Sequence[Trace]) -> list[str]:
    head = ("clause", "kind", "says", "kept by", "code", "proof")
    return [
        f"## {document} {DOCUMENTS.get(document, '')}".rstrip(),
        "",
        *table(head, (_row(trace) for trace in traces)),
    ]


def _row(trace: Trace) -> tuple[str, ...]:
    clause = trace.clause
    says = "<br>".join(
        [_plain(clause.says), *([f"*{_plain(clause.reading)}*"] if clause.reading else [])]
    )
    return (clause.id, clause.kind, says, _keepers(trace), _code(trace.kept), _proof(trace.proofs))


def _keepers(trace: Trace) -> str:
    kept = [f"{_link(one)} {one.kind}" for one in trace.kept]
    aside = [f"**set aside** {_link(one)}: {_plain(one.why)}" for one in trace.aside]
    if trace.is_open:
        return "**OPEN**"
    return "<br>".join([*kept, *aside]) or "–"


def _link(entry: Entry) -> str:
    return f"[{entry.policy}/{entry.name}](../policies/{entry.policy}.yaml#L{entry.line})"


def _code(kept: Iterable[Entry]) -> str:
    modules = dict.fromkeys(module for one in kept for module in one.modules)
    return "<br>".join(f"`{module}`" for module in modules)


def _proof(proofs: Sequence[Proof]) -> str:
    rehearsals = [one for one in proofs if one.kind is ProofKind.REHEARSAL]
    tests = [one for one in proofs if one.kind is ProofKind.TEST]
    told = [f"[{_stem(one)}](../{one.file})" for one in rehearsals]
    for file in dict.fromkeys(one.file for one in proofs if one.kind in _CASE_WORDS):
        rows = Counter(one.kind for one in proofs if one.file == file)
        counts = " · ".join(f"{word} {rows[kind]}" for kind, word in _CASE_WORDS.items())
        told.append(f"[cases/{file.rsplit('/', 1)[-1]}](../{file}) {counts}")
    told += [f"[{one.name}](../{one.file})" for one in tests]
    return "<br>".join(told)


def _stem(proof: Proof) -> str:
    return proof.file.rsplit("/", 1)[-1].removesuffix(".yaml")


def _plain(text: str) -> str:
    """Text that breaks no table."""
    return " ".join(text.replace("|", "/").split())
