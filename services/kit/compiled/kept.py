"""Rows that many answers name, as JSON text by their keys: an answer comes with marks, which are filled in here.

Looking a city or a topic up for every row of a page is most of what PostgreSQL does for it; in this process each is a
look into a dictionary. Nothing is kept longer than its table stays as it is (`kit.news`).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

from services.kit.news import News

MARK: Final = "\x01"
"""Before and behind what is filled in: the JSON text of an answer has no such character, escaped ones aside."""
MOST_BYTES: Final = 32_000_000
MOST_SELECTIONS: Final = 1_000
_ENTRY_BYTES: Final = 200
"""What Python needs for an entry beside the two texts."""

Read = Callable[[str, Sequence[object]], Awaitable[bytes | None]]


@dataclass(frozen=True)
class Kind:
    """Rows of one table in one selection, named `number` in marks: `{mark}number:key{mark}`.

    `rows` is the beginning of a subquery, up to an array of keys: number and key, mark, JSON text of each row, with a
    mark between them.
    """

    number: int
    table: str
    rows: str


class Kinds:
    """The kinds of a service's graph, at most MOST_SELECTIONS."""

    def __init__(self) -> None:
        self._numbers = count()
        self._kinds: dict[tuple[str, str, str], Kind] = {}

    def kind(self, table: str, key: str, row: str, inside: str, source: str) -> Kind:
        """The rows of `source`, known by the column `key` of its alias `row`, as the SQL `inside` writes them."""
        asked = (source, key, inside)
        if asked not in self._kinds:
            if len(self._kinds) >= MOST_SELECTIONS:
                self._kinds.clear()  # plans that are remembered go on with their own
            number = next(self._numbers)
            told = f"concat('{number}:', {row}.{key}, '{MARK}', {inside})"
            rows = f"SELECT string_agg({told}, '{MARK}') FROM {source} WHERE {row}.{key} = ANY"
            self._kinds[asked] = Kind(number, table, rows)
        return self._kinds[asked]


class Kept:
    """What this process remembers of a service's database, at most MOST_BYTES."""

    def __init__(self) -> None:
        self._rows: dict[bytes, bytes] = {}
        self._size = 0
        self._versions: dict[str, int] = {}

    def of(self, news: News | None, kinds: Sequence[Kind]) -> bool:
        """Whether these can be kept now. What is older than their tables is forgotten."""
        for kind in kinds:
            version = news.of(kind.table) if news is not None else None
            if version is None:
                return False
            if self._versions.get(kind.table) != version:
                self._versions[kind.table] = version
                self._rows.clear()
                self._size = 0
        return True

    async def filled(self, body: bytes, kinds: Sequence[Kind], news: News | None, read: Read) -> bytes | None:
        """`body` with its marks filled in. None where something is not there, or cannot be kept any more."""
        if not self.of(news, kinds):
            return None
        pieces = body.split(MARK.encode())
        marks = pieces[1::2]
        try:
            pieces[1::2] = map(self._rows.__getitem__, marks)
        except KeyError:
            there = {mark: self._rows[mark] for mark in marks if mark in self._rows}
            there |= await self._read(set(marks) - there.keys(), kinds, news, read)
            if not there.keys() >= set(marks):
                return None
            pieces[1::2] = map(there.__getitem__, marks)
        return b"".join(pieces)

    async def _read(
        self, marks: set[bytes], kinds: Sequence[Kind], news: News | None, read: Read
    ) -> dict[bytes, bytes]:
        """Rows by their marks, with one statement; kept, unless something changed meanwhile."""
        versions, told = self._versions.copy(), dict[bytes, bytes]()
        wanted: dict[int, list[str]] = {kind.number: [] for kind in kinds}
        for mark in marks:
            number, _colon, key = mark.decode().partition(":")
            if key:
                wanted[int(number)].append(key)
            else:
                told[mark] = b""  # a list without any
        asked = [f"({kind.rows}(${place}::text[]))" for place, kind in enumerate(kinds, 1)]
        statement = f"SELECT convert_to(concat_ws('{MARK}', {', '.join(asked)}), 'UTF8')"
        pieces = (await read(statement, list(wanted.values())) or b"").split(MARK.encode())
        told |= zip(pieces[::2], pieces[1::2], strict=False)
        if self.of(news, kinds) and versions == self._versions:
            size = sum(_ENTRY_BYTES + len(mark) + len(text) for mark, text in told.items())
            if self._size + size > MOST_BYTES:
                self._rows.clear()
                self._size = 0
            if size <= MOST_BYTES:
                self._rows |= told
                self._size += size
        return told
