"""Rehearsals: a scenario acted out on the real workflow, with skipped time."""
