"""The hub: some services that run in one process."""

import asyncio
import logging
import math
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import httpx
from litestar import Request

from services.kit import aside, log, migrations, revoked, tracing, worker
from services.kit import jobs as job_queue
from services.kit.auth import Keys, Principal, Verifier, remote_keys
from services.kit.db import HUB, Database
from services.kit.errors import HubError, Refused, Unavailable
from services.kit.fetch import Fetcher
from services.kit.i18n import gettext as _
from services.kit.jobs import Every, Job, Queue
from services.kit.metrics import Metrics
from services.kit.news import News
from services.kit.rates import Rates
from services.kit.replicas import Replica, asker
from services.kit.revoked import Revoked
from services.kit.runtime import Example, Runtime, Service
from services.kit.settings import Settings
from services.kit.trust import authorities

__all__ = ["Example", "Hub", "Runtime", "Service"]
logger = logging.getLogger(__name__)
POLL_SECONDS = 1.0
"""How late a reader may be when nobody nudges it: other processes' logs, and our own after trouble."""

TOGETHER_SECONDS = 0.2
"""How long a reader waits for more after the first nudge: a transaction for many lines costs little more than for one.
Who must see their own writes does not wait for it (`Runtime.catch_up`).
"""
STOP_TURNS = 20


class Hub:
    """One process's services: `migrate`, `start`, and `stop` at the end; meanwhile `runtimes` serve.

    The settings name both servers. Raises Refused where an address is none, or another service's is missing.
    """

    def __init__(self, settings: Settings, services: Sequence[Service]) -> None:
        self.settings, self.services = settings, services
        self.http = httpx.AsyncClient(
            timeout=10.0, verify=authorities(), event_hooks={"request": [tracing.carry]}
        )  # the hub's own parts; addresses from outside go to the fetcher
        self.fetcher = Fetcher(local=settings.outbound_local)
        self.runtimes: dict[str, Runtime] = {}
        self.revoked, self.metrics = Revoked(), Metrics()
        self.closing = asyncio.Event()
        self.description: bytes | None = None
        """Of its routes (OpenAPI), once somebody asked for it."""
        self._migrated = False
        self._tasks: list[asyncio.Task[None]] = []
        self._news: dict[tuple[str, str], asyncio.Event] = {}
        self.redis = job_queue.address(settings.redis_url or "")
        self.rates = Rates(settings)
        self._resources = {service.name: settings.resource(service.name) for service in services}
        for service in services:
            nobody = settings.limits.anonymous.seconds * 1000
            db = Database(settings.database_url or "", service.name, milliseconds=nobody)
            queue = Queue(db, service.metadata, self.redis, settings.lease, settings.cores, self.metrics.tried)
            self.runtimes[service.name] = Runtime(
                service,
                settings,
                db,
                queue,
                self.fetcher,
                self.rates,
                self.metrics,
                self.revoked,
                closing=self.closing,
                wake=self._wake,
            )
            if service.reads is not None:
                self.runtimes[service.name].news = News(db)
            if settings.replica_url is not None:
                self.runtimes[service.name].replica = self._replica(self.runtimes[service.name], settings.replica_url)
        for runtime in self.runtimes.values():
            there = self.runtimes.keys() | settings.peers.keys()
            needed = [name for name in runtime.service.listens if name in there or name not in runtime.service.without]
            runtime.feeds = {name: self._feed(name) for name in needed}
            if runtime.service.mails is not None:
                runtime.outbox  # noqa: B018  # complains here about settings that cannot be read
        self.verifier = Verifier(self._keys(), settings.issuer, settings.issuer, self.revoked)

    def _replica(self, runtime: Runtime, url: str) -> Replica:
        counted = partial(self.metrics.read, runtime.service.name)
        return Replica(runtime.db, url, self.redis, lambda: runtime.news and runtime.news.version, counted)

    def _feed(self, name: str) -> log.Feed:
        if name in self.runtimes:
            return log.LocalFeed(self.runtimes[name].db, self.runtimes[name].service.metadata)
        if name not in self.settings.peers:
            raise Refused(
                _("LOTSENNETZ_{name}_URL is not set: it says where the service {service} answers.",
                  name=name.upper(), service=name)
            )  # fmt: skip
        return log.RemoteFeed(self.http, f"{self.settings.peers[name]}/{name}", self.feed_token)

    def _keys(self) -> Keys:
        for runtime in self.runtimes.values():
            if runtime.service.keys is not None:
                return runtime.service.keys(runtime)
        return remote_keys(self.http, self.settings.peers.get("directory", self.settings.issuer))

    async def asking(self, request: Request[Any, Any, Any], service: str | None = None) -> Principal:
        """Who sent `request`. Tokens made for one service alone (RFC 8707) count there, where it is named."""
        who = await self.verifier.of(request, self._resources[service] if service else "")
        if self.settings.replica_url is not None:
            asker.set(who.subject)
        return who

    @property
    def feed_token(self) -> str:
        return self.settings.derived("feed").hex()

    async def migrate(self, phase: migrations.Phase = "before") -> None:
        """Check the server and bring every schema up to date, as the owner of the database; once.

        With the phase `before`, as far as processes of the last version go along.
        """
        if self._migrated:
            return
        owner = Database(self.settings.database_url or "", None, pool=1)
        try:
            await migrations.check_server(owner)
            await job_queue.check_server(self.redis)
            names = [service.name for service in self.services]
            for service in self.services:
                await migrations.upgrade(owner, service.name, service.metadata, service.migrations, names, phase=phase)
        finally:
            await owner.close()
        for runtime in self.runtimes.values():
            if runtime.service.prepare is not None:
                await runtime.service.prepare(runtime)
        await self._refresh()
        self._migrated = True

    async def start(self) -> None:
        """Begin to listen, and to work the jobs where the settings say so. Needs `migrate` first."""
        self._tasks.append(asyncio.create_task(self._remember()))
        for runtime in self.runtimes.values():
            for name in runtime.feeds:
                self._news[runtime.service.name, name] = asyncio.Event()
                runtime.heard[name] = time.monotonic()
                self._tasks.append(asyncio.create_task(self._listen(runtime, name)))
            if runtime.news is not None:
                self._tasks.append(asyncio.create_task(runtime.news.listen()))
            if runtime.service.beside is not None:
                self._tasks.append(asyncio.ensure_future(runtime.service.beside(runtime)))
            if self.settings.workers:
                self._tasks.append(asyncio.create_task(self.work(runtime)))

    async def work(self, runtime: Runtime) -> None:
        """Work one service's jobs until cancelled."""
        jobs, regular = list(runtime.service.jobs), list(runtime.service.regular)
        if runtime.service.mails is not None:
            jobs.append(runtime.outbox.job)
            regular.append(runtime.outbox.forget)
        duties = runtime.service.duties(runtime) if runtime.service.duties else ()
        jobs += [duty for duty in duties if isinstance(duty, Job)]
        regular += [duty for duty in duties if isinstance(duty, Every)]
        self.metrics.works(runtime.service.name, [one.name for one in jobs])
        if jobs or regular:
            await worker.work(runtime.queue, jobs, regular)

    async def positions(self) -> dict[str, int]:
        """The newest line of each service's log. Raises Unavailable where a database does not answer, and when the
        process is about to end: nobody should be sent here any more.
        """
        if self.closing.is_set():
            raise Unavailable(_("The service is about to end."))
        found = {}
        for name, runtime in self.runtimes.items():
            async with runtime.db.read(HUB) as session:
                found[name] = await log.position(session, runtime.service.metadata)
        return found

    def let_go(self) -> None:
        """End what streams by itself; to be called before the server waits for its connections."""
        self.closing.set()

    async def stop(self) -> None:
        self.let_go()
        for _turn in range(STOP_TURNS):
            for task in self._tasks:
                task.cancel()  # again each second: Python 3.11's `wait_for` loses one that meets its result
            left = (await asyncio.wait(self._tasks, timeout=1.0))[1] if self._tasks else set()
            self._tasks = list(left)
        for runtime in self.runtimes.values():
            await runtime.queue.close()
            if runtime.replica is not None:
                await runtime.replica.close()
            await runtime.db.close()
        await self.rates.close()
        await self.http.aclose()
        await self.fetcher.close()

    async def settle(self) -> None:
        """Let every service hear everything that was said; for those who must see the end of it."""
        known = -1
        while known != (known := sum(runtime.lines for runtime in self.runtimes.values())):
            # What a service was reading meanwhile, beside this, may have made it say something too.
            for runtime in self.runtimes.values():
                await runtime.catch_up()

    def _wake(self, name: str) -> None:
        for (_reader, feed), news in self._news.items():
            if feed == name:
                news.set()

    async def _refresh(self) -> None:
        """Learn what was revoked, from the service that issues tokens or else from those that heard it."""
        issuers = [runtime for runtime in self.runtimes.values() if runtime.service.keys]
        for runtime in issuers or self.runtimes.values():
            await self.revoked.refresh(runtime.db, runtime.service.metadata)

    async def _remember(self) -> None:
        while True:
            await asyncio.sleep(revoked.REFRESH_SECONDS)
            try:
                await self._refresh()
            except Exception as problem:  # noqa: BLE001 - what is known goes on counting
                logger.warning("the list of what was revoked is as before: %s", type(problem).__name__)

    async def _listen(self, runtime: Runtime, name: str) -> None:
        """Follow one feed for as long as the hub runs. A line that cannot be applied is tried again, because order
        matters, and set aside in the end, because others wait.
        """
        news, pause, tried = self._news[runtime.service.name, name], POLL_SECONDS, -math.inf
        while True:
            try:
                await runtime.catch_up(name)
                if time.monotonic() - tried > aside.AGAIN_SECONDS:
                    await runtime.try_again(name)
                    tried = time.monotonic()
                pause = POLL_SECONDS
            except Exception as problem:  # noqa: BLE001 - the ear must not fall off
                level = logging.WARNING if isinstance(problem, HubError) else logging.ERROR
                logger.log(level, "%s hears %s: %s", runtime.service.name, name, type(problem).__name__)
                pause = min(pause * 2, 30.0)
            try:
                await asyncio.wait_for(news.wait(), pause)
            except TimeoutError:
                continue
            await asyncio.sleep(TOGETHER_SECONDS)
            news.clear()

    def describe(self) -> Mapping[str, Any]:
        """What runs where, without a secret."""
        return {
            "services": [service.name for service in self.services],
            "embedded": self.settings.embedded,
            "workers": self.settings.workers,
        }
