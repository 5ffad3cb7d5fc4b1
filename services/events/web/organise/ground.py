"""What all of an organiser's pages stand on: whose event it is, its tabs, changes to it, and what was refused."""

import re
import uuid
from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache
from typing import Any, Final, TypeVar

import msgspec
from litestar import Litestar, Response
from sqlalchemy import select

from services.events import access, changing, series, timetable, trips
from services.events.draft import Draft
from services.events.models import City, Event
from services.events.registration import organising, wording
from services.events.series import Scope
from services.events.web.organise import undoing
from services.events.web.registration import here
from services.kit import forms, pages
from services.kit.auth import Principal
from services.kit.db import NOBODY, Reader, Writer
from services.kit.errors import Conflict, HubError, NotFound, Problem, Refused
from services.kit.forms import Form
from services.kit.graphql import encode_cursor
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest
from services.kit.resolvers import place_of

T = TypeVar("T")
BASE: Final = "/organise"
PAGE: Final = 50
MOST_CITIES: Final = 500
MOST_FORM: Final = 200_000
"""Bytes of a form with long lists in it."""
REFUSALS: Final = (Refused, Conflict, NotFound)
"""What an organiser can do something about, beside the field."""


class Nothing(msgspec.Struct, frozen=True):
    """A form that is one button."""


async def organiser(request: AnyRequest) -> Principal:
    """Who is logged in and may organise. Raises Unknown or Forbidden."""
    who = await forms.person(request)
    access.ORGANISER.check(who)
    return who


def path_of(event: Event | uuid.UUID, rest: str = "") -> str:
    return f"{BASE}/{event.id if isinstance(event, Event) else event}{rest}"


def has(request: AnyRequest, rest: str) -> bool:
    """Whether this hub has the page of an event's organiser that ends in `rest`."""
    return f"{BASE}/*{rest}" in _paths(request.app)


@lru_cache(maxsize=4)
def _paths(app: Litestar) -> frozenset[str]:
    """What lies below BASE, with a star for each parameter."""
    found = (route.path for route in app.routes if route.path.startswith(BASE))
    return frozenset(re.sub(r"\{[^}]*\}", "*", path) for path in found)


def tabs(request: AnyRequest, event: Event) -> list[tuple[str, str]]:
    """The pages of an event, as far as this hub has them: path and label."""
    ways = [
        ("", _("Overview")),
        ("/agenda", _("Agenda")),
        ("/venue", _("Place and rooms")),
        ("/people", _("People")),
        ("/groups", _("Groups")),
        ("/papers", _("Papers")),
        ("/day", _("The day")),
        ("/afterwards", _("Afterwards")),
        *([("/series", _("Series"))] if event.series_id else []),
    ]
    return [(path_of(event, rest), label) for rest, label in ways if has(request, rest)]


def people_ways(event: Event) -> list[tuple[str, str]]:
    """The pages below „People“."""
    ways = [
        ("", _("List")),
        ("/rules", _("Places and deadline")),
        ("/invite", _("Invite")),
        ("/import", _("Add a list")),
        ("/buses", _("Buses")),
        ("/needs", _("Needs")),
        ("/announcements", _("Announcements")),
    ]
    return [(path_of(event, f"/people{rest}"), label) for rest, label in ways]


async def page(
    request: AnyRequest, template: str, event: Event, rest: str, *, status: int = 200, **values: Any
) -> Response[str]:
    """A page of one event; `rest` is where it stands among its tabs."""
    tab = path_of(event, f"/{rest.split('/')[1]}" if rest else "")
    gone = request.query_params.get("gone", "")
    return await pages.page(
        request, f"events/organise/{template}.html", status=status, secret=True, event=event, date=wording.day(event),
        base=path_of(event), ways=tabs(request, event), here=tab, below=path_of(event, rest),
        people_ways=people_ways(event), gone=gone if undoing.known(request, event.id, gone) else "", **values,
    )  # fmt: skip


async def own(session: Reader, who: Principal, id: uuid.UUID) -> Event:
    return await changing.own(session, who, id)


async def change(
    request: AnyRequest, id: uuid.UUID, work: Callable[[Writer, Event], Awaitable[T]], *, say: bool = True
) -> T:
    """As `changing.unit`, for whoever looks at the page."""
    return await changing.unit(here(request), await organiser(request), id, work, say=say)


