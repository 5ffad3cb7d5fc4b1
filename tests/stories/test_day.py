"""A whole day as it goes wrong: the hub in a process of its own; in `make soak` also split behind a real router, and
with a replica (`make split-test`)."""

import contextlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import httpx
import pytest

from services.cli.browser import Browser
from services.kit.settings import Settings
from tests.conftest import Servers, _fresh, soak
from tests.kit.kill_mail import Postman, serving
from tests.stories import day as the_day
from tests.stories.cluster import cluster
from tests.stories.day.hurried import COMMAND
from tests.stories.day.state import HEILBRONN, KONSTANZ, Day, Post
from tests.stories.deployments import Deployment, one_apart, split

TOPOLOGIES: dict[str, Callable[..., AbstractAsyncContextManager[Deployment]]] = {
    "one process": one_apart,
    "split": split,
    "cluster": cluster,
}
CITY = ("directory:read", "directory:write", "events:read")
ORGANISER = ("directory:read", "events:read", "events:write", "matching:read", "matching:write")


@pytest.mark.slow
@pytest.mark.parametrize(
    "topology", ["one process", pytest.param("split", marks=soak), pytest.param("cluster", marks=soak)]
)
async def test_the_day_from_the_invitation_to_the_follow_up(
    topology: str, servers: Servers, template: str, settings: Settings
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(_fresh(servers, template))
        postman = await stack.enter_async_context(serving(Postman()))
        own = replace(settings, database_url=url, redis_url=servers.redis, smtp_url=f"smtp://127.0.0.1:{postman.port}")
        deployment = await stack.enter_async_context(TOPOLOGIES[topology](own, COMMAND))
        konstanz = await deployment.client(KONSTANZ, *CITY)
        heilbronn = await deployment.client(HEILBRONN, *CITY)
        organiser = await deployment.client(KONSTANZ, *ORGANISER)
        browser = Browser(deployment.tokens)
        http = httpx.AsyncClient(headers={"accept-language": "de"}, timeout=30, trust_env=False)
        for one in (konstanz, heilbronn, organiser, browser):
            stack.push_async_callback(one.close)
        stack.push_async_callback(http.aclose)
        day = Day(deployment, Post(postman), konstanz, heilbronn, organiser, http, browser)
        for part in the_day.PARTS:
            await part(day)
        assert day.changed == the_day.CHANGES
