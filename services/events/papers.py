"""From an event's rows to the `Day` that the papers are made of."""

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from services.events import calendar, daylinks, place, prints, trips
from services.events.day import Day, Item, Link, Person, Round, Stop
from services.events.day import Table as DayTable
from services.events.models import Event
from services.events.registration import attendance
from services.kit import i18n, text
from services.kit.db import Reader
from services.kit.i18n import gettext as _
from services.kit.settings import Settings
from services.kit.sheets.writing import XLSX

XLSX_PAPERS: Final[dict[str, Callable[[Day], bytes]]] = {
    "participants.xlsx": prints.participants_book,
    "attendance.xlsx": prints.attendance_book,
    "bus-lists.xlsx": prints.bus_book,
    "open-space.xlsx": prints.market_book,
}
PAPERS: Final[dict[str, tuple[Callable[[Day], bytes], str]]] = {
    "table-cards.pdf": (prints.table_cards, "application/pdf"),
    "slips.pdf": (prints.slips, "application/pdf"),
    "run-sheet.pdf": (prints.run_sheet, "application/pdf"),
    "badges.pdf": (prints.badges, "application/pdf"),
    "attendance.pdf": (prints.attendance_list, "application/pdf"),
    "door-lists.pdf": (prints.door_lists, "application/pdf"),
    "marketplace.pdf": (prints.wall, "application/pdf"),
    "bus-lists.pdf": (prints.bus_lists, "application/pdf"),
    "certificates.pdf": (prints.certificates, "application/pdf"),
    **{name: (make, XLSX) for name, make in XLSX_PAPERS.items()},
    "agenda.ics": (calendar.agenda_ics, "text/calendar"),
}
"""Name → (how it is made, media type)."""

MINUTES: Final = "minutes.pdf"
VOTES: Final = "votes.pdf"
"""Both are made of more than the `Day` (`web.reports`)."""
MEDIA: Final = {name: media for name, (_make, media) in PAPERS.items()} | dict.fromkeys(
    (MINUTES, VOTES), "application/pdf"
)
"""Name → media type, of all papers of an event."""

PUBLIC: Final = frozenset({"agenda.ics"})
"""Papers that name no participant."""
ORGANISERS: Final = frozenset({"certificates.pdf"})
"""Papers for the organiser alone."""
LINKED: Final = frozenset({"slips.pdf", "badges.pdf"})
"""Papers on which the organiser prints everybody's own link."""
ALONE: Final = frozenset({*LINKED, "certificates.pdf"})
"""Papers that can be had of one person: of a late-comer, say."""
MARKET: Final = frozenset({"door-lists.pdf", "marketplace.pdf", "open-space.xlsx"})
BUSES: Final = frozenset({"bus-lists.pdf", "bus-lists.xlsx"})


def titles() -> dict[str, str]:
    """What each paper is called."""
    return {
        "run-sheet.pdf": _("Run sheet"),
        "attendance.pdf": _("Attendance list"),
        "badges.pdf": _("Badges"),
        "slips.pdf": _("Personal slips"),
        "table-cards.pdf": _("Table cards"),
        "bus-lists.pdf": _("Bus lists"),
        "marketplace.pdf": _("Marketplace wall"),
        "door-lists.pdf": _("Door lists"),
        "minutes.pdf": _("Minutes"),
        "votes.pdf": _("Results of votes"),
        "certificates.pdf": _("Certificates"),
        "participants.xlsx": _("Participants"),
        "attendance.xlsx": _("Attendance"),
        "bus-lists.xlsx": _("Bus lists"),
        "open-space.xlsx": _("Open space"),
        "agenda.ics": _("Agenda"),
    }


def file_name(name: str) -> str:
    """Under which people store the paper `name`, in their language: `laufzettel.pdf`."""
    return text.file_name(titles()[name], name.rpartition(".")[2])


def round_times(event: Event, count: int) -> list[tuple[dt.datetime, dt.datetime]]:
    """When each of `count` rounds starts and ends; empty while the event says nothing about rounds."""
    if event.first_round is None:
        return []
    length, pause = dt.timedelta(minutes=event.round_minutes), dt.timedelta(minutes=event.break_minutes)
    starts = [event.first_round + number * (length + pause) for number in range(count)]
    return [(start, start + length) for start in starts]


