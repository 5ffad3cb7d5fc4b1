"""The organiser's pages for groups, as a coordinator uses them: read, filled in, sent; and what they refuse."""

import asyncio
import html
import re
import uuid
from typing import Any

import httpx
import pytest

from services.cli import demo
from services.kit.db import HUB
from services.kit.service import Hub
from services.matching.models import Navigator
from tests.browser_like import Browser, logged_in
from tests.conftest import Clients
from tests.events.open_space import SPEYER
from tests.kit.test_assets import MOST_HTML
from tests.matching.planned import KONSTANZ, navigators, people, row_of
from tests.stories import test_pages

NO_SHOW = """mutation ($event: ID!, $who: [ID!]!) {
  setAttendance(event: $event, navigators: $who, attendance: NO_SHOW) { id } }"""
PERSON = re.compile(r"/people/([0-9a-f-]{36})\">([^<]+)</a>")


@pytest.fixture(scope="module")
def workers() -> bool:
    return True


async def opened(hub: Hub, clients: Clients, count: int = 20) -> tuple[Browser, str]:
    """A coordinator of Konstanz, and the path of the groups of an event that they made in the browser."""
    client, _event = await people(hub, clients, 0)
    browser = await logged_in(hub, KONSTANZ, "coordinator")
    event = (await browser.graph(demo.CREATE, event=demo.snapshot("event")))["data"]["createEvent"]["id"]
    joined = await browser.graph(demo.JOIN, event=event, navigators=await navigators(client, count))
    assert "errors" not in joined
    await hub.settle()
    return browser, f"/organise/{event}/groups"


async def read(browser: Browser, path: str) -> httpx.Response:
    answer = await browser.http.get(path)
    assert answer.status_code == 200, (path, answer.text[-1500:])
    assert len(answer.content) < MOST_HTML
    return answer


async def sent(browser: Browser, page: httpx.Response, action: str, **fields: Any) -> httpx.Response:
    """The page that the form led to."""
    answer = await browser.submit(page, action, **fields)
    assert answer.status_code == 303, answer.text[-3000:]
    return await read(browser, answer.headers["location"])


async def refused(browser: Browser, page: httpx.Response, action: str, status: int = 422, **fields: Any) -> str:
    answer = await browser.submit(page, action, **fields)
    assert answer.status_code == status, answer.text[-3000:]
    return answer.text


async def planned(browser: Browser, at: str, **wishes: Any) -> httpx.Response:
    """The page of a plan that was asked for and is done."""
    page = await sent(
        browser, await read(browser, f"{at}/new"), f"{at}/new", rounds="3", tables="4", seconds="1", **wishes
    )
    return await finished(browser, page)


async def finished(browser: Browser, page: httpx.Response) -> httpx.Response:
    for _turn in range(200):
        if "hx-trigger" not in page.text:
            return page
        await asyncio.sleep(0.3)
        page = await read(browser, page.url.path)
    raise AssertionError("the plan was never done")


async def names(browser: Browser, plan: str) -> dict[str, str]:
    """The keys of everybody in the plan, by name."""
    return {name: key for key, name in PERSON.findall((await read(browser, f"{plan}/people")).text)}


