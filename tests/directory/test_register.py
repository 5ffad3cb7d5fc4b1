"""The municipality register: read, compared with the one before, found by name. Its lines are made here.

With `LOTSENNETZ_TEST_REGISTER` naming an official file, that one is imported too.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from services.cli.client import Answered
from services.directory import register
from services.kit.db import HUB, NOBODY
from services.kit.errors import Conflict, Refused
from services.kit.service import Hub
from tests.conftest import Clients
from tests.directory.test_publishing import publish, snapshot

FIND = """query ($text: String, $state: String, $first: Int! = 20, $after: String) {
  municipalities(text: $text, state: $state, first: $first, after: $after) {
    nodes { ags name kind state district population postalCode city { name } } pageInfo { hasNextPage endCursor } } }"""


@dataclass(frozen=True)
class Line:
    """A municipality of the fixed-width file, as Destatis describes it."""

    ags: str
    name: str
    kind: int = 64
    population: int = 1000
    area: int = 500
    postal_code: str = "78000"

    def text(self, day: str) -> str:
        head = f"60{day}{self.ags}0000{self.name:50}{'':50}{self.kind:<6}"
        return f"{head}{self.area:011}{self.population:011}{self.population // 2:011}    {self.postal_code}{'':55}"


VILLAGES = [Line(f"08335{i:03}", f"Dorf {i:03}") for i in range(100, 220)]
KONSTANZ = Line("08335043", "Konstanz, Universitätsstadt", 67, 85859, 5412, "78462")
HEILBRONN = Line("08121000", "Heilbronn, Universitätsstadt", 62, 128334, 9989, "74072")


def file(*lines: Line, day: str = "20231130") -> bytes:
    head = [
        f"10{day}08{'':10}{'Baden-Württemberg':50}{'Stuttgart':50}",
        f"40{day}08121{'':7}{'Heilbronn':50}{'Heilbronn':50}42",
        f"40{day}08335{'':7}{'Konstanz':50}{'Konstanz':50}43",
    ]
    rows = [*head, *(line.text(day) for line in (*lines, *VILLAGES))]
    return "\r\n".join(f"{row:220}" for row in rows).encode()


async def load(hub: Hub, content: bytes) -> register.Report:
    found = register.parse(content)
    async with hub.runtimes["directory"].db.begin(HUB) as session:
        return await register.store(session, found)


async def test_the_first_file_and_the_next(hub: Hub, clients: Clients) -> None:
    first = await load(hub, file(KONSTANZ, HEILBRONN))
    assert (len(first.added), first.ended, first.renamed, first.changed) == (122, [], [], 0)
    again = await load(hub, file(KONSTANZ, HEILBRONN))
    assert (again.added, again.ended, again.renamed, again.changed, again.unchanged) == ([], [], [], 0, 122)

    await publish(await clients(KONSTANZ.ags), snapshot())
    renamed = replace(HEILBRONN, name="Heilbronn am Neckar")
    grown = replace(VILLAGES[0], population=2000)
    VILLAGES[0], before = grown, VILLAGES[0]
    try:
        next_year = await load(hub, file(renamed, Line("08335999", "Neudorf"), day="20241130"))
    finally:
        VILLAGES[0] = before
    assert [e.ags for e in next_year.added] == ["08335999"]
    assert [e.ags for e in next_year.ended] == [e.ags for e in next_year.affected] == [KONSTANZ.ags]
    assert [(old, e.name) for old, e in next_year.renamed] == [(HEILBRONN.name, "Heilbronn am Neckar")]
    assert (next_year.changed, next_year.unchanged) == (1, 119)
    with pytest.raises(Conflict, match="2023-11-30"):
        await load(hub, file(KONSTANZ))

    back = await load(hub, file(KONSTANZ, renamed, day="20251130"))
    assert [e.ags for e in back.added] == [KONSTANZ.ags]


async def test_who_is_not_in_the_register_does_not_publish(hub: Hub, clients: Clients) -> None:
    city = await clients(KONSTANZ.ags)
    await publish(city, snapshot())  # no register, no check
    await load(hub, file(HEILBRONN))
    with pytest.raises(Answered) as caught:
        await publish(city, snapshot(navigators=[], projects=[]))
    assert [(p.row, p.field) for p in caught.value.problems] == [("city", "ags")]


async def test_finding_one_s_own_municipality(hub: Hub, clients: Clients) -> None:
    await load(hub, file(KONSTANZ, HEILBRONN))
    city = await clients(KONSTANZ.ags)
    await publish(city, snapshot())

    async def found(**variables: object) -> list[str]:
        return [n["name"] for n in (await city.ask(FIND, **variables))["municipalities"]["nodes"]]

    konstanz = (await city.ask(FIND, text="konst"))["municipalities"]["nodes"]
    assert konstanz == [
        {
            "ags": "08335043",
            "name": "Konstanz, Universitätsstadt",
            "kind": "Große Kreisstadt",
            "state": "Baden-Württemberg",
            "district": "Konstanz",
            "population": 85859,
            "postalCode": "78462",
            "city": {"name": "Konstanz"},
        }
    ]
    assert await found(text="universitatsstadt") == [HEILBRONN.name, KONSTANZ.name]
    assert await found(text="74072") == [HEILBRONN.name]
    assert await found(text="08335219") == ["Dorf 219"]
    assert await found(text="dorf", first=2) == ["Dorf 100", "Dorf 101"]
    assert await found(text="konst", state="14") == []
    page = (await city.ask(FIND, first=2))["municipalities"]["pageInfo"]
    assert await found(first=1, after=page["endCursor"]) == ["Dorf 102"]


NAMED = [
    Line("14628010", "Bad Schandau, Stadt", 63, 3500),
    Line("12053000", "Frankfurt (Oder), Stadt", 61, 57000),
    Line("06412000", "Frankfurt am Main, Stadt", 61, 770000),
    Line("08326074", "Villingen-Schwenningen, Stadt", 67, 86000),
    Line("09162000", "München, Landeshauptstadt", 61, 1500000),
    Line("05113000", "Essen, Stadt", 61, 580000),
    Line("05158020", "Essen-Haan", 63, 30000),
    Line("08119024", "Essenbach", 64, 12000),
    Line("07000001", "Bad Essen", 64, 15000),
]


async def test_a_name_is_forgiven_its_typing_errors(hub: Hub) -> None:
    await load(hub, file(KONSTANZ, HEILBRONN, *NAMED))

    async def found(text: str) -> tuple[list[str], bool]:
        async with hub.runtimes["directory"].db.read(NOBODY) as session:
            rows, guessed = await register.look_up(session, text, 20)
        return [row.name.split(",")[0] for row in rows], guessed

    for text in ("Frankfurt Oder", "frankfurt/oder", "Frankfurt (Oder)", "12053000"):
        assert await found(text) == (["Frankfurt (Oder)"], False)
    assert await found("Essen") == (["Essen", "Essen-Haan", "Essenbach", "Bad Essen"], False)
    for text in ("Stadt München", "Gemeinde Konstanz"):
        assert (await found(text))[0][0] == text.split()[1]
    for text, name in {
        "Gemeinde Konstnaz": "Konstanz",
        "Konstnaz": "Konstanz", "konstans": "Konstanz", "Konstanz am Bodensee": "Konstanz", "Heilbrnon": "Heilbronn",
        "Bad Schandua": "Bad Schandau", "Muenchen": "München", "Vilingen": "Villingen-Schwenningen",
        "Frankfrut am Main": "Frankfurt am Main",
    }.items():  # fmt: skip
        names, guessed = await found(text)
        assert (names[0], guessed) == (name, True), text
    for text in ("", " ", "%", "xyzxyz", "Uml", "\\"):
        assert (await found(text))[0] == []


BAD = {
    "nothing": b"",
    "a part of it": "\r\n".join(f"{line.text('20231130'):220}" for line in VILLAGES[:10]).encode(),
    "another file": b"ags;name\n08335043;Konstanz\n" * 200,
    "twice": file(KONSTANZ, KONSTANZ),
    "cut": file(KONSTANZ)[:-100],
    "bytes": bytes(range(256)) * 100,
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_register_is_refused(case: str) -> None:
    with pytest.raises(Refused):
        register.parse(BAD[case])


async def test_the_official_file(hub: Hub) -> None:
    path = os.environ.get("LOTSENNETZ_TEST_REGISTER")
    if not path:
        pytest.skip("LOTSENNETZ_TEST_REGISTER names no file")
    report = await load(hub, Path(path).read_bytes())
    assert len(report.added) > 10_000
    assert {e.state for e in report.added} == set(STATES)
    assert all(e.name and e.kind and (e.district or not e.population) for e in report.added)


STATES = (
    "Baden-Württemberg", "Bayern", "Berlin", "Brandenburg", "Bremen", "Hamburg", "Hessen", "Mecklenburg-Vorpommern",
    "Niedersachsen", "Nordrhein-Westfalen", "Rheinland-Pfalz", "Saarland", "Sachsen", "Sachsen-Anhalt",
    "Schleswig-Holstein", "Thüringen",
)  # fmt: skip
