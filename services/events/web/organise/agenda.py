"""The agenda, item by item: add, change, remove and take that back, move."""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import uuid
import zlib
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post

from services.events import access, rearranging, timetable
from services.events.draft import Draft, Item, Link
from services.events.web.organise import ground
from services.events.web.organise.ground import BASE, REFUSALS, path_of
from services.events.web.registration import here
from services.kit import forms, pages
from services.kit.errors import NotFound, Problem, Refused
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest

FIELDS: Final = ("day", "starts", "ends", "title", "audience", "responsible", "details", "material")
LONGEST_UNDO: Final = 4_000
"""Characters in an address; a longer item is gone without a way back, which its button then does not promise."""
Lines = Annotated[str, msgspec.Meta(max_length=8_000)]


class Writing(msgspec.Struct, frozen=True):
    """An item; `item` is the id of the one that is changed, `later` has what follows move along with it."""

    starts: Annotated[str, msgspec.Meta(max_length=5)]
    title: Annotated[str, msgspec.Meta(max_length=200)]
    item: str = ""
    day: dt.date | None = None
    ends: Annotated[str, msgspec.Meta(max_length=5)] = ""
    audience: Annotated[str, msgspec.Meta(max_length=8)] = ""
    responsible: Annotated[str, msgspec.Meta(max_length=200)] = ""
    details: Lines = ""
    material: Lines = ""
    later: bool = False


class Moving(msgspec.Struct, frozen=True):
    item: str
    step: Literal["earlier", "later", "remove"]


class Restoring(msgspec.Struct, frozen=True):
    gone: Annotated[str, msgspec.Meta(max_length=LONGEST_UNDO)]


@get(f"{BASE}/{{id:uuid}}/agenda", page=True, right=access.ORGANISER)
async def show(request: AnyRequest, id: uuid.UUID, item: str = "", gone: str = "") -> Response[str]:
    """The agenda and one form: for a further item, or for the `item` that is changed."""
    return await _show(request, id, item=item, gone=gone)


async def _show(
    request: AnyRequest, id: uuid.UUID, shown: Form = EMPTY, status: int = 200, *, item: str = "", gone: str = ""
) -> Response[str]:
    who = await ground.organiser(request)
    async with here(request).db.read(who.acting) as session:
        event = await ground.own(session, who, id)
        now = await timetable.draft_of(session, event)
        cities = await ground.cities_of(session, event)
    chosen = next((one for one in now.agenda if one.id == item), None)
    days = [now.date + dt.timedelta(days=n) for n in range((now.ends - now.date).days + 1)]
    undo = gone if gone and _opened(request, id, gone) is not None else ""
    return await ground.page(
        request, "agenda", event, "/agenda", status=status, shown=shown, draft=now, cities=cities, chosen=chosen,
        days=days, gone=undo,
        material="\n".join(f"{one.title}: {one.url}" for one in chosen.material) if chosen else "",
    )  # fmt: skip


@post(f"{BASE}/{{id:uuid}}/agenda", page=True, status_code=303, right=access.ORGANISER)
async def write(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    item = ""
    try:
        said = await forms.read(request, Writing)
        item = said.item
        await ground.rewrite(request, id, lambda before: _written(before, said))
    except REFUSALS as problem:
        shown = ground.beside(request, problem, *FIELDS)
        return await _show(request, id, shown, problem.status, item=item or shown.value("item"))
    return pages.redirect(request, path_of(id, "/agenda"), flash=_("This is stored."))


def _written(before: Draft, said: Writing) -> Draft:
    item = Item(
        said.starts, said.title, said.ends or None,
        details=tuple(forms.lines(said.details)),
        audience=said.audience or None, responsible=said.responsible or None, day=said.day or before.date,
        material=tuple(map(_link, forms.lines(said.material))), id=said.item or None,
    )  # fmt: skip
    if item.id is not None and said.later:
        was = rearranging.found(before, item.id)
        if (minutes := rearranging.minutes(item.starts) - rearranging.minutes(was.starts)) and item.day == was.day:
            before = rearranging.shifted(before, item.id, minutes)
    return rearranging.with_item(before, item)


def _link(line: str) -> Link:
    """`Title: https://…`, or the address alone. Raises Refused."""
    title, found, rest = line.partition("https://")
    if not found:
        words = _("Please write a title and an address that starts with https://")
        raise Refused(_("Please look at the fields that are named."), [Problem(words, field="material")])
    return Link(title.strip().rstrip(":").strip() or rest.split("/")[0], f"https://{rest.strip()}")


@post(f"{BASE}/{{id:uuid}}/agenda/move", page=True, status_code=303, right=access.ORGANISER)
async def move(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """Earlier, later, or away; what is gone can be put back with what the next page knows of it."""
    gone: list[Item] = []

    def edit(before: Draft) -> Draft:
        if said.step != "remove":
            return rearranging.moved(before, said.item, earlier=said.step == "earlier")
        gone.append(rearranging.found(before, said.item))
        return rearranging.without(before, said.item)

    try:
        said = await forms.read(request, Moving)
        await ground.rewrite(request, id, edit)
    except REFUSALS as problem:
        return await _show(request, id, ground.beside(request, problem)._replace(sent={}), problem.status)
    if not gone:
        return pages.redirect(request, path_of(id, "/agenda"), flash=_("This is stored."))
    kept = _sealed(request, id, gone[0])
    rest = f"/agenda?{urlencode({'gone': kept})}" if len(kept) <= LONGEST_UNDO else "/agenda"
    return pages.redirect(request, path_of(id, rest), flash=_("„{title}“ is gone.", title=gone[0].title))


@post(f"{BASE}/{{id:uuid}}/agenda/restore", page=True, status_code=303, right=access.ORGANISER)
async def restore(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    try:
        item = _opened(request, id, (await forms.read(request, Restoring)).gone)
        if item is None:
            raise NotFound(_("This event has no such entry."))
        await ground.rewrite(request, id, lambda before: rearranging.with_item(before, item))
    except REFUSALS as problem:
        return await _show(request, id, ground.beside(request, problem)._replace(sent={}), problem.status)
    return pages.redirect(request, path_of(id, "/agenda"), flash=_("It is back."))


def _sealed(request: AnyRequest, id: uuid.UUID, item: Item) -> str:
    """An item of this event for an address, which only this hub can have written."""
    packed = zlib.compress(msgspec.json.encode(msgspec.structs.replace(item, id=None)))
    return f"{_seal(request, id, packed)}.{base64.urlsafe_b64encode(packed).decode()}"


def _opened(request: AnyRequest, id: uuid.UUID, value: str) -> Item | None:
    seal, _dot, text = value[:LONGEST_UNDO].partition(".")
    try:
        packed = base64.urlsafe_b64decode(text.encode("ascii"))
    except (binascii.Error, UnicodeEncodeError):
        return None
    if not hmac.compare_digest(_seal(request, id, packed).encode(), seal.encode()):
        return None
    return msgspec.json.decode(zlib.decompress(packed), type=Item)


def _seal(request: AnyRequest, id: uuid.UUID, packed: bytes) -> str:
    return hmac.digest(here(request).settings.derived("agenda"), id.bytes + packed, hashlib.sha256).hex()


routes = [show, write, move, restore]
