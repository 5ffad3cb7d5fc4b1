"""The cluster on which a drill is played: with wires between all parts, a mail server that counts, and somebody who
starts again what has died, as systemd or Kubernetes would.
"""

import asyncio
import contextlib
import logging
import os
import random
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from services.app import SERVICES
from services.kit.settings import Settings
from tests.drills.load import Load, Mailbox
from tests.drills.watching import Watch
from tests.drills.wires import Wire, Wires
from tests.kit.kill_mail import Postman, serving
from tests.router import FOLDER as ROUTER
from tests.router import stop as end_router
from tests.stories.cluster import cluster
from tests.stories.deployments import Deployment, Process, free_ports

log = logging.getLogger(__name__)
LEASE = 5.0
"""Seconds until a dead worker's job is given to another: not the usual 30, so that short drills see it."""
RESTART_SECONDS = 1.0
LOOK_SECONDS = 0.2
SECRET = "not a secret: drills only"


@dataclass
class Stage:
    there: Deployment
    wires: Wires
    mailbox: Mailbox
    folder: Path
    chance: random.Random
    load: Load
    watch: Watch
    router: psutil.Process
    database: str
    """Where the checker looks."""
    held_down: set[int] = field(default_factory=set)
    """Ports of processes that are not started again for now."""
    happened: list[str] = field(default_factory=list)
    _router: subprocess.Popen[bytes] | None = None
    """The router that was started in place of one that died."""

    def process(self, service: str, verb: str) -> Process:
        (found,) = [one for one in self.there.processes if one.services == (service,) and one.verb == verb]
        return found

    def postgres(self, which: str = "primary") -> psutil.Process:
        """The first process of the `primary` or the `replica`. Raises psutil.Error where it is dead."""
        return _noted(self.folder / which / "postgres" / "postmaster.pid")

    def valkey(self) -> psutil.Process:
        return _noted(self.folder / "valkey" / "valkey.pid")

    async def look_after(self) -> None:
        """Start every process of the hub again that has ended, until cancelled."""
        starting: dict[str, asyncio.Task[None]] = {}
        command, env = self.router.cmdline(), self.router.environ()

        async def again(process: Process) -> None:
            await asyncio.sleep(RESTART_SECONDS)
            with contextlib.suppress(AssertionError, TimeoutError):
                await process.start()

        try:
            while True:
                for one in self.there.processes:
                    ended = one.running is None or one.running.poll() is not None
                    busy = one.url in starting and not starting[one.url].done()
                    if ended and not busy and _port(one.url) not in self.held_down:
                        starting[one.url] = asyncio.create_task(again(one))
                if not lives(self.router):
                    await asyncio.sleep(RESTART_SECONDS)
                    self._router = subprocess.Popen(
                        command, env=env, cwd=ROUTER, stdout=subprocess.DEVNULL, start_new_session=True
                    )
                    self.router = psutil.Process(self._router.pid)
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            for task in starting.values():
                task.cancel()
            await asyncio.gather(*starting.values(), return_exceptions=True)
            if self._router is not None:
                await asyncio.to_thread(end_router, self._router)

    async def stop(self, process: Process) -> None:
        """End it as an operator does, and leave it."""
        self.held_down.add(_port(process.url))
        await process.stop()

    async def start(self, process: Process) -> None:
        await process.start()
        self.held_down.discard(_port(process.url))


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])


def lives(process: psutil.Process) -> bool:
    """Whether it is alive; one that nobody has buried is not."""
    with contextlib.suppress(psutil.Error):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


def _router() -> psutil.Process:
    """The one that this process has just started."""
    (found, *_its_own) = [one for one in psutil.Process().children(recursive=True) if one.cwd() == str(ROUTER)]
    return found


def _noted(path: Path) -> psutil.Process:
    """The process whose number a server wrote there, and nobody who has that number by now."""
    try:
        found = psutil.Process(int(path.read_text().split()[0]))
    except (FileNotFoundError, ValueError, IndexError) as problem:
        raise psutil.NoSuchProcess(0) from problem
    if found.cwd() != str(path.parent):
        raise psutil.NoSuchProcess(found.pid)
    return found


@contextlib.asynccontextmanager
async def stage(
    seed: int,
    folder: Path | None = None,
    *,
    failover: bool = False,
    guarded: bool = True,
    more: Mapping[str, Mapping[str, str]] | None = None,
) -> AsyncIterator[Stage]:
    """The cluster, with the load that begins at once. See `Wires` for the rest."""
    async with contextlib.AsyncExitStack() as stack:
        folder = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ln-")))
        chance = random.Random(seed)
        postman = await stack.enter_async_context(serving(Postman()))
        doors = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
        extra = {name: {"LOTSENNETZ_METRICS": str(port), **(more or {}).get(name, {})} for name, port in doors.items()}
        wires = Wires(folder, chance, failover=failover, guarded=guarded, more=extra)
        stack.push_async_callback(wires.close)
        mail = wires.all["workers", "mail"] = await Wire(("127.0.0.1", postman.port), chance).start()
        settings = Settings(secret=SECRET, lease=LEASE, rates=0.0, smtp_url=f"smtp://127.0.0.1:{mail.port}")
        there = await stack.enter_async_context(cluster(settings, folder=folder, wiring=wires))
        workers = [one.url for one in there.processes if one.verb == "work"]
        watch = Watch((*(f"http://127.0.0.1:{port}" for port in doors.values()), *workers))
        mailbox = Mailbox(postman)
        load = Load(there, mailbox, seed)
        made = Stage(
            there,
            wires,
            mailbox,
            folder,
            chance,
            load,
            watch,
            _router(),
            there.hub.settings.database_url or "",
        )
        await load.begin()
        beside = [asyncio.create_task(made.look_after()), asyncio.create_task(watch.look())]
        try:
            yield made
        finally:
            await load.end()
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)


def end(process: psutil.Process, how: int = signal.SIGKILL) -> None:
    """Send the signal to this one process, of those that the drill started."""
    with contextlib.suppress(psutil.Error, ProcessLookupError):
        os.kill(process.pid, how)
