"""A directory with everything in it that an answer can get wrong, and queries made from what can be compiled."""

import random
from typing import Any

import msgspec
from sqlalchemy import select

from services.directory import vocabulary
from services.directory.access import APPROVE, CLIENT_SCOPES
from services.directory.fields import FIELDS
from services.directory.models import Navigator, Project, ProjectPartner, ProjectPartnerNavigator
from services.directory.publishing import Publisher, publish
from services.directory.reads import SHAPES
from services.directory.snapshot import (
    PROFILES,
    RECRUITED,
    STAGES,
    TASKS,
    CityRow,
    Competences,
    DepartmentRow,
    Link,
    NavigatorRow,
    ProjectRow,
    Snapshot,
)
from services.kit.auth import ANONYMOUS, Principal
from services.kit.compiled.shapes import Keyed, Leaf, Many, Nested, One, Page
from services.kit.db import HUB
from services.kit.service import Hub

CITIES = ("08335043", "08121000", "14612000", "05362024", "01001000")
MERGED = "process-management"
TOPICS = (
    "finance", "e-file", "document-management", "geo-information", "culture", "open-data", "project-management",
    "change-management", MERGED,
)  # fmt: skip
WORDS = ("Ä„b“", 'say "x"', "back\\slash", "emoji 🚲", "<b>&amp;", "it's", "ß/ſ", "日本", "/", "a, b", '", "')
AUDIENCES = ("PUBLIC", "NETWORK", "CITY", "PRIVATE")
SECRET = b"not a secret"


def words(rng: random.Random) -> str:
    return " ".join(rng.sample(WORDS, 2))


def navigator(rng: random.Random, number: int, departments: list[str]) -> NavigatorRow:
    def maybe(value: Any, empty: Any = None) -> Any:
        return value if rng.random() < 0.6 else empty

    def topics() -> tuple[str, ...]:
        return tuple(rng.sample(TOPICS, rng.randrange(4)))

    visibility = {}
    for name, field in FIELDS.items():
        if rng.random() < 0.3:
            visibility[name] = rng.choice(AUDIENCES[field.widest :])
    if rng.random() < 0.2:
        visibility["entry"] = rng.choice(["NETWORK", "CITY"])
    return NavigatorRow(
        key=f"n{number}",
        name=f"Name {words(rng)}",
        title=maybe(words(rng), ""),
        department=maybe(rng.choice(departments), ""),
        profile=maybe(rng.choice(PROFILES)),
        hours_share=maybe(rng.randrange(101)),
        offers=topics(),
        seeks=topics(),
        works_on=topics(),
        competences=maybe(Competences(professional=(words(rng), "b"), personal=(words(rng),)), Competences()),
        languages=tuple(rng.sample(("de", "en", "tr", "pl"), rng.randrange(3))),
        email=maybe(f"n{number}@stadt.example"),
        phone=maybe("+49 7531 900-0"),
        chat=maybe(f"@n{number}:stadt.example"),
        room=maybe("2.01 a", ""),
        since=maybe("2019-02-01"),
        mentor=maybe("n1") if number > 1 else None,
        recruited=maybe(rng.choice(RECRUITED)),
        tasks=tuple(rng.sample(TASKS, rng.randrange(4))),
        coordinator=rng.random() < 0.2,
        funded=rng.random() < 0.5,
        visibility=visibility,
    )


def snapshot(rng: random.Random, ags: str) -> Snapshot:
    departments = [f"d{i}" for i in range(3)]
    people = tuple(navigator(rng, number, departments) for number in range(1, rng.randrange(3, 14)))
    keys = [row.key for row in people]
    return Snapshot(
        CityRow(
            ags,
            f"Stadt {words(rng)}",
            kind=rng.choice(["", "Stadt"]),
            population=rng.choice([None, 0, 4_000, 85_000, 600_000]),
            website=rng.choice([None, "https://stadt.example/"]),
            contact=words(rng),
            contact_email=rng.choice([None, "digital@stadt.example"]),
        ),
        tuple(DepartmentRow(key, f"Amt {words(rng)}", rng.randrange(4), rng.choice([None, 12])) for key in departments),
        people,
        tuple(
            ProjectRow(
                key=f"p{i}",
                title=f"Projekt {words(rng)}",
                summary=words(rng),
                stage=rng.choice(STAGES),
                seeks_partners=rng.random() < 0.5,
                seeks_test_area=rng.random() < 0.5,
                topics=tuple(rng.sample(TOPICS, rng.randrange(4))),
                navigators=tuple(rng.sample(keys, rng.randrange(len(keys)))),
                links=(Link("https://stadt.example/a", words(rng)),) if rng.random() < 0.5 else (),
            )
            for i in range(rng.randrange(8))
        ),
    )


