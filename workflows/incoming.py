"""Reading what comes in: a poisoned message must never wedge a workflow."""

from collections.abc import Sequence
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from domain.commands import Order, check_size
from domain.refusals import Refused, invalid

M = TypeVar("M")

# A message larger than any of ours; what it holds would have to fit through the ledger too.
LARGEST = 256 * 1024


def read_message(raw: RawValue, shape: type[M]) -> M | None:
    """The message, or None when it cannot be read."""
    if len(raw.payload.data) > LARGEST:
        return None
    if b"\\u0000" in raw.payload.data:  # Postgres has no such character: the ledger would refuse it
        return None
    try:
        return workflow.payload_converter().from_payload(raw.payload, shape)
    except Exception as error:
        workflow.logger.warning("unreadable message, expected %s: %s", shape.__name__, error)
        return None


def read_order(args: Sequence[RawValue]) -> Order:
    """The command's order. Refused InvalidInput: unreadable, or more than a ledger could hold."""
    order = read_message(args[0], Order) if len(args) == 1 else None
    if order is None:
        raise invalid(
            "command",
            "命令的内容读不懂;要有 by 和 fields,不能有 NUL 字符;刚升级过的,先重启 worker(down、up)",
        )
    check_size(order)
    return order


def as_failure(refused: Refused) -> ApplicationError:
    """A refusal as Temporal carries it: its word as the type, the field as a detail."""
    return ApplicationError(
        refused.message, refused.field, type=refused.type.value, non_retryable=True
    )
