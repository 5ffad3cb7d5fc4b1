"""What a plan gives to whom, a second plan with other weights beside it, and what both differ in."""

import uuid
from typing import Any

import msgspec
import pytest

from services.cli.client import Answered, Client
from services.contracts.directory import NavigatorErased
from services.kit.db import HUB
from services.kit.service import Hub
from services.matching import intake, rounds
from services.matching.models import Plan
from services.matching.problem import build, weights
from services.matching.question import Mixing, Person, Question, wished
from services.matching.solving import solve
from services.matching.strength import Strength, Wish
from tests.conftest import Clients
from tests.matching.planned import HEILBRONN, KONSTANZ, ask, done, people, row_of

SECOND = "mutation ($plan: ID!, $more: PlanWish!) { secondPlan(plan: $plan, more: $more) { id more parent { id } } }"
TRADE_OFFS = """query ($id: ID!) { plan(id: $id) { more tradeOffs { reached objective { value random bound }
  worstOff { navigator { id } affinity interest met cities again } contacts { one { ags } other { ags } pairs }
  repeats { one { id } other { id } times earlier } unmet { one { id } other { id } } pairs pairsOfCities }
  provenance { weights { name strength value } repeatable } quality { leastAffinity fewestCities } } }"""
COMPARE = """query ($one: ID!, $other: ID!) { comparedPlans(one: $one, other: $other) {
  figures { name one other otherIsBetter }
  gain { navigator { id } one other } lose { navigator { id } one other } } }"""


@pytest.fixture(scope="module")
def workers() -> bool:
    return True


async def planned(client: Client, event: str, **changes: Any) -> str:
    plan = await ask(client, event, **{"iterations": 200_000, **changes})
    assert (await done(client, plan))["state"] == "DONE"
    return plan


async def test_a_second_plan_stands_beside_the_first(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 40)
    plan = await planned(organiser, event, rounds=5, tables=5)
    second = (await organiser.ask(SECOND, plan=plan, more="COMMON_TOPICS"))["secondPlan"]
    assert (second["more"], second["parent"]["id"]) == ("COMMON_TOPICS", plan)
    assert (await done(organiser, second["id"]))["state"] == "DONE"

    first, other = [(await organiser.ask(TRADE_OFFS, id=one))["plan"] for one in (plan, second["id"])]
    assert (first["more"], other["more"]) == (None, "COMMON_TOPICS")
    counts = {one["name"]: one["strength"] for one in other["provenance"]["weights"]}
    assert counts == {
        "commonTopics": "STRONG",
        "topicsAtTables": "WEAK",
        "repeats": "NORMAL",
        "earlierMeetings": "NORMAL",
    }
    assert {one["strength"] for one in first["provenance"]["weights"]} == {"STRONG", "NORMAL"}
    assert other["provenance"]["repeatable"]
    # Valued alike: what chance gives and what no plan exceeds are the same for both.
    for name in ("random", "bound"):
        assert first["tradeOffs"]["objective"][name] == other["tradeOffs"]["objective"][name]
    found = (await organiser.ask(COMPARE, one=plan, other=second["id"]))["comparedPlans"]
    figures = {figure["name"]: figure for figure in found["figures"]}
    assert figures["affinity"]["otherIsBetter"] is True
    assert figures["objective"]["otherIsBetter"] is not True
    assert figures["iterations"]["otherIsBetter"] is None
    assert figures["pairs"]["one"] == first["tradeOffs"]["pairs"]
    assert found["gain"]
    assert all(share["other"] > share["one"] for share in found["gain"])
    assert all(share["other"] < share["one"] for share in found["lose"])

    again = await organiser.ask("mutation ($id: ID!) { recomputePlan(id: $id) { id more } }", id=second["id"])
    assert again["recomputePlan"]["more"] == "COMMON_TOPICS"
    await done(organiser, again["recomputePlan"]["id"])
    rows = [(await row_of(hub, one)).answer or {} for one in (second["id"], again["recomputePlan"]["id"])]
    assert rows[0]["plan"] == rows[1]["plan"]
    assert rows[0]["problem_digest"] == rows[1]["problem_digest"]


async def test_what_a_plan_gives_to_whom(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 20)
    plan = await planned(organiser, event, rules={"mixing": []})
    found = (await organiser.ask(TRADE_OFFS, id=plan))["plan"]
    told = found["tradeOffs"]
    assert len(told["worstOff"]) == 10
    assert told["worstOff"][0]["affinity"] == pytest.approx(found["quality"]["leastAffinity"])
    assert told["objective"]["random"] < told["objective"]["value"] <= told["objective"]["bound"]
    assert 0 < told["reached"] <= 1
    # Cities are counted although no rule mixes them.
    between = {(two["one"]["ags"], two["other"]["ags"]): two["pairs"] for two in told["contacts"]}
    assert between[HEILBRONN, KONSTANZ] == told["pairsOfCities"]
    assert sum(between.values()) == told["pairs"]

    guest = await clients(HEILBRONN)
    assert (await guest.ask(TRADE_OFFS, id=plan))["plan"]["tradeOffs"] is None
    with pytest.raises(Answered) as caught:
        await guest.ask(SECOND, plan=plan, more="NEW_MEETINGS")
    assert caught.value.reason == "FORBIDDEN"


