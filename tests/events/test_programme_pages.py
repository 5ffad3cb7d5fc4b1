"""Programmes and modules on pages: made and ordered by coordinators, who attended what, and a navigator's own way."""

import datetime as dt
import re
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio

from services.cli import demo
from services.events import curricula
from services.kit import links
from services.kit.i18n import speaking
from services.kit.service import Hub
from tests.browser_like import Browser, logged_in
from tests.events.organising import Desk, shown
from tests.events.registration_world import GUEST, HOST, INVITE, RULES, day
from tests.stories import test_pages as pages

SHOW = """query ($id: ID!) { programme(id: $id) { title host year
  modules { id title summary goals prerequisites { title } } } }"""
PEOPLE = """query ($id: ID!, $lacking: ID) { programmePeople(programme: $id, lacking: $lacking, first: 100) {
  nodes { navigator { id } steps { module state event { id } } lacking } } }"""
MINE = """query ($link: String!) { myModules(link: $link) { programme { id } modules {
  state module { title } event { id } missing { title } coming { event { id } registration } } } }"""
FIRST_YEAR = ["Teambuilding", "Grundlagenwissen", "Methodenkompetenz"]


class World(Desk):
    """With the forms that are tried here."""

    async def post(self, path: str, action: str, **fields: Any) -> httpx.Response:
        page = await self.browser.http.get(path)
        assert page.status_code == 200, shown(page)
        return await self.browser.submit(page, action, **fields)

    async def programme(self, title: str, start: str = "FIRST_YEAR") -> str:
        """A new one; its path."""
        sent = {"title": title, "year": "2027", "start": start}
        made = await self.post("/programmes/new", "/programmes/new", **sent)
        assert made.status_code == 303, shown(made)
        return str(made.headers["location"])

    async def modules(self, path: str) -> dict[str, dict[str, Any]]:
        """Those of a programme in their order, by title."""
        found = (await self.graph(SHOW, id=path.rpartition("/")[2]))["programme"]
        return {one["title"]: one for one in found["modules"]}

    async def graph(self, query: str, **variables: Any) -> dict[str, Any]:
        answer = await self.browser.graph(query, **variables)
        assert "errors" not in answer, answer
        return dict(answer["data"])

    async def held(self, module: str, days: int, people: list[str]) -> str:
        """An event of the module so many days from now, in which people take part."""
        event = {"title": "Modultag", "kind": "MODULE", "module": module, "date": day(days), "host": HOST,
                 "guests": [GUEST]}  # fmt: skip
        made = str((await self.graph(demo.CREATE, event=event))["createEvent"]["id"])
        if people:
            await self.graph(demo.JOIN, event=made, navigators=people)
        return made


@pytest_asyncio.fixture(scope="module")
async def world(shared: Hub) -> AsyncIterator[World]:
    found = World(shared)
    async with found.opened(4, 2):
        yield found


def test_lessons_come_after_what_they_need() -> None:
    for name in curricula.LESSONS:
        order = curricula.in_order((name,))
        assert order[-1] == name
        for one in order:
            assert all(order.index(before) < order.index(one) for before in curricula.LESSONS[one]().before)
    with speaking("de"):
        assert [curricula.LESSONS[name]().title for name in curricula.FIRST_YEAR] == FIRST_YEAR


