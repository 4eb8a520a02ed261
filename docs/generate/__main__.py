"""`python -m docs.generate`: write the pages anew."""

from pathlib import Path

from docs.generate.loaner_graph import explored_loans
from docs.generate.ticket_graph import explored
from docs.generate.ticket_page import ticket_page

TICKET = Path(__file__).parents[1] / "ticket.md"

if __name__ == "__main__":
    TICKET.write_text(ticket_page(explored(), explored_loans()), encoding="utf-8")
