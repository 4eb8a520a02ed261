"""The company's books from a file: every fault is told, with its line, its field and its fix."""

from pathlib import Path

import pytest

from desk.numbers import normalise
from domain.directory import Customer, Directory, Technician
from domain.directory_checks import faults, policies_to_come
from runtime.directory_files import DirectoryFileFaulty, read_directory
from runtime.file_faults import FileFault


def read(tmp_path: Path, text: str, policies: list[str] | None = None) -> Directory:
    file = tmp_path / "books.yaml"
    file.write_text(text, encoding="utf-8")
    return read_directory(file, normalise, policies=policies)


def found(tmp_path: Path, text: str, policies: list[str] | None = None) -> list[FileFault]:
    with pytest.raises(DirectoryFileFaulty) as caught:
        read(tmp_path, text, policies)
    assert str(caught.value).splitlines() == [str(fault) for fault in caught.value.faults]
    return list(caught.value.faults)


def places(faults: list[FileFault]) -> list[tuple[int, str]]:
    return [(fault.line, fault.field) for fault in faults]


SOUND = """\
lines:
  - {number: "84008001234", policy: house}
customers:
  - {id: C001, name: 王秀英, phones: ["13900010001", 0717-6000001], site: 江南花园, property: P01}
  - {id: C002, name: 赵小兰, phones: [+86 139 0001 0001], property: }   # shares a number with C001
properties:
  - {id: P01, name: 江南花园物业, phones: ["0717-6100001"]}
devices:
  - {id: D1, customer: C001, product: 电子天平, weight_kg: 10, invoice_date: 2026-09-30}
  - {id: D2, customer: C002, product: 光谱仪, policy: instruments}
technicians:
  - {id: T01, name: 周师傅, department: engineering, skills: [window, door], phone: 13800020001}
  - {id: T02, name: 吴师傅, department: production}
staff:
  - {role: agent, name: 客服小何, phone: "13700030001", extension: 8001}
loaners:
  - {id: L01, product_class: instrument, product: 电子天平, grade: new}
"""


def test_a_sound_file_is_read_with_one_spelling_for_each_number(tmp_path: Path) -> None:
    books = read(tmp_path, SOUND, ["house", "instruments"])
    assert [line.number for line in books.lines] == [normalise("4008001234")]
    assert books.customers[0].phones == (normalise("13900010001"), normalise("07176000001"))
    assert books.customers[0].phones[0] == books.customers[1].phones[0]
    assert books.customers[1].property is None
    assert books.devices[0].weight_kg == 10
    assert books.devices[1].weight_kg is None
    assert [one.id for one in books.technicians] == ["T01", "T02"]
    assert books.staff[0].extension == "8001"


def test_what_is_not_quoted_is_read_as_it_is_spelt(tmp_path: Path) -> None:
    text = "customers: [{id: 007, name: no, phones: [07176000001, 13900010001]}]"
    customer = read(tmp_path, text).customers[0]
    assert (customer.id, customer.name) == ("007", "no")
    assert customer.phones == (normalise("0717-6000001"), normalise("13900010001"))


def test_every_fault_of_the_entries_is_told_at_once(tmp_path: Path) -> None:
    text = """\
customers:
  - {id: C1, name: 王, phone: ["13900010001"]}
  - id: C2
    phones: [匿名]
  - 张三
devices:
  - {id: D1, product: 窗, weight_kg: 重}
  - {id: D2, product: 窗, weight_kg: -1, accepted_on: 2026-13-40}
  - {id: D3, product: 窗, weight_kg: .inf, repairs_done: 1.5}
staff:
  - {role: boss, name: 许总}
techniciens: []
loaners: {id: L1}
"""
    seen = found(tmp_path, text)
    assert places(seen) == [
        (2, "customers[0].phone"),
        (4, "customers[1].phones"),
        (5, "customers[2]"),
        (7, "devices[0].weight_kg"),
        (8, "devices[1].accepted_on"),
        (8, "devices[1].weight_kg"),
        (9, "devices[2].weight_kg"),
        (9, "devices[2].repairs_done"),
        (11, "staff[0].role"),
        (12, "techniciens"),
        (13, "loaners"),
    ]
    assert seen[0].fix == "是否想写 phones?"
    assert seen[9].fix == "是否想写 technicians?"
    assert "supervisor" in seen[8].fix
    assert all(fault.message and fault.fix for fault in seen)


def test_a_wrong_item_of_a_list_is_told_at_its_own_line(tmp_path: Path) -> None:
    text = "customers:\n  - id: C1\n    name: 王\n    phones:\n      - 13900010001\n      - 匿名\n"
    assert places(found(tmp_path, text)) == [(6, "customers[0].phones")]


