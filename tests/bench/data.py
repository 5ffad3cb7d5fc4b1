"""A made-up network of any size, filled by COPY: the same seed gives the same rows.

Rows are what `directory.projection` makes of a snapshot, so that a new column appears here by itself; `copied` refuses
to start where a column that must be there is not.
"""

import itertools
import json
import math
import random
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from sqlalchemy.dialects.postgresql import JSONB

from services.directory import projection, register
from services.directory.models import (
    City,
    Navigator,
    NavigatorTopic,
    Project,
    ProjectNavigator,
    ProjectTopic,
    Topic,
)
from services.directory.snapshot import STAGES, CityRow, Identities, NavigatorRow, ProjectRow
from services.kit.text import folded

Row = dict[str, Any]
SECRET = b"benchmarks only"

SYLLABLES = ("Alt", "Berg", "Buch", "Eich", "Feld", "Grün", "Hoch", "Kirch", "Linden", "Mühl", "Neu", "Ober", "Stein")
ENDINGS = ("au", "bach", "berg", "burg", "dorf", "furt", "hausen", "heim", "hofen", "ingen", "rode", "stedt", "wald")
FIRST = ("Anna", "Ben", "Cem", "Dilara", "Emil", "Frieda", "Götz", "Hanna", "Ida", "Jörg", "Katja", "Leyla", "Mats")
LAST = ("Albers", "Böhm", "Çelik", "Decker", "Ernst", "Fuchs", "Groß", "Huber", "Jung", "Krämer", "Lang", "Möller")
TITLES = ("Digitallotsin", "Digitallotse", "Sachbearbeitung", "Leitung Digitalisierung", "Projektleitung")
DEPARTMENTS = ("Hauptamt", "Kämmerei", "Bauamt", "Ordnungsamt", "Jugendamt", "Stabsstelle Digitalisierung", "IT")
WORKS = ("Digitaler Bauantrag", "E-Akte", "Bürgerportal", "Offene Daten", "E-Rechnung", "Chatbot", "Stadtplan")
WHERE = ("im Rathaus", "im Kreis", "für Vereine", "für Betriebe", "mit Nachbarn", "im Bauamt", "in der Schule")


@dataclass(frozen=True)
class Size:
    cities: int = 11_000
    navigators: int = 50_000
    projects: int = 100_000
    topics: int = 200
    seed: int = 1

    def shrunk(self, cities: int) -> "Size":
        """As many people and projects for each city, but fewer cities; the vocabulary stays."""
        part = cities / self.cities
        return Size(cities, round(self.navigators * part), round(self.projects * part), self.topics, self.seed)


@dataclass
class Network:
    """What the rows are made of; `paths` are the topics' codes from the field down, by code."""

    size: Size
    paths: dict[str, tuple[str, ...]]
    topics: list[Row] = field(default_factory=list)
    cities: list[Row] = field(default_factory=list)
    navigators: list[Row] = field(default_factory=list)
    projects: list[Row] = field(default_factory=list)
    members: list[Row] = field(default_factory=list)


def topic_row(code: str, path: Sequence[str], position: int) -> Row:
    label = f"Thema {position}"
    return {
        "code": code,
        "parent": path[-2] if len(path) > 1 else None,
        "de": label,
        "en": f"Topic {position}",
        "synonyms": [],
        "search": folded(f"{label} Topic {position}"),
        "path": list(path),
        "position": position,
    }


def city_row(number: int, name: str, population: int) -> Row:
    ags, kind = f"{number % 16 + 1:02}{number // 16:06}", "Stadt" if population > 10_000 else "Gemeinde"
    row = CityRow(ags=ags, name=name, kind=kind, population=population)
    return projection.city(row) | register.facts(ags, population, None)


def navigator(pick: random.Random, number: int, topics: Sequence[str]) -> NavigatorRow:
    offered = pick.randint(1, len(topics))
    sought = pick.randint(offered, len(topics))
    return NavigatorRow(
        key=f"n{number}",
        name=f"{pick.choice(FIRST)} {pick.choice(LAST)}",
        title=pick.choice(TITLES),
        department=pick.choice(DEPARTMENTS),
        offers=tuple(sorted(topics[:offered])),
        seeks=tuple(sorted(topics[offered:sought])),
        works_on=tuple(sorted(topics[sought:])),
    )


def project(pick: random.Random, number: int, city: str, topics: Sequence[str]) -> ProjectRow:
    title = f"{pick.choice(WORKS)} {pick.choice(WHERE)} {city}"
    return ProjectRow(
        key=f"p{number}",
        title=title,
        summary=f"{title}: {pick.choice(DEPARTMENTS)} und {pick.choice(DEPARTMENTS)} arbeiten zusammen.",
        stage=pick.choice(STAGES),
        seeks_partners=pick.random() < 0.3,
        topics=tuple(sorted(topics)),
    )


