"""`python -m docs.generate`: write the pages anew. `clauses` alone writes only that page."""

import sys
from pathlib import Path

from docs.generate.clauses import Trace, clauses_page, traced
from docs.generate.keepers import ROOT, entries
from docs.generate.loaner_graph import explored_loans
from docs.generate.proofs import by_clause, proofs, read_proven, written_proven
from docs.generate.ticket_graph import explored
from docs.generate.ticket_page import ticket_page
from runtime.clause_register import read_register

TICKET = Path(__file__).parents[1] / "ticket.md"
CLAUSES = TICKET.with_name("clauses.md")
PROVEN = TICKET.with_name("proof.csv")
POLICIES = ROOT / "policies"


def all_traced() -> tuple[Trace, ...]:
    """Every clause of the register as the files stand now."""
    return traced(read_register(POLICIES).clauses, entries(POLICIES), proofs(ROOT))


def write_clauses() -> None:
    """The page of clauses, and the list of the proven, to which it only adds."""
    traces = all_traced()
    CLAUSES.write_text(clauses_page(traces), encoding="utf-8")
    now = by_clause(proof for trace in traces for proof in trace.proofs)
    order = [trace.clause.id for trace in traces]
    PROVEN.write_text(written_proven(read_proven(PROVEN), now, order), encoding="utf-8")


if __name__ == "__main__":
    write_clauses()
    if sys.argv[1:] != ["clauses"]:
        TICKET.write_text(ticket_page(explored(), explored_loans()), encoding="utf-8")
