"""Plans changed by hand, compared, confirmed, and planned on from on the day."""

from typing import Any

import pytest

from services.cli import demo
from services.cli.client import Answered, Client
from services.kit.service import Hub
from tests.conftest import Clients
from tests.matching.planned import HEILBRONN, ask, done, navigators, people, seats

COPY = "mutation ($id: ID!) { copyPlan(id: $id) { id version state parent { id } } }"
ADJUST = """mutation ($plan: ID!, $expected: Int!, $changes: [PlanChange!]!) {
  adjustPlan(plan: $plan, expected: $expected, changes: $changes) { version pinned { id } quality { broken
    objective { value } } brokenRules { reason message round table navigators { id } kind }
    provenance { adjustments repeatable } } }"""
PREVIEW = """query ($plan: ID!, $changes: [PlanChange!]!) { adjustedPlan(plan: $plan, changes: $changes) {
  cost before { objective { value } } after { objective { value } broken } brokenRules { reason message } } }"""
COMPARE = """query ($one: ID!, $other: ID!) { comparedPlans(one: $one, other: $other) { figures { name one other }
  elsewhere { navigator { id } round before after } meetingsInBoth meetingsInOne meetingsInOther } }"""
REPLAN = "mutation ($input: ReplanRoundsInput!) { replanRounds(input: $input) { id parent { id } } }"
DAY = """query ($id: ID!) { plan(id: $id) { quality { broken } day { over missing { id } new { id }
  moved { navigator { id } round before after } } } }"""
CONFIRM = """mutation ($id: ID!, $so: Boolean!) { confirmPlan(id: $id, despiteBrokenRules: $so) { confirmed } }"""
SEATED = "query ($id: ID!) { event(id: $id) { rounds { tables { participants { navigator { id } } } } } }"


@pytest.fixture(scope="module")
def workers() -> bool:
    return True


async def planned(client: Client, event: str, **changes: Any) -> str:
    plan = await ask(client, event, **{"iterations": 100_000, **changes})
    assert (await done(client, plan))["state"] == "DONE"
    return plan


async def copied(client: Client, plan: str) -> str:
    return str((await client.ask(COPY, id=plan))["copyPlan"]["id"])


def table_of(rounds: list[list[set[str]]], number: int, person: str) -> int:
    return next(at for at, table in enumerate(rounds[number], 1) if person in table)


