"""With whom a city works together: what it agreed, what waits, and a form to propose."""

import uuid
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, get, post
from sqlalchemy import select

from services.directory import access, partnerships, topics
from services.directory.models import City
from services.directory.web.login import here
from services.directory.web.topics import label
from services.kit import forms
from services.kit.auth import Principal
from services.kit.db import HUB
from services.kit.errors import Conflict, Refused
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest, page, redirect


class Proposed(msgspec.Struct, frozen=True):
    other: str
    topics: list[Annotated[str, msgspec.Meta(max_length=60)]] = []
    note: str = ""


class Answered(msgspec.Struct, frozen=True):
    id: uuid.UUID
    step: Literal["accept", "decline", "end"]


async def _speaking_for(request: AnyRequest, ags: str) -> Principal:
    who = await forms.person(request)
    access.may_publish(who, access.checked_ags(ags))
    return who


@get("/city/{ags:str}/partnerships", page=True, right=access.OWN_PARTNERSHIPS)
async def listed(request: AnyRequest, ags: str) -> Response[Any]:
    return await _listed(request, await _speaking_for(request, ags), ags)


async def _listed(
    request: AnyRequest, who: Principal, ags: str, shown: Form = EMPTY, status: int = 200
) -> Response[Any]:
    async with here(request).db.read(who.acting) as session:
        (rows,) = await partnerships.of_cities(session, [ags])
        others = {row.ags if row.other == ags else row.other for row in rows}
        names = dict((await session.execute(select(City.ags, City.name).where(City.ags.in_([ags, *others])))).all())
        family = await topics.remembered(session, here(request).memory)
    return await page(
        request,
        "directory/partnerships.html",
        status=status,
        ags=ags,
        names=names,
        active=[row for row in rows if row.status == partnerships.ACTIVE],
        asked=[row for row in rows if row.status == partnerships.PROPOSED and row.other == ags],
        asking=[row for row in rows if row.status == partnerships.PROPOSED and row.ags == ags],
        labels={topic.code: label(topic) for topic in family},
        fields=[(topic.code, label(topic)) for topic in family if topic.parent is None],
        shown=shown,
    )


@post("/city/{ags:str}/partnerships", page=True, status_code=200, right=access.OWN_PARTNERSHIPS)
async def propose(request: AnyRequest, ags: str) -> Response[Any]:
    who, runtime = await _speaking_for(request, ags), here(request)
    try:
        said = await forms.read(request, Proposed)
        wanted = partnerships.Proposal(said.other, tuple(said.topics), said.note)
        async with runtime.db.begin(HUB) as session:  # the other city's contacts are told, whom no city sees
            await partnerships.propose(session, runtime, who, wanted)
    except (Refused, Conflict) as problem:
        return await _listed(request, who, ags, forms.again(request, problem), problem.status)
    return redirect(request, _path(ags), flash=_("Your proposal is stored; the other city is told."))


@post("/city/{ags:str}/partnerships/answer", page=True, status_code=200, right=access.OWN_PARTNERSHIPS)
async def answer(request: AnyRequest, ags: str) -> Response[Any]:
    who, runtime = await _speaking_for(request, ags), here(request)
    said = await forms.read(request, Answered)
    async with runtime.db.begin(HUB) as session:  # as above
        if said.step == "end":
            await partnerships.end(session, runtime, who, said.id)
        else:
            await partnerships.answer(session, runtime, who, said.id, accept=said.step == "accept")
    return redirect(request, _path(ags), flash=_("This is done; the other city is told."))


def _path(ags: str) -> str:
    return f"/city/{ags}/partnerships"


routes = [listed, propose, answer]
