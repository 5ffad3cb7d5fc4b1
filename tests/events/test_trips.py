"""Events through the API: made, changed, refused; who takes part; who may see it."""

from typing import Any

import pytest

from services.cli import demo
from services.cli.client import Answered, Client
from services.kit.service import Hub
from tests.conftest import Clients

KONSTANZ, HEILBRONN, SPEYER = "08335043", "08121000", "07318000"
CHANGE = """mutation ($id: ID!, $event: EventInput!) { changeEvent(id: $id, event: $event) {
  title agenda { title starts ends audience { ags } } } }"""
PEOPLE = "query ($id: ID!) { event(id: $id) { participants { navigator { id name } } } }"


async def world(clients: Clients) -> Client:
    """Two cities that have published, one beside them, and an organiser from Konstanz."""
    for ags, name in ((KONSTANZ, "konstanz"), (HEILBRONN, "heilbronn")):
        await (await clients(ags)).ask(demo.PUBLISH, snapshot=demo.snapshot(name))
    speyer = {"city": {"ags": SPEYER, "name": "Speyer"}, "navigators": [{"key": "s", "name": "Selma Speicher"}]}
    await (await clients(SPEYER)).ask(demo.PUBLISH, snapshot=speyer)
    return await clients(KONSTANZ)


async def navigators(client: Client, ags: str) -> list[str]:
    return [n["id"] for n in (await client.ask(demo.EVERYBODY, city=ags))["city"]["navigators"]["nodes"]]


async def create(client: Client, **changes: Any) -> str:
    return str((await client.ask(demo.CREATE, event={**demo.snapshot("event"), **changes}))["createEvent"]["id"])


def item(**changes: Any) -> dict[str, Any]:
    return {"starts": "09:00", "ends": "10:00", "title": "Begrüßung", **changes}


BAD: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "empty title": ({"title": " "}, [("event", "title")]),
    "nul": ({"title": "A\0"}, [("event", "title")]),
    "no such timezone": ({"timezone": "Europe/Heilbronn"}, [("event", "timezone")]),
    "no key of a municipality": ({"guests": [KONSTANZ, "8335043"]}, [("guests[1]", "ags")]),
    "not published": ({"guests": [KONSTANZ, "01001000"]}, [("event", "cities")]),
    "no time": ({"agenda": [item(starts="9 Uhr")]}, [("agenda[0]", "starts")]),
    "25 o'clock": ({"agenda": [item(), item(ends="25:00")]}, [("agenda[1]", "ends")]),
    "ends before it starts": ({"agenda": [item(ends="08:59")]}, [("agenda[0]", "ends")]),
    "for a city that is not there": ({"agenda": [item(audience=SPEYER)]}, [("agenda[0]", "audience")]),
    "bidi mark": ({"agenda": [item(title="\u202eabc")]}, [("agenda[0]", "title")]),
    "two things": (
        {"hashtag": "#" * 61, "agenda": [item(details=["\x07"])]},
        [("event", "hashtag"), ("agenda[0]", "details")],
    ),
    "topics for other tables": (
        {"rounds": {"starts": "10:00", "tables": 3, "tableTopics": ["finance", "nothing"]}},
        [("rounds", "tableTopics"), ("rounds", "tableTopics")],
    ),
}


@pytest.mark.parametrize("case", BAD)
async def test_a_wrong_event_is_refused_by_row_and_field(clients: Clients, case: str) -> None:
    organiser = await world(clients)
    changes, places = BAD[case]
    with pytest.raises(Answered) as caught:
        await create(organiser, **changes)
    assert caught.value.reason == "REFUSED"
    assert [(p.row, p.field) for p in caught.value.problems] == places
    assert (await organiser.ask("{ events { nodes { id } } }"))["events"]["nodes"] == []


async def test_times_are_of_the_event_s_own_clock(clients: Clients) -> None:
    organiser = await world(clients)
    event = await create(organiser, date="2026-03-29", agenda=[item(starts="01:30", ends="03:30")])
    shown = await organiser.ask("query ($id: ID!) { event(id: $id) { agenda { starts ends } } }", id=event)
    # The night in which the clocks go forward: two hours on the wall are one hour.
    assert shown["event"]["agenda"] == [{"starts": "2026-03-29T00:30:00+00:00", "ends": "2026-03-29T01:30:00+00:00"}]


