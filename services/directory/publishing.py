"""Publishing: lock the city, compare, store the difference, say it. One snapshot, one transaction."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import text

from services.contracts.directory import CityPublished, NavigatorPublished, NavigatorWithdrawn
from services.directory import audit, projection, register, store
from services.directory.fields import ENTRY, Audience, audience_of
from services.directory.projection import Vocabulary
from services.directory.snapshot import (
    Change,
    Difference,
    Identities,
    NavigatorRow,
    Snapshot,
    diff,
    fields_changed,
    validate,
)
from services.directory.store import Batch, Stored
from services.kit.db import Writer, driver
from services.kit.errors import Conflict
from services.kit.i18n import gettext as _
from services.kit.messages import Message
from services.kit.text import sort_key

ANY_VERSION = -1
"""For `expected`: whatever the city published last."""


@dataclass(frozen=True)
class Outcome:
    """`publication` is None when the snapshot changed nothing; `version` is the city's newest publication after it.

    `withheld` are keys of people who were erased here: they are not published again.
    """

    ags: str
    publication: int | None
    version: int | None
    difference: Difference
    messages: tuple[Message, ...]
    withheld: tuple[str, ...] = ()


@dataclass(frozen=True)
class Publisher:
    """Who publishes, how, and with what: `secret` is the hub's own for ids (`Identities`) and must stay the same.

    `memory` is the runtime's; what is remembered of the vocabulary stands there.
    """

    client: str
    secret: bytes
    memory: dict[str, Any]
    via: str = "GRAPHQL"


async def publish(
    session: Writer,
    by: Publisher,
    snapshot: Snapshot,
    *,
    expected: int | None = ANY_VERSION,
    restored: int | None = None,
) -> Outcome:
    """Make `snapshot` the truth about its city. The caller says `messages` at the end of its unit of work.

    Raises Refused, with nothing stored, when any row is wrong; Conflict when the city's newest publication is not the
    `expected` one (None: it has none yet). Two publications of one city take turns.
    """
    vocabulary = await store.vocabulary(session, by.memory)
    wanted = validate(snapshot, vocabulary)
    ags = wanted.city.ags
    entry = await register.checked(session, ags)
    stored = await turn(session, ags)
    if expected not in {ANY_VERSION, stored.publication}:
        raise Conflict(_("Somebody else has published meanwhile. Please look at what changed and send it again."))
    ids = Identities(by.secret, ags)
    wanted, withheld = _without_erased(wanted, ids, stored)
    kept, digest = store.packed(wanted)
    if digest == stored.digest and stored.snapshot is not None:
        await _confirm(session, ags, stored)
        return Outcome(ags, None, stored.publication, diff(stored.snapshot, wanted), (), withheld)
    change = diff(stored.snapshot, wanted)
    if not change:  # the same rows in another order
        await _confirm(session, ags, stored)
        return Outcome(ags, None, stored.publication, change, (), withheld)
    batch, messages = planned(ids, wanted, change, stored, vocabulary, entry)
    await store.write(session, batch)
    number = await _note(session, by, ags, change, stored, kept, digest, restored)
    await audit.note(session, by.client, "directory.published", str(number), org=ags)
    return Outcome(ags, number, number, change, tuple(messages), withheld)


async def turn(session: Writer, ags: str) -> Stored:
    """Wait for one's turn with the city, then read what it published last."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"lotsennetz city {ags}"}
    )
    return await store.read(session, ags)


def _without_erased(wanted: Snapshot, ids: Identities, stored: Stored) -> tuple[Snapshot, tuple[str, ...]]:
    """The snapshot without people who were erased here, who come back through nobody's list."""
    if not stored.erased:
        return wanted, ()
    withheld = {row.key for row in wanted.navigators if ids.navigator(row.key) in stored.erased}
    if not withheld:
        return wanted, ()
    return (
        msgspec.structs.replace(
            wanted,
            navigators=tuple(
                msgspec.structs.replace(row, mentor=None) if row.mentor in withheld else row
                for row in wanted.navigators
                if row.key not in withheld
            ),
            projects=tuple(
                msgspec.structs.replace(row, navigators=tuple(key for key in row.navigators if key not in withheld))
                for row in wanted.projects
            ),
        ),
        tuple(sorted(withheld)),
    )


def planned(
    ids: Identities,
    wanted: Snapshot,
    change: Difference,
    stored: Stored,
    vocabulary: Vocabulary,
    entry: register.Entry | None,
) -> tuple[Batch, list[Message]]:
    """What has to be written and said for `change` to be true."""
    batch, said = Batch(), list[Message]()
    if change.city_changed:
        batch.cities.append(projection.city(wanted.city) | register.facts(ids.ags, wanted.city.population, entry))
        population = wanted.city.population or (entry.population if entry else None)
        said.append(CityPublished(ags=ids.ags, name=wanted.city.name, population=population))
    for row in (*change.departments.added, *change.departments.changed):
        values = {"target": row.target, "employees": row.employees}
        batch.departments.append(
            {"ags": ids.ags, "key": row.key, "name": row.name, "sort_key": sort_key(row.name), **values}
        )
    batch.gone_departments = [{"ags": ids.ags, "key": row.key} for row in change.departments.withdrawn]
    keys = {row.key: ids.navigator(row.key) for row in wanted.navigators}
    for person in (*change.navigators.added, *change.navigators.changed):
        add_navigator(batch, said, ids, person, stored, vocabulary, keys)
    for person in change.navigators.withdrawn:
        batch.gone_navigators.append(ids.navigator(person.key))
        said.append(NavigatorWithdrawn(id=str(ids.navigator(person.key)), ags=ids.ags))
    for project in (*change.projects.added, *change.projects.changed):
        values = projection.project(ids, _today(project, vocabulary, "topics"), vocabulary)
        batch.projects.append(values)
        batch.project_topics += projection.project_topics(values, vocabulary)
        batch.project_navigators += [
            {"project_id": values["id"], "navigator_id": keys[key]} for key in project.navigators
        ]
    batch.gone_projects = [ids.project(row.key) for row in change.projects.withdrawn]
    return batch, said