async def test_pages_are_for_whoever_may_offer_and_change_what_is_theirs(world: World) -> None:
    path = await world.programme("Nur unseres")
    page = await world.browser.http.get("/")
    assert 'href="/programmes"' in page.text
    for role, status in (("navigator", 403), ("editor", 403), ("coordinator", 200)):
        other = await logged_in(world.hub, GUEST, role)
        for one in ("/programmes", "/programmes/new", "/modules", "/modules/new", path, f"{path}/people"):
            assert (await other.http.get(one)).status_code == status, (role, one)
        assert ('href="/programmes"' in (await other.http.get("/")).text) == (status == 200)
        if status == 200:
            assert "Noch kein Programm" not in shown(await other.http.get("/programmes"))
            assert "Nur unseres" not in shown(await other.http.get("/programmes"))
            assert f"{path}/move" not in (await other.http.get(path)).text
            assert (await other.http.get(f"{path}/edit")).status_code == 403
            token = re.search(r'name="csrf" value="([^"]+)"', (await other.http.get("/account")).text)
            assert token
            for rest, sent in (("edit", {"title": "x", "year": "2027", "host": GUEST}),
                               ("add", {"source": "lesson:TEAM"})):  # fmt: skip
                refused = await other.http.post(f"{path}/{rest}", data={"csrf": token[1], **sent})
                assert refused.status_code == 403, rest
        await other.close()
    visitor = Browser(world.hub)
    assert (await visitor.http.get(path)).headers["location"].startswith("/login")
    await visitor.close()
    assert (await world.browser.http.get(f"/programmes/{uuid.uuid4()}")).status_code == 404


async def test_a_programme_from_the_modules_of_a_first_year(world: World) -> None:
    path = await world.programme("Das erste Jahr <b>&</b>")
    found = await world.modules(path)
    assert list(found) == FIRST_YEAR
    assert [one["title"] for one in found["Methodenkompetenz"]["prerequisites"]] == ["Grundlagenwissen"]
    page = await world.browser.http.get(path)
    assert "Das erste Jahr &lt;b&gt;&amp;&lt;/b&gt;" in page.text
    assert "Das erste Jahr" in shown(await world.browser.http.get("/programmes"))
    # What is there under the title is not made twice.
    again = await world.modules(await world.programme("Noch ein Jahr"))
    assert [one["id"] for one in again.values()] == [one["id"] for one in found.values()]

    await world.post(path, f"{path}/move", module=found["Methodenkompetenz"]["id"], step="earlier")
    assert list(await world.modules(path)) == ["Teambuilding", "Methodenkompetenz", "Grundlagenwissen"]
    for title in ("Grundlagenwissen", "Methodenkompetenz"):
        gone = await world.post(path, f"{path}/move", module=found[title]["id"], step="remove")
        assert gone.status_code == 303
    assert list(await world.modules(path)) == ["Teambuilding"]
    # What comes before a module comes along with it, also from the template.
    await world.post(path, f"{path}/add", source=f"module:{found['Methodenkompetenz']['id']}")
    assert list(await world.modules(path)) == FIRST_YEAR
    await world.post(path, f"{path}/add", source="lesson:PROCESSES")
    assert list(await world.modules(path)) == [*FIRST_YEAR, "Prozessworkshop"]
    for source in ("", "module:x", f"module:{uuid.uuid4()}", "lesson:x", "x"):
        wrong = await world.post(path, f"{path}/add", source=source)
        assert (wrong.status_code in {404, 422}, 'href="#f-source"' in wrong.text) == (True, True), source
    changed = await world.post(f"{path}/edit", f"{path}/edit", title="Umbenannt", year="2028")
    assert changed.status_code == 303
    wrong = await world.post(f"{path}/edit", f"{path}/edit", title="Umbenannt", year="1800")
    assert (wrong.status_code, 'href="#f-year"' in wrong.text, 'value="1800"' in wrong.text) == (422, True, True)
    said = (await world.graph(SHOW, id=path.rpartition("/")[2]))["programme"]
    assert (said["title"], said["year"], len(said["modules"])) == ("Umbenannt", 2028, 4)


async def test_a_module_from_an_event_that_teaches_nothing_yet(world: World) -> None:
    path = await world.programme("Aus Veranstaltungen", "")
    assert "noch keine Module" in shown(await world.browser.http.get(path))
    event = {"title": "Datenschutz", "kind": "MODULE", "date": day(), "host": HOST}
    made = str((await world.graph(demo.CREATE, event=event))["createEvent"]["id"])
    assert "Aus der Veranstaltung: Datenschutz" in shown(await world.browser.http.get(path))
    assert (await world.post(path, f"{path}/add", source=f"event:{made}")).status_code == 303
    (module,) = (await world.modules(path)).values()
    assert (module["title"], (await world.draft(made)).module) == ("Datenschutz", module["id"])
    page = await world.browser.http.get(f"/modules/{module['id']}")
    assert f"/organise/{made}" in page.text
    stranger = await logged_in(world.hub, GUEST, "coordinator")
    other = str((await stranger.graph(demo.CREATE, event={**event, "host": GUEST}))["data"]["createEvent"]["id"])
    assert (await world.post(path, f"{path}/add", source=f"event:{other}")).status_code == 403
    await stranger.close()


