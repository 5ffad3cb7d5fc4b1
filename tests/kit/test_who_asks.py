"""From which address somebody asks, behind proxies that are trusted and before those that are not."""

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from litestar import Litestar, Request, get

from services.kit import i18n
from services.kit.errors import Refused
from services.kit.rates import address_of
from services.kit.settings import Settings, from_environment

PROXIES = ("10.0.0.0/8", "192.0.2.7/32", "2001:db8:aaaa::/48")


@get("/")
async def who(request: Request[Any, Any, Any]) -> str:
    return address_of(request)


async def asked(peer: str | None, *forwarded: str, proxies: tuple[str, ...] = PROXIES) -> str:
    """What the hub takes for the address of a request from `peer` with these `X-Forwarded-For` headers."""
    app = Litestar([who], openapi_config=None, logging_config=None)
    app.state.hub = SimpleNamespace(settings=Settings(trusted_proxies=proxies))

    async def served(scope: Any, receive: Any, send: Any) -> None:
        scope["client"] = (peer, 1234) if peer is not None else None
        await app(scope, receive, send)

    headers = [("x-forwarded-for", one) for one in forwarded]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://hub") as http:
        return (await http.get("/", headers=headers)).text


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        # From the outside: whatever it claims
        ("198.51.100.9", [], "198.51.100.9"),
        ("198.51.100.9", ["203.0.113.1"], "198.51.100.9"),
        ("198.51.100.9", ["10.0.0.1", "192.0.2.7"], "198.51.100.9"),
        ("2001:db8::5:6:7:8", ["203.0.113.1"], "2001:db8::/64"),
        # Through one proxy, which appends
        ("10.0.0.1", ["203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", ["198.51.100.9, 203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", ["198.51.100.9", "203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", ["junk, 10.0.0.3, 198.51.100.9,203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", [", ".join(["198.51.100.9"] * 3_000 + ["203.0.113.1"])], "203.0.113.1"),
        ("::ffff:10.0.0.1", ["203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", ["203.0.113.1:4711"], "203.0.113.1"),
        ("10.0.0.1", ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
        ("10.0.0.1", ["[2001:db8:1:2:3:4:5:6]"], "2001:db8:1:2::/64"),
        ("10.0.0.1", ["[2001:db8:1:2:3:4:5:6]:4711"], "2001:db8:1:2::/64"),
        ("10.0.0.1", ["::ffff:203.0.113.1"], "203.0.113.1"),
        # Through several
        ("10.0.0.1", ["203.0.113.1, 192.0.2.7"], "203.0.113.1"),
        ("10.0.0.1", ["198.51.100.9, 203.0.113.1, ::ffff:192.0.2.7, 2001:db8:aaaa::1"], "203.0.113.1"),
        ("2001:db8:aaaa::9", ["203.0.113.1, 10.9.9.9"], "203.0.113.1"),
        ("10.0.0.1", ["203.0.113.1, 192.0.2.8, 10.0.0.2"], "192.0.2.8"),
        # A proxy asks for itself, or writes what is no address
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["203.0.113.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.1, ", ""], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.1, 10.0.0.2, _hidden"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.999"], "10.0.0.1"),
        ("10.0.0.1", ["[2001:db8::1"], "2001:db8::/64"),
        ("10.0.0.1", ["203.0.113.1:80:80"], "10.0.0.1"),
        ("10.0.0.1", ["x" * 8_000], "10.0.0.1"),
        # No address at all
        (None, ["203.0.113.1"], "unknown"),
        ("", ["203.0.113.1"], "unknown"),
        ("testclient", ["203.0.113.1"], "unknown"),
    ],
)
async def test_who_asks(peer: str | None, forwarded: list[str], address: str) -> None:
    assert await asked(peer, *forwarded) == address


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.0.0.1", "::1"])
async def test_without_trusted_proxies_no_header_is_believed(peer: str) -> None:
    assert await asked(peer, "203.0.113.1", proxies=()) == await asked(peer, proxies=())


async def test_an_ipv6_address_counts_by_its_64() -> None:
    same = {await asked(f"2001:db8:0:7:{host}") for host in ("0:0:0:1", "ffff:ffff:ffff:ffff", "a:b:c:d")}
    assert same == {"2001:db8:0:7::/64"}
    assert await asked("2001:db8:0:8::1") == "2001:db8:0:8::/64"
    assert await asked("fe80::1%lo") == "fe80::/64"


def test_trusted_proxies_are_set() -> None:
    assert from_environment({}).trusted_proxies == ()
    assert from_environment(
        {"LOTSENNETZ_TRUSTED_PROXIES": " 10.0.0.0/8, 192.0.2.7,2001:DB8::/64, "}
    ).trusted_proxies == (
        "10.0.0.0/8",
        "192.0.2.7/32",
        "2001:db8::/64",
    )


@pytest.mark.parametrize("text", ["*", "10.0.0.1/8", "proxy.example", "10.0.0", "::ffff:10.0.0.1", "10.0.0.1 10.0.0.2"])
def test_trusted_proxies_that_cannot_be_read_are_refused(text: str) -> None:
    with i18n.speaking("en"), pytest.raises(Refused, match="LOTSENNETZ_TRUSTED_PROXIES takes"):
        from_environment({"LOTSENNETZ_TRUSTED_PROXIES": f"192.0.2.7,{text}"})
