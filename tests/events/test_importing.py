"""Participants from spreadsheets: preview, three mistakes, correction, change; nothing by halves."""

import base64
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
import pytest_asyncio
import xlsxwriter

from services.cli.client import Answered
from services.events.registration import importing
from services.kit.errors import Refused
from services.kit.service import Hub
from tests.conftest import Clients
from tests.events.registration_world import GUEST, HOST, REGISTER, STRANGER, World, publish

SHOWN = """tag added unchanged waiting unknown wrong lines { place name outcome navigator { id } }
  problems { place field message } notes { place message }"""
PREVIEW = f"""query ($event: ID!, $file: String!, $name: String! = "") {{
  it: previewParticipants(event: $event, file: $file, name: $name) {{ {SHOWN} }} }}"""
IMPORT = f"""mutation ($event: ID!, $file: String!, $tag: String!, $reason: String! = "") {{
  it: importParticipants(event: $event, file: $file, tag: $tag, reason: $reason) {{ {SHOWN} }} }}"""
Rows = list[list[str]]


def csv(rows: Rows) -> bytes:
    return "\r\n".join(";".join(row) for row in rows).encode("cp1252")


def xlsx(rows: Rows) -> bytes:
    made = BytesIO()
    book: Any = xlsxwriter.Workbook(made, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet("Anmeldungen 2027")
    for number, row in enumerate(rows):
        sheet.write_row(number + 1, 0, row)
    book.close()
    return made.getvalue()


def ods(rows: Rows) -> bytes:
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f"<office:document-content {spaces}><office:body><office:spreadsheet>"
        f'<table:table table:name="Teilnehmende">{cells}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    made = BytesIO()
    with ZipFile(made, "w") as parts:
        parts.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        parts.writestr("content.xml", content)
    return made.getvalue()


@pytest_asyncio.fixture
async def world(hub: Hub, clients: Clients) -> AsyncIterator[World]:
    made = World(hub, clients)
    yield made
    await made.http.aclose()


async def preview(world: World, file: bytes, client: Any = None, **more: Any) -> dict[str, Any]:
    asked = {"event": world.event, "file": base64.b64encode(file).decode(), **more}
    return dict((await (client or world.organiser).ask(PREVIEW, **asked))["it"])


async def take(world: World, file: bytes, tag: str, client: Any = None, **more: Any) -> dict[str, Any]:
    asked = {"event": world.event, "file": base64.b64encode(file).decode(), "tag": tag, **more}
    return dict((await (client or world.organiser).ask(IMPORT, **asked))["it"])


def counted(found: dict[str, Any]) -> tuple[int, ...]:
    return tuple(found[key] for key in ("added", "unchanged", "waiting", "unknown", "wrong"))


HEAD = ["Name", "E-Mail", "Stadt", "Themen"]


@pytest.mark.parametrize("write", [csv, xlsx, ods])
async def test_a_list_with_three_mistakes_is_corrected_and_taken(world: World, write: Any) -> None:
    await world.begin(3, 3)
    rows = [
        HEAD,
        ["Lotse 0000", f"n0000@x{HOST}.example", "Rebstadt", "E-Akte"],
        ["Lotse 0001", "", "Seestadt", ""],
        ["Lotse 0002", "", "", ""],  # one in each city
        ["Ulla Unbekannt", "ulla@x.example", "Seestadt", ""],
        ["Lotse 0000", f"n0002@x{GUEST}.example", "", ""],  # somebody else's address
    ]
    found = await preview(world, write(rows), name="liste.csv")
    assert counted(found) == (2, 0, 0, 1, 2)
    first = 3 if write is xlsx else 2
    assert [one["outcome"] for one in found["lines"]] == ["ADDED", "ADDED", "WRONG", "UNKNOWN", "WRONG"]
    assert [one["place"].endswith(f"eile {first + i}") for i, one in enumerate(found["lines"])] == [True] * 5
    assert [(one["field"], one["message"][:26]) for one in found["problems"]] == [
        ("Spalte Name", "Es passen mehrere Personen"),
        ("Spalte Name", "Das Verzeichnis kennt dies"),
        ("Spalte Name", "Der Name gehört zu jemand "),
    ]
    assert [one["message"] for one in found["notes"]] == [
        "Themen werden nicht übernommen: Jede Stadt pflegt die ihrer Leute selbst."
    ]
    with pytest.raises(Answered) as caught:
        await take(world, write(rows), found["tag"])
    assert caught.value.reason == "REFUSED"
    assert len(caught.value.problems) == 3
    assert await world.participants() == set()

    right = [*rows[:3], ["Lotse 0002", "", GUEST.removeprefix("0"), ""], rows[1]]
    found = await preview(world, write(right))
    assert counted(found) == (3, 1, 0, 0, 0)  # named twice, comes once
    with pytest.raises(Answered) as caught:  # the preview of another file
        await take(world, write(rows[:3]), found["tag"])
    assert caught.value.reason == "OUTDATED"
    assert await world.participants() == set()
    assert counted(await take(world, write(right), found["tag"])) == (3, 1, 0, 0, 0)
    assert await world.participants() == {world.hosts[0], *world.guests[1:]}
    again = await preview(world, write(right))
    assert counted(again) == (0, 4, 0, 0, 0)
    await take(world, write(right), again["tag"])  # changes nothing
    assert len(await world.participants()) == 3


async def test_ids_say_whom_they_mean_and_strangers_do_not_come(world: World, clients: Clients) -> None:
    await world.begin(1, 1)
    (stranger,) = await publish(await clients(STRANGER), STRANGER, 1)
    unknown = "00000000-0000-4000-8000-000000000000"
    rows = [["Lotsen-ID"], [world.guests[0]], [stranger], [unknown], ["7"]]
    found = await preview(world, csv(rows))
    assert [one["outcome"] for one in found["lines"]] == ["ADDED", "WRONG", "UNKNOWN", "WRONG"]
    assert [one["message"][:30] for one in found["problems"][1:]] == [
        "Das Verzeichnis kennt diese Pe",
        "Das ist keine Lotsen-ID.",
    ]
    assert STRANGER in found["problems"][0]["message"]
    by_mail = await preview(world, csv([["E-Mail"], [f"N0000@X{GUEST}.EXAMPLE"], [f"n0000@x{STRANGER}.example"]]))
    assert [one["outcome"] for one in by_mail["lines"]] == ["ADDED", "WRONG"]


async def test_who_waits_stays_in_line_and_rules_need_a_reason(world: World) -> None:
    await world.begin(2, 3, {"places": 2})
    await world.states(REGISTER, [world.guests[0], world.guests[1], world.guests[2]])
    rows = [["Navigator ID"], *([one] for one in [*world.guests, world.hosts[0]])]
    found = await preview(world, csv(rows))
    assert counted(found) == (1, 2, 1, 0, 0)
    with pytest.raises(Answered) as caught:
        await take(world, csv(rows), found["tag"])
    assert caught.value.reason == "REFUSED"
    assert await world.participants() == set(world.guests[:2])
    await take(world, csv(rows), found["tag"], reason="Hält den Vortrag")
    assert await world.participants() == {*world.guests[:2], world.hosts[0]}
    assert (await world.listed(states=["WAITING"]))["registrations"]["nodes"][0]["position"] == 1
    assert [one["reason"] for one in (await world.listed())["exceptions"]] == ["Hält den Vortrag"] * 2


async def test_who_came_in_meanwhile_makes_the_preview_old(world: World) -> None:
    await world.begin(2, 1)
    file = csv([["ID"], *([one] for one in world.hosts)])
    tag = (await preview(world, file))["tag"]
    join = "mutation ($event: ID!, $who: [ID!]!) { addParticipants(event: $event, navigators: $who) { id } }"
    await world.organiser.ask(join, event=world.event, who=world.hosts[:1])
    with pytest.raises(Answered) as caught:
        await take(world, file, tag)
    assert caught.value.reason == "OUTDATED"
    assert await world.participants() == set(world.hosts[:1])


async def test_over_http_the_file_goes_as_it_is(world: World) -> None:
    await world.begin(2, 1)
    url = f"{world.organiser.url}/events/{world.event}/participants"
    headers = {**await world.organiser.headers(), "accept-language": "de"}
    file = xlsx([["Vorname", "Nachname", "Ort", "Personalnummer"], ["Lotse", "0001", "Rebstadt", "123"]])
    async with httpx.AsyncClient(headers=headers, trust_env=False) as http:
        shown = await http.post(url, params={"name": "x.xlsx"}, content=file)
        assert (shown.status_code, shown.json()["done"], shown.json()["counts"]["added"]) == (200, False, 1)
        assert "Personalnummer" in shown.json()["notes"][0]["message"]
        assert await world.participants() == set()
        old = await http.post(url, content=file, headers={"if-match": '"0"'})
        assert old.status_code == 412
        done = await http.post(url, content=file, headers={"if-match": shown.headers["etag"]})
        assert (done.status_code, done.json()["done"]) == (200, True)
        assert await world.participants() == {world.hosts[1]}
        large = await http.post(url, content=b"a" * 5_000_001)
        assert large.status_code == 413
        for bad in (b"", b"PK\x03\x04broken", b"%PDF-1.7", b"Amt;Telefon\r\n1;2"):
            assert (await http.post(url, content=bad)).status_code == 422
    anonymous = await world.http.post(f"/events/{world.event}/participants", content=file)
    assert anonymous.status_code == 401


async def test_only_the_organiser_imports(world: World, clients: Clients) -> None:
    await world.begin(1, 1)
    file = csv([["ID"], [world.hosts[0]]])
    tag = (await preview(world, file))["tag"]
    for client in (world.other, await clients(HOST), await clients(STRANGER)):
        for call in (preview(world, file, client), take(world, file, tag, client)):
            with pytest.raises(Answered) as caught:
                await call
            assert caught.value.reason == "FORBIDDEN"
    with pytest.raises(Answered) as caught:
        await world.organiser.ask(PREVIEW, event=world.event, file="not base64!")
    assert caught.value.reason == "REFUSED"


def test_rows_are_read_as_offices_write_them() -> None:
    head, person = ["Name, Vorname", "Gemeinde", "Mail"], ["Buche, Änne", "8335043", "mailto:a@b.example"]
    rows = [["Stand 1.10.2027"], [""], head, person]
    (entry,) = importing.read("liste.csv", csv(rows)).rows
    assert (entry.name, entry.city, entry.email) == ("Änne Buche", "08335043", "a@b.example")
    assert entry.title("name") == "Spalte Name, Vorname"
    dated = importing.read("", xlsx([["Name", "Stadt"], ["\u202eabc", "Konstanz"]]))
    assert [(one.row, one.field) for one in dated.problems] == [("Blatt Anmeldungen 2027, Zeile 3", "Spalte Name")]
    with pytest.raises(Refused):
        importing.read("", csv([["Name"]]))
