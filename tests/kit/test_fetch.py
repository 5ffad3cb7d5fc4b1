"""The guarded client against servers that lie, drip, flood and redirect, all of them on the loopback."""

import asyncio
import contextlib
import datetime as dt
import gzip
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from authlib.integrations.httpx_client import AsyncOAuth2Client
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.app import chosen
from services.kit.addresses import LONGEST_URL, checked_url, permitted
from services.kit.errors import Refused, TooLarge, Unavailable
from services.kit.fetch import MOST_PER_HOST, Fetcher
from services.kit.service import Hub
from services.kit.settings import Settings, from_environment

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


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as server:
        yield server


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


@pytest_asyncio.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with fetching() as (fetcher, _asked):
        yield fetcher


def said(body: bytes = b"hello", status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def moved(location: str, status: str = "302 Found") -> bytes:
    return said(b"", status, f"location: {location}")


GOOD = [
    "https://login.stadt.example",
    "https://login.stadt.example/",
    "https://Login.Stadt.example:443/realms/a;b?x=%20&y=@",
    "https://xn--bcher-kva.example/.well-known/openid-configuration",
    f"https://{PUBLIC}/logo.svg",
    "https://[2606:2800:220:1:248:1893:25c8:1946]/",
]


@pytest.mark.parametrize("url", GOOD)
def test_a_public_address_stays_as_it_was_written(url: str) -> None:
    assert checked_url(url) == url


def test_umlauts_become_what_the_name_system_knows() -> None:
    assert checked_url("https://bücher.example/ä?ö") == "https://xn--bcher-kva.example/%C3%A4?%C3%B6"
    assert checked_url("https://login。stadt。example:４４３/") == "https://login.stadt.example/"


BAD = {
    "empty": "",
    "no scheme": "login.stadt.example",
    "relative": "//login.stadt.example/",
    "http": "http://login.stadt.example/",
    "script": "javascript:alert(1)",
    "data": "data:text/html,x",
    "file": "file:///etc/passwd",
    "gopher": "gopher://login.stadt.example/",
    "blob": "blob:https://login.stadt.example/",
    "no host": "https:///path",
    "one slash": "https:/login.stadt.example",
    "userinfo": "https://a@login.stadt.example/",
    "userinfo and password": "https://a:b@login.stadt.example/",
    "empty userinfo": "https://@login.stadt.example/",
    "userinfo like a host": "https://login.stadt.example:443@127.0.0.1/",
    "backslash": "https://login.stadt.example\\@127.0.0.1/",
    "backslash before the path": "https://127.0.0.1\\.stadt.example/",
    "hash before userinfo": "https://127.0.0.1#@login.stadt.example/",
    "fragment": "https://login.stadt.example/#x",
    "empty fragment": "https://login.stadt.example/#",
    "space before": " https://login.stadt.example/",
    "space in the host": "https://login .stadt.example/",
    "tab": "https://login.stadt.ex\tample/",
    "line": "https://login.stadt.example/\r\nHost: x",
    "line at the end": "https://login.stadt.example/\n",
    "nul": "https://login.stadt.example/\0",
    "markup": "https://login.stadt.example/<script>",
    "quote": 'https://login.stadt.example/"',
    "surrogate": "https://login.stadt.example/\ud800",
    "surrogate in the host": "https://login\ud800.example/",
    "percent in the host": "https://login%2estadt.example/",
    "port 80": "https://login.stadt.example:80/",
    "port 22": "https://login.stadt.example:22/",
    "port 0": "https://login.stadt.example:0/",
    "port empty": "https://login.stadt.example:/",
    "port too large": "https://login.stadt.example:65979/",
    "another port in other digits": "https://login.stadt.example:８０/",
    "port with underscore": "https://login.stadt.example:4_43/",
    "port with sign": "https://login.stadt.example:+443/",
    "trailing dot": "https://login.stadt.example./",
    "localhost": "https://localhost/",
    "localhost in capitals": "https://LOCALHOST/",
    "localhost with dot": "https://localhost./",
    "below localhost": "https://a.localhost/",
    "mdns": "https://printer.local/",
    "internal": "https://metadata.google.internal/",
    "arpa": "https://router.home.arpa/",
    "cluster": "https://hub.default.svc.cluster.local/",
    "one label": "https://directory/",
    "empty label": "https://login..stadt.example/",
    "leading dot": "https://.stadt.example/",
    "leading hyphen": "https://-a.stadt.example/",
    "long label": f"https://{'a' * 64}.example/",
    "long name": f"https://{'a.' * 130}example/",
    "underscore": "https://a_b.example/",
    "loopback": "https://127.0.0.1/",
    "loopback with dot": "https://127.0.0.1./",
    "decimal": "https://2130706433/",
    "hex": "https://0x7f000001/",
    "hex parts": "https://0x7f.0x0.0x0.0x1/",
    "octal": "https://0177.0.0.1/",
    "short": "https://127.1/",
    "zero": "https://0/",
    "zeros": "https://0.0.0.0/",
    "too many parts": "https://1.2.3.4.5/",
    "too large a part": "https://1.2.3.256/",
    "ideographic dots": "https://127。0。0。1/",
    "circled digits": "https://①②⑦.⓪.⓪.①/",
    "wide letters": "https://ｌｏｃａｌｈｏｓｔ/",
    "kelvin sign": "https://\u212a.localhost/",
    "soft hyphen": "https://local\u00adhost/",
    "private": "https://10.1.2.3/",
    "link-local": "https://169.254.169.254/latest/meta-data/",
    "shared": "https://100.100.100.200/",
    "multicast": "https://224.0.0.1/",
    "broadcast": "https://255.255.255.255/",
    "ipv6 loopback": "https://[::1]/",
    "ipv6 unspecified": "https://[::]/",
    "ipv6 mapped": "https://[::ffff:127.0.0.1]/",
    "ipv6 mapped in hex": "https://[::ffff:7f00:1]/",
    "ipv6 mapped, public": f"https://[::ffff:{PUBLIC}]/",
    "ipv6 compatible": "https://[::127.0.0.1]/",
    "ipv6 link-local": "https://[fe80::1]/",
    "ipv6 zone": "https://[fe80::1%25eth0]/",
    "ipv6 zone, raw": "https://[2606:2800:220:1::1%eth0]/",
    "ipv6 unique local": "https://[fd00:ec2::254]/",
    "nat64": "https://[64:ff9b::7f00:1]/",
    "6to4": "https://[2002:7f00:1::]/",
    "teredo": "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "ipv6 unclosed": "https://[2606:2800::1/",
    "ipv6 without brackets": "https://2606:2800:220:1:248:1893:25c8:1946/",
    "ipv6 nonsense": "https://[12345::]/",
    "ipv6 and more": "https://[2606:2800::1].example/",
    "long": "https://login.stadt.example/" + "a" * LONGEST_URL,
    "long and strange": "https://" + "ü" * LONGEST_URL,
}


@pytest.mark.parametrize("case", BAD)
async def test_what_is_no_public_address_is_refused(case: str) -> None:
    with pytest.raises(Refused) as caught:
        checked_url(BAD[case])
    assert caught.value.message.isprintable()
    async with fetching([PUBLIC], local=False) as (fetcher, asked):
        with pytest.raises(Refused):
            await fetcher.get(BAD[case])
        assert asked == []


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://127.0.0.1:8000/x", True),
        ("http://localhost:8000", True),
        ("http://idp.localhost:8000", True),
        ("http://[::1]:8000/", True),
        ("https://login.stadt.example:8443/", True),
        ("http://2130706433/", False),
        ("http://127.1/", False),
        ("http://localhost./", False),
        ("http://10.0.0.1/", False),
        ("http://0.0.0.0:8000/", False),
        ("http://169.254.169.254/", False),
        ("http://[::ffff:127.0.0.1]/", False),
        ("http://[fe80::1]/", False),
        ("http://provider:8000/", False),
        ("http://user@127.0.0.1/", False),
        ("http://127.0.0.1:0/", False),
        ("http://127.0.0.1:65536/", False),
        ("ftp://127.0.0.1/", False),
    ],
)
def test_local_means_this_machine_and_no_other(url: str, allowed: bool) -> None:
    if allowed:
        assert checked_url(url, local=True) == url
    else:
        with pytest.raises(Refused):
            checked_url(url, local=True)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (PUBLIC, True), ("8.8.8.8", True), ("2606:2800:220:1:248:1893:25c8:1946", True), ("2a01:4f8::1", True),
        ("64:ff9b::808:808", True), ("64:ff9b::a00:1", False), ("64:ff9b::a9fe:a9fe", False),
        ("64:ff9b:1::808:808", False), ("2002:808:808::", False), ("2001::1", False), ("2001:db8::1", False),
        ("3fff::1", False), ("5f00::1", False), ("100::1", False), ("::", False), ("::1", False), ("::8.8.8.8", False),
        ("::ffff:8.8.8.8", False), ("::ffff:0:8.8.8.8", False), ("fe80::1", False), ("fe80::1%eth0", False),
        ("2a01:4f8::1%eth0", False), ("fec0::1", False), ("fc00::1", False), ("ff02::1", False), ("ff0e::1", False),
        ("0.0.0.0", False), ("0.1.2.3", False), ("10.255.255.255", False), ("100.64.0.1", False),
        ("127.255.255.254", False), ("169.254.0.1", False), ("172.16.0.1", False), ("172.31.255.255", False),
        ("172.32.0.1", True), ("192.0.0.192", False), ("192.0.2.1", False), ("192.88.99.1", False),
        ("192.168.0.1", False), ("198.18.0.1", False), ("198.19.255.255", False), ("198.51.100.1", False),
        ("203.0.113.1", False), ("224.0.0.1", False), ("239.255.255.250", False), ("240.0.0.1", False),
        ("255.255.255.255", False), ("168.63.129.16", False), ("localhost", False), ("", False), ("0x7f.1", False),
        ("127.0.0.01", False), ("2130706433", False),
    ],
)  # fmt: skip
def test_only_public_numbers(address: str, expected: bool) -> None:
    assert permitted(address) is expected
    assert permitted(address, local=True) is (expected or address.startswith("127.255") or address == "::1")


