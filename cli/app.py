"""The `aftercare` command: its groups of commands, its exit codes, its errors in one line each.

Exit codes: 0 done, 1 refused or found faults, 2 bad usage.
"""

import contextlib
import os
import sys
from collections.abc import Sequence

import asyncpg
from cyclopts import App, CycloptsError, Group
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError
from temporalio.service import RPCError

from cli import demo, directory, loaners, phone, policies, rehearsals, stack, tickets
from cli.commanding import with_bare_flags
from cli.grouping import ARGUMENTS, OPTIONS
from cli.terminal import BadUsage, Failed
from cli.usage import line_of
from desk.calls import NotInLedger
from desk.updates import NoAnswer, WorkflowFailed
from domain.refusals import Refused
from rehearsal.faults import ScriptFault
from runtime.embedded.children import ChildFailed
from runtime.embedded.home import HomeInUse
from runtime.file_faults import FaultyFile
from runtime.release import VERSION
from runtime.stack import NoStack
from storage.migrate import MigrationRefused
from storage.pool import DatabaseUnavailable

DONE, REFUSED, BAD_USAGE, INTERRUPTED = 0, 1, 2, 130

# Each says in one Chinese line what is wrong and what to do.
_CLEAR = (
    *(Failed, NoStack, FaultyFile, HomeInUse, ChildFailed, MigrationRefused, DatabaseUnavailable),
    *(NoAnswer, WorkflowFailed, NotInLedger),
)


def build() -> App:
    """The whole command line."""
    app = App(
        name="aftercare",
        help="售后承诺:从第一声铃响到回访。",
        version=VERSION,
        help_epilogue="退出码:0 完成,1 被拒绝或发现问题,2 用法有误。",
        group_commands=Group("命令"),
        group_arguments=ARGUMENTS,
        group_parameters=OPTIONS,
        help_format="plaintext",
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    for group in (stack, demo, directory, phone, tickets, loaners, policies, rehearsals):
        group.add_to(app)
    app["--help"].help = "显示帮助。"
    app["--version"].help = "显示版本。"
    return app


def run(arguments: Sequence[str]) -> int:
    """Do what the arguments say; the exit code. Errors of use are told in one line on stderr."""
    try:
        result = build()(with_bare_flags(arguments), exit_on_error=False, print_error=False)
    except CycloptsError as error:
        return _told(line_of(error), BAD_USAGE)
    except (BadUsage, ScriptFault) as error:
        return _told(str(error), BAD_USAGE)
    except Refused as refused:
        return _told(_refusal(refused), REFUSED)
    except _CLEAR as error:
        return _told(str(error), REFUSED)
    except ValidationError as error:
        if error.title == "Settings":
            return _told(_settings_fault(error), BAD_USAGE)
        return _told(f"内容读不懂:{error.errors(include_url=False)[0]['msg']}", BAD_USAGE)
    except (PydanticSerializationError, UnicodeError):
        return _told("输入里有不是文字的字符;请用 UTF-8 终端", BAD_USAGE)
    except RPCError as error:
        return _told(f"Temporal 没有接受:{error}", REFUSED)
    except asyncpg.UndefinedTableError:
        return _told("数据库里还没有表:先运行 aftercare up,或 python -m storage.migrate", REFUSED)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return _told(f"数据库出错:{error}", REFUSED)
    except KeyboardInterrupt:
        return INTERRUPTED
    return result if isinstance(result, int) else DONE


def main() -> None:
    """The console script. Ends the process itself.

    An interpreter that has used the Temporal client can abort as it exits (134 on Python 3.11),
    which would hide the true exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without Chinese still gets the rest
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        code = DONE  # whoever read our output had enough of it
    except Exception:
        sys.excepthook(*sys.exc_info())
        code = REFUSED
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    os._exit(code)


def _told(line: str, code: int) -> int:
    sys.stderr.write(line.rstrip() + "\n")
    return code


def _refusal(refused: Refused) -> str:
    field = f" {refused.field}" if refused.field else ""
    return f"拒绝 {refused.type.value}{field}: {refused.message}"


def _settings_fault(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"]).upper()
    return f"环境变量 {name} 的值 {first['input']!r} 不合要求:{first['msg']}"
