"""From what a city published, and what the people themselves say, to the rows that others read. Pure."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from operator import attrgetter
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


TOPICS = ("offers", "seeks", "works_on")
EMPTY: Mapping[str, Any] = {
    **dict.fromkeys(FIELDS), "title": "", "department": "", "offers": (), "seeks": (), "works_on": (),
    "languages": (), "tasks": (),
}  # fmt: skip
"""What stands in a row for a field that is for the person alone."""


_values = attrgetter(*FIELDS)


@lru_cache(maxsize=4096)
def names(mask: int) -> frozenset[str]:
    """The fields that a mask shows."""
    return frozenset(field.name for field in FIELDS.values() if mask & field.flag)


@lru_cache(maxsize=4096)
def _of_search(mask: int) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """What a mask shows of what a person is found by: which topics, which texts, and whether the name."""
    seen = names(mask)
    return (
        tuple(name for name in TOPICS if name in seen),
        tuple(name for name in ("title", "department") if name in seen),
        "name" in seen,
    )


def navigator(
    ids: Identities, row: NavigatorRow, vocabulary: Vocabulary, keys: Mapping[str, uuid.UUID]
) -> dict[str, Any]:
    """The stored row. `keys` are the ids of all navigators of the snapshot, for mentors."""
    chosen = frozenset((name, Audience[audience]) for name, audience in row.visibility.items())
    masked = masks(chosen)
    public, network, city = map(_of_search, masked)
    listed = dict(chosen).get(ENTRY, Audience.PUBLIC)
    kept = dict(zip(FIELDS, _values(row), strict=True)) | {
        name: EMPTY[name] for name in FIELDS.keys() - names(masked[2])
    }
    # Most audiences see the same topics and texts of most people: these are looked at once.
    topics = {
        seen: sorted({code for name in seen for code in getattr(row, name)})
        for seen in {public[0], network[0], city[0]}
    }
    found = dict[Any, list[str]]()

    def lexemes_of(seen: tuple[tuple[str, ...], tuple[str, ...], bool]) -> list[str]:
        of_topics, of_texts, named = seen
        if seen[:2] not in found:
            texts = [getattr(row, name) for name in of_texts]
            parts = chain.from_iterable(map(vocabulary.__getitem__, topics[of_topics]))
            found[seen[:2]] = lexemes(texts, parts, place=ids.ags)
        return [*found[seen[:2]], *lexemes((), name=row.name)] if named else found[seen[:2]]

    return kept | {
        "id": keys[row.key],
        "ags": ids.ags,
        "key": row.key,
        "listed": int(listed),
        "shown_public": masked[0],
        "shown_network": masked[1],
        "shown_city": masked[2],
        "sort_network": sort_key(row.name) if network[2] else UNNAMED,
        "topics_public": topics[public[0]],
        "topics_network": topics[network[0]],
        "topics_city": topics[city[0]],
        "competences": {area: getattr(kept["competences"], area) for area in AREAS} if kept["competences"] else None,
        "room": kept["room"] or None,
        "mentor": _mentor(kept["mentor"], keys),
        "coordinator": row.coordinator,
        "funded": row.funded,
        "found_public": lexemes_of(public) if listed <= Audience.PUBLIC else [],
        "found_network": lexemes_of(network) if listed <= Audience.NETWORK else [],
    }


def _mentor(said: str | None, keys: Mapping[str, uuid.UUID]) -> uuid.UUID | None:
    if said is None:
        return None
    return keys.get(said) or uuid.UUID(said)


def navigator_links(values: Mapping[str, Any], vocabulary: Vocabulary) -> dict[str, list[str]]:
    """The topics of a stored row with those above them: as far as the network, and everybody, may know of them."""
    network = values["topics_network"] if values["listed"] <= Audience.NETWORK else ()
    public = values["topics_public"] if values["listed"] == Audience.PUBLIC else ()
    both = above(network, vocabulary)
    return {"above": both, "above_public": both if public == network else above(public, vocabulary)}


def above(codes: Iterable[str], vocabulary: Vocabulary) -> list[str]:
    """The codes and all those above them, sorted."""
    return sorted({part for code in codes for part in vocabulary[code]})


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
        "navigators": sorted(ids.navigator(key) for key in row.navigators),
        "reusable": row.reusable,
        "lessons": row.lessons,
        "links": msgspec.to_builtins(row.links),
        "found": lexemes(
            (row.summary, row.department, row.reusable, row.lessons),
            above(row.topics, vocabulary),
            title=row.title,
            place=ids.ags,
        ),
    }
