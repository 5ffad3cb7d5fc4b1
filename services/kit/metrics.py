"""What a process counts of itself, and what the services' tables say at the moment, for Prometheus.

Nothing here names anybody: labels are routes, services, kinds of jobs. `deploy/monitoring` has a dashboard and alerts.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import FromClause, and_, extract, func, or_, select

from services.kit import aside
from services.kit.db import HUB, Reader
from services.kit.graphcall import EVENT_STREAM
from services.kit.log import position, table

if TYPE_CHECKING:
    from services.kit.replicas import Replica
    from services.kit.service import Hub, Runtime

log = logging.getLogger(__name__)
MEDIA_TYPE: Final = CONTENT_TYPE_LATEST
BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds."""
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OUTCOMES: Final = ("done", "again", "refused", "failed", "lost", "given back")
"""How a try of a job ends: done, to be tried again, turned down for what it was asked, given up after its last try,
taken over by another, left to others by a worker that stops.
"""
GATHER_SECONDS: Final = 3.0
"""How long a scrape waits for the tables of one service."""


class Metrics:
    """The counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Histogram(
            "lotsennetz_request_seconds",
            "From a request to the beginning of its answer",
            ("route", "method", "status"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.streams = Gauge("lotsennetz_streams", "Event streams that are open", registry=self.registry)
        self.jobs = Counter(
            "lotsennetz_jobs", "Tries of jobs by how they ended", ("service", "job", "outcome"), registry=self.registry
        )
        self.answers = Counter(
            "lotsennetz_remembered_answers",
            "Questions of nobody in particular, by whether the answer was remembered",
            ("service", "found"),
            registry=self.registry,
        )
        self.reads = Counter(
            "lotsennetz_reads",
            "Reads of the graph where there is a replica, by where they went",
            ("service", "server"),
            registry=self.registry,
        )
        self._requests: dict[tuple[str, str, int], Any] = {}
        self._answers: dict[tuple[str, bool], Any] = {}
        self._tables = _Tables()
        self.registry.register(self._tables)
        ProcessCollector(registry=self.registry)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request; `status` by its class."""
        key = (route, method, status // 100)
        counted = self._requests.get(key)
        if counted is None:
            words = (route or "none", method if method in METHODS else "other", f"{status // 100}xx")
            counted = self._requests[key] = self.requests.labels(*words)
        counted.observe(seconds)

    def remembered(self, service: str, *, found: bool) -> None:
        counted = self._answers.get((service, found))
        if counted is None:
            counted = self._answers[service, found] = self.answers.labels(service, "yes" if found else "no")
        counted.inc()

    def read(self, service: str, server: str) -> None:
        """Count a read: at the replica, or at the primary because that one was behind or away."""
        self.reads.labels(service, server).inc()

    def tried(self, service: str, job: str, outcome: str) -> None:
        """Count a try of a job by its outcome, one of OUTCOMES."""
        self.jobs.labels(service, job, outcome).inc()

    def works(self, service: str, jobs: Iterable[str]) -> None:
        """These kinds of jobs are worked here: nothing of them was given up yet. A counter that began with the first
        would rise from nowhere, which no alert sees.
        """
        for job in jobs:
            for outcome in OUTCOMES:
                self.jobs.labels(service, job, outcome)

    async def text(self, hub: "Hub") -> bytes:
        """Everything in Prometheus' text format, with what the tables say now."""
        self._tables.found = await _gathered(hub)
        return generate_latest(self.registry)


class Answering:
    """The `send` of one request: sees when its answer begins and, of streams, when it ends."""

    __slots__ = ("_begun", "_metrics", "_scope", "_send", "_started", "_stream")

    def __init__(self, metrics: Metrics, scope: Any, send: Any) -> None:
        self._metrics, self._scope, self._send = metrics, scope, send
        self._started = self._stream = False
        self._begun = time.perf_counter()

    async def __call__(self, message: Any) -> None:
        if not self._started and message["type"] == "http.response.start":
            self._start(message["status"])
            media_type = dict(message.get("headers", ())).get(b"content-type", b"")
            if media_type.startswith(EVENT_STREAM.encode()):
                self._stream = True
                self._metrics.streams.inc()
        await self._send(message)

    def _start(self, status: int) -> None:
        self._started, scope = True, self._scope
        route = scope.get("path_template", "")
        self._metrics.answered(route, scope["method"], status, time.perf_counter() - self._begun)

    def over(self) -> None:
        """The application has returned. What went past `send` went out whole, with 200."""
        if not self._started:
            self._start(200)
        if self._stream:
            self._metrics.streams.dec()


class _Tables(Collector):
    """What was read from the services' tables for this scrape."""

    def __init__(self) -> None:
        self.found: Sequence[Metric] = ()

    def collect(self) -> Iterator[Metric]:
        yield from self.found


Samples = Iterable[tuple[Sequence[str], float]]


def gauge(name: str, about: str, labels: Sequence[str], samples: Samples) -> Metric:
    """A value that was just read, for each of `samples` by its labels."""
    family = GaugeMetricFamily(name, about, labels=labels)
    for words, value in samples:
        family.add_metric(words, value)
    return family


async def _gathered(hub: "Hub") -> list[Metric]:
    """What the tables of all services say; of one that does not answer, that it does not."""
    runtimes = list(hub.runtimes.values())
    read = await asyncio.gather(*(_read(runtime) for runtime in runtimes))
    there = {runtime.service.name: found for runtime, found in zip(runtimes, read, strict=True) if found is not None}
    now = time.monotonic()
    behind = [
        ((runtime.service.name, feed), now - at) for runtime in runtimes for feed, at in list(runtime.heard.items())
    ]
    return [
        gauge("lotsennetz_info", "What runs here", ("version",), [((version("lotsennetz"),), 1)]),
        gauge(
            "lotsennetz_database_up",
            "Whether the service's database answers",
            ("service",),
            [((runtime.service.name,), runtime.service.name in there) for runtime in runtimes],
        ),
        gauge(
            "lotsennetz_feed_behind_seconds",
            "Since a reader has last heard everything that a feed had to say",
            ("reader", "feed"),
            behind,
        ),
        gauge(
            "lotsennetz_feed_position",
            "The last line of a feed that a reader has applied",
            ("reader", "feed"),
            [((name, feed), at) for name, found in there.items() for feed, at in found["cursors"].items()],
        ),
        gauge(
            "lotsennetz_feed_aside",
            "Lines of a feed that could not be applied and were set aside",
            ("reader", "feed"),
            [((name, feed), found["aside"].get(feed, 0)) for name, found in there.items() for feed in found["cursors"]],
        ),
        gauge(
            "lotsennetz_log_position",
            "The newest line of a service's log",
            ("feed",),
            [((name,), found["position"]) for name, found in there.items()],
        ),
        gauge(
            "lotsennetz_queue_jobs",
            "Jobs that are not over, by their state",
            ("service", "state"),
            [((name, state), found[state]) for name, found in there.items() for state in ("due", "later", "running")],
        ),
        gauge(
            "lotsennetz_queue_age_seconds",
            "How long the oldest due job has been waiting",
            ("service",),
            [((name,), found["age"]) for name, found in there.items()],
        ),
        gauge(
            "lotsennetz_replica_up",
            "Whether the replica of the service's database answers, where there is one",
            ("service",),
            [((name,), found["behind"] is not None) for name, found in there.items() if "behind" in found],
        ),
        gauge(
            "lotsennetz_replica_behind_bytes",
            "What of the primary's log the replica has not applied",
            ("service",),
            [((name,), found["behind"]) for name, found in there.items() if found.get("behind") is not None],
        ),
        *(metric for found in there.values() for metric in found["own"]),
    ]


async def _read(runtime: "Runtime") -> dict[str, Any] | None:
    try:
        metadata = runtime.service.metadata
        async with asyncio.timeout(GATHER_SECONDS), runtime.db.read(HUB) as session:
            cursors = table(metadata, "cursor")
            found = await _queue(session, table(metadata, "job"))
            found["position"] = await position(session, metadata)
            asked = select(cursors.c.feed, cursors.c.position)
            found["cursors"] = {feed: at for feed, at in await session.execute(asked)}  # noqa: C416 - rows are no pairs
            found["aside"] = await aside.counted(session, metadata)
            own = runtime.service.measures
            found["own"] = await own(session) if own is not None else ()
    except Exception as problem:  # noqa: BLE001 - whoever watches must see the rest
        log.warning("nothing is known of %s: %s", runtime.service.name, type(problem).__name__)
        return None
    if runtime.replica is not None:
        found["behind"] = await _behind(runtime.replica)
    return found


async def _behind(replica: "Replica") -> int | None:
    try:
        async with asyncio.timeout(GATHER_SECONDS):
            return await replica.behind()
    except Exception as problem:  # noqa: BLE001 - as above
        log.warning("nothing is known of the replica: %s", type(problem).__name__)
        return None


async def _queue(session: Reader, rows: FromClause) -> dict[str, Any]:
    """Jobs that are due (with those whose worker has died), later or running, and the age in seconds of the oldest."""
    queued, lost = rows.c.state == "queued", and_(rows.c.state == "running", rows.c.lease_until < func.now())
    due = or_(and_(queued, rows.c.run_after <= func.now()), lost)
    since = func.min(func.greatest(rows.c.created_at, rows.c.run_after)).filter(due)
    asked = select(
        func.count().filter(due).label("due"),
        func.count().filter(queued, rows.c.run_after > func.now()).label("later"),
        func.count().filter(rows.c.state == "running", rows.c.lease_until >= func.now()).label("running"),
        func.coalesce(extract("epoch", func.now() - since), 0).label("age"),
    ).where(rows.c.state.in_(("queued", "running")))
    return dict((await session.execute(asked)).mappings().one())
