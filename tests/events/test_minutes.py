"""Minutes of a day: who reads which names, what came of it, and photos with consent only."""

from typing import Any

import pypdfium2
import pytest
from sqlalchemy import text

from services.cli.client import Client
from services.contracts.directory import NavigatorErased
from services.events import intake, prints
from services.events.openspace import media
from services.events.prints.minutes import NotedIdea, Outcome, Photo, Record
from services.kit.db import HUB
from services.kit.service import Hub
from tests.conftest import Clients
from tests.events.open_space import HEILBRONN, KONSTANZ, SPEYER, World
from tests.events.printed import NASTY, all_words
from tests.events.sample_day import sample_day
from tests.events.test_open_space import refused
from tests.events.test_open_space_harvest import ACTION, WRITE, send, sessions
from tests.events.test_open_space_media import chunk, jpeg, png

DESCRIBE = """mutation ($event: ID!, $id: ID!, $key: ID!, $alt: String, $caption: String, $consent: Boolean,
  $link: String) { describeSessionFile(event: $event, proposal: $id, id: $key, alt: $alt, caption: $caption,
  consent: $consent, link: $link) }"""
MISSING = """mutation ($e: ID!, $n: [ID!]!) { setAttendance(event: $e, navigators: $n, attendance: NO_SHOW) {
  id } }"""
FILES = """query ($event: ID!) { openSpace(event: $event) { proposals {
  harvest { files { id alt caption consent } } } } }"""


@pytest.fixture(scope="module")
def workers() -> bool:
    return True


async def minutes(here: World, client: Client | None = None) -> tuple[int, str, bytes]:
    """Status, words and bytes of the paper."""
    client = client or here.organiser
    url = f"{client.url}/events/{here.event}/papers/minutes.pdf"
    answer = await client.http.get(url, headers=await client.headers())
    return answer.status_code, all_words(answer.content) if answer.status_code == 200 else "", answer.content


async def names(here: World) -> list[str]:
    async with here.hub.runtimes["events"].db.read(HUB) as session:
        rows = await session.execute(text("SELECT id::text, name FROM navigator"))
        found: dict[str, str] = {key: name for key, name in rows}  # noqa: C416 - rows are no pairs to mypy
    return [found[key] for key in here.people]


async def test_minutes_tell_what_came_of_a_day(hub: Hub, clients: Clients) -> None:
    here, one, _two = await sessions(hub, clients)
    people = await names(here)
    mine: dict[str, Any] = {"event": here.event, "id": one, "link": here.link(0)}
    results = {"results": f"Erstens.\n{NASTY[0]}", "decisions": "Wir machen das.", "minutes": "13:00 Beginn"}
    await here.organiser.ask(WRITE, **mine, harvest=results)
    task = {"text": "Leitfaden schreiben", "navigator": here.people[7], "city": KONSTANZ, "due": "2027-12-01"}
    await here.organiser.ask(ACTION, **mine, item=task)
    await here.organiser.ask(ACTION, event=here.event, item={"text": "Bericht an alle", "owner": "Amt 12"})
    cards = "mutation ($e: ID!, $i: [IdeaCard!]!) { noteIdeas(event: $e, ideas: $i) { id } }"
    await here.organiser.ask(cards, e=here.event, i=[{"text": "Gemeinsame Sprechstunde"}])
    await here.organiser.ask(MISSING, e=here.event, n=[here.people[1]])
    status, said, paper = await minutes(here)
    assert status == 200
    for words in (
        "Protokoll", "Thema 1", "Erstens.", NASTY[0], "Beschlüsse Wir machen das.", ":45 Uhr, Raum",
        f"Leitfaden schreiben {people[7]}, Konstanz 01.12.2027 offen", "Bericht an alle Amt 12 ohne Termin offen",
        "Ohne Tisch – Gemeinsame Sprechstunde", "Zu diesen Sessions wurde nichts aufgeschrieben Thema 2",
        "Konstanz 3 4 1", "Heilbronn 4 4 0", "Summe 7 8 1",
    ):  # fmt: skip
        assert words in said, words
    assert people[0] in said
    assert people[1] not in said  # missing
    assert pypdfium2.PdfDocument(paper).is_tagged()
    assert b"<pdfuaid:part>1</pdfuaid:part>" in paper
    assert b"<pdfaid:part>2</pdfaid:part>" in paper
    # The guests read counts, no names but of who took a task; strangers nothing.
    status, said, _paper = await minutes(here, await clients(HEILBRONN))
    assert status == 200
    assert "Heilbronn 4 4 0" in said
    assert people[7] in said
    assert not any(name in said for name in people[:7])
    assert (await minutes(here, await clients(SPEYER)))[0] == 404
    assert (await minutes(here, await clients(KONSTANZ, "directory:read")))[0] == 403
    papers = "query ($e: ID!) { event(id: $e) { papers { name url public } } }"
    listed = (await here.organiser.ask(papers, e=here.event))["event"]["papers"]
    assert any(one["name"] == "minutes.pdf" and not one["public"] for one in listed)
    async with hub.runtimes["events"].db.begin(HUB) as session:
        for key in (here.people[0], here.people[7]):
            await intake.erase(session, NavigatorErased(id=key, ags=KONSTANZ))
    _status, said, _paper = await minutes(here)
    assert people[0] not in said
    assert people[7] not in said
    assert "Leitfaden schreiben Konstanz" in said


