"""A navigator's self-assessment, for themselves until they share it; and who did and saw what of them."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post

from services.directory import access
from services.directory.protection import assessment, log
from services.directory.protection import person as who_is
from services.directory.protection.own import Desk
from services.directory.protection.person import Person
from services.directory.web.login import Nothing, here
from services.directory.web.mine import slowly, step_for
from services.kit import forms, pages
from services.kit.db import HUB, Writer
from services.kit.errors import Refused
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.messages import Message
from services.kit.pages import AnyRequest

Said: Any = msgspec.defstruct(
    "Said",
    [
        ("notes", Annotated[str, msgspec.Meta(max_length=assessment.LONGEST)], ""),
        *((one, int | None, None) for statements in assessment.STATEMENTS.values() for one in statements),
    ],
    frozen=True,
)
MOST_BYTES: Final = 30_000


@get("/mine/{token:str}/assessment", page=True, right=access.PERSONAL)
async def form(request: AnyRequest, token: str) -> Response[Any]:
    return await _form(request, token, EMPTY)


async def _form(request: AnyRequest, token: str, shown: Form, status: int = 200) -> Response[Any]:
    await slowly(request)
    runtime = here(request)
    async with runtime.db.read(HUB) as session:
        found = await who_is.of_link(session, runtime.settings, token)
        own = await assessment.of(session, found.id)
    return await pages.page(
        request, "directory/mine_assessment.html", secret=True, status=status, token=token, shown=shown, own=own,
        person=found, areas=assessment.areas(), statements=assessment.STATEMENTS, says=assessment.in_words(),
        levels=[("", _("no answer")), *((str(one), words) for one, words in assessment.levels().items())],
        names={**assessment.in_words(), "notes": _("What I want to learn next")},
    )  # fmt: skip


@post("/mine/{token:str}/assessment", page=True, status_code=200, right=access.PERSONAL)
async def keep(request: AnyRequest, token: str) -> Response[Any]:
    try:
        said = msgspec.to_builtins(await forms.read(request, Said, most=MOST_BYTES))
        notes = said.pop("notes")

        async def step(session: Writer, _desk: Desk, found: Person) -> list[Message]:
            chosen = {name: level for name, level in said.items() if level is not None}
            await assessment.keep(session, found, chosen, notes)
            return []

        return await step_for(request, token, step, _("Stored. Nobody but you reads it."), "/assessment")
    except Refused as problem:
        return await _form(request, token, forms.again(request, problem), problem.status)


@post("/mine/{token:str}/assessment/share", page=True, status_code=303, right=access.PERSONAL)
async def share(request: AnyRequest, token: str) -> Response[Any]:
    said = _("Your coordinators can read it now, as it is today. You can take it back at any time.")
    return await _done(request, token, assessment.share, said)


@post("/mine/{token:str}/assessment/unshare", page=True, status_code=303, right=access.PERSONAL)
async def unshare(request: AnyRequest, token: str) -> Response[Any]:
    return await _done(request, token, assessment.take_back, _("Nobody but you reads it any more."))


@post("/mine/{token:str}/assessment/erase", page=True, status_code=303, right=access.PERSONAL)
async def erase(request: AnyRequest, token: str) -> Response[Any]:
    return await _done(request, token, assessment.erase, _("Your self-assessment is erased."))


async def _done(
    request: AnyRequest, token: str, change: Callable[[Writer, Person], Awaitable[object]], said: str
) -> Response[Any]:
    """Change what is stored of the person's own assessment; the form has nothing to say."""

    async def step(session: Writer, _desk: Desk, found: Person) -> list[Message]:
        await change(session, found)
        return []

    await forms.read(request, Nothing)
    return await step_for(request, token, step, said, "/assessment")


@get("/mine/{token:str}/log", page=True, right=access.PERSONAL)
async def seen(request: AnyRequest, token: str) -> Response[Any]:
    """What the audit log says of the person and their account, newest first."""
    await slowly(request)
    runtime = here(request)
    async with runtime.db.read(HUB) as session:
        found = await who_is.of_link(session, runtime.settings, token, withdrawn=True)
        lines = await log.of_person(session, found)
    return await pages.page(
        request, "directory/mine_log.html", secret=True, token=token, lines=lines, most=log.MOST,
    )  # fmt: skip


routes = [form, keep, share, unshare, erase, seen]
