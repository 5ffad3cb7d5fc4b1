"""Search as you type: what could be meant, after each letter.

One statement for what the index has, the vocabulary from memory; no ranks, no counts. Answers are remembered for a
second, so that the first letters, which many type and which find most, are looked up once. What a person withdrew is
therefore offered for a second longer.
"""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import msgspec

from services.directory import wording
from services.directory.finding import dictionary
from services.directory.finding.ranking import Kind
from services.directory.finding.terms import Known, known, remembered
from services.directory.wording import NAME
from services.kit.db import NOBODY, Database

MOST = 10
SECONDS = 1.0
MOST_REMEMBERED = 5_000


@dataclass(frozen=True)
class Suggestion:
    """`hint` tells rows of one name apart: a city's state, the city of a person or project."""

    kind: Kind
    id: str
    label: str
    hint: str


LOOKED_AT = 200
"""Rows that are put in order: of more than that, any will do until another letter is typed."""
FEW_LETTERS = 2
"""So many letters find half of everything: names that begin with them stand together in the order of names."""


WORDS = f"SELECT * FROM {{table}} WHERE {{found}} @@ $1::tsquery LIMIT {LOOKED_AT}"  # noqa: S608 - our own names
LETTERS = (
    "SELECT * FROM (SELECT * FROM {table} WHERE {sort} >= $1 ORDER BY {sort} LIMIT $2) one "
    "WHERE starts_with({sort}, $1)"
)
SHOWN = """(
SELECT json_agg(json_build_array({kind}, r.{key}, r.{label}, (SELECT {hint} FROM city c WHERE c.ags = r.ags)))
FROM (SELECT * FROM ({rows}) one ORDER BY {sort} LIMIT $2) r)"""
CITIES = {"kind": 1, "table": "city", "key": "ags", "label": "name", "hint": "state",
          "sort": "sort_key", "found": "found"}  # fmt: skip
NAVIGATORS = {"kind": 2, "table": "navigator", "key": "id", "label": "name", "hint": "name",
              "sort": "sort_network", "found": "found_network"}  # fmt: skip
PROJECTS = {"kind": 3, "table": "project", "key": "id", "label": "title", "hint": "name",
            "sort": "sort_key", "found": "found"}  # fmt: skip


def _statement(rows: str, *sources: dict[str, object]) -> str:
    parts = ", ".join(SHOWN.format(rows=rows.format(**source), **source) for source in sources)
    return f"SELECT convert_to(json_build_array({parts})::text, 'UTF8')"


PUBLIC = {few: _statement(LETTERS if few else WORDS, CITIES, PROJECTS) for few in (True, False)}
NETWORK = {few: _statement(LETTERS if few else WORDS, CITIES, NAVIGATORS, PROJECTS) for few in (True, False)}


class Memory:
    """Answers of the last second, and those that are on their way."""

    def __init__(self) -> None:
        self.kept: OrderedDict[Any, tuple[float, list[Suggestion]]] = OrderedDict()
        self.coming: dict[Any, asyncio.Future[list[Suggestion]]] = {}


async def suggest(
    db: Database, memory: dict[str, Any], text: str, first: int, *, public: bool, english: bool = False
) -> list[Suggestion]:
    """At most `first` of what begins with the words of `text`; people only for the network."""
    words = tuple(wording.words(text[: wording.LONGEST_TEXT])[: wording.MOST_WORDS])
    if not words:
        return []
    mine: Memory = memory.setdefault("suggestions", Memory())
    key, now = (public, english, words), time.monotonic()
    if (kept := mine.kept.get(key)) is not None and now - kept[0] < SECONDS:
        return kept[1][:first]
    if key not in mine.coming:
        task = asyncio.ensure_future(_look(db, memory, words, public=public, english=english))
        mine.coming[key] = task
        task.add_done_callback(lambda done: _keep(mine, key, done))
    return (await asyncio.shield(mine.coming[key]))[:first]


def _keep(mine: Memory, key: Any, done: "asyncio.Future[list[Suggestion]]") -> None:
    del mine.coming[key]
    if not done.cancelled() and done.exception() is None:
        mine.kept[key] = (time.monotonic(), done.result())
        mine.kept.move_to_end(key)
        while mine.kept and (len(mine.kept) > MOST_REMEMBERED or _stale(mine)):
            mine.kept.popitem(last=False)


def _stale(mine: Memory) -> bool:
    return time.monotonic() - next(iter(mine.kept.values()))[0] > SECONDS


async def _look(
    db: Database, memory: dict[str, Any], words: tuple[str, ...], *, public: bool, english: bool
) -> list[Suggestion]:
    vocabulary = await _vocabulary(db, memory)
    found = await _begun(db, vocabulary, words, public=public, english=english)
    if not found:
        ask = dictionary.beside(db)
        lost = await dictionary.unknown(ask, words, public=public)
        near = await dictionary.nearest(ask, lost, public=public)
        meant = tuple(near[word][0] if near.get(word) else word for word in words)
        if meant != words:
            found = await _begun(db, vocabulary, meant, public=public, english=english)
    return found


async def _vocabulary(db: Database, memory: dict[str, Any]) -> Known:
    if (kept := remembered(memory)) is not None:
        return kept
    async with db.read(NOBODY) as session:
        return await known(session, memory)


async def _begun(
    db: Database, vocabulary: Known, words: tuple[str, ...], *, public: bool, english: bool
) -> list[Suggestion]:
    few = len(words) == 1 and len(words[0]) <= FEW_LETTERS
    query = words[0] if few else " & ".join(f"'{NAME}{word}':*" for word in words)
    answer = await dictionary.beside(db)((PUBLIC if public else NETWORK)[few], (query, MOST)) or b"[]"
    kinds = msgspec.json.decode(answer, type=list[list[tuple[int, str, str, str]] | None])
    rows = [Suggestion(Kind(kind), id, label, hint) for of in kinds for kind, id, label, hint in of or ()]
    rows += [
        Suggestion(Kind.TOPIC, topic.code, topic.en if english else topic.de, "") for topic in vocabulary.begun(words)
    ]
    return _mixed(rows, " ".join(words))


def _mixed(rows: list[Suggestion], text: str) -> list[Suggestion]:
    """A few of each kind in turns, those first whose name begins with the text."""
    by: dict[Kind, list[Suggestion]] = {kind: [] for kind in Kind}
    for row in sorted(rows, key=lambda row: not " ".join(wording.words(row.label)).startswith(text)):
        by[row.kind].append(row)
    turns = [row for place in range(MOST) for kind in Kind for row in by[kind][place : place + 1]]
    chosen = turns[:MOST]
    return [row for kind in Kind for row in chosen if row.kind is kind]
