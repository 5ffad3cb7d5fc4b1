"""The same pages from what `make split` starts, behind one address: the directory, who logs in and publishes, events,
a phone and the hall, with TLS. `make split-test` runs it.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium

from services.cli import demo
from services.kit.settings import Settings
from tests.browser import stage as stages
from tests.browser.conftest import started
from tests.browser.seeing import DESK, heading, opened
from tests.browser.stage import Stage
from tests.browser.test_day import test_a_navigator_is_led_through_the_day, test_the_hall_follows_the_cockpit
from tests.browser.test_stories import (
    test_a_city_comes_in_and_publishes,
    test_a_visitor_finds_somebody_for_a_topic,
    test_graphiql_asks_all_of_the_graph_as_whoever_is_logged_in,
)
from tests.conftest import soak
from tests.stories.cluster import cluster
from tests.stories.deployments import free_ports

__all__ = [
    "test_a_city_comes_in_and_publishes",
    "test_a_navigator_is_led_through_the_day",
    "test_a_visitor_finds_somebody_for_a_topic",
    "test_graphiql_asks_all_of_the_graph_as_whoever_is_logged_in",
    "test_the_hall_follows_the_cockpit",
]
pytestmark = [soak, pytest.mark.slow, pytest.mark.parametrize("width", [DESK])]


@pytest_asyncio.fixture(scope="module")
async def chromium() -> AsyncIterator[Chromium]:
    """One that believes an authority made for this test, also for what works in the background."""
    async with started("--ignore-certificate-errors") as browser:
        yield browser


@pytest_asyncio.fixture(scope="module")
async def stage(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """As the conftest's, on a cluster."""
    folder = tmp_path_factory.mktemp("split")
    (front,) = free_ports(1)
    async with cluster(replace(settings, data=folder), folder=folder, front=front, secure=True) as there:
        yield await stages.opened(there.hub)


async def test_a_city_shows_its_events(chromium: Chromium, stage: Stage, width: int) -> None:
    """A part of the directory's page that the events' service answers, and the page behind it."""
    title = "Tag der offenen Werkstatt"
    await stage.event(4, title=title)
    async with opened(chromium, stage, width=width) as tab:
        await tab.open(f"/city/{demo.KONSTANZ}")
        await tab.page.get_by_role("link", name=title).click()
        await heading(tab.page, title)
        assert await tab.settled() == []
