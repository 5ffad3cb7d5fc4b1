"""What the organiser's pages of the day share: whose event it is, its tabs, what was refused."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final

from litestar import Response

from services.events import changing
from services.events.models import Event
from services.events.registration import wording
from services.events.web.day.phone import beside, clock_in
from services.events.web.organise.ground import has, organiser, path_of, tabs
from services.events.web.registration import here
from services.kit import pages
from services.kit.errors import HubError
from services.kit.forms import Form
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest

Shows = Callable[[Form, int], Awaitable[Response[Any]]]
SERVICE: Final = "events"
BASE: Final = "/organise/{id:uuid}/day"
AFTER: Final = "/organise/{id:uuid}/afterwards"
MOST_BYTES: Final = 200_000


async def organised(request: AnyRequest, id: uuid.UUID) -> Event:
    """An event of whoever is logged in. Raises Unknown, Forbidden or NotFound."""
    who = await organiser(request)
    async with here(request).db.read(who.acting) as session:
        return await changing.own(session, who, id)


async def page(
    request: AnyRequest, template: str, event: Event, rest: str, status: int = 200, **values: Any
) -> Response[str]:
    """A page of the day of one event; `rest` is where it stands below it."""
    base = f"/organise/{event.id}"
    after = rest.startswith("/afterwards")
    return await pages.page(
        request, f"events/day/{template}.html", status=status, secret=True, event=event, base=base, path=base + rest,
        date=wording.day(event), time=clock_in(event.timezone), main=tabs(request, event),
        section=base + ("/afterwards" if after else "/day"),
        ways=[(base + way, label) for way, label in (_after() if after else _day())], **values,
    )  # fmt: skip


def groups(request: AnyRequest, event: Event) -> str:
    """The page on which who sits where is planned; empty where this hub has none."""
    return path_of(event, "/groups") if has(request, "/groups") else ""


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
