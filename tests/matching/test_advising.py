"""Advice through the API: what it says, to whom, and that it forgets."""

from typing import Any

import pytest

from services.cli.client import Answered, Client
from services.contracts.directory import NavigatorErased
from services.kit.db import HUB
from services.kit.service import Hub
from services.matching import intake
from tests.browser_like import logged_in
from tests.conftest import Clients
from tests.matching.test_met import CREATE, JOIN, PLAN, PUBLISH

KN, HN, DD = "08335043", "08121000", "14612000"
PAIRS = """query ($event: ID, $topic: ID, $first: Int, $mentees: Int, $mentors: Int) {
  mentoringPairs(event: $event, topic: $topic, first: $first, mentees: $mentees, mentors: $mentors) {
    mentor { name city { ags } } mentee { name } otherCity weight reason
    topics { offers fit { offered { code } sought { code } exact } } } }"""
CITIES = """query ($city: ID!) { partnershipSuggestions(city: $city) {
    city { name } likeSize reason gives { sought { code } exact } takes { offered { code } } } }"""
TOPIC, OTHER = "sensor-networks", "finance"


async def city(client: Client, ags: str, name: str, population: int | None, **people: dict[str, list[str]]) -> None:
    rows = [{"key": key, "name": key, **said} for key, said in people.items()]
    told = {"city": {"ags": ags, "name": name, "population": population}, "navigators": rows}
    await client.ask(PUBLISH, s=told)


async def three(hub: Hub, clients: Clients) -> tuple[Client, Client, Client]:
    konstanz, heilbronn, dresden = await clients(KN), await clients(HN), await clients(DD)
    await city(
        konstanz, KN, "Konstanz", 85_000,
        Learner={"seeks": [TOPIC]}, Neighbour={"worksOn": [TOPIC]}, Giver={"offers": [OTHER]},
    )  # fmt: skip
    await city(heilbronn, HN, "Heilbronn", 126_000, Teacher={"offers": [TOPIC]}, Seeker={"seeks": [OTHER]})
    await city(dresden, DD, "Dresden", None, Alone={"offers": [TOPIC]}, Together={"seeks": [TOPIC]})
    await hub.settle()
    return konstanz, heilbronn, dresden


def named(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(pair["mentor"]["name"], pair["mentee"]["name"]) for pair in answer["mentoringPairs"]]


async def refused(client: Client, query: str, reason: str, **variables: Any) -> None:
    with pytest.raises(Answered) as caught:
        await client.ask(query, **variables)
    assert caught.value.reason == reason


async def test_pairs_on_a_topic_have_one_of_ones_own(hub: Hub, clients: Clients) -> None:
    konstanz, heilbronn, dresden = await three(hub, clients)
    found = await konstanz.ask(PAIRS, topic=TOPIC, mentors=3)
    assert set(named(found)) == {
        ("Teacher", "Learner"), ("Alone", "Learner"), ("Neighbour", "Learner"), ("Neighbour", "Together"),
    }  # fmt: skip
    assert len(named(await konstanz.ask(PAIRS, topic=TOPIC, first=1))) == 1
    best = next(pair for pair in found["mentoringPairs"] if pair["mentor"]["name"] == "Teacher")
    assert (best["otherCity"], best["weight"], best["mentor"]["city"]) == (True, 1.4, {"ags": HN})
    assert best["topics"] == [
        {"offers": True, "fit": {"offered": {"code": TOPIC}, "sought": {"code": TOPIC}, "exact": True}}
    ]
    assert best["reason"] == (
        "Die eine Seite bietet, was die andere sucht (1 Thema). Sie kommen aus verschiedenen Städten."
    )
    assert ("Alone", "Together") in named(await dresden.ask(PAIRS, topic=TOPIC, mentors=5))
    assert ("Neighbour", "Learner") not in named(await heilbronn.ask(PAIRS, topic=TOPIC, mentors=5))
    assert named(await heilbronn.ask(PAIRS, topic=OTHER)) == [("Giver", "Seeker")]


