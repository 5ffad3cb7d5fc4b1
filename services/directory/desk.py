"""What a city's people change by hand: one row at a time, over what they looked at, and the way back from it.

Every change is a publication (`publishing`). It is held against the row that was shown, not against the whole city, so
that two people can work on different rows, and neither overwrites the other's.
"""

from typing import Any, NamedTuple

from sqlalchemy import select

from services.directory import history, publishing, uploads
from services.directory.models import Publication
from services.directory.publishing import Outcome, Publisher
from services.directory.snapshot import CityRow, Snapshot, Step
from services.kit.db import Reader, Writer
from services.kit.errors import NotFound, Stale
from services.kit.i18n import gettext as _
from services.kit.seen import tag

VIA = "PAGE"
Row = Any
"""A DepartmentRow, NavigatorRow or ProjectRow."""


class City(NamedTuple):
    """`version` is the newest publication; None before the first, when the row is the official register's."""

    version: int | None
    snapshot: Snapshot

    def row(self, kind: str, key: str) -> Row:
        """Raises NotFound."""
        found = _row(self.snapshot, kind, key)
        if found is None:
            raise NotFound(_("Nothing is published under the key „{key}“.", key=key[:64]))
        return found


class Undo(NamedTuple):
    """The newest publication, and the one that its undoing publishes again."""

    newest: int
    before: int


async def read(session: Reader, ags: str) -> City:
    """What the city publishes. Raises NotFound for a key that is no municipality's."""
    version, snapshot = await uploads.base(session, ags)
    if snapshot is None:
        if version is None:
            snapshot = Snapshot(CityRow(ags, ags))  # a hub without the official register: the name is to be written
        else:
            raise NotFound(_("This city has not published anything yet."))
    return City(version, snapshot)


def over(kind: str, key: str, seen: str, step: Step) -> Step:
    """`step`, which raises Stale when the row with `key` is not the one with the tag `seen` any more."""

    def checked(stored: Snapshot) -> Snapshot:
        now = _row(stored, kind, key)
        if tag(now) != seen:
            raise Stale(_gone() if now is None else _("Somebody has changed this entry meanwhile."))
        return step(stored)

    return checked


def _gone() -> str:
    return _("Somebody has withdrawn this entry meanwhile. If you save it now, it is published again.")


async def change(session: Writer, by: Publisher, ags: str, step: Step) -> Outcome:
    """Publish what `step` makes of the city, also for the first time. Raises as `publishing.change`."""
    city = await read(session, ags)
    if city.version is None:
        return await publishing.publish(session, by, step(city.snapshot), expected=None)
    return await publishing.change(session, by, ags, step)


async def undo(session: Reader, ags: str, actor: str) -> Undo | None:
    """What `actor` can take back: the city's newest publication, if they made it on the pages and one came before."""
    query = select(Publication).where(Publication.ags == ags).order_by(Publication.id.desc()).limit(2)
    rows = list(await session.scalars(query))
    if len(rows) < 2 or rows[0].client != actor or rows[0].via not in {VIA, "UPLOAD"}:
        return None
    if rows[1].id not in await history.restorable(session, rows):
        return None
    return Undo(rows[0].id, rows[1].id)


async def take_back(session: Writer, by: Publisher, ags: str, newest: int) -> Outcome:
    """Publish again what stood before `newest`. Raises Stale where that is not the newest publication any more."""
    found = await undo(session, ags, by.client)
    if found is None or found.newest != newest:
        raise Stale(_("Somebody else has published meanwhile. Please look at what changed and send it again."))
    return await history.restore(session, by, ags, found.before, expected=found.newest)


def _row(snapshot: Snapshot, kind: str, key: str) -> Row | None:
    if kind == "city":
        return snapshot.city
    return next((row for row in getattr(snapshot, kind) if row.key == key), None)
