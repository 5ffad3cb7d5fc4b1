"""The one guarded client for every call to an address that somebody else wrote down.

A city names its login provider, its keys, its logo. Without a guard it could name the hub's own neighbours and have the
hub ask them (server-side request forgery). So every call, and each hop of a redirect,

- goes to a URL that passes `checked_url`: https on port 443, a public name, nothing that two parsers read differently;
- resolves the name once, is refused unless *every* address is public, and connects to one of these very addresses.
  There is no second look-up that could answer differently (DNS rebinding); TLS still checks the name;
- has a connection of its own, a deadline for all of it, and a limit for all bytes it reads, headers included.

Proxies from the environment are not used: behind one, the proxy would resolve the names. An operator whose hub reaches
the world through a proxy only has to let it through to port 443. What the guard cannot know: machines of the
operator's own network with public addresses. A firewall has to know them.
"""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import httpcore
import httpx

from services.kit.addresses import LONGEST_URL, checked_url, no_address, not_public, permitted
from services.kit.errors import Refused, TooLarge, Unavailable
from services.kit.i18n import gettext as _
from services.kit.trust import authorities

MOST_BYTES = 1_000_000
SECONDS = 10.0
MOST_REDIRECTS = 3
LONGEST_HEAD = 128 * 1024
"""Bytes a connection may read beyond the body, and a quarter of it: status lines, headers, chunk lengths."""
READ_BYTES = 2 * 1024
"""Read at once: parsing a thousand tiny chunks must not stall everybody else."""
MOST_TRIED = 4
"""Addresses of one name; a server with more is down when four are."""
CONNECT_SECONDS = 3.0
MOST_CALLS, MOST_PER_HOST = 64, 8
"""At the same time; more wait for their turn, and their deadline runs. A slow host holds up its own callers first."""
LOOKUPS = 32
"""Threads for names alone: the system's resolver cannot be interrupted, and slow names must not block other work."""

Resolver = Callable[[str], Awaitable[Sequence[str]]]
"""All addresses of a name; raises OSError where there is none."""


def _origin(url: httpx.URL) -> tuple[str, bytes, int]:
    return url.scheme, url.raw_host, url.port or (443 if url.scheme == "https" else 80)


@dataclass(frozen=True)
class Answer:
    """What a server said, whatever its status; `url` is where the redirects ended."""

    status: int
    headers: httpx.Headers
    body: bytes
    url: str


class Fetcher:
    """Calls other people's servers under the rules above. Made once per hub; `close` it at the end.

    Every method raises Refused for an address that is not allowed, TooLarge for an answer above its limit and
    Unavailable for a server that does not answer properly or in time. `resolve` and `tls` stand for the system's
    resolver and its certificates (`SSL_CERT_FILE`, `SSL_CERT_DIR`, else those of Mozilla).
    """

    def __init__(
        self, *, local: bool = False, resolve: Resolver | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.local = local
        self._resolve = resolve or self._look_up
        self._tls = tls or authorities()
        self._threads = ThreadPoolExecutor(LOOKUPS, thread_name_prefix="names")
        self._all = asyncio.Semaphore(MOST_CALLS)
        self._hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def get(
        self,
        url: str,
        *,
        most_bytes: int = MOST_BYTES,
        seconds: float = SECONDS,
        accept: str = "*/*",
        headers: Mapping[str, str] | None = None,
        redirects: int = MOST_REDIRECTS,
    ) -> Answer:
        """Fetch `url` within `seconds` for all, following at most `redirects`; with 0, a redirect is Refused.

        `headers` may carry credentials: the first redirect to another origin drops them.
        """
        first = here = httpx.URL(checked_url(url, local=self.local))
        async with _within(seconds, first.raw_host.decode()):
            for _hop in range(redirects + 1):
                if _origin(here) != _origin(first):
                    headers = None
                request = httpx.Request("GET", here, headers={**(headers or {}), "accept": accept})
                answer = await self.send(request, most_bytes=most_bytes, seconds=seconds)
                if answer.status_code not in {301, 302, 303, 307, 308} or not answer.headers.get("location"):
                    return Answer(answer.status_code, answer.headers, answer.content, str(here))
                here = self._next(here, answer.headers["location"])
        raise Refused(_("{host} redirects too often.", host=first.raw_host.decode()))

    def _next(self, here: httpx.URL, location: str) -> httpx.URL:
        if len(location) > LONGEST_URL:  # before anything looks at each character
            raise Refused(_("The web address is too long; at most {most} characters.", most=LONGEST_URL))
        try:
            target = here.join(location).copy_with(fragment=None)
        except (httpx.InvalidURL, ValueError):
            raise no_address() from None
        if here.scheme == "https" and target.scheme != "https":
            raise Refused(_("The web address must begin with {schemes}.", schemes="https://"))
        return httpx.URL(checked_url(str(target), local=self.local))

    def transport(self, *, most_bytes: int = MOST_BYTES, seconds: float = SECONDS) -> httpx.AsyncBaseTransport:
        """For an `httpx` client of somebody else, such as Authlib's: `AsyncOAuth2Client(…, transport=…)`.

        Closing that client leaves the fetcher open. Redirects are the client's business; each hop is checked again.
        """
        return _Transport(self, most_bytes, seconds)

    async def send(
        self, request: httpx.Request, *, most_bytes: int = MOST_BYTES, seconds: float = SECONDS
    ) -> httpx.Response:
        """One call, without redirects or cookies, read to its end."""
        url = httpx.URL(checked_url(str(request.url), local=self.local))
        scheme, host, port = _origin(url)
        name = host.decode()
        assert isinstance(request.stream, httpx.AsyncByteStream)
        request.headers["accept-encoding"] = "identity"  # a small answer must not unfold into a large one
        request.headers["connection"] = "close"
        asked = httpcore.Request(
            request.method,
            httpcore.URL(scheme=scheme.encode(), host=host, port=port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
        )  # and no extensions: they could name another host for TLS, or another target
        turn = self._hosts.setdefault(name, asyncio.Semaphore(MOST_PER_HOST))
        async with _within(seconds, name), turn, self._all:
            guard = _Guard(self._resolve, self.local, name, most_bytes)
            try:
                connection = httpcore.AsyncHTTPConnection(
                    asked.url.origin, ssl_context=self._tls, network_backend=guard
                )
                answer = await connection.handle_async_request(asked)
                body = await answer.aread()
            except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError) as problem:
                raise Unavailable(_("{host} does not answer as it should.", host=name)) from problem
            finally:
                await guard.aclose()
        if len(body) > most_bytes:
            raise _too_large(name, most_bytes)
        headers = httpx.Headers(answer.headers)
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise Unavailable(_("{host} sends a compressed answer, which the hub does not read.", host=name))
        return httpx.Response(answer.status, headers=headers, content=body, request=request)

    async def _look_up(self, host: str) -> list[str]:
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host.encode("ascii"), None, type=socket.SOCK_STREAM)
        )
        return [str(address[0]) for *_rest, address in found]


