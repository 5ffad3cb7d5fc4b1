"""The open data as files: written once for each state of the directory, then handed out from disk.

A file is read from the database with a cursor, from one frozen state, so that memory stays flat; whoever downloads
slowly holds a file and no connection. Its ETag is a digest of what the state is made of.
"""

import asyncio
import csv
import io
import os
import tempfile
import uuid
import weakref
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import msgspec

from services.directory.opendata.datasets import DATASETS, Dataset
from services.kit.conditional import digest
from services.kit.db import HUB, Reader, driver
from services.kit.service import Runtime
from services.kit.sheets.writing import harmless

JSONL, CSV = "jsonl", "csv"
JSONL_MEDIA: Final = "application/jsonl"
MEDIA: Final = {JSONL: JSONL_MEDIA, CSV: "text/csv; charset=utf-8; header=present"}
CHUNK = 1 << 16
ROWS = 500
"""Rows that are in memory at a time."""
FORM = "1"
"""Of the files themselves: another one when columns change."""
MEMORY = "open data"

VERSION = """
SELECT concat_ws(' ',
    (SELECT concat_ws(',', count(*), sum(publication), sum(confirmed_on - date '2000-01-01')) FROM city),
    (SELECT max(position) FROM log WHERE kind = ANY ($1)),
    (SELECT max(changed_at) FROM topic),
    (SELECT concat_ws(',', count(*) FILTER (WHERE status = 'ACTIVE'), count(*) FILTER (WHERE status = 'ENDED'))
     FROM partnership))
"""
"""Moves with the commit of every publication (numbers and days only grow, city by city), of whatever is said of people
(erasures and own choices too), of every change of a topic and of a partnership.
"""
SAID = ["CityPublished", "NavigatorPublished", "NavigatorWithdrawn"]


async def version(session: Reader) -> str:
    """The state of the public part, as an ETag has it; the session acts for the hub, which alone reads the log."""
    state = await (await driver(session)).fetchval(VERSION, SAID)
    return digest(f"{FORM} {state}".encode())


@dataclass(frozen=True)
class File:
    """`place` is the descriptor of a file without a name; it is closed when nobody holds this any more."""

    etag: str
    place: int
    size: int

    async def chunks(self) -> AsyncIterator[bytes]:
        """By position, so that several can read at a time."""
        for start in range(0, self.size, CHUNK):
            yield await asyncio.to_thread(os.pread, self.place, CHUNK, start)


async def etag_of(runtime: Runtime) -> str:
    async with runtime.db.read(HUB) as session:
        return await version(session)


async def made(runtime: Runtime, name: str, form: str) -> File:
    """The newest file of a set in a form; whoever asks for the same waits while it is written."""
    files: dict[Any, Any] = runtime.memory.setdefault(MEMORY, {})
    async with files.setdefault("turn", asyncio.Lock()), runtime.db.read(HUB, frozen=True) as session:
        etag = await version(session)
        known: File | None = files.get((name, form))
        if known is None or known.etag != etag:
            known = files[name, form] = await _written(session, DATASETS[name], form, etag)
        return known


async def _written(session: Reader, dataset: Dataset, form: str, etag: str) -> File:
    lines = _jsonl if form == JSONL else _csv
    with tempfile.TemporaryFile() as content:
        if form == CSV:
            content.write(_row(dataset.columns).encode("utf-8-sig"))  # the mark that makes Excel read UTF-8
        cursor = await (await driver(session)).cursor(dataset.query)
        while rows := await cursor.fetch(ROWS):
            await asyncio.to_thread(content.write, lines(dict(row) for row in rows))
        content.flush()
        made = File(etag, os.dup(content.fileno()), content.tell())
    weakref.finalize(made, os.close, made.place)
    return made


def _jsonl(rows: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)


def _csv(rows: Iterable[dict[str, Any]]) -> bytes:
    return "".join(_row(map(cell, row.values())) for row in rows).encode()


def _row(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerow(cells)
    return out.getvalue()


def cell(value: Any) -> str:
    """A value as a cell: lists with „ | “ between, and never a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, date, uuid.UUID)):
        return str(value)
    text = " | ".join(map(str, value)) if isinstance(value, list) else str(value)
    return harmless(text)
