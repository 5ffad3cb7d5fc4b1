"""A city with a person who has something in every field, and the ways to their page."""

import itertools
from typing import Any

from sqlalchemy import select

from services.cli.client import Client
from services.cli.demo import PUBLISH
from services.directory.access import CLIENT_SCOPES
from services.directory.models import Base, Navigator
from services.directory.oauth import clients
from services.directory.protection import notices, person
from services.directory.protection.person import Person
from services.kit.db import HUB
from services.kit.log import table
from services.kit.service import Hub, Runtime
from tests.browser_like import Browser, logged_in

_numbers = itertools.count(1)
_open: list[Client | Browser] = []


def towns(state: str = "08") -> str:
    """A town of its own for each test."""
    return f"{state}336{next(_numbers):03}"


def full(**changes: Any) -> dict[str, Any]:
    """Zoë, invented, in every field."""
    return {
        "key": "zoe-1", "name": "Zoë Quittenbaum", "title": "Digitallotsin", "department": "Kulturamt",
        "profile": "PART_TIME", "hoursShare": 20, "offers": ["finance"], "seeks": ["e-invoice"],
        "worksOn": ["e-file"], "competences": {"professional": ["Quittenkunde"]}, "languages": ["de", "tr"],
        "email": "zoe.quittenbaum@town.example", "phone": "07531 900-4711", "chat": "@quitte:town.example",
        "room": "Q 47.11", "photo": "https://town.example/quitte.jpg", "photoConsent": "2026-01-02",
        "since": "2024-01-01", "until": "2031-12-31", "mentor": "m", "recruited": "APPLIED", "tasks": ["CONTACT"],
        "funded": True, **changes,
    }  # fmt: skip


def snapshot(ags: str, *people: dict[str, Any], **city: Any) -> dict[str, Any]:
    """A city that publishes `people` beside a mentor, and a project of all of them."""
    rows = [*people, {"key": "m", "name": "Mio Mentor", "department": "Bauamt"}]
    return {
        "city": {"ags": ags, "name": f"Stadt {ags}", "contactEmail": "digital@town.example", **city},
        "navigators": rows,
        "projects": [{"key": "p", "title": "E-Akte", "navigators": [row["key"] for row in rows]}],
    }


async def client(hub: Hub, ags: str | None, *scopes: str) -> Client:
    async with hub.runtimes["directory"].db.begin(HUB) as session:
        found = await clients.add(session, "test", ags, scopes or CLIENT_SCOPES)
    made = Client(hub.settings.issuer, found.client_id, found.client_secret)
    _open.append(made)
    return made


async def visitor(hub: Hub, org: str = "", role: str = "", email: str | None = None) -> Browser:
    """A browser in which nobody is logged in, or somebody of `org` with a role."""
    made = await logged_in(hub, org, role, email=email) if role else Browser(hub)
    _open.append(made)
    return made


async def close() -> None:
    """What a test opened."""
    while _open:
        await _open.pop().close()


async def published(hub: Hub, ags: str, *people: dict[str, Any], **city: Any) -> Client:
    """A client of the city, which has published `people`."""
    made = await client(hub, ags)
    await made.ask(PUBLISH, snapshot=snapshot(ags, *people, **city))
    return made


async def found(hub: Hub, ags: str, key: str = "zoe-1") -> Person:
    directory = hub.runtimes["directory"]
    async with directory.db.read(HUB) as session:
        query = select(Navigator.id).where(Navigator.ags == ags, Navigator.key == key)
        return await person.find(session, hub.settings, (await session.scalars(query)).one())


async def path(hub: Hub, ags: str, key: str = "zoe-1") -> str:
    """Of the page of one's own, as the mail has it."""
    who = await found(hub, ags, key)
    return person.link(hub.settings, who.id, who.shown.email or "")


async def tell(hub: Hub) -> int:
    """As the regular task does; every city, however many tests there were."""
    directory = hub.runtimes["directory"]
    total = 0
    while (told := await notices.tell(directory, directory.db)) > 0:
        total += told
    return total


async def letters(runtime: Runtime, kind: str, about: str = "") -> list[Any]:
    """The mails that wait, opened."""
    rows = table(Base.metadata, "mail")
    async with runtime.db.read(HUB) as session:
        query = select(rows.c.sealed).where(rows.c.kind == kind, rows.c.key.contains(about), rows.c.sealed.is_not(None))
        return [runtime.outbox.open(sealed) for sealed in await session.scalars(query.order_by(rows.c.key))]


async def press(browser: Browser, page: str, action: str, **fields: Any) -> Any:
    """Open `page` and send its form to `page/action`."""
    shown = await browser.http.get(f"{page}/{action}" if fields or action in {"erase", "object"} else page)
    assert shown.status_code == 200, shown.text
    return await browser.submit(shown, f"{page}/{action}", **fields)
