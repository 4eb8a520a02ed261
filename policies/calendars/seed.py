"""Writes `cn_workdays.yaml` from the dev package `chinesecalendar`, when a year is announced.

    python policies/calendars/seed.py 2008 2026

The State Council announces one year at a time, in the November before. Write its notice's number
into NUMBERS first: a year without a source is refused. Compare the diff with the notice before
committing; a notice that changes a year afterwards goes into CHANGED_BY.
"""

import sys
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

from chinese_calendar import constants

TARGET = Path(__file__).with_name("cn_workdays.yaml")
NUMBERS = {
    2008: "国办发明电〔2007〕52号",
    2009: "国办发明电〔2008〕42号",
    2010: "国办发明电〔2009〕27号",
    2011: "国办发明电〔2010〕40号",
    2012: "国办发明电〔2011〕45号",
    2013: "国办发明电〔2012〕33号",
    2014: "国办发明电〔2013〕28号",
    2015: "国办发明电〔2014〕28号",
    2016: "国办发明电〔2015〕18号",
    2017: "国办发明电〔2016〕17号",
    2018: "国办发明电〔2017〕12号",
    2019: "国办发明电〔2018〕15号",
    2020: "国办发明电〔2019〕16号",
    2021: "国办发明电〔2020〕27号",
    2022: "国办发明电〔2021〕11号",
    2023: "国办发明电〔2022〕16号",
    2024: "国办发明电〔2023〕7号",
    2025: "国办发明电〔2024〕12号",
    2026: "国办发明电〔2025〕7号",
}
CHANGED_BY = {
    2015: (
        "国务院关于中国人民抗日战争暨世界反法西斯战争胜利70周年纪念日调休放假的通知"
        "(国发明电〔2015〕1号)"
    ),
    2019: "国务院办公厅关于调整2019年劳动节假期安排的通知(国办发明电〔2019〕3号)",
    2020: "国务院办公厅关于延长2020年春节假期的通知(国办发明电〔2020〕1号)",
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


def notices(year: int) -> Iterator[str]:
    """What the year's dates rest on. KeyError for a year without a notice."""
    yield f"国务院办公厅关于{year}年部分节假日安排的通知({NUMBERS[year]})"
    if year in CHANGED_BY:
        yield CHANGED_BY[year]


def seed(first: int, last: int) -> str:
    """The file's text for those years and all between. KeyError for a year without a notice."""
    years = range(first, last + 1)
    sources = [source for year in years for source in notices(year)]
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
