"""An organiser's pages before the day, as a coordinator without script uses them."""

import datetime as dt
import importlib
import re
import uuid
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from sqlalchemy import text, update

from services.events.models import Room
from services.kit.db import HUB
from tests.browser_like import Browser, logged_in
from tests.events.organise_world import SOON, TITLE, World, world
from tests.events.organising import shown
from tests.events.registration_world import GUEST, HOST

__all__ = ["world"]
DISPOSITION = "content-disposition"


async def test_pages_are_for_whoever_may_organise_and_for_their_own_events(world: World) -> None:
    path = await world.new()
    for org, role, status in ((HOST, "navigator", 403), (HOST, "editor", 403), (GUEST, "coordinator", 403)):
        other = await logged_in(world.hub, org, role)
        for rest in ("", "/agenda", "/venue", "/people", "/people/needs", "/people/rules", "/papers", "/pack.zip"):
            assert (await other.http.get(path + rest)).status_code == status, (role, rest)
        assert (await other.http.get("/organise")).status_code == (200 if role == "coordinator" else 403)
        assert ("/organise" in (await other.http.get("/")).text) == (role == "coordinator")
        assert ("/organise/new" in (await other.http.get("/calendar")).text) == (role == "coordinator")
        # The token of a form is one's own; the event is not.
        page = await other.http.get("/account")
        token = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert token
        answer = await other.http.post(f"{path}/cancel", data={"csrf": token[1]})
        assert answer.status_code == 403
        await other.close()
    visitor = Browser(world.hub)
    assert (await visitor.http.get(path)).headers["location"].startswith("/login")
    await visitor.close()
    assert (await world.browser.http.get(f"/organise/{uuid.uuid4()}")).status_code == 404
    forged = await world.browser.http.post(f"{path}/cancel", data={"csrf": "x.y"})
    assert forged.status_code == 403


async def test_an_event_from_a_template(world: World) -> None:
    path = await world.new(starts="08:00")
    draft = await world.draft(path)
    assert (draft.title, draft.host, draft.guests, draft.kind) == (TITLE, HOST, (GUEST,), "LEARNING_TRIP")
    assert draft.agenda[0].starts == "08:00"
    assert draft.rounds is not None
    assert draft.rounds.count == 3
    page = await world.browser.http.get(path)
    assert "Lernreise &lt;b&gt;nach&lt;/b&gt; Rebstadt &amp; zurück" in page.text
    assert "Die Anmeldung ist nicht eröffnet." in shown(page)
    listed = await world.browser.http.get("/organise")
    assert path in listed.text
    # A place that was entered once comes along the next time, with its rooms.
    await world.act(f"{path}/venue", "/venue", venue="Rathaus", address="Marktplatz 1", onlineLink="")
    await world.act(f"{path}/venue", "/venue/room", name="Saal", capacity="80", features=["STEP_FREE", "WIFI"])
    again = await world.draft(await world.new(template="OPEN_SPACE", title=""))
    assert (again.title, again.venue, [room.name for room in again.rooms or ()]) == ("Open Space", "Rathaus", ["Saal"])
    other = await world.draft(await world.new(venue="Stadthalle", rooms="Foyer\r\n\r\nKleiner Saal"))
    assert (other.venue, other.address, [room.name for room in other.rooms or ()]) == (
        "Stadthalle", "", ["Foyer", "Kleiner Saal"],
    )  # fmt: skip
    empty = await world.draft(await world.new(template="NONE", title="Runde"))
    assert (empty.kind, empty.agenda, empty.rounds) == ("MEETING", (), None)


async def test_what_is_wrong_stands_beside_the_field(world: World) -> None:
    page = await world.browser.http.get("/organise/new")
    sent: dict[str, Any] = {
        "template": "REVIEW",
        "date-day": "31",
        "date-month": "2",
        "date-year": "2027",
        "host": HOST,
    }
    answer = await world.browser.submit(page, "/organise/new", **sent)
    assert answer.status_code == 422
    assert 'href="#f-date"' in answer.text
    assert 'value="31"' in answer.text
    sent |= {"date-day": "1", "guests": ["Nirgendwo"]}
    answer = await world.browser.submit(page, "/organise/new", **sent)
    assert "„Nirgendwo“" in shown(answer)
    stranger = {**sent, "host": GUEST, "guests": []}
    answer = await world.browser.submit(page, "/organise/new", **stranger)
    assert (answer.status_code, 'href="#f-host"' in answer.text) == (422, True)
    late = {**sent, "guests": [], "starts": "23:30"}
    assert 'href="#f-starts"' in (await world.browser.submit(page, "/organise/new", **late)).text


