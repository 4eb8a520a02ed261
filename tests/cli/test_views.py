"""What a person reads: distances in time, addresses without passwords, the day of the demo."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.demo_day import EXAMPLES, moved_to, to_try
from cli.loaner_views import print_loaner, print_stock
from cli.status import without_password
from cli.ticket_views import print_ticket
from cli.timeline import timeline
from cli.times import remaining, span
from cli.words import actor
from desk.phone_events import read_file
from domain.civil_time import CHINA
from tests.unit.lending import lending

NOW = datetime(2026, 11, 24, 16, 0, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=12), "12秒"),
        (timedelta(minutes=35, seconds=59), "35分"),
        (timedelta(hours=2), "2小时"),
        (timedelta(hours=1, minutes=20), "1小时20分"),
        (timedelta(days=2, hours=3, minutes=9), "2天3小时"),
    ],
)
def test_a_span_is_said_in_two_units(length: timedelta, said: str) -> None:
    assert span(length) == said


def test_what_remains_and_what_is_overdue() -> None:
    assert Text.from_markup(remaining(NOW + timedelta(hours=2), NOW)).plain == "还剩 2小时"
    assert Text.from_markup(remaining(NOW - timedelta(minutes=35), NOW)).plain == "超时 35分"
    assert remaining(None, NOW) == ""


def test_a_password_is_not_shown() -> None:
    url = "postgresql://aftercare:s3cret@127.0.0.1:5432/aftercare"
    assert without_password(url) == "postgresql://aftercare:***@127.0.0.1:5432/aftercare"


def test_a_name_that_says_its_role_is_not_said_twice() -> None:
    assert actor("agent/客服小何") == "客服小何"
    assert actor("technician/周师傅") == "维修人员 周师傅"


def test_the_demo_day_ends_just_now_and_keeps_its_distances() -> None:
    events = read_file(EXAMPLES / "calls.jsonl", NOW)
    moved = moved_to(events, NOW)
    assert max(event.at for event in moved) == NOW - timedelta(minutes=3)
    assert all(event.received <= NOW for event in moved)
    assert len({after.at - before.at for before, after in zip(events, moved, strict=True)}) == 1


def test_what_to_try_next_fits_the_tickets_that_there_are() -> None:
    mine = {"number": "W7", "caller": "13900010001", "stage": "intake"}
    other = {"number": "W8", "caller": "13900010001", "stage": "closed"}
    assert any("ticket register W7 " in one for one in to_try([other, mine]))
    assert not any("register" in one for one in to_try([other]))
    assert to_try([])[0].endswith(" demo")


CLAUSES = ["D1-5.2.1.b"]
PROMISE = "register_answered_call"


def event(seq: int, at: str, kind: str, by: str | None = None, **details: Any) -> dict[str, Any]:
    return {"seq": seq, "at": f"2026-03-02T{at}+08:00", "kind": kind, "by": by, "details": details}


def fired(level: int, promise: str = PROMISE) -> dict[str, Any]:
    due = "2026-03-02T09:37:00+08:00"
    return {"promise": promise, "level": level, "due": due, "clauses": CLAUSES}


def firing(kind: str, to: str, level: int) -> dict[str, Any]:
    return {"to": to, "about": kind, "occurrence": 1, **fired(level)}


def promise(name: str, state: str, **times: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("starts_at", "due", "met_at", "late_seconds"))
    known = {"promise": name, "occurrence": 1, "state": state, "clauses": CLAUSES}
    return {**known, **empty, **times}


TICKET: dict[str, Any] = {
    "number": "W1",
    "stage": "dispatching",
    "outcome": None,
    "policy": "house",
    "policy_version": "0123456789ab",
    "channel": "phone",
    "source_id": None,
    "caller": "13900010001",
    "registration": None,
    "warranty": None,
    "facts": {},
    "task": None,
    "urges": 0,
    "unfinished": 0,
    "reopened": 0,
    "related": [],
    "candidates": [],
    "visits": [],
    "quotes": [],
    "loaners": [],
    "holds": [],
    "dispute": None,
    "remedy": None,
    "refund_fen": None,
    "charged_fen": 0,
    "merged_into": None,
    "merged_from": [],
    "milestones": {"reported": "2026-03-02T09:07:00+08:00"},
    "promise_details": [
        promise(
            PROMISE,
            "missed",
            due="2026-03-02T09:37:00+08:00",
            met_at="2026-03-02T10:37:00+08:00",
            late_seconds=3600,
        ),
        promise("call_back_missed", "void"),
        promise("follow_up", "pending"),
    ],
    "escalations": [
        {
            "promise": PROMISE,
            "clauses": CLAUSES,
            "level": level,
            "due": "2026-03-02T09:37:00+08:00",
            "fired_at": "2026-03-02T10:07:00+08:00",
            "late_seconds": 1800,
            "withdrawn": False,
        }
        for level in (1, 2)
    ],
    "calls": [
        {
            "direction": "in",
            "started_at": "2026-03-02T09:00:00+08:00",
            "answered_at": "2026-03-02T09:01:00+08:00",
            "ended_at": "2026-03-02T09:07:00+08:00",
            "answered": True,
            "users": ["客服小何"],
        }
    ],
    "timeline": [
        event(1, "09:01:00", "opened"),
        event(2, "09:01:00", "answer_known"),
        event(3, "10:07:00", "promise_missed", **fired(1)),
        event(4, "10:07:00", "notice_due", **firing("promise_missed", "supervisor", 1)),
        event(5, "10:07:00", "promise_escalated", **fired(2)),
        event(6, "10:07:00", "notice_due", **firing("promise_escalated", "dept_head", 2)),
        event(7, "10:37:00", "registered", "agent/客服小何"),
        event(8, "10:37:00", "policy_pinned", policy="doors_windows", version="0123456789ab"),
        event(9, "10:37:00", "notice_due", to="supervisor", about="registered"),
        event(
            10, "10:37:00", "promise_met_late", promise=PROMISE, late_seconds=3600, clauses=CLAUSES
        ),
        event(11, "11:00:00", "notice_due", to="supervisor", about="follow_up_due"),
    ],
}


def lines_of(shown: Table) -> list[str]:
    console = Console(width=160, color_system=None)
    with console.capture() as capture:
        console.print(shown)
    return [line.strip() for line in capture.get().splitlines() if line.strip()][2:]


def test_a_notice_stands_with_the_event_that_it_is_about() -> None:
    opened, missed, escalated, registered, pinned, late, alone = lines_of(timeline(TICKET))
    assert opened.endswith("渠道:电话")
    assert "承诺超时" in missed
    assert "L1 接听的报修,三十分钟内登记 时限 " in missed
    assert missed.endswith("→ 通知客服主管")
    assert escalated.endswith("→ 通知部门负责人")
    assert registered.endswith("→ 通知客服主管")
    assert "通知" not in pinned
    assert "迟 1小时" in late
    assert "03-02 11:00:00" in alone
    assert "应通知" in alone


def test_after_an_adoption_each_event_names_its_own_policy_and_promise() -> None:
    adopted = {"policy": "it_network", "version": "ba9876543210", "reason": "换合同"}
    told = [
        event(1, "09:00:00", "policy_pinned", policy="instruments", version="0123456789ab"),
        event(2, "10:00:00", "promise_missed", **fired(1, "phone_guidance")),
        event(3, "11:00:00", "policy_adopted", "manager/许总", **adopted),
        event(4, "11:00:00", "firing_withdrawn", **fired(1, "phone_guidance")),
    ]
    ticket = {**TICKET, "policy": "it_network", "timeline": told}
    pinned, missed, _, withdrawn = lines_of(timeline(ticket))
    assert "政策:instruments" in pinned
    for line in (missed, withdrawn):
        assert "L1 十五分钟内开始电话指导 时限 " in line


def test_what_an_event_says_is_said_in_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    told = [
        event(1, "09:00:00", "dispatch_ordered", "supervisor/高主管", emergency=True),
        event(2, "09:01:00", "guidance_not_enough", "technician/周师傅", outcome="needs_visit"),
        event(3, "09:02:00", "assessed", "agent/客服小何", severity="severe", weight_kg=6.5),
        event(4, "09:03:00", "fee_approved", "customer/王秀英", evidence={"how": "电话"}),
        event(5, "09:04:00", "loaner_reserved", loaner="loaner/W1/1"),
    ]
    print_ticket({**TICKET, "timeline": told})
    shown = capsys.readouterr().out
    for said in ("先抢修后补单:是", "结果:要上门", "严重程度:严重", "净重(公斤):6.5"):
        assert said in shown
    assert "凭据:方式 电话" in shown
    assert "备机:W1/1" in shown


def test_a_moment_and_an_actor_are_said_once() -> None:
    said = "\n".join(lines_of(timeline(TICKET)))
    assert said.count("10:37:00") == 1
    assert said.count("客服小何") == 1


def test_a_ticket_shows_what_counts(capsys: pytest.CaptureFixture[str]) -> None:
    print_ticket(TICKET)
    shown = capsys.readouterr().out
    assert "call_back_missed" not in shown
    assert "还没开始的承诺:follow_up" in shown
    assert shown.count("L1 L2") == 1
    (call,) = [line for line in shown.splitlines() if "呼入" in line]
    assert "6分" in call


def test_an_ended_ticket_does_not_speak_of_what_will_not_come(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_ticket({**TICKET, "stage": "closed", "outcome": "repaired"})
    assert "follow_up、" not in (shown := capsys.readouterr().out)
    assert "还没开始" not in shown


def test_a_quote_is_shown_in_yuan_with_its_answer(capsys: pytest.CaptureFixture[str]) -> None:
    line = {"item": "密封条", "kind": "part", "quantity": 2, "unit_price_fen": 4050}
    quote = {
        "number": 1,
        "at": "2026-03-02T11:00:00+08:00",
        "lines": [line],
        "total_fen": 8100,
        "state": "approved",
        "decided_at": "2026-03-02T11:30:00+08:00",
        "evidence": {"how": "电话"},
    }
    print_ticket({**TICKET, "quotes": [quote], "charged_fen": 8100})
    shown = capsys.readouterr().out
    assert "密封条(配件)2 × 40.50" in shown
    assert "81.00 元" in shown
    assert "已同意 03-02 11:30" in shown
    assert "how: 电话" in shown


def test_a_choice_of_remedies_is_shown_with_what_is_missing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    remedies = {
        "open_to": ["exchange", "repair"],
        "reason": "15 日内:可换、可修",
        "evidence": [
            {"proof": "invoice", "have": True, "what": "开票日 2026-03-02"},
            {"proof": "listed_fault", "have": False, "what": None},
        ],
    }
    print_ticket({**TICKET, "remedies": remedies})
    shown = capsys.readouterr().out
    assert "15 日内:可换、可修;还缺:所列性能故障" in shown
    print_ticket({**TICKET, "remedies": {**remedies, "open_to": []}})
    assert "还缺" not in capsys.readouterr().out


def test_the_rule_on_a_price_and_what_is_unproven_are_said() -> None:
    ruling = {
        "item": "密封条",
        "says": "保外配件只收成本价",
        "price": "cost",
        "clauses": ["D5-B4.3b3"],
        "unproven": "unit_cost_fen",
    }
    happened = {
        "seq": 1,
        "at": "2026-03-02T11:00:00+08:00",
        "kind": "quoted",
        "by": "agent/客服小何",
        "details": {"rulings": [ruling]},
    }
    said = "".join(lines_of(timeline({**TICKET, "timeline": [happened]})))
    assert "价格规定:项目 密封条" in said
    assert "价格 成本价" in said
    assert "未证明 成本价" in said


def test_what_a_ticket_waits_for_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    began = {"from": "2026-03-02T11:00:00+08:00"}
    holds = [
        {"reason": "weather", **began, "to": "2026-03-03T08:00:00+08:00", "over": False},
        {"reason": "parts", **began, "to": "2026-03-02T12:00:00+08:00", "over": True},
    ]
    dispute = {"subject": "warranty", "reason": "发票日期不对"}
    print_ticket({**TICKET, "holds": holds, "dispute": dispute})
    shown = capsys.readouterr().out
    assert "天气(03-02 11:00 起,到 03-03 08:00)" in shown
    assert "配件(" not in shown
    assert "保修:发票日期不对" in shown


LOANER: dict[str, Any] = {
    "id": "loaner/W1/1",
    "number": 1,
    "ticket": "W1",
    "policy": "instruments",
    "state": "lost",
    "promise": "fixed_or_loaner_small",
    "clauses": ["D5-A3.4.b"],
    "deadline": "2026-03-05T00:00:00+08:00",
    "reason": None,
    "asked_at": "2026-03-04T00:00:00+08:00",
    "reserved_at": "2026-03-04T00:00:00+08:00",
    "delivered_at": "2026-03-04T02:00:00+08:00",
    "recalled_at": None,
    "due_back": None,
    "returned_at": None,
    "lost_at": "2026-03-09T10:00:00+08:00",
    "device": {"id": "L01", "product": "便携水质分析仪", "grade": "new"},
    "condition": None,
    "charge_fen": 120000,
    "charge_approved": None,
    "escalations": [],
    "task": "待部门负责人批准",
    "wanted": {"product_class": "instrument", "product": "便携水质分析仪", "grade": "new"},
    "timeline": [
        event(1, "09:00:00", "loaner_requested"),
        event(2, "10:00:00", "loaner_lost", "supervisor/高主管", charge_fen=120000),
        event(3, "10:00:00", "notice_due", to="dept_head", about="loaner_charge_proposed"),
    ],
}


def test_a_loaner_is_shown_with_what_it_costs(capsys: pytest.CaptureFixture[str]) -> None:
    print_loaner(LOANER)
    shown = capsys.readouterr().out
    assert "备机 W1/1 已丢失" in shown
    assert "1200.00 元(待批准)" in shown
    assert "L01 便携水质分析仪" in shown
    assert "待部门负责人批准" in shown
    assert "收费:1200.00 元" in shown


def test_a_loaner_that_moves_says_from_where_and_to_which_ticket(
    capsys: pytest.CaptureFixture[str],
) -> None:
    loan = lending("delivered").hear("merged", "W2").case
    moved = loan.events[-1]
    told = {**event(1, "09:00:00", moved.kind), "details": moved.details}
    print_loaner({**LOANER, "timeline": [told]})
    assert "从:W1 工单:W2" in capsys.readouterr().out


def test_a_tickets_loaner_is_a_line_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_ticket({**TICKET, "loaners": [LOANER]})
    (line,) = [one for one in capsys.readouterr().out.splitlines() if "W1/1" in one]
    assert "已丢失" in line


def test_the_stock_says_what_is_free(capsys: pytest.CaptureFixture[str]) -> None:
    known = {"product": "电子天平", "product_class": "instrument", "grade": "new", "task": None}
    free = {"device": "L02", "loaner": None, "ticket": None, "state": None, "due_back": None}
    out = {
        "device": "L01",
        "loaner": "loaner/W1/1",
        "ticket": "W1",
        "state": "overdue",
        "due_back": "2026-03-09T00:00:00+08:00",
    }
    print_stock([{**known, **out}, {**known, **free}])
    lines = capsys.readouterr().out.splitlines()
    (lent,) = [one for one in lines if "L01" in one]
    assert "逾期未收回" in lent
    assert "超时" in lent
    (here,) = [one for one in lines if "L02" in one]
    assert "在库" in here
    assert lines[-1] == "共 2 台,1 台在库"
