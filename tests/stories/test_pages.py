"""Every page that can be reached by links, for a visitor and for each role: what holds of all of them.

A browser without a screen looks at what a person's browser would be given; `tests/browser` looks at it in a real one.
"""

import datetime as dt
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import lru_cache
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
import pytest_asyncio

from services.app import SERVICES, chosen
from services.cli import demo
from services.kit import about, pages
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.browser_like import Browser, logged_in
from tests.conftest import Servers, _fresh
from tests.kit.test_assets import MOST_HTML
from tests.running import running

MOST_PAGES = 120
STARTS = ("/", "/parts")
LOADS = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src"}
LINKS_ONLY = {"alternate", "license", "next"}
"""Kinds of `link` that a browser does not load."""
NAMED = {"input", "select", "textarea", "progress"}
TOPMOST = {"/", "/login", "/graphiql"}
"""Pages that stand below no other."""
VOID = {"input", "link", "meta", "br", "img", "hr", "source", "path", "rect"}
PEOPLE = {
    "a visitor": None,
    "a navigator": (demo.KONSTANZ, ("navigator",)),
    "a coordinator": (demo.KONSTANZ, ("coordinator",)),
    "a central navigator": ("08", ("central",)),
    "an operator": ("hub", ("operator",)),
    "an organiser": (demo.HEILBRONN, ("coordinator",)),
}


TRIP = """mutation ($date: Date!, $host: ID!, $guests: [ID!]!) {
  createEventFromTemplate(template: LEARNING_TRIP, date: $date, host: $host, guests: $guests) { id } }"""


class Page(HTMLParser):
    """What matters of a page: elements with their attributes, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.labelled: list[bool] = []
        self._inside_label = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside_label += tag == "label"
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        self.labelled.append(self._inside_label > 0)

    def handle_endtag(self, tag: str) -> None:
        self._inside_label -= tag == "label"

    def of(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.found if tag in tags]

    @property
    def ids(self) -> list[str]:
        return [attributes["id"] for _tag, attributes in self.found if "id" in attributes]


@lru_cache(maxsize=2 * MOST_PAGES)
def read(text: str) -> Page:
    """Once for all tests of a person's pages."""
    return Page(text)


@pytest_asyncio.fixture(scope="module")
async def hub(servers: Servers, template: str, settings: Settings) -> AsyncIterator[Hub]:
    """The demo's cities and its day, without its plan."""
    async with _fresh(servers, template) as url:
        own = replace(settings, database_url=url, redis_url=servers.redis, workers=False, embedded=True)
        async with running(own, chosen()) as (hub, _server):
            konstanz, heilbronn, organiser = await demo.register(hub)
            for client, name in ((konstanz, "konstanz"), (heilbronn, "heilbronn")):
                await client.ask(demo.PUBLISH, snapshot=demo.snapshot(name))
            await organiser.ask(demo.CREATE, event=demo.snapshot("event"))
            for client in (konstanz, heilbronn, organiser):
                await client.close()
            await hub.settle()
            yield hub


def kind(place: str) -> str:
    """What an address is of, without saying of which."""
    place = re.sub(r"/(row|mine|registrations?)/[^/?]+", r"/\1/…", place)
    return re.sub(r"(?<==)[^&]+|[0-9a-f-]{36}|\d{2,}|(?<=/topics/)[a-z-]+", "…", place)


async def crawl(
    browser: Browser, most: int = 3, starts: Sequence[str] = STARTS, pages: int = MOST_PAGES
) -> dict[str, httpx.Response]:
    """`starts` and the pages behind them, by path with query; at most `most` of each kind of address."""
    found: dict[str, httpx.Response] = {}
    waiting, seen, kinds = list(starts), set(starts), dict[str, int]()
    while waiting and len(found) < pages:
        path = waiting.pop(0)
        answer = await browser.http.get(path)
        while answer.status_code in {302, 303}:
            answer = await browser.http.get(answer.headers["location"])
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        found[path] = answer
        for link in read(answer.text).of("a"):
            target = urlsplit(urljoin(path, link.get("href", "").removeprefix(browser.hub.settings.issuer)))
            place = target.path + (f"?{target.query}" if target.query else "")
            of = kind(place)
            if target.scheme or not place.startswith("/") or place in seen or kinds.get(of, 0) >= most:
                continue
            seen.add(place)
            kinds[of] = kinds.get(of, 0) + 1
            waiting.append(place)
    return found


@pytest_asyncio.fixture(scope="module", params=sorted(PEOPLE))
async def seen(request: pytest.FixtureRequest, hub: Hub) -> AsyncIterator[dict[str, httpx.Response]]:
    role = PEOPLE[request.param]
    browser = await logged_in(hub, role[0], *role[1]) if role else Browser(hub)
    if request.param == "an organiser":
        await organise(browser)
    yield await crawl(browser)
    await browser.close()


async def organise(browser: Browser) -> str:
    """The path of a learning trip with an open registration, so that its pages have something to say; beside it stands
    a programme with its modules.
    """
    date = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)).isoformat()
    answer = await browser.graph(TRIP, date=date, host=demo.HEILBRONN, guests=[demo.KONSTANZ])
    path = f"/organise/{answer['data']['createEventFromTemplate']['id']}"
    rules = f"{path}/people/rules"
    opened = await browser.submit(await browser.http.get(rules), rules, places="20")
    assert opened.status_code == 303
    year = {"title": "Das erste Jahr", "year": "2027", "start": "FIRST_YEAR"}
    made = await browser.submit(await browser.http.get("/programmes/new"), "/programmes/new", **year)
    assert made.status_code == 303
    return path


