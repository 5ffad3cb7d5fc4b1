"""A coordinator who organises a day and is logged in with a browser."""

from typing import Any

from services.cli import demo
from services.kit.service import Hub
from tests.browser_like import Browser, logged_in
from tests.conftest import Clients
from tests.events.day import HEILBRONN, KONSTANZ, day, halves, seat


async def organised(hub: Hub, clients: Clients, count: int = 8, **changes: Any) -> tuple[Browser, str, list[str], str]:
    """The organiser's browser, the event of today, its people by id, and the path of the event's pages."""
    _organiser, other, people = await day(hub, clients, count)
    browser = await logged_in(hub, KONSTANZ, "coordinator")
    found = (await browser.graph("query ($id: ID!) { event(id: $id) { date } }", id=other))["data"]["event"]
    event = {**demo.snapshot("event"), "date": found["date"], **changes}
    made = (await browser.graph(demo.CREATE, event=event))["data"]["createEvent"]["id"]
    joined = await browser.graph(demo.JOIN, event=made, navigators=people)
    assert "errors" not in joined, joined
    await seat(hub, made, halves(people))
    return browser, made, people, f"/organise/{made}"


async def told(browser: Browser, query: str, event: str) -> dict[str, Any]:
    answer = await browser.graph(query, id=event)
    assert "errors" not in answer, answer
    return dict(answer["data"]["event"])


__all__ = ["HEILBRONN", "KONSTANZ", "organised", "told"]
