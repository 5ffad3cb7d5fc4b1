"""What somebody organises, and what is to be done about each event."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

from litestar import Response, get

from services.events import access, trips
from services.events.models import Event
from services.events.registration import outstanding, wording
from services.events.registration.outstanding import Progress
from services.events.web.organise import ground
from services.events.web.organise.ground import BASE, path_of
from services.events.web.registration import here
from services.events.web.visiting import kinds
from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext
from services.kit.pages import AnyRequest, page
from services.kit.resolvers import day_of

PER_PAGE: Final = 20


def todo(request: AnyRequest, event: Event, now: Progress) -> list[tuple[str, str]]:
    """What is open before the day, as path and words; nothing for what was called off or is over."""
    if event.status == "cancelled" or event.last_day < dt.datetime.now(dt.UTC).date():
        return []
    rounds = path_of(event, "/groups" if ground.has(request, "/groups") else "/head")
    ways = [
        ("/agenda", _("The agenda is empty."), not now.agenda),
        ("/venue", _("Nobody knows yet where it takes place."), not event.venue),
        ("/people/rules", _("Registration is not open."), not now.opened and not now.participants),
        ("/people/invite", _("Nobody is invited yet."), now.opened and not now.asked),
        ("/people?release=pending",
         ngettext("One release is missing.", "{number} releases are missing.", now.releases), now.releases > 0),
        ("/people?standing=waiting",
         ngettext("One person waits for a place.", "{number} people wait for a place.", now.waiting), now.waiting > 0),
    ]  # fmt: skip
    found = [(path_of(event, rest), words) for rest, words, needed in ways if needed]
    if event.first_round is not None and event.plan is None and now.participants:
        found.append((rounds, _("The rounds are not planned.")))
    return found


@get(BASE, page=True, right=access.ORGANISER)
async def listed(request: AnyRequest, past: str = "", after: str = "") -> Response[str]:
    """The coming events; with `past`, those that are over."""
    who = await ground.organiser(request)
    today = dt.datetime.now(dt.UTC).date()
    async with here(request).db.read(who.acting) as session:
        rows = await outstanding.organised(
            session, who, today, PER_PAGE + 1, past=bool(past), after=day_of(after or None)
        )
        events, more = ground.following(rows, PER_PAGE, _place)
        found = await outstanding.of(session, events)
        names = await trips.names(session, events)
    here_ = f"{BASE}?past=1" if past else BASE
    return await page(
        request, "events/organise/list.html", secret=True, past=bool(past), here=here_,
        events=_shown(request, events, found), names=names, kinds=kinds(),
        ways=[(BASE, _("Coming")), (f"{BASE}?past=1", _("Past"))], first=here_ if after else "",
        following=f"{here_}{'&' if past else '?'}after={more}" if more else "",
    )  # fmt: skip


def _place(event: Event) -> tuple[str, str]:
    return event.date.isoformat(), str(event.id)


def _shown(
    request: AnyRequest, events: Sequence[Event], found: Sequence[Progress]
) -> list[tuple[Event, str, Progress, list[tuple[str, str]]]]:
    return [
        (event, wording.day(event), one, todo(request, event, one)) for event, one in zip(events, found, strict=True)
    ]


@get(f"{BASE}/{{id:uuid}}", page=True, right=access.ORGANISER)
async def overview(request: AnyRequest, id: uuid.UUID) -> Response[str]:
    who = await ground.organiser(request)
    async with here(request).db.read(who.acting) as session:
        event = await ground.own(session, who, id)
        (found,) = await outstanding.of(session, [event])
        cities = await ground.cities_of(session, event)
    return await ground.page(
        request, "overview", event, "", progress=found, cities=cities, kind=kinds()[event.kind],
        todo=todo(request, event, found), over=event.last_day < dt.datetime.now(dt.UTC).date(),
    )  # fmt: skip


routes = [listed, overview]
