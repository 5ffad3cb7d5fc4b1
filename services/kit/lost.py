"""A database that is gone, busy or too slow, in the words of the error family."""

import socket
from typing import Any, Final

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.kit.errors import Conflict, TooSlow, Unavailable
from services.kit.i18n import gettext as _

CONNECT_SECONDS: Final = 5.0
GONE = frozenset({"57P01", "57P02", "57P03", "08000", "08003", "08006", "53300", "53100", "58030"})
"""SQLSTATE of a server that stops, starts, has no connection left, or whose disk is full or broken."""
READ_ONLY = "25006"
"""SQLSTATE of a change at a server that takes none: one that follows another, or is about to hand over."""
TRY_AGAIN = frozenset({"40001", "40P01", "55P03"})
"""Serialization failure, deadlock, lock not available: right to try again."""
ENDED = "57014"
"""SQLSTATE of a statement that took longer than its transaction may."""

VANISHED: Final = {
    "SO_KEEPALIVE": (socket.SOL_SOCKET, 1),
    "TCP_KEEPIDLE": (socket.IPPROTO_TCP, 10),
    "TCP_KEEPINTVL": (socket.IPPROTO_TCP, 5),
    "TCP_KEEPCNT": (socket.IPPROTO_TCP, 2),
    "TCP_USER_TIMEOUT": (socket.IPPROTO_TCP, 20_000),
}
"""Options of a connection to a server, where the system has them: if its machine has vanished, with the power or behind
a network that drops packets, the connection ends within 20 seconds, be it asked or waited for. By itself it would take
the system a quarter of an hour.
"""


def watched(connection: Any) -> Any:
    """The driver's `connection`, which the system ends when the other side has vanished without a word."""
    line = connection._transport.get_extra_info("socket")  # noqa: SLF001 - the driver has no other door
    if line is not None and line.family in {socket.AF_INET, socket.AF_INET6}:
        for name, (level, value) in VANISHED.items():
            if (option := getattr(socket, name, None)) is not None:
                line.setsockopt(level, option, value)
    return connection


class translated:  # noqa: N801  # reads as a word after `with`
    """Turns a lost server into the error family; everything else passes as it is. `writing`: one that takes no changes
    is lost, too.
    """

    def __init__(self, *, writing: bool = False) -> None:
        self._gone = GONE | {READ_ONLY} if writing else GONE

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        state, lost = "", False
        if isinstance(problem, DBAPIError):
            state = getattr(problem.orig, "sqlstate", None) or ""
            # Only the driver's own complaints have no state: what the server says may quote a person's words.
            lost = problem.connection_invalidated or (not state and "connection" in str(problem.orig).lower())
        elif isinstance(problem, asyncpg.PostgresError):
            state = problem.sqlstate or ""
        elif not isinstance(problem, (OSError, PoolTimeout, asyncpg.InterfaceError, asyncpg.InternalClientError)):
            return
        else:
            lost = True
        if lost or state in self._gone:
            raise Unavailable(_("The database does not answer. Please try again in a moment.")) from problem
        if state in TRY_AGAIN:
            raise Conflict(_("Somebody else is changing the same data. Please try again.")) from problem
        if state == ENDED:
            raise TooSlow(_("The answer takes too long. Please ask for less at once.")) from problem
