"""Writes `cn_workdays.yaml` from the dev package `chinesecalendar`, when a year is announced.

    python policies/calendars/seed.py 2025 2026

The State Council announces one year at a time, in the November before. Name its notice in NOTICES
first: a year without a source is refused. Compare the diff with the notice before committing.
"""

import sys
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

from chinese_calendar import constants

TARGET = Path(__file__).with_name("cn_workdays.yaml")
NOTICES = {
    2025: "国务院办公厅关于2025年部分节假日安排的通知(国办发明电〔2024〕12号)",
    2026: "国务院办公厅关于2026年部分节假日安排的通知(国办发明电〔2025〕7号)",
}
HEADER = """\
# 法定节假日与调休补班日。由 seed.py 生成,请勿手改;新一年公布后,先在 seed.py 写上通知,再运行。
# known_until 之后的日期,程序不猜:到期时间等该年公布后再算。
"""


def runs(days: Iterable[date]) -> Iterator[str]:
    """Days in order, neighbours joined: `2026-10-01..2026-10-07`."""
    ordered = sorted(days)
    first = 0
    for place, day in enumerate(ordered):
        is_last = place + 1 == len(ordered)
        if is_last or ordered[place + 1] - day > timedelta(days=1):
            yield str(day) if place == first else f"{ordered[first]}..{day}"
            first = place + 1


def listed(key: str, entries: Iterable[str]) -> list[str]:
    return [f"{key}:", *(f'  - "{entry}"' for entry in entries)]


def seed(first: int, last: int) -> str:
    """The file's text for those years and all between. KeyError for a year without a notice."""
    years = range(first, last + 1)
    sources = [NOTICES[year] for year in years]
    unknown = set(years) - {day.year for day in constants.holidays}
    if unknown:
        raise KeyError(f"chinesecalendar does not know {min(unknown)} yet: upgrade it")
    holidays = (day for day in constants.holidays if day.year in years)
    makeup_workdays = (day for day in constants.workdays if day.year in years)
    lines = [
        *listed("source", sources),
        f"known_from: {first}-01-01",
        f"known_until: {last}-12-31",
        *listed("holidays", runs(holidays)),
        *listed("makeup_workdays", runs(makeup_workdays)),
    ]
    return HEADER + "\n".join(lines) + "\n"


if __name__ == "__main__":
    TARGET.write_text(seed(int(sys.argv[1]), int(sys.argv[2])), encoding="utf-8")