class _Transport(httpx.AsyncBaseTransport):
    def __init__(self, fetcher: Fetcher, most_bytes: int, seconds: float) -> None:
        self._fetcher, self._most_bytes, self._seconds = fetcher, most_bytes, seconds

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._fetcher.send(request, most_bytes=self._most_bytes, seconds=self._seconds)


class _Guard(httpcore.AsyncNetworkBackend):
    """The way to the network for one call: checks where it leads and counts what comes back."""

    def __init__(self, resolve: Resolver, local: bool, shown: str, most_bytes: int) -> None:
        self._resolve, self._local, self._shown, self._most_bytes = resolve, local, shown, most_bytes
        self._network = httpcore.AnyIOBackend()
        self._stream: httpcore.AsyncNetworkStream | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            ipaddress.ip_address(host)
            addresses: Sequence[str] = [host]
        except ValueError:
            addresses = list(dict.fromkeys(await self._resolve(host)))
        if not all(permitted(address, local=self._local) for address in addresses):
            raise not_public(self._shown)
        for address in addresses[:MOST_TRIED]:
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                self._stream = await self._network.connect_tcp(address, port, CONNECT_SECONDS)
                return _Metered(self._stream, self._shown, self._most_bytes)
        raise httpcore.ConnectError("no address answers")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise not_public(path)

    async def aclose(self) -> None:
        """Close the connection, also one that was given up halfway through the TLS handshake."""
        if self._stream is not None:
            await self._stream.aclose()


class _Metered(httpcore.AsyncNetworkStream):
    """A stream that raises TooLarge, whatever the bytes are: endless headers, chunks of one byte with long names."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, shown: str, most_bytes: int, read: int = 0) -> None:
        self._stream, self._shown, self._most_bytes, self._read = stream, shown, most_bytes, read

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        await asyncio.sleep(0)  # TLS hands out what it has buffered without a pause for others
        data = await self._stream.read(min(max_bytes, READ_BYTES), timeout)
        self._read += len(data)
        if self._read > self._most_bytes + self._most_bytes // 4 + LONGEST_HEAD:
            raise _too_large(self._shown, self._most_bytes)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        inner = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        return _Metered(inner, self._shown, self._most_bytes)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _too_large(host: str, most_bytes: int) -> TooLarge:
    return TooLarge(_("{host} sends too much; at most {most} kB.", host=host, most=most_bytes // 1000))


@contextlib.asynccontextmanager
async def _within(seconds: float, host: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as problem:
        raise Unavailable(_("{host} takes too long to answer.", host=host)) from problem