async def test_moving_swapping_and_pinning_by_hand(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 20)
    plan = await planned(organiser, event)
    before = await seats(organiser, plan)
    one, other = min(before[0][0]), min(before[0][1])
    swap = {"kind": "SWAP", "navigator": one, "other": other, "round": 1}
    move = {"kind": "MOVE", "navigator": one, "round": 2, "table": table_of(before, 1, one) % 5 + 1}

    seen = (await organiser.ask(PREVIEW, plan=plan, changes=[move]))["adjustedPlan"]
    assert {"wrong-size"} <= {rule["reason"] for rule in seen["brokenRules"]}
    assert any("Tisch" in rule["message"] for rule in seen["brokenRules"])
    assert seen["after"]["broken"] == len(seen["brokenRules"])
    assert seen["cost"] == pytest.approx(seen["before"]["objective"]["value"] - seen["after"]["objective"]["value"])
    assert await seats(organiser, plan) == before

    with pytest.raises(Answered) as caught:
        await organiser.ask(ADJUST, plan=plan, expected=1, changes=[swap])
    assert caught.value.reason == "CONFLICT"  # the solver's own plan stays as it was computed
    copy = await copied(organiser, plan)
    wanted = (await organiser.ask(PREVIEW, plan=copy, changes=[swap]))["adjustedPlan"]["after"]["objective"]["value"]
    found = await organiser.ask(ADJUST, plan=copy, expected=1, changes=[swap, {"kind": "PIN", "navigator": one}])
    adjusted = found["adjustPlan"]
    assert adjusted["version"] == 2
    assert adjusted["pinned"] == [{"id": one}]
    assert adjusted["quality"]["objective"]["value"] == pytest.approx(wanted)
    assert adjusted["provenance"] == {"adjustments": 2, "repeatable": False}
    after = await seats(organiser, copy)
    assert (one in after[0][1], other in after[0][0]) == (True, True)

    for expected, changes, reason in (
        (1, [swap], "CONFLICT"),
        (2, [move], "REFUSED"),  # pinned
        (2, [{**move, "navigator": other, "round": 4}], "REFUSED"),
        (2, [{**move, "navigator": other, "table": 6}], "REFUSED"),
        (2, [{**swap, "navigator": other}], "REFUSED"),
        (2, [{"kind": "PIN", "navigator": "nobody"}], "REFUSED"),
    ):
        with pytest.raises(Answered) as caught:
            await organiser.ask(ADJUST, plan=copy, expected=expected, changes=changes)
        assert caught.value.reason == reason
    free = [{"kind": "UNPIN", "navigator": one}, {"kind": "MOVE", "navigator": one, "round": 1, "table": None}]
    gone = (await organiser.ask(ADJUST, plan=copy, expected=2, changes=free))["adjustPlan"]
    assert [rule["navigators"] for rule in gone["brokenRules"] if rule["reason"] == "not-seated"] == [[{"id": one}]]
    assert any("Person 1" in rule["message"] for rule in gone["brokenRules"])

    guest = await clients(HEILBRONN)
    seen = await guest.ask("query ($id: ID!) { plan(id: $id) { quality { broken } brokenRules { reason } } }", id=copy)
    assert seen["plan"]["quality"]["broken"] > 0
    assert seen["plan"]["brokenRules"] == []
    for query, variables in ((ADJUST, {"expected": 3, "changes": []}), (PREVIEW, {"changes": []})):
        with pytest.raises(Answered) as caught:
            await guest.ask(query, plan=copy, **variables)
        assert caught.value.reason == "FORBIDDEN"


async def test_a_plan_that_breaks_hard_rules_is_confirmed_only_on_purpose(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 20)
    copy = await copied(organiser, await planned(organiser, event))
    rounds = await seats(organiser, copy)
    someone = min(rounds[0][0])
    away = {"kind": "MOVE", "navigator": someone, "round": 1, "table": None}
    await organiser.ask(ADJUST, plan=copy, expected=1, changes=[away])
    with pytest.raises(Answered) as caught:
        await organiser.ask(CONFIRM, id=copy, so=False)
    assert caught.value.reason == "CONFLICT"
    await organiser.ask(CONFIRM, id=copy, so=True)
    seen = await organiser.until(SEATED, lambda data: len(data["event"]["rounds"]) == 3, id=event)
    first = seen["event"]["rounds"][0]["tables"]
    assert someone not in {seat["navigator"]["id"] for table in first for seat in table["participants"]}
    with pytest.raises(Answered) as caught:
        await organiser.ask(ADJUST, plan=copy, expected=2, changes=[{**away, "round": 2}])
    assert caught.value.reason == "CONFLICT"  # the event goes by it


async def test_two_plans_side_by_side(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 20)
    plan = await planned(organiser, event)
    copy = await copied(organiser, plan)
    same = (await organiser.ask(COMPARE, one=plan, other=copy))["comparedPlans"]
    assert same["elsewhere"] == []
    assert (same["meetingsInOne"], same["meetingsInOther"]) == (0, 0)
    assert all(figure["one"] == figure["other"] for figure in same["figures"])

    rounds = await seats(organiser, plan)
    one, other = min(rounds[0][0]), min(rounds[0][1])
    swap = {"kind": "SWAP", "navigator": one, "other": other, "round": 1}
    await organiser.ask(ADJUST, plan=copy, expected=1, changes=[swap])
    found = (await organiser.ask(COMPARE, one=plan, other=copy))["comparedPlans"]
    assert {(seat["navigator"]["id"], seat["round"], seat["before"], seat["after"]) for seat in found["elsewhere"]} == {
        (one, 1, 1, 2), (other, 1, 2, 1),
    }  # fmt: skip
    assert found["meetingsInOne"] > 0
    figures = {figure["name"]: (figure["one"], figure["other"]) for figure in found["figures"]}
    assert figures["objective"][0] != figures["objective"][1]

    stranger = await clients("14612000")
    assert await stranger.ask(COMPARE, one=plan, other=copy) == {"comparedPlans": None}
    neighbour, second = await people(hub, clients, 10)
    theirs = await planned(neighbour, second)
    with pytest.raises(Answered) as caught:
        await neighbour.ask(COMPARE, one=plan, other=theirs)
    assert caught.value.reason == "REFUSED"


