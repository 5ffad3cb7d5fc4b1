"""Who may do and see what in events, in one place."""

from typing import Final

from services.events.models import Event
from services.kit.auth import Principal
from services.kit.errors import Forbidden
from services.kit.i18n import gettext as _

READ: Final = "events:read"
WRITE: Final = "events:write"


def may_create(who: Principal, cities: set[str]) -> None:
    """A client with the scope events:write; one that speaks for a city takes its own city along."""
    who.need(WRITE)
    if who.city is not None and who.city not in cities:
        raise Forbidden(_("Your city {ags} is neither host nor guest of this event.", ags=who.city))


def may_change(who: Principal, event: Event) -> None:
    """The organiser with the scope events:write."""
    who.need(WRITE)
    if who.subject != event.organiser:
        raise Forbidden(_("Only the organiser may change this event."))


def may_see_people(who: Principal, event: Event) -> bool:
    """The organiser and the event's cities, with the scope events:read, see who takes part and the papers.

    The event itself, its agenda and its calendar are public.
    """
    return READ in who.scopes and (who.subject == event.organiser or who.city in {event.host, *event.guests})
