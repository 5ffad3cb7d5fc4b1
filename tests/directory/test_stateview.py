"""The state as a whole: what is counted, for whom, and who decides about places and care."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from services.directory import register
from services.directory.stateview import growth
from services.kit.db import HUB
from services.kit.service import Hub
from tests.browser_like import Browser, account, logged_in
from tests.conftest import Clients
from tests.directory.state_world import BW, DRESDEN, SACHSEN, VILLAGE, build, city, execute, person
from tests.directory.test_publishing import publish
from tests.directory.test_register import HEILBRONN, KONSTANZ, file, load

NUMBERS = """municipalities takingPart withNavigators navigators population reached"""
COVERAGE = f"""{{ state(code: "08") {{ name coverage {{ {NUMBERS} }} sizeClasses {{ sizeClass {NUMBERS} }}
  districts {{ district districtCode municipalities takingPart }}
  soughtOnly {{ topic {{ code }} people elsewhere }} offeredOnly {{ topic {{ code }} people elsewhere }} }} }}"""
LIST = """query ($which: WhichMunicipalities, $district: ID, $size: SizeClass, $by: MunicipalityOrder! = NAME,
  $first: Int! = 10, $after: String) { state(code: "08") {
  municipalities(which: $which, district: $district, sizeClass: $size, by: $by, first: $first, after: $after) {
    nodes { ags name population takingPart navigators city { name } } pageInfo { hasNextPage endCursor } } } }"""
PLACES = """{ state(code: "08") { quota { rule { population places }
  total { municipalities takingPart entitled used free over own }
  sizes { sizeClass entitled used free over own } } } }"""
STEERED = ("pending", "withoutCare", "caseload { name }", "municipalities(which: FREE_PLACES) { nodes { ags } }",
           "municipalities { nodes { places { used } } }")  # fmt: skip
RULE = 'mutation ($steps: [QuotaStepInput!]!) { setQuotaRule(state: "08", steps: $steps) { code } }'
CARE = "mutation ($ags: ID!, $account: ID!) { assignCare(ags: $ags, account: $account) { code } }"
RELEASE = "mutation ($ags: ID!) { releaseCare(ags: $ags) { code } }"
STEPS = [{"population": 0, "places": 0}, {"population": 50_000, "places": 2}, {"population": 100_000, "places": 4}]


@pytest_asyncio.fixture(scope="module")
async def world(shared: Hub) -> AsyncIterator[Hub]:
    made = Clients(shared, [])
    await build(shared, made)
    yield shared
    for client in made.made:
        await client.close()


async def ask(browser: Browser, query: str, **variables: Any) -> dict[str, Any]:
    answer = await browser.graph(query, **variables)
    assert "errors" not in answer, answer
    return dict(answer["data"].get("state") or answer["data"])


def code(answer: dict[str, Any]) -> str:
    return str(answer["errors"][0]["extensions"]["code"]) if answer.get("errors") else ""


@pytest_asyncio.fixture
async def central(world: Hub) -> AsyncIterator[Browser]:
    browser = await logged_in(world, BW, "central")
    yield browser
    await browser.close()


@pytest_asyncio.fixture
async def anybody(world: Hub) -> AsyncIterator[Browser]:
    browser = Browser(world)
    yield browser
    await browser.close()


async def test_coverage_counts_whom_the_asker_sees(anybody: Browser, central: Browser) -> None:
    public, network = await ask(anybody, COVERAGE), await ask(central, COVERAGE)
    population = 85859 + 128334 + 120 * 1000
    state = {"municipalities": 122, "takingPart": 3, "population": population}  # the forest is none of them
    assert public["coverage"] == {**state, "withNavigators": 1, "navigators": 5, "reached": 85859}
    assert network["coverage"] == {**state, "withNavigators": 2, "navigators": 6, "reached": 85859 + 128334}
    assert [(one["sizeClass"], one["municipalities"], one["navigators"]) for one in network["sizeClasses"]] == [
        ("VILLAGE", 120, 0), ("MEDIUM_TOWN", 1, 5), ("CITY", 1, 1),
    ]  # fmt: skip
    assert public["districts"] == [
        {"district": "Heilbronn", "districtCode": "08121", "municipalities": 1, "takingPart": 1},
        {"district": "Konstanz", "districtCode": "08335", "municipalities": 121, "takingPart": 2},
    ]


async def test_topics_without_an_answer(anybody: Browser, central: Browser) -> None:
    def gaps(found: dict[str, Any], name: str) -> list[tuple[str, int, int]]:
        return [(one["topic"]["code"], one["people"], one["elsewhere"]) for one in found[name]]

    public, network = await ask(anybody, COVERAGE), await ask(central, COVERAGE)
    # An offer for a narrower topic counts: budget planning, in Dresden, is finance.
    assert gaps(public, "soughtOnly") == [("finance", 1, 1), ("e-invoice", 1, 0)]
    assert gaps(network, "soughtOnly") == [("e-invoice", 2, 0), ("finance", 1, 1)]
    assert gaps(network, "offeredOnly") == [("e-file", 1, 1)]


async def test_municipalities_one_by_one(anybody: Browser) -> None:
    async def names(**variables: Any) -> list[str]:
        return [one["name"] for one in (await ask(anybody, LIST, **variables))["municipalities"]["nodes"]]

    assert await names(which="TAKING_PART") == ["Dorf 100", "Heilbronn", "Konstanz"]
    assert await names(which="WITHOUT_NAVIGATORS") == ["Dorf 100", "Heilbronn"]
    assert await names(which="STALE") == ["Dorf 100"]
    assert await names(which="NOT_TAKING_PART", first=1) == ["Dorf 101"]
    assert await names(district="08121") == await names(size="CITY") == ["Heilbronn"]
    for by in ("NAME", "POPULATION"):
        seen: list[str] = []
        after, more = None, True
        while more:
            page = (await ask(anybody, LIST, by=by, first=50, after=after))["municipalities"]
            seen += [one["ags"] for one in page["nodes"]]
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        assert (len(seen), len(set(seen))) == (122, 122)
    assert await names(by="POPULATION", first=2) == ["Heilbronn", "Konstanz"]
    assert code(await anybody.graph(LIST, by="POPULATION", after="5b226122 2c2262225d".replace(" ", ""))) == "REFUSED"
    assert code(await anybody.graph('{ state(code: "17") { name } }')) == "REFUSED"


async def test_departments_beside_their_targets(anybody: Browser, central: Browser) -> None:
    query = f'{{ city(ags: "{KONSTANZ.ags}") {{ coverage {{ key name target actual }} }} }}'
    found = (await ask(anybody, query))["city"]["coverage"]
    assert found == [
        {"key": "65", "name": "Hochbauamt", "target": 2, "actual": 1},
        {"key": "20", "name": "Kämmerei", "target": 2, "actual": 2},
    ]
    below = (await ask(central, LIST, which="BELOW_TARGET"))["municipalities"]["nodes"]
    assert [one["name"] for one in below] == ["Konstanz"]


async def test_places_by_the_rule(world: Hub, central: Browser) -> None:
    before = (await ask(central, PLACES))["quota"]
    assert (before["rule"], before["total"]["entitled"], before["total"]["used"]) == ([], 0, 3)
    await ask(central, RULE, steps=list(reversed(STEPS)))
    quota = (await ask(central, PLACES))["quota"]
    assert quota["rule"] == STEPS
    total = {"municipalities": 122, "takingPart": 3, "entitled": 6, "used": 3, "free": 4, "over": 1, "own": 3}
    assert quota["total"] == total
    assert quota["sizes"][1:] == [
        {"sizeClass": "MEDIUM_TOWN", "entitled": 2, "used": 3, "free": 0, "over": 1, "own": 2},
        {"sizeClass": "CITY", "entitled": 4, "used": 0, "free": 4, "over": 0, "own": 1},
    ]
    for which, names in (("ABOVE_QUOTA", ["Konstanz"]), ("OVERDRAWN", ["Konstanz"]), ("FREE_PLACES", ["Heilbronn"])):
        found = (await ask(central, LIST, which=which))["municipalities"]["nodes"]
        assert [one["name"] for one in found] == names, which


@pytest.mark.parametrize(
    ("steps", "places"),
    [
        ([{"population": -1, "places": 1}], [("steps[0]", "population")]),
        ([{"population": 5, "places": 1}, {"population": 5, "places": 2}], [("steps[1]", "population")]),
        ([{"population": 5, "places": 1_001}], [("steps[0]", "places")]),
        ([{"population": n, "places": 1} for n in range(21)], [("steps", "population")]),
    ],
)
async def test_what_is_no_rule_is_refused(central: Browser, steps: Any, places: list[tuple[str, str]]) -> None:
    stored = (await ask(central, PLACES))["quota"]["rule"]
    answer = await central.graph(RULE, steps=steps)
    problems = answer["errors"][0]["extensions"]["problems"]
    assert [(one["row"], one["field"]) for one in problems] == places
    assert (await ask(central, PLACES))["quota"]["rule"] == stored


async def test_what_grows_old(central: Browser) -> None:
    found = await ask(central, '{ state(code: "08") { stale { below3 from3 from6 from12 pastLastDay } } }')
    assert found["stale"] == {"below3": 2, "from3": 0, "from6": 1, "from12": 0, "pastLastDay": 1}


async def test_growth_by_month(world: Hub, anybody: Browser) -> None:
    count = "INSERT INTO daily_count SELECT date_trunc('month', now())::date - CAST(:days AS int), '08', :cities, 0, 0"
    for days, cities in ((1, 2), (5, 1), (800, 1)):
        await execute(world, count, days=days, cities=cities)
    query = '{ state(code: "08") { growth(months: 12) { cities navigators projects } } }'
    expected = [{"cities": 2, "navigators": 0, "projects": 0}, {"cities": 3, "navigators": 5, "projects": 0}]
    assert (await ask(anybody, query))["growth"] == expected
    for _turn in range(2):  # two workers count the same day
        async with world.runtimes["directory"].db.begin(HUB) as session:
            await growth.count(session)
    assert (await ask(anybody, query))["growth"] == expected
    assert code(await anybody.graph('{ state(code: "08") { growth(months: 0) { cities } } }')) == "REFUSED"


async def test_the_case_load(world: Hub, central: Browser) -> None:
    other = await account(world, BW, "central", name="Robin Muster")
    assert (await ask(central, '{ state(code: "08") { withoutCare } }'))["withoutCare"] == 3
    for ags in (KONSTANZ.ags, VILLAGE, "08335101"):
        await ask(central, CARE, ags=ags, account=str(other))
    query = '{ state(code: "08") { withoutCare caseload { name active municipalities takingPart navigators } } }'
    found = await ask(central, query)
    robin = {"name": "Robin Muster", "active": True, "municipalities": 3, "takingPart": 2, "navigators": 5}
    assert (found["withoutCare"], [one for one in found["caseload"] if one["municipalities"]]) == (1, [robin])

    own = Browser(world)
    await own.log_in(other)
    me = (await ask(own, "{ me { caseload { ags name } } }"))["me"]["caseload"]
    assert [one["ags"] for one in me] == [VILLAGE, "08335101", KONSTANZ.ags]
    await execute(world, "DELETE FROM role_grant WHERE account_id = :id", id=other)
    assert {**robin, "active": False} in (await ask(central, query))["caseload"]

    coordinator = await account(world, KONSTANZ.ags, "coordinator")
    for ags, account_id, reason in (
        (KONSTANZ.ags, coordinator, "REFUSED"), (KONSTANZ.ags, other, "REFUSED"), ("08999999", other, "REFUSED"),
        (DRESDEN, coordinator, "FORBIDDEN"),
    ):  # fmt: skip
        assert code(await central.graph(CARE, ags=ags, account=str(account_id))) == reason
    await ask(central, RELEASE, ags=VILLAGE)
    assert code(await central.graph(RELEASE, ags=VILLAGE)) == "NOT_FOUND"
    log = await ask(central, '{ auditLog(org: "08", first: 5) { nodes { action ags } } }')
    assert {"action": "care.released", "ags": VILLAGE} in log["auditLog"]["nodes"]
    await own.close()


async def test_who_sees_and_changes_what(world: Hub, anybody: Browser) -> None:
    async def allowed(browser: Browser, field: str) -> str:
        return code(await browser.graph(f'{{ state(code: "08") {{ {field} }} }}'))

    askers = {
        (BW, "central"): ("", ""), ("hub", "operator"): ("", ""), (KONSTANZ.ags, "coordinator"): ("", "FORBIDDEN"),
        (KONSTANZ.ags, "editor"): ("FORBIDDEN", "FORBIDDEN"), (DRESDEN, "coordinator"): ("FORBIDDEN", "FORBIDDEN"),
        (SACHSEN, "central"): ("FORBIDDEN", "FORBIDDEN"),
    }  # fmt: skip
    for (org, role), (numbers, steering) in askers.items():
        browser = await logged_in(world, org, role)
        for field in ("quota { total { used } }", "stale { below3 }"):
            assert await allowed(browser, field) == numbers, (org, role, field)
        for field in STEERED:
            assert await allowed(browser, field) == steering, (org, role, field)
        assert code(await browser.graph(RULE, steps=STEPS)) == steering, (org, role)
        await browser.close()
    for field in ("quota { total { used } }", *STEERED):
        assert await allowed(anybody, field) in {"UNAUTHENTICATED", "FORBIDDEN"}, field


async def test_what_a_city_is_follows_the_register(hub: Hub, clients: Clients) -> None:
    """Heilbronn told no population, Konstanz did; Dorf 100 ends."""
    told = city(KONSTANZ.ags, "Konstanz", [person("a")])
    told["city"]["population"] = 85_000
    await publish(await clients(KONSTANZ.ags), told)
    await publish(await clients(HEILBRONN.ags), city(HEILBRONN.ags, "Heilbronn", []))
    query = "{ cities { nodes { ags state district sizeClass population } } }"
    client = await clients(None)

    async def facts() -> dict[str, tuple[Any, ...]]:
        rows = (await client.ask(query))["cities"]["nodes"]
        return {row["ags"]: (row["district"], row["sizeClass"], row["population"]) for row in rows}

    assert await facts() == {KONSTANZ.ags: ("", "MEDIUM_TOWN", 85_000), HEILBRONN.ags: ("", None, None)}
    await load(hub, file(KONSTANZ, HEILBRONN))
    assert await facts() == {
        KONSTANZ.ags: ("Konstanz", "MEDIUM_TOWN", 85_000), HEILBRONN.ags: ("Heilbronn", "CITY", None),
    }  # fmt: skip
    smaller = [replace(KONSTANZ, population=4_000), replace(HEILBRONN, population=99_000)]
    content = file(*smaller, day="20241130").replace(b"Konstanz  ", b"Bodensee  ")
    await load(hub, content)
    after = {KONSTANZ.ags: ("Bodensee", "MEDIUM_TOWN", 85_000), HEILBRONN.ags: ("Heilbronn", "MEDIUM_TOWN", None)}
    assert await facts() == after
    assert register.size_class(99_000) == "MEDIUM_TOWN"