async def of_kind(
    session: Reader, event: Event, name: str, settings: Settings, *, organiser: bool, alone: uuid.UUID | None = None
) -> Day:
    """What the paper `name` is made of, for the organiser or for a city of the event; of one person if `alone`.

    Those of MARKET take `with_market` besides.
    """
    if name in PUBLIC:
        return await day(session, event, people=False)
    made = await day(session, event, people=True, links=settings if organiser and name in LINKED else None, alone=alone)
    if name in BUSES:
        made = msgspec.structs.replace(made, buses=await place.buses(session, event))
    if name == "certificates.pdf":
        own = await place.certificates(session, event, settings, alone)
        made = msgspec.structs.replace(made, certificates=own, goals=await place.goals(session, event))
    return made


async def with_market(session: Reader, event: Event, made: Day, name: str, *, organiser: bool) -> Day:
    """`made` with the open space. Reads for the hub: a city may know how many come to a session, but not who."""
    guests = organiser and name == "door-lists.pdf"
    return msgspec.structs.replace(made, market=await place.market(session, event, guests=guests))


async def day(
    session: Reader, event: Event, *, people: bool, links: Settings | None = None, alone: uuid.UUID | None = None
) -> Day:
    """Everything printed about the event; without participants unless `people`, with their own links if `links`."""
    (made,) = await days(session, [event])
    if not people:
        return made
    cities, topics = await trips.names(session, [event]), await trips.topics(session)
    navigators = [one for one in (await trips.participants(session, [event.id]))[0] if alone in {None, one.id}]
    came = {row.navigator_id: row.attendance for row in (await attendance.of(session, [event.id]))[0]}
    tables = (await trips.tables(session, [event.id]))[0]
    count = max((table.round for table, _seats in tables), default=0)
    times = round_times(event, count)
    routes: dict[uuid.UUID, list[Stop]] = {}
    for table, seats in tables:
        for navigator_id in seats:
            routes.setdefault(navigator_id, []).append(Stop(round=table.round, table=table.number))
    signs: dict[int, str] = {}
    for table, _seats in tables:
        topic: Any = topics.get(table.topic)
        signs[table.number] = (topic.en if i18n.language() == "en" else topic.de) if topic else table.topic
    return msgspec.structs.replace(
        made,
        updated=event.updated_at,
        rounds=tuple(Round(n, *(times[n - 1] if times else ())) for n in range(1, count + 1)),
        tables=tuple(DayTable(number=number, topic=sign) for number, sign in sorted(signs.items())),
        participants=tuple(
            Person(
                name=n.name,
                city=cities.get(n.ags, n.ags),
                department=n.department,
                route=tuple(routes.get(n.id, [])),
                link=daylinks.url(links, event, n.id) if links else "",
                attendance=came.get(n.id, "expected"),
            )
            for n in navigators
        ),
    )


async def days(session: Reader, events: Sequence[Event]) -> list[Day]:
    """What everybody may read about the events, without people: what calendars are made of, dated as they are."""
    cities = await trips.names(session, events)
    agendas = await trips.agendas(session, [event.id for event in events])
    return [
        Day(
            id=str(event.id),
            title=event.title,
            hashtag=event.hashtag,
            kind=event.kind.lower(),
            date=event.date,
            last_day=event.last_day,
            venue=event.venue,
            address=event.address,
            host=cities.get(event.host, event.host),
            guests=tuple(cities.get(ags, ags) for ags in event.guests),
            updated=event.revised_at,
            sequence=event.sequence,
            status="cancelled" if event.status == "cancelled" else "confirmed",
            timezone=event.timezone,
            questions=tuple(event.questions),
            agenda=tuple(
                Item(
                    id=str(item.id),
                    starts=item.starts,
                    ends=item.ends,
                    title=item.title,
                    details=tuple(item.details),
                    audience=cities.get(item.audience, item.audience) if item.audience else None,
                    responsible=item.responsible,
                    material=tuple(Link(one["title"], one["url"]) for one in item.material),
                )
                for item in agenda
            ),
        )
        for event, agenda in zip(events, agendas, strict=True)
    ]
