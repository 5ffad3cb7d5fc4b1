"""The network of contacts between cities: a picture, and the tables that say the same."""

import datetime as dt
from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Request, Response, get

from services.contracts.states import STATES
from services.events import access
from services.events.report import network, reading
from services.events.web.registration import here
from services.kit import forms, pages
from services.kit.db import HUB
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _

AnyRequest = Request[Any, Any, Any]
MOST_ROWS: Final = 24
YEARS: Final = 4


@get("/state/{code:str}/contacts", page=True, right=access.REPORT)
async def contacts(request: AnyRequest, code: str, year: int | None = None) -> Response[str]:
    """Of this year or another; the directory shows the picture on the state's first page, too."""
    who, runtime = await forms.person(request), here(request)
    if code not in STATES:
        raise NotFound(_("There is no such city or state."))
    access.may_report(who, code)
    today = dt.datetime.now(ZoneInfo("Europe/Berlin")).date()
    chosen = year or today.year
    await runtime.refresh()
    async with runtime.db.read(HUB) as session:  # people of many cities are counted, none is named
        found = await reading.between(session, await reading.place(session, code), chosen)
    drawn = network.picture(found, code)
    ranked = sorted(found.cities.items(), key=lambda one: (-one[1], found.names.get(one[0], one[0])))
    with_whom: dict[str, set[str]] = {}
    for one in found.between:
        with_whom.setdefault(one.one, set()).add(one.other)
        with_whom.setdefault(one.other, set()).add(one.one)
    return await pages.page(
        request, "events/contacts.html", secret=True, code=code, name=STATES[code], year=chosen,
        years=[(f"/state/{code}/contacts?year={today.year - ago}", str(today.year - ago)) for ago in range(YEARS)],
        here=f"/state/{code}/contacts?year={chosen}", drawn=drawn, total=found.total, names=found.names,
        cities=[(ags, count, len(with_whom.get(ags, ()))) for ags, count in ranked[:MOST_ROWS]],
        cities_left=max(len(ranked) - MOST_ROWS, 0),
        pairs=found.between[:MOST_ROWS], pairs_left=max(len(found.between) - MOST_ROWS, 0),
    )  # fmt: skip


routes = [contacts]