async def test_photos_are_printed_with_consent_only(hub: Hub, clients: Clients) -> None:
    here, one, two = await sessions(hub, clients)
    sent = [(await send(here, one, png(), alt=f"Bild {n}", link=here.link(0))).json()["id"] for n in range(2)]
    broken = (await send(here, one, jpeg(), alt="Unlesbar", link=here.link(0))).json()["id"]
    assert "3 Fotos sind hier nicht abgedruckt" in (await minutes(here))[1]
    asked: dict[str, Any] = {"event": here.event, "id": one, "link": here.link(0)}
    await here.organiser.ask(DESCRIBE, **asked, key=sent[0], caption="Die Wand", consent=True)
    await here.organiser.ask(DESCRIBE, **asked, key=broken, consent=True)
    _status, said, paper = await minutes(here)
    assert "Abbildung 1: Die Wand" in said
    assert "2 Fotos sind hier nicht abgedruckt" in said
    assert b"<pdfuaid:part>1</pdfuaid:part>" in paper
    files = (await here.organiser.ask(FILES, event=here.event))["openSpace"]["proposals"][0]["harvest"]["files"]
    assert [(file["alt"], file["caption"], file["consent"]) for file in files[:2]] == [
        ("Bild 0", "Die Wand", True), ("Bild 1", "", False),
    ]  # fmt: skip
    await here.organiser.ask(DESCRIBE, **asked, key=sent[0], alt="Eine Wand", consent=False)  # taken back
    assert "Die Wand" not in (await minutes(here))[1]
    for wrong, reason in (
        ({**asked, "link": here.link(1)}, "FORBIDDEN"), ({**asked, "id": two, "link": here.link(1)}, "NOT_FOUND"),
        ({**asked, "alt": " "}, "REFUSED"),
    ):  # fmt: skip
        assert (await refused(here.organiser.ask(DESCRIBE, **wrong, key=sent[1], consent=True))).reason == reason


async def test_a_name_in_a_caption_goes_with_the_person(hub: Hub, clients: Clients) -> None:
    here, one, _two = await sessions(hub, clients)
    name = (await names(here))[0]
    key = (await send(here, one, png(), alt="Wand", link=here.link(1 - 1))).json()["id"]
    await here.organiser.ask(DESCRIBE, event=here.event, id=one, key=key, caption=f"{name} erklärt", consent=True)
    assert name in (await minutes(here))[1]
    async with hub.runtimes["events"].db.begin(HUB) as session:
        await intake.erase(session, NavigatorErased(id=here.people[0], ags=KONSTANZ))
    assert name not in (await minutes(here))[1]


def test_minutes_of_nothing_are_a_paper_too() -> None:
    paper = prints.minutes(sample_day(), Record())
    assert "0 Personen" in all_words(paper)
    assert "Ergebnisse" not in all_words(paper)
    ideas = tuple(NotedIdea(f"Idee {n}", n % 3 + 1, n % 5 + 1) for n in range(40))
    assert "Runde 3, Tisch 5" in all_words(prints.minutes(sample_day(), Record(ideas=ideas, ideas_left=1)))


def test_a_picture_that_nobody_can_read_costs_itself_only() -> None:
    bad = Photo("b.png", b"\x89PNG\r\n\x1a\nkaputt", "x")
    photos = (Photo("a.png", png(), "Punkt"), bad)
    said = all_words(prints.minutes(sample_day(), Record(outcomes=(Outcome("Thema", photos=photos),))))
    assert "Abbildung 1: Punkt" in said
    assert "1 Foto ist hier nicht abgedruckt" in said


def test_how_large_a_picture_is_stands_in_its_header() -> None:
    wide = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", (60_000).to_bytes(4, "big") * 2 + bytes(5))
    frame = b"\xff\xd8\xff\xc0\x00\x11\x08" + (300).to_bytes(2, "big") + (400).to_bytes(2, "big") + bytes(10)
    webp = b"RIFF" + bytes(4) + b"WEBPVP8X" + bytes(8) + (99).to_bytes(3, "little") + (49).to_bytes(3, "little")
    for kind, content, pixels in (
        (media.PNG, png(), 1), (media.PNG, wide, 3_600_000_000), (media.JPEG, frame, 120_000),
        (media.WEBP, webp, 5_000), (media.JPEG, b"\xff\xd8", 0), (media.PDF, b"%PDF-", 0), (media.PNG, b"", 0),
    ):  # fmt: skip
        assert media.pixels(media.File(kind, content)) == pixels, (kind, content[:20])