async def test_the_agenda_item_by_item(world: World) -> None:
    path = f"{await world.new(template='REVIEW')}/agenda"
    before = await world.draft(path)
    answer = await world.act(path, "/agenda", starts="09:00", title="Kaffee", ends="09:30", responsible="Team",
                             audience=GUEST,
                             details="Flur\nGarten", material="Folien: https://example.org/a")  # fmt: skip
    assert answer.status_code == 303, shown(answer)
    draft = await world.draft(path)
    first = draft.agenda[0]
    assert (first.title, first.details, first.audience, first.responsible) == (
        "Kaffee",
        ("Flur", "Garten"),
        GUEST,
        "Team",
    )
    assert [(one.title, one.url) for one in first.material] == [("Folien", "https://example.org/a")]
    assert [one.id for one in draft.agenda[1:]] == [one.id for one in before.agenda]
    wrong = await world.act(f"{path}?item={first.id}", "/agenda", item=first.id, starts="9 Uhr", title="Kaffee")
    assert (wrong.status_code, 'href="#f-starts"' in wrong.text, "9 Uhr" in wrong.text) == (422, True, True)
    wrong = await world.act(path, "/agenda", starts="10:00", title="x", material="http://example.org")
    assert 'href="#f-material"' in wrong.text
    # The first one begins later, and everything moves along.
    await world.act(f"{path}?item={first.id}", "/agenda", item=first.id, starts="09:15", ends="09:45", title="Kaffee",
                    later="true")  # fmt: skip
    later = await world.draft(path)
    assert (later.agenda[0].starts, later.agenda[0].ends, later.agenda[1].starts) == ("09:15", "09:45", "10:15")


async def test_an_item_goes_moves_and_comes_back(world: World) -> None:
    path = f"{await world.new(template='REVIEW')}/agenda"
    first, second = (await world.draft(path)).agenda[:2]
    await world.act(path, "/agenda/move", item=second.id, step="earlier")
    swapped = (await world.draft(path)).agenda[:2]
    assert [(one.id, one.starts, one.ends) for one in swapped] == [
        (second.id, "10:00", "10:25"), (first.id, "10:25", "10:35"),
    ]  # fmt: skip
    answer = await world.act(path, "/agenda/move", item=second.id, step="earlier")
    assert answer.status_code == 422
    gone = await world.act(path, "/agenda/move", item=second.id, step="remove")
    assert len((await world.draft(path)).agenda) == 4
    back = await world.browser.http.get(gone.headers["location"])
    await world.browser.submit(back, path.replace("/agenda", "/restore"))
    assert [one.title for one in (await world.draft(path)).agenda[:2]] == [second.title, first.title]
    forged = await world.browser.http.get(f"{path}?gone=abc.def")
    assert "restore" not in forged.text
    assert (await world.act(path, "/agenda/move", item=str(uuid.uuid4()), step="remove")).status_code == 404


