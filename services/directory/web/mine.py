"""One's own entry, with a link from a mail and without an account: see it, confirm it, hide it, take it along."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post

from services.directory import access, people, topics
from services.directory.fields import ENTRY, FIELDS
from services.directory.protection import notices, own, words
from services.directory.protection import person as who_is
from services.directory.protection.export import export
from services.directory.protection.own import Desk
from services.directory.protection.person import Person
from services.directory.protection.record import in_words
from services.directory.protection.retention import SOURCES_KEPT
from services.directory.web.login import Nothing, here
from services.kit import forms, i18n, pages
from services.kit.db import HUB, Writer
from services.kit.errors import Problem, Refused
from services.kit.forms import EMPTY
from services.kit.i18n import gettext as _
from services.kit.messages import Message
from services.kit.pages import AnyRequest
from services.kit.rates import Rate, address_of
from services.kit.rights import ANYBODY

LOOKS = Rate("own entry", 300, 300)
LINKS_FROM_ADDRESS = Rate("own entry link", 30, 900)
LINKS_TO_ADDRESS = Rate("own entry link to", 5, 900)
Step = Callable[[Writer, Desk, Person], Awaitable[list[Message]]]


class Address(msgspec.Struct, frozen=True):
    email: Annotated[str, msgspec.Meta(max_length=254)]


async def slowly(request: AnyRequest) -> None:
    await here(request).rates.take(LOOKS, address_of(request))


async def found_by(request: AnyRequest, token: str, *, withdrawn: bool = False) -> tuple[Person, dict[str, str]]:
    """Whose page it is, and the labels of the topics by code. With `withdrawn`, also of whom only earlier publications
    hold.
    """
    await slowly(request)
    runtime = here(request)
    async with runtime.db.read(HUB) as session:
        found = await who_is.of_link(session, runtime.settings, token, withdrawn=withdrawn)
        family = await topics.remembered(session, runtime.memory)
        return found, {one.code: one.en if i18n.language() == "en" else one.de for one in family}


async def step_for(request: AnyRequest, token: str, step: Step, done: str, part: str = "") -> Response[Any]:
    """One unit of work for the person; then back to a part of their page, whose address changes with theirs."""
    await slowly(request)
    runtime = here(request)
    desk = Desk(runtime.settings, runtime.memory)
    async with runtime.db.begin(HUB) as session:
        found = await who_is.of_link(session, runtime.settings, token, lock=True)
        before = found.shown.email
        await runtime.say(session, await step(session, desk, found))
        after = (await who_is.find(session, runtime.settings, found.id)).shown.email
    path = f"/mine/{token}" if after == before else who_is.link(runtime.settings, found.id, after or "")
    return pages.redirect(request, path + part, flash=done)


# The way in -------------------------------------------------------------------------------------------------------


@get("/mine", page=True, right=ANYBODY)
async def ask(request: AnyRequest) -> Response[Any]:
    """Who is logged in as a navigator comes to their entry; everybody else can have a link sent."""
    who, runtime = await forms.asking(request), here(request)
    if who.session and who.city and who.city in who.where(access.NAVIGATOR):
        async with runtime.db.read(HUB) as session:
            row = await people.account(session, uuid.UUID(who.subject))
            found = await who_is.at_address(session, runtime.settings, row.email or "", who.city)
        if found:
            link = who_is.link(runtime.settings, found[0].id, found[0].shown.email or "", who_is.VISIT_LIFE)
            return pages.redirect(request, link)
    return await pages.page(request, "directory/mine_ask.html", shown=EMPTY)


@post("/mine", page=True, status_code=200, right=ANYBODY)
async def send(request: AnyRequest) -> Response[Any]:
    """Have a link sent. The answer is the same whoever asks for whomever."""
    try:
        asked, runtime = await forms.read(request, Address), here(request)
        await runtime.rates.take_each(
            (LINKS_FROM_ADDRESS, address_of(request)), (LINKS_TO_ADDRESS, f"mail:{asked.email.lower()}")
        )
        async with runtime.db.begin(HUB) as session:
            await notices.wanted.ask(session, runtime, asked.email)
    except Refused as problem:
        shown = forms.again(request, problem if problem.problems else _beside(problem, "email"))
        return await pages.page(request, "directory/mine_ask.html", status=422, shown=shown)
    return await pages.page(request, "directory/mine_sent.html")


def _beside(problem: Refused, field: str) -> Refused:
    return Refused(problem.message, [Problem(problem.message, field=field)])


@get("/mine/{token:str}", page=True, right=access.PERSONAL)
async def mine(request: AnyRequest, token: str) -> Response[Any]:
    """Everything at a glance: what is published, who sees it, on which ground."""
    found, labels = await found_by(request, token, withdrawn=True)
    choices, shown = own.choices(found), found.shown
    rows = [
        {
            "name": words.field_name(name),
            "value": words.value_text(name, shown, labels),
            "city": words.value_text(name, found.row, labels),
            "sees": words.audience_name(choices[name].sees),
            "basis": words.basis_name(field.basis),
            "consent": (found.own.consents if found.own else {}).get(name),
        }
        for name, field in FIELDS.items()
        if name in {**words.filled(shown), **words.filled(found.row)}
    ]
    return await pages.page(
        request, f"directory/{'mine_withdrawn' if found.withdrawn else 'mine'}.html", secret=True, token=token,
        person=found, rows=rows, entry=words.audience_name(choices[ENTRY].sees), kept=in_words(SOURCES_KEPT),
        events=f"{here(request).settings.url_of('events')}/events/mine/{token}",
    )  # fmt: skip


@get("/mine/{token:str}/data.json", page=True, right=access.PERSONAL)
async def data(request: AnyRequest, token: str) -> Response[bytes]:
    """Everything that the directory holds about the person, to take along."""
    await slowly(request)
    runtime = here(request)
    async with runtime.db.read(HUB) as session:
        found = await who_is.of_link(session, runtime.settings, token, withdrawn=True)
        content = await export(session, runtime.settings, found, token)
    headers = {"cache-control": "no-store", "content-disposition": 'attachment; filename="lotsennetz.json"'}
    return Response(msgspec.json.encode(content), media_type="application/json", headers=headers)


# One button -------------------------------------------------------------------------------------------------------


@post("/mine/{token:str}/confirm", page=True, status_code=303, right=access.PERSONAL)
async def confirm(request: AnyRequest, token: str) -> Response[Any]:
    await forms.read(request, Nothing)
    return await step_for(request, token, own.confirm, _("Thank you. Your entry counts as confirmed today."))


@post("/mine/{token:str}/hide", page=True, status_code=303, right=access.PERSONAL)
async def hide(request: AnyRequest, token: str) -> Response[Any]:
    await forms.read(request, Nothing)

    async def step(session: Writer, desk: Desk, found: Person) -> list[Message]:
        return await own.hide(session, desk, found, hidden=True)

    return await step_for(request, token, step, _("Nobody outside your city sees you any more."))


@post("/mine/{token:str}/unhide", page=True, status_code=303, right=access.PERSONAL)
async def unhide(request: AnyRequest, token: str) -> Response[Any]:
    await forms.read(request, Nothing)

    async def step(session: Writer, desk: Desk, found: Person) -> list[Message]:
        return await own.hide(session, desk, found, hidden=False)

    return await step_for(request, token, step, _("You can be seen again, as you and your city chose."))


routes = [ask, send, mine, data, confirm, hide, unhide]
