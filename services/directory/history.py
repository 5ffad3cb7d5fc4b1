"""What a city published before: a page for each publication, field by field, and the way back to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Text, cast, delete, func, select
from sqlalchemy.orm import aliased

from services.directory import publishing, store
from services.directory.models import Account, Client, Publication, Source
from services.directory.protection.retention import SOURCES_KEPT
from services.directory.publishing import ANY_VERSION, Outcome, Publisher
from services.directory.snapshot import Difference, Snapshot, diff, without
from services.kit.db import Reader, Writer
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _

KINDS = ("departments", "navigators", "projects")


@dataclass(frozen=True)
class Edit:
    """A field of one row before and after; None where there was or is none. `kind` is city or one of KINDS."""

    kind: str
    key: str
    field: str
    before: Any
    after: Any


async def page(session: Reader, ags: str, limit: int, before: int | None = None) -> list[Publication]:
    """A city's publications, newest first, as far as the session may see them."""
    query = select(Publication).where(Publication.ags == ags).order_by(Publication.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Publication.id < before)
    return list((await session.scalars(query)).all())


async def one(session: Reader, ags: str, number: int) -> Publication:
    """Raises NotFound for a publication that the city never made."""
    row = await session.get(Publication, number)
    if row is None or row.ags != ags:
        raise NotFound(_("There is no such publication."))
    return row


async def restorable(session: Reader, rows: Sequence[Publication]) -> frozenset[int]:
    """Those of which the hub still has what was sent."""
    known = select(Source.publication_id).where(Source.publication_id.in_([row.id for row in rows]))
    return frozenset((await session.scalars(known)).all())


async def names(session: Reader, rows: Sequence[Publication]) -> dict[str, str]:
    """Of the people and programs that published, by what stands in `client`."""
    ids = {row.client for row in rows}
    people = await session.execute(select(Account.id, Account.name).where(cast(Account.id, Text).in_(ids)))
    programs = await session.execute(select(Client.client_id, Client.name).where(Client.client_id.in_(ids)))
    return {str(key): name for key, name in (*people, *programs)}


async def states(session: Reader, ags: str, number: int) -> tuple[Snapshot | None, Snapshot] | None:
    """What a city sent before a publication and for it; None where one of them is forgotten."""
    query = select(Source).where(Source.ags == ags, Source.publication_id <= number)
    found = (await session.scalars(query.order_by(Source.publication_id.desc()).limit(2))).all()
    first = select(func.min(Publication.id)).where(Publication.ags == ags)
    if not found or found[0].publication_id != number:
        return None
    if len(found) == 1 and number != await session.scalar(first):
        return None
    before = store.unpacked(found[1].snapshot) if len(found) > 1 else None
    return before, store.unpacked(found[0].snapshot)


async def edits(session: Reader, ags: str, number: int) -> list[Edit] | None:
    """What a publication changed, field by field; None where it or the one before it is forgotten."""
    if (found := await states(session, ags, number)) is None:
        return None
    before, after = found
    return list(compared(before, diff(before, after), after))


def compared(before: Snapshot | None, change: Difference, after: Snapshot) -> Iterator[Edit]:
    """The fields in which a changed row differs; those that a new or withdrawn row has."""
    if change.city_changed:
        yield from _fields("city", after.city.ags, before.city if before else None, after.city)
    for kind in KINDS:
        old = {row.key: row for row in getattr(before, kind)} if before else {}
        of = getattr(change, kind)
        for row in (*of.added, *of.changed):
            yield from _fields(kind, row.key, old.get(row.key), row)
        for row in of.withdrawn:
            yield from _fields(kind, row.key, row, None)


def _fields(kind: str, key: str, before: msgspec.Struct | None, after: msgspec.Struct | None) -> Iterator[Edit]:
    old, new = (msgspec.to_builtins(row) if row is not None else {} for row in (before, after))
    for field in dict.fromkeys((*new, *old)):
        if field != "key" and old.get(field) != new.get(field):
            yield Edit(kind, key, field, old.get(field), new.get(field))


async def snapshot(session: Reader, ags: str, number: int) -> Snapshot:
    """What a city sent for a publication. Raises NotFound for one that is forgotten, or not the city's."""
    row = await session.get(Source, number)
    if row is None or row.ags != ags:
        raise NotFound(_("The hub does not have that state any more."))
    return store.unpacked(row.snapshot)


async def restore(
    session: Writer, by: Publisher, ags: str, number: int, *, expected: int | None = ANY_VERSION
) -> Outcome:
    """Publish an earlier state again. Raises as `publishing.publish`; who was erased since then stays away."""
    wanted = await snapshot(session, ags, number)
    return await publishing.publish(session, by, wanted, expected=expected, restored=number)


async def preview(
    session: Writer, by: Publisher, ags: str, number: int
) -> tuple[Outcome, tuple[Snapshot | None, Snapshot]]:
    """What `restore` would come to, storing nothing: the state now and the one that it would publish."""
    stored, asked = await store.read(session, ags), await snapshot(session, ags, number)
    outcome = await publishing.preview(session, by, asked)
    return outcome, (stored.snapshot, without(asked, set(outcome.withheld)))


async def forget(session: Writer) -> None:
    """Let go of sources that were replaced long ago; their publications stay, and can be restored no more."""
    later = aliased(Publication)
    replaced = select(later.id).where(
        later.ags == Source.ags, later.id > Source.publication_id, later.at < func.now() - SOURCES_KEPT
    )
    await session.execute(delete(Source).where(replaced.exists()))


def via_words(via: str) -> str:
    """How something was published, for people."""
    return {
        "GRAPHQL": _("a program (GraphQL)"),
        "REST": _("a program (REST)"),
        "UPLOAD": _("a spreadsheet"),
        "PAGE": _("by hand"),
        "HARVEST": _("read from the city's own address"),
        "RESTORE": _("an earlier state restored"),
    }.get(via, via)
