"""The cities publish, the organiser makes an event from the template, and everybody is invited."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from services.cli import demo
from tests.events.registration_world import INVITE, RULES
from tests.events.test_registration_day import VEHICLE
from tests.stories.day.state import EACH, HEILBRONN, KONSTANZ, PLACES, Day, Person, refused, snapshot, zone

FROM_TEMPLATE = """mutation ($date: Date!, $host: ID!, $guests: [ID!]!) {
  createEventFromTemplate(template: LEARNING_TRIP, date: $date, host: $host, guests: $guests,
    title: "Lernreise nach #KNmeetsHN") {
    id title kind guidingQuestions agenda { id starts ends title details audience { ags } responsible } } }"""
TEMPLATE = "{ eventTemplates { name rounds { starts count tables minutes breakMinutes } } }"
ROUNDS = """query ($id: ID!) { event(id: $id) {
  roundSettings { starts count tables minutes breakMinutes tableTopics day } } }"""
ROOMS = [
    {"name": "Fruchtschuppen", "capacity": 30, "features": ["STEP_FREE", "HEARING_LOOP"]},
    {"name": "Jugendherberge", "capacity": 16, "features": ["STEP_FREE"]},
    {"name": "Zelt am Neckar", "capacity": 12, "features": ["DAYLIGHT"]},
]
STOPS = ("Konstanz, Döbele", "Radolfzell, Bahnhof")
SLOTS = """mutation ($event: ID!, $slots: [SlotInput!]!) { setOpenSpace(event: $event, slots: $slots) {
  board { rooms { id name } slots { id starts } } } }"""


async def cities_publish(day: Day) -> None:
    """Whoever is published is told, with the way to their own page."""
    for client, ags, name in ((day.konstanz, KONSTANZ, "konstanz"), (day.heilbronn, HEILBRONN, "heilbronn")):
        sent = snapshot(name)
        await client.ask(demo.PUBLISH, snapshot=sent)
        query = "query ($city: ID!) { city(ags: $city) { navigators(first: 100) { nodes { id name } } } }"
        nodes = (await client.ask(query, city=ags))["city"]["navigators"]["nodes"]
        ids = {node["name"]: node["id"] for node in nodes}
        day.people[ags] = [
            Person(ags, one["key"], one["name"], one["email"], ids[one["name"]]) for one in sent["navigators"]
        ]
        assert len(ids) == EACH
    for person in day.everybody:
        person.own = (await day.post.comes(person.email, "Art. 14 DSGVO")).link("/mine/")
    page = await day.browser.open(day.at("kn-01").own)
    assert day.at("kn-01").name in page.text


async def an_event_from_the_template(day: Day) -> None:
    date = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)
    asked = {"date": date.isoformat(), "host": HEILBRONN, "guests": [KONSTANZ]}
    made = (await day.organiser.ask(FROM_TEMPLATE, **asked))["createEventFromTemplate"]
    templates = (await day.organiser.ask(TEMPLATE))["eventTemplates"]
    rounds = next(one["rounds"] for one in templates if one["name"] == "LEARNING_TRIP")
    day.id = made["id"]
    day.draft = {
        **asked, "title": made["title"], "kind": made["kind"], "guidingQuestions": made["guidingQuestions"],
        "agenda": [item(one) for one in made["agenda"]],
        "rounds": {**rounds, "tableTopics": demo.snapshot("event")["rounds"]["tableTopics"]},
    }  # fmt: skip
    await day.change(
        hashtag="#KNmeetsHN", timezone=zone(),
        venue={"name": "Bundesgartenschau Heilbronn", "address": "Neckarbogen, Heilbronn", "rooms": ROOMS},
    )  # fmt: skip
    day.draft["venue"].pop("rooms")  # they stay from now on
    kept = (await day.organiser.ask(ROUNDS, id=day.id))["event"]["roundSettings"]
    assert kept == {**day.draft["rounds"], "day": day.draft["date"]}
    titles = [one["title"] for one in day.draft["agenda"]]
    assert titles[0] == "Abfahrt"
    assert "Open Space" in titles
    assert [one["audience"] for one in day.draft["agenda"]].count(KONSTANZ) == 3

    times = [(local(day, f"{hour}:00"), local(day, f"{hour}:50")) for hour in (13, 14)]
    slots = [{"starts": starts.isoformat(), "ends": ends.isoformat()} for starts, ends in times]
    board = (await day.organiser.ask(SLOTS, event=day.id, slots=slots))["setOpenSpace"]["board"]
    assert [room["name"] for room in board["rooms"]] == [room["name"] for room in ROOMS]
    for leg, *leaves in (("THERE", "07:00", "07:20"), ("BACK", "17:00", "17:05")):
        points = [{"name": name, "leaves": at} for name, at in zip(STOPS, leaves, strict=True)]
        vehicle = {"name": "Bus A", "leg": leg, "seats": PLACES + 1, "points": points}
        await day.organiser.ask(VEHICLE, event=day.id, vehicle=vehicle)


def item(found: dict[str, Any]) -> dict[str, Any]:
    """A line of the new event's agenda as it was read, to be sent again."""
    zone = ZoneInfo("Europe/Berlin")
    times = {name: dt.datetime.fromisoformat(found[name]) for name in ("starts", "ends") if found[name]}
    clock = {name: f"{at.astimezone(zone):%H:%M}" for name, at in times.items()}
    audience = found["audience"] and found["audience"]["ags"]
    return {**found, **clock, "audience": audience}


def local(day: Day, clock: str) -> dt.datetime:
    """That time of the day."""
    return dt.datetime.fromisoformat(f"{day.draft['date']}T{clock}").replace(tzinfo=ZoneInfo(day.draft["timezone"]))


async def everybody_is_invited(day: Day) -> None:
    """Konstanz as a city, Heilbronn first by topic and then by name; nobody twice."""
    rules = {"places": 2 * PLACES, "parties": [{"city": ags, "places": PLACES} for ags in (KONSTANZ, HEILBRONN)]}
    said = await day.organiser.ask(RULES, event=day.id, rules=rules)
    assert said["setRegistration"]["registration"]["releaseNeeded"]  # a learning trip is a business trip

    async def invite(**who: Any) -> dict[str, int]:
        return dict((await day.organiser.ask(INVITE, event=day.id, who=who))["inviteToEvent"])

    words = "Zwei Städte – ein gemeinsames Ziel."
    assert await invite(cities=[KONSTANZ], words=words, contactPoints=True) == {
        "invited": EACH, "already": 0, "unreachable": 0, "contactPoints": 1,
    }  # fmt: skip
    some = await invite(cities=[HEILBRONN], topics=["finance"], words=words)
    assert 0 < some["invited"] < EACH
    rest = await invite(navigators=[one.id for one in day.people[HEILBRONN]], words=words)
    assert (rest["already"], rest["invited"]) == (some["invited"], EACH - some["invited"])
    await refused(day.heilbronn.ask(INVITE, event=day.id, who={"cities": [KONSTANZ]}), "FORBIDDEN")

    for person in day.everybody:
        letter = await day.post.comes(person.email, "Einladung: Lernreise nach #KNmeetsHN", words)
        person.event = letter.link("/events/registration/").rpartition("/")[2]
        assert letter.mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert len(day.post.to(person.email, "Einladung")) == 1
    await day.post.comes("digital@konstanz.example", "Konstanz ist eingeladen")
    assert day.post.to("digital@heilbronn.example") == []
