"""The agenda, item by item: add, change, remove and take that back, move."""

import datetime as dt
import uuid
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, get, post

from services.events import access, rearranging, timetable
from services.events.draft import Draft, Item, Link
from services.events.web.organise import ground, undoing
from services.events.web.organise.ground import BASE, REFUSALS, path_of
from services.events.web.registration import here
from services.kit import forms, pages, seen
from services.kit.errors import Problem, Refused
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest
from services.kit.seen import Seen

FIELDS: Final = ("day", "starts", "ends", "title", "audience", "responsible", "details", "material")
Lines = Annotated[str, msgspec.Meta(max_length=8_000)]


class Writing(msgspec.Struct, frozen=True):
    """An item; `item` is the id of the one that is changed, `later` has what follows move along with it."""

    starts: Annotated[str, msgspec.Meta(max_length=5)]
    title: Annotated[str, msgspec.Meta(max_length=200)]
    item: str = ""
    seen: Seen = ""
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


@get(f"{BASE}/{{id:uuid}}/agenda", page=True, right=access.ORGANISER)
async def show(request: AnyRequest, id: uuid.UUID, item: str = "") -> Response[str]:
    """The agenda and one form: for a further item, or for the `item` that is changed."""
    return await _show(request, id, item=item)


async def _show(
    request: AnyRequest, id: uuid.UUID, shown: Form = EMPTY, status: int = 200, *, item: str = ""
) -> Response[str]:
    who = await ground.organiser(request)
    async with here(request).db.read(who.acting) as session:
        event = await ground.own(session, who, id)
        now = await timetable.draft_of(session, event)
        cities = await ground.cities_of(session, event)
    chosen = rearranging.known(now, item)
    days = [now.date + dt.timedelta(days=n) for n in range((now.ends - now.date).days + 1)]
    return await ground.page(
        request, "agenda", event, "/agenda", status=status, shown=shown, draft=now, cities=cities, chosen=chosen,
        seen=seen.tag(chosen), days=days,
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
    seen.check(said.seen, rearranging.known(before, said.item), item)
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
    there = undoing.address(request, id, path_of(id, "/agenda"), msgspec.structs.replace(gone[0], id=None))
    return pages.redirect(request, there, flash=_("„{title}“ is gone.", title=gone[0].title))


routes = [show, write, move]
