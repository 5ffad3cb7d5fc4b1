"""From what a city changes to the rows that are written, and to what others hear of it. Pure."""

import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from services.contracts.directory import CityPublished, NavigatorPublished, NavigatorWithdrawn
from services.directory import projection, register, store
from services.directory.batch import Batch
from services.directory.fields import Audience
from services.directory.projection import Vocabulary
from services.directory.snapshot import Difference, Identities, NavigatorRow, Snapshot, fields_changed
from services.directory.store import Stored
from services.kit.messages import Message
from services.kit.text import sort_key


def plan(
    batch: Batch,
    said: list[Message],
    ids: Identities,
    wanted: Snapshot,
    change: Difference,
    stored: Stored,
    vocabulary: Vocabulary,
    entry: register.Entry | None,
) -> None:
    """Put into `batch` and `said`, beside other cities, what makes `change` true and tells of it."""
    if change.city_changed:
        batch.cities.append(projection.city(wanted.city) | register.facts(ids.ags, wanted.city.population, entry))
        population = wanted.city.population or (entry.population if entry else None)
        said.append(
            CityPublished(
                ags=ids.ags, name=wanted.city.name, population=population, email=wanted.city.contact_email or ""
            )
        )
    for row in (*change.departments.added, *change.departments.changed):
        values = {"target": row.target, "employees": row.employees}
        batch.departments.append(
            {"ags": ids.ags, "key": row.key, "name": row.name, "sort_key": sort_key(row.name), **values}
        )
    batch.gone_departments += [{"ags": ids.ags, "key": row.key} for row in change.departments.withdrawn]
    keys = {row.key: ids.navigator(row.key) for row in wanted.navigators}
    batch.new.update(keys[row.key] for row in change.navigators.added)
    batch.new.update(ids.project(row.key) for row in change.projects.added)
    for person in (*change.navigators.added, *change.navigators.changed):
        add_navigator(batch, said, ids, person, stored, vocabulary, keys)
    for person in change.navigators.withdrawn:
        batch.gone_navigators.append(ids.navigator(person.key))
        said.append(NavigatorWithdrawn(id=str(ids.navigator(person.key)), ags=ids.ags))
    for project in (*change.projects.added, *change.projects.changed):
        meant = _today(project, vocabulary, "topics")
        links = {"above": projection.above(meant.topics, vocabulary)}
        batch.projects.append(projection.project(ids, meant, vocabulary) | links)
    batch.gone_projects += [ids.project(row.key) for row in change.projects.withdrawn]


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
    batch.navigators.append(values | projection.navigator_links(values, vocabulary))
    said.append(_told(ids, row, values))


def _today(row: Any, vocabulary: Vocabulary, *fields: str) -> Any:
    """The row with the topics that its codes stand for today: a merged topic is still understood."""
    now = {name: store.resolved(getattr(row, name), vocabulary) for name in fields}
    return msgspec.structs.replace(row, **now) if any(now[name] != getattr(row, name) for name in fields) else row


def _told(ids: Identities, row: NavigatorRow, values: Mapping[str, Any]) -> Message:
    """What the other services hear: what the network sees, or that there is nobody."""
    if values["listed"] > Audience.NETWORK:
        return NavigatorWithdrawn(id=str(values["id"]), ags=ids.ags, hidden=True)

    seen = projection.names(values["shown_network"])
    title = row.title if "title" in seen else ""
    department = row.department if "department" in seen else ""
    return NavigatorPublished(
        id=str(values["id"]),
        ags=ids.ags,
        name=(row.name if "name" in seen else "") or title or department or "–",
        title=title,
        department=department,
        offers=row.offers if "offers" in seen else (),
        seeks=row.seeks if "seeks" in seen else (),
        works_on=row.works_on if "works_on" in seen else (),
        email=(row.email if "email" in seen else None) or "",
        languages=row.languages if "languages" in seen else (),
        since=row.since if "since" in seen else None,
    )


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