async def test_a_module_is_written_and_held(world: World) -> None:
    path = await world.programme("Eigene Module", "")
    new = f"/modules/new?programme={path.rpartition('/')[2]}"
    wrong = await world.post(new, "/modules/new", title="", goals="a\nb")
    assert (wrong.status_code, 'href="#f-title"' in wrong.text, "a\nb" in wrong.text) == (422, True, True)
    first = await world.post(new, "/modules/new", title="Erstens", goals="Ich kann A.\n\nIch kann B.")
    assert first.headers["location"] == path
    one = (await world.modules(path))["Erstens"]
    assert one["goals"] == ["Ich kann A.", "Ich kann B."]
    await world.post(new, "/modules/new", title="Zweitens", prerequisites=[one["id"]])
    two = (await world.modules(path))["Zweitens"]
    at = f"/modules/{one['id']}"
    circle = await world.post(at, at, title="Erstens", prerequisites=[two["id"]])
    assert (circle.status_code, 'href="#f-prerequisites"' in circle.text) == (422, True)
    assert "Zweitens" in shown(await world.browser.http.get("/modules"))

    hold = f"/organise/new?module={two['id']}"
    when = dt.date.fromisoformat(day())
    sent = {"template": "MODULE", "date-day": when.day, "date-month": when.month, "date-year": when.year, "host": HOST}
    made = await world.post(hold, "/organise/new", **sent, title="Zweitens")
    assert made.status_code == 303, shown(made)
    event = made.headers["location"]
    draft = await world.draft(event.rpartition("/")[2])
    assert (draft.kind, draft.module, draft.title) == ("MODULE", two["id"], "Zweitens")
    trip = await world.post(hold, "/organise/new", **{**sent, "template": "LEARNING_TRIP"})
    assert (trip.status_code, 'href="#f-module"' in trip.text) == (422, True)
    head = {"title": "Zweitens", "kind": "MODULE", "date-day": when.day, "date-month": when.month,
            "date-year": when.year, "host": HOST}  # fmt: skip
    for module, expected in ((one["id"], one["id"]), ("", one["id"]), ("-", None)):
        answer = await world.post(f"{event}/head", f"{event}/head", **head, module=module)
        assert answer.status_code == 303, shown(answer)
        assert (await world.draft(event.rpartition("/")[2])).module == expected


