"""Objections of people who are published, for those who decide about them."""

import uuid
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post

from services.directory import access
from services.directory.protection import objections
from services.directory.web.oauth import here
from services.kit import forms, pages
from services.kit.db import HUB
from services.kit.errors import Refused
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _

HOME = "/objections"


class Decision(msgspec.Struct):
    navigator: uuid.UUID
    decision: Literal["uphold", "reject"]
    answer: Annotated[str, msgspec.Meta(max_length=objections.LONGEST_ANSWER)] = ""


@get(HOME, page=True, right=access.OBJECTIONS)
async def listed(request: Request[Any, Any, Any]) -> Response[Any]:
    return await _page(request, EMPTY)


async def _page(request: Request[Any, Any, Any], shown: Form, status: int = 200) -> Response[Any]:
    who = await forms.person(request)
    async with here(request).db.read(HUB) as session:  # of one's own city or state, as the query says
        found = await objections.waiting(session, who)
    return await pages.page(request, "directory/objections.html", secret=True, status=status, found=found, shown=shown)


@post(HOME, page=True, status_code=200, right=access.OBJECTIONS)
async def decide(request: Request[Any, Any, Any]) -> Response[Any]:
    who, runtime = await forms.person(request), here(request)
    try:
        said = await forms.read(request, Decision)
        async with runtime.db.begin(HUB) as session:
            await runtime.say(
                session, await objections.decide(session, runtime, who, said.navigator, said.decision, said.answer)
            )
    except Refused as problem:
        return await _page(request, forms.again(request, problem), problem.status)
    return pages.redirect(request, HOME, flash=_("Your decision is stored; the person is told."))


routes = [listed, decide]
