"""The Postgres side: the ledger of events, its projection, the company's books, the rotation."""
