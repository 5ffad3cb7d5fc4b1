"""The forms about one's own entry: correct it, choose who sees what, object, erase."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, get, post

from services.directory import access, topics
from services.directory.fields import ENTRY, FIELDS, Audience
from services.directory.protection import erasure, own, words
from services.directory.protection import person as who_is
from services.directory.protection.own import Desk
from services.directory.protection.person import Person
from services.directory.sheets import language_codes, language_name
from services.directory.snapshot import AREAS, Competences
from services.directory.web.entry_form import Entry, Who
from services.directory.web.login import here
from services.directory.web.mine import found_by, slowly, step_for
from services.kit import forms, pages
from services.kit.db import HUB, Reader, Writer
from services.kit.errors import NotFound, Problem, Refused
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.messages import Message
from services.kit.pages import AnyRequest
from services.kit.text import folded

MOST_BYTES = 60_000


class Corrected(Entry, frozen=True):
    remove_photo: bool = False


class Objecting(msgspec.Struct):
    reason: Annotated[str, msgspec.Meta(max_length=own.LONGEST_OBJECTION)] = ""


class Erasing(msgspec.Struct):
    sure: Literal["true"]
    account: bool = False


Choices: Any = msgspec.defstruct("Choices", [(name, Who, "") for name in (ENTRY, *FIELDS)])


@get("/mine/{token:str}/correct", page=True, right=access.PERSONAL)
async def correct_form(request: AnyRequest, token: str) -> Response[Any]:
    return await _correct(request, token, EMPTY)


async def _correct(request: AnyRequest, token: str, shown: Form, status: int = 200) -> Response[Any]:
    found, labels = await found_by(request, token)
    row = found.shown
    return await pages.page(
        request, "directory/mine_correct.html", secret=True, status=status, token=token, shown=shown, row=row,
        names={name: words.field_name(name) for name in FIELDS}, languages=", ".join(map(language_name, row.languages)),
        topics={
            name: "\n".join(labels.get(code, code) for code in getattr(row, name))
            for name in ("offers", "seeks", "works_on")
        },
        areas={area: "\n".join(getattr(row.competences, area)) for area in AREAS},
    )  # fmt: skip


@post("/mine/{token:str}/correct", page=True, status_code=200, right=access.PERSONAL)
async def correct(request: AnyRequest, token: str) -> Response[Any]:
    try:
        said = await forms.read(request, Corrected, most=MOST_BYTES)

        async def step(session: Writer, desk: Desk, found: Person) -> list[Message]:
            return await own.correct(session, desk, found, await _wanted(session, said, found))

        return await step_for(request, token, step, _("Your corrections count from now on."))
    except Refused as problem:
        return await _correct(request, token, forms.again(request, problem), problem.status)


async def _wanted(session: Reader, said: Corrected, found: Person) -> dict[str, Any]:
    """The form's fields that differ from what is shown, as rows of a snapshot have them."""
    wanted: dict[str, Any] = {
        **{name: getattr(said, name) or None for name in ("email", "phone", "chat", "hours_share", "since", "until")},
        **{name: getattr(said, name) for name in ("name", "title", "department", "room")},
        "languages": language_codes(said.languages),
        "competences": Competences(**{area: tuple(forms.lines(getattr(said, area))) for area in AREAS}),
        "photo": None if said.remove_photo else found.shown.photo,
    }
    codes = await _codes(session)
    for name in ("offers", "seeks", "works_on"):
        found_codes = []
        for text in forms.lines(getattr(said, name)):
            if (code := codes.get(folded(text))) is None:
                message = _("The topic „{topic}“ is not in the vocabulary.", topic=text[:60])
                raise Refused(_("Nothing was changed. Please look at the fields that are named."),
                              [Problem(message, field=name)])  # fmt: skip
            found_codes.append(code)
        wanted[name] = tuple(sorted(set(found_codes)))
    return {name: value for name, value in wanted.items() if value != getattr(found.shown, name)}


async def _codes(session: Reader) -> dict[str, str]:
    """Topics by everything that people call them, folded; labels before synonyms."""
    found: dict[str, str] = {}
    rows = await topics.tree(session)
    for names in (lambda row: (row.code, row.de, row.en), lambda row: row.synonyms):
        for row in rows:
            for name in names(row):
                found.setdefault(folded(name), row.code)
    return found


