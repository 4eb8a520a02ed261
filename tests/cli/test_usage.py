"""Bad usage and refusals: one clear line on stderr, a true exit code, nothing on stdout."""

import json
from pathlib import Path

import pytest

from cli.app import BAD_USAGE, DONE, REFUSED, run

BAD = [
    ("tickt", "没有命令 tickt,是否想写 ticket?"),
    ("policy chek", "是否想写 check?"),
    ("ticket registe N", "是否想写 register?"),
    ("ticket register N", "缺少 --by"),
    ("ticket show", "缺少 NUMBER"),
    ("ticket show A B", "多出来的参数:B"),
    ("ticket register N --by", "--by 后面缺少值"),
    ("ticket register N --by clerk/x", "没有角色 'clerk'"),
    ("ticket register N --by agent", "缺少姓名"),
    ("ticket register N --by agent/x --by agent/y", "--by 写了两次"),
    ("ticket register N --by agent/x --symptm y", "没有选项 --symptm,是否想写 --symptom?"),
    ("ticket register N --by agent/x --with {", "--with 的 JSON"),
    ("ticket register N --by agent/x --with [1]", "--with 要写一个 JSON 对象"),
    ('ticket register N --by agent/x --with {"symptm":"y"}', "是否想写 symptom?"),
    ('ticket register N --by agent/x --site y --with {"site":"z"}', "各写了一次"),
    ("ticket register N --by agent/x --device {", "--device 的 JSON"),
    ("ticket dispatch N --by supervisor/x --window tomorrow", "--window 要写 JSON"),
    ("ticket accept N --by technician/x --wait soon", "--wait 的值 'soon'"),
    ("ticket accept N --by technician/x --wait 0", "--wait"),
    ("ticket list --limit 0", "--limit 至少为 1"),
    ("ticket list --stage intak", "是否想写 intake?"),
    ("ticket open --channel pigeon --source-id 1 --by agent/x", "没有渠道 pigeon"),
    ("loaner lend W1/1", "没有命令 lend"),
    ("loaner reserve W1/1 --by supervisor/x --loner L1", "是否想写 --loaner?"),
    ("loaner take_back W1/1", "缺少 --by"),
    ("call ring --call-id 1", "没有命令 ring"),
    ("call answer", "缺少 --call-id"),
    ("call newCall --call-id 1 --direction sideways", "--direction"),
    ("up --temporal-port 99999", "--temporal-port"),
    ("rehearse", "缺少 FILE"),
    ("rehearse nowhere.yaml", "nowhere.yaml"),
    ("policy explain house", "缺少 --facts"),
    ("policy explain house --facts nowhere.json", "打不开 nowhere.json"),
]


@pytest.fixture(autouse=True)
def _nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERCARE_HOME", str(tmp_path / "home"))
    for name in ("DATABASE_URL", "TEMPORAL_ADDRESS", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("line", "told"), BAD, ids=[line for line, _ in BAD])
def test_bad_usage_is_told_in_one_line(
    line: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(line.split()) == BAD_USAGE
    printed = capsys.readouterr()
    assert printed.out == ""
    assert told in printed.err
    assert printed.err.count("\n") == 1


def test_a_script_with_faults_is_bad_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "faulty.yaml"
    script.write_text("rehearsal: 缺少开始\nsteps: []\n")
    assert run(["rehearse", str(script)]) == BAD_USAGE
    assert f"{script}:" in capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    [
        *("ticket list", "ticket show N", "ticket note N --by agent/x --text y"),
        *("loaner list", "loaner show N/1", "loaner deliver N/1 --by technician/x"),
    ],
)
def test_without_a_stack_it_says_how_to_start_one(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(line.split()) == REFUSED
    assert "aftercare up" in capsys.readouterr().err


def test_status_of_nothing_is_all_null(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status", "--json"]) == REFUSED
    assert json.loads(capsys.readouterr().out) == dict.fromkeys(
        (
            *("console_url", "phone_url", "temporal_address", "temporal_ui_url"),
            *("database_url", "worker"),
        )
    )


def test_down_of_nothing_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["down"]) == DONE
    assert "没有在运行" in capsys.readouterr().err


def test_an_unknown_policy_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "show", "windows"]) == REFUSED
    assert capsys.readouterr().err.startswith("拒绝 UnknownPolicy policy: 没有政策 windows")


