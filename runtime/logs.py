"""Logging: lines that a person reads on a terminal, JSON that a machine reads elsewhere."""

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import Processor

from runtime.settings import Settings

# Their chatter says nothing about tickets.
_QUIET = ("asyncio", "temporalio.worker.workflow_sandbox")


def set_up_logs(settings: Settings, stream: TextIO | None = None) -> None:
    """Send structlog's and the standard library's records to `stream` (stderr if None).

    JSON, one object a line, unless `log_format` says console or the stream is a terminal.
    Called again, it replaces what it set up before.
    """
    stream = stream or sys.stderr
    as_json = settings.log_format == "json" or (
        settings.log_format == "auto" and not stream.isatty()
    )
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=_rendering(as_json, colours=stream.isatty())
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)


def _rendering(as_json: bool, *, colours: bool) -> list[Processor]:
    meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if not as_json:
        return [meta, structlog.dev.ConsoleRenderer(colors=colours)]
    as_text = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    return [meta, structlog.processors.dict_tracebacks, as_text]
