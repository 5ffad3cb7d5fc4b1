from collections.abc import AsyncIterator

import pytest_asyncio

from services.kit.service import Hub
from tests.browser_like import Browser, account
from tests.stories.tenants.cities import found
from tests.stories.tenants.world import DRESDEN, KONSTANZ, THEIR_CENTRAL, World


@pytest_asyncio.fixture(scope="module")
async def world(shared: Hub) -> AsyncIterator[World]:
    ours, theirs = await found(shared, KONSTANZ, "konstanz"), await found(shared, DRESDEN, "dresden")
    sessions = {}
    for role, org in (("coordinator", KONSTANZ), ("central", "08"), ("central", DRESDEN[:2])):
        name = THEIR_CENTRAL if org == DRESDEN[:2] else role
        sessions[name] = Browser(shared)
        await sessions[name].log_in(await account(shared, org, role))
    made = World(shared, ours, theirs, sessions)
    await made.changed()
    yield made
    await made.http.aclose()
    await made.owner.close()
    await ours.client.close()
    await theirs.client.close()
    for browser in sessions.values():
        await browser.close()
