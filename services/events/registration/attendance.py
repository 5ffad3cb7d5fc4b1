"""Who came on the day: expected, present, late, no-show, left; noted by the organiser, read by whoever plans rounds."""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import func, select, update

from services.events import trips
from services.events.models import Event, Navigator, Participant
from services.events.openspace import board
from services.kit.db import Reader, Writer
from services.kit.errors import Problem, Refused
from services.kit.i18n import gettext as _

MOST_WORDS = 5
"""Of a search that count."""


async def note(session: Writer, event: Event, navigators: Sequence[str], attendance: str) -> Event:
    """Note the same of many participants. Raises Refused, with nothing noted, for somebody who is none."""
    wanted = trips.ids(navigators)
    await trips.lock(session, event.id)
    done = await session.scalars(
        update(Participant)
        .where(Participant.event_id == event.id, Participant.navigator_id.in_(wanted))
        .values(attendance=attendance, attendance_at=dt.datetime.now(dt.UTC))
        .returning(Participant.navigator_id)
    )
    missing = set(wanted) - set(done.all())
    if missing:
        words = _("This person takes no part in the event.")
        problems = [Problem(message=words, row=f"navigators[{i}]") for i, key in enumerate(wanted) if key in missing]
        raise Refused(_("Nothing was changed. Please correct the navigators named."), problems)
    await board.tell(session, event.id)  # whoever went home hosts nothing any more
    return event


async def there(session: Writer, event: Event, people: Collection[uuid.UUID]) -> None:
    """Who was seen is present, whatever was noted before; who came late stays late."""
    came = update(Participant).where(
        Participant.event_id == event.id, Participant.navigator_id.in_(people),
        Participant.attendance.not_in(["present", "late"]),
    )  # fmt: skip
    await session.execute(came.values(attendance="present", attendance_at=dt.datetime.now(dt.UTC)))
    await board.tell(session, event.id)


async def of(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[Participant]]:
    """The participants of each event by name, with their attendance."""
    found: dict[uuid.UUID, list[Participant]] = {key: [] for key in keys}
    query = select(Participant).join(Navigator, Navigator.id == Participant.navigator_id)
    query = query.where(Participant.event_id.in_(keys)).order_by(Navigator.sort_key, Navigator.id)
    for row in await session.scalars(query):
        found[row.event_id].append(row)
    return [found[key] for key in keys]


async def counts(session: Reader, event_id: uuid.UUID) -> dict[str, int]:
    """How many participants are how, by attendance."""
    query = select(Participant.attendance, func.count()).where(Participant.event_id == event_id)
    return dict((await session.execute(query.group_by(Participant.attendance))).all())


async def search(
    session: Reader, event_id: uuid.UUID, words: str, attendance: str, most: int
) -> list[tuple[Participant, Navigator]]:
    """Participants by name whose name has all of `words` in it, of one `attendance` unless it is empty."""
    query = select(Participant, Navigator).join(Navigator, Navigator.id == Participant.navigator_id)
    query = query.where(Participant.event_id == event_id)
    for word in words.split()[:MOST_WORDS]:
        query = query.where(Navigator.name.icontains(word, autoescape=True))
    if attendance:
        query = query.where(Participant.attendance == attendance)
    rows = await session.execute(query.order_by(Navigator.sort_key, Navigator.id).limit(most))
    return [(row, navigator) for row, navigator in rows]
