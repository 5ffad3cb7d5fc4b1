"""Who does what until when, of all events: by city and day, and ticked off. They are written in `openspace.harvest`."""

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import func, select, tuple_, update

from services.events.models import ActionItem, Event
from services.kit.db import Reader, Writer
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _

NEVER = dt.date.max
"""Where items stand that have no day: at the end."""
MOST_OF_ONE = 500


async def page(
    session: Reader,
    limit: int,
    *,
    after: Sequence[str] | None = None,
    city: str | None = None,
    event: uuid.UUID | None = None,
    until: dt.date | None = None,
    states: Sequence[str] = (),
) -> list[ActionItem]:
    """Items by their day, as far as the session may see them; `until`: due by then."""
    day = func.coalesce(ActionItem.due, NEVER)
    query = select(ActionItem).order_by(day, ActionItem.id).limit(limit)
    if after is not None:
        query = query.where(tuple_(day, ActionItem.id) > (dt.date.fromisoformat(after[0]), uuid.UUID(after[1])))
    if city is not None:
        query = query.where(ActionItem.city == city)
    if event is not None:
        query = query.where(ActionItem.event_id == event)
    if until is not None:
        query = query.where(ActionItem.due <= until)
    if states:
        query = query.where(ActionItem.status.in_(states))
    return list(await session.scalars(query))


async def of_person(session: Reader, navigator: uuid.UUID, event: uuid.UUID | None = None) -> list[ActionItem]:
    """What somebody has to do (in `event`), by its day. Under HUB."""
    query = select(ActionItem).where(ActionItem.owner_id == navigator)
    query = query.where(ActionItem.event_id == event) if event else query
    query = query.order_by(func.coalesce(ActionItem.due, NEVER), ActionItem.id).limit(MOST_OF_ONE)
    return list(await session.scalars(query))


async def by_id(session: Reader, key: uuid.UUID | None) -> tuple[ActionItem, Event]:
    """An item and its event. Raises NotFound."""
    query = select(ActionItem, Event).join(Event, Event.id == ActionItem.event_id).where(ActionItem.id == key)
    found = (await session.execute(query)).one_or_none() if key else None
    if found is None:
        raise NotFound(_("There is no such action item."))
    return found


async def of(
    session: Reader, navigator: uuid.UUID, key: uuid.UUID | None, event: uuid.UUID | None = None
) -> ActionItem:
    """An item that somebody has taken on (in `event`). Raises NotFound."""
    query = select(ActionItem).where(ActionItem.id == key, ActionItem.owner_id == navigator)
    found = await session.scalar(query) if key else None
    if found is None or event not in {None, found.event_id}:
        raise NotFound(_("There is no such action item."))
    return found


async def tick(session: Writer, item: ActionItem, status: str) -> ActionItem:
    done = update(ActionItem).where(ActionItem.id == item.id).values(status=status).returning(ActionItem)
    return (await session.scalars(done.execution_options(populate_existing=True))).one()
