"""wrk as a function: random requests for some seconds, what came back and what it cost."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.peers import Contender, cpu_seconds

SCRIPT = Path(__file__).parent / "post.lua"
CONNECTIONS = 32
LONGEST_SECONDS = 60.0
MISSING = "wrk is not installed, so reads are not measured. Debian/Ubuntu: sudo apt install wrk"
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Measured:
    """Requests a second; milliseconds of CPU a request, of the server and of PostgreSQL; latencies; bytes a request."""

    rate: float
    server: float
    postgres: float
    p50: float
    p99: float
    size: float

    @property
    def cpu(self) -> float:
        return self.server + self.postgres

    @classmethod
    def middle(cls, turns: "Sequence[Measured]") -> "Measured":
        return cls(*(median(getattr(turn, name) for turn in turns) for name in cls.__dataclass_fields__))


def installed() -> bool:
    return shutil.which("wrk") is not None


def run(contender: Contender, postgres: int, bodies: Path, seconds: float) -> Measured:
    """Takes longer where no answer comes in time. Raises RuntimeError where one was not 200 or a connection failed."""
    command = ["wrk", "--threads=1", f"--connections={CONNECTIONS}", f"--duration={max(1, round(seconds))}s"]
    command += ["--latency", "--timeout=30s", f"--script={SCRIPT}", contender.url]
    before = cpu_seconds(contender.pids), cpu_seconds([postgres])
    done = subprocess.run(
        command, env={**os.environ, "BODIES": str(bodies)}, capture_output=True, text=True, check=True
    )
    after = cpu_seconds(contender.pids), cpu_seconds([postgres])
    if trouble := re.search(r"(Non-2xx|Socket errors).*", done.stdout):
        raise RuntimeError(f"{contender.name}: {trouble[0]}")
    requests = int(_found(r"(\d+) requests in", done.stdout)[1])
    if not requests:
        if seconds > LONGEST_SECONDS:
            raise RuntimeError(f"{contender.name}: no answer within {seconds} s")
        return run(contender, postgres, bodies, seconds * 4)
    return Measured(
        rate=float(_found(r"Requests/sec:\s+([\d.]+)", done.stdout)[1]),
        server=(after[0] - before[0]) / requests * 1000,
        postgres=(after[1] - before[1]) / requests * 1000,
        p50=_milliseconds(_found(r"^ +50% +([\d.]+)(us|ms|s|m) *$", done.stdout)),
        p99=_milliseconds(_found(r"^ +99% +([\d.]+)(us|ms|s|m) *$", done.stdout)),
        size=_bytes(_found(r"requests in [^,]+, ([\d.]+)([KMG]?B) read", done.stdout)) / requests,
    )


def _found(pattern: str, text: str) -> re.Match[str]:
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"wrk says nothing like {pattern}:\n{text}")
    return found


def _milliseconds(found: re.Match[str]) -> float:
    return float(found[1]) * UNITS[found[2]]


def _bytes(found: re.Match[str]) -> float:
    return float(found[1]) * float({"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30}[found[2]])
