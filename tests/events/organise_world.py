"""The forms of an organiser's pages, as a coordinator sends them."""

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio
from sqlalchemy import select

from services.events.models import Registration
from services.kit.db import HUB
from services.kit.service import Hub
from tests.events.organising import Desk, shown
from tests.events.registration_world import GUEST, HOST

SOON = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=40)
TITLE = "Lernreise <b>nach</b> Rebstadt & zurück"


class World(Desk):
    """With the forms that are tried here."""

    async def new(self, **fields: Any) -> str:
        """A new event by the form; its path."""
        page = await self.browser.http.get("/organise/new")
        sent = {
            "template": "LEARNING_TRIP", "date-day": SOON.day, "date-month": SOON.month, "date-year": SOON.year,
            "host": HOST, "guests": [GUEST], "title": TITLE, **fields,
        }  # fmt: skip
        answer = await self.browser.submit(page, "/organise/new", **sent)
        assert answer.status_code == 303, shown(answer)
        return str(answer.headers["location"])

    async def act(self, path: str, action: str, **fields: Any) -> httpx.Response:
        """Open `path` and send its form to `action` (below the event); the answer."""
        page = await self.browser.http.get(path)
        assert page.status_code == 200, shown(page)
        base = "/".join(path.split("?", maxsplit=1)[0].split("/")[:3])
        return await self.browser.submit(page, f"{base}{action}", **fields)

    async def states(self, path: str) -> dict[str, str]:
        query = select(Registration.navigator_id, Registration.state).where(
            Registration.event_id == uuid.UUID(path.split("/")[2])
        )
        async with self.hub.runtimes["events"].db.read(HUB) as session:
            return {str(key): state for key, state in await session.execute(query)}


@pytest_asyncio.fixture(scope="module")
async def world(shared: Hub) -> AsyncIterator[World]:
    found = World(shared)
    async with found.opened(8, 8):
        yield found
