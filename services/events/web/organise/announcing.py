"""What the organiser tells people, by mail and on the screens of the day."""

import uuid
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_datetime
from litestar import Response, get, post

from services.events import access
from services.events.live import announcing
from services.events.models import Announcement, Event
from services.events.registration import transport
from services.events.web.organise import ground
from services.events.web.organise.ground import BASE, PAGE, REFUSALS, path_of
from services.events.web.registration import here
from services.kit import forms, pages
from services.kit.db import Writer
from services.kit.errors import NotFound
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.i18n import locale, ngettext
from services.kit.pages import AnyRequest

FIELDS: Final = ("text", "to", "city")


class Telling(msgspec.Struct, frozen=True):
    """`to` is empty for everybody, `city:<AGS>` or `vehicle:<id>`."""

    text: Annotated[str, msgspec.Meta(max_length=announcing.LONGEST_TEXT)]
    to: Annotated[str, msgspec.Meta(max_length=50)] = ""
    mail: bool = False


class Withdrawing(msgspec.Struct, frozen=True):
    announcement: str


@get(f"{BASE}/{{id:uuid}}/people/announcements", page=True, right=access.ORGANISER)
async def show(request: AnyRequest, id: uuid.UUID) -> Response[str]:
    return await _show(request, id)


async def _show(request: AnyRequest, id: uuid.UUID, shown: Form = EMPTY, status: int = 200) -> Response[str]:
    who = await ground.organiser(request)
    async with here(request).db.read(who.acting) as session:
        event = await ground.own(session, who, id)
        cities = await ground.cities_of(session, event)
        (vehicles,) = await transport.vehicles(session, [event.id])
        (found,) = await announcing.of_events(session, [event.id])
    buses = {one.id: one.name for one in vehicles}

    def whom(row: Announcement) -> str:
        if row.session_id:
            return _("one session")
        return buses.get(row.vehicle_id, "") if row.vehicle_id else cities.get(row.city or "", _("everybody"))

    def when(row: Announcement) -> str:
        return format_datetime(row.at, "short", tzinfo=ZoneInfo(event.timezone), locale=locale())

    return await ground.page(
        request, "announcements", event, "/people/announcements", status=status, shown=shown,
        rows=[(row, whom(row), when(row)) for row in found[:PAGE]], more=max(0, len(found) - PAGE),
        whom=[*((f"city:{ags}", name) for ags, name in cities.items()),
              *((f"vehicle:{key}", name) for key, name in buses.items())],
    )  # fmt: skip


@post(f"{BASE}/{{id:uuid}}/people/announcements", page=True, status_code=303, right=access.ORGANISER)
async def tell(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    async def work(session: Writer, event: Event) -> int:
        await here(request).rates.take(announcing.OFTEN, f"event:{event.id}")
        return (await announcing.announce(session, event, wanted))[1]

    try:
        said = await forms.read(request, Telling)
        kind, _colon, key = said.to.partition(":")
        city, vehicle = (key if kind == name else "" for name in ("city", "vehicle"))
        wanted = announcing.Draft(said.text, city, vehicle, mail=said.mail)
        people = await ground.change(request, id, work, say=False)
    except REFUSALS as problem:
        return await _show(request, id, ground.beside(request, problem, *FIELDS), problem.status)
    words = ngettext("Announced to one person.", "Announced to {number} people.", people)
    return pages.redirect(request, path_of(id, "/people/announcements"), flash=words)


@post(f"{BASE}/{{id:uuid}}/people/announcements/withdraw", page=True, status_code=303, right=access.ORGANISER)
async def withdraw(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    said = await forms.read(request, Withdrawing)

    async def work(session: Writer, event: Event) -> None:
        row = await announcing.by_id(session, said.announcement)
        if row.event_id != event.id:
            raise NotFound(_("There is no such announcement."))
        await announcing.withdraw(session, row)

    await ground.change(request, id, work, say=False)
    words = _("It is off the screens. Mails that were sent stay sent.")
    return pages.redirect(request, path_of(id, "/people/announcements"), flash=words)


routes = [show, tell, withdraw]