async def test_place_and_rooms(world: World) -> None:
    path = f"{await world.new(template='NONE')}/venue"
    answer = await world.act(path, "/venue", venue="Halle", address="", onlineLink="http://x.example")
    assert (answer.status_code, 'href="#f-onlineLink"' in answer.text) == (422, True)
    await world.act(path, "/venue", venue="Halle", address="", onlineLink="https://x.example/raum")
    rooms = (await world.draft(path)).rooms or ()
    await world.act(path, "/venue/room", name="Bühne", capacity="0")
    await world.act(path, "/venue/room", name="Bühne", capacity="120", features=["HEARING_LOOP"])
    twice = await world.act(path, "/venue/room", name="Bühne")
    assert (twice.status_code, "Zwei Räume haben denselben Namen." in shown(twice)) == (422, True)
    assert 'href="#f-name"' in twice.text
    draft = await world.draft(path)
    assert (draft.online, len(draft.rooms or ())) == ("https://x.example/raum", len(rooms) + 1)
    (room,) = [one for one in draft.rooms or () if one.name == "Bühne"]
    changing = await world.browser.http.get(f"{path}?room={room.id}")
    assert re.search(r'value="HEARING_LOOP" checked', changing.text)
    await world.act(f"{path}?room={room.id}", "/venue/room", room=room.id, name="Große Bühne", capacity="")
    changed = next(one for one in (await world.draft(path)).rooms or () if one.id == room.id)
    assert (changed.name, changed.capacity) == ("Große Bühne", None)
    gone = await world.act(path, "/venue/remove", room=room.id)
    assert room.id not in {one.id for one in (await world.draft(path)).rooms or ()}
    page = await world.browser.http.get(gone.headers["location"])
    assert "„Große Bühne“ ist entfernt." in shown(page)
    await world.browser.submit(page, path.replace("/venue", "/restore"))
    back = (await world.draft(path)).rooms or ()
    assert (back[-1].name, back[-1].features) == ("Große Bühne", changed.features)
    again = await world.browser.submit(page, path.replace("/venue", "/restore"))
    assert "Zwei Räume haben denselben Namen." in shown(await world.browser.http.get(again.headers["location"]))
    elsewhere = (await world.new(template="NONE")) + "/venue"
    other = await world.browser.http.get(gone.headers["location"].replace(path, elsewhere))
    assert "War das ein Versehen?" not in shown(other), "of another event"


async def test_rooms_of_one_name_from_earlier_are_told_apart(world: World) -> None:
    path = f"{await world.new(template='NONE', rooms=chr(10).join(('Saal', 'Aula', 'Forum')))}/venue"
    place = {"venue": "Halle", "address": "", "onlineLink": ""}
    async with world.hub.runtimes["events"].db.begin(HUB) as session:
        of_event = Room.event_id == uuid.UUID(path.split("/")[2])
        await session.execute(update(Room).where(of_event, Room.name != "Aula").values(name="Saal"))
    assert (await world.act(path, "/venue", **place)).status_code == 422
    step = importlib.import_module("services.events.migrations.0021_rooms_of_one_name")
    async with world.hub.runtimes["events"].db.begin(HUB) as session:
        await session.execute(text(step.TELL_APART))
    assert [one.name for one in (await world.draft(path)).rooms or ()] == ["Saal", "Aula", "Saal (2)"]
    assert (await world.act(path, "/venue", **place)).status_code == 303


async def test_times_of_an_open_space(world: World) -> None:
    """Several in one go, further ones behind them, one taken away and put back; what is wrong changes nothing."""
    path = f"{await world.new(template='OPEN_SPACE')}/venue"
    page = await world.browser.http.get(path)
    assert "Zu jeder dieser Zeiten läuft in jedem Raum eine Session." in shown(page)
    await world.act(path, "/venue/times", begins="13:00", count="2", minutes="45", pause="15")
    page = await world.browser.http.get(path)
    assert "13:00 – 13:45" in shown(page)
    assert "14:00 – 14:45" in shown(page)
    assert 'value="15:00"' in page.text, "behind the last one"
    wrong = await world.act(path, "/venue/times", begins="14:30", count="1", minutes="45", pause="15")
    assert (wrong.status_code, "bevor" in shown(wrong)) == (422, True)
    wrong = await world.act(path, "/venue/times", begins="15:00", count="99", minutes="4", pause="15")
    assert (wrong.status_code, 'href="#f-count"' in wrong.text, 'href="#f-minutes"' in wrong.text) == (422, True, True)
    assert 'value="99"' in wrong.text, "what was written stays"

    slot = re.search(r'name="slot" value="([^"]+)"', page.text)
    assert slot
    gone = await world.act(path, "/venue/times/remove", slot=slot[1])
    page = await world.browser.http.get(gone.headers["location"])
    assert "13:00 – 13:45" not in shown(page)
    answer = await world.browser.submit(page, path.replace("/venue", "/restore"))
    assert answer.status_code == 303, shown(answer)
    assert "13:00 – 13:45" in shown(await world.browser.http.get(path))
    assert (await world.act(path, "/venue/times/remove", slot=str(uuid.uuid4()))).status_code == 404
    forged = await world.browser.http.get(f"{path}?gone=Timing.2027-01-01T<b>-x")
    assert "War das ein Versehen?" not in shown(forged)


