"""Which addresses the hub may call: what the text of a URL tells, and what an IP address is.

Pure; `fetch.py` asks for every call, whoever registers an address asks before storing it.
"""

import ipaddress
import re

import httpx

from services.kit.errors import Refused
from services.kit.i18n import gettext as _

LONGEST_URL = 2_000

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?(?:[/?].*)?", re.IGNORECASE
)
_CHARACTERS = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]*")
"""RFC 3986, without the fragment's `#`: no white space, quotes or backslashes, which parsers take differently."""
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label that makes a name an IPv4 address in one of its older spellings (WHATWG URL, “ends in a number”)."""
_LOCAL_ENDINGS = frozenset(
    "localhost local localdomain internal intranet private corp home lan arpa invalid onion".split()  # noqa: SIM905
)
_SPECIAL = tuple(
    ipaddress.ip_network(network)
    for network in (
        # IANA's special-purpose registries in our own words, because `is_global` differs between Pythons, counts
        # multicast as global, and 3.11.7 does not know some of them.
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # Azure's host, public by number only
        "2001::/23",  # Teredo, benchmarks, ORCHID
        "2001:db8::/32", "3fff::/20",
        "2002::/16",  # 6to4: an IPv4 address inside, given up by RFC 7526
    )
)  # fmt: skip
_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that is handed out to the public; loopback, link-local, unique-local, multicast and IPv4-mapped lie outside."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""How a network without IPv4 reaches it (RFC 6052): the last 32 bits are what the call really goes to."""


def permitted(address: str, *, local: bool = False) -> bool:
    """Whether the hub may call this IP address: a public one, or with `local` this machine's loopback."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and ip in _NAT64:
        return permitted(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    if local and (ip == ipaddress.IPv6Address("::1") or ip in ipaddress.IPv4Network("127.0.0.0/8")):
        return True
    if isinstance(ip, ipaddress.IPv6Address) and (ip.scope_id or ip not in _UNICAST):
        return False
    return ip.is_global and not any(ip in network for network in _SPECIAL)


def checked_url(url: str, *, local: bool = False) -> str:
    """`url`, as given but for a host with umlauts, if the hub may call it as far as its text tells; else Refused.

    Asks no server: for the registration of addresses, and the first step of every call. With `local`, http, any port
    and this machine are allowed too.
    """
    if len(url) > LONGEST_URL:
        raise Refused(_("The web address is too long; at most {most} characters.", most=LONGEST_URL))
    try:
        text = url if url.isascii() else str(httpx.URL(url))
        parsed = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        raise no_address() from None
    if "#" in text:
        raise Refused(_("The web address must not contain “#”."))
    if "@" in re.split(r"[/?\\]", text.partition("://")[2], maxsplit=1)[0]:
        raise Refused(_("The web address must not contain a user name or password."))
    found = _URL.fullmatch(text)
    if parsed.scheme not in ({"https", "http"} if local else {"https"}):
        raise Refused(_("The web address must begin with {schemes}.", schemes=_schemes(local)))
    if found is None or not _CHARACTERS.fullmatch(text):
        raise no_address()
    host, standard = found["host"].lower(), 443 if found["scheme"].lower() == "https" else 80
    port = int(found["port"]) if found["port"] else standard
    if (parsed.raw_host.decode().lower(), parsed.port or standard) != (host.strip("[]"), port):
        raise no_address()
    _check_host(host, local)
    if not (0 < port < 65536 if local else port == 443):
        raise Refused(_("The web address must not name a port other than 443."))
    return text


def no_address() -> Refused:
    return Refused(_("This is not a web address. One looks like this: https://www.example.org/page"))


def _schemes(local: bool) -> str:
    return "https:// / http://" if local else "https://"


def _check_host(host: str, local: bool) -> None:
    """Raises Refused for what is no host, or not a public one."""
    labels = host.split(".")
    if host.startswith("[") or _NUMBER.fullmatch(labels[-1]):
        try:
            ip = ipaddress.ip_address(host.strip("[]"))
        except ValueError:
            raise no_address() from None
        if not permitted(str(ip), local=local):
            raise not_public(host)
    elif not _NAME.fullmatch(host):
        raise no_address()
    elif local and labels[-1] == "localhost":
        return
    elif len(labels) == 1 or labels[-1] in _LOCAL_ENDINGS:
        raise not_public(host)


def not_public(host: str) -> Refused:
    return Refused(_("{host} is not an address on the public internet, so the hub does not call it.", host=host))
