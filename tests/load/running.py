"""One measurement: Locust does what a plan says, and what it costs is counted."""

import asyncio
import contextlib
import json
import os
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.bench.peers import ROOT, cpu_seconds
from tests.load.calls import BEGIN, END, Plan
from tests.load.places import Place, locust
from tests.load.streams import Told

PATIENCE = 60.0
"""Seconds more than a plan takes; then it is ended, and what did not come is a failure."""
BROKEN_MS = 1_000.0
MISSING = "Locust is not here: make load installs it"


@dataclass(frozen=True)
class Kind:
    """Times in milliseconds."""

    requests: int
    failures: int
    p50: float
    p99: float
    most: float = 0.0


@dataclass(frozen=True)
class Measured:
    """`cpu` are seconds by part, with `client`; `busy` is the share of the machine's cores that worked at all.

    `began` is the machine's load before. `told` are the changes that streams were told of.
    """

    users: int
    seconds: float
    kinds: Mapping[str, Kind]
    cpu: Mapping[str, float]
    busy: float
    errors: Sequence[str] = ()
    memory: float = 0.0
    began: float = 0.0
    streams: int = 0
    came: float = 0.0
    told: Sequence[Told] = field(default_factory=tuple)

    @property
    def all(self) -> Kind:
        return self.kinds["Aggregated"]

    @property
    def rate(self) -> float:
        return self.all.requests / self.seconds

    @property
    def failures(self) -> int:
        return self.all.failures + sum(one.missing for one in self.told)

    @property
    def broken(self) -> str:
        """Why this is too much; nothing if it is not."""
        if self.failures:
            return f"{self.failures} failures"
        if self.all.p99 > BROKEN_MS:
            return f"p99 {self.all.p99:.0f} ms"
        slow = [one.most for one in self.told if one.most * 1000 > BROKEN_MS]
        return f"99 % told after {max(slow):.1f} s" if slow else ""

    def each(self, part: str) -> float:
        """Milliseconds of CPU for one request."""
        return self.cpu.get(part, 0.0) * 1000 / max(self.all.requests, 1)


async def measured(
    place: Place,
    plan: Plan,
    users: int,
    *,
    spawn: float = 0.0,
    beside: Callable[[asyncio.Event], Awaitable[object]] | None = None,
    clients: Sequence[int] = (),
) -> Measured:
    """Run it; `spawn` users come a second, all at once by default.

    `beside` works meanwhile, until its event is set; `clients` are processes that count as the client. Raises
    RuntimeError where Locust did not come to a result.
    """
    program, began = locust(), os.getloadavg()[0]
    if program is None:
        raise RuntimeError(MISSING)
    seconds = users / spawn if spawn else 1.0
    limit = seconds + plan.warm + plan.seconds + PATIENCE
    with tempfile.TemporaryDirectory(prefix="ln-load-") as name:
        told, result = Path(name) / "plan.json", Path(name) / "result.json"
        plan.write(told)
        env = {key: value for key, value in os.environ.items() if not key.startswith(("LOCUST_", "LOTSENNETZ_"))}
        env |= {"LOTSENNETZ_LOAD_PLAN": str(told), "LOTSENNETZ_LOAD_RESULT": str(result), "PYTHONPATH": str(ROOT)}
        process = await asyncio.create_subprocess_exec(
            program, "--locustfile", str(Path(__file__).with_name("users.py")), "--headless", "--only-summary",
            "--users", str(users), "--spawn-rate", str(spawn or users), "--run-time", f"{round(limit)}s",
            "--loglevel", "ERROR", cwd=name, env=env, start_new_session=True,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        meter = Meter(place, [process.pid, *clients])
        over = asyncio.Event()
        working = asyncio.ensure_future(beside(over)) if beside else None
        said: list[str] = []
        try:
            async with asyncio.timeout(limit + PATIENCE):
                await _listen(process, meter, said)
                over.set()
                if working:
                    await working
        finally:
            over.set()
            if working and not working.done():
                working.cancel()
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if not result.exists():
            raise RuntimeError("Locust ended without a result:\n" + "\n".join(said[-20:]))
        found = json.loads(result.read_text(encoding="utf-8"))
    kinds = {kind: Kind(**one) for kind, one in found["kinds"].items()}
    cpu, busy = meter.used()
    return Measured(users, found["seconds"], kinds, cpu, busy, found["errors"], place.memory(), began)


async def _listen(process: asyncio.subprocess.Process, meter: "Meter", said: list[str]) -> None:
    assert process.stdout is not None
    async for line in process.stdout:
        match word := line.decode(errors="replace").rstrip():
            case str() if word == BEGIN:
                meter.begin()
            case str() if word == END:
                meter.end()
            case _:
                said.append(word)
                del said[:-200]
    await process.wait()


class Meter:
    """CPU between the beginning and the end of what is measured."""

    def __init__(self, place: Place, clients: Sequence[int]) -> None:
        self.place, self.clients = place, clients
        self.first = self.last = self._read()

    def begin(self) -> None:
        self.first = self.last = self._read()

    def end(self) -> None:
        self.last = self._read()

    def used(self) -> tuple[dict[str, float], float]:
        """Seconds by part, and the share of all cores that worked."""
        parts = {part: value - self.first[0].get(part, 0.0) for part, value in self.last[0].items()}
        whole = (self.last[2] - self.first[2]) * (psutil.cpu_count() or 1)
        return parts, (self.last[1] - self.first[1]) / whole if whole else 0.0

    def _read(self) -> tuple[dict[str, float], float, float]:
        times = psutil.cpu_times()
        busy = sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)
        living = [pid for pid in self.clients if psutil.pid_exists(pid)]
        return self.place.cpu() | {"client": cpu_seconds(living)}, busy, time.perf_counter()
