"""The guarded client against servers that drip, flood and hang."""

import asyncio
import gzip
import time

import httpx
import pytest

from services.kit.errors import TooLarge, Unavailable
from services.kit.fetch import MOST_PER_HOST, Fetcher
from tests.kit.fetch.world import Handler, Server, moved, said, serving


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _drip_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.is_closing():
        writer.write(b"a: b\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


@pytest.mark.parametrize("page", [_drip, _drip_head, _silent], ids=["body", "head", "silence"])
async def test_a_slow_answer_ends_at_the_deadline(server: Server, fetcher: Fetcher, page: Handler) -> None:
    server.pages["/"] = page
    began = time.monotonic()
    with pytest.raises(Unavailable):
        await fetcher.get(f"{server.url}/", seconds=0.3)
    assert time.monotonic() - began < 10
    for _turn in range(100):  # and the connection with it
        if not server.open:
            break
        await asyncio.sleep(0.02)
    assert server.open == 0


async def test_the_deadline_is_for_all_redirects(server: Server, fetcher: Fetcher) -> None:
    asked = 0

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.25)
        writer.write(moved("/"))

    server.pages["/"] = late
    with pytest.raises(Unavailable):
        await fetcher.get(f"{server.url}/", seconds=0.4)
    assert asked <= 2


def _endless(head: bytes, part: bytes) -> Handler:
    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 " + head)
        for _turn in range(20_000):
            writer.write(part)
            await writer.drain()

    return page


FLOODS = {
    "a body without end": _endless(b"200 OK\r\n\r\n", b"x" * 10_000),
    "a body that lies about its length": _endless(b"200 OK\r\ncontent-length: 999999999999\r\n\r\n", b"x" * 10_000),
    "chunks": _endless(b"200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"2710\r\n" + b"x" * 10_000 + b"\r\n"),
    "chunks of one byte": _endless(
        b"200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1;" + b"a" * 10_000 + b"\r\nx\r\n"
    ),
    "early hints": _endless(b"103 Hint\r\n\r\n", b"HTTP/1.1 103 Hint\r\nlink: " + b"a" * 9_000 + b"\r\n\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("case", FLOODS)
async def test_a_flood_is_stopped(server: Server, fetcher: Fetcher, case: str) -> None:
    server.pages["/"] = FLOODS[case]
    with pytest.raises(TooLarge, match="100 kB"):
        await fetcher.get(f"{server.url}/", most_bytes=100_000)


@pytest.mark.parametrize("size", [100_000, 100_001])
async def test_the_limit_counts_the_body_to_the_byte(server: Server, fetcher: Fetcher, size: int) -> None:
    server.pages["/"] = said(b"x" * size)
    if size > 100_000:
        with pytest.raises(TooLarge):
            await fetcher.get(f"{server.url}/", most_bytes=100_000)
    else:
        assert len((await fetcher.get(f"{server.url}/", most_bytes=100_000)).body) == size


@pytest.mark.parametrize("part", [b"x" * 10_000, b"x: " + b"y" * 90 + b"\r\n"], ids=["one line", "many lines"])
async def test_ten_megabytes_of_headers(server: Server, fetcher: Fetcher, part: bytes) -> None:
    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nx: ")
        for _turn in range(10_000_000 // len(part)):
            writer.write(part)
            await writer.drain()
        writer.write(b"\r\n\r\n")

    server.pages["/"] = page
    with pytest.raises((TooLarge, Unavailable)):
        await fetcher.get(f"{server.url}/")


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "identity, gzip", "br", "deflate", "x-gzip"])
async def test_a_compressed_bomb_is_not_unpacked(server: Server, fetcher: Fetcher, encoding: str) -> None:
    server.pages["/"] = said(gzip.compress(bytes(50_000_000)), "200 OK", f"Content-Encoding: {encoding}")
    with pytest.raises(Unavailable):
        await fetcher.get(f"{server.url}/")
    async with httpx.AsyncClient(transport=fetcher.transport()) as client:
        with pytest.raises(Unavailable):
            await client.get(f"{server.url}/")


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n", b"\x16\x03\x01\x00\x00",
    ],
)  # fmt: skip
async def test_what_is_no_http_is_no_answer(server: Server, fetcher: Fetcher, answer: bytes) -> None:
    server.pages["/"] = answer
    with pytest.raises(Unavailable):
        await fetcher.get(f"{server.url}/")


async def test_nobody_listens(fetcher: Fetcher) -> None:
    async with serving() as server:
        url = server.url
    with pytest.raises(Unavailable):
        await fetcher.get(f"{url}/")


async def test_a_slow_host_holds_up_its_own_callers_only(server: Server, fetcher: Fetcher) -> None:
    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    server.pages["/"] = late
    calls = [asyncio.create_task(fetcher.get(f"{server.url}/", seconds=3)) for _number in range(30)]
    for _turn in range(250):
        if server.open == MOST_PER_HOST:
            break
        await asyncio.sleep(0.01)
    assert server.open == MOST_PER_HOST
    async with serving() as other:
        other.pages["/"] = said()
        answer = await fetcher.get(f"http://localhost:{other.port}/", seconds=2)
        assert answer.body == b"hello"
    assert {type(one) for one in await asyncio.gather(*calls, return_exceptions=True)} == {Unavailable}


async def test_a_caller_who_gives_up_leaves_nothing_open(server: Server, fetcher: Fetcher) -> None:
    server.pages["/"] = _silent
    call = asyncio.create_task(fetcher.get(f"{server.url}/"))
    while not server.open:
        await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    for _turn in range(100):
        if not server.open:
            break
        await asyncio.sleep(0.02)
    assert server.open == 0


async def test_the_environment_names_no_proxy(
    server: Server, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.pages["/"] = said()
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert (await fetcher.get(f"{server.url}/")).body == b"hello"
    async with httpx.AsyncClient(transport=fetcher.transport()) as client:
        assert (await client.get(f"{server.url}/")).text == "hello"
