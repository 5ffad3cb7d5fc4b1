"""The guarded client over TLS, within other clients, and in a hub."""

import asyncio
import datetime as dt
import ssl
from pathlib import Path

import httpx
import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.app import chosen
from services.kit.addresses import checked_url
from services.kit.errors import Refused, TooLarge, Unavailable
from services.kit.fetch import Fetcher
from services.kit.service import Hub
from services.kit.settings import Settings, from_environment
from tests.kit.fetch.world import Server, fetching, moved, said, serving


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
