"""Policy files: what is taken over from another, what a fault says, and that nothing leaks out."""

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.calendars import Workdays
from domain.policy import Policy
from domain.refusals import RefusalType, Refused
from runtime.policy_files import PolicyFileFaulty, PolicyShelf

SHIPPED = Path(__file__).parents[2] / "policies"

BASE = """\
name: base
title: 通用承诺
product_classes: [anything]
calendars:
  office: {kind: opening_hours, daily: ["08:00-18:00"]}
promises:
  - id: first
    clauses: [A1]
    says: 甲
    starts: reported
    met_by: resolved
    within: 1 hour
    calendar: office
  - id: second
    clauses: [A2]
    says: 乙
    starts: reported
    met_by: resolved
    within: 2 hours
procedure:
  follow_up_tries: 5
"""
OWN = """\
name: own
title: 自家承诺
extends: base
promises:
  - id: third
    clauses: [B3]
    says: 丙
    starts: last visit_ended
    met_by: [resolved, guided]
    within: 2 workdays
    calendar: workdays
  - id: first
    clauses: [B1]
    says: 甲改
    starts: reported
    met_by: resolved
    within: 3 hours
    when: {weight_kg: {max: 10}}
calendars:
  workdays: {kind: workdays, dates: days}
procedure:
  keep_turn_on_skip: true
"""
DAYS = """\
source: [通知]
known_from: 2026-01-01
known_until: 2026-12-31
holidays: ["2026-10-01..2026-10-07"]
makeup_workdays: ["2026-10-10"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "calendars").mkdir()
    (tmp_path / "calendars" / "days.yaml").write_text(DAYS, encoding="utf-8")
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    (tmp_path / "own.yaml").write_text(OWN, encoding="utf-8")
    return tmp_path


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"the test means one place, and {old!r} is not one"
    file.write_text(text.replace(old, new), encoding="utf-8")


def faults(folder: Path, name: str = "own") -> list[str]:
    """The faults as printed, without the folder."""
    with pytest.raises(PolicyFileFaulty) as caught:
        PolicyShelf(folder).get(name)
    return [str(fault).removeprefix(f"{folder}/") for fault in caught.value.faults]


def test_the_same_id_takes_the_others_place_and_new_ones_follow(folder: Path) -> None:
    own = PolicyShelf(folder).get("own")
    assert [(one.id, one.says) for one in own.promises] == [
        ("first", "甲改"),
        ("second", "乙"),
        ("third", "丙"),
    ]
    assert own.procedure.follow_up_tries == 5
    assert own.procedure.keep_turn_on_skip
    assert own.product_classes == ()


def test_a_snapshot_is_self_contained_and_keeps_its_version(folder: Path) -> None:
    own = PolicyShelf(folder).get("own")
    workdays = own.calendar("workdays")
    assert isinstance(workdays, Workdays)
    assert workdays.holidays == ("2026-10-01..2026-10-07",)
    again = Policy.model_validate_json(own.model_dump_json())
    assert again == own
    assert again.version == own.version


def test_the_version_follows_the_content_and_not_the_spelling(folder: Path) -> None:
    shelf = PolicyShelf(folder)
    before = shelf.get("own").version
    edit(folder / "base.yaml", "within: 2 hours", "within:   2 hours   # 原文没有时限")
    assert shelf.get("own").version == before
    edit(folder / "base.yaml", "within:   2 hours", "within: 4 hours")
    assert shelf.get("own").version != before


def test_the_dates_belong_to_the_version(folder: Path) -> None:
    shelf = PolicyShelf(folder)
    before = shelf.get("own").version
    edit(folder / "calendars" / "days.yaml", "2026-10-10", "2026-10-11")
    assert shelf.get("own").version != before


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("met_by: [", "met_bye: [", 9, "promises[0].met_bye: 没有 met_bye 这个键。是否想写 met"),
        ("2 workdays", "2 workdais", 10, "promises[0].within: 看不懂时长 '2 workdais'"),
        ("within: 3 hours", "within: 0 hours", 17, "promises[1].within: 时长 '0 hours' 必须大于零"),
        ("within: 3 hours", "within: -3 hours", 17, "promises[1].within: 时长 '-3 hours' 必须"),
        ("guided]", "resloved]", 9, "promises[0].met_by[1]: 没有 resloved 这个里程碑。是否想"),
        ("visit_ended", "visit_ende", 8, "promises[0].starts: 没有 visit_ende 这个里程碑"),
        ("{weight_kg:", "{wieght_kg:", 18, "promises[1].when.wieght_kg: 没有 wieght_kg 这个事实"),
        ("{max: 10}", "{max: 10, unknown: no}", 18, "promises[1].when.weight_kg.unknown: 没有 no"),
        ("r: workdays", "r: workday", 11, "promises[0].calendar: 没有 workday 这个日历。是否想"),
        ("r: workdays", "r: office", 11, "promises[0].calendar: 日历 office 不知道工作日"),
        ("dates: days", "dates: day", 20, "calendars.workdays.dates: 没有日历数据 day。是否想"),
        ("extends: base", "extends: bass", 3, "extends: 没有政策 bass。是否想写 base?"),
        ("extends: base", "extends: own", 3, "extends: 政策不能绕一圈又继承自己"),
        ("id: first", "id: third", 12, "promises[1].id: 承诺 third 写了两次"),
        ("    within: 3 hours\n", "", 12, "promises[1]: within 与 by 必须且只能写一个"),
        ("title: 自家承诺\n", "", 1, "title: 缺少此项"),
        ("name: own", "name: other", 1, "name: 政策的 name 与文件名不同。写成 own"),
        ("skip: true", "skip: true\n  keep_turn_on_skip: false", 23, "keep_turn_on_skip 写了两次"),
        (
            "skip: true",
            "skip: true\n  consent: {remind_after: [8 days]}",
            23,
            "procedure.consent.remind_after[0]: 8 days 的提醒在到期之后",
        ),
        ("skip: true", "skip: [", 23, "YAML 读不懂"),
        ("extends: base", "extends: ../base", 3, "extends: 没有政策 ../base"),
        ("dates: days", "dates: ../calendars/days", 20, "calendars.workdays.dates: 没有日历数据"),
        ("{max: 10}", "{max: nan}", 18, "promises[1].when.weight_kg.max: 应是一个有限的数字"),
        ("starts: last visit_ended", "starts: 5", 8, "promises[0].starts: 起算点应是里程碑"),
        ("calendars:", "calendars:\n  always: {kind: always}", 20, "calendars.always: always 是"),
        ("skip: true", "skip: true\n  rework_days: 0", 23, "procedure.rework_days: 数字太小。应大"),
        (
            "when: {weight_kg: {max: 10}}",
            "laxer: [{level: 1, within: 9 hours, clauses: [B2]}]",
            18,
            "promises[1].laxer[0].level: 数字太小。不能小于 2",
        ),
        (
            "procedure:",
            "fees:\n  - &f {id: f, clauses: [B4], says: 丁, price: free}\n  - *f\nprocedure:",
            22,
            "fees[1].id: 收费规则 f 写了两次",
        ),
    ],
)  # fmt: skip
def test_a_fault_is_one_line_with_its_place_and_fix(
    folder: Path, old: str, new: str, line: int, said: str
) -> None:
    edit(folder / "own.yaml", old, new)
    (told,) = faults(folder)
    assert told.startswith(f"own.yaml:{line}: {said}")
    assert "\n" not in told


def test_a_file_much_too_large_is_not_read(folder: Path) -> None:
    with (folder / "own.yaml").open("a", encoding="utf-8") as file:
        file.write("#" * 1_000_000)
    (told,) = faults(folder)
    assert "own.yaml:1: 文件有 1,00" in told


@pytest.mark.parametrize("known", ["known_from: 0001-01-01", "known_until: 9999-12-31"])
def test_a_calendar_of_a_year_out_of_reach_is_refused(folder: Path, known: str) -> None:
    key = known.partition(":")[0]
    days = folder / "calendars" / "days.yaml"
    edit(days, f"{key}: 2026-{'01-01' if key == 'known_from' else '12-31'}", known)
    (told,) = faults(folder)
    assert told.startswith("calendars/days.yaml:")
    assert f"{key}: 年份要在 2000 到 2199 之间" in told


def test_two_policies_that_extend_each_other_are_told_of_it(folder: Path) -> None:
    edit(folder / "base.yaml", "product_classes: [anything]", "extends: own")
    assert faults(folder) == ["base.yaml:3: extends: 政策不能绕一圈又继承自己。删去 extends"]


def test_a_policy_is_read_again_only_when_a_file_has_changed(folder: Path) -> None:
    shelf = PolicyShelf(folder)
    before = shelf.get("own")
    assert shelf.get("own") is before
    (folder / "calendars" / "days.yaml").write_text("known_from: [", encoding="utf-8")
    with pytest.raises(PolicyFileFaulty, match=r"days\.yaml"):
        shelf.get("own")
    (folder / "calendars" / "days.yaml").write_text(DAYS, encoding="utf-8")
    assert shelf.get("own") == before


def test_all_faults_of_the_entries_are_told_at_once(folder: Path) -> None:
    edit(folder / "own.yaml", "2 workdays", "soon")
    edit(folder / "own.yaml", "within: 3 hours", "within: later")
    assert [line.split(":")[1] for line in faults(folder)] == ["10", "17"]


def test_a_length_that_the_few_open_hours_stretch_over_years_is_refused(tmp_path: Path) -> None:
    (tmp_path / "slow.yaml").write_text(
        "name: slow\ntitle: 慢\n"
        'calendars:\n  hardly: {kind: opening_hours, on: {mon: ["00:00-00:01"]}}\n'
        "promises:\n"
        "  - id: fixed\n    clauses: [X-1]\n    says: 修好\n    starts: reported\n"
        "    met_by: resolved\n    within: 9 hours\n    calendar: hardly\n",
        encoding="utf-8",
    )
    with pytest.raises(PolicyFileFaulty) as caught:
        PolicyShelf(tmp_path).get("slow")
    [fault] = caught.value.faults
    assert (fault.line, fault.rule) == (11, "calendar_hardly_opens")


def test_a_fault_of_the_base_is_told_in_the_base(folder: Path) -> None:
    edit(folder / "base.yaml", "within: 2 hours", "within: 2 hrs")
    assert [line.split(":")[:2] for line in faults(folder)] == [["base.yaml", "19"]]


def test_a_fault_of_the_dates_is_told_in_their_file(folder: Path) -> None:
    edit(folder / "calendars" / "days.yaml", "2026-10-10", "2026-13-10")
    assert [line.split(":")[:2] for line in faults(folder)] == [["calendars/days.yaml", "5"]]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("nonesuch", "可用:base、own"), ("owm", "是否想写 own"), ("../own", "是否想写 own")],
)
def test_an_unknown_policy_names_the_nearest_or_the_choices(
    folder: Path, name: str, hint: str
) -> None:
    with pytest.raises(Refused, match=hint) as caught:
        PolicyShelf(folder).get(name)
    assert caught.value.type is RefusalType.UNKNOWN_POLICY


def test_a_class_of_product_finds_its_policies() -> None:
    shelf = PolicyShelf(SHIPPED)
    assert shelf.for_product_class("window") == ["doors_windows"]
    assert shelf.for_product_class("instrument") == ["instruments"]
    assert shelf.for_product_class("spaceship") == []


JUNK = st.recursive(
    st.sampled_from([None, 3, -1, 1.5, True, "", "zzz", "last ", "0 hours", "25:00", "2026-13-01"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["id", "x", "max"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def places(content: object, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [place] if place else []
    inside = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content)
        if isinstance(content, list)
        else ()
    )
    for key, value in inside:
        found += places(value, (*place, key))
    return found


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data(), st.sampled_from(["base.yaml", "own.yaml", "calendars/days.yaml"]), JUNK)
def test_whatever_stands_in_a_file_only_faults_come_out(
    folder: Path, data: st.DataObject, name: str, junk: object
) -> None:
    originals = {"base.yaml": BASE, "own.yaml": OWN, "calendars/days.yaml": DAYS}
    content = yaml.safe_load(originals[name])
    *way, last = data.draw(st.sampled_from(places(content)))
    inner = content
    for key in way:
        inner = inner[key]
    inner[last] = junk
    for path, text in originals.items():
        (folder / path).write_text(text, encoding="utf-8")
    (folder / name).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    try:
        policy = PolicyShelf(folder).load_file(folder / "own.yaml")
    except PolicyFileFaulty as faulty:
        told = faulty.faults
    else:
        told = ()
        assert Policy.model_validate_json(policy.model_dump_json()).version == policy.version
    assert all(fault.message and fault.line >= 1 for fault in told)


def test_provisions_and_fees_are_taken_over_by_id_and_what_is_set_aside_is_joined(
    folder: Path,
) -> None:
    more = {
        "base": """
