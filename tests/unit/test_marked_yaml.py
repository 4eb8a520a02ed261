"""One reader for what people write: values, their lines, and every fault of the writing."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from runtime import marked_yaml
from runtime.file_faults import FaultyFile
from runtime.marked_yaml import Marked

WRITTEN = """\
on: yes
phone: 07176000001
count: 7
weight: 6.50
day: 2026-03-01
sure: true
empty:
quoted: ""
list:
  - {a: 1}
  - null
"""


def read(tmp_path: Path, text: str, *, as_spelt: bool = False) -> Marked:
    file = tmp_path / "written.yaml"
    file.write_text(text, encoding="utf-8")
    return marked_yaml.read(file, as_spelt=as_spelt)


def told(tmp_path: Path, text: str, *, as_spelt: bool = False) -> list[tuple[int, str]]:
    with pytest.raises(FaultyFile) as caught:
        read(tmp_path, text, as_spelt=as_spelt)
    return [(fault.line, fault.message) for fault in caught.value.faults]


def test_values_have_the_types_of_yaml_1_2(tmp_path: Path) -> None:
    assert read(tmp_path, WRITTEN).content == {
        "on": "yes",
        "phone": "07176000001",
        "count": 7,
        "weight": 6.5,
        "day": date(2026, 3, 1),
        "sure": True,
        "empty": None,
        "quoted": "",
        "list": [{"a": 1}, None],
    }


def test_or_they_stay_as_they_are_spelt(tmp_path: Path) -> None:
    assert read(tmp_path, WRITTEN, as_spelt=True).content == {
        "on": "yes",
        "phone": "07176000001",
        "count": "7",
        "weight": "6.50",
        "day": "2026-03-01",
        "sure": "true",
        "empty": None,
        "quoted": "",
        "list": [{"a": "1"}, None],
    }


def test_each_place_knows_its_line(tmp_path: Path) -> None:
    marked = read(tmp_path, WRITTEN)
    assert marked.line(("phone",)) == 2
    assert marked.line(("list",)) == 9
    assert marked.line(("list", 1)) == 11
    assert marked.line(("list", 0, "b")) == 10, "where it is not, its holder's line"
    assert str(marked.fault(("list", 0, "b"), "缺少")).endswith("written.yaml:10: list[0].b: 缺少")


@pytest.mark.parametrize("as_spelt", [False, True])
@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("a: 1\nb: {c: 1, c: 2}\na: 3\n", [(2, "c 写了两次"), (3, "a 写了两次")]),
        ("a: 1\n? [b, c]\n: 2\n", [(2, "键应是一个词")]),
        ("a:\n  - &x [*x]\n", [(2, "这一组里又引用了它自己")]),
        ("a:\n  b: &x {c: *x}\n", [(2, "这一组里又引用了它自己")]),
        ("a: 1\n\nb: \x07", [(3, "YAML 读不懂:有不可见的控制字符")]),
        ("a: " + "[" * 1500, [(1, "YAML 读不懂:括号套得太深")]),
        ("a: *x\n", [(1, "YAML 读不懂:found undefined alias 'x'")]),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_writing_is_told_with_its_line(
    tmp_path: Path, text: str, faults: list[tuple[int, str]], as_spelt: bool
) -> None:
    assert told(tmp_path, text, as_spelt=as_spelt) == faults


def test_an_impossible_date_is_a_fault_only_where_dates_are_read(tmp_path: Path) -> None:
    text = "a: 1\nb: 2026-13-01\n"
    ((line, message),) = told(tmp_path, text)
    assert line == 2
    assert message.startswith("2026-13-01 读不懂")
    content: dict[str, Any] = read(tmp_path, text, as_spelt=True).content
    assert content["b"] == "2026-13-01"


def test_the_same_group_may_be_used_twice(tmp_path: Path) -> None:
    assert read(tmp_path, "a: &x [1]\nb: *x\n").content == {"a": [1], "b": [1]}


def test_references_of_references_are_refused_before_they_fill_the_memory(tmp_path: Path) -> None:
    groups = ["a0: &a0 [x, x]"] + [
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)
    ]
    ((line, message),) = told(tmp_path, "\n".join(groups))
    assert message == "引用(*)套引用,展开后太大"
    assert line <= len(groups)


def test_a_value_too_long_to_read_is_told_in_short(tmp_path: Path) -> None:
    ((line, message),) = told(tmp_path, f"a: 1\nb: {'9' * 5000}\n")
    assert line == 2
    assert message.endswith("… 读不懂:数字太长")
    assert len(message) < 80


def test_a_file_that_cannot_be_opened_is_one_fault(tmp_path: Path) -> None:
    with pytest.raises(FaultyFile, match="打不开"):
        marked_yaml.read(tmp_path / "none.yaml")
