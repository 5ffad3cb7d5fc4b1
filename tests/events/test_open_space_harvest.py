"""What comes of a session: written by who hosts it or takes notes, with photos, and who does what until when."""

from typing import Any

import httpx
import pytest

from services.cli import demo
from services.events.openspace import harvest
from services.kit.service import Hub
from tests.conftest import Clients
from tests.events.open_space import KONSTANZ, SPEYER, World, world
from tests.events.test_open_space import refused
from tests.events.test_open_space_media import PLACE, exif, jpeg, segment

WRITE = """mutation ($event: ID!, $id: ID!, $harvest: SessionHarvestInput!, $expected: Int! = 0, $link: String) {
  writeHarvest(event: $event, proposal: $id, harvest: $harvest, expected: $expected, link: $link) { wishesOpen } }"""
ACTION = """mutation ($event: ID!, $id: ID, $item: ActionItemInput!, $key: ID, $link: String) {
  putActionItem(event: $event, proposal: $id, item: $item, id: $key, link: $link) { id state } }"""
NO_ACTION = """mutation ($event: ID!, $id: ID, $key: ID!, $link: String) {
  removeActionItem(event: $event, proposal: $id, id: $key, link: $link) }"""
NO_FILE = """mutation ($event: ID!, $id: ID!, $key: ID!, $link: String) {
  removeSessionFile(event: $event, proposal: $id, id: $key, link: $link) }"""
NOTES = """mutation ($event: ID!, $id: ID!, $link: String) {
  makeNotesLink(event: $event, proposal: $id, link: $link) }"""


@pytest.fixture(scope="module")
def workers() -> bool:
    return True


async def sessions(hub: Hub, clients: Clients) -> tuple[World, str, str]:
    """Two sessions that are planned, hosted by the first two people."""
    here = await world(hub, clients)
    keys = [await here.propose(f"Thema {n + 1}", n, convene=True) for n in range(2)]
    await here.set()
    await here.publish((await here.plan())["id"])
    return here, keys[0], keys[1]


async def send(here: World, proposal: str, content: bytes, **query: str) -> httpx.Response:
    url = f"{here.organiser.url}/events/{here.event}/open-space/proposals/{proposal}/files"
    headers = {} if "link" in query else await here.organiser.headers()
    return await here.organiser.http.post(url, content=content, params=query, headers=headers)


async def test_hosts_note_takers_and_the_organiser_write_results(hub: Hub, clients: Clients) -> None:
    here, one, two = await sessions(hub, clients)
    asked: dict[str, Any] = {"event": here.event, "id": one}
    text = {"results": "Erstens.\nZweitens.", "decisions": "Wir machen das.", "minutes": "13:00 Beginn"}
    await here.organiser.ask(WRITE, **asked, harvest=text, link=here.link(0))
    found = (await here.proposal(one))["harvest"]
    assert (found["version"], {key: found[key] for key in text}) == (1, text)
    notes = (await here.organiser.ask(NOTES, **asked, link=here.link(0)))["makeNotesLink"]
    problem = await refused(here.organiser.ask(WRITE, **asked, harvest=text, link=notes))
    assert problem.reason == "CONFLICT"  # written meanwhile: it was not looked at
    await here.organiser.ask(WRITE, **asked, harvest={**text, "minutes": ""}, expected=1, link=notes)
    await here.organiser.ask(WRITE, **asked, harvest=text, expected=2)
    for link in (here.link(1), (await here.seen())["eventLink"]):
        assert (await refused(here.organiser.ask(WRITE, **asked, harvest=text, link=link))).reason == "FORBIDDEN"
    other = {"event": here.event, "id": two, "harvest": text}
    assert (await refused(here.organiser.ask(WRITE, **other, link=notes))).reason == "FORBIDDEN"
    late = await here.propose("Nicht geplant")
    assert (await refused(here.organiser.ask(WRITE, **{**other, "id": late}))).reason == "CONFLICT"
    # Who takes part reads it, strangers do not.
    shown = next(p for p in (await here.seen(here.link(5)))["proposals"] if p["id"] == one)
    assert (shown["harvest"]["version"], shown["harvest"]["decisions"]) == (3, "Wir machen das.")
    assert (await here.seen(client=await clients(SPEYER)))["proposals"] == []