covers: [A]
provisions:
  - {id: order, kind: gate, clauses: [A7], says: 凭单}
  - {id: form, kind: record, clauses: [A8], says: 表}
set_aside: [{clauses: [A9], why: 不归我们}]
""",
        "own": """
provisions:
  - {id: form, kind: record, clauses: [B8], says: 表改}
  - {id: badge, kind: checklist, clauses: [B9], says: 工牌}
set_aside: [{clauses: [B7], why: 也不归}]
""",
    }
    for name, text in more.items():
        path = folder / f"{name}.yaml"
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    own = PolicyShelf(folder).get("own")
    assert [(one.id, one.says) for one in own.provisions] == [
        ("order", "凭单"),
        ("form", "表改"),
        ("badge", "工牌"),
    ]
    assert [one.clauses for one in own.set_aside] == [("A9",), ("B7",)]
    assert own.covers == ()


DEFAULT = """
default_warranty:
  coverages: [{kind: parts_and_labour, months: 12, starts: [invoice_date], clauses: [A6]}]
"""


def test_a_default_warranty_is_taken_over_key_by_key(folder: Path) -> None:
    base, own = folder / "base.yaml", folder / "own.yaml"
    base.write_text(BASE + DEFAULT, encoding="utf-8")
    extended = "default_warranty:\n  extend_over_holidays: workdays\n"
    own.write_text(OWN + extended, encoding="utf-8")
    sourced = PolicyShelf(folder).sourced(own)
    terms = sourced.policy.default_warranty
    assert terms is not None
    assert (terms.coverages[0].months, terms.extend_over_holidays) == (12, "workdays")
    assert sourced.where(("default_warranty", "coverages", 0))[0] == base
    assert sourced.where(("default_warranty", "extend_over_holidays"))[0] == own
    own.write_text(OWN + extended.replace("workdays", "workday"), encoding="utf-8")
    last = len((OWN + extended).splitlines())
    assert faults(folder)[0].startswith(
        f"own.yaml:{last}: default_warranty.extend_over_holidays: 没有 workday 这个日历"
    )


def test_a_base_may_have_no_default_to_take_over(folder: Path) -> None:
    own = folder / "own.yaml"
    (folder / "base.yaml").write_text(BASE + "default_warranty: null\n", encoding="utf-8")
    own.write_text(OWN + DEFAULT, encoding="utf-8")
    terms = PolicyShelf(folder).get("own").default_warranty
    assert terms is not None
    assert terms.extend_over_holidays is None


def test_each_piece_of_a_policy_knows_its_file_and_line(folder: Path) -> None:
    sourced = PolicyShelf(folder).sourced(folder / "own.yaml")
    places = {
        ("promises", 0, "within"): ("own.yaml", 17),  # taken over by the same id
        ("promises", 1): ("base.yaml", 14),
        ("promises", 2, "clauses"): ("own.yaml", 6),
        ("procedure", "follow_up_tries"): ("base.yaml", 21),
        ("calendars", "workdays", "holidays"): ("days.yaml", 4),
        ("warranty",): ("own.yaml", 1),  # what is nowhere is told at the head of the file
    }
    for place, (name, line) in places.items():
        path, found = sourced.where(place)
        assert (path.name, found) == (name, line), place
