"""A coordinator at the pages for organisers, and what somebody reads there."""

import contextlib
import re
import uuid
from collections.abc import AsyncIterator
from html import unescape

import httpx

from services.events import timetable
from services.events.draft import Draft
from services.events.models import Event
from services.kit.db import HUB
from services.kit.service import Hub
from tests.browser_like import Browser, logged_in
from tests.conftest import Clients
from tests.events.registration_world import GUEST, HOST, publish


class Desk:
    """Two cities; a coordinator of the host. `hosts` and `guests` are ids of people by name."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.hosts: list[str] = []
        self.guests: list[str] = []
        self.browser: Browser

    async def draft(self, event: str) -> Draft:
        """Of an event: its id, or a path below `/organise`."""
        key = uuid.UUID(event.removeprefix("/organise/").split("/")[0])
        async with self.hub.runtimes["events"].db.read(HUB) as session:
            return await timetable.draft_of(session, await session.get_one(Event, key))

    @contextlib.asynccontextmanager
    async def opened(self, hosts: int, guests: int) -> AsyncIterator[None]:
        """With so many people of both, the coordinator logged in."""
        made = Clients(self.hub, [])
        self.hosts = await publish(await made(HOST), HOST, hosts, population=120_000)
        self.guests = await publish(await made(GUEST), GUEST, guests, population=20_000)
        await self.hub.settle()
        self.browser = await logged_in(self.hub, HOST, "coordinator")
        yield
        await self.browser.close()
        for client in made.made:
            await client.close()


def shown(page: httpx.Response) -> str:
    """What somebody reads on the page."""
    body = re.sub(r"<(script|style).*?</\1>", "", page.text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())
