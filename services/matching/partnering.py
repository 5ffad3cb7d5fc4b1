"""Pairs for mentoring and cities to work with, from what matching knows of people and cities.

First the rows are read, then the session is let go, and the computing, up to a second of it, happens in a thread.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import ColumnElement, false, func, or_, select

from services.kit.db import Reader
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.matching.models import City, Event, Navigator, Plan, Topic
from services.matching.question import Pair
from services.matching.solver import Model, partners
from services.matching.solver.fits import Forest
from services.matching.strength import Strength

MOST_PEOPLE = 2_000
"""People among whom pairs are sought; of more, those that it is for come first."""
MOST_PARTNERS = 5

Topics = Sequence[tuple[str, str | None]]


@dataclass(frozen=True)
class Place:
    """A city (AGS) or states (two digits) whose people it is for."""

    city: str | None = None
    states: frozenset[str] = frozenset()

    def condition(self) -> ColumnElement[bool]:
        """Which navigators are there."""
        own = Navigator.ags == self.city if self.city else false()
        return or_(own, func.left(Navigator.ags, 2).in_(sorted(self.states)))


@dataclass(frozen=True)
class Group:
    """People among whom pairs are sought; with `of`, each pair has one of these."""

    model: Model
    of: frozenset[str] | None = None


async def participants(session: Reader, event: Event, topic: str | None) -> Group:
    """Who takes part; who are to sit at no table together, by the newest plan, are no pair either. Raises NotFound for
    a topic that is not in the vocabulary.
    """
    topics = await _topics(session, topic)
    rows = await session.scalars(
        select(Navigator).where(Navigator.id.in_(event.participants)).order_by(Navigator.id).limit(MOST_PEOPLE)
    )
    model = _model(topics, rows.all())
    newest = select(Plan.question["never"]).where(Plan.event_id == event.id).order_by(Plan.created_at.desc()).limit(1)
    for two in msgspec.convert(await session.scalar(newest) or [], list[Pair]):
        if two.strength is not Strength.OFF:
            model.never(two.one, two.other)
    return Group(model)


async def around(session: Reader, place: Place, topic: str) -> Group:
    """Everybody who has to do with the topic, for the people of `place`. Raises NotFound as `participants`."""
    topics = await _topics(session, topic)
    forest = Forest.of(topics)
    sought = [code for code, above in forest.above.items() if topic in above]
    near = sorted({other for code in sought for other in forest.near[code]})
    columns = ((Navigator.seeks, sought), (Navigator.offers, near), (Navigator.works_on, near))
    inside = place.condition()
    found = await session.execute(
        select(Navigator, inside)
        .where(or_(*(column.overlap(codes) for column, codes in columns)))
        .order_by(inside.desc(), Navigator.id)
        .limit(MOST_PEOPLE)
    )
    rows = found.all()
    return Group(
        _model(topics, [person for person, _inside in rows]),
        frozenset(str(person.id) for person, its in rows if its),
    )


async def pairs(group: Group, topic: str | None, mentees: int, mentors: int) -> partners.Pairing:
    """The best pairs of a group."""
    return await asyncio.to_thread(
        partners.mentoring, group.model, topic, of=group.of, mentees=mentees, mentors=mentors
    )


async def cities(session: Reader) -> tuple[Topics, list[partners.City]]:
    """The vocabulary, and every city of which somebody offers or seeks anything."""
    topics = await _topics(session)
    said: dict[str, tuple[set[str], set[str]]] = {}
    for side, column in enumerate((Navigator.offers, Navigator.seeks)):
        for ags, topic in await session.execute(select(Navigator.ags, func.unnest(column)).distinct()):
            said.setdefault(ags, (set(), set()))[side].add(topic)
    population = dict((await session.execute(select(City.ags, City.population))).all())
    known = {code for code, _parent in topics}
    return topics, [
        partners.City(ags, population.get(ags), frozenset(offers & known), frozenset(seeks & known))
        for ags, (offers, seeks) in sorted(said.items())
    ]


async def like(topics: Topics, every: Sequence[partners.City], ags: str, most: int) -> Sequence[partners.Partnership]:
    """With whom the city would do well to work; none for one that is not among them."""
    if all(city.ags != ags for city in every):
        return ()
    return await asyncio.to_thread(partners.partnerships, topics, every, ags, most)


async def _topics(session: Reader, topic: str | None = None) -> Topics:
    rows = (await session.execute(select(Topic.code, Topic.parent).order_by(Topic.code))).all()
    known = {code for code, _parent in rows}
    if topic is not None and topic not in known:
        raise NotFound(_("The topic „{topic}“ is not in the vocabulary.", topic=topic[:60]))
    # What a topic lay below may have been merged away a moment ago.
    return [(code, parent if parent in known else None) for code, parent in rows]


def _model(topics: Topics, people: Sequence[Navigator]) -> Model:
    model, known = Model(), {code for code, _parent in topics}
    for code, parent in topics:
        model.topic(code, parent)
    for one in people:
        offers, seeks, works_on = ([t for t in said if t in known] for said in (one.offers, one.seeks, one.works_on))
        model.person(str(one.id), city=one.ags, offers=offers, seeks=seeks, works_on=works_on)
    return model
