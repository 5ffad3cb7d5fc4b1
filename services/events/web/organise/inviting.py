"""Invitations: to everybody of some cities, to those with some topics; a list of people is `bylist`."""

import uuid
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from sqlalchemy import select

from services.events import access
from services.events.models import Topic
from services.events.registration import inviting, reading
from services.events.web.organise import ground
from services.events.web.organise.ground import BASE, REFUSALS, path_of
from services.events.web.registration import here
from services.kit import forms, pages
from services.kit.db import Reader
from services.kit.errors import Problem, Refused
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.i18n import language, ngettext
from services.kit.pages import AnyRequest

FIELDS: Final = ("cities", "topics", "words", "language")
MOST_TOPICS: Final = 1_000
"""Of the vocabulary, to choose from."""
Words = Annotated[str, msgspec.Meta(max_length=inviting.LONGEST_WORDS)]


class Inviting(msgspec.Struct, frozen=True, rename="camel"):
    """`cities` by AGS, one `topic` by its code; without topics everybody of the cities."""

    cities: list[str] = []
    topics: Annotated[list[str], msgspec.Meta(max_length=inviting.MOST_TOPICS)] = []
    contact_points: bool = False
    words: Words = ""
    language: str = "de"


@get(f"{BASE}/{{id:uuid}}/people/invite", page=True, right=access.ORGANISER)
async def show(request: AnyRequest, id: uuid.UUID) -> Response[str]:
    return await _show(request, id)


async def _show(request: AnyRequest, id: uuid.UUID, shown: Form = EMPTY, status: int = 200) -> Response[str]:
    who = await ground.organiser(request)
    async with here(request).db.read(who.acting) as session:
        event = await ground.own(session, who, id)
        (rules,) = await reading.rules(session, [event.id])
        cities = await ground.cities_of(session, event)
        topics = await _topics(session)
    return await ground.page(
        request, "invite", event, "/people/invite", status=status, shown=shown, rules=rules, cities=cities,
        topics=topics,
    )  # fmt: skip


async def _topics(session: Reader) -> list[tuple[str, str]]:
    """The vocabulary in the order of the words, what lies below something behind it."""
    rows = {row.code: row for row in await session.scalars(select(Topic).limit(MOST_TOPICS))}

    def label(row: Topic) -> str:
        return row.en if language() == "en" else row.de

    def path(row: Topic) -> list[str]:
        way, at = [label(row)], row
        while at.parent in rows and len(way) < 5:
            at = rows[at.parent]
            way.append(label(at))
        return way[::-1]

    return [
        (row.code, " › ".join(path(row)))
        for row in sorted(rows.values(), key=lambda row: [w.casefold() for w in path(row)])
    ]


@post(f"{BASE}/{{id:uuid}}/people/invite", page=True, status_code=303, right=access.ORGANISER)
async def invite(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    try:
        said = await forms.read(request, Inviting, most=ground.MOST_FORM)
        if not (said.cities or said.topics):
            words = _("Please choose a city or a topic.")
            raise Refused(words, [Problem(words, field="cities")])
        wanted = inviting.Wanted(
            tuple(said.cities), tuple(said.topics), contacts=said.contact_points, words=said.words,
            language=said.language,
        )  # fmt: skip
        done = await ground.change(
            request, id, lambda session, event: inviting.invite(session, event, wanted), say=False
        )
    except REFUSALS as problem:
        return await _show(request, id, ground.beside(request, problem, *FIELDS), problem.status)
    return pages.redirect(request, path_of(id, "/people"), flash=told(done))


def told(done: inviting.Outcome) -> str:
    """What came of it."""
    parts = [ngettext("One person was invited.", "{number} people were invited.", done.invited)]
    if done.already:
        parts.append(ngettext("One had been invited before.", "{number} had been invited before.", done.already))
    if done.unreachable:
        parts.append(ngettext("One of them gets no mail.", "{number} of them get no mail.", done.unreachable))
    return " ".join(parts)


routes = [show, invite]
