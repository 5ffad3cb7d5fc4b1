"""From what a city published, and what the people themselves say, to the rows that others read. Pure."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from services.directory.fields import ENTRY, FIELDS, Audience, masks
from services.directory.snapshot import AREAS, CityRow, Identities, NavigatorRow, ProjectRow
from services.directory.wording import lexemes
from services.kit.text import sort_key

Vocabulary = Mapping[str, tuple[str, ...]]
"""Every code, also of merged topics, with the path of codes from its field down to the topic that it stands for."""
UNNAMED = "\x7f"
"""Sorts behind every name."""


@dataclass(frozen=True)
class Own:
    """A person's own word about their entry (`models.OwnWord`)."""

    corrections: Mapping[str, Any] = field(default_factory=dict)
    visibility: Mapping[str, str] = field(default_factory=dict)
    hidden: bool = False

    def over(self, row: NavigatorRow) -> NavigatorRow:
        """The row as the person wants it."""
        visibility = {**row.visibility, **self.visibility}
        if self.hidden:
            visibility[ENTRY] = Audience.CITY.name
        corrected = {_camel(name): value for name, value in self.corrections.items() if name in FIELDS}
        said = msgspec.to_builtins(row) | corrected | {"visibility": visibility}
        return msgspec.convert(said, NavigatorRow)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def navigator(
    ids: Identities, row: NavigatorRow, vocabulary: Vocabulary, keys: Mapping[str, uuid.UUID]
) -> dict[str, Any]:
    """The stored row. `keys` are the ids of all navigators of the snapshot, for mentors."""
    chosen = frozenset((name, Audience[audience]) for name, audience in row.visibility.items())
    public, network, city = masks(chosen)
    listed = dict(chosen).get(ENTRY, Audience.PUBLIC)

    def shown(name: str, mask: int = city) -> bool:
        return bool(mask & FIELDS[name].flag)

    def kept(name: str, empty: Any = None) -> Any:
        return getattr(row, name) if shown(name) else empty

    def topics(mask: int) -> list[str]:
        return sorted(
            {code for name in ("offers", "seeks", "works_on") if shown(name, mask) for code in getattr(row, name)}
        )

    def found(mask: int) -> list[str]:
        texts = [getattr(row, name) for name in ("title", "department") if shown(name, mask)]
        name = row.name if shown("name", mask) else ""
        return lexemes(texts, (above for code in topics(mask) for above in vocabulary[code]), name=name, place=ids.ags)

    return {
        "id": ids.navigator(row.key),
        "ags": ids.ags,
        "key": row.key,
        "listed": int(listed),
        "shown_public": public,
        "shown_network": network,
        "shown_city": city,
        "name": kept("name"),
        "sort_network": sort_key(row.name) if shown("name", network) else UNNAMED,
        "title": kept("title", ""),
        "department": kept("department", ""),
        "profile": kept("profile"),
        "hours_share": kept("hours_share"),
        "offers": kept("offers", ()),
        "seeks": kept("seeks", ()),
        "works_on": kept("works_on", ()),
        "topics_public": topics(public),
        "topics_network": topics(network),
        "topics_city": topics(city),
        "competences": {area: getattr(row.competences, area) for area in AREAS}
        if row.competences and shown("competences")
        else None,
        "languages": kept("languages", ()),
        "email": kept("email"),
        "phone": kept("phone"),
        "chat": kept("chat"),
        "room": kept("room") or None,
        "photo": kept("photo"),
        "since": kept("since"),
        "until": kept("until"),
        "mentor": _mentor(kept("mentor"), keys),
        "recruited": kept("recruited"),
        "tasks": kept("tasks", ()),
        "coordinator": row.coordinator,
        "funded": row.funded,
        "found_public": found(public) if listed <= Audience.PUBLIC else [],
        "found_network": found(network) if listed <= Audience.NETWORK else [],
    }


def _mentor(said: str | None, keys: Mapping[str, uuid.UUID]) -> uuid.UUID | None:
    if said is None:
        return None
    return keys.get(said) or uuid.UUID(said)


def navigator_topics(values: Mapping[str, Any], vocabulary: Vocabulary) -> Iterable[dict[str, Any]]:
    """The links of a stored row to its topics and those above, as far as the network may know."""
    if values["listed"] > Audience.NETWORK:
        return
    public = _above(values["topics_public"], vocabulary) if values["listed"] == Audience.PUBLIC else frozenset[str]()
    for code in sorted(_above(values["topics_network"], vocabulary)):
        yield {
            "navigator_id": values["id"],
            "topic": code,
            "listed_public": code in public,
            "sort_network": values["sort_network"],
        }


def _above(codes: Iterable[str], vocabulary: Vocabulary) -> frozenset[str]:
    return frozenset(above for code in codes for above in vocabulary[code])


def city(row: CityRow) -> dict[str, Any]:
    """The stored row, but for what the register knows better."""
    return {
        "ags": row.ags,
        "name": row.name,
        "sort_key": sort_key(row.name),
        "kind": row.kind,
        "population": row.population,
        "website": row.website,
        "logo": row.logo,
        "contact": row.contact,
        "contact_email": row.contact_email,
        "contact_phone": row.contact_phone,
        "found": lexemes((row.kind, row.contact), title=row.name, place=row.ags),
    }


def project(ids: Identities, row: ProjectRow, vocabulary: Vocabulary) -> dict[str, Any]:
    return {
        "id": ids.project(row.key),
        "ags": ids.ags,
        "key": row.key,
        "title": row.title,
        "sort_key": sort_key(row.title),
        "summary": row.summary,
        "department": row.department,
        "stage": row.stage,
        "seeks_partners": row.seeks_partners,
        "seeks_test_area": row.seeks_test_area,
        "topics": row.topics,
        "reusable": row.reusable,
        "lessons": row.lessons,
        "links": msgspec.to_builtins(row.links),
        "found": lexemes(
            (row.summary, row.department, row.reusable, row.lessons),
            _above(row.topics, vocabulary),
            title=row.title,
            place=ids.ags,
        ),
    }


def project_topics(values: Mapping[str, Any], vocabulary: Vocabulary) -> Iterable[dict[str, Any]]:
    for code in sorted(_above(values["topics"], vocabulary)):
        yield {"topic": code, "sort_key": values["sort_key"], "project_id": values["id"]}