def test_what_does_not_fit_together_is_told_with_its_line(tmp_path: Path) -> None:
    text = """\
lines:
  - {number: "84008001234", policy: houze}
  - {number: "4008001234", policy: house}
customers:
  - {id: C1, name: 王, phones: ["13900010001", "+86 139-0001-0001"]}
  - {id: C1, name: 李, phones: ["07176100001"]}
  - {id: C2, name: 张, phones: ["13700030001", "13800020001"], property: P9}
properties:
  - {id: P01, name: 江南花园物业, phones: ["0717-6100001"]}
devices:
  - {id: D1, customer: C9, product: 窗, policy: doors_window}
  - {product: 门}
technicians:
  - {id: T01, name: 周师傅, department: enginering, phone: "13800020001"}
  - {id: T02, name: 周师傅, department: production}
staff:
  - {role: agent, name: 客服小何, phone: "13700030001"}
"""
    seen = found(tmp_path, text, ["house", "doors_windows"])
    assert places(seen) == [
        (2, "lines[0].policy"),
        (3, "lines[1].number"),
        (5, "customers[0].phones"),
        (6, "customers[1].id"),
        (6, "customers[1].phones"),
        (7, "customers[2].property"),
        (7, "customers[2].phones"),
        (7, "customers[2].phones"),
        (11, "devices[0].customer"),
        (12, "devices[1].id"),
        (14, "technicians[0].department"),
        (15, "technicians[1].name"),
    ]
    assert "物业 P01" in seen[4].message
    assert {"员工 客服小何", "维修人员 T01"} <= {
        word for fault in seen for word in fault.message.replace("也是", "的号码").split("的号码")
    }
    assert seen[10].fix == "是否想写 engineering?"


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("", 1, "没有名册"),
        ("- 1\n", 1, "没有名册"),
        ("customers:\n  - {id: C1, name: [王}\n", 2, "YAML"),
        ("customers:\n\n - \x07", 3, "控制字符"),
        ("customers:\n  - {id: C1, id: C2, name: 王}\n", 2, "写了两次"),
        ("customers: []\nstaff: []\ncustomers: []\n", 3, "写了两次"),
        ("customers:\n  - {id: C1, name: 王, phones: &a [*a]}\n", 2, "一个值"),
        ("customers:\n  - {id: C1, name: {a: b}}\n", 2, "一个值"),
        ("customers:\n  - {id: C1, name: ''}\n", 2, "一段文字"),
        ("customers: 王\n", 1, "列表"),
        ("customers: " + "[" * 1200, 1, "YAML"),
    ],
)
def test_a_broken_file_is_one_clear_line(tmp_path: Path, text: str, line: int, word: str) -> None:
    (fault,) = found(tmp_path, text)
    assert fault.line == line
    assert word in str(fault)
    assert "\n" not in str(fault)


def test_another_encoding_is_told(tmp_path: Path) -> None:
    file = tmp_path / "books.yaml"
    file.write_bytes("customers: [{id: C1, name: 王}]".encode("gb18030"))
    with pytest.raises(DirectoryFileFaulty, match="UTF-8"):
        read_directory(file, normalise)


def test_the_checks_work_without_a_file_too() -> None:
    books = Directory(
        customers=(Customer(id="C1", name="王", phones=("1", "1")),),
        technicians=(Technician(id="T1", name="周师傅", department="night"),),
    )
    assert [(one.section, one.field) for one in faults(books)] == [
        ("technicians", "department"),
        ("customers", "phones"),
    ]
    assert [one.section for one in faults(books, departments=["night"])] == ["customers"]
    assert faults(Directory()) == ()


def test_a_device_may_name_a_policy_that_is_still_to_come(tmp_path: Path) -> None:
    books = read(tmp_path, SOUND, ["house"])
    assert policies_to_come(books, ["house"]) == {"instruments": 1}
    assert policies_to_come(books, ["house", "instruments"]) == {}


ENTITLED = """\
devices:
  - id: D1
    product: 笔记本
    invoice_date: 2026-01-05
    exchanged_on: 2026-02-01
    days_in_repair: 12
    invoice_price_fen: 599900
    contract:
      number: HT-7
      stacks: true
      coverages:
        - {kind: parts_and_labour, months: 24, starts: [contracted_on, invoice_date]}
    warranty_card: {coverages: [{kind: labour, months: 6, starts: [invoice_date]}]}
"""


def test_a_contract_and_a_card_are_read_with_their_terms(tmp_path: Path) -> None:
    device = read(tmp_path, ENTITLED).devices[0]
    assert (device.days_in_repair, device.invoice_price_fen) == (12, 599_900)
    assert device.contract is not None
    assert device.warranty_card is not None
    assert (device.contract.number, device.contract.stacks) == ("HT-7", True)
    assert [one.months for one in device.contract.coverages] == [24]
    assert [one.value for one in device.contract.coverages[0].starts] == [
        "contracted_on",
        "invoice_date",
    ]
    assert (device.warranty_card.number, device.warranty_card.stacks) == (None, False)


@pytest.mark.parametrize(
    ("wrong", "right", "line", "field", "said"),
    [
        ("stacks:", "stack:", 10, "contract.stack", "stacks"),
        ("months: 24", "month: 24", 12, "contract.coverages[0].month", "months"),
        ("parts_and_labour", "parts", 12, "contract.coverages[0].kind", "parts_and_labour"),
        (", starts: [contracted_on, invoice_date]", "", 12, "contract.coverages[0]", "起算日"),
        ("months: 24", "months: -1", 12, "contract.coverages[0].months", "大于 0"),
        ("invoice_price_fen: 599900", "invoice_price_fen: 5999.5", 7, "invoice_price_fen", "整数"),
        ("exchanged_on: 2026-02-01", "exchanged_on: 2026-01-04", 5, "exchanged_on", "早于"),
    ],
)
def test_a_fault_inside_a_contract_is_told_with_its_line(
    tmp_path: Path, wrong: str, right: str, line: int, field: str, said: str
) -> None:
    [fault] = found(tmp_path, ENTITLED.replace(wrong, right))
    assert (fault.line, fault.field) == (line, f"devices[0].{field}")
    assert said in str(fault)
