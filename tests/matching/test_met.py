"""Fairness over the year: who met at earlier days, as far as organisers' next plans are told of it."""

import datetime as dt
import importlib
import uuid
from typing import Any

import msgspec
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, insert, select, update

from services.cli.client import Client
from services.contracts.directory import NavigatorErased
from services.contracts.events import EventPublished, RoundsPlayed
from services.events import intake as events_intake
from services.events import models as events_models
from services.kit import log
from services.kit.db import HUB, Database
from services.kit.service import Hub
from services.matching import intake, met, rounds
from services.matching.models import City, Event, Plan
from services.matching.problem import build, met_before
from services.matching.question import Met, Question
from tests.conftest import Clients

KN, HN, DD = "08335043", "08121000", "14612000"
TODAY = dt.datetime.now(dt.UTC).date()
YEAR = met.HALF_LIFE
PUBLISH = "mutation ($s: SnapshotInput!) { publishDirectory(snapshot: $s) { cityChanged } }"
CREATE = "mutation ($e: EventInput!) { createEvent(event: $e) { id } }"
CANCEL = "mutation ($id: ID!) { cancelEvent(id: $id) { id } }"
JOIN = "mutation ($e: ID!, $n: [ID!]!) { addParticipants(event: $e, navigators: $n) { id } }"
LEAVE = "mutation ($e: ID!, $n: [ID!]!) { removeParticipants(event: $e, navigators: $n) { id } }"
PLAN = "mutation ($i: PlanRoundsInput!) { planRounds(input: $i) { id } }"
PEOPLE = "query ($c: ID!) { navigators(city: $c) { nodes { id } } }"


async def city(client: Client, ags: str, count: int) -> list[str]:
    """So many people of a city, by id."""
    rows = [{"key": f"k{i}", "name": f"Person {i}"} for i in range(count)]
    await client.ask(
        PUBLISH, s={"city": {"ags": ags, "name": f"Stadt {ags}", "population": 80_000}, "navigators": rows}
    )
    return sorted(node["id"] for node in (await client.ask(PEOPLE, c=ags))["navigators"]["nodes"])


async def day(client: Client, host: str, guest: str, date: dt.date, people: list[str]) -> uuid.UUID:
    event = {"title": "Lotsentreff", "date": date.isoformat(), "host": host, "guests": [guest]}
    made = (await client.ask(CREATE, e=event))["createEvent"]["id"]
    await client.ask(JOIN, e=made, n=people)
    return uuid.UUID(made)


async def seated(hub: Hub, event: uuid.UUID, people: list[str], *rows: list[int], confirmed: bool = True) -> uuid.UUID:
    """A plan with its answer, as a job and an organiser leave it behind."""
    plan = uuid.uuid4()
    answer = {"keys": people, "plan": list(rows), "table_topics": [None] * (1 + max(map(max, rows)))}
    asked = [{"id": one, "city": KN, "offers": [], "seeks": [], "works_on": []} for one in people]
    question = {"rounds": len(rows), "tables": 2, "topics": [], "people": asked}
    at = dt.datetime.now(dt.UTC) if confirmed else None
    await hub.settle()
    async with hub.runtimes["matching"].db.begin(HUB) as session:
        row = {"id": plan, "event_id": event, "question": question, "answer": answer, "confirmed_at": at}
        await session.execute(insert(Plan).values(row))
    return plan


async def before(hub: Hub, event: uuid.UUID) -> set[tuple[str, str, float]]:
    await hub.settle()
    async with hub.runtimes["matching"].db.read(HUB) as session:
        return {(one.one, one.other, one.times) for one in await met.before(session, event)}


