"""The company's books in Postgres: taken over whole from a file, looked up one at a time."""

from collections.abc import Iterable
from typing import Any

import asyncpg

from domain.directory import Candidate, Device, Directory, Technician
from domain.directory_checks import DEPARTMENTS, Fault, faults
from domain.records import Record
from storage.statements import statement

_IMPORT_SECONDS = 60.0


class DirectoryRefused(Exception):
    """The books contradict themselves; nothing was written. `faults` has each, a line to print."""

    def __init__(self, found: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in found))
        self.faults = found


class Replaced(Record):
    """Per section: entries that are new or different, and entries that left and are inactive."""

    written: dict[str, int]
    retired: dict[str, int]


async def replace_directory(
    pool: asyncpg.Pool, directory: Directory, *, departments: Iterable[str] = DEPARTMENTS
) -> Replaced:
    """Make these the company's books, in one transaction; the same books again change nothing.

    Entries that are no longer in them stay, inactive, since tickets name them. A technician keeps
    the place in the ring; a new one joins at the tail. Raises DirectoryRefused.
    """
    found = faults(directory, departments=tuple(departments))
    if found:
        raise DirectoryRefused(found)
    written: dict[str, int] = {}
    retired: dict[str, int] = {}
    async with pool.acquire() as connection, connection.transaction():
        limit = f"SET LOCAL statement_timeout = {round(_IMPORT_SECONDS * 1000)}"
        await connection.execute(limit)
        await connection.execute(statement("directory_lock"), timeout=_IMPORT_SECONDS)
        for section, name, rows in _tables(directory):
            (counts,) = await connection.fetch(statement(name), rows, timeout=_IMPORT_SECONDS)
            written[section] = written.get(section, 0) + counts["written"]
            retired[section] = retired.get(section, 0) + counts["retired"]
    return Replaced(written=written, retired=retired)


async def device(pool: asyncpg.Pool, id: str) -> Device | None:
    """The device of that id; None when the books have none."""
    row = await pool.fetchrow(statement("directory_find_device"), id)
    return Device(**dict(row)) if row is not None else None


async def site_of(pool: asyncpg.Pool, device_id: str) -> str | None:
    """Where a device stands: its customer's site; None when the books do not say."""
    site: str | None = await pool.fetchval(statement("directory_site_of_device"), device_id)
    return site


async def technician(pool: asyncpg.Pool, name_or_id: str) -> Technician | None:
    """The technician of that id, else of that name; None when there is none."""
    row = await pool.fetchrow(statement("directory_find_technician"), name_or_id)
    return _technician(row) if row is not None else None


async def technicians(pool: asyncpg.Pool, department: str | None = None) -> list[Technician]:
    """Those of one department, or all, in the order of the ring."""
    rows = await pool.fetch(statement("directory_technicians"), department)
    return [_technician(row) for row in rows]


async def owners_of(pool: asyncpg.Pool, number: str) -> tuple[Candidate, ...]:
    """The customers and properties of a normalised number, customers first, by id."""
    rows = await pool.fetch(statement("directory_owners_of"), number)
    return tuple(Candidate(**dict(row)) for row in rows)


async def line_policy(pool: asyncpg.Pool, number: str) -> str | None:
    """The policy that a call to this normalised number begins under; None: no such line."""
    policy: str | None = await pool.fetchval(statement("directory_line_policy"), number)
    return policy


def _technician(row: Any) -> Technician:
    return Technician(**dict(row))


def _tables(directory: Directory) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """Section, statement and rows, each after those that it refers to."""
    return [
        ("lines", "directory_line", _rows(directory.lines)),
        ("properties", "directory_property", _rows(directory.properties)),
        (
            "properties",
            "directory_property_phone",
            [
                {"property": one.id, "number": number}
                for one in directory.properties
                for number in dict.fromkeys(one.phones)
            ],
        ),
        ("customers", "directory_customer", _rows(directory.customers)),
        (
            "customers",
            "directory_customer_phone",
            [
                {"customer": one.id, "number": number}
                for one in directory.customers
                for number in one.phones
            ],
        ),
        ("devices", "directory_device", _rows(directory.devices)),
        ("technicians", "directory_technician", _rows(directory.technicians)),
        ("staff", "directory_staff", _rows(directory.staff)),
        ("loaners", "directory_loaner", _rows(directory.loaners)),
    ]


def _rows(entries: Iterable[Record]) -> list[dict[str, Any]]:
    return [entry.model_dump(mode="json") for entry in entries]
