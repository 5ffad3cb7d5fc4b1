"""Statements whose answer is sent on as it is: read-only, for nobody in particular, thousands of times a second.

What a session of the mapper does for a read costs more than the read itself: here a statement is prepared once for each
connection, and a question is one message to the server and one back.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, Final

import asyncpg

from services.kit.errors import TooSlow
from services.kit.i18n import gettext as _
from services.kit.lost import CONNECT_SECONDS, translated

STATEMENTS: Final = 500
"""Prepared statements that a connection keeps; the server has as many plans."""
SETTINGS: Final = {
    "default_transaction_read_only": "on",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
    # A vocabulary of 200 rows looks cheap to read whole, but not once for every row of a page.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    # The statements say in which order they go; looking for a better one takes seconds where many rows are joined.
    "join_collapse_limit": "1",
    "from_collapse_limit": "1",
}
"""How the server treats connections for answers."""


class Answers:
    """Connections for answers, at most `size`; `settings` are the server's beside our own."""

    def __init__(self, dsn: str, settings: Mapping[str, str], size: int) -> None:
        self._dsn, self._settings = dsn, {**settings, **SETTINGS}
        self._turns, self._names = asyncio.Semaphore(size), count()
        self._free: list[tuple[Any, dict[str, Any]]] = []

    async def read(self, statement: str, values: Sequence[object], milliseconds: int) -> bytes | None:
        """The bytes that one statement gives. Raises TooSlow after `milliseconds`, else as `Database.read`."""
        with translated():
            async with self._turns:
                connection, prepared = self._free.pop() if self._free else await self._connect()
                try:
                    if statement not in prepared:
                        if len(prepared) >= STATEMENTS:
                            prepared.pop(next(iter(prepared)))
                        # By a name: what has none is planned again each time.
                        name = f"answer_{next(self._names)}"
                        prepared[statement] = await connection.prepare(statement, name=name, timeout=CONNECT_SECONDS)
                    found: bytes | None = await prepared[statement].fetchval(*values, timeout=milliseconds / 1000)
                except TimeoutError as problem:
                    raise TooSlow(_("The answer takes too long. Please ask for less at once.")) from problem
                except asyncpg.InterfaceError:
                    connection.terminate()
                    raise
                finally:
                    if not connection.is_closed():
                        self._free.append((connection, prepared))
                return found

    async def _connect(self) -> tuple[Any, dict[str, Any]]:
        connection = await asyncpg.connect(
            self._dsn, timeout=CONNECT_SECONDS, server_settings=self._settings, statement_cache_size=0
        )
        return connection, {}

    async def close(self) -> None:
        free, self._free = self._free, []
        for connection, _prepared in free:
            with suppress(OSError, asyncpg.InterfaceError, asyncpg.PostgresError, asyncio.CancelledError):
                await connection.close(timeout=1)
