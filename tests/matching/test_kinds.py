"""What tables mix beside cities: departments, experience and languages, as far as people published them."""

import datetime as dt
import uuid
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from services.cli.client import Answered, Client
from services.contracts.directory import NavigatorErased
from services.kit.db import HUB
from services.kit.i18n import speaking
from services.kit.service import Hub
from services.matching import conflicts, intake, kinds, rounds, wording
from services.matching.models import Navigator
from services.matching.question import Question
from services.matching.solver import Violation
from services.matching.solver.conflict import Conflict
from tests.conftest import Clients
from tests.matching.planned import ask, done, row_of, seats

KN, HN = "08335043", "08121000"
PUBLISH = "mutation ($s: SnapshotInput!) { publishDirectory(snapshot: $s) { cityChanged } }"
CREATE = "mutation ($e: EventInput!) { createEvent(event: $e) { id } }"
JOIN = "mutation ($e: ID!, $n: [ID!]!) { addParticipants(event: $e, navigators: $n) { id } }"
PEOPLE = "query ($c: ID!) { navigators(city: $c) { nodes { id } } }"
REPLAN = "mutation ($input: ReplanRoundsInput!) { replanRounds(input: $input) { id } }"
OFFICES = ("Hauptamt", "Bauamt", "Kulturamt")
DAY = dt.date(2031, 5, 1)


@pytest.fixture(scope="module")
def workers() -> bool:
    return True


async def publish(client: Client, ags: str, count: int, **changes: Any) -> list[str]:
    """People of three offices, half of them new, every third with Turkish."""
    rows = [
        {
            "key": f"k{i:02}",
            "name": f"Person {i}",
            "department": OFFICES[i % 3],
            "since": "2030-11-01" if i % 2 else "2020-01-01",
            "languages": ["tr", "de"] if i % 3 == 0 else ["de"],
            **changes,
        }
        for i in range(count)
    ]
    await client.ask(PUBLISH, s={"city": {"ags": ags, "name": f"Stadt {ags}"}, "navigators": rows})
    return [node["id"] for node in (await client.ask(PEOPLE, c=ags))["navigators"]["nodes"]]


async def day(client: Client, people: list[str], *guests: str) -> str:
    event = {"title": "Lotsentreff", "date": DAY.isoformat(), "host": KN, "guests": guests}
    made = str((await client.ask(CREATE, e=event))["createEvent"]["id"])
    await client.ask(JOIN, e=made, n=people)
    return made


async def copies(hub: Hub) -> dict[str, Navigator]:
    await hub.settle()
    async with hub.runtimes["matching"].db.read(HUB) as session:
        return {str(one.id): one for one in await session.scalars(select(Navigator))}


async def test_tables_mix_what_people_published(hub: Hub, clients: Clients) -> None:
    organiser, guest = await clients(KN), await clients(HN)
    people = [*await publish(organiser, KN, 12), *await publish(guest, HN, 6)]
    event = await day(organiser, people, HN)
    mixing = [
        {"kind": "department", "strength": "HARD"},
        {"kind": "language", "strength": "NORMAL"},
        {"kind": "experience", "strength": "NORMAL"},
    ]
    plan = await ask(organiser, event, iterations=100_000, tables=3, rules={"mixing": mixing})
    assert (await done(organiser, plan))["state"] == "DONE"
    row = await row_of(hub, plan)
    question = msgspec.convert(row.question, Question)
    assert {person.kinds["experience"] for person in question.people} == {kinds.NEW, kinds.LONG}
    assert {person.kinds["language"] for person in question.people} == {"de", "de+tr"}
    office = {person.id: person.kinds["department"] for person in question.people}
    assert set(office.values()) == {f"{name} ({ags})" for name in OFFICES for ags in (KN, HN)}
    for tables in await seats(organiser, plan):
        for table in tables:
            crowd = [office[one] for one in table]
            assert max(crowd.count(one) for one in crowd) <= 2  # of four from one office at three tables
    assert (row.answer or {})["broken"] == 0

    # Whoever comes late is mixed like all others, and nothing is kept that nobody asked for.
    (late,) = set(await publish(guest, HN, 7)) - set(people)
    await organiser.ask(JOIN, e=event, n=[late])
    again = (await organiser.ask(REPLAN, input={"plan": plan, "over": 1, "iterations": 20_000}))["replanRounds"]["id"]
    assert (await done(organiser, again))["state"] == "DONE"
    found = msgspec.convert((await row_of(hub, again)).question, Question)
    assert next(one.kinds for one in found.people if one.id == late)["department"] == f"Hauptamt ({HN})"
    plain = msgspec.convert((await row_of(hub, await ask(organiser, event))).question, Question)
    assert {tuple(person.kinds) for person in plain.people} == {()}


