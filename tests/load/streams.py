"""`python -m tests.load.streams`: holds the phones' event streams, in a process beside Locust.

Its first line is a JSON list of addresses; it answers with the seconds until all had their first state. After each line
`begin` it answers `ready`, and then with how long it took until 99 % and all of them were told of the next change, and
how many were not.
"""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.bench.live import SHARE, Crowd, Phone
from tests.bench.peers import ROOT

COME_SECONDS, TOLD_SECONDS = 60.0, 20.0
AT_ONCE = 200
"""So many connect at the same time."""


class Told(NamedTuple):
    """Seconds until SHARE of the phones, and all of them; `missing` were not told in time."""

    most: float
    everybody: float
    missing: int = 0


class Phones(Crowd):
    """Those of several processes of a hub."""

    def __init__(self, urls: Sequence[str]) -> None:
        super().__init__(urls.__getitem__, len(urls))

    async def come(self) -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        self.begin()
        for first in range(0, self.count, AT_ONCE):
            each = [self.url(n) for n in range(first, min(first + AT_ONCE, self.count))]
            places = [(urlsplit(url).hostname or "", urlsplit(url).port or 0) for url in each]
            made = await asyncio.gather(
                *(
                    loop.create_connection(partial(Phone, url, self.told), host, port)
                    for url, (host, port) in zip(each, places, strict=True)
                )
            )
            self.phones += [phone for _transport, phone in made]
        return await self.end()

    async def heard(self, seconds: float) -> Told:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.all.wait()
        times, most = sorted(self.times), int(self.count * SHARE) - 1
        late = time.perf_counter() - self.start
        return Told(
            times[most] if most < len(times) else late,
            times[-1] if len(times) >= self.count else late,
            max(self.count - len(times), 0),
        )


async def _main() -> None:
    urls = json.loads(sys.stdin.readline())
    phones = Phones(urls)
    try:
        _most, everybody = await asyncio.wait_for(phones.come(), COME_SECONDS)
        print(json.dumps(everybody), flush=True)
        while (await asyncio.to_thread(sys.stdin.readline)).strip() == "begin":
            phones.begin()
            print("ready", flush=True)
            print(json.dumps(await phones.heard(TOLD_SECONDS)), flush=True)
    finally:
        for phone in phones.phones:
            if phone.transport:
                phone.transport.abort()


class Streams:
    """That process, from outside."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process, self.pid = process, process.pid
        self.came = 0.0

    async def begin(self) -> None:
        await self._say("begin")
        await self._line()

    async def told(self) -> Told:
        return Told(*json.loads(await self._line()))

    async def _say(self, words: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{words}\n".encode())
        await self.process.stdin.drain()

    async def _line(self) -> bytes:
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), COME_SECONDS + TOLD_SECONDS)
        if not line:
            raise RuntimeError("the process that holds the streams has ended")
        return line


@contextlib.asynccontextmanager
async def held(urls: Sequence[str]) -> AsyncIterator[Streams]:
    """Streams to all these addresses, open."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.load.streams", cwd=ROOT, limit=1 << 20,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        streams = Streams(process)
        await streams._say(json.dumps(list(urls)))
        streams.came = float(json.loads(await streams._line()))
        yield streams
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(_main())