async def test_the_rest_of_the_day_is_planned_anew(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 21)
    ids = await navigators(organiser, 21)
    late = (set(await navigators(organiser, 24)) - set(ids)).pop()
    host, ill = ids[0], ids[1]
    rules = {"hosts": [{"navigator": host}], "must": [{"one": ill, "other": ids[15]}]}
    plan = await planned(organiser, event, rules=rules)
    await organiser.ask(CONFIRM, id=plan, so=False)
    await organiser.ask(demo.JOIN, event=event, navigators=[late])
    before = await seats(organiser, plan)

    asked = {"plan": plan, "over": 1, "missing": [ill], "pinned": [ids[2]], "seconds": 0.5}
    child = (await organiser.ask(REPLAN, input=asked))["replanRounds"]
    assert child["parent"]["id"] == plan
    assert (await done(organiser, child["id"]))["state"] == "DONE"
    after = await seats(organiser, child["id"])
    day = (await organiser.ask(DAY, id=child["id"]))["plan"]
    assert day["quality"]["broken"] == 0
    assert day["day"]["over"] == 1
    assert (day["day"]["missing"], day["day"]["new"]) == ([{"id": ill}], [{"id": late}])
    assert after[0] == before[0]
    there = [set().union(*tables) for tables in after]
    assert [ill in everybody for everybody in there] == [True, False, False]
    assert [late in everybody for everybody in there] == [False, True, True]
    assert len({table_of(after, number, host) for number in range(3)}) == 1
    assert [table_of(after, n, ids[2]) for n in range(3)] == [table_of(before, n, ids[2]) for n in range(3)]
    moved = {(seat["navigator"]["id"], seat["round"]) for seat in day["day"]["moved"]}
    assert moved == {
        (one, number + 1)
        for number in range(1, 3)
        for one in there[number] - {late}
        if table_of(before, number, one) != table_of(after, number, one)
    }

    await organiser.ask(CONFIRM, id=child["id"], so=False)
    shown = await organiser.until(SEATED, lambda data: late in str(data), id=event)
    now = [
        [{seat["navigator"]["id"] for seat in table["participants"]} for table in row["tables"]]
        for row in shown["event"]["rounds"]
    ]
    assert now == after

    returned = {"plan": child["id"], "over": 2, "new": [ill], "seconds": 0.5}
    last = (await organiser.ask(REPLAN, input=returned))["replanRounds"]["id"]
    assert (await done(organiser, last))["state"] == "DONE"
    rounds = await seats(organiser, last)
    assert rounds[:2] == after[:2]
    assert [ill in set().union(*tables) for tables in rounds] == [True, False, True]


async def test_the_rest_of_the_day_in_one_step(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 20)
    plan = await planned(organiser, event)
    await organiser.ask(CONFIRM, id=plan, so=False)
    gone = (await navigators(organiser, 20))[3]
    asked = {"plan": plan, "over": 1, "missing": [gone], "seconds": 0.3, "confirm": True}
    child, late = [(await organiser.ask(REPLAN, input=asked))["replanRounds"]["id"] for _turn in range(2)]
    for one in (child, late):
        assert (await done(organiser, one))["state"] == "DONE"
    query = "query ($id: ID!) { plan(id: $id) { confirmed } }"
    confirmed = [(await organiser.ask(query, id=one))["plan"]["confirmed"] for one in (plan, child, late)]
    # Only one of them was made for the plan that the event still went by.
    assert sorted(confirmed[1:]) == [False, True]
    assert not confirmed[0]

    def without(data: dict[str, Any]) -> bool:
        rounds = [
            [s["navigator"]["id"] for t in row["tables"] for s in t["participants"]] for row in data["event"]["rounds"]
        ]
        return len(rounds) == 3 and [gone in row for row in rounds] == [True, False, False]

    await organiser.until(SEATED, without, id=event)


