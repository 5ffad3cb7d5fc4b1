"""Who may do and see what in the directory, in one place."""

from typing import Final

from services.kit.auth import Principal
from services.kit.errors import Refused
from services.kit.i18n import gettext as _

READ: Final = "directory:read"
WRITE: Final = "directory:write"

VISIBILITY: Final = {
    # public: everybody; network: registered clients with the scope directory:read
    "id": "public",
    "name": "network",
    "title": "public",
    "department": "public",
    "city": "public",
    "offers": "public",
    "seeks": "public",
    "worksOn": "public",
    "topics": "public",
    "projects": "public",
}
"""The visibility of every field of a navigator; a test holds the schema against it."""


def in_network(who: Principal) -> bool:
    """Whether `who` sees what navigators share within the network of cities."""
    return who.known and READ in who.scopes


def may_publish(who: Principal, ags: str) -> None:
    """A city's client with the scope directory:write publishes its own city and no other."""
    who.need(WRITE)
    who.need_city(ags)


def checked_ags(ags: str) -> str:
    """Raises Refused unless `ags` has the form of a municipality's key: 8 digits, of a state 01–16."""
    if len(ags) != 8 or not ags.isascii() or not ags.isdigit() or not 1 <= int(ags[:2]) <= 16:
        raise Refused(
            _(
                "„{ags}“ is not a municipality key (AGS): 8 digits, from 01 to 16 at first, such as 08335043.",
                ags=ags[:20],
            )
        )
    return ags