def made(size: Size, vocabulary: dict[str, tuple[str, ...]]) -> Network:
    """The rows of a network over the topics that are there, `{code: path}`, and as many more as `size` asks for."""
    pick, network = random.Random(size.seed), Network(size, dict(sorted(vocabulary.items())))
    fields = [code for code, path in network.paths.items() if len(path) == 1]
    for position in range(len(network.paths), size.topics):
        code = f"made-up-{position}"
        network.paths[code] = (pick.choice(fields), code) if fields else (code,)
        network.topics.append(topic_row(code, network.paths[code], position))

    people = [inhabitants((number + 0.5) / size.cities) for number in range(size.cities)]
    pick.shuffle(people)
    names = [f"{a}{b}" for a, b in itertools.product(SYLLABLES, ENDINGS)]
    for number, population in enumerate(people):
        again = number // len(names)
        name = names[number % len(names)] + (f" {again}" if again else "")
        network.cities.append(city_row(number, name, population))

    popular = list(network.paths)
    pick.shuffle(popular)
    weights = list(itertools.accumulate(1 / (place + 3) ** 0.8 for place in range(len(popular))))

    def topics(least: int, most: int) -> list[str]:
        wanted, found = pick.randint(least, most), dict[str, None]()
        while len(found) < min(wanted, len(popular)):
            found[pick.choices(popular, cum_weights=weights)[0]] = None
        return list(found)

    staff, works = _shares(pick, size.navigators, people), _shares(pick, size.projects, people)
    for city, navigators, projects in zip(network.cities, staff, works, strict=True):
        ids = Identities(SECRET, city["ags"])
        rows = [navigator(pick, number, topics(2, 6)) for number in range(navigators)]
        keys = {row.key: ids.navigator(row.key) for row in rows}
        team = [projection.navigator(ids, row, network.paths, keys) for row in rows]
        network.navigators += team
        for number in range(projects):
            row = project(pick, number, city["name"], topics(1, 3))
            members = [one["id"] for one in pick.sample(team, min(len(team), pick.randint(1, 4)))]
            values = projection.project(ids, row, network.paths) | {"navigators": sorted(members)}
            network.projects.append(values)
            network.members += [{"project_id": values["id"], "navigator_id": member} for member in members]
    return network


def inhabitants(place: float) -> int:
    """How many live in the city at `place`, from 0 for the largest to 1: as in Germany, whatever part is looked at."""
    rank = max(1.0, place * 11_000)
    return int(3_700_000 / rank**0.82 * math.exp(-1.2 * place))


def _shares(pick: random.Random, total: int, people: Sequence[int]) -> list[int]:
    """`total` dealt to the cities: one each first, the rest by size, which counts less the larger a city is."""
    each = min(1, total // len(people))
    shares = [each] * len(people)
    weights = list(itertools.accumulate(math.pow(population, 0.6) for population in people))
    for city in pick.choices(range(len(people)), cum_weights=weights, k=total - each * len(people)):
        shares[city] += 1
    return shares


async def fill(url: str, size: Size) -> Network:
    """Fill a migrated, seeded and otherwise empty database; `url` is an owner's. Returns what it holds now."""
    connection = await asyncpg.connect(url)
    try:
        await connection.set_type_codec(
            "tsvector", schema="pg_catalog", format="binary", encoder=_lexemes, decoder=lambda value: value
        )
        stored = await connection.fetch("SELECT code, path FROM directory.topic")
        network = made(size, {row["code"]: tuple(row["path"]) for row in stored})
        paths = network.paths
        async with connection.transaction():
            for model, rows in (
                (Topic, network.topics),
                (City, network.cities),
                (Navigator, network.navigators),
                (
                    NavigatorTopic,
                    (link for row in network.navigators for link in _navigator_topics(row, paths)),
                ),
                (Project, network.projects),
                (ProjectTopic, (link for row in network.projects for link in _project_topics(row, paths))),
                (ProjectNavigator, network.members),
            ):
                await copied(connection, model, rows)
        await connection.execute("VACUUM (ANALYZE, FREEZE)")
    finally:
        await connection.close()
    return network


def _navigator_topics(row: Row, paths: projection.Vocabulary) -> Iterator[Row]:
    links = projection.navigator_links(row, paths)
    for code in links["above"]:
        public = code in links["above_public"]
        yield {"navigator_id": row["id"], "topic": code, "listed_public": public, "sort_network": row["sort_network"]}


def _project_topics(row: Row, paths: projection.Vocabulary) -> Iterator[Row]:
    for code in projection.above(row["topics"], paths):
        yield {"topic": code, "sort_key": row["sort_key"], "project_id": row["id"]}


def _lexemes(words: Iterable[str]) -> bytes:
    """A tsvector without positions, as COPY takes it."""
    each = sorted({word.encode() for word in words})
    return struct.pack("!i", len(each)) + b"".join(word + b"\0\0\0" for word in each)


async def copied(connection: Any, model: type[Any], rows: Iterable[Row]) -> None:
    """COPY `rows` into the table of `model`. Raises ValueError where a row does not fit the model's columns."""
    table, rows = model.__table__, iter(rows)
    first = next(rows, None)
    if first is None:
        return
    known = {column.name: column for column in table.columns}
    needed = {
        name
        for name, c in known.items()
        if not (c.nullable or c.server_default is not None or c.identity or c.computed)
    }
    if missing := needed - first.keys():
        raise ValueError(f"{table.fullname} has columns that tests/bench/data.py does not give: {sorted(missing)}")
    if unknown := first.keys() - known.keys():
        raise ValueError(f"tests/bench/data.py gives columns that {table.fullname} has not: {sorted(unknown)}")
    columns, documents = list(first), {name for name in first if isinstance(known[name].type, JSONB)}

    def value(row: Row, name: str) -> Any:
        return json.dumps(row[name]) if name in documents and row[name] is not None else row[name]

    records = ([value(row, name) for name in columns] for row in itertools.chain([first], rows))
    await connection.copy_records_to_table(table.name, schema_name=table.schema, columns=columns, records=records)
