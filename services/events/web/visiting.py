"""What visitors see of events: what is coming, what was, one event, and the coming ones of a city."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from litestar import Response, get
from sqlalchemy import func, or_, select

from services.contracts.states import STATES
from services.events import access
from services.events.models import City, Event
from services.events.web.registration import here
from services.kit import forms, i18n
from services.kit.auth import Principal
from services.kit.db import NOBODY
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.navigation import Menu, Way
from services.kit.pages import AnyRequest, ask, page
from services.kit.rights import ANYBODY
from services.kit.service import Example

SERVICE: Final = "events"
PER_PAGE: Final = 20
OF_CITY: Final = 5
MOST_CITIES: Final = 500
LINE: Final = "id title date lastDay kind status host { ags } guests { ags } venue { name }"
EVENTS: Final = f"""query ($city: ID, $state: ID, $kind: EventKind, $from: Date, $until: Date, $after: String,
    $first: Int!, $soonest: Boolean!) {{
  events(soonest: $soonest, city: $city, state: $state, kind: $kind, from: $from, until: $until,
    after: $after, first: $first) {{
    nodes {{ {LINE} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
EVENT: Final = f"""query ($id: ID!) {{ event(id: $id) {{ {LINE}
  hashtag timezone guidingQuestions venue {{ address }}
  agenda {{ id day starts ends title details responsible audience {{ ags }} material {{ title url }} }}
  papers {{ name url public }} registration {{ opensAt closesAt }} }} }}"""


def menu(who: Principal) -> Menu:
    """For everybody; whoever may organise has pages of their own for it."""
    own = []
    if _organises(who):
        own = [Way("/organise", _("Events I organise")), Way("/programmes", _("Programmes and modules"))]
    return Menu(main=[Way("/calendar", _("Events"))], own=own)


def _organises(who: Principal) -> bool:
    return bool(who.session) and access.WRITE in who.scopes


def examples() -> list[Example]:
    return [
        Example(
            _("What is coming?"),
            _("Events of all cities, with their agenda."),
            """{
  events(first: 5) {
    nodes { title date venue { name } host { name } agenda { starts title } }
  }
}""",
        )
    ]


def kinds() -> dict[str, str]:
    """The kinds of events, as people call them."""
    return {
        "LEARNING_TRIP": _("learning trip"),
        "SPEED_DATING": _("speed dating of cities"),
        "OPEN_SPACE": _("open space"),
        "NETWORK_MEETING": _("meeting of the network"),
        "MEETING": _("meeting"),
        "MODULE": _("module"),
        "REVIEW": _("review"),
    }


def days(first: str, last: str) -> str:
    """A day, or from when to when."""
    begins, ends = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    written = format_date(begins, "full", locale=i18n.locale())
    return written if begins == ends else f"{written} – {format_date(ends, 'full', locale=i18n.locale())}"


def day(value: str) -> str:
    return format_date(dt.date.fromisoformat(value), "full", locale=i18n.locale())


def clock(value: str | None, zone: str) -> str:
    """The time of day of a moment, where the event takes place."""
    if value is None:
        return ""
    there = dt.datetime.fromisoformat(value).astimezone(ZoneInfo(zone))
    return format_time(there.time(), "short", locale=i18n.locale())


@get("/calendar", page=True, right=ANYBODY)
async def coming(request: AnyRequest, kind: str = "", city: str = "", past: str = "", after: str = "") -> Response[str]:
    """What is coming; with `past`, what was; `state` in the query takes two digits."""
    state = request.query_params.get("state", "")  # not as an argument: Litestar has one of that name
    today = _today()
    asked = {
        "kind": kind if kind in kinds() else "",
        "city": city[:8],
        "state": state if state in STATES else "",
        "past": "1" if past else "",
    }
    when = {"until": (today - dt.timedelta(days=1)).isoformat()} if past else {"from": today.isoformat()}
    found = (
        await ask(request, SERVICE, EVENTS, city=asked["city"] or None, state=asked["state"] or None,
                  kind=asked["kind"] or None, after=after or None, first=PER_PAGE, soonest=not past, **when)
    )["events"]  # fmt: skip

    def at(**changes: str) -> str:
        return "/calendar?" + urlencode({name: value for name, value in {**asked, **changes}.items() if value})

    following = found["pageInfo"]
    return await page(
        request,
        "events/calendar.html",
        organises=_organises(await forms.known(request)),
        asked=asked,
        events=found["nodes"],
        names=await _names(request, found["nodes"]),
        cities=await _cities(request, asked["city"], past=bool(past)),
        kinds=kinds(),
        states=STATES,
        ways=[(at(past=""), _("Coming")), (at(past="1"), _("Past"))],
        here=at(),
        first=at() if after else "",
        following=at(after=following["endCursor"]) if following["hasNextPage"] else "",
        days=days,
    )


@get("/calendar/of/{ags:str}", page=True, right=ANYBODY)
async def of_city(request: AnyRequest, ags: str) -> Response[str]:
    """A part of the page of a city or, by its two digits, of a state, which another service shows."""
    today = _today().isoformat()
    place = {"state": ags} if ags in STATES else {"city": ags[:8]}
    found = (await ask(request, SERVICE, EVENTS, first=OF_CITY, soonest=True, **place, **{"from": today}))["events"]
    return await page(
        request, "events/of_city.html", ags=ags[:8], state=ags in STATES, events=found["nodes"],
        names=await _names(request, found["nodes"]), kinds=kinds(), days=days,
    )  # fmt: skip


@get("/calendar/{id:uuid}", page=True, right=ANYBODY)
async def event(request: AnyRequest, id: uuid.UUID) -> Response[str]:
    found = (await ask(request, SERVICE, EVENT, id=str(id)))["event"]
    if found is None:
        raise NotFound(_("There is no such event."))
    return await page(
        request, "events/event.html", event=found, names=await _names(request, [found]), kinds=kinds(), days=days,
        day=day, clock=clock,
    )  # fmt: skip


async def _names(request: AnyRequest, events: Sequence[dict[str, Any]]) -> dict[str, str]:
    """What their cities are called, by AGS: the graph of this service alone knows them by their keys only."""
    keys = {city["ags"] for one in events for city in (one["host"], *one["guests"])}
    async with here(request).db.read(NOBODY) as session:
        rows = await session.execute(select(City.ags, City.name).where(City.ags.in_(keys)))
        return {row.ags: row.name for row in rows}


async def _cities(request: AnyRequest, chosen: str, *, past: bool) -> list[tuple[str, str]]:
    """To choose from, by name: cities of events that are coming, or are over, and the one that was `chosen`."""
    when = Event.last_day < _today() if past else Event.last_day >= _today()
    part = select(func.unnest(func.array_append(Event.guests, Event.host))).where(when)
    query = select(City.ags, City.name).where(or_(City.ags == chosen, City.ags.in_(part)))
    async with here(request).db.read(NOBODY) as session:
        return [(row.ags, row.name) for row in await session.execute(query.order_by(City.name).limit(MOST_CITIES))]


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


routes = [coming, of_city, event]
