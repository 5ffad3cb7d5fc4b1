"""What the organiser announces: to all, one city, one vehicle or one session; on screens, in people's days, by mail."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, delete, insert, select, union
from sqlalchemy import func as sql

from services.events import trips
from services.events.models import (
    Announcement,
    Boarding,
    Event,
    Navigator,
    Participant,
    Proposal,
    ProposalPerson,
    Registration,
    Session,
    SessionSeat,
    Vehicle,
)
from services.events.notices import note, notice
from services.kit.checks import Checks
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict, NotFound, Refused
from services.kit.i18n import gettext as _
from services.kit.rates import Rate
from services.kit.resolvers import as_uuid

OFTEN: Final = Rate("announcements", 30, per=3600)
"""Of one event."""
MOST_ANNOUNCEMENTS: Final = 300
LONGEST_TEXT: Final = 1_000


@dataclass(frozen=True)
class Draft:
    """For everybody unless one of `city` (AGS), `vehicle` or `session` (ids) is named."""

    text: str
    city: str = ""
    vehicle: str = ""
    session: str = ""
    mail: bool = True


async def announce(session: Writer, event: Event, draft: Draft) -> tuple[Announcement, int]:
    """Put it on the screens and, with `mail`, have it written to each whom it is for; how many they are.

    Raises Refused, NotFound, and Conflict where the event was called off: that is what people have to hear.
    """
    checks = Checks()
    text = checks.text("announcement", "text", draft.text, LONGEST_TEXT, lines=True)
    if sum(map(bool, (draft.city, draft.vehicle, draft.session))) > 1:
        checks.add("announcement", "", _("Please name one city, one vehicle or one session, not several."))
    if draft.city and draft.city not in {event.host, *event.guests}:
        words = _("The city {city} takes no part in this event.", city=draft.city[:20])
        checks.add("announcement", "city", words)
    checks.done(_("Nothing was sent. Please correct the fields named and send it again."))
    await trips.lock(session, event.id)
    if event.status == "cancelled":
        raise Conflict(_("This event was called off."))
    there = select(sql.count()).where(Announcement.event_id == event.id)
    if int(await session.scalar(there) or 0) >= MOST_ANNOUNCEMENTS:
        raise Refused(_("There are {most} announcements already.", most=MOST_ANNOUNCEMENTS))
    values: dict[str, Any] = {
        "id": uuid.uuid4(), "event_id": event.id, "text": text, "city": draft.city or None,
        "vehicle_id": await _of_event(session, event, Vehicle, draft.vehicle, _("There is no such vehicle.")),
        "session_id": await _of_event(session, event, Session, draft.session, _("There is no such session.")),
    }  # fmt: skip
    await session.execute(insert(Announcement).values(values))
    row = (await session.scalars(select(Announcement).where(Announcement.id == values["id"]))).one()
    people = (await session.scalars(_people(row, hoping=True))).all()
    if draft.mail:
        await note(session, [notice(event.id, key, "announcement", lines=text.splitlines()) for key in people])
    return row, len(people)


async def _of_event(session: Reader, event: Event, model: Any, value: str, missing: str) -> uuid.UUID | None:
    if not value:
        return None
    key = as_uuid(value)
    found = await session.scalar(select(model.id).where(model.id == key, model.event_id == event.id)) if key else None
    if found is None:
        raise NotFound(missing)
    return key


def _people(row: Announcement, *, hoping: bool = False) -> Select[Any]:
    """Whom it is for, as navigators' ids; with `hoping`, also those whose registration is not decided yet."""
    if row.vehicle_id is not None:
        return select(Boarding.navigator_id).where(Boarding.vehicle_id == row.vehicle_id)
    if row.session_id is not None:
        hosts = (
            select(ProposalPerson.navigator_id)
            .join(Proposal, Proposal.id == ProposalPerson.proposal_id)
            .join(Session, Session.proposal_id == Proposal.root)
            .join(Participant, (Participant.navigator_id == ProposalPerson.navigator_id)
                  & (Participant.event_id == Session.event_id))
            .where(Session.id == row.session_id, ProposalPerson.role == "convener")
        )  # fmt: skip
        seated = select(SessionSeat.navigator_id).where(SessionSeat.session_id == row.session_id)
        return select(union(seated, hosts).subquery())
    there = select(Participant.navigator_id).where(Participant.event_id == row.event_id)
    registered = select(Registration.navigator_id).where(
        Registration.event_id == row.event_id, Registration.state.in_(["registered", "offered", "waiting"])
    )
    some = (union(there, registered) if hoping else there).subquery()
    if row.city is None:
        return select(some.c.navigator_id)
    return select(some.c.navigator_id).join(Navigator, Navigator.id == some.c.navigator_id).where(
        Navigator.ags == row.city
    )  # fmt: skip


async def withdraw(session: Writer, row: Announcement) -> None:
    """Take it off the screens; mails that are written stay so."""
    await session.execute(delete(Announcement).where(Announcement.id == row.id))


async def by_id(session: Reader, value: str) -> Announcement:
    key = as_uuid(value)
    found = (await session.scalars(select(Announcement).where(Announcement.id == key))).one_or_none() if key else None
    if found is None:
        raise NotFound(_("There is no such announcement."))
    return found


# Reading ----------------------------------------------------------------------------------------------------------


async def of_events(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[Announcement]]:
    """Those of each event, newest first."""
    found: dict[uuid.UUID, list[Announcement]] = {key: [] for key in keys}
    query = select(Announcement).where(Announcement.event_id.in_(keys))
    for row in await session.scalars(query.order_by(Announcement.at.desc(), Announcement.id)):
        found[row.event_id].append(row)
    return [found[key] for key in keys]


async def with_audience(
    session: Reader, event_id: uuid.UUID, most: int, since: dt.datetime
) -> list[tuple[Announcement, frozenset[uuid.UUID] | None]]:
    """The newest of an event `since` then, each with whom it is for; None is everybody."""
    query = select(Announcement).where(Announcement.event_id == event_id, Announcement.at >= since)
    rows = (await session.scalars(query.order_by(Announcement.at.desc(), Announcement.id).limit(most))).all()
    return [
        (row, None if _for_all(row) else frozenset((await session.scalars(_people(row))).all())) for row in rows
    ]  # fmt: skip


def _for_all(row: Announcement) -> bool:
    return row.city is None and row.vehicle_id is None and row.session_id is None