@get("/mine/{token:str}/audience", page=True, right=access.PERSONAL)
async def audience_form(request: AnyRequest, token: str) -> Response[Any]:
    return await _audience(request, token, EMPTY)


async def _audience(request: AnyRequest, token: str, shown: Form, status: int = 200) -> Response[Any]:
    found, labels = await found_by(request, token)
    choices = own.choices(found)
    fields = [
        {
            "name": name,
            "label": words.field_name(name) if name in FIELDS else _("That I am a digital navigator at all"),
            "value": words.value_text(name, found.shown, labels) if name in FIELDS else "",
            "chosen": choice.chosen.name,
            "options": [
                (one.name, words.audience_name(one))
                for one in Audience
                if one >= choice.widest and not (name == ENTRY and one is Audience.PRIVATE)
            ],
        }
        for name, choice in choices.items()
        if name == ENTRY or name in words.filled(found.shown)
    ]
    return await pages.page(
        request, "directory/mine_audience.html", secret=True, status=status, token=token, shown=shown, fields=fields
    )


@post("/mine/{token:str}/audience", page=True, status_code=200, right=access.PERSONAL)
async def audience(request: AnyRequest, token: str) -> Response[Any]:
    try:
        said = msgspec.to_builtins(await forms.read(request, Choices))

        async def step(session: Writer, desk: Desk, found: Person) -> list[Message]:
            now = own.choices(found)
            chosen = {name: Audience[value] for name, value in said.items() if value}
            changed = {name: value for name, value in chosen.items() if value is not now[name].chosen}
            return await own.show(session, desk, found, changed)

        return await step_for(request, token, step, _("Your choice counts from now on."))
    except Refused as problem:
        return await _audience(request, token, forms.again(request, problem), problem.status)


@get("/mine/{token:str}/object", page=True, right=access.PERSONAL)
async def object_form(request: AnyRequest, token: str) -> Response[Any]:
    found, _labels = await found_by(request, token)
    return await pages.page(request, "directory/mine_object.html", secret=True, token=token, person=found, shown=EMPTY)


@post("/mine/{token:str}/object", page=True, status_code=200, right=access.PERSONAL)
async def object_(request: AnyRequest, token: str) -> Response[Any]:
    try:
        said = await forms.read(request, Objecting)

        async def step(session: Writer, desk: Desk, found: Person) -> list[Message]:
            return await own.object_(session, desk, found, said.reason)

        return await step_for(request, token, step, _("You have objected. You are hidden until your city has decided."))
    except Refused as problem:
        found, _labels = await found_by(request, token)
        shown = forms.again(request, problem)
        return await pages.page(
            request, "directory/mine_object.html", secret=True, status=422, token=token, person=found, shown=shown
        )


@get("/mine/{token:str}/erase", page=True, right=access.PERSONAL)
async def erase_form(request: AnyRequest, token: str) -> Response[Any]:
    return await _erase(request, token, EMPTY)


async def _erase(request: AnyRequest, token: str, shown: Form, status: int = 200) -> Response[Any]:
    found, _labels = await found_by(request, token, withdrawn=True)
    async with here(request).db.read(HUB) as session:
        account = await who_is.account_of(session, found)
    return await pages.page(
        request, "directory/mine_erase.html", secret=True, status=status, token=token, person=found, shown=shown,
        account=account,
    )  # fmt: skip


@post("/mine/{token:str}/erase", page=True, status_code=200, right=access.PERSONAL)
async def erase(request: AnyRequest, token: str) -> Response[Any]:
    """Erase the entry, and the account if asked for; then say what was done."""
    runtime = here(request)
    try:
        said = await forms.read(request, Erasing)
        await slowly(request)
        async with runtime.db.begin(HUB) as session:
            found = await who_is.of_link(session, runtime.settings, token, lock=True, withdrawn=True)
            account = await who_is.account_of(session, found) if said.account else None
            desk = Desk(runtime.settings, runtime.memory)
            await runtime.say(session, await erasure.erase(session, desk, found, actor=own.PERSON, account=account))
    except Refused as problem:
        return await _erase(request, token, forms.again(request, problem), problem.status)
    except NotFound:  # sent twice: it is done
        return await pages.page(request, "directory/mine_gone.html", secret=True, city="")
    return await pages.page(request, "directory/mine_gone.html", secret=True, city=found.city.name)


routes = [
    correct_form, correct, audience_form, audience, object_form, object_, erase_form, erase,
]  # fmt: skip
