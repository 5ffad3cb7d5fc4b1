"""A page of everything that answers a question, the best first.

Rows come tier by tier: each is a question of its own to the index, less the tier above, and stops when the page is
full. Within a tier topics come first in the order of their tree, then the others by name. A cursor holds the tier, the
row's own place in that order, and the corrections of the first page; it counts nothing, so that what others write
meanwhile neither repeats a row nor hides one.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    Text,
    and_,
    bindparam,
    cast,
    false,
    literal,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from services.directory import filters, wording
from services.directory.access import Viewer
from services.directory.fields import Audience
from services.directory.filters import Filters
from services.directory.finding import dictionary
from services.directory.finding.terms import Known
from services.directory.models import City, Navigator, NavigatorTopic, Project, ProjectTopic
from services.directory.projection import UNNAMED
from services.directory.wording import TOPIC, Asked, Tier
from services.kit.db import Reader, driver
from services.kit.errors import Refused
from services.kit.i18n import gettext as _

ALL = 0
"""The tier of everything, where no words were given."""
MOST_PLACES = 5
"""Cities that one word may name."""
LONGEST_CORRECTIONS = 1000
ASKED = "asked"
MOST_STATEMENTS = 256
"""That are kept, by what they are made of."""


class Kind(IntEnum):
    TOPIC = 0
    CITY = 1
    NAVIGATOR = 2
    PROJECT = 3


CAN = {
    Kind.TOPIC: filters.OF_TOPICS,
    Kind.CITY: filters.OF_CITIES,
    Kind.NAVIGATOR: filters.OF_NAVIGATORS,
    Kind.PROJECT: filters.OF_PROJECTS,
}


@dataclass(frozen=True)
class Hit:
    """A row's place: of tier, name, kind and key. Topics have their position for a name."""

    tier: int
    kind: Kind
    sort: str
    id: str


@dataclass(frozen=True)
class Question:
    """Everything that decides which rows answer, and in which order."""

    asked: Asked
    kinds: frozenset[Kind]
    wanted: Filters
    viewer: Viewer
    corrections: str = ""
    """Words for those that nobody knows, as `wrong=right,right wrong=…`."""

    @property
    def public(self) -> bool:
        return self.viewer.audience is Audience.PUBLIC

    def tiers(self) -> list[int]:
        if self.asked.empty:
            return [ALL]
        return [int(tier) for tier in self.asked.tiers()] if self.asked.words else []

    def tsquery(self, tier: int | None) -> str | None:
        """What to hold against a row's words at just that tier, or at any (None); None for everything."""
        parts = [] if self.wanted.topic is None else [f"'{TOPIC}{self.wanted.topic}'"]
        if not self.asked.empty:
            at = Tier(tier) if tier is not None else self.asked.tiers()[-1]
            parts.append(f"({self.asked.tsquery(at) if tier is None else self.asked.only(at)})")
        return " & ".join(parts) or None

    def narrow(self, query: str | None) -> "Narrow":
        how = By.NOTHING if query is None else By.TOPIC if self.asked.empty else By.WORDS
        return Narrow(self.kinds - {Kind.TOPIC}, self.wanted, self.viewer, how)


class By(IntEnum):
    """How rows are found: all of them, those of a topic in the order of its index, or by their words."""

    NOTHING = 0
    TOPIC = 1
    WORDS = 2


class Narrow(NamedTuple):
    """What a statement is made of, beside the words themselves: to make one takes longer than to run it."""

    kinds: frozenset[Kind]
    filters: Filters
    viewer: Viewer
    by: By


async def question(
    session: Reader,
    known: Known,
    text: str,
    kinds: Collection[Kind],
    wanted: Filters,
    viewer: Viewer,
    corrections: str | None = None,
) -> Question:
    """`text` understood for this viewer. `corrections` are those of an earlier page; None looks for them."""
    if unknown := next((code for code in wanted.topics() if code not in known.paths), None):
        raise Refused(_("The topic „{topic}“ is not in the vocabulary.", topic=unknown[:60]))
    wanted = wanted.led(lambda code: known.paths[code][-1])
    able = frozenset(kind for kind in kinds or Kind if wanted.said() <= CAN[kind])
    asked = wording.understood(text, known.terms)
    asked = asked.at_places(await _places(session, asked))
    if corrections is None:
        corrections = await _corrections(session, known, asked, public=viewer.audience is Audience.PUBLIC)
    near = {}
    for one in corrections[:LONGEST_CORRECTIONS].split(" "):
        wrong, _equals, right = one.partition("=")
        near[wrong] = right.split(",")[: dictionary.MOST_NEAR] if right else []
    return Question(asked.with_similar(near, known.terms), able, wanted, viewer, corrections)


