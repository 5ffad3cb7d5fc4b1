"""Papers that look back, over HTTP: minutes, results of votes, annual reports."""

import datetime as dt
from typing import Final

import msgspec
from litestar import Response, get

from services.events import access, papers, prints, trips, votes
from services.events.day import Day
from services.events.models import Event
from services.events.report import minutes as recorded
from services.events.report import paper, reading
from services.events.report.decided import results
from services.events.web.papers import apart
from services.kit.auth import Principal
from services.kit.db import HUB, Reader
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.openapi import BEARER, Answer, Api
from services.kit.pages import AnyRequest
from services.kit.rates import Rate
from services.kit.resolvers import as_uuid
from services.kit.service import Runtime
from services.kit.text import file_name

PDF: Final = "application/pdf"
REPORTS: Final = Rate("annual reports", 60, per=600)
"""Of one caller: each is counted and typeset anew."""
MINUTES = Api(
    "The minutes of an event, made now",
    {200: Answer({PDF: None})},
    by=(BEARER,),
    problems=(401, 403, 404),
)
RESULTS = Api(
    "The results of an event's votes, made now",
    {200: Answer({PDF: None})},
    by=(BEARER,),
    problems=(401, 403, 404),
)
REPORT = Api(
    "The annual report of a city or of a state, made now",
    {200: Answer({PDF: None})},
    by=(BEARER,),
    problems=(401, 403, 404, 422, 429),
    described={"place": "A city's AGS or the two digits of a state.", "year": "Four digits."},
)


@get("/events/{event_id:str}/papers/minutes.pdf", right=access.BOARD, api=MINUTES)
async def minutes(request: AnyRequest, event_id: str) -> Response[bytes]:
    """With the names of those who came for the organiser, with counts for the event's cities, else 404."""
    here, who = await _asking(request)
    async with here.db.read(who.acting) as session:
        event, day = await _day(session, who, event_id)
        record = await recorded.record(session, event, names=access.organises(who, event))
    return _paper(await apart(lambda: prints.minutes(day, record)), papers.file_name(papers.MINUTES))


@get("/events/{event_id:str}/papers/votes.pdf", right=access.BOARD, api=RESULTS)
async def vote_results(request: AnyRequest, event_id: str) -> Response[bytes]:
    """Of the event's votes that are over and in which enough people voted; else as `minutes`."""
    here, who = await _asking(request)
    async with here.db.read(HUB) as session:
        event, day = await _day(session, who, event_id)
        over = [vote for vote in (await votes.of_events(session, [event.id]))[0] if vote.closed_at]
        found = await results(session, over, {event.id: (event.title, event.date)})
    return _paper(await apart(lambda: prints.vote_result(day, found)), papers.file_name(papers.VOTES))


async def _asking(request: AnyRequest) -> tuple[Runtime, Principal]:
    hub = request.app.state.hub
    here: Runtime = hub.runtimes["events"]
    who = await hub.asking(request, "events")
    access.PEOPLE.check(who)
    await here.refresh()
    return here, who


async def _day(session: Reader, who: Principal, event_id: str) -> tuple[Event, Day]:
    """The event with its day, dated now. Raises NotFound for whoever may not see its people."""
    key = as_uuid(event_id)
    event = (await trips.by_id(session, [key]))[0] if key else None
    if event is None or not access.may_see_people(who, event):
        raise NotFound(_("There is no such paper."))
    (day,) = await papers.days(session, [event])
    return event, msgspec.structs.replace(day, updated=dt.datetime.now(dt.UTC))


@get("/events/reports/{place:str}/{year:int}/report.pdf", right=access.REPORT, api=REPORT)
async def annual_report(request: AnyRequest, place: str, year: int) -> Response[bytes]:
    hub = request.app.state.hub
    here: Runtime = hub.runtimes["events"]
    who = await hub.asking(request, "events")
    access.REPORT.check(who)
    access.may_report(who, place)
    await here.rates.take(REPORTS, who.subject)
    await here.refresh()
    async with here.db.read(HUB) as session:
        found = await reading.report(session, await reading.place(session, place), year)
    return _paper(await apart(lambda: paper.annual_report(found)), file_name(_("Annual report"), "pdf"))


def _paper(content: bytes, name: str) -> Response[bytes]:
    headers = {
        "content-disposition": f'inline; filename="{name}"',
        "cache-control": "private, no-store",
        "vary": "accept-language",
    }
    return Response(content, media_type=PDF, headers=headers)


routes = [minutes, vote_results, annual_report]
