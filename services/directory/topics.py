"""The shared vocabulary: `topics.json`, and above it what central navigators decided.

What is stored follows from three things each time anew: the seed, the proposals that were decided, and what was merged
(`arrange`). So a newer seed brings labels and topics along and takes back nothing that somebody decided.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import func, select, text

from services.contracts.directory import TopicPublished
from services.directory import store
from services.directory.models import Topic, TopicProposal
from services.kit.db import Reader, Writer, put
from services.kit.messages import Message
from services.kit.text import folded, sort_key

SEED = Path(__file__).parent / "topics.json"
DEEPEST: Final = 3
"""Levels of the tree."""
MOST: Final = 500
"""Topics that are not merged: as many as fit into one page."""
OZG: Final = (
    "Arbeit & Ruhestand",
    "Bauen & Wohnen",
    "Bildung",
    "Ein- & Auswanderung",
    "Engagement & Hobby",
    "Familie & Kind",
    "Forschung & Förderung",
    "Gesundheit",
    "Mobilität & Reisen",
    "Querschnittsleistungen",
    "Recht & Ordnung",
    "Steuern & Zoll",
    "Umwelt",
    "Unternehmensführung & -entwicklung",
)
"""The fields (Themenfelder) of the catalogue behind the Onlinezugangsgesetz, by their official names."""


class TopicRow(msgspec.Struct, frozen=True):
    code: str
    de: str
    en: str
    parent: str | None = None
    synonyms: tuple[str, ...] = ()
    ozg: tuple[str, ...] = ()


@cache
def seeds() -> tuple[TopicRow, ...]:
    """`topics.json`, in the order of its tree."""
    return msgspec.json.decode(SEED.read_bytes(), type=tuple[TopicRow, ...])


@dataclass
class Arranged:
    """What to say, and the codes of topics that stand elsewhere in the tree than before."""

    said: list[Message] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)


async def take_turn(session: Writer) -> None:
    """Whoever changes the vocabulary waits here for others who do."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('lotsennetz topics', 0))"))


async def seed(session: Writer) -> Arranged:
    """Bring the stored vocabulary up to the seed. Topics that cities use never vanish."""
    await take_turn(session)
    return await arrange(session)


async def arrange(session: Writer) -> Arranged:
    """Store what seed, proposals and merges come to. The caller has the turn."""
    fresh = select(Topic).order_by(Topic.code).execution_options(populate_existing=True)
    stored = {topic.code: topic for topic in (await session.scalars(fresh)).all()}
    proposals = select(TopicProposal).where(TopicProposal.code.is_not(None)).order_by(TopicProposal.decided_at)
    decided = (await session.scalars(proposals)).all()
    merged = {code: topic.merged_into for code, topic in stored.items() if topic.merged_into}
    base = {row.code: row for row in seeds()}
    kept = [_row(topic) for topic in stored.values() if topic.code not in base]
    accepted = [_proposed(p) for p in decided if p.status == "ACCEPTED"]
    others = {row.code: row for row in (*kept, *accepted)}
    base |= {row.code: row for row in sorted(others.values(), key=lambda row: sort_key(row.de))}
    more = [(p.code or "", _proposed(p)) for p in decided if p.status == "MERGED"]
    found = Arranged()
    for code, values in derived(base, merged, more).items():
        old = stored.get(code)
        if old is not None and all(getattr(old, name) == value for name, value in values.items()):
            continue
        # By the clock and not by the transaction's beginning: the newest of all has to grow with every commit.
        await put(session, Topic, {"code": code}, values | {"changed_at": func.clock_timestamp()})
        if old is not None and old.path != values["path"]:
            found.moved.append(code)
        if code not in merged:
            found.said.append(TopicPublished(code=code, parent=values["parent"], de=values["de"], en=values["en"]))
    return found


def _row(topic: Topic) -> TopicRow:
    return TopicRow(topic.code, topic.de, topic.en, topic.parent, tuple(topic.synonyms), tuple(topic.ozg))


def _proposed(proposal: TopicProposal) -> TopicRow:
    return TopicRow(proposal.code or "", proposal.de, proposal.en, proposal.parent, tuple(proposal.synonyms))


def derived(
    base: Mapping[str, TopicRow], merged: Mapping[str, str], more: list[tuple[str, TopicRow]]
) -> dict[str, dict[str, Any]]:
    """The columns of every topic by code. `merged` leads from each merged code to the living one, `more` are
    proposals that became synonyms of a code. Pure.
    """
    parents = {row.code: _living(row, base, merged) for row in base.values()}
    paths = {code: tuple(_up(code, parents)) for code in base}
    parents = {code: path[-2] if len(path) > 1 else None for code, path in paths.items()}
    further: dict[str, list[TopicRow]] = {}
    for code, row in [*more, *((into, base[code]) for code, into in merged.items())]:
        further.setdefault(merged.get(code, code), []).append(row)
    ordered = [*_walk([code for code in base if code not in merged], parents), *sorted(merged)]
    columns: dict[str, dict[str, Any]] = {}
    for position, code in enumerate(ordered):
        row, beside = base[code], further.get(code, ())
        synonyms = dict.fromkeys([*row.synonyms, *(word for one in beside for word in (one.de, *one.synonyms))])
        synonyms.pop(row.de, None)
        words = (row.de, row.en, *synonyms, *(one.en for one in beside))
        columns[code] = {
            "parent": parents[code],
            "de": row.de,
            "en": row.en,
            "synonyms": list(synonyms),
            "ozg": list(row.ozg) or _of_parent(code, base, parents),
            "search": folded(" ".join(words)),
            "path": list(paths[code]),
            "position": position,
        }
    return columns


def _living(row: TopicRow, base: Mapping[str, TopicRow], merged: Mapping[str, str]) -> str | None:
    """The parent, or the topic that took its place; None where that is the topic itself or gone."""
    parent = merged.get(row.parent or "", row.parent)
    return parent if parent in base and parent != row.code else None


def _up(code: str, parents: Mapping[str, str | None]) -> Iterator[str]:
    """From the field down to `code`. Where two stand above each other, the way ends."""
    path = [code]
    while (parent := parents[path[0]]) is not None and parent not in path:
        path.insert(0, parent)
    yield from path


def _walk(codes: list[str], parents: Mapping[str, str | None], above: str | None = None) -> Iterator[str]:
    for code in codes:
        if parents[code] == above:
            yield code
            yield from _walk(codes, parents, code)


def _of_parent(code: str, base: Mapping[str, TopicRow], parents: Mapping[str, str | None]) -> list[str]:
    """Topics that were proposed name no fields: they have those of the topic above."""
    parent = parents[code]
    return list(base[parent].ozg) or _of_parent(parent, base, parents) if parent else []


async def living(session: Reader, code: str) -> Topic | None:
    """The topic that `code` stands for today."""
    topic = await session.get(Topic, code, populate_existing=True)
    if topic is not None and topic.merged_into:
        return await session.get(Topic, topic.merged_into, populate_existing=True)
    return topic


async def tree(session: Reader) -> list[Topic]:
    """Every topic that is not merged, in the order of the tree."""
    query = select(Topic).where(Topic.merged_into.is_(None)).order_by(Topic.position)
    return list((await session.scalars(query)).all())


async def remembered(session: Reader, memory: dict[str, Any]) -> list[Topic]:
    """As `tree`, for those who only look."""
    return await store.of_vocabulary(session, memory, "tree", tree)


async def merged(session: Reader) -> list[Topic]:
    """Those that others took the place of, by code."""
    query = select(Topic).where(Topic.merged_into.is_not(None)).order_by(Topic.code)
    return list((await session.scalars(query)).all())
