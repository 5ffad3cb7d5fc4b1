"""Who may do and see what in matching, in one place."""

from typing import Final

from services.kit.auth import Principal
from services.kit.errors import Forbidden
from services.kit.i18n import gettext as _
from services.matching.models import Event

READ: Final = "matching:read"
WRITE: Final = "matching:write"


def may_plan(who: Principal, event: Event) -> None:
    """The event's organiser with the scope matching:write."""
    who.need(WRITE)
    if who.subject != event.organiser:
        raise Forbidden(_("Only the organiser of the event may plan its rounds."))


def may_see(who: Principal, event: Event) -> bool:
    """The organiser and the event's cities, with the scope matching:read; nobody else learns that a plan exists."""
    return READ in who.scopes and (who.subject == event.organiser or who.city in event.cities)
