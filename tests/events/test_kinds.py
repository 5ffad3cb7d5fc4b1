"""Venues and rooms, several days, material, online links, modules and programmes, and lists with filters."""

import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from services.cli import demo
from services.cli.client import Answered, Client
from services.events import modules, trips
from services.kit import links
from services.kit.db import HUB
from services.kit.service import Hub
from tests.conftest import Clients
from tests.events.test_trips import CHANGE, HEILBRONN, KONSTANZ, SPEYER, create, item, navigators, world

SHOW = """query ($id: ID!) { event(id: $id) { date lastDay kind onlineLink module { id title }
  venue { name rooms { id name capacity features } }
  agenda { id day title starts audience { ags } material { title url } } } }"""
MODULE = """mutation ($module: ModuleInput!) { createModule(module: $module) {
  id title host goals prerequisites { title } } }"""
CHANGE_MODULE = "mutation ($id: ID!, $module: ModuleInput!) { changeModule(id: $id, module: $module) { id title } }"
PROGRAMME = """mutation ($programme: ProgrammeInput!) { createProgramme(programme: $programme) {
  id title year host modules { title } } }"""


@pytest_asyncio.fixture
async def clients(shared: Hub) -> AsyncIterator[Clients]:
    made = Clients(shared, [])
    yield made
    for client in made.made:
        await client.close()


@pytest_asyncio.fixture
async def organiser(clients: Clients) -> Client:
    return await world(clients)


async def show(client: Client, event: str) -> dict[str, Any]:
    return dict((await client.ask(SHOW, id=event))["event"])


# Rooms, days, material ---------------------------------------------------------------------------------------------

ROOMS = [
    {"name": "Saal", "capacity": 120, "features": ["HEARING_LOOP", "STEP_FREE"]},
    {"name": "Zimmer 3", "capacity": 12},
]


async def test_rooms_keep_their_ids_while_they_are_called_the_same(organiser: Client) -> None:
    event = await create(organiser, venue={"name": "Rathaus", "rooms": ROOMS})
    saal, room = (await show(organiser, event))["venue"]["rooms"]
    assert (saal["capacity"], saal["features"], room["features"]) == (120, ["STEP_FREE", "HEARING_LOOP"], [])
    rooms = [{"name": "Zimmer 4"}, {"name": "Ratssaal", "id": saal["id"]}, {"name": "Zimmer 3", "capacity": 14}]
    await organiser.ask(CHANGE, id=event, event={**demo.snapshot("event"), "venue": {"rooms": rooms}})
    after = (await show(organiser, event))["venue"]["rooms"]
    assert [one["name"] for one in after] == ["Zimmer 4", "Ratssaal", "Zimmer 3"]
    assert [one["id"] for one in after[1:]] == [saal["id"], room["id"]]
    assert after[2]["capacity"] == 14


async def test_an_entry_stays_the_same_entry_wherever_it_moves(organiser: Client) -> None:
    titles = ("Ankommen", "Vortrag", "Pause", "Pause", "Abschluss")
    agenda = [item(title=title, starts=f"{9 + i:02}:00", ends=f"{10 + i:02}:00") for i, title in enumerate(titles)]
    event = await create(organiser, agenda=agenda)
    before = {(one["title"], one["starts"][11:16]): one["id"] for one in (await show(organiser, event))["agenda"]}
    changed = [
        item(title="Vortrag", starts="08:00", ends="09:00"),  # moved, and first now
        item(title="Willkommen", starts="09:00", ends="10:00"),  # another name at the same time
        item(title="Pause", starts="11:00", ends="12:00"),
        item(title="Pause", starts="12:30", ends="13:00"),
        item(title="Ausklang", starts="15:00", ends="16:00", id=before["Abschluss", "11:00"]),
        item(title="Neues", starts="17:00", ends="18:00"),
    ]
    await organiser.ask(CHANGE, id=event, event={**demo.snapshot("event"), "date": "2019-10-02", "agenda": changed})
    after = {one["title"] + one["starts"][11:13]: one["id"] for one in (await show(organiser, event))["agenda"]}
    known = list(before.values())
    assert [known.index(one) if one in known else None for one in after.values()] == [1, 0, 2, 3, 4, None]


