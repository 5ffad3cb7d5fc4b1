"""The phone of whoever takes part, opened by the personal link of the day: where now, what then, and what one says."""

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_skeleton, format_time
from litestar import Response, post
from sqlalchemy import select

from services.events import access, trips
from services.events.live.rooms import ANNOUNCEMENTS, IDEAS, Room
from services.events.live.state import Mine, Stop
from services.events.models import AgendaItem, Event, Navigator, OpenSpace
from services.events.openspace.overview import Going, going
from services.events.web.linked import by_link, theirs
from services.events.web.registration import here
from services.kit import forms, i18n, pages
from services.kit.db import HUB
from services.kit.errors import HubError
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest, redirect

WORKER: Final = "/events/day-worker.js"
MOST_AT_TABLE: Final = 10
"""Ideas of one's own table that are shown, the newest."""
NOTE: Final = """mutation ($link: String!, $text: String!, $named: Boolean!) {
  noteIdea(link: $link, text: $text, named: $named) { idea { id } } }"""


class Idea(msgspec.Struct, frozen=True):
    text: Annotated[str, msgspec.Meta(max_length=500)]
    named: bool = False


class Item(NamedTuple):
    """Something of the whole day: of the agenda, or a session (`session` is its number) in a room."""

    key: str
    starts: dt.datetime
    ends: dt.datetime | None
    title: str
    place: str = ""
    people: Sequence[str] = ()
    session: int = 0
    mine: bool = False

    def is_now(self, now: dt.datetime) -> bool:
        return self.starts <= now and self.ends is not None and now < self.ends


class Where(NamedTuple):
    """Where somebody is to be: at a table, or what the day has for them."""

    table: Stop | None
    item: Item | None


async def now(request: AnyRequest, event_id: str, token: str, shown: Form = EMPTY, status: int = 200) -> Response[Any]:
    """The page that answers „where now?“, with the whole day below it."""
    room, person = await theirs(request, event_id, token, ANNOUNCEMENTS, IDEAS)
    mine, moment = room.mine(person), dt.datetime.now(dt.UTC)
    async with here(request).db.read(HUB) as session:
        (agenda,) = await trips.agendas(session, [room.event_id])
        ags = await session.scalar(select(Navigator.ags).where(Navigator.id == person))
        sessions = await going(session, room.event_id, person)
        revision = await session.scalar(select(OpenSpace.revision).where(OpenSpace.event_id == room.event_id))
    items = whole_day(agenda, sessions, ags)
    at_table = _at_table(room, mine)
    return await shown_page(
        request, "events/day/phone.html", event_id, token, mine, status=status,
        state=msgspec.json.encode(
            {"live": mine.live, "route": mine.route, "announcements": mine.announcements}
        ).decode(),
        announcements=mine.announcements, items=items, moment=moment, here=where_now(mine, items, moment),
        then=where_next(mine, items, moment), ideas=at_table, revision=revision or 0, shown=shown, worker=WORKER,
        begins=moment_in(room.event),
    )  # fmt: skip


async def shown_page(
    request: AnyRequest, template: str, event_id: str, token: str, mine: Mine, **values: Any
) -> Response[Any]:
    """A page of the personal link: no search engine finds it, and its tabs are those of the day."""
    path = f"/events/{event_id}/mine/{token}"
    made = await pages.page(
        request, template, secret=True, event=mine.event, route=mine.route, live=mine.live, path=path,
        time=clock_in(mine.event.timezone),
        tabs=[(path, _("Now")), (f"{path}/topics", _("Open space")), (f"{path}/votes", _("Ballots")),
              (f"{path}/feedback", _("Feedback")), (f"{path}/contacts", _("Contacts"))],
        **values,
    )  # fmt: skip
    made.headers["x-robots-tag"] = "noindex"
    made.headers["vary"] = "accept, accept-language, cookie"
    return made