async def test_an_answer(server: Server, fetcher: Fetcher) -> None:
    server.pages["/a?b=c"] = said(b"hello", "404 Not Found", "X-Name: value")
    answer = await fetcher.get(f"{server.url}/a?b=c", accept="application/json")
    assert (answer.status, answer.body, answer.url) == (404, b"hello", f"{server.url}/a?b=c")
    assert answer.headers["x-name"] == "value"
    head = server.heads[0].lower()
    assert f"host: 127.0.0.1:{server.port}\r\n" in head
    assert "accept: application/json\r\n" in head
    assert "accept-encoding: identity\r\n" in head


async def test_the_name_is_asked_once_and_the_checked_number_called(server: Server) -> None:
    server.pages["/"] = said()
    async with fetching(["127.0.0.1"], ["10.0.0.1"]) as (fetcher, asked):
        url = f"http://rebinding.example:{server.port}/"
        assert (await fetcher.get(url)).body == b"hello"
        assert asked == ["rebinding.example"]
        assert f"host: rebinding.example:{server.port}" in server.heads[0].lower()
        with pytest.raises(Refused):  # the next call is a new one, checked again
            await fetcher.get(url)
    assert server.connections == 1


@pytest.mark.parametrize(
    "addresses",
    [
        [PUBLIC, "127.0.0.1"], ["127.0.0.1", PUBLIC], [PUBLIC] * 50 + ["10.0.0.1"], ["::ffff:127.0.0.1"], ["::1"],
        ["169.254.169.254"], ["fe80::1%1"], ["64:ff9b::7f00:1"], ["2606:2800:220:1::1", "fd00::1"], ["no address"],
    ],
)  # fmt: skip
async def test_one_private_number_among_others_is_enough(addresses: list[str]) -> None:
    async with fetching(addresses, local=False) as (fetcher, asked):
        with pytest.raises(Refused, match=r"^login\.stadt\.example "):
            await fetcher.get("https://login.stadt.example/")
        assert asked == ["login.stadt.example"]