async def test_more_of_a_hard_rule_is_refused(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 10)
    hard = await ask(organiser, event, iterations=1_000, tables=2, rules={"repeats": "HARD"})
    for wish in ("NEW_MEETINGS", "MIXED_CITIES"):
        with pytest.raises(Answered) as caught:
            await organiser.ask(SECOND, plan=hard, more=wish)
        assert caught.value.reason == "REFUSED"
    with pytest.raises(Answered) as caught:
        await ask(organiser, event, rules={"commonTopics": "HARD"})
    assert [problem.field for problem in caught.value.problems] == ["commonTopics"]


async def test_who_is_erased_stands_in_no_trade_off(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 20)
    plan = await planned(organiser, event, rounds=6, tables=5)
    before = (await organiser.ask(TRADE_OFFS, id=plan))["plan"]["tradeOffs"]
    gone = before["repeats"][0]["one"]["id"]
    async with hub.runtimes["matching"].db.begin(HUB) as session:
        (own,) = (await rounds.about(session, uuid.UUID(gone)))["plans"]
        assert own["gets"] > 0
        await intake.erase(session, NavigatorErased(id=gone, ags=KONSTANZ))
    row = await row_of(hub, plan)
    assert gone not in msgspec.json.encode((row.question, row.answer)).decode()
    assert len((row.answer or {})["trade_offs"]["points"]) == 19
    second = (await organiser.ask(SECOND, plan=plan, more="NEW_MEETINGS"))["secondPlan"]["id"]
    assert (await done(organiser, second))["state"] == "DONE"
    assert (await organiser.ask(COMPARE, one=plan, other=second))["comparedPlans"]["figures"]


async def test_plans_from_before_trade_offs_were_kept(hub: Hub, clients: Clients) -> None:
    organiser, event = await people(hub, clients, 10)
    plan = await planned(organiser, event)
    async with hub.runtimes["matching"].db.begin(HUB) as session:
        row = await session.get_one(Plan, plan)
        row.answer = {name: value for name, value in (row.answer or {}).items() if name != "trade_offs"}
    found = (await organiser.ask(TRADE_OFFS, id=plan))["plan"]
    assert (found["tradeOffs"], found["quality"]["fewestCities"]) == (None, 2)
    compared = (await organiser.ask(COMPARE, one=plan, other=plan))["comparedPlans"]
    assert (compared["gain"], compared["lose"]) == ([], [])
    assert {one["otherIsBetter"] for one in compared["figures"]} == {None}


def question(**changes: Any) -> Question:
    """Sixty people of three cities with a few topics each, in rounds that are too many for nobody to meet twice."""
    topics = [f"t{number}" for number in range(12)]
    crowd = tuple(
        Person(f"p{i:02}", f"0{i % 7 % 3}", (topics[i % 12],), (topics[i * 5 % 12],), (topics[i * 7 % 11],))
        for i in range(60)
    )
    usual = {"seconds": None, "iterations": 300_000, "mix": ()}
    return Question(6, 6, tuple((one, None) for one in topics), crowd, **{**usual, **changes})


@pytest.mark.parametrize(
    ("wish", "figure", "sign"),
    [
        (Wish.NEW_MEETINGS, "repeats", -1), (Wish.COMMON_TOPICS, "affinity", 1), (Wish.TABLE_TOPICS, "topic", 1),
        (Wish.MIXED_CITIES, "pairs_of_cities", 1),
    ],
)  # fmt: skip
def test_a_wish_gives_more_of_what_is_wished(wish: Wish, figure: str, sign: int) -> None:
    asked = question(repeats=Strength.NORMAL)

    def found(more: Wish | None) -> float:
        answer = solve({"question": msgspec.to_builtins(msgspec.structs.replace(asked, more=more))}, lambda _told: True)
        return float((answer["trade_offs"] | answer)[figure])

    assert sign * found(wish) > sign * found(None)


@pytest.mark.parametrize("wish", list(Wish))
def test_what_was_forbidden_stays_forbidden(wish: Wish) -> None:
    hard = (Mixing("city"), Mixing("department", Strength.WEAK))
    aimed = wished(question(repeats=Strength.HARD, mix=hard, common_topics=Strength.OFF, more=wish))
    assert (aimed.repeats, aimed.mixing) == (Strength.HARD, hard)
    assert aimed.common_topics is (Strength.STRONG if wish is Wish.COMMON_TOPICS else Strength.OFF)
    assert wished(question(repeats=Strength.HARD)) == question(repeats=Strength.HARD)


def test_strengths_are_weights() -> None:
    usual = weights(question())
    assert (usual.affinity, usual.topic, usual.repeat) == (1.0, 0.5, 10.0)
    other = weights(question(common_topics=Strength.WEAK, topics_at_tables=Strength.OFF, repeats=Strength.OFF))
    assert other.affinity == pytest.approx(1 / 3)
    assert (other.topic, other.repeat) == (0.0, 0.0)
    assert build(question(common_topics=Strength.WEAK)).weights.affinity == other.affinity
