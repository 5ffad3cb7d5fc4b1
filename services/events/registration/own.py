"""What somebody does with their own registration, by their link and without an account."""

import uuid
from typing import Any

from sqlalchemy import select

from services.events import modules
from services.events.models import City, Event, Module, Navigator, Need, Participant, Registration
from services.events.registration.book import Book
from services.events.registration.desk import press
from services.events.registration.reading import Key, Standing
from services.events.registration.release import checked_superior
from services.kit.checks import Checks
from services.kit.db import HUB, Reader, put
from services.kit.errors import Conflict, NotFound
from services.kit.i18n import gettext as _
from services.kit.i18n import language
from services.kit.mail import checked_address
from services.kit.service import Runtime

LONGEST_NEED = 500
MOST_COLLEAGUES = 500


async def register(runtime: Runtime, key: Key, superior: str = "", *, direct: bool = False) -> Standing:
    """A place or the end of the waiting list; a place that is offered is taken. `superior` is who gives the release."""
    address, spoken = checked_address(superior) if superior else "", language()

    async def step(book: Book, row: Registration) -> None:
        if address:
            person = await book.session.get_one(Navigator, row.navigator_id)
            checked_superior(address, person)
        await book.register(row, address, direct=direct)
        row.language = spoken

    return await press(runtime, *key, step)


async def decline(runtime: Runtime, key: Key) -> Standing:
    """Say no to the invitation or the offer, leave the waiting list, or give the place back."""

    async def step(book: Book, row: Registration) -> None:
        await book.leave(row)

    return await press(runtime, *key, step)


async def hand_over(runtime: Runtime, key: Key, to: uuid.UUID) -> Standing:
    """Have a colleague of the same city take over the place."""

    async def step(book: Book, row: Registration) -> None:
        other = await book.session.get(Navigator, to)
        if other is None:
            raise NotFound(_("The directory has no such navigator."))
        await book.hand_over(row, other)

    return await press(runtime, *key, step, (to,))


async def colleagues(session: Reader, key: Key) -> list[Navigator]:
    """Who of the same city could take over, by name: whoever does not take part."""
    event, person = key
    ags = select(Navigator.ags).where(Navigator.id == person).scalar_subquery()
    there = select(Participant.navigator_id).where(Participant.event_id == event)
    query = select(Navigator).where(Navigator.ags == ags, Navigator.id != person, Navigator.id.not_in(there))
    rows = await session.scalars(query.order_by(Navigator.sort_key, Navigator.id).limit(MOST_COLLEAGUES))
    return list(rows.all())


async def set_needs(
    runtime: Runtime, key: Key, diet: str, access: str, *, step_free: bool, hearing_loop: bool
) -> Standing:
    """What the person needs on the day; nothing is kept of nothing. Raises Refused, or Conflict without a place."""
    checks = Checks()
    values: dict[str, Any] = {
        "diet": checks.text("needs", "diet", diet, LONGEST_NEED, required=False),
        "access": checks.text("needs", "access", access, LONGEST_NEED, required=False),
        "step_free": step_free, "hearing_loop": hearing_loop,
    }  # fmt: skip
    checks.done(_("Nothing was changed. Please correct the fields named and send it again."))

    async def step(book: Book, row: Registration) -> None:
        book.still()
        if row.state not in {"registered", "offered", "waiting"}:
            raise Conflict(_("Please register first."))
        if any(values.values()):
            await put(book.session, Need, {"event_id": key[0], "navigator_id": key[1]}, values)
        elif (need := await book.session.get(Need, key)) is not None:
            await book.session.delete(need)

    return await press(runtime, *key, step)


async def missing_modules(session: Reader, key: Key) -> list[Module]:
    """What the person should have attended before, and neither did nor has booked."""
    event = await session.get_one(Event, key[0])
    return (await modules.lacking(session, event, [key[1]])).get(key[1], [])


async def known(runtime: Runtime, key: Key) -> tuple[Event, Navigator, Need | None]:
    """Whose link it is. Raises NotFound where the event or the person is gone."""
    async with runtime.db.read(HUB) as session:
        event, person = await session.get(Event, key[0]), await session.get(Navigator, key[1])
        need = await session.get(Need, key)
    if event is None or person is None:
        raise NotFound(_("This link is not valid any more."))
    return event, person, need


async def no_invitations(runtime: Runtime, of: uuid.UUID | str) -> None:
    """No invitation goes there any more: a person, or the contact point of a city."""
    async with runtime.db.begin(HUB) as session:
        model: Any = Navigator if isinstance(of, uuid.UUID) else City
        row = await session.get(model, of)
        if row is not None:
            row.invitable = False
