"""The network of contacts between cities: a picture, and the tables that say the same."""

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

from litestar import Response, get

from services.contracts.states import STATES
from services.events import access
from services.events.report import network, reading
from services.events.report.figures import Contacts
from services.events.web.registration import here
from services.kit import forms, pages
from services.kit.db import HUB
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest

FILES: Final = ("cities", "pairs")
"""The tables, as their files are called."""
MOST_ROWS: Final = 24
YEARS: Final = 4


@get("/state/{code:str}/contacts", page=True, right=access.REPORT)
async def contacts(request: AnyRequest, code: str, year: int | None = None) -> Response[str]:
    """Of this year or another; the directory shows the picture on the state's first page, too."""
    today = _today()
    chosen = year or today.year
    found = await _found(request, code, chosen)
    drawn, ranked = network.picture(found, code), _cities(found)
    return await pages.page(
        request, "events/contacts.html", secret=True, code=code, name=STATES[code], year=chosen,
        years=[(f"/state/{code}/contacts?year={today.year - ago}", str(today.year - ago)) for ago in range(YEARS)],
        here=f"/state/{code}/contacts?year={chosen}", drawn=drawn, total=found.total, names=found.names,
        cities=ranked[:MOST_ROWS], cities_left=max(len(ranked) - MOST_ROWS, 0),
        pairs=found.between[:MOST_ROWS], pairs_left=max(len(found.between) - MOST_ROWS, 0),
    )  # fmt: skip


@get("/state/{code:str}/contacts/csv/{name:str}", page=True, right=access.REPORT)
async def file(request: AnyRequest, code: str, name: str, year: int | None = None) -> Response[bytes]:
    """One of the tables of that page, with all its rows, as CSV."""
    if name not in FILES:
        raise NotFound(_("There is no such table."))
    chosen = year or _today().year
    found = await _found(request, code, chosen)
    if name == "cities":
        title = _("Contacts by city")
        head: tuple[str, ...] = (_("City"), _("Key"), _("Contacts"), _("With how many cities"))
        rows: list[tuple[str | int, ...]] = [
            (found.names.get(ags, ags), ags, count, partners) for ags, count, partners in _cities(found)
        ]
    else:
        title = _("Who met whom most")
        head = (_("City"), _("Key"), _("City"), _("Key"), _("Contacts"))
        rows = [
            (found.names.get(one.one, one.one), one.one, found.names.get(one.other, one.other), one.other, one.pairs)
            for one in found.between
        ]
    return pages.table(f"{STATES[code]} {title} {chosen}", head, rows)


def _today() -> dt.date:
    return dt.datetime.now(ZoneInfo("Europe/Berlin")).date()


async def _found(request: AnyRequest, code: str, year: int) -> Contacts:
    who, runtime = await forms.person(request), here(request)
    if code not in STATES:
        raise NotFound(_("There is no such city or state."))
    access.may_report(who, code)
    await runtime.refresh()
    async with runtime.db.read(HUB) as session:  # people of many cities are counted, none is named
        return await reading.between(session, await reading.place(session, code), year)


def _cities(found: Contacts) -> list[tuple[str, int, int]]:
    """Each city's key, its contacts and with how many others; those with most first."""
    with_whom: dict[str, set[str]] = {}
    for one in found.between:
        with_whom.setdefault(one.one, set()).add(one.other)
        with_whom.setdefault(one.other, set()).add(one.one)
    ranked = sorted(found.cities.items(), key=lambda one: (-one[1], found.names.get(one[0], one[0])))
    return [(ags, count, len(with_whom.get(ags, ()))) for ags, count in ranked]


routes = [contacts, file]
