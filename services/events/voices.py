"""What people say in their own words: entries of a retrospective, and quotes for a report."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, func, insert, select, update

from services.events.models import Event, Navigator, Participant, Quote, RetroEntry
from services.kit.checks import Checks
from services.kit.db import Reader, Writer
from services.kit.errors import NotFound, Refused
from services.kit.i18n import gettext as _

KINDS: Final = ("QUESTION", "WISH", "CRITICISM", "PRAISE")
MOST_ENTRIES: Final = 2_000
MOST_OF_ONE: Final = 50
"""Entries with a name of one person in an event."""
MOST_QUOTES: Final = 5
"""Of one person in an event."""
LONGEST: Final = 500


async def speak(
    session: Writer, event: uuid.UUID, navigator: uuid.UUID, kind: str, text: str, *, named: bool
) -> RetroEntry:
    """Put an entry on the board of an event that one takes part in; without a name it is not kept whose it is."""
    clean = _text(text)
    await _take_part(session, event, navigator)
    await session.execute(select(Event.id).where(Event.id == event).with_for_update())
    there = (await session.scalar(select(func.max(RetroEntry.position)).where(RetroEntry.event_id == event))) or 0
    own = select(func.count()).select_from(RetroEntry).where(RetroEntry.event_id == event)
    own = own.where(RetroEntry.navigator_id == navigator)
    if there >= MOST_ENTRIES or (named and ((await session.scalar(own)) or 0) >= MOST_OF_ONE):
        raise Refused(_("There are too many entries already."))
    values = {"id": uuid.uuid4(), "event_id": event, "kind": kind, "text": clean, "reply": "", "hidden": False,
              "navigator_id": navigator if named else None, "position": there + 1}  # fmt: skip
    return (await session.scalars(insert(RetroEntry).values(values).returning(RetroEntry))).one()


async def take_back(session: Writer, entry: uuid.UUID, navigator: uuid.UUID, event: uuid.UUID | None = None) -> None:
    """Raises NotFound unless it is their own (in `event`): an entry without a name is nobody's."""
    gone = delete(RetroEntry).where(RetroEntry.id == entry, RetroEntry.navigator_id == navigator)
    gone = gone.where(RetroEntry.event_id == event) if event else gone
    if not (await session.execute(gone.returning(RetroEntry.id))).first():
        raise NotFound(_("There is no such entry of yours."))


async def moderate(session: Writer, entry: RetroEntry, *, reply: str | None, hidden: bool | None) -> None:
    """The organiser answers an entry or takes it off the board; None leaves it as it is."""
    values: dict[str, object] = {} if hidden is None else {"hidden": hidden}
    if reply is not None:
        values["reply"] = _text(reply, required=False)
    if values:
        await session.execute(update(RetroEntry).where(RetroEntry.id == entry.id).values(**values))
        await session.refresh(entry)


async def entry_by_id(session: Reader, key: uuid.UUID) -> RetroEntry | None:
    return await session.get(RetroEntry, key)


async def entries(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[RetroEntry]]:
    """The board of each event in the order in which things were said."""
    found: dict[uuid.UUID, list[RetroEntry]] = {key: [] for key in keys}
    query = select(RetroEntry).where(RetroEntry.event_id.in_(keys)).order_by(RetroEntry.position, RetroEntry.id)
    for one in await session.scalars(query):
        found[one.event_id].append(one)
    return [found[key] for key in keys]


# Quotes -----------------------------------------------------------------------------------------------------------


async def quote(session: Writer, event: uuid.UUID, navigator: uuid.UUID, text: str, *, named: bool) -> Quote:
    """Agree to be quoted with `text` in reports about the event."""
    clean = _text(text)
    await _take_part(session, event, navigator)
    await session.execute(select(Navigator.id).where(Navigator.id == navigator).with_for_update())
    own = select(func.count()).select_from(Quote).where(Quote.event_id == event, Quote.navigator_id == navigator)
    if ((await session.scalar(own)) or 0) >= MOST_QUOTES:
        raise Refused(_("At most {most} quotes of one person, please.", most=MOST_QUOTES))
    values = {"id": uuid.uuid4(), "event_id": event, "navigator_id": navigator, "text": clean, "named": named,
              "agreed_at": dt.datetime.now(dt.UTC), "chosen": False}  # fmt: skip
    return (await session.scalars(insert(Quote).values(values).returning(Quote))).one()


async def withdraw_quote(session: Writer, key: uuid.UUID, navigator: uuid.UUID, event: uuid.UUID | None = None) -> None:
    """The consent ends, and with it the quote. Raises NotFound unless it is their own (in `event`)."""
    gone = delete(Quote).where(Quote.id == key, Quote.navigator_id == navigator)
    gone = gone.where(Quote.event_id == event) if event else gone
    if not (await session.execute(gone.returning(Quote.id))).first():
        raise NotFound(_("There is no such quote of yours."))


async def choose(session: Writer, key: uuid.UUID, *, chosen: bool) -> None:
    await session.execute(update(Quote).where(Quote.id == key).values(chosen=chosen))


async def quote_by_id(session: Reader, key: uuid.UUID) -> Quote | None:
    return await session.get(Quote, key)


async def quotes(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[tuple[Quote, str]]]:
    """The quotes of each event with the AGS of whoever is quoted, oldest first."""
    found: dict[uuid.UUID, list[tuple[Quote, str]]] = {key: [] for key in keys}
    query = (
        select(Quote, Navigator.ags)
        .join(Navigator, Navigator.id == Quote.navigator_id)
        .where(Quote.event_id.in_(keys))
        .order_by(Quote.agreed_at, Quote.id)
    )
    for one, ags in await session.execute(query):
        found[one.event_id].append((one, ags))
    return [found[key] for key in keys]


async def said_by(session: Reader, navigator: uuid.UUID) -> list[dict[str, str]]:
    """What is kept of somebody's own words, oldest first: entries with their name, then quotes."""
    own = (
        select(RetroEntry)
        .where(RetroEntry.navigator_id == navigator)
        .order_by(RetroEntry.event_id, RetroEntry.position)
    )
    entries = [{"event": str(one.event_id), "as": one.kind, "text": one.text} for one in await session.scalars(own)]
    agreed = select(Quote).where(Quote.navigator_id == navigator).order_by(Quote.agreed_at, Quote.id)
    quotes = [{"event": str(one.event_id), "as": "QUOTE", "text": one.text} for one in await session.scalars(agreed)]
    return [*entries, *quotes]


async def _take_part(session: Reader, event: uuid.UUID, navigator: uuid.UUID) -> None:
    """Raises NotFound: who takes no part learns nothing of the event's own boards."""
    if await session.get(Participant, (event, navigator)) is None:
        raise NotFound(_("There is no such event."))


def _text(text: str, *, required: bool = True) -> str:
    checks = Checks()
    clean = checks.text("text", "", text, LONGEST, required=required)
    checks.done(_("Nothing was stored. Please correct the text and send it again."))
    return clean
