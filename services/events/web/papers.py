"""Events over HTTP beside GraphQL: the papers of the day, and calendars to subscribe to."""

import asyncio
import contextvars
from collections.abc import Callable, Mapping
from typing import Annotated, Final

import msgspec
from litestar import Response, get

from services.events import access, calendar, feeds, papers, trips
from services.events.models import Event
from services.kit import i18n
from services.kit.auth import Principal
from services.kit.conditional import digest, unchanged
from services.kit.db import HUB, NOBODY
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.openapi import BEARER, Answer, Api
from services.kit.pages import AnyRequest
from services.kit.rates import Rate, address_of
from services.kit.resolvers import as_uuid
from services.kit.rights import ANYBODY
from services.kit.service import Runtime
from services.kit.sheets.writing import XLSX
from services.kit.text import file_name

CALENDAR: Final = "text/calendar; charset=utf-8"
FROM_ADDRESS: Final = Rate("calendars", 600, per=60)
"""Calendar services ask for all their people from few addresses."""


class Alone(msgspec.Struct):
    navigator: Annotated[
        str, msgspec.Meta(description=f"Of this person alone; for {', '.join(sorted(papers.ALONE))}.")
    ] = ""


PAPER = Api(
    "A paper of an event, made now",
    {
        200: Answer(dict.fromkeys(media for _make, media in papers.PAPERS.values()), ("ETag",)),
        304: Answer({}, ("ETag",)),
    },
    query=Alone,
    by=(BEARER, ""),
    problems=(401, 403, 404),
    described={"name": f"One of {', '.join(papers.PAPERS)}."},
)
FEED = {200: Answer({"text/calendar": None}, ("ETag",)), 304: Answer({}, ("ETag",))}
OF_CITY = Api(
    "A city's events as a calendar to subscribe to", FEED, problems=(404, 429), described={"ags": "The city's AGS."}
)
OF_PERSON = Api(
    "One's own events as a calendar to subscribe to",
    FEED,
    problems=(404, 429),
    described={"token": "The address is from the mutation `openCalendar`."},
)


@get("/events/{event_id:str}/papers/{name:str}", right=access.PAPERS, api=PAPER)
async def paper(request: AnyRequest, event_id: str, name: str) -> Response[bytes]:
    """One paper of the event, made now. 401 or 403 without a token for papers, 404 for whoever may not see this one."""
    hub = request.app.state.hub
    here: Runtime = hub.runtimes["events"]
    who = await hub.asking(request, "events")
    await here.refresh()
    asked = request.query_params.get("navigator", "")
    alone = as_uuid(asked) if name in papers.ALONE else None
    async with here.db.read(who.acting) as session:
        key = as_uuid(event_id)
        event = (await trips.by_id(session, [key]))[0] if key else None
        if name in papers.PAPERS and name not in papers.PUBLIC:
            access.PEOPLE.check(who)
        if event is None or not _seen(who, event, name) or (asked and alone is None):
            raise NotFound(_("There is no such paper."))
        organiser = access.organises(who, event)
        day = await papers.of_kind(session, event, name, here.settings, organiser=organiser, alone=alone)
    if name in papers.MARKET:
        async with here.db.read(HUB) as session:
            day = await papers.with_market(session, event, day, name, organiser=organiser)
    make, media_type = papers.PAPERS[name]
    public, shown = name in papers.PUBLIC, "attachment" if media_type == XLSX else "inline"
    headers = {
        "content-disposition": f'{shown}; filename="{papers.file_name(name)}"',
        "cache-control": "no-cache" if public else "private, no-store",
        "vary": "accept-language",
    }
    if not public:
        return Response(await apart(lambda: make(day)), media_type=media_type, headers=headers)
    etag = digest(msgspec.json.encode((calendar.FORM, i18n.language(), day)))
    return await _sent(request, etag, lambda: make(day), headers, media_type)


def _seen(who: Principal, event: Event, name: str) -> bool:
    """Whether there is this paper for whoever asks."""
    if name in papers.ORGANISERS:
        return access.organises(who, event)
    return name in papers.PUBLIC or (name in papers.PAPERS and access.may_see_people(who, event))


@get("/events/cities/{ags:str}/calendar.ics", right=ANYBODY, api=OF_CITY)
async def of_city(request: AnyRequest, ags: str) -> Response[bytes]:
    here = await _here(request)
    async with here.db.read(NOBODY) as session:
        feed = await feeds.of_city(session, ags) if "\0" not in ags else None
    return await _feed(request, feed, {"cache-control": "public, no-cache"})


@get("/events/calendars/{token:str}/calendar.ics", right=access.CALENDAR, api=OF_PERSON)
async def of_person(request: AnyRequest, token: str) -> Response[bytes]:
    here = await _here(request)
    async with here.db.read(HUB) as session:
        person = await feeds.whose(session, here.settings, token)
        feed = await feeds.of_person(session, person) if person else None
    return await _feed(request, feed, {"cache-control": "private, no-cache", "referrer-policy": "no-referrer"})


async def _here(request: AnyRequest) -> Runtime:
    here: Runtime = request.app.state.hub.runtimes["events"]
    await here.rates.take(FROM_ADDRESS, address_of(request))
    await here.refresh()
    return here


async def _feed(request: AnyRequest, feed: feeds.Feed | None, headers: Mapping[str, str]) -> Response[bytes]:
    if feed is None:
        raise NotFound(_("There is no such calendar."))
    stored = file_name(_("Calendar"), "ics")
    name = {"content-disposition": f'inline; filename="{stored}"', "vary": "accept-language"}
    return await _sent(request, feed.etag, feed.ics, {**headers, **name}, CALENDAR)


async def _sent(
    request: AnyRequest, etag: str, make: Callable[[], bytes], headers: Mapping[str, str], media_type: str
) -> Response[bytes]:
    """What `make` gives, made only for whoever does not have it."""
    if (same := unchanged(request, etag, headers)) is not None:
        return same
    return Response(await apart(make), media_type=media_type, headers={**headers, "etag": f'"{etag}"'})


async def apart(make: Callable[[], bytes]) -> bytes:
    return await asyncio.get_running_loop().run_in_executor(None, contextvars.copy_context().run, make)
