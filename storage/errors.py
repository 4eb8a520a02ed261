"""Which database errors are outages, to be waited out, and which will fail for ever.

An outage is retried without end, so nothing is lost; what is at fault by its data is not retried,
so that it is seen.
"""

import asyncpg

# asyncpg's own: the connection or the pool went away under the caller.
_CONNECTION = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,  # the server ended an idle connection just before it was used
)

_SERVER = (
    asyncpg.InsufficientResourcesError,  # 53: too many connections, disk full, out of memory
    asyncpg.OperatorInterventionError,  # 57: shutdown, starting up, statement timeout
    asyncpg.TransactionRollbackError,  # 40: deadlock, serialization
    asyncpg.PostgresSystemError,  # 58: input/output errors of the server
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby, while the primary is being changed
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InvalidAuthorizationSpecificationError,  # 28: a password being rotated
    asyncpg.InvalidCatalogNameError,
    # The schema is behind the code, or was just changed under a prepared statement: an operator
    # mends that, and no ticket should have failed meanwhile.
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedFunctionError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.InvalidCachedStatementError,
)

DATABASE_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,  # TimeoutError is one
    ValueError,  # what cannot be encoded
)
"""Everything that a statement may raise for a reason outside the code."""


def is_outage(error: BaseException) -> bool:
    """True when waiting may help. Client-side encoding faults are the data's, not the server's."""
    if isinstance(error, asyncpg.InterfaceError):
        return not isinstance(error, ValueError)
    return isinstance(error, (*_CONNECTION, *_SERVER))