async def _corrections(session: Reader, known: Known, asked: Asked, *, public: bool) -> str:
    """Words for those that find nothing at all for this audience."""
    connection, words = await driver(session), {word.word: word for word in asked.words if not word.places}
    ask = dictionary.within(connection)
    lost = await dictionary.unknown(ask, words, public=public)
    queries = {asked.alone(words[word]): word for word in lost if not known.index.tiers(Asked((words[word],)))}
    if not queries:
        return ""
    rows = await connection.fetch(NOTHING.format(found="found_public" if public else "found_network"), list(queries))
    near = await dictionary.nearest(ask, [queries[row[0]] for row in rows], public=public)
    return " ".join(f"{wrong}={','.join(right)}" for wrong, right in near.items() if right)


NOTHING = """
SELECT q FROM unnest($1::text[]) q WHERE NOT EXISTS (SELECT FROM navigator WHERE {found} @@ q::tsquery)
    AND NOT EXISTS (SELECT FROM project WHERE found @@ q::tsquery)
    AND NOT EXISTS (SELECT FROM city WHERE found @@ q::tsquery)
"""
PLACES = """
SELECT w, array_agg(c.ags) FROM unnest($1::text[]) w,
    LATERAL (SELECT ags FROM city WHERE found @@ ('''@' || w || '''')::tsquery ORDER BY ags LIMIT $2) c GROUP BY w
"""


async def _places(session: Reader, asked: Asked) -> dict[str, list[str]]:
    words = [word.word for word in asked.words if len(word.word) > 2]
    if not words:
        return {}
    rows = await (await driver(session)).fetch(PLACES, words, MOST_PLACES)
    return {word: list(keys) for word, keys in rows}


async def page(session: Reader, known: Known, wanted: Question, limit: int, after: Hit | None = None) -> list[Hit]:
    found, own = list[Hit](), tiers(known, wanted)
    if wanted.kinds - {Kind.TOPIC}:
        await by_index(session, wanted)
    for tier in wanted.tiers():
        if after is not None and tier > after.tier:
            continue
        behind = after if after is not None and tier == after.tier else None
        if Kind.TOPIC in wanted.kinds and (behind is None or behind.kind is Kind.TOPIC):
            found += topics(known, wanted, own, tier, behind)
        behind = behind if behind is not None and behind.kind is not Kind.TOPIC else None
        if len(found) < limit and wanted.kinds - {Kind.TOPIC}:
            found += await _rows(session, wanted, tier, limit - len(found), behind)
        if len(found) >= limit:
            break
    return found[:limit]


def tiers(known: Known, wanted: Question) -> dict[int, int]:
    """The topics that answer, by their places in the tree, with their tiers."""
    if Kind.TOPIC not in wanted.kinds:
        return {}
    if wanted.asked.empty:
        return dict.fromkeys(range(len(known.topics)), ALL)
    return {place: int(tier) for place, tier in known.index.tiers(wanted.asked).items()}


def topics(
    known: Known, wanted: Question, own: Mapping[int, int], tier: int | None, behind: Hit | None = None
) -> list[Hit]:
    """The topics of a tier (None: of any) of `own`, in the order of the tree."""
    at = int(behind.sort) if behind is not None else -1
    narrow = wanted.wanted.topic
    return [
        Hit(own[place], Kind.TOPIC, str(place), known.topics[place].code)
        for place in sorted(own)
        if place > at and tier in {None, own[place]} and (narrow is None or narrow in known.topics[place].path)
    ]


BY_INDEX = """
SELECT set_config('enable_seqscan', 'off', true), set_config('max_parallel_workers_per_gather', '0', true)
"""
"""To hold the words of every row against a question takes ten times as long as PostgreSQL thinks."""