async def test_a_day_that_cannot_be_is_refused(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 20)
    plan = await planned(organiser, event)
    ids = await navigators(organiser, 20)
    for odd, field in (
        ({"over": 3}, "over"), ({"over": -1}, "over"), ({"over": 1, "missing": ["nobody"]}, "missing"),
        ({"over": 1, "new": ["nobody"]}, "new"), ({"over": 1, "missing": [ids[0]], "new": [ids[0]]}, "new"),
        ({"over": 1, "mostMoved": -1}, "mostMoved"),
    ):  # fmt: skip
        with pytest.raises(Answered) as caught:
            await organiser.ask(REPLAN, input={"plan": plan, **odd})
        assert [problem.field for problem in caught.value.problems] == [field]


async def test_more_seats_change_than_allowed_only_where_the_tables_need_it_and_in_words(
    hub: Hub, clients: Clients
) -> None:
    organiser, event = await people(hub, clients, 20)
    plan = await planned(organiser, event)
    await organiser.ask(CONFIRM, id=plan, so=False)
    at_one = sorted((await seats(organiser, plan))[1][0])
    asked = {"plan": plan, "over": 1, "missing": at_one, "mostMoved": 0, "seconds": 0.3, "confirm": True}
    query = "query ($id: ID!) { plan(id: $id) { confirmed day { remark moved { round } } } }"
    child = (await organiser.ask(REPLAN, input=asked))["replanRounds"]["id"]
    assert (await done(organiser, child))["state"] == "DONE"
    found = (await organiser.ask(query, id=child))["plan"]
    moved = len(found["day"]["moved"])
    assert moved > 0  # a whole table went
    assert f"{moved} Plätze wechseln statt höchstens 0" in found["day"]["remark"]
    assert not found["confirmed"]
    enough = {**asked, "mostMoved": moved + 5}
    child = (await organiser.ask(REPLAN, input=enough))["replanRounds"]["id"]
    assert (await done(organiser, child))["state"] == "DONE"
    found = (await organiser.ask(query, id=child))["plan"]
    assert (found["confirmed"], found["day"]["remark"]) == (True, None)


async def test_who_is_noted_as_absent_is_missing_without_being_named(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 20)
    plan = await planned(organiser, event)
    await organiser.ask(CONFIRM, id=plan, so=False)
    away, home, back = (await navigators(organiser, 20))[:3]
    came = """mutation ($e: ID!, $n: [ID!]!, $as: AttendanceState!) {
      setAttendance(event: $e, navigators: $n, attendance: $as) { id } }"""
    for who, state in ((away, "NO_SHOW"), (home, "LEFT"), (back, "LEFT")):
        await organiser.ask(came, e=event, n=[who], **{"as": state})
    asked = {"plan": plan, "over": 1, "new": [back], "seconds": 0.3, "confirm": True}
    child = (await organiser.ask(REPLAN, input=asked))["replanRounds"]["id"]
    assert (await done(organiser, child))["state"] == "DONE"
    there = [set().union(*tables) for tables in await seats(organiser, child)]
    assert [{away, home, back} & everybody for everybody in there[1:]] == [{back}] * (len(there) - 1)
    # Who was left out once stays out until their absence is taken back.
    again = {"plan": child, "over": 2, "seconds": 0.3}
    last = (await organiser.ask(REPLAN, input=again))["replanRounds"]["id"]
    assert (await done(organiser, last))["state"] == "DONE"
    there = [set().union(*tables) for tables in await seats(organiser, last)]
    assert not {away, home, back} & there[-1]