async def rewrite(request: AnyRequest, id: uuid.UUID, edit: Callable[[Draft], Draft]) -> Event:
    """The event as `edit` makes it of what it is now."""
    who = await organiser(request)

    async def work(session: Writer, event: Event) -> Event:
        await trips.lock(session, event.id)
        await session.refresh(event)
        wanted = edit(await timetable.draft_of(session, event))
        access.may_hold(who, {wanted.host, *wanted.guests})
        return await organising.rewrite(session, event, wanted)

    return await change(request, id, work)


async def rewrite_series(
    request: AnyRequest,
    id: uuid.UUID,
    scope: Scope,
    edit: Callable[[Draft], Draft],
    *,
    rule: Callable[[Draft], str] | None = None,
    overwrite: bool = False,
) -> list[Event]:
    """As `rewrite`, of a meeting of a series and the following or all; `rule` gives the days, from the new draft on."""
    who = await organiser(request)

    async def work(session: Writer, event: Event) -> list[Event]:
        wanted = edit(await timetable.draft_of(session, event))
        access.may_hold(who, {wanted.host, *wanted.guests})
        days = rule(wanted) if rule else None
        return await series.rewrite(session, who.subject, event, scope, wanted, rule=days, overwrite=overwrite)

    return await changing.unit_all(here(request), who, id, work)


def beside(request: AnyRequest, problem: HubError, *fields: str) -> Form:
    """The form with what is wrong beside those of `fields` that the problems are about."""

    def placed(one: Problem) -> Problem:
        if not one.row and one.field:
            return one
        names = [one.field, *reversed(re.findall(r"[A-Za-z]+", one.row))]
        return Problem(one.message, field=next((name for name in names if name in fields), ""))

    shown = forms.again(request, problem)
    return shown._replace(problems=[placed(one) for one in shown.problems])


def scopes() -> list[tuple[str, str]]:
    """Which meetings of a series a change is for."""
    return [
        ("THIS", _("only for this meeting")),
        ("FOLLOWING", _("for this meeting and the following")),
        ("ALL", _("for all meetings of the series")),
    ]


# Cities ---------------------------------------------------------------------------------------------------------------


async def all_cities(request: AnyRequest) -> dict[str, str]:
    """What cities that take part are called, by AGS."""
    async with here(request).db.read(NOBODY) as session:
        rows = await session.execute(select(City.ags, City.name).order_by(City.name).limit(MOST_CITIES))
        return {row.ags: row.name for row in rows}


async def cities_of(session: Reader, event: Event) -> dict[str, str]:
    """Those of the event by AGS: the host first, then the guests by name."""
    names = await trips.names(session, [event])
    guests = sorted(event.guests, key=lambda ags: names.get(ags, ags))
    return {ags: names.get(ags, ags) for ags in (event.host, *guests)}


def split(values: Iterable[str]) -> list[str]:
    """What was ticked, and what was written with commas or in lines."""
    parts = (part.strip() for value in values for part in re.split(r"[,;\n]", value))
    return list(dict.fromkeys(filter(None, parts)))


def keys_of(names: dict[str, str], said: Iterable[str], field: str) -> list[str]:
    """The cities that are meant, by name or key. Raises Refused with what is not known."""
    by_name = {name.casefold(): ags for ags, name in names.items()}
    found, problems = [], []
    for one in said:
        key = one if one in names else by_name.get(one.casefold())
        if key is None:
            problems.append(
                Problem(_("„{city}“ takes no part here, or is written otherwise.", city=one[:60]), field=field)
            )
        else:
            found.append(key)
    if problems:
        raise Refused(_("Please look at the fields that are named."), problems)
    return found


# Lists ----------------------------------------------------------------------------------------------------------------


def cursor(after: str) -> list[str] | None:
    """Raises Refused for what is no cursor."""
    return place_of(after or None)


def following(rows: list[T], most: int, key: Callable[[T], tuple[str, str]]) -> tuple[list[T], str]:
    """The rows of this page, and where the next begins; empty where there is none. `rows` holds one more at most."""
    return rows[:most], encode_cursor(*key(rows[most - 1])) if len(rows) > most else ""