async def test_an_id_of_elsewhere_is_refused(organiser: Client) -> None:
    event, other = await create(organiser), await create(organiser)
    theirs = (await show(organiser, other))["agenda"][0]["id"]
    own = (await show(organiser, event))["agenda"][0]["id"]
    for agenda, place in (
        ([item(), item(id=theirs)], ("agenda[1]", "id")),
        ([item(id="x")], ("agenda[0]", "id")),
        ([item(id=own), item(id=own)], ("event", "agenda")),
    ):
        with pytest.raises(Answered) as caught:
            await organiser.ask(CHANGE, id=event, event={**demo.snapshot("event"), "agenda": agenda})
        assert [(p.row, p.field) for p in caught.value.problems] == [place]
    assert (await show(organiser, other))["agenda"][0]["id"] == theirs


async def test_a_seminar_takes_three_days(organiser: Client) -> None:
    event = await create(
        organiser,
        kind="MODULE",
        date="2027-05-03",
        lastDay="2027-05-05",
        agenda=[item(title="Vortrag", day="2027-05-04"), item(title="Ankommen")],
        rounds={"starts": "10:00", "day": "2027-05-05"},
    )
    shown = await show(organiser, event)
    assert (shown["date"], shown["lastDay"]) == ("2027-05-03", "2027-05-05")
    assert [(one["title"], one["day"]) for one in shown["agenda"]] == [
        ("Ankommen", "2027-05-03"),
        ("Vortrag", "2027-05-04"),
    ]
    sheet = await organiser.fetch(f"{organiser.url}/events/{event}/papers/run-sheet.pdf")
    assert sheet.startswith(b"%PDF-")


BAD: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "ends before it begins": ({"lastDay": "2019-09-30"}, ("event", "lastDay")),
    "fifteen days": ({"lastDay": "2019-10-15"}, ("event", "lastDay")),
    "not a day of it": ({"agenda": [item(day="2019-10-02")]}, ("agenda[0]", "day")),
    "rounds on another day": ({"rounds": {"starts": "10:00", "day": "2019-10-02"}}, ("rounds", "day")),
    "not https": ({"onlineLink": "http://meet.example.org/x"}, ("event", "onlineLink")),
    "line break for a calendar": ({"onlineLink": r"https://a.example/\nATTENDEE:x"}, ("event", "onlineLink")),
    "script": ({"onlineLink": "javascript:alert(1)"}, ("event", "onlineLink")),
    "material elsewhere": (
        {"agenda": [item(material=[{"title": "Folien", "url": "https://a.example/x y"}])]},
        ("agenda[0].material[0]", "url"),
    ),
    "no title": (
        {"agenda": [item(material=[{"title": "", "url": "https://a.example/x"}])]},
        ("agenda[0].material[0]", "title"),
    ),
    "room of nobody": ({"venue": {"rooms": [{"name": "A", "capacity": 0}]}}, ("rooms[0]", "capacity")),
    "module of a trip": ({"module": str(uuid.uuid4())}, ("event", "module")),
    "no such module": ({"kind": "MODULE", "module": str(uuid.uuid4())}, ("event", "module")),
    "no id of a module": ({"kind": "MODULE", "module": "x"}, ("event", "module")),
}


async def test_what_is_wrong_is_refused_by_row_and_field(organiser: Client) -> None:
    for case, (changes, place) in BAD.items():
        with pytest.raises(Answered) as caught:
            await create(organiser, **changes)
        assert [(p.row, p.field) for p in caught.value.problems] == [place], case


