"""The command line in this process, and all that a database holds."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import asyncpg

from services.app import SERVICES
from services.cli import _parser
from services.kit.backups import rows
from services.kit.settings import Settings

WAIT_SECONDS = 30
TABLES = """
SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname = ANY($1) ORDER BY 1
"""
WRITING = ("directory", "events")
"""Services that send mails."""
Make = Callable[[], AbstractAsyncContextManager[str]]


async def call(settings: Settings, *words: str | Path) -> int:
    """The command line with these words, in this process."""
    asked = _parser().parse_args([str(word) for word in words])
    return int(await asked.run(asked, settings))


async def everything(url: str) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    connection = await asyncpg.connect(url)
    try:
        for setting in rows.PLAIN:
            await connection.execute(setting)
        names = [row[0] for row in await connection.fetch(TABLES, list(SERVICES))]
        return {
            name: [
                row[0] for row in await connection.fetch(f'SELECT t::text FROM {name} t ORDER BY t::text COLLATE "C"')
            ]
            for name in names
        }
    finally:
        await connection.close()


def counted(found: dict[str, list[str]]) -> dict[str, int]:
    return {name: len(lines) for name, lines in found.items()}


def differing(before: dict[str, list[str]], after: dict[str, list[str]]) -> list[str]:
    """A row of each table that is not the same; named one by one, as nobody reads a whole hub."""
    assert before.keys() == after.keys()
    return [f"{name}: {row[:300]}" for name in before for row in sorted({*before[name]} ^ {*after[name]})[:2]]


async def ask(url: str, question: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET lotsennetz.hub = 'on'")
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def until(true: Callable[[], Any], url: str = "") -> None:
    for _turn in range(WAIT_SECONDS * 10):
        if await true():
            return
        await asyncio.sleep(0.1)
    raise TimeoutError


def only(folder: Path) -> Path:
    (backup,) = (path for path in folder.iterdir() if path.is_dir())
    return backup


async def standing(url: str, needles: tuple[str, ...]) -> list[str]:
    """Where in the database any of these words stands."""
    whole = await everything(url)
    return [f"{name}: {word}" for name, lines in whole.items() for word in needles if any(word in one for one in lines)]