async def by_index(session: Reader, wanted: Question) -> None:
    """Rows that are found by their words are looked up, from here to the end of the transaction."""
    if not wanted.asked.empty:
        await (await driver(session)).execute(BY_INDEX)


async def _rows(session: Reader, wanted: Question, tier: int, limit: int, behind: Hit | None) -> list[Hit]:
    query = wanted.tsquery(tier)
    rows = await session.execute(_page(wanted.narrow(query), limit, behind), {ASKED: query})
    return [Hit(tier, Kind(kind), sort, id) for kind, sort, id in rows]


@lru_cache(maxsize=MOST_STATEMENTS)
def _page(wanted: Narrow, limit: int, behind: Hit | None) -> Select[Any]:
    parts = [_part(*source, limit, behind, fenced=wanted.by is By.WORDS) for source in sources(wanted)]
    whole = union_all(*(select(part.subquery()) for part in parts)).subquery()
    return select(whole).order_by(whole.c.sort, whole.c.kind, whole.c.id).limit(limit)


Source = tuple[Kind, SQLColumnExpression[str], SQLColumnExpression[Any], list[ColumnElement[bool]]]


def sources(wanted: Narrow) -> list[Source]:
    """Where the rows of each kind come from: what they are sorted by, their key, and what must be true of them.

    What is held against their words is the parameter ASKED.
    """
    narrow, found = wanted.filters, list[Source]()

    def answers(column: SQLColumnExpression[Any]) -> list[ColumnElement[bool]]:
        return [column.op("@@")(cast(bindparam(ASKED, type_=Text), TSQUERY))] if wanted.by is By.WORDS else []

    of_topic = wanted.by is By.TOPIC

    if Kind.CITY in wanted.kinds:
        found.append((Kind.CITY, City.sort_key, City.ags, [*answers(City.found), *filters.of_cities(narrow)]))
    if Kind.NAVIGATOR in wanted.kinds:
        public = wanted.viewer.audience is Audience.PUBLIC
        words = Navigator.found_public if public else Navigator.found_network
        sort: SQLColumnExpression[str] = literal(UNNAMED) if public else Navigator.sort_network
        listed = Navigator.listed <= wanted.viewer.audience
        where = [listed, *answers(words), *filters.of_navigators(narrow, wanted.viewer)]
        key: SQLColumnExpression[Any] = Navigator.id
        if of_topic:
            key, sort = NavigatorTopic.navigator_id, sort if public else NavigatorTopic.sort_network
            where += [NavigatorTopic.topic == narrow.topic, Navigator.id == NavigatorTopic.navigator_id]
            where += [and_(NavigatorTopic.listed_public)] if public else []
        found.append((Kind.NAVIGATOR, sort, key, where))
    if Kind.PROJECT in wanted.kinds:
        where = [*answers(Project.found), *filters.of_projects(narrow)]
        if of_topic:
            where += [ProjectTopic.topic == narrow.topic, Project.id == ProjectTopic.project_id]
            found.append((Kind.PROJECT, ProjectTopic.sort_key, ProjectTopic.project_id, where))
        else:
            found.append((Kind.PROJECT, Project.sort_key, Project.id, where))
    return found


def _part(
    kind: Kind,
    sort: SQLColumnExpression[str],
    key: SQLColumnExpression[Any],
    where: Sequence[ColumnElement[bool]],
    limit: int,
    behind: Hit | None,
    *,
    fenced: bool,
) -> Select[Any]:
    columns: list[Any] = [literal(int(kind)).label("kind"), sort.label("sort"), cast(key, Text).label("id")]
    query = select(*columns).where(*where)
    if behind is not None:
        later: ColumnElement[bool] = sort >= behind.sort
        if kind is behind.kind:
            own: Any = behind.id if kind is Kind.CITY else _uuid(behind.id)
            later = false() if own is None else tuple_(sort, key) > tuple_(literal(behind.sort), literal(own))
        elif kind < behind.kind:
            later = sort > behind.sort
        query = query.where(later)
    if fenced:
        # With a limit before its eyes, PostgreSQL would rather walk through all names than ask for the words.
        return query.offset(0)
    return query.order_by(*([key] if isinstance(sort, type(literal(""))) else [sort, key])).limit(limit)


def _uuid(value: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(value)
    except ValueError:
        return None
