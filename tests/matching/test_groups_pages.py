"""The organiser's pages for groups, as a coordinator of the host city uses them: read, filled in, sent."""

import re
from typing import Any

import httpx
import pytest

from services.app import SERVICES
from services.cli import demo
from services.kit import jobs
from services.kit.db import HUB
from services.kit.service import Hub
from services.matching.models import Plan
from tests.browser_like import Browser, logged_in
from tests.conftest import Clients
from tests.kit.test_assets import MOST_HTML
from tests.matching.planned import HEILBRONN, KONSTANZ, navigators, people, row_of

pytestmark = pytest.mark.usefixtures("clients")


@pytest.fixture
def workers() -> bool:
    return True


async def opened(hub: Hub, clients: Clients, count: int = 20) -> tuple[Browser, str]:
    """A coordinator of Konstanz, and the path of the groups of an event that they made in the browser."""
    client, _event = await people(hub, clients, 0)
    browser = await logged_in(hub, KONSTANZ, "coordinator")
    made = await browser.graph(demo.CREATE, event=demo.snapshot("event"))
    event = made["data"]["createEvent"]["id"]
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
    answer = await browser.submit(page, action, **fields)
    assert answer.status_code == 303, answer.text[:3000]
    return await read(browser, answer.headers["location"])


async def test_first(hub: Hub, clients: Clients) -> None:
    browser, at = await opened(hub, clients)
    print((await read(browser, "/organise/groups")).text[-1500:])
    await read(browser, at)
    form = await read(browser, f"{at}/new")
    answer = await browser.submit(form, f"{at}/new", rounds="3", tables="4", seconds="1")
    print(answer.status_code, answer.headers, answer.text[:2500])
    plan = answer.headers["location"]
    await read(browser, plan)
    for _turn in range(600):
        page = await read(browser, plan)
        if "hx-trigger" not in page.text:
            break
        import asyncio; await asyncio.sleep(.1)
    print(page.text[1800:12000])
    for tail in ("", "/rounds/1", "/rounds/1?q=a", "/people", "/day"):
        answer = await read(browser, plan + tail)
        print(tail, len(answer.content))
    person = re.search(r"/people/[0-9a-f-]{36}", answer.text and (await read(browser, plan + "/people")).text)[0]
    print((await read(browser, plan + person)).text[2000:6000])
    await browser.close()
