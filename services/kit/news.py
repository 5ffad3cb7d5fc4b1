"""Hearing from the database that something public has changed, so that what is remembered of it can be dropped.

Triggers on a service's public tables count a sequence on and NOTIFY; a connection of its own LISTENs in every process
that remembers answers. While it is not connected there is no version, and nothing is answered from memory.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Any

import asyncpg

from services.kit.db import Database
from services.kit.lost import CONNECT_SECONDS

log = logging.getLogger(__name__)
ASK_SECONDS = 10.0
"""How often the connection is asked whether it is still there: a network that went away says nothing."""
AGAIN_SECONDS = 0.5
LONGEST_SECONDS = 15.0


class News:
    """The version of a schema's public tables; None while nobody would hear that it has moved."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.version: int | None = None
        # Held here: a listening connection that only a local variable knows is collected, and hears nothing any more.
        self._connection: Any = None

    @property
    def channel(self) -> str:
        return f"lotsennetz_{self.db.schema}"

    async def listen(self) -> None:
        """Listen until cancelled; connects again as soon as it can, and reads then what it may have missed."""
        wait = AGAIN_SECONDS
        try:
            while True:
                try:
                    await self._connect()
                    wait = AGAIN_SECONDS
                    while not self._connection.is_closed():
                        await asyncio.sleep(ASK_SECONDS)
                        async with asyncio.timeout(CONNECT_SECONDS):
                            await self._connection.execute("SELECT 1")
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as problem:
                    log.warning("no news of %s: %s", self.db.schema, type(problem).__name__)
                await self._lose()
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_SECONDS)
        finally:
            await self._lose()

    async def _connect(self) -> None:
        self._connection = connection = await self.db.connect()
        connection.add_termination_listener(self._lost)
        await connection.add_listener(self.channel, self._heard)
        # Only now: what is committed from here on is heard.
        self.version = await connection.fetchval("SELECT last_value FROM version")

    def _heard(self, _connection: object, _process: int, _channel: str, told: object) -> None:
        if self.version is not None:
            self.version = max(self.version, int(str(told)))

    def _lost(self, _connection: object) -> None:
        self.version = None

    async def _lose(self) -> None:
        self.version, connection = None, self._connection
        self._connection = None
        if connection is not None:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncio.CancelledError, TimeoutError):
                await connection.close(timeout=1)
