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


def named() -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Headings, and below each the papers: file name, title and what it is for."""
    return [
        (_("For the day"), [
            ("run-sheet.pdf", _("Run sheet"), _("The day line by line, for the team")),
            ("attendance.pdf", _("Attendance list"), _("To sign at the entrance")),
            ("badges.pdf", _("Badges"), _("Name in front, own way through the rounds behind")),
            ("slips.pdf", _("Personal slips"), _("Who sits where, with the link to one's own day")),
            ("table-cards.pdf", _("Table cards"), _("Topic and round, to stand up")),
            ("bus-lists.pdf", _("Bus lists"), _("For the roll-call")),
        ]),
        (_("For the open space"), [
            ("marketplace.pdf", _("Marketplace wall"), _("Rooms and slots, to hang up")),
            ("door-lists.pdf", _("Door lists"), _("What happens in which room")),
        ]),
        (_("Afterwards"), [
            ("minutes.pdf", _("Minutes"), _("What was said and agreed")),
            ("votes.pdf", _("Results of votes"), _("Once a vote is over")),
            ("certificates.pdf", _("Certificates"), _("For those who came, with a code to check")),
        ]),
        (_("As tables and for calendars"), [
            ("participants.xlsx", _("Participants (XLSX)"), ""),
            ("attendance.xlsx", _("Attendance (XLSX)"), ""),
            ("bus-lists.xlsx", _("Bus lists (XLSX)"), ""),
            ("open-space.xlsx", _("Open space (XLSX)"), ""),
            ("agenda.ics", _("Agenda as a calendar file"), _("Everybody may have it")),
        ]),
    ]  # fmt: skip


@get(f"{BASE}/{{id:uuid}}/papers", page=True, right=access.ORGANISER)
async def show(request: AnyRequest, id: uuid.UUID) -> Response[str]:
    who = await ground.organiser(request)
    async with here(request).db.read(who.acting) as session:
        event = await ground.own(session, who, id)
    return await ground.page(
        request, "papers", event, "/papers", groups=named(), pack=path_of(event, "/pack.zip"), market=_markets(event)
    )


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
        for name in papers.MARKET & days.keys():
            days[name] = await papers.with_market(session, event, days[name], name, organiser=True)
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
    return [*(name for name in BEFORE if needed.get(name, True)), *(MARKET if _markets(event) else ())]


def _markets(event: Event) -> bool:
    """Whether it has an open space, as far as its kind tells."""
    return event.kind in {"OPEN_SPACE", "LEARNING_TRIP"}


def _zipped(days: dict[str, Day]) -> bytes:
    """The papers, numbered in the order in which they are needed; the same day gives the same file."""
    made = BytesIO()
    with ZipFile(made, "w", ZIP_STORED) as archive:  # a PDF is compressed already
        for number, (name, day) in enumerate(days.items(), start=1):
            make: Callable[[Day], bytes] = papers.PAPERS[name][0]
            archive.writestr(ZipInfo(f"{number:02}-{name}"), make(day))
    return made.getvalue()


routes: list[Any] = [show, pack]