async def test_groups_of_the_organiser_s_own_come_first(hub: Hub, clients: Clients) -> None:
    organiser = await clients(KN)
    people = await publish(organiser, KN, 6)
    event = await day(organiser, people)
    mixing = [{"kind": "department", "groups": [{"name": "Gäste", "navigators": people[:2]}]}]
    plan = await ask(organiser, event, iterations=10_000, tables=2, rules={"mixing": mixing})
    question = msgspec.convert((await row_of(hub, plan)).question, Question)
    assert {one.id: one.kinds for one in question.people if one.kinds} == {
        one: {"department": "Gäste"} for one in people[:2]
    }


async def test_what_nobody_published_cannot_be_mixed(alone: Clients) -> None:
    hub, organiser = alone.hub, await alone(KN)
    people = await publish(organiser, KN, 6, languages=[], visibility=[{"field": "department", "audience": "CITY"}])
    assert {(one.department, tuple(one.languages)) for one in (await copies(hub)).values()} == {("", ())}
    event = await day(organiser, people)
    for kind in ("department", "language"):
        with pytest.raises(Answered) as caught:
            await ask(organiser, event, rules={"mixing": [{"kind": kind}]})
        assert [problem.field for problem in caught.value.problems] == ["mixing"]
    await ask(organiser, event, tables=2, rules={"mixing": [{"kind": "department", "strength": "OFF"}]})


async def test_only_what_the_network_sees_is_copied(alone: Clients) -> None:
    hub, organiser = alone.hub, await alone(KN)
    (one,) = await publish(organiser, KN, 1)
    copy = (await copies(hub))[one]
    assert (copy.department, copy.languages, copy.since) == ("Hauptamt", ["de", "tr"], dt.date(2020, 1, 1))
    async with hub.runtimes["matching"].db.read(HUB) as session:
        about = await rounds.about(session, uuid.UUID(one))
    assert (about["department"], about["languages"], about["since"]) == ("Hauptamt", ["de", "tr"], "2020-01-01")
    hidden = [{"field": field, "audience": "CITY"} for field in ("department", "languages", "since")]
    await publish(organiser, KN, 1, visibility=hidden)
    copy = (await copies(hub))[one]
    assert (copy.department, copy.languages, copy.since) == ("", [], None)
    async with hub.runtimes["matching"].db.begin(HUB) as session:
        await intake.erase(session, NavigatorErased(id=one, ags=KN))
    assert await copies(hub) == {}


@pytest.mark.parametrize(("years", "experience"), [(0.9, kinds.NEW), (1.1, kinds.SOME), (3.1, kinds.LONG)])
def test_experience_counts_up_to_the_day(years: float, experience: str) -> None:
    person = Navigator(ags=KN, department="", languages=[], since=DAY - years * kinds.YEAR)
    assert kinds.of(person, kinds.PUBLISHED, DAY) == {"experience": experience}
    assert kinds.of(person, (), DAY) == {}


def test_kinds_are_said_in_german() -> None:
    values: dict[str, str | int] = {"kind": "experience", "name": kinds.NEW, "people": 9, "places": 8, "tables": 4}
    with speaking("de"):
        assert "seit weniger als einem Jahr" in conflicts.words(Conflict((), "kind-too-many", values), {})
        both = Conflict((), "kinds-together", {"kind": "city", "other": "department"})
        assert "„Stadt“ und nach „Amt“" in conflicts.words(both, {})
        assert "drei Jahren" in wording.violation(Violation("unmixed", "", 0, 0, (), kinds.LONG))
