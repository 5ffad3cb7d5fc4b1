"""Servers that say what a test wants, and a guarded client whose names mean what a test says."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from services.kit.fetch import Fetcher

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PUBLIC = "93.184.216.34"


class Server:
    """Answers each request with what `pages` says for its path: bytes as they are, or a function that writes."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes | Handler] = {}
        self.heads: list[str] = []
        self.connections = 0
        self.open = 0
        self.port = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.heads.append(head)
                page = self.pages[head.split(" ")[1]]
                if isinstance(page, bytes):
                    writer.write(page)
                    await writer.drain()
                else:
                    await page(reader, writer)
        finally:
            self.open -= 1
            writer.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.asynccontextmanager
async def serving(host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server()
    listener = await asyncio.start_server(server, host, 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()


@contextlib.asynccontextmanager
async def fetching(
    *answers: Sequence[str], local: bool = True, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[Fetcher, list[str]]]:
    """A fetcher whose resolver gives these answers in turn, the last one for ever; and what it was asked."""
    asked: list[str] = []

    async def resolve(host: str) -> Sequence[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    fetcher = Fetcher(local=local, resolve=resolve if answers else None, tls=tls)
    try:
        yield fetcher, asked
    finally:
        await fetcher.close()


def said(body: bytes = b"hello", status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def moved(location: str, status: str = "302 Found") -> bytes:
    return said(b"", status, f"location: {location}")