async def test_a_plan_is_asked_for_looked_at_changed_and_published(hub: Hub, clients: Clients) -> None:
    browser, at = await opened(hub, clients)
    assert at in (await read(browser, "/organise/groups")).text
    assert "Noch gibt es keinen Plan." in (await read(browser, at)).text

    page = await planned(browser, at)
    plan = page.url.path
    assert "So weit kommt der Plan" in page.text
    assert "Heilbronn – Konstanz" in page.text
    assert "Plan 1" in (await read(browser, at)).text

    everybody = await names(browser, plan)
    assert len(everybody) == 20
    first = await read(browser, f"{plan}/rounds/1")
    assert set(PERSON.findall(first.text)) == {(key, name) for name, key in everybody.items()}
    assert first.text.count("data-drop=") == 4
    assert "/static/drag." not in first.text  # the solver's plans stay as they are
    name, person = next(iter(everybody.items()))
    found = await read(browser, f"{plan}/rounds/1?q={name.split()[-1]}")
    assert found.text.count("data-drop=") == 1
    assert (await read(browser, f"{plan}/people?q={name.split()[-1]}")).text.count("/people/") < 10

    # A copy, in which somebody moves, and back again
    page = await sent(
        browser, await read(browser, f"{plan}/people/{person}"), f"{plan}/act", step="copy", person=person
    )
    copy = page.url.path.partition("/people/")[0]
    assert copy != plan
    seats = dict.fromkeys(range(1, 4), 0) | {
        int(number): int(table) for number, table in re.findall(r"rounds/(\d+)\?table=(\d+)", page.text)
    }
    other = seats[1] % 4 + 1
    preview = await browser.submit(page, f"{copy}/change", step="preview", round="1", table=str(other))
    assert (preview.status_code, "Punkte" in preview.text) == (200, True)
    assert (await row_of(hub, copy[-36:])).version == 1
    page = await sent(browser, page, f"{copy}/change", step="move", round="1", table=str(other))
    assert f"rounds/1?table={other}" in page.text
    assert "Rückgängig" in page.text
    page = await sent(browser, page, f"{copy}/change", step="move", round="1", table=str(seats[1]))
    assert (await row_of(hub, copy[-36:])).answer["plan"] == (await row_of(hub, plan[-36:])).answer["plan"]  # type: ignore[index]

    # By dragging: what the script sends, from the page of tables
    tables = await read(browser, f"{copy}/rounds/2")
    assert "/static/drag." in tables.text
    target = seats[2] % 4 + 1
    tables = await sent(browser, tables, f"{copy}/change", step="move", navigator=person, table=str(target))
    assert tables.url.path == f"{copy}/rounds/2"
    assert "harte Regeln." in tables.text.partition("<h1>")[0]  # tables differ by two now
    assert str(person) in tables.text.partition(f'data-drop="{target}"')[2].partition("data-drop")[0]

    # Pinned, nobody moves them
    page = await read(browser, f"{copy}/people/{person}")
    stale = page
    page = await sent(browser, page, f"{copy}/change", step="pin")
    assert "festgesetzt" in page.text
    assert "Jemand anderes" in await refused(browser, stale, f"{copy}/change", 409, step="move", round="1", table="1")
    await sent(browser, page, f"{copy}/change", step="unpin")

    page = await sent(browser, await read(browser, plan), f"{plan}/act", step="confirm")
    assert "gilt für den Tag" in page.text
    await hub.settle()
    day = (await browser.graph("query ($id: ID!) { event(id: $id) { rounds { number } } }", id=at.split("/")[2]))[
        "data"
    ]
    assert len(day["event"]["rounds"]) == 3
    await browser.close()


async def test_the_form_begins_with_what_stands_in_the_event(hub: Hub, clients: Clients) -> None:
    browser, at = await opened(hub, clients)
    written = demo.snapshot("event")["rounds"]
    page = (await read(browser, f"{at}/new")).text
    assert fields(page) == (str(written["count"]), str(written["tables"]), len(written["tableTopics"]))
    proposed = html.unescape(re.findall(r'name="topics"[^>]*>([^<]*)</textarea>', page)[0]).strip()
    form = await read(browser, f"{at}/new")
    plan = await sent(browser, form, f"{at}/new", rounds="2", tables="4", seconds="1", topics=proposed)
    assert "Die Themen der Veranstaltung wurden weggelassen" in plan.text, "with another number of tables"
    own = "\n".join([*proposed.splitlines()[1:], proposed.splitlines()[0]])
    wrong = await refused(browser, form, f"{at}/new", rounds="2", tables="4", seconds="1", topics=own)
    assert f"(Themen: {written['tables']}, Tische: 4)" in wrong, "what somebody wrote is never left out silently"
    change = "mutation ($id: ID!, $event: EventInput!) { changeEvent(id: $id, event: $event) { id } }"
    changed = demo.snapshot("event") | {"rounds": written | {"count": 4, "tables": 12, "tableTopics": []}}
    told = await browser.graph(change, id=at.split("/")[2], event=changed)
    assert "errors" not in told
    await hub.settle()
    page = (await read(browser, f"{at}/new")).text  # twelve tables are too many for twenty people
    assert fields(page) == ("4", "5", 0)
    await browser.close()