async def test_changing_and_cancelling(clients: Clients) -> None:
    organiser = await world(clients)
    event = await create(organiser)
    await organiser.ask(demo.JOIN, event=event, navigators=await navigators(organiser, KONSTANZ))
    changed = {**demo.snapshot("event"), "title": "Neu", "agenda": [item(audience=KONSTANZ)]}
    answer = (await organiser.ask(CHANGE, id=event, event=changed))["changeEvent"]
    assert (answer["title"], [i["audience"] for i in answer["agenda"]]) == ("Neu", [{"ags": KONSTANZ}])
    assert len((await organiser.ask(PEOPLE, id=event))["event"]["participants"]) == 25

    await organiser.ask(demo.JOIN, event=event, navigators=await navigators(organiser, HEILBRONN))
    for host, reason in ((KONSTANZ, "REFUSED"), (HEILBRONN, "FORBIDDEN")):  # their people are in it; not our event
        with pytest.raises(Answered) as caught:
            await organiser.ask(CHANGE, id=event, event={**changed, "host": host, "guests": [], "agenda": []})
        assert caught.value.reason == reason

    await organiser.ask("mutation ($id: ID!) { cancelEvent(id: $id) { status } }", id=event)
    calendar = (await organiser.fetch(f"{organiser.url}/events/{event}/papers/agenda.ics")).decode()
    assert "STATUS:CANCELLED" in calendar


async def test_only_navigators_of_the_event_s_cities_take_part(clients: Clients) -> None:
    organiser = await world(clients)
    event = await create(organiser)
    guests, strangers = await navigators(organiser, KONSTANZ), await navigators(organiser, SPEYER)
    for bad, row in (
        ([guests[0], *strangers], "navigators[1]"),
        ([guests[0], "00000000-0000-0000-0000-000000000000"], "navigators[1]"),
        (["nonsense"], "navigators[0]"),
    ):
        with pytest.raises(Answered) as caught:
            await organiser.ask(demo.JOIN, event=event, navigators=bad)
        assert [p.row for p in caught.value.problems] == [row]
    assert (await organiser.ask(PEOPLE, id=event))["event"]["participants"] == []

    await organiser.ask(demo.JOIN, event=event, navigators=guests[:3] + guests[:3])
    await organiser.ask(demo.JOIN, event=event, navigators=guests[2:5])
    assert {p["navigator"]["id"] for p in (await organiser.ask(PEOPLE, id=event))["event"]["participants"]} == set(
        guests[:5]
    )
    remove = """mutation ($event: ID!, $navigators: [ID!]!) {
      removeParticipants(event: $event, navigators: $navigators) { participants { navigator { id } } } }"""
    left = await organiser.ask(remove, event=event, navigators=[guests[0], *strangers])
    assert {p["navigator"]["id"] for p in left["removeParticipants"]["participants"]} == set(guests[1:5])


async def test_only_the_organiser_changes_an_event(clients: Clients) -> None:
    organiser = await world(clients)
    event = await create(organiser)
    calls: list[tuple[str, dict[str, Any]]] = [
        (CHANGE, {"id": event, "event": demo.snapshot("event")}),
        ("mutation ($id: ID!) { cancelEvent(id: $id) { id } }", {"id": event}),
        (demo.JOIN, {"event": event, "navigators": []}),
    ]
    for other in (await clients(KONSTANZ), await clients(SPEYER)):
        for query, variables in calls:
            with pytest.raises(Answered) as caught:
                await other.ask(query, **variables)
            assert caught.value.reason == "FORBIDDEN"
    with pytest.raises(Answered) as caught:  # a city organises what it takes part in
        await create(await clients(SPEYER))
    assert caught.value.reason == "FORBIDDEN"


async def test_the_papers_of_an_event_without_participants_are_still_papers(clients: Clients) -> None:
    organiser = await world(clients)
    event = await create(organiser)
    for name in ("table-cards.pdf", "slips.pdf", "run-sheet.pdf"):
        assert (await organiser.fetch(f"{organiser.url}/events/{event}/papers/{name}")).startswith(b"%PDF-")


async def test_events_come_newest_first_page_by_page(hub: Hub, clients: Clients) -> None:
    organiser = await world(clients)
    for day in (3, 1, 2):
        await create(organiser, date=f"2027-05-0{day}")
    page = """query ($after: String) { events(first: 2, after: $after) {
      nodes { date } pageInfo { endCursor hasNextPage } } }"""
    first = (await organiser.ask(page, after=None))["events"]
    second = (await organiser.ask(page, after=first["pageInfo"]["endCursor"]))["events"]
    assert [n["date"] for n in first["nodes"] + second["nodes"]] == ["2027-05-03", "2027-05-02", "2027-05-01"]
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)
    for city, count in ((KONSTANZ, 3), (HEILBRONN, 3), (SPEYER, 0)):
        found = await organiser.ask("query ($c: ID!) { city(ags: $c) { events { nodes { id } } } }", c=city)
        assert len(found["city"]["events"]["nodes"]) == count