async def test_pairs_at_an_event_are_for_its_cities_and_of_its_people(hub: Hub, clients: Clients) -> None:
    konstanz, heilbronn, dresden = await three(hub, clients)
    day = {"title": "Lotsentreff", "date": "2030-05-01", "host": KN, "guests": [HN]}
    event = (await konstanz.ask(CREATE, e=day))["createEvent"]["id"]
    everybody = """query ($a: ID!, $b: ID!) {
      a: navigators(city: $a) { nodes { id name } } b: navigators(city: $b) { nodes { id name } } }"""
    found = await konstanz.ask(everybody, a=KN, b=HN)
    await konstanz.ask(JOIN, e=event, n=[node["id"] for side in found.values() for node in side["nodes"]])
    await hub.settle()
    for client in (konstanz, heilbronn):
        assert set(named(await client.ask(PAIRS, event=event))) == {("Teacher", "Learner"), ("Giver", "Seeker")}
    assert named(await konstanz.ask(PAIRS, event=event, topic=OTHER)) == [("Giver", "Seeker")]
    await refused(dresden, PAIRS, "NOT_FOUND", event=event)
    learner, teacher = (
        next(node["id"] for node in found[side]["nodes"] if node["name"] == name)
        for side, name in (("a", "Learner"), ("b", "Teacher"))
    )
    never = {"event": event, "rounds": 1, "tables": 1, "rules": {"never": [{"one": learner, "other": teacher}]}}
    with pytest.raises(Answered):
        await konstanz.ask(PLAN, i={**never, "tables": 9})  # what was refused is no rule
    assert ("Teacher", "Learner") in named(await konstanz.ask(PAIRS, event=event))
    await konstanz.ask(PLAN, i={**never, "tables": 2})
    assert ("Teacher", "Learner") not in named(await konstanz.ask(PAIRS, event=event))
    await refused(konstanz, PAIRS, "NOT_FOUND", event="nothing")


async def test_odd_wishes_are_refused(hub: Hub, clients: Clients) -> None:
    konstanz, *_others = await three(hub, clients)
    for asked in ({}, {"topic": TOPIC, "first": 0}, {"topic": TOPIC, "first": 101}, {"topic": TOPIC, "mentors": 6},
                  {"topic": TOPIC, "mentees": 0}):  # fmt: skip
        await refused(konstanz, PAIRS, "REFUSED", **asked)
    await refused(konstanz, PAIRS, "NOT_FOUND", topic="witchcraft")
    await refused(await clients(KN, "directory:read"), PAIRS, "FORBIDDEN", topic=TOPIC)
    await refused(await clients(None), PAIRS, "FORBIDDEN", topic=TOPIC)


async def test_cities_to_work_with(hub: Hub, clients: Clients) -> None:
    konstanz, heilbronn, dresden = await three(hub, clients)
    first, second = (await konstanz.ask(CITIES, city=KN))["partnershipSuggestions"]
    assert first == {
        "city": {"name": "Heilbronn"}, "likeSize": pytest.approx(0.829, abs=0.001),
        "reason": "Beide bieten, was die andere Seite sucht. Ihre Städte sind ähnlich groß.",
        "gives": [{"sought": {"code": OTHER}, "exact": True}], "takes": [{"offered": {"code": TOPIC}}],
    }  # fmt: skip
    assert (second["city"], second["likeSize"], second["gives"]) == ({"name": "Dresden"}, None, [])
    for client in (heilbronn, dresden):
        await refused(client, CITIES, "FORBIDDEN", city=KN)
    await refused(await clients(None), CITIES, "FORBIDDEN", city=KN)
    nobody = await clients("09162000")
    assert (await nobody.ask(CITIES, city="09162000"))["partnershipSuggestions"] == []


@pytest.mark.parametrize(
    ("org", "role", "sees"),
    [(KN, "coordinator", True), (KN, "navigator", False), (HN, "coordinator", False), ("08", "central", True),
     ("14", "central", False)],
)  # fmt: skip
async def test_partners_are_for_coordinators_and_central_navigators(
    hub: Hub, clients: Clients, org: str, role: str, sees: bool
) -> None:
    await three(hub, clients)
    browser = await logged_in(hub, org, role)
    answer = await browser.graph(CITIES, city=KN)
    pairs = await browser.graph(PAIRS, topic=TOPIC, mentors=5)
    await browser.close()
    assert bool(answer["data"]) is sees
    assert ("Neighbour", "Together") in named(pairs["data"]) or org in {HN, "14"}


async def test_who_is_erased_is_in_no_advice(hub: Hub, clients: Clients) -> None:
    konstanz, *_others = await three(hub, clients)
    found = (await konstanz.ask("query ($c: ID!) { navigators(city: $c) { nodes { id name } } }", c=HN))["navigators"]
    teacher = next(node["id"] for node in found["nodes"] if node["name"] == "Teacher")
    async with hub.runtimes["matching"].db.begin(HUB) as session:
        await intake.erase(session, NavigatorErased(id=teacher, ags=HN))
    assert "Teacher" not in str(await konstanz.ask(PAIRS, topic=TOPIC, mentors=5))
    first = (await konstanz.ask(CITIES, city=KN))["partnershipSuggestions"]
    assert {one["city"]["name"]: one["takes"] for one in first}["Heilbronn"] == []
