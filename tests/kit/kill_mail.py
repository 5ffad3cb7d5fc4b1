"""A toy service that sends mails, a mail server that answers as it is told, and a worker process that it may kill."""

import asyncio
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from arq.connections import RedisSettings
from sqlalchemy import MetaData, select

from services.kit import jobs, log, mail, worker
from services.kit.db import NAMING, Database
from services.kit.jobs import Queue
from services.kit.log import table
from services.kit.mail import Outbox
from services.kit.settings import Settings

POST = MetaData(schema="post", naming_convention=NAMING)
log.attach(POST)
jobs.attach(POST)
mail.attach(POST)
ROWS, WORK = table(POST, "mail"), table(POST, "job")
MAILS = Path(__file__).parent / "toy_mails"
SECRET = "not a secret: tests only"
TO = "erika.mustermann@stadt.example"
LINK = "https://hub.example/login?token=streng-geheim&next=%2F"
USER, PASSWORD = "hub@stadt.example", "p/ss wörd"


def outbox(url: str, redis: str, settings: Settings) -> Outbox:
    queue = Queue(Database(url, "post", pool=5), POST, RedisSettings.from_dsn(redis), lease=1.0)
    return Outbox(queue, MAILS, settings)


@dataclass
class Postman:
    """What the mail server got. `answers` are given to the next mails, one each, instead of 250."""

    port: int = 0
    got: list[bytes] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    refuses: str = ""
    """The answer to every recipient, if any."""
    secure: list[bool] = field(default_factory=list)
    logins: list[bytes] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    took: Callable[[], Awaitable[None]] | None = None
    """Runs when the mail is taken, before the client hears of it."""

    def mails(self) -> list[EmailMessage]:
        """All of them. No property: the library looks at all that this object has, for each connection."""
        return [message_from_bytes(content, policy=policy.default) for content in self.got]

    async def handle_MAIL(  # noqa: N802  # aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        self.asked.append(address)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802  # aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        if self.refuses:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        if self.answers and not self.answers[0].startswith("2"):
            return self.answers.pop(0)
        self.got.append(envelope.content)
        self.secure.append(session.ssl is not None)
        if self.took is not None:
            await self.took()
        return self.answers.pop(0) if self.answers else "250 OK"

    def login(self, _server: SMTP, _session: Session, _envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login)
        return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)


@asynccontextmanager
async def serving(
    postman: Postman, *, tls: ssl.SSLContext | None = None, smtps: ssl.SSLContext | None = None, login: bool = False
) -> AsyncIterator[Postman]:
    """A mail server for `postman` on loopback; at his port, if he had one before."""
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(
            postman, hostname="mail.stadt.example", tls_context=tls, loop=loop,
            authenticator=postman.login if login else None, auth_require_tls=tls is not None,
        )  # fmt: skip

    server = await loop.create_server(protocol, "127.0.0.1", postman.port, ssl=smtps)
    postman.port = server.sockets[0].getsockname()[1]
    try:
        yield postman
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def working(outbox: Outbox) -> AsyncIterator[None]:
    """A worker in this process, stopped as a hub stops it."""
    task = asyncio.create_task(worker.work(outbox.queue, [outbox.job]))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def states(outbox: Outbox) -> list[tuple[str, str, str | None]]:
    """(key, state, reason) of every mail."""
    async with outbox.queue.db.read() as session:
        found = await session.execute(select(ROWS.c.key, ROWS.c.state, ROWS.c.reason).order_by(ROWS.c.key))
        return [(row.key, row.state, row.reason) for row in found]


async def main(url: str, redis: str, smtp_url: str) -> None:
    signal.alarm(120)  # whatever becomes of the test
    made = outbox(url, redis, Settings(secret=SECRET, smtp_url=smtp_url))
    await worker.work(made.queue, [made.job])


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