async def test_who_attended_what_and_who_lacks_which(world: World) -> None:
    path = await world.programme("Wer war da?", "")
    made: dict[str, str] = {}
    for title in ("Alpha", "Beta"):
        before = [made["Alpha"]] if made else []
        new = f"/modules/new?programme={path.rpartition('/')[2]}"
        await world.post(new, "/modules/new", title=title, prerequisites=before)
        made[title] = (await world.modules(path))[title]["id"]
    anna, ben, cem, _dora = world.hosts
    guest = world.guests[0]
    past = await world.held(made["Alpha"], -30, [anna, ben, guest])
    later = await world.held(made["Beta"], 30, [anna])
    people = {one["navigator"]["id"]: one for one in (await nodes(world, path))}
    assert set(people) == {*world.hosts, guest}  # the own city, and who took part in what is organised
    assert people[anna]["steps"] == [
        {"module": made["Alpha"], "state": "ATTENDED", "event": {"id": past}},
        {"module": made["Beta"], "state": "BOOKED", "event": {"id": later}},
    ]
    assert people[anna]["lacking"] == [made["Beta"]]
    assert people[cem]["lacking"] == [made["Alpha"], made["Beta"]]
    without = {one["navigator"]["id"] for one in await nodes(world, path, lacking=made["Alpha"])}
    assert without == set(world.hosts) - {anna, ben}

    page = await world.browser.http.get(f"{path}/people")
    assert "Lotse 0000" in page.text
    assert "besucht, " in shown(page)
    assert "gebucht, " in shown(page)
    missing = await world.browser.http.get(f"{path}/people?lacking={made['Alpha']}")
    assert f"/navigator/{cem}" in missing.text
    assert f"/navigator/{anna}" not in missing.text
    assert (await world.browser.http.get(f"{path}/people?after=x")).status_code == 422
    row = re.sub(r"\s+", " ", shown(await world.browser.http.get(path)))
    assert "Alpha – Veranstalten Alpha 3 0 2" in row
    # The city of a guest sees its own people, and nobody else's.
    other = await logged_in(world.hub, GUEST, "coordinator")
    answer = await other.graph(PEOPLE, id=path.rpartition("/")[2])
    assert [one["navigator"]["id"] for one in answer["data"]["programmePeople"]["nodes"]] == [guest]
    text = (await other.http.get(f"{path}/people")).text
    assert f"/navigator/{guest}" in text
    assert f"/navigator/{anna}" not in text
    await other.close()
    navigator = await logged_in(world.hub, HOST, "navigator")
    answer = await navigator.graph(PEOPLE, id=path.rpartition("/")[2])
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    await navigator.close()


async def nodes(world: World, path: str, **variables: Any) -> list[dict[str, Any]]:
    answer = await world.graph(PEOPLE, id=path.rpartition("/")[2], **variables)
    return list(answer["programmePeople"]["nodes"])


async def test_my_modules(world: World) -> None:
    path = await world.programme("Mein Jahr")
    found = await world.modules(path)
    team, basics = found["Teambuilding"]["id"], found["Grundlagenwissen"]["id"]
    person = world.hosts[3]
    await world.held(team, -40, [person])
    invited, open_ = await world.held(basics, 20, []), await world.held(basics, 50, [])
    await world.graph(RULES, event=invited, rules={"places": 5})
    await world.graph(INVITE, event=invited, who={"navigators": [person]})
    link = links.signed(world.hub.settings, links.PERSON, uuid.UUID(person).bytes, dt.timedelta(hours=1))
    visitor = Browser(world.hub)
    answer = (await visitor.graph(MINE, link=link))["data"]["myModules"]
    (mine,) = [one for one in answer if (one["programme"] or {}).get("id") == path.rpartition("/")[2]]
    assert [one["state"] for one in mine["modules"]] == ["ATTENDED", "OPEN", "OPEN"]
    assert mine["modules"][1]["coming"] == [
        {"event": {"id": invited}, "registration": "invited"}, {"event": {"id": open_}, "registration": None},
    ]  # fmt: skip
    assert mine["modules"][2]["missing"] == [{"title": "Grundlagenwissen"}]

    page = await visitor.http.get(f"/events/mine/{link}")
    assert f"/events/mine/{link}/modules" in page.text
    page = await visitor.http.get(f"/events/mine/{link}/modules")
    words = shown(page)
    assert page.status_code == 200
    assert "1 von 3 Modulen besucht" in words
    assert "Als Nächstes für Sie: Grundlagenwissen" in words
    assert "Bitte besuchen Sie vorher: Grundlagenwissen" in words
    target = re.search(r'href="(/events/registration/[^"]+)"', page.text)
    assert target
    assert "Modultag" in (await visitor.http.get(target[1])).text
    assert f'href="/calendar/{open_}"' in page.text
    mine_ = f"/events/mine/{link}/modules"
    await pages.test_pages_say_what_is_what({mine_: page, path: await world.browser.http.get(path)})
    assert (await visitor.http.get("/events/mine/xyz/modules")).status_code == 404
    stranger = links.signed(world.hub.settings, links.PERSON, uuid.uuid4().bytes, dt.timedelta(hours=1))
    assert (await visitor.http.get(f"/events/mine/{stranger}/modules")).status_code == 404
    await visitor.close()
