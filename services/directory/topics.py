"""The shared vocabulary of topics: seeded from `topics.json`, a tree with German and English labels."""

from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import func, select, text

from services.contracts.directory import TopicPublished
from services.directory.models import Topic
from services.kit.db import Writer, put
from services.kit.messages import Message
from services.kit.text import folded

SEED = Path(__file__).parent / "topics.json"


class TopicRow(msgspec.Struct, frozen=True):
    code: str
    de: str
    en: str
    parent: str | None = None
    synonyms: tuple[str, ...] = ()
    ozg: tuple[str, ...] = ()


async def seed(session: Writer) -> list[Message]:
    """Bring the stored vocabulary up to `topics.json`; returns what to say. Topics that cities use never vanish."""
    rows = msgspec.json.decode(SEED.read_bytes(), type=list[TopicRow])
    above = {row.code: row.parent for row in rows}
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('lotsennetz topics', 0))"))
    stored = {topic.code: topic for topic in (await session.scalars(select(Topic))).all()}
    said: list[Message] = []
    for position, row in enumerate(rows):
        path = [row.code]
        while (parent := above[path[0]]) is not None:
            path.insert(0, parent)
        values: dict[str, Any] = {
            "parent": row.parent,
            "de": row.de,
            "en": row.en,
            "synonyms": list(row.synonyms),
            "ozg": list(row.ozg),
            "search": folded(" ".join((row.de, row.en, *row.synonyms))),
            "path": path,
            "position": position,
        }
        old = stored.get(row.code)
        if old is not None and all(getattr(old, name) == value for name, value in values.items()):
            continue
        await put(session, Topic, {"code": row.code}, values | {"changed_at": func.now()})
        said.append(TopicPublished(code=row.code, parent=row.parent, de=row.de, en=row.en))
    return said
