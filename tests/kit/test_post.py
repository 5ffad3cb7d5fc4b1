"""Handing mails over: what the line to the mail server must be, and what an address is."""

import asyncio
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from services.kit import post
from services.kit.errors import Refused, Unavailable
from services.kit.mail import checked_address
from services.kit.post import Folder, Letter, Server
from services.kit.settings import from_environment
from tests.kit.kill_mail import LINK, PASSWORD, TO, USER, Postman, serving

AT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
ID = UUID(int=7)


async def deliver(by: Server | Folder, letter: Letter | None = None) -> None:
    letter = letter or Letter(TO, "Grüße", LINK, "<p>", "de")
    await post.deliver(by, letter, ID, AT, post.sender("hub@stadt.example"))


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's side of TLS for `localhost`, with a certificate that this process trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    path = tmp_path / "mail.pem"
    path.write_bytes(
        certificate.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return context


def far(port: int, **other: Any) -> Server:
    """As if the loopback were far away."""
    return replace(Server("localhost", port, USER, PASSWORD, starttls=True), **other)


async def test_starttls_comes_before_the_password_and_the_mail(trusted: ssl.SSLContext) -> None:
    async with serving(Postman(), tls=trusted, login=True) as postman:
        await deliver(far(postman.port))
        with pytest.raises(Unavailable, match="535"):  # the operator's mistake, not the mail's
            await deliver(far(postman.port, password="wrong"))
    assert (postman.secure, postman.logins) == ([True], [USER.encode()] * len(postman.logins))
    assert len(postman.got) == 1


async def test_a_server_without_starttls_hears_neither_password_nor_address() -> None:
    async with serving(Postman(), login=True) as postman:
        with pytest.raises(Unavailable, match="STARTTLS"):
            await deliver(far(postman.port))
    assert (postman.got, postman.logins, postman.asked) == ([], [], [])


async def test_a_server_with_a_stranger_s_certificate_hears_nothing(
    trusted: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    async with serving(Postman(), tls=trusted, login=True) as postman:
        with pytest.raises(Unavailable):
            await deliver(far(postman.port))
    async with serving(Postman(), smtps=trusted) as other:
        with pytest.raises(Unavailable):
            await deliver(far(other.port, user="", tls=True, starttls=False))
    assert (postman.logins, postman.asked, other.asked) == ([], [], [])


async def test_tls_from_the_first_byte(trusted: ssl.SSLContext) -> None:
    async with serving(Postman(), smtps=trusted) as postman:
        await deliver(far(postman.port, user="", tls=True, starttls=False))
    assert len(postman.got) == 1


async def test_a_mail_server_that_hangs_or_hangs_up_is_a_dead_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "ANSWER_SECONDS", 0.2)

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.5)
        writer.close()

    async def rude(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.stadt.example\r\n250-")
        writer.close()

    for manners in (silent, rude):
        server = await asyncio.start_server(manners, "127.0.0.1", 0)
        async with server:
            with pytest.raises(Unavailable):
                await deliver(Server("127.0.0.1", server.sockets[0].getsockname()[1], starttls=False))
        await asyncio.sleep(0.5)


def test_what_an_operator_may_write() -> None:
    assert post.server("smtp://hub%40stadt.example:p%2Fss@mail.stadt.example") == Server(
        "mail.stadt.example", 587, "hub@stadt.example", "p/ss"
    )
    assert post.server("smtps://mail.stadt.example/") == Server("mail.stadt.example", 465, tls=True, starttls=False)
    assert [post.server(f"smtp://{host}:25").starttls for host in ("127.0.0.9", "[::1]", "localhost", "10.0.0.1")] == [
        False, False, False, True,
    ]  # fmt: skip
    found = from_environment({"LOTSENNETZ_SMTP_URL": f"smtp://u:{quote(PASSWORD, safe='')}@mail.stadt.example"})
    assert found.mail_from == "Lotsennetz <lotsennetz@localhost>"
    said = f"{found!r} {post.server(found.smtp_url)!r}"
    assert not any(word in said for word in (PASSWORD, quote(PASSWORD, safe="")))
    assert post.way(replace(found, smtp_url="", data=Path("var"))) == Folder(Path("var/mails"))


@pytest.mark.parametrize(
    "url",
    ["mail.stadt.example", "http://mail.stadt.example", "smtp://", "smtp://x:port", "smtp://[::1", "smtp://x/?tls=no"],
)
def test_what_is_no_mail_server(url: str) -> None:
    with pytest.raises(Refused, match="LOTSENNETZ_SMTP_URL"):
        post.server(url)


@pytest.mark.parametrize(
    "value", ["", "Lotsennetz", "Lotsennetz <x>", "a\r\nBcc: b <a@b.de>", "A\u202e <a@b.de>", "<a@b.de"]
)
def test_what_is_no_sender(value: str) -> None:
    with pytest.raises(Refused, match="LOTSENNETZ_MAIL_FROM"):
        post.sender(value)


# Addresses ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("erika@stadt.example", "erika@stadt.example"),
        ("  Erika.Muster+hub@Stadt.Example ", "Erika.Muster+hub@stadt.example"),
        ("post@gießen.example", "post@xn--gieen-nqa.example"),
        ("post@xn--gieen-nqa.example", "post@xn--gieen-nqa.example"),
        ("post@köln.example", "post@xn--kln-sna.example"),
    ],
)
def test_an_address(value: str, address: str) -> None:
    assert checked_address(value) == address
    assert checked_address(address) == address


@pytest.mark.parametrize(
    "value",
    [
        "", "@", "erika", "erika@", "@stadt.example", "a@b@stadt.example", "erika@localhost", "erika@127.0.0.1",
        "erika@[127.0.0.1]", "Erika <erika@stadt.example>", "erika@stadt.example, max@stadt.example",
        "erika@stadt.example\r\nBcc: max@stadt.example", "erika@stadt.example\n", "erika\0@stadt.example",
        "erika@stadt.example>", "er ika@stadt.example", '"er ika"@stadt.example', "erika..m@stadt.example",
        ".erika@stadt.example", "erika.@stadt.example", "erikä@stadt.example", "erika\u202e@stadt.example",
        "erika@stadt..example", "erika@-stadt.example", "erika@stadt.example.", "erika@stadt_1.example",
        "erika@st\u202eadt.example", f"{'e' * 65}@stadt.example", f"erika@{'a' * 64}.example",
        f"erika@{'.'.join(['a' * 60] * 4)}.example", "ä" * 100_000 + "@stadt.example", "erika@" + "ä" * 100_000,
        "\udc80@b.de",
    ],
)  # fmt: skip
def test_no_address(value: str) -> None:
    with pytest.raises(Refused) as raised:
        checked_address(value)
    assert raised.value.message == "Das ist keine E-Mail-Adresse. So sieht eine aus: name@stadt.example"
