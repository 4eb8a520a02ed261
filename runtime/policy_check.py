"""Policies checked where they are written: load faults and findings alike, each with its line."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from domain.lint import Finding, Severity, findings
from domain.lint.clauses import INFO, clause_findings, is_covered
from domain.records import Record
from runtime.clause_register import ClauseRegister, read_register
from runtime.file_faults import FaultyFile, FileFault
from runtime.policy_files import PolicyShelf, SourcedPolicy


class PlacedFinding(Record):
    """A finding with its file and line (from 1), as `policy check --json` prints it."""

    severity: Severity
    rule: str
    clauses: tuple[str, ...]
    file: str
    line: int
    message: str
    fix: str


def check_files(shelf: PolicyShelf, paths: Iterable[Path]) -> tuple[PlacedFinding, ...]:
    """What is wrong with the policies in these files: errors first.

    What several policies take over from one file is told once.
    """
    register, found = _register(shelf)
    for path in paths:
        found.extend(_checked(shelf, path, register))
    return _in_order(found)


def check_all(shelf: PolicyShelf) -> tuple[PlacedFinding, ...]:
    """What is wrong with all the policies of the folder, and which clauses none of them covers."""
    register, found = _register(shelf)
    covers: set[str] = set()
    for name in shelf.names():
        path = shelf.path(name)
        found.extend(_checked(shelf, path, register))
        try:
            covers.update(shelf.sourced(path).policy.covers)
        except FaultyFile:
            continue  # told already, among the findings of that file
    found.extend(_covered_by_none(register, tuple(covers)))
    return _in_order(found)


def _register(shelf: PolicyShelf) -> tuple[ClauseRegister, list[PlacedFinding]]:
    folder = shelf.path("any").parent
    try:
        return read_register(folder), []
    except FaultyFile as faulty:
        empty = ClauseRegister(folder)
        return empty, [_of_fault(fault) for fault in faulty.faults]


def _checked(shelf: PolicyShelf, path: Path, register: ClauseRegister) -> Iterator[PlacedFinding]:
    try:
        sourced = shelf.sourced(path)
    except FaultyFile as faulty:
        yield from map(_of_fault, faulty.faults)
        return
    if misnamed := shelf.misnamed(path, sourced.policy):
        yield _of_fault(misnamed)
    for one in (*findings(sourced.policy), *clause_findings(sourced.policy, register.kinds)):
        yield _placed(sourced, one)


def _placed(sourced: SourcedPolicy, found: Finding) -> PlacedFinding:
    file, line = sourced.where(found.place)
    return PlacedFinding(
        severity=found.severity,
        rule=found.rule,
        clauses=found.clauses,
        file=shown(file),
        line=line,
        message=found.message,
        fix=found.fix,
    )


def _of_fault(fault: FileFault) -> PlacedFinding:
    where = f"{fault.field}: " if fault.field else ""
    return PlacedFinding(
        severity=Severity.ERROR,
        rule=fault.rule,
        clauses=(),
        file=shown(Path(fault.file)),
        line=fault.line,
        message=f"{where}{fault.message}",
        fix=fault.fix or "请改正",
    )


def _covered_by_none(register: ClauseRegister, covers: tuple[str, ...]) -> Iterator[PlacedFinding]:
    for clause, kind in register.kinds.items():
        if kind != INFO and not is_covered(clause, covers):
            yield PlacedFinding(
                severity=Severity.ERROR,
                rule="unkept_clause",
                clauses=(clause,),
                file=shown(register.path),
                line=register.lines[clause],
                message=f"条款 {clause} 不归任何一份政策管",
                fix="在一份政策的 covers 里写上它的开头",
            )


def shown(path: Path) -> str:
    """The path as a person would write it here: relative below the working directory."""
    resolved, here = path.resolve(), Path.cwd()
    return str(resolved.relative_to(here) if resolved.is_relative_to(here) else resolved)


def _in_order(found: Sequence[PlacedFinding]) -> tuple[PlacedFinding, ...]:
    order = list(Severity)
    return tuple(
        sorted(
            dict.fromkeys(found), key=lambda one: (order.index(one.severity), one.file, one.line)
        )
    )
