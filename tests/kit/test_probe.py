"""Whether a process is well, asked as a container does: by a process of its own, with nothing but the environment."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from services.kit import probe


async def asked(environment: Mapping[str, str]) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", probe.__name__,
        env={"PATH": os.environ["PATH"], **environment}, cwd=Path(__file__).parents[2], stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_a_process_is_well_once_it_is_ready() -> None:
    status = ["503 Service Unavailable"]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        assert line.startswith(f"GET {probe.READY} ".encode())
        writer.write(f"HTTP/1.1 {status[0]}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = str(server.sockets[0].getsockname()[1])
    ways = ({"LOTSENNETZ_PORT": port}, {"LOTSENNETZ_METRICS": f"0.0.0.0:{port}", "LOTSENNETZ_PORT": "1"})
    async with server:
        for way in ways:
            assert await asked(way) == (1, f"{probe.READY} answers 503\n")
        status[0] = "200 OK"
        for way in ways:
            assert await asked(way) == (0, "")
    code, said = await asked(ways[0])
    assert code == 1
    assert "does not answer" in said


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, ("127.0.0.1", 8000)),
        ({"LOTSENNETZ_HOST": "0.0.0.0", "LOTSENNETZ_PORT": "80"}, ("127.0.0.1", 80)),
        ({"LOTSENNETZ_HOST": "192.0.2.7"}, ("192.0.2.7", 8000)),
        ({"LOTSENNETZ_METRICS": "9100", "LOTSENNETZ_HOST": "192.0.2.7"}, ("127.0.0.1", 9100)),
        ({"LOTSENNETZ_METRICS": "[::]:9100"}, ("::1", 9100)),
    ],
)
def test_it_asks_where_the_settings_say(environment: dict[str, str], found: tuple[str, int]) -> None:
    assert probe.address(environment) == found
