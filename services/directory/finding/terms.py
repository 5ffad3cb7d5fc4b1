"""The vocabulary as questions are understood with it, kept in the process."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from services.directory import wording
from services.directory.models import Topic
from services.directory.wording import Index, Terms
from services.kit.db import Reader, driver

CHECK_SECONDS = 1.0
"""How long a changed topic may be overlooked by those who only suggest."""


@dataclass(frozen=True)
class Entry:
    """A topic as it is found: by its labels (`named`) and synonyms; `path` from its field down to itself."""

    code: str
    de: str
    en: str
    path: tuple[str, ...]
    lexemes: frozenset[str]


@dataclass(frozen=True)
class Known:
    """`topics` in the order of the tree, without merged ones."""

    newest: datetime | None
    terms: Terms
    topics: tuple[Entry, ...]
    paths: Mapping[str, tuple[str, ...]]
    """Every code, also of merged topics, with the path of the topic that it stands for."""

    index: Index
    """The lexemes of `topics`."""

    def begun(self, words: Iterable[str]) -> list[Entry]:
        """The topics of which each of `words` begins a word, in order."""
        found: frozenset[int] | None = None
        for word in words:
            places = self.index.begun(word)
            found = places if found is None else found & places
        return [self.topics[place] for place in sorted(found or ())]

    def below(self, code: str) -> list[str]:
        """The codes that are this topic or a narrower one."""
        return [one for one, path in self.paths.items() if code in path]


def remembered(memory: dict[str, Any]) -> Known | None:
    """What `memory` holds, where it was looked after within the second: for those who would open a session for it."""
    checked: float
    kept: Known | None
    checked, kept = memory.get("terms", (0.0, None))
    return kept if time.monotonic() - checked < CHECK_SECONDS else None


async def known(session: Reader, memory: dict[str, Any]) -> Known:
    """What `memory`, the runtime's, holds of the vocabulary; read again when a topic has changed."""
    kept: Known | None = memory.get("terms", (0.0, None))[1]
    newest = await (await driver(session)).fetchval("SELECT max(changed_at) FROM topic")
    if kept is None or kept.newest != newest:
        kept = _read(newest, list((await session.scalars(select(Topic).order_by(Topic.position))).all()))
    memory["terms"] = (time.monotonic(), kept)
    return kept


def _lexemes(row: Topic) -> frozenset[str]:
    """Without the parts of synonyms: „Bauakte“ says that one builds, not that one files."""
    others = wording.lexemes((*row.synonyms, row.code))
    own = wording.lexemes((), (row.code,), title=f"{row.de} {row.en}")
    return frozenset((*own, *(one for one in others if not one.startswith(wording.PART))))


def _read(newest: datetime | None, rows: list[Topic]) -> Known:
    now = {row.code: row.merged_into or row.code for row in rows}
    paths = {row.code: tuple(row.path) for row in rows}
    labels = [(now[row.code], label) for row in rows for label in (row.de, row.en, *row.synonyms)]
    topics = tuple(
        Entry(
            row.code,
            row.de,
            row.en,
            tuple(row.path),
            _lexemes(row),
        )
        for row in rows
        if row.merged_into is None
    )
    index = Index(topic.lexemes for topic in topics)
    return Known(newest, Terms.of(labels), topics, {code: paths[stands] for code, stands in now.items()}, index)
