"""Who proposes and who decides, for the tests of the vocabulary, the open data and partnerships."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import select
from sqlalchemy import text as sql

from services.directory.models import Base
from services.kit import log
from services.kit.db import HUB
from services.kit.service import Hub
from tests.browser_like import Browser, logged_in
from tests.conftest import Clients

KONSTANZ, HEILBRONN, DRESDEN = "08335043", "08121000", "14612000"
BW, SACHSEN = "08", "14"


@asynccontextmanager
async def people(hub: Hub) -> AsyncIterator["People"]:
    made = People(hub)
    yield made
    for browser in made.browsers:
        await browser.close()
    for client in made.clients.made:
        await client.close()


class People:
    def __init__(self, hub: Hub) -> None:
        self.hub, self.clients = hub, Clients(hub, [])
        self.browsers: list[Browser] = []

    async def person(self, org: str, role: str) -> Browser:
        self.browsers.append(await logged_in(self.hub, org, role, email=f"{role}.{org}@stadt.example"))
        return self.browsers[-1]


def data(answer: dict[str, Any]) -> dict[str, Any]:
    assert "errors" not in answer, answer
    return dict(answer["data"])


def code(answer: dict[str, Any]) -> str:
    return str(answer["errors"][0]["extensions"]["code"])


async def said(hub: Hub, *kinds: str) -> list[dict[str, Any]]:
    """What the directory said of these kinds since it was seeded, oldest first."""
    rows = log.table(Base.metadata, "log")
    async with hub.runtimes["directory"].db.read(HUB) as session:
        return list(await session.scalars(select(rows.c.body).where(rows.c.kind.in_(kinds)).order_by(rows.c.position)))


async def mails(hub: Hub, like: str) -> int:
    async with hub.runtimes["directory"].db.read(HUB) as session:
        return int(await session.scalar(sql("SELECT count(*) FROM mail WHERE key LIKE :like"), {"like": like}) or 0)
