"""Which addresses the guarded client may call."""

import pytest

from services.kit.addresses import LONGEST_URL, checked_url, permitted
from services.kit.errors import Refused
from tests.kit.fetch.world import PUBLIC, fetching

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