def fields(page: str) -> tuple[str, str, int]:
    """Rounds, tables, and how many topics they have."""
    rounds, tables = (re.search(rf'<input[^>]*name="{name}"[^>]*value="(\d+)"', page) for name in ("rounds", "tables"))
    topics = re.search(r'<textarea[^>]*name="topics"[^>]*>([^<]*)</textarea>', page)
    assert rounds is not None
    assert tables is not None
    assert topics is not None
    return rounds[1], tables[1], len(list(filter(str.strip, topics[1].split("\n"))))


async def test_wishes_are_written_in_names(hub: Hub, clients: Clients) -> None:
    """Lines that cannot be read are named, the input is kept; a plan's wishes come back as they were written."""
    browser, at = await opened(hub, clients)
    first = await planned(browser, at)
    everybody = sorted(await names(browser, first.url.path))
    one, other, third = everybody[:3]
    form = await read(browser, f"{at}/new")
    wrong = await refused(
        browser, form, f"{at}/new", rounds="3", tables="0",
        must=f"{one}; {other[:-1]}x\nNiemand Hier; {one}\n\n{one}", hosts=f"{one}; drei",
    )  # fmt: skip
    assert "Bitte wählen Sie eine Zahl von 1 bis 1000." in wrong
    wrong = await refused(
        browser, form, f"{at}/new", rounds="3", tables="4", seats="viele", topics="Zauberei",
        must=f"{one}; {other[:-1]}x\nNiemand Hier; {one}\n\n{one}", hosts=f"{one}; drei",
    )  # fmt: skip
    for said in (
        f"Meinen Sie: {other}", "Zeile 2: „Niemand Hier“ nimmt nicht teil.", "Zeile 4: Bitte schreiben Sie zwei Namen",
        "Zeile 1: Bitte schreiben Sie den Namen, ein Semikolon", "„Zauberei“ ist kein Thema", "zum Beispiel 6 oder 4-6",
        "Niemand Hier;",
    ):  # fmt: skip
        assert said in wrong
    asked: dict[str, Any] = {"rounds": "3", "tables": "4"}
    assert "Einen Tisch 9 gibt es nicht." in await refused(browser, form, f"{at}/new", **asked, hosts=f"{one}; 9")
    wrong = await refused(browser, form, f"{at}/new", **asked, hosts=f"{one}; 1", presence=f"{one}; 1")
    assert f"{one} (" in wrong  # whom the graph's refusal is about
    wishes = {
        "must": f"{one}; {other}", "never": f"{one}; {third}", "hosts": f"{one}; 2", "presence": f"{third}; 2, 3",
        "reach": f"{other}; 1, 2", "seats": "4-6", "department": "WEAK", "never_counts": "STRONG",
    }  # fmt: skip
    page = await planned(browser, at, **wishes)
    seen = await read(browser, f"{page.url.path}/people/{(await names(browser, page.url.path))[third]}")
    assert "nicht da" in seen.text
    again = await read(browser, f"{at}/new?like={page.url.path[-36:]}")
    for name in ("must", "never", "hosts", "presence", "reach", "seats"):
        written = re.search(rf'<textarea[^>]*name="{name}"[^>]*>\n([^<]*)</textarea>', again.text)
        assert written is not None
        assert written[1] == wishes[name]
    for name, value in (("department", "WEAK"), ("never_counts", "STRONG"), ("city", "HARD"), ("language", "OFF")):
        chosen = again.text.partition(f'name="{name}"')[2].partition("</select>")[0]
        assert f'value="{value}" selected' in chosen
    await browser.close()