def add_navigator(
    batch: Batch,
    said: list[Message],
    ids: Identities,
    row: NavigatorRow,
    stored: Stored,
    vocabulary: Vocabulary,
    keys: Mapping[str, uuid.UUID],
) -> None:
    """Put one navigator into `batch`, as their city and they themselves want it, and what others hear of it."""
    own = stored.own.get(keys[row.key])
    row = _today(own.over(row) if own else row, vocabulary, "offers", "seeks", "works_on")
    values = projection.navigator(ids, row, vocabulary, keys)
    batch.navigators.append(values)
    batch.navigator_topics += projection.navigator_topics(values, vocabulary)
    said.append(_told(ids, row, values))


def _today(row: Any, vocabulary: Vocabulary, *fields: str) -> Any:
    """The row with the topics that its codes stand for today: a merged topic is still understood."""
    now = {name: store.resolved(getattr(row, name), vocabulary) for name in fields}
    return msgspec.structs.replace(row, **now) if any(now[name] != getattr(row, name) for name in fields) else row


def _told(ids: Identities, row: NavigatorRow, values: Mapping[str, Any]) -> Message:
    """What the other services hear: what the network sees, or that there is nobody."""
    if values["listed"] > Audience.NETWORK:
        return NavigatorWithdrawn(id=str(values["id"]), ags=ids.ags, hidden=True)
    visibility = {name: Audience[audience] for name, audience in row.visibility.items() if name != ENTRY}

    def shown(name: str, empty: Any) -> Any:
        return getattr(row, name) if audience_of(name, visibility) <= Audience.NETWORK else empty

    title, department = shown("title", ""), shown("department", "")
    return NavigatorPublished(
        id=str(values["id"]),
        ags=ids.ags,
        name=shown("name", "") or title or department or "–",
        title=title,
        department=department,
        offers=shown("offers", ()),
        seeks=shown("seeks", ()),
        works_on=shown("works_on", ()),
    )


UNDER = """
SELECT key, true FROM navigator WHERE ags = $1 AND (offers && $2 OR seeks && $2 OR works_on && $2)
UNION ALL SELECT key, false FROM project WHERE ags = $1 AND topics && $2
"""


async def republish(session: Writer, by: Publisher, ags: str, topics: list[str]) -> list[Message]:
    """Store again, and say, what of the city stands under `topics`, as the vocabulary is now. No new publication."""
    stored = await turn(session, ags)
    if stored.snapshot is None:
        return []
    found = [tuple(row) for row in await (await driver(session)).fetch(UNDER, ags, topics)]
    people, projects = ({key for key, person in found if person is kind} for kind in (True, False))
    ids = Identities(by.secret, ags)
    wanted, _withheld = _without_erased(stored.snapshot, ids, stored)
    change = Difference(
        city_changed=False,
        departments=Change((), (), (), ()),
        navigators=Change((), tuple(row for row in wanted.navigators if row.key in people), (), ()),
        projects=Change((), tuple(row for row in wanted.projects if row.key in projects), (), ()),
    )
    vocabulary = await store.vocabulary(session, by.memory)
    batch, messages = planned(ids, wanted, change, stored, vocabulary, None)
    await store.write(session, batch)
    return messages


CONFIRM = "UPDATE city SET confirmed_on = current_date WHERE ags = $1"
NOTE = """
WITH p AS (
    INSERT INTO publication (ags, client, via, restored, added, changed, withdrawn, unchanged)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id
), s AS (
    INSERT INTO source (publication_id, ags, snapshot, digest, changes) SELECT id, $1, $9, $10, $11::jsonb FROM p
)
UPDATE city SET publication = p.id, confirmed_on = current_date FROM p WHERE city.ags = $1 RETURNING p.id
"""


async def _confirm(session: Writer, ags: str, stored: Stored) -> None:
    """A city that publishes the same again says that it is still true; once a day is enough to know."""
    if not stored.confirmed_today:
        await (await driver(session)).execute(CONFIRM, ags)


async def _note(
    session: Writer,
    by: Publisher,
    ags: str,
    change: Difference,
    stored: Stored,
    kept: bytes,
    digest: str,
    restored: int | None,
) -> int:
    counts = [
        change.count(lambda c: c.added),
        change.count(lambda c: c.changed),
        change.count(lambda c: c.withdrawn),
        change.count(lambda c: c.unchanged),
    ]
    details = msgspec.json.encode(changes(change, stored.snapshot)).decode()
    number = await (await driver(session)).fetchval(
        NOTE, ags, by.client, by.via, restored, *counts, kept, digest, details
    )
    return int(number)


def changes(change: Difference, before: Snapshot | None) -> dict[str, dict[str, list[str]]]:
    """By kind of row and key: the fields that changed, `+` for a new row, `-` for one that went."""
    told: dict[str, dict[str, list[str]]] = {}
    if change.city_changed and before is not None:
        told["city"] = {before.city.ags: ["*"]}
    for kind in ("departments", "navigators", "projects"):
        of = getattr(change, kind)
        old = {row.key: row for row in getattr(before, kind)} if before else {}
        rows = {row.key: ["+"] for row in of.added} | {row.key: ["-"] for row in of.withdrawn}
        rows |= {row.key: list(fields_changed(old[row.key], row)) for row in of.changed}
        if rows:
            told[kind] = rows
    return told
