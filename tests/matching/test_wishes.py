"""Organisers' rules, from the question to the plan, and plans that are followed, cancelled and computed again."""

from typing import Any

import msgspec
import pytest

from services.cli import demo
from services.cli.client import Answered, Client
from services.contracts.directory import NavigatorErased
from services.kit.db import HUB
from services.kit.service import Hub
from services.matching import intake
from tests.conftest import Clients, soak
from tests.matching.planned import CANCEL, HEILBRONN, KONSTANZ, ask, done, navigators, people, row_of, seats

WHY = """query ($id: ID!) { plan(id: $id) { conflict { reason message navigators { id } minimal
  rules { sort message navigators { id } round table kind } }
  brokenRules { reason } } }"""
AGAIN = "mutation ($id: ID!) { recomputePlan(id: $id) { id parent { id } } }"
SO_FAR = """query ($id: ID!) { plan(id: $id) { preliminary tradeOffs { reached }
  rounds { tables { topic { code } navigators { id } } } } }"""
FACTS = """query ($id: ID!) { plan(id: $id) { state cancelled quality { broken penalties objective { value bound } }
  provenance { problem solver seed weights { name value } secondsAllowed iterationsAllowed iterations resumed stopped
    adjustments repeatable } } }"""


@pytest.fixture(scope="module")
def workers() -> bool:
    return True


async def test_a_plan_keeps_the_organiser_s_rules(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 20)
    ids = await navigators(organiser, 20)
    host, late, lame = ids[0], ids[1], ids[2]
    rules = {
        "hosts": [{"navigator": host, "table": 2}],
        "must": [{"one": ids[3], "other": ids[15]}],
        "never": [{"one": ids[4], "other": ids[16].upper()}, {"one": ids[5], "other": ids[6], "strength": "OFF"}],
        "earlier": [{"one": ids[7], "other": ids[17], "times": 2.0}],
        "presence": [{"navigator": late, "rounds": [2, 3]}],
        "reach": [{"navigator": lame, "tables": [1]}],
        "seats": [{"least": 3, "most": 5}] * 5,
        "mixing": [
            {"kind": "city", "strength": "NORMAL"},
            {"kind": "department", "most": 2, "groups": [{"name": "IT", "navigators": ids[8:11] + ids[17:20]}]},
        ],
        "repeats": "HARD",
    }
    plan = await ask(organiser, event, iterations=1_000_000, rules=rules)
    assert (await done(organiser, plan))["state"] == "DONE"
    assert (await organiser.ask(FACTS, id=plan))["plan"]["quality"]["broken"] == 0

    rounds = await seats(organiser, plan)
    it = set(ids[8:11] + ids[17:20])
    pairs = [frozenset(pair) for tables in rounds for table in tables for pair in _pairs(table)]
    assert all(host in tables[1] for tables in rounds)
    assert [any(late in table for table in tables) for tables in rounds] == [False, True, True]
    assert all(lame in tables[0] for tables in rounds)
    assert all(3 <= len(table) <= 5 and len(table & it) <= 2 for tables in rounds for table in tables)
    assert frozenset((ids[3], ids[15])) in pairs
    assert frozenset((ids[4], ids[16])) not in pairs
    assert len(pairs) == len(set(pairs))


def _pairs(table: set[str]) -> list[tuple[str, str]]:
    return [(one, other) for one in table for other in table if one < other]


ODD: list[tuple[dict[str, Any], str]] = [
    ({"hosts": [{"navigator": "nobody"}]}, "hosts"),
    ({"presence": [{"navigator": "nobody", "rounds": [1]}]}, ""),
    ({"seats": [{"least": 1, "most": 2}] * 3}, "seats"),
    ({"seats": [{"least": 1, "most": 1}] * 5}, "seats"),
    ({"mixing": [{"kind": " "}]}, "mixing"),
    ({"mixing": [{"kind": "city"}, {"kind": "city"}]}, "mixing"),
    ({"mixing": [{"kind": "x", "most": 0}]}, "mixing"),
    ({"earlier": [{"one": "a", "other": "b", "times": 1e9}]}, "earlier"),
]


