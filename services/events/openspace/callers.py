"""Who acts in an open space: its organiser with a token, or somebody with a link and no account.

A person's link to the event, or their personal one, speaks for somebody who takes part. The event's own link, printed
as a QR code, lets anybody at the event propose and read. Who proposed gets a link to that proposal, the only way back
to one without a name; who takes notes gets one for the session.
"""

import datetime as dt
import uuid
from typing import Any, Final

import msgspec
from sqlalchemy import select

from services.events import access, daylinks
from services.events.daylinks import Opened
from services.events.models import Event, Navigator, Participant
from services.kit import links
from services.kit.auth import Principal
from services.kit.db import HUB, Acting, Reader
from services.kit.errors import Forbidden, NotFound
from services.kit.i18n import gettext as _
from services.kit.settings import Settings

EVENT: Final = "open space"
PROPOSAL: Final = "open space: proposal"
NOTES: Final = "open space: notes"
AFTER: Final = dt.timedelta(days=60)
"""How long after the day links still count: results are written later."""
LEAST: Final = dt.timedelta(days=1)


class Link(msgspec.Struct, frozen=True):
    """What a link says, before anybody has looked whether it fits the event."""

    theirs: Opened | None = None
    """A person's own: to an event, or to all of theirs."""
    event: uuid.UUID | None = None
    proposal: uuid.UUID | None = None
    notes: uuid.UUID | None = None


class Caller(msgspec.Struct, frozen=True):
    """`proposal` and `notes` are those that a link is about; `person` takes part in the event."""

    organiser: bool = False
    person: uuid.UUID | None = None
    proposal: uuid.UUID | None = None
    notes: uuid.UUID | None = None

    @property
    def key(self) -> str:
        """By what requests of one caller are counted; empty where many share it."""
        return f"person:{self.person}" if self.person else ""


def read(settings: Settings, token: str) -> Link:
    """Raises NotFound for what is none of our links, or one that is too old."""
    if (theirs := daylinks.read(settings, token)) is not None:
        return Link(theirs=theirs)
    for purpose, field in ((EVENT, "event"), (PROPOSAL, "proposal"), (NOTES, "notes")):
        value = links.opened(settings, purpose, token)
        if value is not None and len(value) == links.ID_BYTES:
            about: dict[str, Any] = {field: uuid.UUID(bytes=value)}
            return Link(**about)
    raise NotFound(_("This link is not valid any more."))


def write(settings: Settings, purpose: str, about: uuid.UUID, day: dt.date) -> str:
    """A link for `purpose` about an event or a proposal, until some time after the event's `day`."""
    until = dt.datetime.combine(day, dt.time.max, dt.UTC) + AFTER
    return links.signed(settings, purpose, about.bytes, max(until - dt.datetime.now(dt.UTC), LEAST))


def acting(who: Principal, link: Link | None) -> Acting:
    """For whom the unit of work acts: who comes with a link is nobody to the database, so the hub acts for them."""
    return HUB if link else who.acting


async def find(session: Reader, event: Event, who: Principal, link: Link | None) -> Caller:
    """Who acts in `event`. Raises Unknown or Forbidden for whoever has no part in it."""
    if link is None:
        access.ORGANISER.check(who)
        access.may_change(who, event)
        return Caller(organiser=True)
    if link.theirs is not None:
        if link.theirs.event not in {None, event.id}:
            raise Forbidden(_("This link belongs to another event."))
        if not daylinks.counts(link.theirs, event):
            raise NotFound(_("This link is not valid any more."))
        taking_part = select(Navigator.id).join(Participant, Participant.navigator_id == Navigator.id)
        here = taking_part.where(Participant.event_id == event.id, Navigator.id == link.theirs.person)
        if await session.scalar(here) is None:
            raise Forbidden(_("Only who takes part in this event can do this."))
        return Caller(person=link.theirs.person)
    if link.event is not None and link.event != event.id:
        raise Forbidden(_("This link belongs to another event."))
    return Caller(proposal=link.proposal, notes=link.notes)
