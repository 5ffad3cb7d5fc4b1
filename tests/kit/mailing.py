"""An office with a real mail server on loopback."""

import logging
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest
import pytest_asyncio

from services.kit import worker
from services.kit.mail import Outbox, send
from services.kit.settings import Settings
from tests.kit import kill_mail, kill_world
from tests.kit.kill_mail import LINK, PASSWORD, POST, SECRET, TO, Postman, working
from tests.waiting import eventually

_numbers = count()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "SWEEP_SECONDS", 0.2)
    monkeypatch.setattr(worker, "NUDGE_AGAIN_SECONDS", 1.0)


@pytest.fixture(autouse=True)
def discreet(caplog: pytest.LogCaptureFixture) -> Any:
    """Whatever a test does, no log of ours names an address, a link or a name; the mail server has logs of its own."""
    caplog.set_level(logging.DEBUG)
    yield
    ours = "\n".join(
        caplog.handler.format(record)
        for when in ("setup", "call")
        for record in caplog.get_records(when)
        if not record.name.startswith("mail.")
    )
    for secret in ("erika", "streng-geheim", PASSWORD, quote(PASSWORD, safe="")):
        assert secret.casefold() not in ours.casefold()


@pytest_asyncio.fixture
async def empty(servers: Any) -> AsyncIterator[str]:
    """The URL of an empty database."""
    name = f"lotsennetz_mail_{os.getpid()}_{next(_numbers)}"
    admin = await asyncpg.connect(servers.database)
    await admin.execute(f'CREATE DATABASE "{name}"')
    yield servers.database_url(name)
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()


@dataclass
class Office:
    """Makes outboxes of the toy service on one database: other settings, the same mails."""

    url: str
    redis: str
    made: list[Outbox]

    def __call__(self, **settings: Any) -> Outbox:
        self.made.append(kill_mail.outbox(self.url, self.redis, Settings(secret=SECRET, **settings)))
        return self.made[-1]

    def to(self, postman: Postman, **settings: Any) -> Outbox:
        return self(smtp_url=f"smtp://127.0.0.1:{postman.port}", **settings)


@pytest_asyncio.fixture
async def office(servers: Any, empty: str) -> AsyncIterator[Office]:
    await kill_world.prepare(empty, POST)
    office = Office(empty, servers.redis, [])
    yield office
    for outbox in office.made:
        if outbox.queue._pool is not None:
            await outbox.queue._pool.delete(outbox.queue.line)
        await outbox.queue.close()
        await outbox.queue.db.close()


async def welcome(outbox: Outbox, *, key: str = "login:1", to: str = TO, language: str = "de", **values: Any) -> bool:
    values = {"name": "Erika", "link": LINK} | values
    async with outbox.queue.db.begin() as session:
        return await send(session, outbox, "welcome", to=to, language=language, key=key, **values)


async def delivered(outbox: Outbox, *wanted: tuple[str, str, str | None]) -> None:
    """Work until the mails have come to these states."""

    async def there() -> bool:
        return await kill_mail.states(outbox) == list(wanted)

    async with working(outbox):
        await eventually(there)


def parts(message: Any) -> tuple[str, str]:
    text, html = message.iter_parts()
    return text.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")
