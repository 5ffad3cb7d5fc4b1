"""Circulars: written, looked at before they go, and listed; and the page on which somebody ends them."""

import uuid
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, get, post

from services.contracts.states import STATES
from services.directory import access
from services.directory.access import may_steer
from services.directory.stateview import circulars, coverage, tables
from services.directory.stateview.circulars import Audience, Letter, To
from services.directory.stateview.ground import checked_state
from services.directory.web.oauth import here
from services.kit import forms, pages
from services.kit.auth import Principal
from services.kit.db import HUB
from services.kit.errors import Conflict, Refused, TooMany
from services.kit.forms import EMPTY, Form
from services.kit.graphql import encode_cursor
from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext
from services.kit.links import CHANGES, LOOKS, counted
from services.kit.pages import AnyRequest
from services.kit.resolvers import moment_of

PAGE: Final = 20
MOST_NAMED: Final = 20
"""Cities that a page names; of the others it says how many."""
MOST_FORM: Final = 60_000
FIELDS: Final = ("subject", "text", "audience", "district", "size", "cities")


class Writing(msgspec.Struct, frozen=True):
    """`once` is the key of this letter, so that a form that is sent twice writes it once."""

    do: Literal["preview", "change", "send"]
    audience: Literal["ALL", "CASELOAD", "DISTRICT", "SIZE_CLASS", "LIST"]
    subject: Annotated[str, msgspec.Meta(max_length=600)] = ""
    text: Annotated[str, msgspec.Meta(max_length=20_000)] = ""
    district: Annotated[str, msgspec.Meta(max_length=5)] = ""
    size: Annotated[str, msgspec.Meta(max_length=20)] = ""
    cities: Annotated[str, msgspec.Meta(max_length=20_000)] = ""
    duty: Literal["yes", "no"] = "no"
    once: Annotated[str, msgspec.Meta(max_length=40)] = ""


class Wanting(msgspec.Struct, frozen=True):
    wanted: Literal["yes", "no"]


async def _steering(request: AnyRequest, code: str) -> Principal:
    who = await forms.person(request)
    may_steer(who, checked_state(code))
    return who


def audiences() -> list[tuple[str, str]]:
    return [
        (Audience.ALL.value, _("all cities of the state that take part")),
        (Audience.CASELOAD.value, _("the cities that I look after")),
        (Audience.DISTRICT.value, _("the cities of a district")),
        (Audience.SIZE_CLASS.value, _("the cities of a size")),
        (Audience.LIST.value, _("cities that I name")),
    ]


def audience_words(audience: str, about: str, cities: int, districts: dict[str, str]) -> str:
    """To whose coordinators a circular goes."""
    words = {
        Audience.ALL.value: _("all cities"),
        Audience.CASELOAD.value: _("the writer's own cities"),
        Audience.DISTRICT.value: districts.get(about, about),
        Audience.SIZE_CLASS.value: _("cities of {size} inhabitants", size=tables.size_words(about)),
    }
    return words.get(audience) or ngettext("one city by name", "{number} cities by name", cities)


@get("/state/{code:str}/circulars", page=True, right=access.STEERING)
async def listed(request: AnyRequest, code: str, after: str | None = None) -> Response[Any]:
    who = await _steering(request, code)
    async with here(request).db.read(who.acting) as session:
        rows = await circulars.page(session, code, PAGE + 1, before=moment_of(after))
        districts = await _districts(session, code, who)
    last = rows[PAGE - 1][0] if len(rows) > PAGE else None
    return await pages.page(
        request, "directory/state_circulars.html", code=code, name=STATES[code],
        rows=[
            (row, writer, audience_words(row.audience, row.about, len(row.cities), districts))
            for row, writer in rows[:PAGE]
        ],
        following=encode_cursor(last.at.isoformat(), str(last.id)) if last else "",
    )  # fmt: skip


async def _districts(session: Any, code: str, who: Principal) -> dict[str, str]:
    covered = await coverage.coverage(session, code, access.viewer(who))
    return {row.district_code or "": row.district or row.district_code or "" for row in covered.districts}


@get("/state/{code:str}/circulars/new", page=True, right=access.STEERING)
async def new(request: AnyRequest, code: str, to: str = "") -> Response[Any]:
    """The form; `to` chooses an audience."""
    return await _new(request, await _steering(request, code), code, to=to)


async def _new(
    request: AnyRequest, who: Principal, code: str, shown: Form = EMPTY, status: int = 200, to: str = ""
) -> Response[Any]:
    async with here(request).db.read(who.acting) as session:
        districts = await _districts(session, code, who)
    return await pages.page(
        request, "directory/state_circular_new.html", status=status, code=code, name=STATES[code], shown=shown,
        audiences=audiences(), to=to if to in Audience.__members__ else Audience.ALL.value,
        districts=list(districts.items()), sizes=tables.sizes_in_words(), longest=circulars.LONGEST_TEXT,
        most_subject=circulars.LONGEST_SUBJECT, duties=_duties(),
    )  # fmt: skip