async def test_the_system_does_not_find_another_way_to_this_machine(server: Server) -> None:
    server.pages["/"] = said()
    async with fetching(local=False) as (fetcher, _asked):
        # Each goes past the text's check, straight to the resolver of the system.
        for host in ("127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0", "localhost", "::1"):
            numbers = await fetcher._look_up(host)
            assert numbers
            assert not any(permitted(number) for number in numbers)


async def test_the_next_number_is_tried_when_one_is_silent(server: Server) -> None:
    server.pages["/"] = said()
    async with fetching(["127.0.0.9", "127.0.0.1"]) as (fetcher, _asked):
        assert (await fetcher.get(f"http://two.example:{server.port}/")).body == b"hello"


async def test_a_name_without_numbers() -> None:
    async with fetching([]) as (fetcher, _asked):
        with pytest.raises(Unavailable):
            await fetcher.get("http://nobody.example/")
    async with fetching() as (fetcher, _asked):
        with pytest.raises(Unavailable):
            await fetcher.get("https://nobody.invalid-name.example/", seconds=5)


async def test_a_name_that_takes_for_ever() -> None:
    async def resolve(host: str) -> Sequence[str]:
        await asyncio.sleep(60)
        return []

    fetcher = Fetcher(resolve=resolve)
    with pytest.raises(Unavailable):
        await fetcher.get("https://slow.example/", seconds=0.2)
    await fetcher.close()


