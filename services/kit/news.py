"""Hearing from the database that something public has changed, so that what is remembered of it can be dropped.

Triggers on a service's public tables NOTIFY; a connection of its own LISTENs in every process that remembers answers.
While it is not connected there is no version, and nothing is answered from memory.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from itertools import count
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
    """The version of a schema's public tables as this process counts it; None while it would not hear of a change."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.version: int | None = None
        self.heard: Callable[[str], None] | None = None
        """Called with what was told, and with the empty text when anything may have been missed."""
        self._versions, self._gone = count(), asyncio.Event()
        self._since = 0
        self._tables: dict[str, int] = {}
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
                    while not await self._ended(ASK_SECONDS):
                        await self._connection.execute("SELECT 1", timeout=CONNECT_SECONDS)
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as problem:
                    log.warning("no news of %s: %s", self.db.schema, type(problem).__name__)
                await self._lose()
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_SECONDS)
        finally:
            await self._lose()

    async def _ended(self, seconds: float) -> bool:
        """Whether the connection was lost within `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._gone.wait()
        return self._gone.is_set()

    def of(self, table: str) -> int | None:
        """The version of one table; None as for all."""
        return None if self.version is None else self._tables.get(table, self._since)

    def moved(self, table: str = "") -> None:
        """Something public has changed, in any table or in this one; this process knows of its own changes first."""
        if self.version is not None:
            self.version = next(self._versions)
            if table:
                self._tables[table] = self.version
            else:
                self._since = self.version
                self._tables.clear()
        if self.heard is not None:
            self.heard(table)

    async def _connect(self) -> None:
        self._gone.clear()
        self._connection = connection = await self.db.connect()
        connection.add_termination_listener(self._lost)
        await connection.add_listener(self.channel, self._heard)
        # Only now, and never one that was before: what changed meanwhile was not heard.
        self.version = self._since = next(self._versions)
        self._tables.clear()
        if self.heard is not None:
            self.heard("")

    def _heard(self, connection: object, _process: int, _channel: str, told: object) -> None:
        if connection is self._connection:
            self.moved(str(told))

    def _lost(self, connection: object) -> None:
        if connection is self._connection:
            self.version = None
            self._gone.set()

    async def _lose(self) -> None:
        self.version, connection = None, self._connection
        self._connection = None
        if connection is not None:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncio.CancelledError, TimeoutError):
                await connection.close(timeout=1)
