"""Ideas of events that were proposed to the city as its projects: accept or decline; and partners of projects."""

import uuid
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, get, post

from services.directory import access, cards, desk, joining
from services.directory.web.desk import SERVICE, by, editor, page
from services.directory.web.oauth import here
from services.kit import forms
from services.kit.auth import Principal
from services.kit.db import HUB
from services.kit.errors import Conflict, NotFound, Refused
from services.kit.forms import AnyRequest
from services.kit.i18n import gettext as _
from services.kit.pages import ask, redirect

PER_PAGE: Final = 20
IDEAS: Final = """query ($first: Int!, $after: String) { proposedProjects(first: $first, after: $after) {
  nodes { id title summary state eventTitle proposedAt topics { code label } navigators { id name department title }
    project { id title } } pageInfo { hasNextPage endCursor } } }"""


class Answered(msgspec.Struct, frozen=True):
    step: Literal["accept", "decline"]
    seeks_partners: bool = False


class Joined(msgspec.Struct, frozen=True):
    """The people that a city names, and a word about its part."""

    navigators: Annotated[list[uuid.UUID], msgspec.Meta(max_length=joining.MOST_PEOPLE)] = []
    note: Annotated[str, msgspec.Meta(max_length=joining.LONGEST_NOTE)] = ""


class Left(msgspec.Struct, frozen=True):
    """Which partner; empty for one's own city."""

    partner: Annotated[str, msgspec.Meta(max_length=8)] = ""


@get("/city/{ags:str}/ideas", page=True, right=access.PUBLISHING)
async def listed(request: AnyRequest, ags: str, after: str = "") -> Response[Any]:
    who = await editor(request, ags)
    found = (await ask(request, SERVICE, IDEAS, first=PER_PAGE, after=after or None))["proposedProjects"]
    async with here(request).db.read(who.acting) as session:
        city = await desk.read(session, ags)
    following = found["pageInfo"]
    return await page(
        request, who, ags, "ideas", city, rows=found["nodes"], first=f"/city/{ags}/ideas" if after else "",
        following=f"/city/{ags}/ideas?after={following['endCursor']}" if following["hasNextPage"] else "",
    )  # fmt: skip


@post("/city/{ags:str}/ideas/{card:uuid}", page=True, status_code=303, right=access.PUBLISHING)
async def answer(request: AnyRequest, ags: str, card: uuid.UUID) -> Response[Any]:
    who, runtime, path = await editor(request, ags), here(request), f"/city/{ags}/ideas"
    said = await forms.read(request, Answered)
    try:
        async with runtime.db.begin(who.acting) as session:
            if said.step == "accept":
                wanted = cards.Accepted(seeks_partners=said.seeks_partners)
                outcome = await cards.accept(session, by(request, who), ags, card, wanted)
                await runtime.say(session, outcome.messages)
            else:
                await runtime.say(session, await cards.decline(session, who.subject, ags, card))
    except (Conflict, NotFound, Refused) as problem:
        return redirect(request, path, flash=problem.message)
    words = _("Your city has a new project.") if said.step == "accept" else _("Declined; whoever proposed it is told.")
    return redirect(request, path, flash=words)


# Partners of projects ---------------------------------------------------------------------------------------------


async def _member(request: AnyRequest) -> Principal:
    """Who is logged in and writes for a city."""
    who = await forms.person(request)
    access.own_city(who)
    return who


@post("/project/{id:uuid}/join", page=True, status_code=303, right=access.OWN_PARTNERSHIPS)
async def join(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """Take part in another city's project, or say anew with whom."""
    who, runtime = await _member(request), here(request)
    try:
        said = await forms.read(request, Joined)
        async with runtime.db.begin(HUB) as session:  # the other city's contacts are told, whom no city sees
            await joining.join(session, runtime, who, id, said.navigators, said.note)
    except (Conflict, Refused) as problem:
        told = problem.problems[0].message if problem.problems else problem.message
        return redirect(request, f"/project/{id}", flash=told)
    return redirect(request, f"/project/{id}", flash=_("Your city takes part; the other city is told."))


@post("/project/{id:uuid}/leave", page=True, status_code=303, right=access.OWN_PARTNERSHIPS)
async def leave(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    who, runtime = await _member(request), here(request)
    said = await forms.read(request, Left)
    async with runtime.db.begin(HUB) as session:  # as above
        await joining.leave(session, runtime, who, id, said.partner or None)
    return redirect(request, f"/project/{id}", flash=_("This is done; the other city is told."))


routes = [listed, answer, join, leave]