async def test_material_is_for_everybody_and_the_online_link_for_participants(
    shared: Hub, organiser: Client, clients: Clients
) -> None:
    url = "https://meet.example.org/l/19%3ameeting_x@thread.v2/0?context=%7b%7d"
    material = [{"title": "Folien", "url": "https://files.example.org/folien.pdf"}]
    event = await create(organiser, onlineLink=url, agenda=[item(material=material)])
    inside, outside, *_rest = await navigators(organiser, KONSTANZ)
    await organiser.ask(demo.JOIN, event=event, navigators=[inside])
    assert (await show(organiser, event))["onlineLink"] == url
    for other in (await clients(KONSTANZ), await clients(HEILBRONN), await clients(SPEYER)):
        shown = await show(other, event)
        assert (shown["onlineLink"], shown["agenda"][0]["material"]) == (None, material)
    settings = shared.settings
    ask = "query ($link: String!, $event: ID!) { onlineLink(link: $link, event: $event) }"

    for person, seen in ((inside, url), (outside, None)):
        link = links.signed(settings, links.PERSON, uuid.UUID(person).bytes, timedelta(days=1))
        answer = await organiser.http.post(
            organiser.graph, json={"query": ask, "variables": {"link": link, "event": event}}
        )
        assert answer.json()["data"]["onlineLink"] == seen
    with pytest.raises(Answered) as caught:
        await organiser.ask(ask, link="x", event=event)
    assert caught.value.reason == "NOT_FOUND"
    assert url.encode() not in await organiser.fetch(f"{organiser.url}/events/{event}/papers/agenda.ics")
    await organiser.ask(CHANGE, id=event, event=demo.snapshot("event"))
    assert (await show(organiser, event))["onlineLink"] is None


# Modules -----------------------------------------------------------------------------------------------------------


async def module(client: Client, title: str, *before: str, host: str = KONSTANZ, **changes: Any) -> str:
    wanted = {"title": title, "host": host, "prerequisites": list(before), **changes}
    return str((await client.ask(MODULE, module=wanted))["createModule"]["id"])


async def test_a_programme_bundles_modules_into_a_year(organiser: Client, clients: Clients) -> None:
    goals = ["Ihre Rolle kennen", "Einander kennen"]
    made = await organiser.ask(MODULE, module={"title": "Teambuilding", "host": KONSTANZ, "goals": goals})
    first = made["createModule"]["id"]
    assert made["createModule"]["goals"] == goals
    second = await module(organiser, "Grundlagenwissen", first)
    programme = {"title": "Das Jahr 2027", "host": KONSTANZ, "year": 2027, "modules": [second, first]}
    answer = (await organiser.ask(PROGRAMME, programme=programme))["createProgramme"]
    assert [one["title"] for one in answer["modules"]] == ["Grundlagenwissen", "Teambuilding"]
    change = "mutation ($id: ID!, $p: ProgrammeInput!) { changeProgramme(id: $id, programme: $p) { modules { id } } }"
    ordered = {**programme, "modules": [first, second]}
    changed = await organiser.ask(change, id=answer["id"], p=ordered)
    assert [one["id"] for one in changed["changeProgramme"]["modules"]] == [first, second]
    page = "{ programmes(host: %s, year: 2027) { nodes { id title modules { title prerequisites { title } } } } }"
    for host, count in ((KONSTANZ, 1), (HEILBRONN, 0)):
        found = (await organiser.ask(page % f'"{host}"'))["programmes"]["nodes"]
        assert len([one for one in found if one["id"] == answer["id"]]) == count
    for other in (await clients(KONSTANZ), await clients(SPEYER)):
        with pytest.raises(Answered) as caught:
            await other.ask(change, id=answer["id"], p=programme)
        assert caught.value.reason == "FORBIDDEN"
        with pytest.raises(Answered) as caught:
            await other.ask(CHANGE_MODULE, id=first, module={"title": "x", "host": KONSTANZ})
        assert caught.value.reason == "FORBIDDEN"
    for host in (HEILBRONN, "08"):  # another city; the own state is not the own city
        with pytest.raises(Answered) as caught:
            await module(organiser, "x", host=host)
        assert caught.value.reason == "FORBIDDEN"
    operator = await clients(None)
    assert await module(operator, "Dreitägiger Kurs", host="08")
    with pytest.raises(Answered) as caught:
        await module(operator, "", "x", host="99", goals=["\0"])
    assert {(p.row, p.field) for p in caught.value.problems} == {
        ("module", "title"),
        ("goals[0]", ""),
        ("prerequisites[0]", ""),
        ("", "host"),
    }