async def fill(hub: Hub, seed: int) -> None:
    """Every city published, with every visibility; a topic that was merged into another; partners of projects."""
    rng = random.Random(seed)
    runtime = hub.runtimes["directory"]
    operator = Principal("hub", "operator", scopes=frozenset({APPROVE}), roles=frozenset({"operator:"}))
    async with runtime.db.begin(HUB) as session:
        await vocabulary.merge(session, runtime, operator, MERGED, "change-management")
    for ags in CITIES:
        raw = msgspec.json.decode(msgspec.json.encode(snapshot(rng, ags)), type=Snapshot)  # dates as clients send them
        async with runtime.db.begin(HUB) as session:
            await publish(session, Publisher("test", SECRET, runtime.memory), raw)
    async with runtime.db.begin(HUB) as session:
        people = list(await session.scalars(select(Navigator).order_by(Navigator.id)))
        for project in await session.scalars(select(Project).order_by(Project.id)):
            for ags in sorted(rng.sample(CITIES, rng.randrange(3))):
                session.add(ProjectPartner(project_id=project.id, ags=ags, note=words(rng)))
                await session.flush()
                for one in people:
                    if one.ags == ags and rng.random() < 0.3:
                        session.add(ProjectPartnerNavigator(project_id=project.id, ags=ags, navigator_id=one.id))


def viewers() -> list[Principal]:
    """Nobody, somebody without the scope, the network without a city, each of two cities."""
    scopes = frozenset(CLIENT_SCOPES)
    return [
        ANONYMOUS,
        Principal(client="c", subject="c", city=CITIES[0], scopes=frozenset({"events:read"})),
        Principal(client="c", subject="c", scopes=scopes),
        Principal(client="c", subject="c", city=CITIES[0], scopes=scopes),
        Principal(client="c", subject="c", city=CITIES[2], scopes=scopes),
    ]