async def test_topics_are_written_down_for_others(world: World) -> None:
    """What people call out; all lines or none."""
    path = f"{await world.new(template='OPEN_SPACE')}/day/board"
    timed = await world.act(path, "/venue/times", begins="13:00", count="2", minutes="45", pause="15")
    assert timed.headers["location"] == path, "one stays here"
    await world.act(path, "/day/board/topics", titles="Einfache Sprache\r\n\r\n <b>E-Akte</b> ")
    page = await world.browser.http.get(path)
    assert "1 Einfache Sprache" in shown(page)
    assert "2 &lt;b&gt;E-Akte&lt;/b&gt;" in page.text
    for wrong in ("  ", "Gut\n" + "x" * 300):
        answer = await world.act(path, "/day/board/topics", titles=wrong)
        assert (answer.status_code, 'href="#f-titles"' in answer.text) == (422, True), shown(answer)
    assert "Gut" not in shown(await world.browser.http.get(path))


async def test_head_copy_and_calling_off(world: World) -> None:
    path = await world.new()
    day = SOON + dt.timedelta(days=7)
    sent = {
        "title": "Anders", "kind": "LEARNING_TRIP", "date-day": day.day, "date-month": day.month,
        "date-year": day.year, "lastDay-day": "", "lastDay-month": "", "lastDay-year": "", "host": HOST,
        "guests": [GUEST], "hashtag": "#x", "guidingQuestions": "Wer?\nWo?", "count": "4", "starts": "11:00",
        "tables": "6", "minutes": "9", "breakMinutes": "1",
    }  # fmt: skip
    answer = await world.act(f"{path}/head", "/head", **sent)
    assert answer.status_code == 303, shown(answer)
    draft = await world.draft(path)
    assert (draft.title, draft.date, draft.questions) == ("Anders", day, ("Wer?", "Wo?"))
    assert draft.rounds is not None
    assert (draft.rounds.count, draft.rounds.starts, draft.rounds.tables) == (4, "11:00", 6)
    assert {one.day for one in draft.agenda} == {day}
    answer = await world.act(f"{path}/head", "/head", **{**sent, "count": "99"})
    assert 'href="#f-count"' in answer.text
    answer = await world.act(f"{path}/head", "/copy", **{"date-day": 2, "date-month": 5, "date-year": day.year + 1})
    copy = await world.draft(answer.headers["location"])
    assert (copy.title, copy.date.year, len(copy.agenda)) == ("Anders", day.year + 1, len(draft.agenda))
    await world.act(path, "/cancel")
    assert "abgesagt" in shown(await world.browser.http.get(path))


async def test_papers_in_one_place(world: World) -> None:
    path = await world.new()
    page = await world.browser.http.get(f"{path}/papers")
    for link in re.findall(r'href="(/events/[^"]+)"', page.text):
        if not link.endswith(("votes.pdf", "minutes.pdf", "certificates.pdf")):
            assert (await world.browser.http.get(link)).status_code == 200, link
    pack = await world.browser.http.get(f"{path}/pack.zip")
    assert pack.headers["content-type"] == "application/zip"
    with ZipFile(BytesIO(pack.content)) as archive:
        assert archive.namelist()[:3] == ["01-ablaufplan.pdf", "02-anwesenheitsliste.pdf", "03-namensschilder.pdf"]
        assert "marktplatzwand" not in " ".join(archive.namelist()), "nothing would be on it"
        assert all(archive.read(name).startswith(b"%PDF") for name in archive.namelist())
    await world.act(f"{path}/venue", "/venue/room", name="Werkstatt 🛠")
    await world.act(f"{path}/venue", "/venue/times", begins="13:00", count="2", minutes="45", pause="15")
    english = {"accept-language": "en"}
    pack = await world.browser.http.get(f"{path}/pack.zip", headers=english)
    with ZipFile(BytesIO(pack.content)) as archive:
        assert [name[3:] for name in archive.namelist()[::4]] == ["run-sheet.pdf", "marketplace-wall.pdf"]
    sheet = f"/events/{path.rpartition('/')[2]}/papers/slips.pdf"
    for headers, name in ({}, "laufzettel.pdf"), (english, "personal-slips.pdf"):
        assert f'filename="{name}"' in (await world.browser.http.get(sheet, headers=headers)).headers[DISPOSITION]