async def test_rules_that_conflict_are_told_with_names_and_what_to_change(hub: Hub, clients: Clients) -> None:
    browser, at = await opened(hub, clients)
    one, other, third = sorted(await names(browser, (await planned(browser, at)).url.path))[:3]
    form = await read(browser, f"{at}/new")
    asked: dict[str, Any] = {"rounds": "2", "tables": "2", "seconds": "1"}
    wrong = await refused(browser, form, f"{at}/new", **asked, must=f"{one}; {other}", never=f"{other}; {one}")
    assert re.search(rf"{one} \([A-Za-z]+\) und {other} \(", wrong) or f"{one} (" in wrong
    assert re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", wrong.partition("kern-alert")[2].partition("<form")[0]) is None
    page = await finished(browser, await sent(browser, form, f"{at}/new", **asked, never=f"{one}; {other}; {third}"))
    assert "Diese Regeln passen nicht zusammen" in page.text
    told = page.text.partition("Diese Regeln passen nicht zusammen")[2].partition("Wünsche ändern")[0]
    assert all(name in told for name in (one, other, third))
    assert "Streichen Sie das Paar" in told
    assert "verletzt" in page.text
    again = await read(browser, f"{at}/new?like={page.url.path[-36:]}")
    assert f"{one}; {other}" in again.text
    shown = await refused(browser, page, f"{page.url.path}/act", step="confirm")
    assert "Bitte kreuzen Sie an" in shown
    page = await sent(browser, page, f"{page.url.path}/act", step="confirm", despite="true")
    assert "gilt für den Tag" in page.text
    await browser.close()


async def test_a_second_plan_stands_beside_the_first(hub: Hub, clients: Clients) -> None:
    browser, at = await opened(hub, clients)
    page = await planned(browser, at)
    assert "Bitte wählen" in await refused(browser, page, f"{page.url.path}/act", step="second", more="")
    assert "harte Regel" in await refused(browser, page, f"{page.url.path}/act", step="second", more="MIXED_CITIES")
    second = await finished(
        browser, await sent(browser, page, f"{page.url.path}/act", step="second", more="COMMON_TOPICS")
    )
    way = re.search(r'href="([^"]+/compare\?[^"]+)"', second.text)
    assert way is not None
    compared = await read(browser, way[1].replace("&amp;", "&"))
    for said in ("Plan 1", "Plan 2", "mehr gemeinsame Themen", "Wert des Plans insgesamt", "Paare, die sich in beiden"):
        assert said in compared.text
    assert (await browser.http.get(f"{at}/compare?one={uuid.uuid4()}&other={uuid.uuid4()}")).status_code == 404
    await browser.close()


@pytest.mark.slow
async def test_the_rest_of_the_day_is_planned(hub: Hub, clients: Clients) -> None:
    browser, at = await opened(hub, clients)
    page = await planned(browser, at)
    plan = page.url.path
    await sent(browser, page, f"{plan}/act", step="confirm")
    name, key = next(iter((await names(browser, plan)).items()))
    form = await read(browser, f"{plan}/day")
    wrong = await refused(browser, form, f"{plan}/day", over="1", missing="Niemand Hier", most_moved="x")
    assert "Zahl" in wrong
    wrong = await refused(browser, form, f"{plan}/day", over="1", missing="Niemand Hier")
    assert "Zeile 1: „Niemand Hier“ nimmt nicht teil." in wrong
    page = await finished(
        browser, await sent(browser, form, f"{plan}/day", over="1", missing=name, most_moved="38", confirm="true")
    )
    assert "Was sich heute ändert" in page.text
    assert "Eine Person fehlt." in page.text
    assert "gilt für den Tag" in page.text
    row = await row_of(hub, page.url.path[-36:])
    assert row.answer is not None
    seats = [found[row.answer["keys"].index(key)] for found in row.answer["plan"]]
    assert seats[0] >= 0
    assert seats[1:] == [-1, -1]

    # Who is missing from the first round on is counted as well, and what may change follows from it
    known = await names(browser, plan)
    one, other = list(known)[:2]
    page = await finished(browser, await sent(browser, form, f"{plan}/day", over="0", missing=f"{one}\n{other}"))
    assert "2 Personen fehlen." in page.text
    # Whose absence is noted gets no seat by itself, and nobody says so
    await browser.graph(NO_SHOW, event=at.split("/")[2], who=[known[one]])
    await hub.settle()
    told = (await read(browser, f"{page.url.path}/day")).text.partition('name="over"')[0]
    assert "Eine Person nimmt teil" in told
    assert (one in told, other in told) == (False, True)
    await browser.close()