def test_what_is_no_loaners_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["loaner", "show", "W1"]) == REFUSED
    assert capsys.readouterr().err.startswith("拒绝 UnknownTicket: 备机要写成 工单号/第几台")


def test_a_policy_file_with_a_typo_names_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "mine.yaml"
    policy.write_text("name: mine\ntitle: 我的\nextend: house\n")
    assert run(["policy", "show", str(policy)]) == REFUSED
    assert capsys.readouterr().err.startswith(f"{policy}:3: extend: 没有 extend 这个键")


def test_a_case_that_is_no_json_is_bad_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = tmp_path / "case.json"
    case.write_text('{"facts": {},\n "now": }')
    assert run(["policy", "explain", "house", "--facts", str(case)]) == BAD_USAGE
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"{case}:2: 第 9 列不是合法的 JSON\n"


def test_a_case_with_a_wrong_fact_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = tmp_path / "case.json"
    case.write_text('{"facts": {"weight_kg": "heavy"}, "now": "2026-03-02T09:00:00+08:00"}')
    assert run(["policy", "explain", "house", "--facts", str(case)]) == REFUSED
    assert capsys.readouterr().err.startswith("拒绝 InvalidInput facts.weight_kg: ")


def test_a_file_of_phone_events_tells_every_faulty_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "calls.jsonl"
    file.write_text('{"event": "newCall", "callId": "1"}\n{"event": "answ\n{"event": "hangup"}\n')
    assert run(["calls", str(file), "--json"]) == REFUSED
    printed = capsys.readouterr()
    assert printed.out == ""
    first, second = printed.err.splitlines()
    assert first.startswith(f"{file}:2: json: ")
    assert second.startswith(f"{file}:3: callId: ")


def test_a_policy_is_shown_with_all_that_it_promises(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "show", "instruments"]) == DONE
    shown = capsys.readouterr().out
    for said in (
        *("fixed_or_loaner_small", "D5-A3.4.a", "→ guidance_started", "15 分钟内"),
        *("当 weight_kg ≤ 10 或未知", "暂停 客户", "提前 24 小时备新机", "150% L2 部门负责人"),
        *("每日 09:00-20:00", "人工免费 36 个月", "程序 follow_up_tries", "expires_after 7 天"),
    ):
        assert said in shown
    assert run(["policy", "show", "instruments", "--json"]) == DONE
    assert json.loads(capsys.readouterr().out)["content"]["warranty"]["coverages"]


def test_a_setting_that_is_none_is_bad_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POSTGRES_PORT", "many")
    assert run(["status"]) == BAD_USAGE
    assert "POSTGRES_PORT" in capsys.readouterr().err


def test_explain_prints_the_contract(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = tmp_path / "case.json"
    case.write_text(
        json.dumps(
            {
                "facts": {"weight_kg": 6},
                "milestones": {"reported": "2026-03-02T09:00:00+08:00"},
                "now": "2026-03-02T09:20:00+08:00",
            }
        )
    )
    assert run(["policy", "explain", "instruments", "--facts", str(case), "--json"]) == DONE
    promises = {one["id"]: one for one in json.loads(capsys.readouterr().out)["promises"]}
    assert promises["phone_guidance"]["state"] == "missed"
    assert promises["phone_guidance"]["due"] == "2026-03-02T09:15:00+08:00"
    assert promises["fixed_or_loaner_small"]["remedy_at"] == "2026-03-04T00:00:00+08:00"
    assert run(["policy", "explain", "instruments", "--facts", str(case)]) == DONE
    told = capsys.readouterr().out
    assert "03-02 09:15" in told
    assert "fixed_or_loaner_large" not in told
    assert run(["policy", "explain", "instruments", "--facts", str(case), "--all"]) == DONE
    assert "fixed_or_loaner_large" in capsys.readouterr().out