async def test_no_module_comes_before_itself(organiser: Client) -> None:
    first = await module(organiser, "Eins")
    second = await module(organiser, "Zwei", first)
    third = await module(organiser, "Drei", second)
    for before in (first, third):
        with pytest.raises(Answered) as caught:
            await organiser.ask(
                CHANGE_MODULE, id=first, module={"title": "Eins", "host": KONSTANZ, "prerequisites": [before]}
            )
        assert [p.field for p in caught.value.problems] == ["prerequisites"]


async def test_who_lacks_which_prerequisite(shared: Hub, organiser: Client) -> None:
    first, second = await module(organiser, "Grundkurs"), await module(organiser, "Methoden")
    advanced = await module(organiser, "Aufbaukurs", first, second)
    people = await navigators(organiser, KONSTANZ)

    async def held(of: str, date: str, who: list[str], *, cancelled: bool = False) -> str:
        event = await create(organiser, kind="MODULE", module=of, date=date, rounds=None)
        await organiser.ask(demo.JOIN, event=event, navigators=who)
        if cancelled:
            await organiser.ask("mutation ($id: ID!) { cancelEvent(id: $id) { id } }", id=event)
        return event

    await held(first, "2024-03-01", people[:3])
    await held(second, "2024-04-01", people[:2])
    await held(second, "2024-05-01", people[2:3], cancelled=True)
    await held(second, "2097-05-01", people[2:3])
    course = await held(advanced, "2097-06-01", [])
    assert (await show(organiser, course))["module"] == {"id": advanced, "title": "Aufbaukurs"}
    ids = [uuid.UUID(one) for one in people[:4]]
    one, two = uuid.UUID(first), uuid.UUID(second)
    async with shared.runtimes["events"].db.read(HUB) as session:
        (event,) = await trips.by_id(session, [uuid.UUID(course)])
        assert event is not None
        assert await modules.missing(session, event, ids) == {ids[2]: (two,), ids[3]: tuple(sorted((one, two)))}
        assert await modules.missing(session, event, ids, booked=True) == {ids[3]: tuple(sorted((one, two)))}
        assert await modules.missing(session, event, []) == {}


# Lists -------------------------------------------------------------------------------------------------------------


async def test_events_are_found_by_kind_and_time(hub: Hub) -> None:
    made = Clients(hub, [])
    organiser = await world(made)
    for date, last, kind in (
        ("2027-05-01", "2027-05-03", "MODULE"),
        ("2027-05-02", None, "REVIEW"),
        ("2027-05-02", None, "MODULE"),
        ("2027-05-04", None, "NETWORK_MEETING"),
    ):
        await create(organiser, date=date, lastDay=last, kind=kind)
    page = """query ($c: ID!, $from: Date, $until: Date, $kind: EventKind, $after: String) {
      city(ags: $c) { events(first: 2, from: $from, until: $until, kind: $kind, after: $after) {
        nodes { date kind } pageInfo { endCursor hasNextPage } } }
      events(first: 2, city: $c, from: $from, until: $until, kind: $kind, after: $after) { nodes { date kind } } }"""
    for asked, found in (
        ({"from": "2027-05-03"}, [("2027-05-04", "NETWORK_MEETING"), ("2027-05-01", "MODULE")]),
        ({"until": "2027-05-01"}, [("2027-05-01", "MODULE")]),
        ({"kind": "MODULE"}, [("2027-05-02", "MODULE"), ("2027-05-01", "MODULE")]),
        ({"from": "2027-05-02", "until": "2027-05-02", "kind": "REVIEW"}, [("2027-05-02", "REVIEW")]),
        ({"from": "2027-05-05"}, []),
    ):
        answer = await organiser.ask(page, c=KONSTANZ, **asked)
        for events in (answer["city"]["events"], answer["events"]):
            assert [(one["date"], one["kind"]) for one in events["nodes"]] == found
    first = (await organiser.ask(page, c=KONSTANZ, until="2027-05-03"))["city"]["events"]
    await create(organiser, date="2027-05-03")  # what comes meanwhile moves no page
    second = (await organiser.ask(page, c=KONSTANZ, until="2027-05-03", after=first["pageInfo"]["endCursor"]))["city"]
    assert [one["date"] for one in first["nodes"] + second["events"]["nodes"]] == [
        "2027-05-02",
        "2027-05-02",
        "2027-05-01",
    ]
    for client in made.made:
        await client.close()
