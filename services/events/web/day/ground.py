"""What the organiser's pages of the day share: whose event it is, its tabs, what was refused."""

import re
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final

from litestar import Request, Response

from services.events import access, trips
from services.events.models import Event
from services.events.registration import wording
from services.events.web.day.phone import beside, clock_in
from services.events.web.registration import here
from services.kit import forms, pages
from services.kit.errors import HubError, NotFound
from services.kit.forms import Form
from services.kit.i18n import gettext as _

AnyRequest = Request[Any, Any, Any]
Shows = Callable[[Form, int], Awaitable[Response[Any]]]
SERVICE: Final = "events"
BASE: Final = "/organise/{id:uuid}/day"
AFTER: Final = "/organise/{id:uuid}/afterwards"
MOST_BYTES: Final = 200_000


async def organised(request: AnyRequest, id: uuid.UUID) -> Event:
    """An event of whoever is logged in. Raises Unknown, Forbidden or NotFound."""
    who = await forms.person(request)
    access.ORGANISER.check(who)
    async with here(request).db.read(who.acting) as session:
        (event,) = await trips.by_id(session, [id])
    if event is None:
        raise NotFound(_("There is no such event."))
    access.may_change(who, event)
    return event


async def page(
    request: AnyRequest, template: str, event: Event, rest: str, status: int = 200, **values: Any
) -> Response[str]:
    """A page of the day of one event; `rest` is where it stands below it."""
    base = f"/organise/{event.id}"
    after = rest.startswith("/afterwards")
    return await pages.page(
        request, f"events/day/{template}.html", status=status, secret=True, event=event, base=base, path=base + rest,
        date=wording.day(event), time=clock_in(event.timezone), main=_main(request, base),
        section=base + ("/afterwards" if after else "/day"),
        ways=[(base + way, label) for way, label in (_after() if after else _day())], **values,
    )  # fmt: skip


def _main(request: AnyRequest, base: str) -> list[tuple[str, str]]:
    """The other pages of the event's organiser, as far as this hub has them."""
    known = {re.sub(r"\{[^}]*\}", "*", route.path) for route in request.app.routes}
    ways = [
        ("", _("Overview")),
        ("/agenda", _("Agenda")),
        ("/venue", _("Place and rooms")),
        ("/people", _("People")),
        ("/groups", _("Groups")),
        ("/papers", _("Papers")),
        ("/day", _("The day")),
        ("/afterwards", _("Afterwards")),
    ]
    return [(base + rest, label) for rest, label in ways if f"/organise/*{rest}" in known]


def _day() -> list[tuple[str, str]]:
    return [
        ("/day", _("Clock")),
        ("/day/people", _("Who is there")),
        ("/day/buses", _("Buses")),
        ("/day/ideas", _("Ideas")),
        ("/day/board", _("Open space")),
        ("/day/harvest", _("Session results")),
        ("/day/votes", _("Ballots")),
    ]


def _after() -> list[tuple[str, str]]:
    return [
        ("/afterwards", _("Surveys and reports")),
        ("/afterwards/actions", _("Action items")),
        ("/afterwards/projects", _("Project cards")),
        ("/afterwards/voices", _("Voices")),
    ]


async def changed(
    request: AnyRequest, change: Callable[[], Awaitable[str]], onward: str, again: Shows, field: str = ""
) -> Response[Any]:
    """Do `change` and go on with what it says; or the page again, with what is wrong beside the `field`."""
    try:
        words = await change()
    except HubError as problem:
        return await again(beside(request, problem, field), problem.status)
    return pages.redirect(request, onward, flash=words)
