"""Somebody is erased: nothing of them stays in questions, answers, checkpoints, changes by hand or the log."""

import asyncio
import uuid
from typing import Any

import pytest
from sqlalchemy import text

from services.contracts.directory import NavigatorErased
from services.kit.db import HUB
from services.kit.service import Hub
from services.matching import rounds
from tests.conftest import Clients
from tests.matching.planned import CANCEL, KONSTANZ, ask, done, navigators, people, row_of, seats
from tests.matching.test_changed_plans import ADJUST, CONFIRM, REPLAN, copied

TABLES = ("event", "plan", "log", "navigator", "job")


@pytest.fixture(scope="module")
def workers() -> bool:
    return True


async def held(hub: Hub, person: str) -> list[str]:
    """The tables of matching in which the person's id stands."""
    found = []
    async with hub.runtimes["matching"].db.read(HUB) as session:
        for table in TABLES:
            rows = await session.scalars(text(f"SELECT to_jsonb(t)::text FROM matching.{table} t"))
            if any(person in row for row in rows):
                found.append(table)
    return found


async def test_nothing_of_an_erased_person_stays(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 20)
    ids = await navigators(organiser, 20)
    gone, other = ids[0], ids[1]
    rules: dict[str, Any] = {
        "hosts": [{"navigator": gone, "table": 1}],
        "must": [{"one": gone, "other": other}],
        "never": [{"one": ids[2], "other": gone}],
        "earlier": [{"one": gone, "other": ids[3]}],
        "reach": [{"navigator": gone, "tables": [1, 2]}],
        "mixing": [
            {"kind": "city"},
            {"kind": "unit", "strength": "WEAK", "groups": [{"name": "a", "navigators": [gone]}]},
        ],
    }
    plan = await ask(organiser, event, iterations=20_000, rules=rules)
    await done(organiser, plan)
    copy = await copied(organiser, plan)
    changes = [
        {"kind": "MOVE", "navigator": gone, "round": 1, "table": None},
        {"kind": "PIN", "navigator": gone},
        {"kind": "PIN", "navigator": other},
    ]
    await organiser.ask(ADJUST, plan=copy, expected=1, changes=changes)
    replan = {"plan": plan, "over": 1, "missing": [gone], "iterations": 20_000}
    day = (await organiser.ask(REPLAN, input=replan))["replanRounds"]["id"]
    await done(organiser, day)
    await organiser.ask(CONFIRM, id=plan, so=True)
    searching = await ask(organiser, event, seconds=100.0, rules=rules)
    while (await row_of(hub, searching)).best is None:
        await asyncio.sleep(0.1)
    assert await held(hub, gone) == ["event", "plan", "log", "navigator"]
    async with hub.runtimes["matching"].db.read(HUB) as session:
        about = await rounds.about(session, uuid.UUID(gone))
    mine = next(one for one in about["plans"] if one["id"] == plan)
    assert (mine["hosts"], mine["rules"]) == (True, {"must": 1, "never": 1, "earlier": 1})
    assert other not in str(about)

    directory = hub.runtimes["directory"]
    async with directory.db.begin(HUB) as session:
        await directory.say(session, [NavigatorErased(id=gone, ags=KONSTANZ)])
    await hub.settle()
    assert await held(hub, gone) == []
    # The process that searches still knows the person; what it tells from now on does not.
    await organiser.ask(CANCEL, id=searching)
    await done(organiser, searching)
    assert await held(hub, gone) == []
    assert [len(set().union(*tables)) for tables in await seats(organiser, searching)] == [19, 19, 19]
    kept = await row_of(hub, copy)
    assert [str(one) for one in kept.pinned] == [other]
    assert [one["navigators"] for one in kept.adjustments] == [[other]]

    async with hub.runtimes["matching"].db.read(HUB) as session:
        assert (await rounds.about(session, uuid.UUID(gone)))["plans"] == []
    again = (await organiser.ask(REPLAN, input={**replan, "missing": [other]}))["replanRounds"]["id"]
    assert (await done(organiser, again))["state"] == "DONE"