class Queries:
    """Makes documents and variables; `ids` are those of real rows and cursors, by the name of what takes them."""

    def __init__(self, rng: random.Random, ids: dict[str, list[str]]) -> None:
        self.rng, self.ids = rng, ids
        self.variables: dict[str, Any] = {}
        self.declared: list[str] = []
        self.fragments: list[str] = []

    def document(self) -> tuple[str, dict[str, Any]]:
        fields = " ".join(self.root(i) for i in range(self.rng.randrange(1, 4)))
        head = f"query Q({', '.join(self.declared)}) " if self.declared else self.rng.choice(["", "query Q "])
        return f"{head}{{ {fields} }} {' '.join(self.fragments)}", self.variables

    def root(self, number: int) -> str:
        name = self.rng.choice(list(SHAPES.types["Query"].fields))
        described = SHAPES.types["Query"].fields[name]
        assert isinstance(described, (One, Page))
        return f"a{number}: {name}{self.arguments(name, described)} {self.below(described, 0)}"

    def arguments(self, field: str, described: One | Many | Page) -> str:
        told = []
        kinds = {
            "first": "Int!", "after": "String", "topic": "ID", "offers": "ID", "seeks": "ID", "city": "ID",
            "text": "String", "state": "String", "language": "String", "coordinator": "Boolean",
            "seeksPartners": "Boolean", "seeksTestArea": "Boolean",
            "sizeClass": "SizeClass", "profile": "Profile", "stage": "Stage",
        }  # fmt: skip
        required = {"ags": "ID!", "id": "ID!", "code": "ID!"}
        for name in sorted(described.arguments):
            if name in required:
                told.append(f"{name}: {self.value(field, name, required[name])}")
            elif self.rng.random() < 1 / max(3, len(described.arguments)):  # more would leave nobody
                told.append(f"{name}: {self.value(field, name, kinds[name])}")
        if isinstance(described, Page):
            if self.rng.random() < 0.9:  # the executor takes its time over long pages
                told.append(f"first: {self.value(field, 'first', 'Int!')}")
            if self.rng.random() < 0.3:
                told.append(f"after: {self.value(field, 'after', 'String')}")
        return f"({', '.join(told)})" if told else ""

    def value(self, field: str, name: str, kind: str) -> str:
        """A literal, or a variable with the value, or, where it may be, one without."""
        value: Any
        match name:
            case "first":
                value = self.rng.choice([1, 1, 2, 3, 5, 7, self.rng.choice([100, 0, -1, 101, 500])])
            case "seeksPartners" | "seeksTestArea" | "coordinator":
                value = self.rng.random() < 0.5
            case "id":
                value = self.rng.choice([*self.ids.get(field, []), "x"])
            case "after":
                value = self.rng.choice([*self.ids.get("after", []), "zz"])
            case "text":
                value = self.rng.choice(
                    ["name", "stadt proj", "Ä b", "amt", "SAY", self.rng.choice(["", " ", "%", "'&"])]
                )
            case "state":
                value = self.rng.choice(["08", "08", "14", "05", self.rng.choice(["", "8", "17"])])
            case "language":
                value = self.rng.choice(["de", "en", "tr", self.rng.choice(["de-CH", "", "d'e"])])
            case "sizeClass":
                value = self.rng.choice(["VILLAGE", "MEDIUM_TOWN", "METROPOLIS"])
            case "profile":
                value = self.rng.choice(PROFILES)
            case "stage":
                value = self.rng.choice(STAGES)
            case "topic" | "code" | "offers" | "seeks":
                value = self.rng.choice([*TOPICS, self.rng.choice(["nothing", "it's"])])
            case _:
                value = self.rng.choice([*CITIES, self.rng.choice(["08000000", "x"])])
        if self.rng.random() < 0.5:
            return (
                "true"
                if value is True
                else "false"
                if value is False
                else str(value)
                if name in {"first", "sizeClass", "profile", "stage"}
                else f'"{value}"'
            )
        variable = f"v{len(self.declared)}"
        default = f" = {value}" if name == "first" and self.rng.random() < 0.3 else ""
        self.declared.append(f"${variable}: {kind}{default}")
        if not default or self.rng.random() < 0.5:
            may_lack = not kind.endswith("!")
            if not (may_lack and self.rng.random() < 0.3):
                self.variables[variable] = None if may_lack and self.rng.random() < 0.2 else value
        return f"${variable}"

    def below(self, described: Any, depth: int) -> str:
        if isinstance(described, Page):
            return self.connection(described.shape, depth)
        return self.selection(described.shape, depth)

    def connection(self, shape: str, depth: int) -> str:
        parts = self.rng.sample(["nodes", "edges", "pageInfo", "__typename"], self.rng.randrange(1, 4))
        told = []
        for part in parts:
            if part == "nodes":
                told.append(self.included(f"nodes {self.selection(shape, depth)}"))
            elif part == "edges":
                told.append(self.included(f"edges {{ cursor node {self.selection(shape, depth)} }}"))
            elif part == "pageInfo":
                names = ["hasNextPage", "hasPreviousPage", "startCursor", "endCursor", "__typename"]
                told.append(f"pageInfo {{ {' '.join(self.rng.sample(names, self.rng.randrange(1, 5)))} }}")
            else:
                told.append(part)
        return f"{{ {' '.join(told)} }}"

    def selection(self, shape: str, depth: int) -> str:
        fields = SHAPES.types[shape].fields
        names = self.rng.sample(list(fields), self.rng.randrange(1, min(6, len(fields)) + 1))
        told: list[str] = []
        for name in names:
            described = fields[name]
            if isinstance(described, Leaf):
                told.append(self.included(self.rng.choice([name, f"b{len(told)}: {name}"])))
            elif depth < 2:
                inside = self.selection(described.shape, depth) if isinstance(described, Nested) else ""
                inside = inside or self.below(described, depth + 1)
                arguments = "" if isinstance(described, (Nested, Keyed)) else self.arguments(name, described)
                told.append(self.included(f"c{len(told)}: {name}{arguments} {inside}"))
        if not told or self.rng.random() < 0.2:
            told.append("__typename")
        text = " ".join(told)
        match self.rng.randrange(8):
            case 0:
                return f"{{ ... on {shape} {{ {text} }} }}"
            case 1:
                self.fragments.append(f"fragment F{len(self.fragments)} on {shape} {{ {text} }}")
                return f"{{ ...F{len(self.fragments) - 1} }}"
            case 2:
                return f"{{ {text} ... {{ {text} }} }}"
        return f"{{ {text} }}"

    def included(self, text: str) -> str:
        if self.rng.random() < 0.9:
            return text
        says = self.rng.choice(["include", "skip"])
        if self.rng.random() < 0.5:
            value = self.rng.choice(["true", "false"])
        else:
            self.variables[f"v{len(self.declared)}"] = self.rng.random() < 0.5
            value = f"$v{len(self.declared)}"
            self.declared.append(f"{value}: Boolean!")
        # the directive stands between arguments and selection
        head, brace, rest = text.partition(" {")
        return f"{head} @{says}(if: {value}){brace}{rest}"