async def test_pages_are_whole_and_small(seen: dict[str, httpx.Response]) -> None:
    assert len(seen) >= 20
    assert {path: answer.status_code for path, answer in seen.items() if answer.status_code != 200} == {}
    assert {path: len(answer.content) for path, answer in seen.items() if len(answer.content) >= MOST_HTML} == {}


async def test_pages_run_nothing_and_load_nothing_from_elsewhere(seen: dict[str, httpx.Response]) -> None:
    for path, answer in seen.items():
        policy = answer.headers["content-security-policy"]
        assert policy.startswith(about.WORKBENCH if path.startswith("/graphiql") else pages.POLICY), path
        assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
        page = read(answer.text)
        for tag, attributes in page.found:
            wrong = [name for name in attributes if name.startswith("on") or name in {"style", "hx-on"}]
            assert wrong == [], (path, tag, wrong)
            assert tag != "style", path
            if tag == "script":
                assert attributes.get("src", "").startswith("/static/"), path
            loaded = attributes.get(LOADS.get(tag, ""), "")
            if loaded and attributes.get("rel") not in LINKS_ONLY:
                assert loaded.startswith("/"), (path, tag, loaded)


async def test_pages_say_what_is_what(seen: dict[str, httpx.Response]) -> None:
    """The basics that a program can check; axe-core in a browser checks the rest."""
    for path, answer in seen.items():
        if path.startswith("/graphiql"):
            continue
        page = read(answer.text)
        ids = page.ids
        assert len(ids) == len(set(ids)), (path, sorted(one for one in ids if ids.count(one) > 1))
        assert page.of("html")[0].get("lang") == "de"
        levels = [int(tag[1]) for tag, _a in page.found if re.fullmatch("h[1-6]", tag)]
        assert levels[:1] == [1], path
        assert levels.count(1) == 1, path
        assert all(after <= before + 1 for before, after in pairwise(levels)), (path, levels)
        assert page.of("a")[0]["href"] == "#content"
        assert [one.get("id") for one in page.of("main")] == ["content"]
        names = [one.get("aria-label") for one in page.of("nav")]
        assert all(names), path
        assert len(names) == len(set(names)), (path, names)
        labels = {one.get("for") for one in page.of("label")}
        for (tag, attributes), inside in zip(page.found, page.labelled, strict=True):
            if tag in NAMED and attributes.get("type") != "hidden":
                assert inside or attributes.get("id") in labels, (path, attributes)
            for name in ("aria-describedby", "aria-labelledby", "hx-target", "for"):
                wanted = [one.removeprefix("#") for one in attributes.get(name, "").split()]
                assert set(wanted) <= set(ids), (path, tag, name, wanted)
            if attributes.get("href", "").startswith("#"):
                assert attributes["href"][1:] in ids, (path, attributes)
            if tag in {"td", "th"} and tag == "th":
                assert "scope" in attributes, path
        told = re.sub(r"<pre.*?</pre>", "", answer.text, flags=re.DOTALL)
        assert re.findall(r".{0,60}(?<!-)\bNone\b(?!-)[^<]*", told) == [], path


async def test_pages_say_where_they_are(seen: dict[str, httpx.Response]) -> None:
    without = {
        path for path, answer in seen.items()
        if "Brotkrumen" not in [one.get("aria-label") for one in read(answer.text).of("nav")]
    }  # fmt: skip
    assert {urlsplit(path).path for path in without} <= TOPMOST


async def test_what_was_asked_stays_in_the_search(hub: Hub) -> None:
    browser = Browser(hub)
    answer = await browser.http.get("/directory", params={"q": 'Bau"><b>', "kind": "PROJECT"})
    assert answer.status_code == 200
    assert 'value="Bau&#34;&gt;&lt;b&gt;"' in answer.text
    assert (await browser.http.get("/directory", params={"q": "Finanzen"})).text.count("kern-card__container") > 3
    assert (await browser.http.get("/directory", params={"after": "x"})).status_code == 422
    assert (await browser.http.get("/city/08999999")).status_code == 404
    await browser.close()


async def test_names_are_shown_to_those_who_may_see_them(hub: Hub) -> None:
    """The pages say what the graph says to the same person: nothing more, nothing less."""
    visitor, navigator = Browser(hub), await logged_in(hub, demo.HEILBRONN, "navigator")
    query = "{ navigators(first: 1) { nodes { id name } } }"
    (one,) = (await navigator.graph(query))["data"]["navigators"]["nodes"]
    assert one["name"]
    public = await visitor.http.get(f"/navigator/{one['id']}")
    assert (public.status_code, one["name"] in public.text) == (200, False)
    assert one["name"] in (await navigator.http.get(f"/navigator/{one['id']}")).text
    await visitor.close()
    await navigator.close()


async def test_the_examples_for_developers_run(hub: Hub) -> None:
    browser = Browser(hub)
    examples: list[Any] = [one for service in SERVICES.values() if service.examples for one in service.examples()]
    assert len(examples) >= 4
    for example in examples:
        answer = await browser.graph(example.query)
        assert "errors" not in answer, (example.title, answer)
        assert all(answer["data"].values()), example.title
    await browser.close()
