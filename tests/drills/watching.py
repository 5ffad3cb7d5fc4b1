"""What a Prometheus would see during a drill, and which conditions of deploy/monitoring/alerts.yml hold.

The thresholds are those of the rules. For how long a rule wants its condition to hold is left out: drills are shorter
than most of that.
"""

import asyncio
import contextlib
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import yaml
from prometheus_client.parser import text_string_to_metric_families

RULES = Path(__file__).parents[2] / "deploy" / "monitoring" / "alerts.yml"
LOOK_SECONDS = 2.0
JOBS = "lotsennetz_jobs_total"
WANTED = (
    JOBS,
    "lotsennetz_database_up",
    "lotsennetz_replica_up",
    "lotsennetz_feed_behind_seconds",
    "lotsennetz_feed_aside",
    "lotsennetz_queue_age_seconds",
    "lotsennetz_request_seconds_count",
)
Labels = tuple[tuple[str, str], ...]
Told = Mapping[str, list[tuple[dict[str, str], float]]]


def threshold(alert: str) -> float:
    """The number at the end of a rule's expression."""
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    (expr,) = [rule["expr"] for group in groups for rule in group["rules"] if rule["alert"] == alert]
    found = re.search(r"[<>=]\s*([0-9.]+)\s*$", expr)
    assert found, f"{alert}: {expr}"
    return float(found[1])


def _by(samples: Iterable[tuple[dict[str, str], float]], *labels: str) -> dict[tuple[str, ...], list[float]]:
    found: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for words, value in samples:
        found[tuple(words.get(label, "") for label in labels)].append(value)
    return found


@dataclass
class Watch:
    """Asks `doors` (addresses of /metrics) again and again; `held` counts how often which condition held."""

    doors: tuple[str, ...]
    held: Counter[str] = field(default_factory=Counter)
    _seen: dict[tuple[str, str, Labels], float] = field(default_factory=dict)
    """Counters as they were last; those of a process that began again begin anew."""
    _rises: Counter[tuple[str, Labels]] = field(default_factory=Counter)

    def begin(self) -> None:
        """Forget what was until now."""
        self.held.clear()
        self._rises.clear()

    async def look(self) -> None:
        """Until cancelled."""
        async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
            while True:
                begun = time.monotonic()
                told = await asyncio.gather(*(self._ask(http, door) for door in self.doors))
                self._judge([one for one in told if one is not None])
                await asyncio.sleep(max(0.0, LOOK_SECONDS - (time.monotonic() - begun)))

    async def _ask(self, http: httpx.AsyncClient, door: str) -> tuple[str, Told] | None:
        with contextlib.suppress(httpx.HTTPError, ValueError):
            answer = await http.get(f"{door}/metrics")
            found: dict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
            lines = "".join(f"{line}\n" for line in answer.text.splitlines() if line.startswith(WANTED))
            for family in text_string_to_metric_families(lines):
                for sample in family.samples:
                    found[sample.name].append((dict(sample.labels), sample.value))
            return door, found
        return None

    def _judge(self, told: list[tuple[str, Told]]) -> None:
        if not told:
            self.held["LotsennetzNothingAnswers"] += 1
            return
        every: dict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
        for door, one in told:
            for name, samples in one.items():
                every[name] += samples
                if name.endswith(("_total", "_count")):
                    self._count(door, name, samples)

        def any_of(name: str, labels: tuple[str, ...], choose: Callable[[list[float]], float]) -> list[float]:
            return [choose(values) for values in _by(every[name], *labels).values()]

        holds = {
            "LotsennetzDatabaseDown": 0 in any_of("lotsennetz_database_up", ("service",), max),
            "LotsennetzReplicaDown": 0 in any_of("lotsennetz_replica_up", ("service",), max),
            "LotsennetzFeedBehind": _above(
                any_of("lotsennetz_feed_behind_seconds", ("reader", "feed"), min), "LotsennetzFeedBehind"
            ),
            "LotsennetzQueueOld": _above(
                any_of("lotsennetz_queue_age_seconds", ("service",), max), "LotsennetzQueueOld"
            ),
            "LotsennetzLineAside": _above(
                any_of("lotsennetz_feed_aside", ("reader", "feed"), max), "LotsennetzLineAside"
            ),
            "LotsennetzJobsFail": _above([self._risen(JOBS, outcome="failed")], "LotsennetzJobsFail"),
            "LotsennetzMailsWait": _above([self._risen(JOBS, outcome="again", job="mail")], "LotsennetzMailsWait"),
        }
        failed, asked = (self._risen("lotsennetz_request_seconds_count", **some) for some in ({"status": "5xx"}, {}))
        holds["LotsennetzErrors"] = asked > 0 and failed / asked > threshold("LotsennetzErrors")
        self.held.update(name for name, true in holds.items() if true)

    def _count(self, door: str, name: str, samples: Iterable[tuple[dict[str, str], float]]) -> None:
        for words, value in samples:
            labels = tuple(sorted(words.items()))
            key = (door, name, labels)
            before = self._seen.get(key)
            if before is not None:
                self._rises[name, labels] += int(value - before if value >= before else value)
            self._seen[key] = value

    def _risen(self, name: str, **labels: str) -> int:
        return sum(
            count
            for (one, words), count in self._rises.items()
            if one == name and labels.items() <= dict(words).items()
        )


def _above(values: Iterable[float], alert: str) -> bool:
    return any(value > threshold(alert) for value in values)