async def test_a_next_plan_is_told_who_met_elsewhere(hub: Hub, clients: Clients) -> None:
    konstanz, heilbronn, dresden = await clients(KN), await clients(HN), await clients(DD)
    a, b = await city(konstanz, KN, 2)
    c, d = await city(heilbronn, HN, 2)
    (e,) = await city(dresden, DD, 1)
    other = await day(heilbronn, HN, DD, TODAY - YEAR, [c, d, e])  # Konstanz has no part in it
    await seated(hub, other, [c, d, e], [0, 0, 1], [0, 0, 0])
    recent = await day(konstanz, KN, HN, TODAY - dt.timedelta(days=1), [a, c])
    await seated(hub, recent, [a, c], [0, 0])
    event = await day(konstanz, KN, HN, TODAY, [a, b, c, d])
    pair = tuple(sorted((a, c)))
    assert await before(hub, event) == {(*sorted((c, d)), 1.0), (*pair, 1.0)}

    plan = uuid.UUID((await konstanz.ask(PLAN, i={"event": str(event), "rounds": 1, "tables": 2}))["planRounds"]["id"])
    async with hub.runtimes["matching"].db.begin(HUB) as session:
        question = msgspec.convert((await session.get_one(Plan, plan)).question, Question)
        assert {(one.one, one.other) for one in question.earlier} == {pair, tuple(sorted((c, d)))}
        problem = build(question)
        apart = sorted(problem.keys[i] for i, _k in problem.earlier.who.tolist())
        assert (len(apart), problem.earlier.weights.tolist()) == (2, [1.0, 1.0])
        assert (await rounds.about(session, uuid.UUID(a)))["plans"][1]["rules"]["earlier"] == 1

    async with hub.runtimes["matching"].db.begin(HUB) as session:
        await intake.erase(session, NavigatorErased(id=c, ags=HN))
    async with hub.runtimes["matching"].db.read(HUB) as session:
        assert (await session.get_one(Plan, plan)).question.get("earlier", []) == []
    assert await before(hub, event) == set()


async def test_the_organiser_says_what_earlier_days_count(hub: Hub, clients: Clients) -> None:
    konstanz = await clients(KN)
    a, b, c = await city(konstanz, KN, 3)
    await city(await clients(HN), HN, 1)
    past = await day(konstanz, KN, HN, TODAY - dt.timedelta(days=1), [a, b])
    await seated(hub, past, [a, b], [0, 0])
    event = await day(konstanz, KN, HN, TODAY, [a, b, c])

    async def asked(**rules: Any) -> Question:
        wanted = {"event": str(event), "rounds": 2, "tables": 1, "rules": rules}
        plan = uuid.UUID((await konstanz.ask(PLAN, i=wanted))["planRounds"]["id"])
        async with hub.runtimes["matching"].db.read(HUB) as session:
            return msgspec.convert((await session.get_one(Plan, plan)).question, Question)

    one, other = sorted((a, b))
    pair = Met(one, other, 1.0)
    usual = await asked()
    assert (usual.earlier, usual.earlier_meetings) == ((pair,), None)
    assert build(usual).earlier.weights.tolist() == [1.0]
    weak = await asked(earlierMeetings="WEAK")
    problem = build(weak)
    assert (problem.earlier.weights.size, problem.never.weights.tolist()) == (0, [1.0])
    off = await asked(earlierMeetings="OFF", earlier=[{"one": a, "other": c}])
    assert off.earlier == (Met(a, c, 1.0),)  # what the organiser says is kept; the hub was not asked
    problem = build(off)
    assert (problem.earlier.weights.size, problem.never.weights.size) == (0, 0)
    assert [pairs.weights.tolist() for pairs in (met_before(off, problem), met_before(weak, build(weak)))] == [
        [1.0]
    ] * 2


@pytest.mark.parametrize("case", ["cancelled", "not confirmed", "to come", "too long ago", "left", "later"])
async def test_what_was_no_meeting_before_is_none(hub: Hub, clients: Clients, case: str) -> None:
    konstanz, heilbronn = await clients(KN), await clients(HN)
    a, b = await city(konstanz, KN, 2)
    await city(heilbronn, HN, 1)
    held = {"to come": TODAY + YEAR / 2, "too long ago": TODAY - met.KEPT, "later": TODAY - YEAR / 2}
    past = await day(konstanz, KN, HN, held.get(case, TODAY - dt.timedelta(days=9)), [a, b])
    await seated(hub, past, [a, b], [0, 0], confirmed=case != "not confirmed")
    if case == "cancelled":
        await konstanz.ask(CANCEL, id=str(past))
    if case == "left":
        await konstanz.ask(LEAVE, e=str(past), n=[b])
    planned = TODAY - YEAR if case == "later" else TODAY + YEAR
    event = await day(konstanz, KN, HN, planned, [a, b])
    assert await before(hub, event) == set()
    assert await before(hub, uuid.uuid4()) == set()


