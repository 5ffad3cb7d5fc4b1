"""Whether a process is well, asked as a container does: by a process of its own, with nothing but the environment."""

import asyncio
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from services.kit import probe


async def asked(*arguments: str, **environment: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", probe.__name__, *arguments,
        env={"PATH": os.environ["PATH"], **environment}, cwd=Path(__file__).parents[2], stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_a_process_that_answers_is_well_once_it_is_ready() -> None:
    status = ["503 Service Unavailable"]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        assert line.startswith(f"GET {probe.READY} ".encode())
        writer.write(f"HTTP/1.1 {status[0]}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = str(server.sockets[0].getsockname()[1])
    async with server:
        for host in ("127.0.0.1", "0.0.0.0"):
            assert await asked(LOTSENNETZ_HOST=host, LOTSENNETZ_PORT=port) == (1, f"{probe.READY} answers 503\n")
        status[0] = "200 OK"
        assert await asked(LOTSENNETZ_HOST="0.0.0.0", LOTSENNETZ_PORT=port) == (0, "")
    code, said = await asked(LOTSENNETZ_PORT=port)
    assert code == 1
    assert "does not answer" in said


async def test_a_worker_is_well_as_long_as_its_loop_turns(tmp_path: Path) -> None:
    assert await asked("work", LOTSENNETZ_DATA=str(tmp_path)) == (1, "no worker has begun here\n")
    beating = asyncio.create_task(probe.beat(tmp_path / "new"))
    await asyncio.sleep(0)
    assert await asked("work", LOTSENNETZ_DATA=str(tmp_path / "new")) == (0, "")
    beating.cancel()
    with suppress(asyncio.CancelledError):
        await beating
    silent = time.time() - 2 * probe.SILENT_SECONDS
    os.utime(tmp_path / "new" / probe.BEATS, (silent, silent))
    code, said = await asked("work", LOTSENNETZ_DATA=str(tmp_path / "new"))
    assert code == 1
    assert said.startswith("silent for ")


async def test_a_worker_without_a_folder_works_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    await probe.beat(tmp_path / "file" / "below")