async def test_a_search_is_watched_and_ended(hub: Hub, clients: Clients) -> None:
    browser, at = await opened(hub, clients)
    form = await read(browser, f"{at}/new")
    page = await sent(browser, form, f"{at}/new", rounds="3", tables="4", seconds="120")
    plan = page.url.path
    assert 'hx-trigger="every 2s"' in page.text
    assert "<progress" in page.text
    for _turn in range(600):
        if "Der beste bisher" in page.text:
            break
        await asyncio.sleep(0.1)
        page = await read(browser, plan)
    assert "data-drop" in (await read(browser, f"{plan}/rounds/1")).text  # the best so far
    assert (await browser.http.get(f"{plan}/day")).status_code == 409
    await sent(browser, page, f"{plan}/act", step="cancel")
    assert "So weit kommt der Plan" in (await finished(browser, page)).text
    await browser.close()


async def test_the_pages_are_whole_and_for_the_organiser_alone(hub: Hub, clients: Clients) -> None:
    browser, at = await opened(hub, clients)
    plan = (await planned(browser, at)).url.path
    person = next(iter((await names(browser, plan)).values()))
    paths = [at, f"{at}/new", f"{at}/compare?one={plan[-36:]}&other={plan[-36:]}"]
    tables = (await sent(browser, await read(browser, plan), f"{plan}/act", step="copy")).url.path
    assert tables.endswith("/rounds/1"), "where people can be moved"
    copy = tables.removesuffix("/rounds/1")
    paths += [copy, f"{copy}/rounds/1", f"{copy}/people/{person}"]
    paths += [plan + tail for tail in ("", "/rounds/1", "/people", f"/people/{person}", "/day")]
    seen = {path: await read(browser, path) for path in paths}
    await test_pages.test_pages_say_what_is_what(seen)
    await test_pages.test_pages_run_nothing_and_load_nothing_from_elsewhere(seen)
    stranger, navigator, nobody = (
        await logged_in(hub, SPEYER, "coordinator"), await logged_in(hub, KONSTANZ, "navigator"), Browser(hub),
    )  # fmt: skip
    for path in paths:
        assert (await stranger.http.get(path)).status_code == 404, path
        assert (await navigator.http.get(path)).status_code == 403, path
        assert (await nobody.http.get(path)).headers["location"].startswith("/login"), path
    assert "Sie richten noch keine Veranstaltung aus." in (await read(stranger, "/organise/groups")).text
    for path in (
        f"/organise/{uuid.uuid4()}/groups",
        f"{at}/{uuid.uuid4()}",
        f"{plan}/rounds/9",
        f"{plan}/people/{uuid.uuid4()}",
    ):
        assert (await browser.http.get(path)).status_code == 404, path
    page = await read(browser, plan)
    answer = await browser.http.post(f"{plan}/act", data={"step": "confirm"})
    assert answer.status_code == 403  # without the form's token
    assert "gilt für den Tag" not in (await read(browser, page.url.path)).text
    for one in (browser, stranger, navigator, nobody):
        await one.close()


async def test_hostile_names_are_names(hub: Hub, clients: Clients) -> None:
    """Markup in a name is shown as it is written; people of one name are told apart by city or key."""
    browser, at = await opened(hub, clients)
    plan = (await planned(browser, at)).url.path
    keys = list((await names(browser, plan)).values())
    async with hub.runtimes["matching"].db.begin(HUB) as session:
        for key in keys[:2]:
            row = await session.get_one(Navigator, uuid.UUID(key))
            row.name = "<b>Kim</b> & „Co“"
    page = await read(browser, f"{plan}/people")
    assert "&lt;b&gt;Kim&lt;/b&gt; &amp; „Co“" in page.text
    assert "<b>Kim" not in page.text
    wrong = await refused(
        browser, await read(browser, f"{at}/new"), f"{at}/new", rounds="3", tables="4", hosts="<b>kim</b> & „co“; 1"
    )
    assert "heißen mehrere" in wrong
    await browser.close()
