"""Events to start from: templates in German and English, and copies of earlier ones."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.cli import demo
from services.cli.client import Answered, Client
from services.kit.service import Hub
from tests.conftest import Clients
from tests.events.test_trips import HEILBRONN, KONSTANZ, SPEYER, create, item, navigators, world

TEMPLATES = """{ eventTemplates { name title kind guidingQuestions
  agenda { starts ends title details party responsible } rounds { starts count tables minutes breakMinutes } } }"""
EVENT = """id title kind date lastDay status guidingQuestions module { id } onlineLink
  venue { name rooms { name } } host { ags } guests { ags } participants { navigator { id } }
  agenda { id day starts title audience { ags } }"""
START = f"""mutation ($template: EventTemplateName!, $date: Date!, $host: ID!, $guests: [ID!]!, $title: String,
    $starts: String) {{ createEventFromTemplate(template: $template, date: $date, host: $host, guests: $guests,
    title: $title, starts: $starts) {{ {EVENT} }} }}"""
COPY = f"""mutation ($event: ID!, $date: Date!, $host: ID, $guests: [ID!], $title: String) {{
  copyEvent(event: $event, date: $date, host: $host, guests: $guests, title: $title) {{ {EVENT} }} }}"""


@pytest_asyncio.fixture
async def clients(shared: Hub) -> AsyncIterator[Clients]:
    made = Clients(shared, [])
    yield made
    for client in made.made:
        await client.close()


@pytest_asyncio.fixture
async def organiser(clients: Clients) -> Client:
    return await world(clients)


async def test_templates_are_events_in_both_languages(organiser: Client) -> None:
    german = (await organiser.ask(TEMPLATES))["eventTemplates"]
    organiser.http.headers["accept-language"] = "en"
    english = (await organiser.ask(TEMPLATES))["eventTemplates"]
    assert [one["name"] for one in german] == ["LEARNING_TRIP", "OPEN_SPACE", "MODULE", "REVIEW"]
    for here, there in zip(german, english, strict=True):
        words = [entry["title"] for entry in here["agenda"]]
        assert not set(words) & {entry["title"] for entry in there["agenda"]} - {"Open Space", "Open space"}
        assert [entry["starts"] for entry in here["agenda"]] == [entry["starts"] for entry in there["agenda"]]
    assert [entry["starts"] for entry in german[0]["agenda"]][:3] == ["07:00", "10:30", "10:45"]
    assert german[0]["rounds"]["starts"] == "10:45"


@pytest.mark.parametrize("name", ["LEARNING_TRIP", "OPEN_SPACE", "MODULE", "REVIEW"])
async def test_every_template_makes_an_event(organiser: Client, name: str) -> None:
    made = await organiser.ask(START, template=name, date="2027-06-15", host=HEILBRONN, guests=[KONSTANZ])
    event = made["createEventFromTemplate"]
    assert (event["kind"], event["date"], event["status"]) == (name, "2027-06-15", "CONFIRMED")
    assert event["agenda"]


async def test_a_learning_trip_is_for_the_cities_that_come(organiser: Client) -> None:
    wanted = {"template": "LEARNING_TRIP", "date": "2027-06-15", "host": HEILBRONN, "guests": [KONSTANZ, SPEYER]}
    made = await organiser.ask(START, **wanted, title="Zu Gast", starts="08:15")
    event = made["createEventFromTemplate"]
    assert event["title"] == "Zu Gast"
    assert [(one["starts"][11:16], one["audience"]) for one in event["agenda"]][:3] == [
        ("06:15", {"ags": KONSTANZ}),  # UTC, in summer
        ("06:15", {"ags": SPEYER}),
        ("09:45", None),
    ]
    for bad in ({"starts": "22:00"}, {"starts": "8 Uhr"}, {"guests": [KONSTANZ, "x"]}, {"title": " "}):
        with pytest.raises(Answered) as caught:
            await organiser.ask(START, **{**wanted, **bad})
        assert caught.value.reason == "REFUSED"
    with pytest.raises(Answered) as caught:
        await organiser.ask(START, **{**wanted, "host": HEILBRONN, "guests": [SPEYER]})
    assert caught.value.reason == "FORBIDDEN"


async def test_an_earlier_event_once_more(organiser: Client, clients: Clients) -> None:
    rooms = [{"name": "Saal"}]
    event = await create(
        organiser,
        date="2027-03-26",
        lastDay="2027-03-27",
        venue={"name": "Rathaus", "rooms": rooms},
        onlineLink="https://meet.example.org/x",
        agenda=[item(title="Abfahrt", audience=KONSTANZ), item(day="2027-03-27", title="Tag zwei", audience=HEILBRONN)],
    )
    people = await navigators(organiser, KONSTANZ)
    await organiser.ask(demo.JOIN, event=event, navigators=people[:2])
    same = (await organiser.ask(COPY, event=event, date="2027-03-27"))["copyEvent"]
    assert (same["date"], same["lastDay"], same["title"]) == (
        "2027-03-27",
        "2027-03-28",
        demo.snapshot("event")["title"],
    )
    assert (same["participants"], same["onlineLink"], same["venue"]) == ([], None, {"name": "Rathaus", "rooms": rooms})
    # Nine o'clock on both days, one of them after the clocks went forward.
    assert [(one["day"], one["starts"][11:16]) for one in same["agenda"]] == [
        ("2027-03-27", "08:00"),
        ("2027-03-28", "07:00"),
    ]
    before = (await organiser.ask("query ($id: ID!) { event(id: $id) { agenda { id } } }", id=event))["event"]["agenda"]
    assert not {one["id"] for one in same["agenda"]} & {one["id"] for one in before}
    # Another client copies what everybody may read, for its own city.
    other = await clients(SPEYER)
    moved = await other.ask(COPY, event=event, date="2027-09-01", host=SPEYER, guests=[HEILBRONN], title="Bei uns")
    copy = moved["copyEvent"]
    assert (copy["title"], copy["host"], copy["venue"]) == ("Bei uns", {"ags": SPEYER}, {"name": "", "rooms": []})
    assert [one["audience"] for one in copy["agenda"]] == [{"ags": HEILBRONN}, {"ags": HEILBRONN}]
    for variables, reason in (
        ({"event": event, "date": "2027-09-01"}, "FORBIDDEN"),
        ({"event": "x", "date": "2027-09-01"}, "NOT_FOUND"),
        ({"event": event, "date": "9999-12-31", "host": SPEYER, "guests": []}, "REFUSED"),
    ):
        with pytest.raises(Answered) as caught:
            await other.ask(COPY, **variables)
        assert caught.value.reason == reason
