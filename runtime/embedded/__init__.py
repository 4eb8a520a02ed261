"""Postgres and Temporal from wheels, as children that end with their parent."""
