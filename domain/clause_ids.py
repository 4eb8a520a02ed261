"""The ids of clauses, such as D5-A3.4.a, in the order of their documents."""

import re
from functools import cache


@cache
def clause_order(clause: str) -> tuple[tuple[int, str], ...]:
    """A key that puts D5-A3.4 before D5-A3.10."""
    parts = re.findall(r"\d+|\D+", clause)
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in parts)