async def test_action_items_have_owners_cities_and_days(hub: Hub, clients: Clients) -> None:
    here, one, two = await sessions(hub, clients)
    mine = {"event": here.event, "id": one, "link": here.link(0)}
    item = {"text": "Leitfaden schreiben", "navigator": here.people[7], "city": KONSTANZ, "due": "2027-12-01"}
    key = (await here.organiser.ask(ACTION, **mine, item=item))["putActionItem"]["id"]
    done = {**item, "state": "DONE"}
    assert (await here.organiser.ask(ACTION, **mine, item=done, key=key))["putActionItem"]["state"] == "DONE"
    await here.organiser.ask(ACTION, **mine, item={"text": "Termin suchen", "owner": "Amt 12"})
    found = (await here.proposal(one))["harvest"]["actionItems"]
    assert [(i["text"], i["owner"], i["due"], i["state"]) for i in found] == [
        ("Leitfaden schreiben", "", "2027-12-01", "DONE"), ("Termin suchen", "Amt 12", None, "OPEN"),
    ]  # fmt: skip
    assert (found[0]["navigator"]["id"], found[0]["city"]["ags"]) == (here.people[7], KONSTANZ)
    bad = {"text": "", "navigator": here.event, "owner": "x", "city": SPEYER}
    problem = await refused(here.organiser.ask(ACTION, **mine, item=bad))
    assert sorted(p.field for p in problem.problems) == ["city", "owner", "owner", "text"]
    assert (await refused(here.organiser.ask(NO_ACTION, event=here.event, id=two, key=key))).reason == "NOT_FOUND"
    assert (await refused(here.organiser.ask(ACTION, event=here.event, item=item, link=here.link(0)))).reason == (
        "FORBIDDEN"
    )
    await here.organiser.ask(ACTION, event=here.event, item={"text": "Für alle: Bericht"})
    await here.organiser.ask(NO_ACTION, **mine, key=key)
    assert len((await here.proposal(one))["harvest"]["actionItems"]) == 1


async def test_photos_are_kept_without_their_place_and_shown_to_those_who_take_part(hub: Hub, clients: Clients) -> None:
    here, one, two = await sessions(hub, clients)
    photo = jpeg(segment(0xE1, exif()))
    sent = await send(here, one, photo, alt="Flipchart mit drei Punkten", name="Wand.jpg", link=here.link(0))
    assert sent.status_code == 201, sent.text
    (file,) = (await here.proposal(one))["harvest"]["files"]
    assert (file["id"], file["alt"], file["mediaType"]) == (
        sent.json()["id"],
        "Flipchart mit drei Punkten",
        "image/jpeg",
    )

    async def fetched(**query: str) -> httpx.Response:
        return await here.organiser.http.get(file["url"], params=query)

    seen = await fetched(link=here.link(6))
    assert (seen.status_code, seen.headers["content-type"]) == (200, "image/jpeg")
    assert PLACE not in seen.content
    assert (seen.headers["x-content-type-options"], seen.headers["cache-control"]) == ("nosniff", "private, no-store")
    wall = str((await here.seen())["eventLink"])
    stranger = await clients(SPEYER)
    await stranger.ask(demo.PUBLISH, snapshot={"city": {"ags": SPEYER, "name": "Speyer"}, "navigators": []})
    others = [await fetched(), await fetched(link=wall), await fetched(link="nonsense")]
    others.append(await stranger.http.get(file["url"], headers=await stranger.headers()))
    assert {answer.status_code for answer in others} == {404}
    assert (await here.organiser.fetch(file["url"])) == seen.content

    assert (await send(here, one, photo, link=here.link(0))).status_code == 422  # nothing said for those who do not see
    assert (await send(here, one, b"GIF89a", alt="x", link=here.link(0))).status_code == 422
    assert (await send(here, one, photo, alt="x", link=here.link(1))).status_code == 403
    assert (await send(here, one, bytes(6_000_000), alt="x", link=here.link(0))).status_code == 413
    for _more in range(harvest.MOST_FILES - 1):
        assert (await send(here, one, photo, alt="x")).status_code == 201
    assert (await send(here, one, photo, alt="x")).status_code == 409
    assert (await refused(here.organiser.ask(NO_FILE, event=here.event, id=two, key=file["id"]))).reason == "NOT_FOUND"
    await here.organiser.ask(NO_FILE, event=here.event, id=one, key=file["id"], link=here.link(0))
    assert (await fetched(link=here.link(6))).status_code == 404
