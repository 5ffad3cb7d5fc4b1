"""Uploaded spreadsheets between the dry run and the yes.

A draft keeps what was read and how it was understood, never the file: its further columns are nobody's business.
"""

import uuid
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import delete, select

from services.directory import sheets, store
from services.directory.models import Draft, Municipality, Source, Topic
from services.directory.sheets import Label, Labels, Reading
from services.directory.snapshot import CityRow, Snapshot
from services.kit.db import Reader, Writer
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _

KEPT = timedelta(days=1)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Reading).decode


@dataclass(frozen=True)
class Preview:
    """`wanted` is what publishing would make true: the draft's changes, done to what is published now.

    `version` is the publication that this was compared with; `stale` says that it is newer than the upload.
    `erased` are ids of people who are not published again.
    """

    id: uuid.UUID
    reading: Reading
    before: Snapshot | None
    wanted: Snapshot
    version: int | None
    stale: bool
    erased: frozenset[uuid.UUID]


async def labels(session: Reader, memory: dict[str, Any]) -> Labels:
    """The vocabulary by its names; of topics that were merged only the code is still understood."""
    return (await store.of_vocabulary(session, memory, "labels", _labels)).anew()


async def _labels(session: Reader) -> Labels:
    rows = (await session.scalars(select(Topic).order_by(Topic.position))).all()
    return Labels(
        Label(one.code, "", "") if one.merged_into else Label(one.code, one.de, one.en, tuple(one.synonyms))
        for one in rows
    )


async def base(session: Reader, ags: str) -> tuple[int | None, Snapshot | None]:
    """The newest publication and what a spreadsheet is read over: before the first, the city as the register has it."""
    stored = await store.read(session, ags)
    if stored.snapshot is not None:
        return stored.publication, stored.snapshot
    town = await session.get(Municipality, ags)
    if town is None:
        return None, None
    city = CityRow(ags, town.name.partition(",")[0], kind=town.kind, population=town.population)
    return None, Snapshot(city)


async def keep(session: Writer, ags: str, by: str, version: int | None, reading: Reading) -> uuid.UUID:
    """Store a draft in the place of an earlier one of the same person."""
    await session.execute(delete(Draft).where(Draft.ags == ags, Draft.by == by))
    id_ = uuid.uuid4()
    session.add(Draft(id=id_, ags=ags, by=by, base=version, snapshot=zlib.compress(_encode(reading))))
    await session.flush()
    return id_


async def preview(session: Reader, ags: str, id_: uuid.UUID) -> Preview:
    """Raises NotFound where there is no such draft any more."""
    draft = await session.get(Draft, id_)
    if draft is None or draft.ags != ags:
        raise NotFound(_("This upload was published, thrown away or replaced already."))
    reading = _decode(zlib.decompress(draft.snapshot))
    stored = await store.read(session, ags)
    stale = stored.publication != draft.base
    wanted = reading.snapshot
    if stale:
        wanted = sheets.rebased(await _published(session, ags, draft.base), wanted, stored.snapshot)
    return Preview(id_, reading, stored.snapshot, wanted, stored.publication, stale, stored.erased)


async def _published(session: Reader, ags: str, publication: int | None) -> Snapshot | None:
    kept = await session.scalar(select(Source.snapshot).where(Source.publication_id == publication, Source.ags == ags))
    return store.unpacked(kept) if kept else None


async def remove(session: Writer, id_: uuid.UUID) -> None:
    await session.execute(delete(Draft).where(Draft.id == id_))


async def forget(session: Writer) -> None:
    """Drafts that nobody published within a day."""
    await session.execute(delete(Draft).where(Draft.at < datetime.now(UTC) - KEPT))
