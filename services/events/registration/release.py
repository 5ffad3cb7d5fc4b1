"""The superior's release: somebody without an account decides once, by the link of a mail."""

import uuid
from dataclasses import dataclass

from services.events.models import Event, Navigator, Registration
from services.events.registration import links
from services.events.registration.book import ASKED, Book
from services.events.registration.desk import press
from services.events.registration.reading import Standing
from services.kit.db import HUB
from services.kit.errors import Conflict, NotFound, Refused
from services.kit.i18n import gettext as _
from services.kit.mail import checked_address
from services.kit.service import Runtime


@dataclass(frozen=True)
class Asked:
    """What a superior is asked; `open` while it can be decided with this link."""

    event: Event
    person: Navigator
    release: str
    open: bool


def checked_superior(address: str, person: Navigator) -> str:
    """Raises Refused for what is no address, and for the person's own."""
    clean = checked_address(address)
    if clean.lower() == person.email.lower():
        raise Refused(_("This is your own address. Please give that of your superior."))
    return clean


async def asked(runtime: Runtime, token: str) -> Asked:
    """Changes nothing: programs that look into mails open every link. Raises NotFound."""
    event_id, person_id, count = links.of_superior(runtime.settings, token)
    async with runtime.db.read(HUB) as session:
        row = await session.get(Registration, (event_id, person_id))
        event, person = await session.get(Event, event_id), await session.get(Navigator, person_id)
    if row is None or event is None or person is None:
        raise NotFound(_("This link is not valid any more."))
    return Asked(event, person, row.release, _answers(row, count) and event.status != "cancelled")


async def decide(runtime: Runtime, token: str, *, given: bool) -> Standing:
    """The superior's decision, once. Raises NotFound, and Conflict where it was decided or asked of somebody else."""
    event_id, person_id, count = links.of_superior(runtime.settings, token)

    async def step(book: Book, row: Registration) -> None:
        if not _answers(row, count):
            raise Conflict(_("This was decided already, or is not needed any more."))
        await book.decide(row, given=given)

    return await press(runtime, event_id, person_id, step)


def _answers(row: Registration, count: int) -> bool:
    return row.state == "registered" and row.release in ASKED and row.release_asks == count


async def ask(runtime: Runtime, event_id: uuid.UUID, person_id: uuid.UUID, superior: str) -> Standing:
    """Have the superior at this address asked, instead of whoever was asked before."""
    async with runtime.db.read(HUB) as session:
        person = await session.get(Navigator, person_id)
    if person is None:
        raise NotFound(_("This link is not valid any more."))
    address = checked_superior(superior, person)

    async def step(book: Book, row: Registration) -> None:
        book.ask_release(row, address)

    return await press(runtime, event_id, person_id, step)
