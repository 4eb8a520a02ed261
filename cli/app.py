"""The `aftercare` command: its groups of commands, its exit codes, its errors in one line each.

Exit codes: 0 done, 1 refused or found faults, 2 bad usage.
"""

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

from cyclopts import App, Group

from cli.grouping import ARGUMENTS, OPTIONS
from runtime.release import VERSION

DONE, REFUSED, BAD_USAGE, INTERRUPTED = 0, 1, 2, 130

MODULES: Mapping[str, str] = {
    "up": "cli.stack",
    "down": "cli.stack",
    "status": "cli.stack",
    "demo": "cli.demo",
    "directory": "cli.directory",
    "call": "cli.phone",
    "calls": "cli.phone",
    "ticket": "cli.tickets",
    "loaner": "cli.loaners",
    "policy": "cli.policies",
    "rehearse": "cli.rehearsals",
    "what-if": "cli.what_if",
    "ledger": "cli.ledgers",
}
"""Where each command is. Only that of the command given is loaded: the drivers of the servers take
longer to load than a question about a policy takes to answer."""

_WITH_FIELDS = frozenset({"ticket", "loaner"})


def build(command: str | None = None) -> App:
    """The command line: the part of that command, or all of it where it is none."""
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
    named = MODULES.get(command or "")
    for module in [named] if named else dict.fromkeys(MODULES.values()):
        import_module(module).add_to(app)
    app["--help"].help = "显示帮助。"
    app["--version"].help = "显示版本。"
    return app


def run(arguments: Sequence[str]) -> int:
    """Do what the arguments say; the exit code. Errors of use are told in one line on stderr."""
    given = list(arguments)
    command = given[0] if given else None
    try:
        if command in _WITH_FIELDS:
            given = import_module("cli.commanding").with_bare_flags(given)
        result = build(command)(given, exit_on_error=False, print_error=False)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        told = import_module("cli.failures").told(error)
        if told is None:
            raise
        sys.stderr.write(told[0].rstrip() + "\n")
        return int(told[1])
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
