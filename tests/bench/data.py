"""A made-up network of any size, filled by COPY: the same seed gives the same rows.

A row function gives every column of its model; `copied` refuses to start when the model has moved on.
"""

import hashlib
import itertools
import math
import random
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from services.directory.models import City, Navigator, NavigatorTopic, Project, ProjectNavigator, Topic
from services.directory.snapshot import STAGES
from services.kit.text import folded, sort_key

Row = dict[str, Any]

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
    pick: random.Random
    paths: dict[str, list[str]]
    topics: list[Row] = field(default_factory=list)
    cities: list[Row] = field(default_factory=list)
    navigators: list[Row] = field(default_factory=list)
    projects: list[Row] = field(default_factory=list)
    members: list[Row] = field(default_factory=list)


def topic_row(code: str, path: list[str], position: int) -> Row:
    label = f"Thema {position}"
    return {
        "code": code,
        "parent": path[-2] if len(path) > 1 else None,
        "de": label,
        "en": f"Topic {position}",
        "synonyms": [],
        "search": folded(f"{label} Topic {position}"),
        "path": path,
        "position": position,
    }


def city_row(number: int, name: str, population: int) -> Row:
    return {
        "ags": f"{number % 16 + 1:02}{number // 16:06}",
        "name": name,
        "sort_key": sort_key(name),
        "kind": "Stadt" if population > 10_000 else "Gemeinde",
        "population": population,
        "website": None,
    }


def navigator_row(pick: random.Random, city: Row, number: int, topics: list[str]) -> Row:
    name, title, department = f"{pick.choice(FIRST)} {pick.choice(LAST)}", pick.choice(TITLES), pick.choice(DEPARTMENTS)
    offered = pick.randint(1, len(topics))
    sought = pick.randint(offered, len(topics))
    return {
        "id": _id("navigator", city["ags"], number),
        "ags": city["ags"],
        "key": f"n{number}",
        "name": name,
        "sort_key": sort_key(name),
        "title": title,
        "department": department,
        "search": folded(f"{title} {department}"),
        "offers": sorted(topics[:offered]),
        "seeks": sorted(topics[offered:sought]),
        "works_on": sorted(topics[sought:]),
    }


def project_row(pick: random.Random, city: Row, number: int, topics: list[str]) -> Row:
    title = f"{pick.choice(WORKS)} {pick.choice(WHERE)} {city['name']}"
    summary = f"{title}: {pick.choice(DEPARTMENTS)} und {pick.choice(DEPARTMENTS)} arbeiten zusammen."
    return {
        "id": _id("project", city["ags"], number),
        "ags": city["ags"],
        "key": f"p{number}",
        "title": title,
        "sort_key": sort_key(title),
        "summary": summary,
        "search": folded(f"{title} {summary}"),
        "stage": pick.choice(STAGES),
        "seeks_partners": pick.random() < 0.3,
        "topics": sorted(topics),
    }


def navigator_topic_rows(paths: dict[str, list[str]], navigator: Row) -> Iterator[Row]:
    """Every topic of a navigator and every topic above it."""
    own = {*navigator["offers"], *navigator["seeks"], *navigator["works_on"]}
    for code in sorted({above for topic in own for above in paths[topic]}):
        yield {"navigator_id": navigator["id"], "topic": code}


def _id(kind: str, ags: str, number: int) -> uuid.UUID:
    """Spread like the hub's own ids, which a secret makes."""
    return uuid.UUID(bytes=hashlib.sha256(f"{kind}/{ags}/{number}".encode()).digest()[:16], version=5)


def made(size: Size, vocabulary: dict[str, list[str]]) -> Network:
    """The rows of a network over the topics that are there, `{code: path}`, and as many more as `size` asks for."""
    network = Network(size, random.Random(size.seed), dict(sorted(vocabulary.items())))
    pick = network.pick
    fields = [code for code, path in network.paths.items() if len(path) == 1]
    for position in range(len(network.paths), size.topics):
        code = f"made-up-{position}"
        network.paths[code] = [pick.choice(fields), code] if fields else [code]
        network.topics.append(topic_row(code, network.paths[code], position))

    people = [inhabitants((number + 0.5) / size.cities) for number in range(size.cities)]
    pick.shuffle(people)
    names = (f"{a}{b}" for a, b in itertools.product(SYLLABLES, ENDINGS))
    plain = list(names)
    for number, population in enumerate(people):
        again = number // len(plain)
        name = plain[number % len(plain)] + (f" {again}" if again else "")
        network.cities.append(city_row(number, name, population))

    popular = list(network.paths)
    pick.shuffle(popular)
    weights = list(itertools.accumulate(1 / (place + 3) ** 0.8 for place in range(len(popular))))

    def topics(least: int, most: int) -> list[str]:
        wanted, found = pick.randint(least, most), dict[str, None]()
        while len(found) < min(wanted, len(popular)):
            found[pick.choices(popular, cum_weights=weights)[0]] = None
        return list(found)

    staff = _shares(pick, size.navigators, people)
    works = _shares(pick, size.projects, people)
    for city, navigators, projects in zip(network.cities, staff, works, strict=True):
        team = [navigator_row(pick, city, number, topics(2, 6)) for number in range(navigators)]
        network.navigators += team
        for number in range(projects):
            project = project_row(pick, city, number, topics(1, 3))
            network.projects.append(project)
            for member in pick.sample(team, min(len(team), pick.randint(1, 4))):
                network.members.append({"project_id": project["id"], "navigator_id": member["id"]})
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
        vocabulary = {row["code"]: list(row["path"]) for row in await connection.fetch(VOCABULARY)}
        network = made(size, vocabulary)
        links = (row for navigator in network.navigators for row in navigator_topic_rows(network.paths, navigator))
        async with connection.transaction():
            for model, rows in (
                (Topic, network.topics),
                (City, network.cities),
                (Navigator, network.navigators),
                (NavigatorTopic, links),
                (Project, network.projects),
                (ProjectNavigator, network.members),
            ):
                await copied(connection, model, rows)
        await connection.execute("VACUUM (ANALYZE, FREEZE)")
    finally:
        await connection.close()
    return network


VOCABULARY = "SELECT code, path FROM directory.topic"


async def copied(connection: Any, model: type[Any], rows: Iterable[Row]) -> None:
    """COPY `rows` into the table of `model`. Raises ValueError where a row does not give the model's columns.

    Columns that the database itself fills (identities, computed ones, server defaults) may be left out.
    """
    table, rows = model.__table__, iter(rows)
    first = next(rows, None)
    if first is None:
        return
    filled = {c.name for c in table.columns if c.server_default is not None or c.identity or c.computed}
    known = {column.name for column in table.columns}
    if missing := known - filled - first.keys():
        raise ValueError(f"{table.fullname} has columns that tests/bench/data.py does not give: {sorted(missing)}")
    if unknown := first.keys() - known:
        raise ValueError(f"tests/bench/data.py gives columns that {table.fullname} has not: {sorted(unknown)}")
    columns = list(first)
    records = ([row[column] for column in columns] for row in itertools.chain([first], rows))
    await connection.copy_records_to_table(table.name, schema_name=table.schema, columns=columns, records=records)