def _duties() -> list[tuple[str, str, str]]:
    useful = _("Invitations, news, offers. Who has had enough of such circulars gets none.")
    duty = _("Entries, deadlines, places, security. It goes to all of them, and nobody can end it.")
    return [
        ("no", _("Something that may be of use"), useful),
        ("yes", _("Their duties as coordinators"), duty),
    ]


@post("/state/{code:str}/circulars", page=True, status_code=200, right=access.STEERING)
async def write(request: AnyRequest, code: str) -> Response[Any]:
    """Show it as it would go, take it back into the form, or send it."""
    who, runtime = await _steering(request, code), here(request)
    try:
        said = await forms.read(request, Writing, most=MOST_FORM)
        if said.do == "change":
            return await _new(request, who, code, forms.again(request, Refused("")))
        async with runtime.db.read(who.acting) as session:
            letter = circulars.checked(await _letter(session, code, said))
            found = await circulars.reach(session, who, code, letter.to, duty=letter.duty)
            names = await circulars.names(session, found.unreached[:MOST_NAMED])
            districts = await _districts(session, code, who)
        if said.do == "preview":
            return await pages.page(
                request, "directory/state_circular_preview.html", code=code, name=STATES[code], said=said,
                letter=letter, reach=found,
                audience=audience_words(letter.to.audience.value, letter.to.about, len(found.cities), districts),
                unreached=[names.get(ags, ags) for ags in found.unreached[:MOST_NAMED]],
                left=max(len(found.unreached) - MOST_NAMED, 0), once=said.once or str(uuid.uuid4()),
            )  # fmt: skip
        id = await circulars.deliver(runtime, who, code, letter, said.once or None)
    except (Refused, Conflict, TooMany) as problem:
        return await _new(request, who, code, forms.again(request, problem), problem.status)
    return pages.redirect(request, f"/state/{code}/circulars/{id}", flash=_("The circular is on its way."))


async def _letter(session: Any, code: str, said: Writing) -> Letter:
    audience = Audience(said.audience)
    to = To(audience, {Audience.DISTRICT: said.district, Audience.SIZE_CLASS: said.size}.get(audience, ""))
    if audience is Audience.LIST:
        named = forms.lines(said.cities.replace(",", "\n").replace(";", "\n"))
        to = To(audience, cities=await circulars.keys_of(session, code, named))
    return Letter(said.subject, said.text, said.duty == "yes", to)


@get("/state/{code:str}/circulars/{id:uuid}", page=True, right=access.STEERING)
async def shown(request: AnyRequest, code: str, id: uuid.UUID) -> Response[Any]:
    who = await _steering(request, code)
    async with here(request).db.read(who.acting) as session:
        row, writer = await circulars.one(session, code, id)
        names = await circulars.names(session, row.cities[:MOST_NAMED])
        districts = await _districts(session, code, who)
    return await pages.page(
        request, "directory/state_circular.html", code=code, name=STATES[code], row=row, writer=writer,
        audience=audience_words(row.audience, row.about, len(row.cities), districts),
        cities=[(ags, names.get(ags, ags)) for ags in row.cities[:MOST_NAMED]],
        left=max(len(row.cities) - MOST_NAMED, 0), paragraphs=row.text.split("\n\n"),
    )  # fmt: skip


# Having had enough ----------------------------------------------------------------------------------------------------


@get("/circulars/{token:str}", page=True, right=access.ENDING)
async def ending(request: AnyRequest, token: str) -> Response[Any]:
    runtime = here(request)
    await runtime.rates.take(LOOKS, counted(token))
    circulars.ends_for(runtime.settings, token)
    return await pages.page(request, "directory/circulars_end.html", secret=True, token=token, done=False)


@post("/circulars/{token:str}", page=True, status_code=200, right=access.ENDING)
async def end(request: AnyRequest, token: str) -> Response[Any]:
    """By our own page, and by mail programs, which send no cookies and read no page (RFC 8058): the link is enough."""
    runtime = here(request)
    await runtime.rates.take(CHANGES, counted(token))
    account = circulars.ends_for(runtime.settings, token)
    async with runtime.db.begin(HUB) as session:  # the link speaks for the account
        await circulars.want(session, account, wanted=False)
    return await pages.page(request, "directory/circulars_end.html", secret=True, token=token, done=True)


@post("/account/circulars", page=True, status_code=303, right=access.ONESELF)
async def choose(request: AnyRequest) -> Response[Any]:
    who = await forms.person(request)
    said = await forms.read(request, Wanting)
    async with here(request).db.begin(HUB) as session:  # nobody changes accounts but those who look after people
        await circulars.want(session, uuid.UUID(who.subject), wanted=said.wanted == "yes")
    return pages.redirect(request, "/account", flash=_("This is stored."))


routes = [listed, new, write, shown, ending, end, choose]
