"""A navigator's own way through modules: what they attended, what comes next, and where to register for it."""

import uuid
from typing import Any

from litestar import Response, get

from services.events import access, daylinks, qualification
from services.events.models import Event
from services.events.qualification import Own, OwnProgramme
from services.events.registration import wording
from services.events.web.registration import here
from services.kit import links, pages
from services.kit.db import HUB
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest


@get("/events/mine/{token:str}/modules", page=True, right=access.BY_LINK)
async def overview(request: AnyRequest, token: str) -> Response[Any]:
    """By the personal link; each event to which the person is invited, with their link to it."""
    runtime = here(request)
    await runtime.rates.take(links.LOOKS, links.counted(token))
    person = links.person(runtime.settings, token)
    if person is None:
        raise NotFound(_("This link is not valid any more."))
    await runtime.refresh()
    async with runtime.db.read(HUB) as session:
        found = await qualification.own(session, person)
    return await pages.page(
        request, "events/learning.html", secret=True, token=token, day=wording.day,
        programmes=[_shown(request, one, person) for one in found], own=f"{runtime.settings.issuer}/mine/{token}",
    )  # fmt: skip


def _shown(request: AnyRequest, one: OwnProgramme, person: uuid.UUID) -> dict[str, Any]:
    shown = {way.module.id: _way(request, way, person) for way in one.modules}
    return {
        "title": one.programme.title if one.programme else "",
        "year": one.programme.year if one.programme else 0,
        "modules": list(shown.values()),
        "done": sum(way.state == qualification.ATTENDED for way in one.modules),
        "next": shown[one.next.module.id] if one.programme and one.next else None,
    }


def _way(request: AnyRequest, way: Own, person: uuid.UUID) -> dict[str, Any]:
    def link(event: Event) -> str:
        return f"/events/registration/{daylinks.token(here(request).settings, event, person)}"

    return {
        **way._asdict(),
        "coming": [(event, state, link(event) if state else "") for event, state in way.coming],
        "booked": link(way.event) if way.event and way.state == qualification.BOOKED else "",
    }


routes = [overview]