def whole_day(agenda: Sequence[AgendaItem], sessions: Sequence[Going], ags: str | None) -> list[Item]:
    """What is for everybody and for the person's city, and their sessions, by time. What says no end, ends with the
    next item's begin.
    """
    own = [one for one in agenda if one.audience in (None, ags)]
    starts = sorted({one.starts for one in own})
    items = [
        Item(
            f"a{one.id}", one.starts,
            one.ends or next((later for later in starts if later > one.starts), None), one.title,
            people=[one.responsible] if one.responsible else (),
        )
        for one in own
    ]  # fmt: skip
    items += [
        Item(f"s{one.session.id}", one.starts, one.ends, one.session.title, one.room, one.hosts,
             one.session.part, one.mine)
        for one in sessions
    ]  # fmt: skip
    return sorted(items, key=lambda one: (one.starts, bool(one.session), one.title))


def where_now(mine: Mine, items: Sequence[Item], now: dt.datetime) -> Where:
    """The table while a round runs; else one's session, else what the agenda says. As `day.js` has it."""
    if mine.live.phase in {"running", "paused"}:
        return Where(mine.route.here, None)
    found = [one for one in items if one.is_now(now)]
    return Where(None, next((one for one in reversed(found) if one.session), found[-1] if found else None))


def where_next(mine: Mine, items: Sequence[Item], now: dt.datetime) -> Where:
    if mine.live.next_round:
        return Where(mine.route.next, None)
    return Where(None, next((one for one in items if one.starts > now), None))


def _at_table(room: Room, mine: Mine) -> list[Any]:
    """The newest ideas of the table where the person sits or sat last."""
    number = mine.live.round
    table = next((stop.table for stop in mine.route.rounds if stop.round == number), None)
    if table is None:
        return []
    found = [one for one in room.ideas(organiser=False) if (one.round, one.table) == (number, table)]
    return found[: -MOST_AT_TABLE - 1 : -1]


@post("/events/{event_id:str}/mine/{token:str}/note", page=True, status_code=303, right=access.DAY_LINK)
async def note(request: AnyRequest, event_id: str, token: str) -> Response[Any]:
    """An idea at the table where one sits."""
    await theirs(request, event_id, token)
    try:
        said = await forms.read(request, Idea)
        await by_link(request, token, NOTE, text=said.text, named=said.named)
    except HubError as problem:
        return await now(request, event_id, token, beside(request, problem, "text"), problem.status)
    return redirect(request, f"/events/{event_id}/mine/{token}", flash=_("Your idea is on the board. Thank you!"))


def beside(request: AnyRequest, problem: HubError, field: str = "") -> Form:
    """The form as it was sent with what is wrong; what is about no field of it, stands at `field`.

    Raises the problem again where the form itself was not accepted.
    """
    found = forms.again(request, problem)
    if not found.sent:
        raise problem
    known = [one for one in found.problems if one.field in found.sent]
    return found._replace(problems=known) if known or not field else found.at(field)


def clock_in(zone: str) -> Callable[[dt.datetime | None], str]:
    """Writes the time of day of a moment, on the clocks of `zone`."""

    def written(moment: dt.datetime | None) -> str:
        if moment is None:
            return ""
        return format_time(moment.astimezone(ZoneInfo(zone)).time(), "short", locale=i18n.locale())

    return written


def moment_in(event: Event) -> Callable[[dt.datetime | None], str]:
    """As `clock_in`, with the day before it where the event has several."""
    time = clock_in(event.timezone)
    if event.last_day == event.date:
        return time

    def written(moment: dt.datetime | None) -> str:
        if moment is None:
            return ""
        there = moment.astimezone(ZoneInfo(event.timezone))
        return f"{format_skeleton('MEd', there, locale=i18n.locale())} {time(moment)}"

    return written


def uuid_of(value: str) -> uuid.UUID:
    """An id in an address; that of nothing where it is none."""
    try:
        return uuid.UUID(value)
    except ValueError:
        return uuid.UUID(int=0)


routes = [note]
