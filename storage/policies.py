"""The policies that tickets have pinned: each version once, as the first of them took it along."""

from collections.abc import Collection
from typing import Any

import asyncpg

from domain.calendar_news import CalendarDates
from domain.policy import Policy
from domain.records import Record
from storage.statements import statement


class UnderPolicy(Record):
    """An open ticket, the policy that it pins, and the dates that it has heard of since."""

    number: str
    policy_version: str
    calendars: tuple[CalendarDates, ...] = ()


async def versions_of(pool: asyncpg.Pool, name: str) -> list[str]:
    """The versions of that policy that some ticket has pinned, sorted."""
    return [row["version"] for row in await pool.fetch(statement("policy_versions"), name)]


async def find(pool: asyncpg.Pool, name: str, version: str) -> Policy:
    """The pinned policy. Raises KeyError when there is no such version."""
    body: Any = await pool.fetchval(statement("policy_body"), name, version)
    if body is None:
        raise KeyError(f"{name}@{version}")
    return Policy.model_validate(body)


async def in_use(pool: asyncpg.Pool) -> dict[str, Policy]:
    """The policies that open tickets pin, by version."""
    rows = await pool.fetch(statement("policy_bodies_in_use"))
    return {row["version"]: Policy.model_validate(row["body"]) for row in rows}


async def open_under(
    pool: asyncpg.Pool, versions: Collection[str], *, after: str, limit: int
) -> list[UnderPolicy]:
    """Open tickets that pin one of these versions, by number, those after `after`."""
    found = await pool.fetch(statement("ticket_open_under_policies"), list(versions), after, limit)
    return [
        UnderPolicy(
            number=row["number"],
            policy_version=row["policy_version"],
            calendars=tuple(row["calendars"] or ()),
        )
        for row in found
    ]
