"""The books in Postgres: imported whole, twice without a difference, nothing ever lost."""

from datetime import date

import asyncpg
import pytest

from domain.directory import (
    Candidate,
    Customer,
    Device,
    Directory,
    Entitlement,
    Line,
    Loaner,
    Property,
    StaffMember,
    Technician,
)
from domain.terms import CoverageKind, Term
from domain.vocabulary import PartClass, PurchaseDate, Role
from storage import directory
from storage.directory import DirectoryRefused, replace_directory

WANG = Customer(id="C1", name="王秀英", phones=("13900010001", "07176000001"), property="P1")
ZHAO = Customer(id="C2", name="赵小兰", phones=("13900010001",), site="滨江一号")
ESTATE = Property(id="P1", name="江南花园物业", phones=("07176100001",))
BALANCE = Device(
    id="D1",
    customer="C1",
    product="电子天平",
    product_class="instrument",
    policy="instruments",
    invoice_date=date(2026, 9, 30),
    weight_kg=10.5,
    repairs_done=0,
)
ZHOU = Technician(id="T1", name="周师傅", department="engineering", skills=("door", "window"))
WU = Technician(id="T2", name="吴师傅", department="production", phone="13800020002")
BOOKS = Directory(
    lines=(Line(number="4008001234", policy="house"),),
    customers=(WANG, ZHAO),
    properties=(ESTATE,),
    devices=(BALANCE,),
    technicians=(ZHOU, WU),
    staff=(StaffMember(role=Role.AGENT, name="客服小何", extension="8001"),),
    loaners=(Loaner(id="L1", product_class="instrument", product="电子天平", grade="new"),),
)
TABLES = (
    "service_line", "customer", "customer_phone", "property", "property_phone", "device",
    "technician", "staff", "loaner",
)  # fmt: skip


async def rows(pool: asyncpg.Pool) -> dict[str, list[str]]:
    """Every row with the transaction that wrote it, so that a rewrite shows."""
    found = {}
    for table in TABLES:
        query = f"SELECT (t.xmin, t)::text FROM {table} AS t ORDER BY 1"
        found[table] = [row[0] for row in await pool.fetch(query)]
    return found


async def test_what_was_imported_is_found(pool: asyncpg.Pool) -> None:
    report = await replace_directory(pool, BOOKS)
    assert report.written == {
        "lines": 1, "properties": 2, "customers": 5, "devices": 1,
        "technicians": 2, "staff": 1, "loaners": 1,
    }  # fmt: skip
    assert await directory.device(pool, "D1") == BALANCE
    assert await directory.device(pool, "D9") is None
    assert await directory.technician(pool, "T1") == ZHOU
    assert await directory.technician(pool, "吴师傅") == WU
    assert await directory.technician(pool, "郑师傅") is None
    assert await directory.technicians(pool) == [ZHOU, WU]
    assert await directory.technicians(pool, "production") == [WU]
    assert await directory.line_policy(pool, "4008001234") == "house"
    assert await directory.line_policy(pool, "4008001235") is None


async def test_a_number_names_all_whom_it_may_mean(pool: asyncpg.Pool) -> None:
    await replace_directory(pool, BOOKS)
    family = (
        Candidate(kind="customer", id="C1", name="王秀英"),
        Candidate(kind="customer", id="C2", name="赵小兰"),
    )
    assert await directory.owners_of(pool, "13900010001") == family
    assert await directory.owners_of(pool, "07176100001") == (
        Candidate(kind="property", id="P1", name="江南花园物业"),
    )
    assert await directory.owners_of(pool, "0") == ()


async def test_the_same_books_again_change_nothing(pool: asyncpg.Pool) -> None:
    await replace_directory(pool, BOOKS)
    before = await rows(pool)
    report = await replace_directory(pool, BOOKS)
    assert set(report.written.values()) == set(report.retired.values()) == {0}
    assert await rows(pool) == before


async def test_what_left_the_file_is_kept_and_inactive_and_may_come_back(
    pool: asyncpg.Pool,
) -> None:
    await replace_directory(pool, BOOKS)
    await replace_directory(pool, Directory())
    assert await directory.owners_of(pool, "13900010001") == ()
    assert await directory.device(pool, "D1") is None
    assert await directory.technician(pool, "周师傅") is None
    assert await directory.technicians(pool) == []
    assert await directory.line_policy(pool, "4008001234") is None
    for table in TABLES:
        assert await pool.fetchval(f"SELECT count(*) FROM {table}") > 0
        if not table.endswith("_phone"):
            assert await pool.fetchval(f"SELECT count(*) FROM {table} WHERE active") == 0

    await replace_directory(pool, BOOKS)
    assert await directory.device(pool, "D1") == BALANCE
    assert len(await directory.owners_of(pool, "13900010001")) == 2


async def test_a_changed_entry_changes_and_a_number_given_up_is_gone(pool: asyncpg.Pool) -> None:
    await replace_directory(pool, BOOKS)
    moved = WANG.model_copy(update={"phones": ("13900010009",), "site": "新址"})
    lighter = BALANCE.model_copy(update={"weight_kg": None})
    books = BOOKS.model_copy(update={"customers": (moved, ZHAO), "devices": (lighter,)})
    report = await replace_directory(pool, books)
    assert report.written["customers"] == 2
    assert report.written["technicians"] == 0
    assert [one.id for one in await directory.owners_of(pool, "13900010001")] == ["C2"]
    assert [one.id for one in await directory.owners_of(pool, "13900010009")] == ["C1"]
    assert await directory.device(pool, "D1") == lighter


async def test_what_a_contract_and_a_card_say_is_kept_and_found(pool: asyncpg.Pool) -> None:
    contract = Entitlement(
        number="HT-7",
        stacks=True,
        coverages=(
            Term(
                kind=CoverageKind.PARTS_AND_LABOUR,
                months=24,
                starts=(PurchaseDate.CONTRACTED_ON,),
                part_classes=(PartClass.MAIN_PART,),
            ),
        ),
    )
    card = Entitlement(coverages=(Term(kind=CoverageKind.LIFETIME_PAID),))
    entitled = BALANCE.model_copy(
        update={
            "contracted_on": date(2026, 1, 5),
            "exchanged_on": date(2026, 10, 1),
            "days_in_repair": 12,
            "invoice_price_fen": 599_900,
            "contract": contract,
            "warranty_card": card,
        }
    )
    books = BOOKS.model_copy(update={"devices": (entitled,)})
    await replace_directory(pool, BOOKS)
    assert (await replace_directory(pool, books)).written["devices"] == 1
    assert await directory.device(pool, "D1") == entitled
    assert (await replace_directory(pool, books)).written["devices"] == 0
    await replace_directory(pool, BOOKS)
    assert await directory.device(pool, "D1") == BALANCE


async def test_a_new_technician_joins_at_the_tail(pool: asyncpg.Pool) -> None:
    await replace_directory(pool, BOOKS)
    new = Technician(id="T0", name="郑师傅", department="engineering")
    await replace_directory(pool, BOOKS.model_copy(update={"technicians": (new, WU, ZHOU)}))
    assert [one.id for one in await directory.technicians(pool)] == ["T1", "T2", "T0"]


async def test_books_that_contradict_themselves_leave_the_old_ones(pool: asyncpg.Pool) -> None:
    await replace_directory(pool, BOOKS)
    before = await rows(pool)
    wrong = ZHAO.model_copy(update={"phones": ESTATE.phones})
    with pytest.raises(DirectoryRefused, match="物业 P1"):
        await replace_directory(pool, BOOKS.model_copy(update={"customers": (WANG, wrong)}))
    assert await rows(pool) == before