async def test_redirects_are_followed(server: Server, fetcher: Fetcher) -> None:
    server.pages |= {"/a": moved("b"), "/b": moved(f"//localhost:{server.port}/c#part"), "/c": said()}
    answer = await fetcher.get(f"{server.url}/a", headers={"Authorization": "Bearer a"})
    assert (answer.body, answer.url) == (b"hello", f"http://localhost:{server.port}/c")
    assert ["authorization" in head.lower() for head in server.heads] == [True, True, False]


async def test_credentials_do_not_come_back(server: Server, fetcher: Fetcher) -> None:
    server.pages |= {"/a": moved(f"http://localhost:{server.port}/b"), "/b": moved(f"{server.url}/c"), "/c": said()}
    await fetcher.get(f"{server.url}/a", headers={"Authorization": "Bearer a"})
    assert ["authorization" in head.lower() for head in server.heads] == [True, False, False]


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "//10.0.0.1/", "http://[fe80::1]/",
        "http://[::ffff:10.0.0.1]/", "http://2130706433/", "http://0/", "ftp://127.0.0.1/", "file:///etc/passwd",
        "javascript:alert(1)", "gopher://127.0.0.1/", "http://a@127.0.0.1/", "http://127.0.0.1\\@x/", "http://[",
        "http://printer.local/", "http://" + "a" * 5_000, "data:,x", "http://x:99999999/",
    ],
)  # fmt: skip
async def test_a_redirect_leads_nowhere_else(server: Server, fetcher: Fetcher, location: str) -> None:
    server.pages["/"] = moved(location)
    with pytest.raises(Refused):
        await fetcher.get(f"{server.url}/")
    assert server.connections == 1


async def test_a_redirect_to_a_name_that_turned_private(server: Server) -> None:
    server.pages["/"] = moved("/again")
    async with fetching(["127.0.0.1"], ["192.168.1.1"]) as (fetcher, asked):
        with pytest.raises(Refused):
            await fetcher.get(f"http://rebinding.example:{server.port}/")
        assert len(asked) == 2


async def test_redirects_end(server: Server, fetcher: Fetcher) -> None:
    server.pages["/"] = moved("/")
    with pytest.raises(Refused):
        await fetcher.get(f"{server.url}/")
    assert server.connections == 4
    with pytest.raises(Refused):
        await fetcher.get(f"{server.url}/", redirects=0)
    assert server.connections == 5


async def test_cookies_are_not_kept(server: Server, fetcher: Fetcher) -> None:
    server.pages |= {"/": said(b"", "302 Found", "location: /b", "set-cookie: a=b"), "/b": said()}
    await fetcher.get(f"{server.url}/")
    assert "cookie" not in server.heads[1].lower()


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
    assert time.monotonic() - began < 1.0
    for _turn in range(100):  # and the connection with it
        if not server.open:
            break
        await asyncio.sleep(0.02)
    assert server.open == 0


