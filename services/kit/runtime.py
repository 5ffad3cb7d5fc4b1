"""A service as a value, and as it runs in a process."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import strawberry
from litestar.handlers import HTTPRouteHandler
from prometheus_client.metrics_core import Metric
from sqlalchemy import MetaData

from services.kit import aside, log, naming, revoked, tracing
from services.kit.auth import Keys
from services.kit.compiled.shapes import Shapes
from services.kit.db import Database, Reader, Writer
from services.kit.fetch import Fetcher
from services.kit.graphql.bylink import count_links
from services.kit.jobs import Every, Job, Queue
from services.kit.mail import Outbox
from services.kit.messages import Message
from services.kit.metrics import Metrics
from services.kit.navigation import Ways
from services.kit.news import News
from services.kit.rates import Rates
from services.kit.replicas import Replica
from services.kit.revoked import Revoked, TokensRevoked
from services.kit.rights import Rights, enforce
from services.kit.settings import Settings

logger = logging.getLogger(__name__)
REFRESH_SECONDS = 2.0


class Example(NamedTuple):
    title: str
    about: str
    query: str


@dataclass(frozen=True)
class Service:
    """Everything the hub needs to know of a service; `services/README.md` shows how to add one."""

    name: str
    metadata: MetaData
    migrations: Path
    schema: strawberry.federation.Schema
    rights: Rights
    """Who may ask for which field of the schema; checked before every resolver."""
    routes: Sequence[HTTPRouteHandler] = ()
    jobs: Sequence[Job] = ()
    regular: Sequence[Every] = ()
    duties: Callable[["Runtime"], Sequence[Job | Every]] | None = None
    """Jobs and regular tasks that need more than the database: made for the runtime they run in."""
    menu: Ways | None = None
    """Its pages in the navigation."""
    examples: Callable[[], Sequence[Example]] | None = None
    """Queries of its graph that everybody may ask, for the page for developers, in the language of the request."""
    mails: Path | None = None
    """The folder of its kinds of mail; its metadata then has `mail.attach`."""
    listens: log.Listens = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    """Of `listens`, whom it does without: where they neither run here nor have an address, it hears nothing of them."""
    prepare: Callable[["Runtime"], Awaitable[None]] | None = None
    """Runs at every start after the migrations: seeds what must be there."""
    beside: Callable[["Runtime"], Awaitable[None]] | None = None
    """Runs in every process that answers, until it is cancelled: what keeps its memory true."""
    reads: Shapes | None = None
    """What of its schema is answered with one statement, without the executor."""
    measures: Callable[[Reader], Awaitable[Sequence[Metric]]] | None = None
    """What of its tables operators should see, beside what `kit.metrics` counts of every service."""
    keys: Callable[["Runtime"], Keys] | None = None
    """Set by the one service that issues access tokens."""

    def __post_init__(self) -> None:
        """Raises Undeclared where the schema has a field without a right."""
        enforce(self.schema, self.rights, self.name)
        count_links(self.schema)


@dataclass
class Runtime:
    """A service that runs in this process: its database, its jobs, its ear to the others."""

    service: Service
    settings: Settings
    db: Database
    queue: Queue
    fetcher: Fetcher
    rates: Rates
    metrics: Metrics
    revoked: Revoked = field(default_factory=Revoked)
    replica: Replica | None = None
    """Where the graph's queries are read, if the settings name one."""
    news: News | None = None
    """Whether something public of the service has changed; for services that have `reads`."""
    memory: dict[str, Any] = field(default_factory=dict)
    """What the service keeps of the database in this process, each thing under its own name."""
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set before the process ends its connections: streams end by themselves."""
    feeds: dict[str, log.Feed] = field(default_factory=dict)
    lines: int = 0
    """How many lines of its feeds this process has read."""
    heard: dict[str, float] = field(default_factory=dict)
    """When this process had last heard all that a feed had to say, by the monotonic clock; of those it follows."""
    wake: Callable[[str], None] = lambda _name: None
    patience: aside.Patience = field(default_factory=aside.Patience)
    _turns: dict[str, asyncio.Lock] = field(default_factory=dict)

    @cached_property
    def outbox(self) -> Outbox:
        """Where its mails wait; for a service that names its folder of `mails`."""
        if self.service.mails is None:
            raise RuntimeError(f"{self.service.name} has no mails")
        return Outbox(self.queue, self.service.mails, self.settings)

    async def answer(
        self, statement: str, values: Sequence[object], milliseconds: int, *, who: str | None
    ) -> bytes | None:
        """As `db.answers.read`; at the replica, if there is one, for the subject `who` (empty for nobody)."""
        with tracing.asking(self.service.name, "answer"):
            if who is None or self.replica is None:
                return await self.db.answers.read(statement, values, milliseconds)
            return await self.replica.answer(statement, values, milliseconds, who)

    async def say(self, session: Writer, messages: Sequence[Message]) -> None:
        """Append to the service's log as the unit of work commits, and wake the readers after it.

        What is revoked counts in this process as soon as it is committed.
        """
        ended = [message for message in messages if isinstance(message, TokensRevoked)]
        for message in ended:
            await revoked.store(session, self.service.metadata, message)
        await log.say(session, self.service.metadata, messages)

        async def tell() -> None:
            self.revoked.learn(ended)
            if self.news is not None:
                self.news.moved()
            if messages:
                self.wake(self.service.name)

        session.after_commit(tell)

    async def catch_up(self, name: str | None = None) -> int:
        """Hear what the others (or `name`) said until now; returns how many lines were read.

        Raises Unavailable where a feed does not answer.
        """
        read = 0
        for feed in [name] if name else list(self.feeds):
            # Taking turns here keeps one connection waiting for the cursor's row instead of the whole pool.
            async with self._turns.setdefault(feed, asyncio.Lock()):
                hears = self.feeds[feed], self._hears[feed]
                lines = await log.catch_up(self.db, self.service.metadata, feed, *hears, self.patience)
                read, self.lines = read + lines, self.lines + lines
                if feed in self.heard:
                    self.heard[feed] = time.monotonic()
        return read

    async def try_again(self, name: str) -> int:
        """Try what of the feed `name` was set aside; returns how many lines are done with. Raises as `catch_up`."""
        apply = log.applying(self._hears[name])
        async with self._turns.setdefault(name, asyncio.Lock()):
            return await aside.again(self.db, self.service.metadata, name, self.feeds[name].after, apply)

    @cached_property
    def _hears(self) -> log.Listens:
        """What the service listens to; what another process revoked counts here as soon as it is heard.

        What was said in this process counts already, and something newer may since.
        """

        def learning(handler: log.Handler) -> log.Handler:
            async def hear(session: Writer, said: TokensRevoked) -> None:
                async def learn() -> None:
                    self.revoked.learn([said])

                await handler(session, said)
                session.after_commit(learn)

            return hear

        def hearing(feed: str, said: type[Message], handler: log.Handler) -> log.Handler:
            if said is TokensRevoked and not isinstance(self.feeds[feed], log.LocalFeed):
                return learning(handler)
            if getattr(handler, "keyed", False):
                return log.with_key(handler, self.settings.derived(naming.KEY))
            return handler

        return {
            feed: {said: hearing(feed, said, handler) for said, handler in handlers.items()}
            for feed, handlers in self.service.listens.items()
        }

    async def refresh(self, name: str | None = None) -> None:
        """Catch up if the others answer soon, so that a client sees its own writes; else go on with what is known."""
        try:
            async with asyncio.timeout(REFRESH_SECONDS):
                await self.catch_up(name)
        except Exception as problem:  # noqa: BLE001 - a line that cannot be applied is not this request's fault
            logger.warning("%s goes on with what it knows: %s", self.service.name, type(problem).__name__)