async def test_old_plans_go_and_new_plans_of_old_days_stay(hub: Hub, clients: Clients) -> None:
    konstanz = await clients(KN)
    await city(await clients(HN), HN, 1)
    people = await city(konstanz, KN, 2)
    long_ago = TODAY - met.KEPT - dt.timedelta(days=2)
    old, young = [await day(konstanz, KN, HN, date, people) for date in (long_ago, TODAY)]
    gone, looked_at, kept = [await seated(hub, event, people, [0, 0], confirmed=False) for event in (old, old, young)]
    async with hub.runtimes["matching"].db.begin(HUB) as session:
        made = dt.datetime.combine(long_ago, dt.time(), dt.UTC)
        await session.execute(update(Plan).where(Plan.id.in_([gone, kept])).values(created_at=made))
        assert await met.forget(session) == 1
        assert set(await session.scalars(select(Plan.id))) == {looked_at, kept}


async def test_pairs_are_the_strongest_and_no_more_than_most(
    hub: Hub, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    konstanz = await clients(KN)
    await city(await clients(HN), HN, 1)
    people = await city(konstanz, KN, 3)
    past = await day(konstanz, KN, HN, TODAY - dt.timedelta(days=1), people)
    await seated(hub, past, people, [0, 0, 0], [1, 1, 0])
    event = await day(konstanz, KN, HN, TODAY, people)
    assert len(await before(hub, event)) == 3
    monkeypatch.setattr(met, "MOST_PAIRS", 1)
    assert await before(hub, event) == {(people[0], people[1], 2.0)}


async def test_events_of_older_versions_are_said_once_more(hub: Hub, clients: Clients) -> None:
    konstanz = await clients(KN)
    await city(await clients(HN), HN, 1)
    people = await city(konstanz, KN, 2)
    event = await day(konstanz, KN, HN, TODAY, people)
    await hub.settle()
    matching, events = hub.runtimes["matching"].db, hub.runtimes["events"]
    older = EventPublished(id=str(event), organiser="c-old", title="x", cities=(KN, HN), participants=())
    body = {key: value for key, value in msgspec.to_builtins(older).items() if key not in {"date", "cancelled"}}
    async with matching.begin(HUB) as session:
        await intake.event(session, msgspec.convert(body, EventPublished))
        assert (await session.get_one(Event, event)).date is None
        assert (await session.get_one(City, KN)).population == 80_000

    owner = Database(hub.settings.database_url or "", None)
    async with owner.begin(HUB) as session:
        await (await session.connection()).run_sync(migrated)
    await owner.close()
    async with events.db.read(HUB) as session:
        newest = (await log.after(session, events_models.Base.metadata, 0))[-1]
        row = await session.get_one(events_models.Event, event)
        known = await events_intake.message(session, row)
        # That migration is older than the last day.
        assert msgspec.json.decode(newest.body, type=EventPublished) == msgspec.structs.replace(known, last_day=None)
    await hub.settle()
    async with matching.read(HUB) as session:
        again = await session.get_one(Event, event)
        assert (again.date, [str(one) for one in again.participants]) == (TODAY, people)


def migrated(connection: Connection) -> None:
    context: Any = MigrationContext.configure(connection)
    with Operations.context(context):
        importlib.import_module("services.events.migrations.0004_days_of_events").upgrade()


def test_what_older_plans_asked_can_still_be_read() -> None:
    question = {"rounds": 1, "tables": 1, "topics": [], "people": []}
    assert msgspec.convert(question, Question).earlier == ()
    assert msgspec.convert({**question, "earlier": [{"one": "a", "other": "b", "times": 0.5}]}, Question).earlier == (
        Met("a", "b", 0.5),
    )


async def test_who_stayed_away_met_nobody_and_rounds_that_were_not_played_do_not_count(
    hub: Hub, clients: Clients
) -> None:
    konstanz, heilbronn = await clients(KN), await clients(HN)
    a, b = await city(konstanz, KN, 2)
    c, d = await city(heilbronn, HN, 2)
    past = await day(konstanz, KN, HN, TODAY - dt.timedelta(days=1), [a, b, c, d])
    await seated(hub, past, [a, b, c, d], [0, 0, 1, 1], [0, 1, 0, 1])
    event = await day(konstanz, KN, HN, TODAY, [a, b, c, d])
    assert len(await before(hub, event)) == 4
    async with hub.runtimes["events"].db.begin(HUB) as session:
        row = await session.get_one(events_models.Event, past)
        said = msgspec.structs.replace(await events_intake.message(session, row), absent=(d,))
        await hub.runtimes["events"].say(session, [said, RoundsPlayed(event=str(past), rounds=1)])
    assert await before(hub, event) == {(*sorted((a, b)), 1.0)}
