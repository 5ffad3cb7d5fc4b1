"""Lines between the processes of a cluster, which can be slow, silent or cut.

Kernels without `netem` cannot do that for themselves, so each line is a small TCP relay: from one service with its
worker (or the router) to another service, the database, its replica or Valkey.
"""

import asyncio
import contextlib
import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from services.cli.serving import bind
from tests.stories.cluster import Wiring

CHUNK = 1 << 16
SOCKET = ".s.PGSQL.5432"


class Wire:
    """A relay at `port`, to a path of a socket or to a host and a port."""

    def __init__(self, to: Path | tuple[str, int], chance: random.Random) -> None:
        self.to, self._chance = to, chance
        self.seconds = 0.0
        """How late what goes through arrives, each way; a tenth of it more or less by chance."""
        self._open = asyncio.Event()
        self._open.set()
        self._cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._listener = bind("127.0.0.1", 0)
        self.port: int = self._listener.getsockname()[1]
        self._server: asyncio.Server | None = None

    async def start(self) -> "Wire":
        self._server = await asyncio.start_server(self._relay, sock=self._listener)
        return self

    def slow(self, seconds: float) -> None:
        self.seconds = seconds

    def silence(self) -> None:
        """Nothing arrives any more, and nobody is told: as when packets are dropped."""
        self._open.clear()

    def cut(self) -> None:
        """All connections end, and no new one comes about."""
        self._cut = True
        for writer in tuple(self._writers):
            writer.transport.abort()

    def mend(self) -> None:
        self.seconds, self._cut = 0.0, False
        self._open.set()

    async def close(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.CancelledError):  # at the very end
            await self._lead(reader, writer)

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._open.wait()
            if self._cut:
                return
            with contextlib.suppress(OSError):
                if isinstance(self.to, Path):
                    there, back = await asyncio.open_unix_connection(str(self.to), limit=CHUNK)
                else:
                    there, back = await asyncio.open_connection(*self.to, limit=CHUNK)
                self._writers.add(back)
                try:
                    async with asyncio.TaskGroup() as both:
                        both.create_task(self._pump(reader, back))
                        both.create_task(self._pump(there, writer))
                finally:
                    self._writers.discard(back)
                    back.transport.abort()
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._open.wait()
                if self.seconds:
                    await asyncio.sleep(self.seconds * self._chance.uniform(0.9, 1.1))
                writer.write(data)
                await writer.drain()
            await self._open.wait()
            if writer.can_write_eof():
                writer.write_eof()


class Wires(Wiring):
    """A wire between each two that talk. With `failover`, services know both database servers and take whichever
    accepts changes. `more` is what processes of a service get beside, by its name.
    """

    guarded = True

    def __init__(
        self,
        folder: Path,
        chance: random.Random,
        *,
        failover: bool = False,
        guarded: bool = True,
        more: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.folder, self.chance, self.failover, self.guarded = folder, chance, failover, guarded
        self.all: dict[tuple[str, str], Wire] = {}
        self._more = more or {}

    def between(self, one: str, others: Iterable[str] = ()) -> list[Wire]:
        """The wires of `one`, to and from everybody or `others`."""
        wanted = set(others)
        return [wire for ends, wire in self.all.items() if one in ends and (not wanted or wanted & (set(ends) - {one}))]

    async def reach(self, who: str, whom: str, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme == "http":
            port = await self._port(who, whom, (str(parts.hostname), int(parts.port or 80)))
            return f"http://127.0.0.1:{port}"
        if whom == "valkey":
            store = Path(parts.path) if parts.scheme == "unix" else (str(parts.hostname), parts.port or 6379)
            return f"redis://127.0.0.1:{await self._port(who, whom, store)}"
        home = parse_qs(parts.query).get("host", [""])[0]
        there = Path(home) / SOCKET if home else (str(parts.hostname), parts.port or 5432)
        ports = [await self._port(who, whom, there)]
        if self.failover and whom == "primary":
            ports.append(await self._port(who, "standby", self.folder / "replica" / "postgres" / SOCKET))
        hosts = ",".join(["127.0.0.1"] * len(ports))
        other = "&target_session_attrs=primary" if len(ports) > 1 else ""
        where = f"host={hosts}&port={','.join(map(str, ports))}{other}"
        return parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@", query=where).geturl()

    def environment(self, service: str, verb: str) -> Mapping[str, str]:
        return self._more.get(service, {})

    async def _port(self, who: str, whom: str, to: Path | tuple[str, int]) -> int:
        if (who, whom) not in self.all:
            self.all[who, whom] = await Wire(to, self.chance).start()
        return self.all[who, whom].port

    async def close(self) -> None:
        for wire in self.all.values():
            await wire.close()