async def test_the_deadline_is_for_all_redirects(server: Server, fetcher: Fetcher) -> None:
    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.25)
        writer.write(moved("/"))

    server.pages["/"] = late
    began = time.monotonic()
    with pytest.raises(Unavailable):
        await fetcher.get(f"{server.url}/", seconds=0.4)
    assert time.monotonic() - began < 0.7


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


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a client's TLS; the certificate is for login.stadt.example and nobody else."""
    folder: Path = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "login.stadt.example")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("login.stadt.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "certificate", folder / "key")
    return server, ssl.create_default_context(cafile=str(folder / "certificate"))


async def test_tls_checks_the_name_though_the_number_is_called(
    certificates: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    theirs, ours = certificates
    async with serving(tls=theirs) as server, fetching(["127.0.0.1"], tls=ours) as (fetcher, _asked):
        server.pages["/"] = said()
        assert (await fetcher.get(f"https://login.stadt.example:{server.port}/")).body == b"hello"
        for other in ("other.stadt.example", "127.0.0.1"):
            with pytest.raises(Unavailable):
                await fetcher.get(f"https://{other}:{server.port}/")
        # Nobody may choose the name that TLS checks.
        request = httpx.Request(
            "GET",
            f"https://other.stadt.example:{server.port}/",
            extensions={"sni_hostname": "login.stadt.example", "target": b"/secret"},
        )
        with pytest.raises(Unavailable):
            await fetcher.send(request)


async def test_unknown_certificates_are_not_trusted(certificates: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async with serving(tls=certificates[0]) as server, fetching(["127.0.0.1"]) as (fetcher, _asked):
        with pytest.raises(Unavailable):
            await fetcher.get(f"https://login.stadt.example:{server.port}/")


async def test_https_never_becomes_http(certificates: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    theirs, ours = certificates
    async with serving() as plain, serving(tls=theirs) as server, fetching(["127.0.0.1"], tls=ours) as (fetcher, _):
        plain.pages["/"] = said()
        server.pages["/"] = moved(f"{plain.url}/")
        with pytest.raises(Refused, match="https"):
            await fetcher.get(f"https://login.stadt.example:{server.port}/")
        assert plain.connections == 0


async def test_a_handshake_that_never_ends_is_closed(server: Server, fetcher: Fetcher) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.open += 1
        while await reader.read(100):
            pass
        server.open -= 1
        writer.close()

    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    with pytest.raises(Unavailable):
        await fetcher.get(f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}/", seconds=0.3)
    await asyncio.sleep(0.1)
    assert server.open == 0
    listener.close()


async def test_ipv6(fetcher: Fetcher) -> None:
    try:
        async with serving("::1") as server:
            server.pages["/"] = said()
            assert (await fetcher.get(f"http://[::1]:{server.port}/")).body == b"hello"
    except OSError:  # a machine without IPv6: the text is all there is to check
        assert checked_url("http://[::1]:80/", local=True)


async def test_authlib_fetches_a_token_through_it(server: Server, fetcher: Fetcher) -> None:
    token = b'{"access_token": "a", "token_type": "Bearer", "expires_in": 60}'
    server.pages |= {"/token": said(token, "200 OK", "content-type: application/json"), "/moved": moved("/token")}
    async with AsyncOAuth2Client("id", "secret", transport=fetcher.transport(most_bytes=1_000)) as client:
        fetched = await client.fetch_token(f"{server.url}/token", grant_type="client_credentials")
        assert fetched["access_token"] == "a"
        for url in ("http://169.254.169.254/token", "http://user@127.0.0.1/token", "http://10.0.0.1/token"):
            with pytest.raises(Refused):
                await client.fetch_token(url, grant_type="client_credentials")
        server.pages["/token"] = said(token + b" " * 1_000, "200 OK", "content-type: application/json")
        with pytest.raises(TooLarge):
            await client.fetch_token(f"{server.url}/token", grant_type="client_credentials")
    assert (await fetcher.get(f"{server.url}/moved")).status == 200  # that client's end is not ours


async def test_a_foreign_client_that_follows_redirects_is_checked_at_each_hop(server: Server, fetcher: Fetcher) -> None:
    server.pages["/"] = moved("http://169.254.169.254/")
    async with httpx.AsyncClient(transport=fetcher.transport(), follow_redirects=True) as client:
        with pytest.raises(Refused):
            await client.get(f"{server.url}/")


def test_the_setting_has_two_values() -> None:
    assert not from_environment({}).outbound_local
    assert not from_environment({"LOTSENNETZ_OUTBOUND": "public"}).outbound_local
    assert from_environment({"LOTSENNETZ_OUTBOUND": "local"}).outbound_local
    with pytest.raises(Refused, match="LOTSENNETZ_OUTBOUND"):
        from_environment({"LOTSENNETZ_OUTBOUND": "yes"})


async def test_each_service_of_a_hub_reaches_it(settings: Settings) -> None:
    hub = Hub(
        Settings(secret=settings.secret, database_url="postgresql://localhost/x", redis_url="redis://localhost"),
        chosen(),
    )
    assert {runtime.fetcher for runtime in hub.runtimes.values()} == {hub.fetcher}
    with pytest.raises(Refused):
        await hub.fetcher.get("https://127.0.0.1/")
    await hub.stop()
