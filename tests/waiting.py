"""Waiting for what others do: jobs, rooms that hear of a change, servers."""

import asyncio
from collections.abc import Awaitable, Callable

WAIT_SECONDS = 60


async def eventually(true: Callable[[], Awaitable[object]]) -> None:
    """Ask again and again until it is so. Raises TimeoutError after WAIT_SECONDS."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not await true():
            await asyncio.sleep(0.05)