@pytest.mark.parametrize(("rules", "field"), ODD)
async def test_rules_that_cannot_be_are_refused_at_once(
    hub: Hub, clients: Clients, rules: dict[str, Any], field: str
) -> None:
    organiser, event = await people(hub, clients, 10)
    with pytest.raises(Answered) as caught:
        await ask(organiser, event, rules=rules)
    assert caught.value.reason == "REFUSED"
    assert field in [problem.field for problem in caught.value.problems]


async def test_rules_about_those_who_are_there(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 10)
    one, other = await navigators(organiser, 2)
    for rules in (
        {"presence": [{"navigator": one, "rounds": [4]}]},
        {"reach": [{"navigator": one, "tables": []}]},
        {"must": [{"one": one, "other": other}], "never": [{"one": one, "other": other}]},
        {"never": [{"one": one, "other": one}]},
    ):
        with pytest.raises(Answered) as caught:
            await ask(organiser, event, rules=rules)
        assert caught.value.reason == "REFUSED"
        assert caught.value.problems


async def test_who_cannot_be_seated_makes_the_plan_fail_in_words(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 10)
    everybody = [{"navigator": one, "tables": [1]} for one in await navigators(organiser, 10)]
    plan = await done(organiser, await ask(organiser, event, rules={"reach": everybody}))
    assert plan["state"] == "FAILED"
    assert "Runde 1" in plan["error"]


async def test_the_rules_that_let_nobody_be_seated_are_named(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 10)
    few = (await navigators(organiser, 10))[:3]
    reach = [{"navigator": one, "tables": [1]} for one in few]
    plan = await ask(organiser, event, rules={"reach": reach, "repeats": "HARD"})
    assert (await done(organiser, plan))["state"] == "FAILED"
    found = (await organiser.ask(WHY, id=plan))["plan"]["conflict"]
    assert found["minimal"]
    rules = {(rule["sort"], tuple(one["id"] for one in rule["navigators"])) for rule in found["rules"]}
    assert rules == {("even", ()), *(("reach", (one,)) for one in few)}
    assert {rule["message"] for rule in found["rules"] if rule["sort"] == "even"} == {
        "Die Tische unterscheiden sich um höchstens eine Person."
    }
    assert any("Person 1" in rule["message"] for rule in found["rules"])
    assert (await (await clients(HEILBRONN)).ask(WHY, id=plan))["plan"] == {"conflict": None, "brokenRules": []}
    async with hub.runtimes["matching"].db.begin(HUB) as session:
        await intake.erase(session, NavigatorErased(id=few[0], ags=KONSTANZ))
    assert (await row_of(hub, plan)).failure == {"conflict": None}


async def test_rules_that_conflict_are_named_in_words(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 10)
    one, other, third = await navigators(organiser, 3)
    rules = {
        "presence": [{"navigator": one, "rounds": [1]}, {"navigator": other, "rounds": [2, 3]}],
        "must": [{"one": one, "other": other}, {"one": one, "other": third, "strength": "WEAK"}],
    }
    plan = await ask(organiser, event, iterations=20_000, rules=rules)
    assert (await done(organiser, plan))["state"] == "DONE"
    found = (await organiser.ask(WHY, id=plan))["plan"]
    assert found["brokenRules"] == [{"reason": "must"}]
    assert found["conflict"]["reason"] == "must-never-there-together"
    assert sorted(rule["sort"] for rule in found["conflict"]["rules"]) == ["away", "away", "must"]
    assert {person["id"] for person in found["conflict"]["navigators"]} == {one, other}
    assert "Person 1" in found["conflict"]["message"]
    guest = await clients(HEILBRONN)
    assert (await guest.ask(WHY, id=plan))["plan"] == {"conflict": None, "brokenRules": []}


