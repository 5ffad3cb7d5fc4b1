"""All papers of an event in one place: one by one, and what is printed for the day as one file."""

import uuid
from collections.abc import Callable
from io import BytesIO
from typing import Any, Final
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from litestar import Response, get

from services.events import access, papers
from services.events.day import Day
from services.events.models import Event
from services.events.onsite import Market
from services.events.registration import transport
from services.events.web.organise import ground
from services.events.web.organise.ground import BASE, path_of
from services.events.web.papers import apart
from services.events.web.registration import here
from services.kit.db import HUB, Reader
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest
from services.kit.rates import Rate

PACKS: Final = Rate("print-packs", 20, per=600)
"""Of one person: each is every paper of a day, made anew."""
BEFORE: Final = ("run-sheet.pdf", "attendance.pdf", "badges.pdf", "slips.pdf", "table-cards.pdf", "bus-lists.pdf")
MARKET: Final = ("door-lists.pdf", "marketplace.pdf")
SPACES: Final = frozenset({"OPEN_SPACE", "LEARNING_TRIP"})
"""Kinds of events whose rooms have door lists also before the times of the open space are known."""


def named() -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Headings, and below each the papers: file name, title and what it is for."""
    titles = papers.titles()
    return [
        (heading, [(name, f"{titles[name]} (XLSX)" if name.endswith("xlsx") else titles[name], use)
                   for name, use in some])
        for heading, some in _uses()
    ]  # fmt: skip


def _uses() -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (_("For the day"), [
            ("run-sheet.pdf", _("The day line by line, for the team")),
            ("attendance.pdf", _("To sign at the entrance")),
            ("badges.pdf", _("Name in front, own way through the rounds behind")),
            ("slips.pdf", _("Who sits where, with the link to one's own day")),
            ("table-cards.pdf", _("Topic and round, to stand up")),
            ("bus-lists.pdf", _("For the roll-call")),
        ]),
        (_("For the open space"), [
            ("marketplace.pdf", _("Rooms and slots, to hang up")),
            ("door-lists.pdf", _("What happens in which room")),
        ]),
        (_("Afterwards"), [
            ("minutes.pdf", _("What was said and agreed")),
            ("votes.pdf", _("Once a vote is over")),
            ("certificates.pdf", _("For those who came, with a code to check")),
        ]),
        (_("As tables and for calendars"), [
            ("participants.xlsx", ""),
            ("attendance.xlsx", ""),
            ("bus-lists.xlsx", ""),
            ("open-space.xlsx", ""),
            ("agenda.ics", _("As a calendar file, which everybody may have")),
        ]),
    ]  # fmt: skip


@get(f"{BASE}/{{id:uuid}}/papers", page=True, right=access.ORGANISER)
async def show(request: AnyRequest, id: uuid.UUID) -> Response[str]:
    who = await ground.organiser(request)
    async with here(request).db.read(who.acting) as session:
        event = await ground.own(session, who, id)
    return await ground.page(request, "papers", event, "/papers", groups=named(), pack=path_of(event, "/pack.zip"))


@get(f"{BASE}/{{id:uuid}}/pack.zip", page=True, right=access.ORGANISER)
async def pack(request: AnyRequest, id: uuid.UUID) -> Response[bytes]:
    """What is printed before the day, in one file; without bus lists where nobody goes by bus, and the like."""
    who, runtime = await ground.organiser(request), here(request)
    await runtime.rates.take(PACKS, who.subject)
    await runtime.refresh()
    async with runtime.db.read(who.acting) as session:
        event = await ground.own(session, who, id)
        wanted = await _wanted(session, event)
        days = {name: await papers.of_kind(session, event, name, runtime.settings, organiser=True) for name in wanted}
    async with runtime.db.read(HUB) as session:  # how many come to a session; whose event it is was compared
        for name in MARKET:
            days[name] = await papers.with_market(session, event, days[name], name, organiser=True)
            if not _hangs(event, name, days[name].market):
                del days[name]
    content = await apart(lambda: _zipped(days))
    headers = {
        "content-disposition": f'attachment; filename="lotsennetz-{event.date.isoformat()}.zip"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    return Response(content, media_type="application/zip", headers=headers)


async def _wanted(session: Reader, event: Event) -> list[str]:
    (vehicles,) = await transport.vehicles(session, [event.id])
    rounds = event.plan is not None
    needed: dict[str, bool] = {"bus-lists.pdf": bool(vehicles), "slips.pdf": rounds, "table-cards.pdf": rounds}
    return [*(name for name in BEFORE if needed.get(name, True)), *MARKET]


def _hangs(event: Event, name: str, market: Market) -> bool:
    """Whether there is anything on the paper of the open space."""
    if name == "marketplace.pdf":
        return bool(market.waiting or (market.rooms and market.slots))
    return bool(market.rooms and (market.slots or event.kind in SPACES))


def _zipped(days: dict[str, Day]) -> bytes:
    """The papers, numbered in the order in which they are needed; the same day gives the same file."""
    made = BytesIO()
    with ZipFile(made, "w", ZIP_STORED) as archive:  # a PDF is compressed already
        for number, (name, day) in enumerate(days.items(), start=1):
            make: Callable[[Day], bytes] = papers.PAPERS[name][0]
            archive.writestr(ZipInfo(f"{number:02}-{papers.file_name(name)}"), make(day))
    return made.getvalue()


routes: list[Any] = [show, pack]
