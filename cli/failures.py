"""What each failure says, in one Chinese line, and the exit code that goes with it.

Loaded only when something has failed: it knows the exceptions of every driver, and a command that
needs none of them should not wait for them.
"""

import asyncpg
from cyclopts import CycloptsError
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError
from temporalio.service import RPCError

from cli.terminal import BadUsage, Failed
from cli.usage import line_of
from desk.calls import NotInLedger
from desk.updates import NoAnswer, WorkflowFailed
from domain.refusals import Refused
from rehearsal.faults import ScriptFault
from runtime.embedded.children import ChildFailed
from runtime.embedded.home import HomeInUse
from runtime.file_faults import FaultyFile
from runtime.stack import NoStack
from storage.migrate import MigrationRefused
from storage.pool import DatabaseUnavailable

REFUSED, BAD_USAGE = 1, 2

# Each says in one Chinese line what is wrong and what to do.
_CLEAR = (
    *(Failed, NoStack, FaultyFile, HomeInUse, ChildFailed, MigrationRefused, DatabaseUnavailable),
    *(NoAnswer, WorkflowFailed, NotInLedger),
)


def told(error: Exception) -> tuple[str, int] | None:
    """The line and the exit code; None for what nobody expected."""
    usage = _of_usage(error)
    if usage is not None:
        return usage, BAD_USAGE
    refusal = _of_refusal(error)
    return None if refusal is None else (refusal, REFUSED)


def _of_usage(error: Exception) -> str | None:
    if isinstance(error, CycloptsError):
        return line_of(error)
    if isinstance(error, BadUsage | ScriptFault):
        return str(error)
    if isinstance(error, ValidationError):
        if error.title == "Settings":
            return _settings_fault(error)
        return f"内容读不懂:{error.errors(include_url=False)[0]['msg']}"
    if isinstance(error, PydanticSerializationError | UnicodeError):
        return "输入里有不是文字的字符;请用 UTF-8 终端"
    return None


def _of_refusal(error: Exception) -> str | None:
    if isinstance(error, Refused):
        return _refusal(error)
    if isinstance(error, _CLEAR):
        return str(error)
    if isinstance(error, RPCError):
        return f"Temporal 没有接受:{error}"
    if isinstance(error, asyncpg.UndefinedTableError):
        return "数据库里还没有表:先运行 aftercare up,或 python -m storage.migrate"
    if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError):
        return f"数据库出错:{error}"
    return None


def _refusal(refused: Refused) -> str:
    field = f" {refused.field}" if refused.field else ""
    return f"拒绝 {refused.type.value}{field}: {refused.message}"


def _settings_fault(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"]).upper()
    return f"环境变量 {name} 的值 {first['input']!r} 不合要求:{first['msg']}"