@pytest.mark.parametrize("rounds", [3, pytest.param(1, marks=soak)])
async def test_a_cancelled_search_answers_with_its_best(hub: Hub, clients: Clients, rounds: int) -> None:
    organiser, event = await people(hub, clients, 30)
    plan = await ask(organiser, event, seconds=100.0, rounds=rounds)
    assert (await organiser.ask(SO_FAR, id=plan))["plan"] == {"preliminary": False, "rounds": [], "tradeOffs": None}
    running = await organiser.until(SO_FAR, lambda data: data["plan"]["preliminary"], 60, id=plan)
    found = running["plan"]["rounds"]
    assert [len(one["tables"]) for one in found] == [5] * rounds
    assert all(table["topic"] for one in found for table in one["tables"])
    assert [len({one["id"] for t in r["tables"] for one in t["navigators"]}) for r in found] == [30] * rounds
    assert (await organiser.ask(CANCEL, id=plan))["cancelPlan"]["cancelled"]
    await done(organiser, plan)
    facts = (await organiser.ask(FACTS, id=plan))["plan"]
    assert facts["state"] == "DONE"
    assert facts["cancelled"]
    assert facts["provenance"]["stopped"]
    assert not facts["provenance"]["repeatable"]
    assert [len(tables) for tables in await seats(organiser, plan)] == [5] * rounds
    assert not (await organiser.ask(SO_FAR, id=plan))["plan"]["preliminary"]
    with pytest.raises(Answered) as caught:
        await organiser.ask(CANCEL, id=plan)
    assert caught.value.reason == "CONFLICT"


async def test_the_same_iterations_give_the_same_plan(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 20)
    plan = await ask(organiser, event, iterations=200_000, seed=7)
    await done(organiser, plan)
    again = (await organiser.ask(AGAIN, id=plan))["recomputePlan"]
    assert again["parent"]["id"] == plan
    await done(organiser, again["id"])
    assert await seats(organiser, again["id"]) == await seats(organiser, plan)
    first, second = [(await organiser.ask(FACTS, id=one))["plan"]["provenance"] for one in (plan, again["id"])]
    assert first == second
    assert first["repeatable"]
    assert len(first["problem"]) == 64
    assert (first["seed"], first["iterationsAllowed"], first["iterations"]) == (7, 200_000, 200_000.0)
    assert {"name": "repeats", "value": 10.0} in first["weights"]
    for odd in ({"iterations": 0}, {"iterations": 5, "seconds": 1.0}, {"iterations": 2_000_000_000}):
        with pytest.raises(Answered):
            await ask(organiser, event, **odd)


async def events_of(client: Client, plan: str) -> list[tuple[str, Any]]:
    """Every event of the plan's stream, with its data."""
    found: list[tuple[str, Any]] = []
    name = ""
    url = f"{client.url}/matching/plans/{plan}/progress"
    async with client.http.stream("GET", url, headers=await client.headers(), timeout=60) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                found.append((name, msgspec.json.decode(line.removeprefix("data: ") or "null")))
    return found


async def test_a_plan_is_followed_as_events(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 30)
    plan = await ask(organiser, event, seconds=2.0)
    told = await events_of(organiser, plan)
    percents = [data["percent"] for name, data in told if name == "progress"]
    assert told[-1][0] == "end"
    assert percents == sorted(percents)
    assert len(set(percents)) > 2
    last = told[-2][1]
    assert (last["state"], last["percent"]) == ("done", 100)
    assert last["objective"] <= last["upper_bound"]
    assert [name for name, _data in await events_of(await clients(HEILBRONN), plan)] == ["progress", "end"]

    url = f"{organiser.url}/matching/plans/{plan}/progress"
    for client, status in ((await clients("14612000"), 404), (await clients(KONSTANZ, "directory:read"), 403)):
        assert (await client.http.get(url, headers=await client.headers())).status_code == status
    assert (await organiser.http.get(url)).status_code == 401
    missing = f"{organiser.url}/matching/plans/nothing/progress"
    assert (await organiser.http.get(missing, headers=await organiser.headers())).status_code == 404


async def test_the_subscription_tells_the_same(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 20)
    plan = await ask(organiser, event, seconds=1.5)
    told = [one["planProgress"] async for one in organiser.follow(demo.PROGRESS, id=plan)]
    assert told[-1]["state"] == "DONE"
    assert told[-1]["progress"]["percent"] == 100
