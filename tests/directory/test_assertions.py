"""Clients that sign for themselves (private_key_jwt): only the right assertion counts, once, for its own client."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from sqlalchemy import select

from services.directory.models import Client
from services.kit.db import HUB
from services.kit.log import table
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.directory import developers
from tests.directory.developers import ASSERTED, HEILBRONN, App, Key, asserted, claims, new_key, public, signed
from tests.waiting import eventually

HIDDEN = (401, {"error": "invalid_client"})
KEY, OTHER = new_key(), new_key()
RSA = RSAKey.generate_key(2048, parameters={"kid": "rsa"})
ED = OKPKey.generate_key("Ed25519", parameters={"kid": "ed"})
SECOND = new_key("second")
NOW = time.time


@pytest.fixture(scope="module")
def own(settings: Settings) -> Settings:
    return replace(settings, workers=True, outbound_local=True)


@pytest_asyncio.fixture
async def http(shared: Hub) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=shared.settings.issuer, trust_env=False, timeout=30) as client:
        yield client


@pytest_asyncio.fixture(scope="module")
async def app(shared: Hub) -> App:
    async with httpx.AsyncClient(base_url=shared.settings.issuer, trust_env=False) as http:
        return await developers.active(shared, http, KEY, jwks=public(KEY, RSA, ED, SECOND))


@pytest_asyncio.fixture(scope="module")
async def neighbour(shared: Hub) -> App:
    async with httpx.AsyncClient(base_url=shared.settings.issuer, trust_env=False) as http:
        return await developers.active(shared, http, OTHER, ags=HEILBRONN)


async def ask(http: httpx.AsyncClient, assertion: str, **form: str) -> tuple[int, Any]:
    answer = await http.post("/oauth/token", data=asserted(assertion, **form))
    return answer.status_code, answer.json()


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # and still what most programs send
@pytest.mark.parametrize(
    ("key", "alg"), [(KEY, "ES256"), (RSA, "RS256"), (RSA, "PS256"), (ED, "EdDSA"), (ED, "Ed25519"), (SECOND, "ES256")]
)
async def test_each_key_signs_with_its_algorithms(
    shared: Hub, http: httpx.AsyncClient, app: App, key: Key, alg: str
) -> None:
    status, said = await ask(http, signed(claims(shared, app.client_id), key, alg=alg))
    assert (status, said.get("token_type")) == (200, "Bearer"), said


@pytest.mark.parametrize("path", ["", "/oauth/token", "/oauth/introspect"])
async def test_the_audience_is_the_issuer_or_an_endpoint(
    shared: Hub, http: httpx.AsyncClient, app: App, path: str
) -> None:
    for audience in (f"{shared.settings.issuer}{path}", [f"{shared.settings.issuer}{path}"]):
        assert (await ask(http, signed(claims(shared, app.client_id, aud=audience), KEY)))[0] == 200


Claim = Callable[[Hub, App, App], dict[str, Any]]
WRONG_CLAIMS: dict[str, Claim] = {
    "another audience": lambda h, a, n: {"aud": "https://evil.example"},
    "an audience with a slash": lambda h, a, n: {"aud": f"{h.settings.issuer}/"},
    "two audiences": lambda h, a, n: {"aud": [h.settings.issuer, "https://evil.example"]},
    "no audience in a list": lambda h, a, n: {"aud": []},
    "an audience in an object": lambda h, a, n: {"aud": {h.settings.issuer: 1}},
    "an audience in a list in a list": lambda h, a, n: {"aud": [[h.settings.issuer]]},
    "without audience": lambda h, a, n: {"aud": None},
    "without issuer": lambda h, a, n: {"iss": None},
    "without subject": lambda h, a, n: {"sub": None},
    "without id": lambda h, a, n: {"jti": None},
    "without end": lambda h, a, n: {"exp": None},
    "an empty id": lambda h, a, n: {"jti": ""},
    "an id that is a number": lambda h, a, n: {"jti": 1},
    "an id in a list": lambda h, a, n: {"jti": ["a"]},
    "an endless id": lambda h, a, n: {"jti": "x" * 1_000},
    "an id of half a character": lambda h, a, n: {"jti": "\ud800"},
    "another's issuer": lambda h, a, n: {"iss": n.client_id},
    "another's subject": lambda h, a, n: {"sub": n.client_id},
    "another's name": lambda h, a, n: {"sub": n.client_id, "iss": n.client_id},
    "an unknown client": lambda h, a, n: {"sub": "c-nobody", "iss": "c-nobody"},
    "a subject with NUL": lambda h, a, n: {"sub": f"{a.client_id}\0", "iss": f"{a.client_id}\0"},
    "a subject of half a character": lambda h, a, n: {"sub": "\udfff", "iss": "\udfff"},
    "a subject in a list": lambda h, a, n: {"sub": [a.client_id], "iss": [a.client_id]},
    "a subject that is true": lambda h, a, n: {"sub": True, "iss": True},
    "a fullwidth subject": lambda h, a, n: {"sub": a.client_id.replace("c", "\uff43", 1)},
    "run out": lambda h, a, n: {"exp": int(NOW()) - 60},
    "more than five minutes": lambda h, a, n: {"exp": int(NOW()) + 400},
    "ten years": lambda h, a, n: {"exp": int(NOW()) + 315_360_000},
    "ten years that began then": lambda h, a, n: {"exp": int(NOW()) + 315_360_000, "iat": int(NOW()) + 315_359_900},
    "begun long ago": lambda h, a, n: {"iat": int(NOW()) - 86_400},
    "begun tomorrow": lambda h, a, n: {"iat": int(NOW()) + 86_400},
    "begun in ten minutes": lambda h, a, n: {"iat": int(NOW()) + 200, "exp": int(NOW()) + 260},
    "not before tomorrow": lambda h, a, n: {"nbf": int(NOW()) + 86_400},
    "an end in words": lambda h, a, n: {"exp": str(int(NOW()) + 60)},
    "an end that is true": lambda h, a, n: {"exp": True},
    "an end that is no number": lambda h, a, n: {"exp": float("nan")},
    "an endless end": lambda h, a, n: {"exp": float("inf")},
    "an end with 400 digits": lambda h, a, n: {"exp": 10**400},
    "an end before time": lambda h, a, n: {"exp": -(10**10)},
    "an end in a list": lambda h, a, n: {"exp": [int(NOW()) + 60]},
    "a start in words": lambda h, a, n: {"iat": "now"},
}


@pytest.mark.parametrize("case", WRONG_CLAIMS)
async def test_a_wrong_claim_is_nobodys(
    shared: Hub, http: httpx.AsyncClient, app: App, neighbour: App, case: str
) -> None:
    said = claims(shared, app.client_id, **WRONG_CLAIMS[case](shared, app, neighbour))
    assert await ask(http, signed(said, KEY)) == HIDDEN


def secret_of_public(key: Key) -> OctKey:
    """The confusion of algorithms: what is public, taken as a shared secret."""
    return OctKey.import_key(part(key.as_pem(private=False)))


Assertion = Callable[[dict[str, Any]], str]
WRONG_SIGNATURES: dict[str, Assertion] = {
    "no algorithm": lambda said: f"{part({'alg': 'none', 'kid': 'one'})}.{part(said)}.",
    "no algorithm in capitals": lambda said: f"{part({'alg': 'NONE', 'kid': 'one'})}.{part(said)}.",
    "none, with a signature": lambda said: f"{part({'alg': 'none', 'kid': 'one'})}.{part(said)}.{part(b'x' * 64)}",
    "without algorithm": lambda said: f"{part({'kid': 'one'})}.{part(said)}.{part(b'x' * 64)}",
    "an algorithm in a list": lambda said: f"{part({'alg': ['ES256'], 'kid': 'one'})}.{part(said)}.{part(b'x' * 64)}",
    "HS256 with the public key": lambda said: signed(said, secret_of_public(KEY), alg="HS256", kid="one"),
    "HS256 with the public RSA key": lambda said: signed(said, secret_of_public(RSA), alg="HS256", kid="rsa"),
    "somebody else's key": lambda said: signed(said, OTHER),
    "somebody else's RSA key": lambda said: signed(said, RSAKey.generate_key(2048), alg="RS256", kid="rsa"),
    "an algorithm we do not take": lambda said: signed(said, RSA, alg="RS512"),
    "RS256 with the id of an EC key": lambda said: signed(said, RSA, alg="RS256", kid="one"),
    "the id of another key": lambda said: signed(said, KEY, kid="second"),
    "an unknown id": lambda said: signed(said, KEY, kid="nobody"),
    "a path for an id": lambda said: signed(said, KEY, kid="../../../../dev/null"),
    "SQL for an id": lambda said: signed(said, KEY, kid="one' OR '1'='1"),
    "no id, of several keys": lambda said: signed(said, KEY, kid=None),
    "an id in a list": lambda said: f"{part({'alg': 'ES256', 'kid': ['one']})}.{part(said)}.{part(b'x' * 64)}",
    "an id in an object": lambda said: f"{part({'alg': 'ES256', 'kid': {}})}.{part(said)}.{part(b'x' * 64)}",
    "its own key along": lambda said: signed(said, OTHER, jwk=OTHER.as_dict(private=False)),
    "where its key lies": lambda said: signed(said, OTHER, jku="https://evil.example/keys"),
    "zeros for a signature": lambda said: f"{part({'alg': 'ES256', 'kid': 'one'})}.{part(said)}.{part(bytes(64))}",
    "no signature": lambda said: signed(said, KEY).rpartition(".")[0] + ".",
    "half a signature": lambda said: signed(said, KEY)[:-20],
    "other claims": lambda said: ".".join(
        [signed(said, KEY).split(".")[0], part({**said, "jti": "x"}), signed(said, KEY).split(".")[2]]
    ),
    "a critical header": lambda said: f"{part({'alg': 'ES256', 'kid': 'one', 'crit': ['x'], 'x': 1})}.{part(said)}.x",
    "two parts": lambda said: ".".join(signed(said, KEY).split(".")[:2]),
    "four parts": lambda said: signed(said, KEY) + ".x",
    "five parts": lambda said: signed(said, KEY) + ".x.y",
    "JSON": lambda said: json.dumps({"payload": part(said), "signatures": []}),
    "claims in a list": lambda said: signed(b"[]", KEY),
    "claims that are a word": lambda said: signed(b'"x"', KEY),
    "no claims": lambda said: signed(b"", KEY),
    "no JSON": lambda said: signed(b"{", KEY),
    "no UTF-8": lambda said: signed(b"\xff\xfe", KEY),
    "deep claims": lambda said: signed(b"[" * 2_000 + b"]" * 2_000, KEY),
    "a deep header": lambda said: f"{part(b'[' * 3_000)}.{part(said)}.x",
    "a header in a list": lambda said: f"{part([])}.{part(said)}.x",
    "dots": lambda said: "..",
    "umlauts": lambda said: "ä.ö.ü",
    "a word": lambda said: "x",
}


@pytest.mark.parametrize("case", WRONG_SIGNATURES)
async def test_what_the_client_did_not_sign_is_nobodys(
    shared: Hub, http: httpx.AsyncClient, app: App, case: str
) -> None:
    assert await ask(http, WRONG_SIGNATURES[case](claims(shared, app.client_id))) == HIDDEN


async def test_an_assertion_counts_once(shared: Hub, http: httpx.AsyncClient, app: App) -> None:
    assertion = signed(claims(shared, app.client_id), KEY)
    assert (await ask(http, assertion))[0] == 200
    assert await ask(http, assertion) == HIDDEN
    again = claims(
        shared, app.client_id, jti=json.loads(base64.urlsafe_b64decode(assertion.split(".")[1] + "=="))["jti"]
    )
    assert await ask(http, signed(again, KEY)) == HIDDEN, "the same id in another assertion"
    spent = signed(claims(shared, app.client_id), KEY)
    assert (await ask(http, spent, scope="nothing"))[0] == 400
    assert await ask(http, spent) == HIDDEN, "spent with a request that failed"


async def test_of_eight_at_once_one_counts(shared: Hub, http: httpx.AsyncClient, app: App) -> None:
    assertion = signed(claims(shared, app.client_id), KEY)
    found = await asyncio.gather(*(ask(http, assertion) for _turn in range(8)))
    assert sorted(status for status, _said in found) == [200] + [401] * 7


async def test_the_same_id_may_be_used_by_two_clients(
    shared: Hub, http: httpx.AsyncClient, app: App, neighbour: App
) -> None:
    assert (await ask(http, signed(claims(shared, app.client_id, jti="hello"), KEY)))[0] == 200
    assert (await ask(http, signed(claims(shared, neighbour.client_id, jti="hello"), OTHER)))[0] == 200


async def test_the_assertion_says_which_client(shared: Hub, http: httpx.AsyncClient, app: App, neighbour: App) -> None:
    fine = signed(claims(shared, app.client_id), KEY)
    assert await ask(http, fine, client_id=neighbour.client_id) == HIDDEN
    assert (await ask(http, signed(claims(shared, app.client_id), KEY), client_id=app.client_id))[0] == 200
    stolen = signed(claims(shared, neighbour.client_id), KEY)
    assert await ask(http, stolen) == HIDDEN, "A's key under B's name"


async def test_a_client_authenticates_in_one_way(shared: Hub, http: httpx.AsyncClient, app: App) -> None:
    town = await developers.active(shared, http, ags="08335001")
    assertion = signed(claims(shared, app.client_id), KEY)
    twice: list[dict[str, Any]] = [
        {"data": asserted(assertion), "auth": town.auth},
        {"data": asserted(assertion, client_secret="x")},
        {"data": asserted(assertion), "headers": {"authorization": "Bearer x"}},
        {"data": {"grant_type": "client_credentials", "client_secret": town.secret}, "auth": town.auth},
    ]
    for request in twice:
        answer = await http.post("/oauth/token", **request)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), request
    secret_too = await http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=(app.client_id, ""))
    assert (secret_too.status_code, secret_too.json()) == HIDDEN
    headers = [("authorization", httpx.BasicAuth(*town.auth)._auth_header), ("authorization", "Basic eDp5")]
    for both in (headers, headers[::-1]):
        answer = await http.post("/oauth/token", data={"grant_type": "client_credentials"}, headers=both)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "kind", ["", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer", ASSERTED.upper(), "x"]
)
async def test_only_this_kind_of_assertion_is_known(shared: Hub, http: httpx.AsyncClient, app: App, kind: str) -> None:
    assertion = signed(claims(shared, app.client_id), KEY)
    assert await ask(http, assertion, client_assertion_type=kind) == HIDDEN


async def test_a_client_with_a_secret_cannot_sign(shared: Hub, http: httpx.AsyncClient) -> None:
    """Also not with its secret: client_secret_jwt is another method, which we do not offer."""
    town = await developers.active(shared, http, ags="08335002")
    secret = OctKey.import_key(part(town.secret.encode()))
    for assertion in (
        signed(claims(shared, town.client_id), secret, alg="HS256", kid=None),
        signed(claims(shared, town.client_id), KEY),
    ):
        assert await ask(http, assertion) == HIDDEN


async def test_rotated_keys_count_at_once(shared: Hub, http: httpx.AsyncClient) -> None:
    old, new = new_key(), new_key("new")
    app = await developers.active(shared, http, old, ags="08335003")
    changes = {"ags": "08335003", "token_endpoint_auth_method": "private_key_jwt", "jwks": public(new)}
    assert (await developers.put(http, app, **changes)).status_code == 200
    assert await ask(http, signed(claims(shared, app.client_id), old)) == HIDDEN
    assert (await ask(http, signed(claims(shared, app.client_id), new)))[0] == 200


# Keys behind a jwks_uri -------------------------------------------------------------------------------------------


class Keys:
    """A city's server with its keys, on this machine, that can be slow; counts how often it was asked."""

    def __init__(self) -> None:
        self.body, self.asked, self.open = b"", 0, asyncio.Event()
        self.open.set()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        await self.open.wait()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(self.body)}\r\n\r\n"
        writer.write(head.encode() + self.body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    def publish(self, *keys: ECKey) -> None:
        self.body = json.dumps(public(*keys)).encode()


@asynccontextmanager
async def published(*keys: ECKey) -> AsyncIterator[tuple[Keys, str]]:
    found = Keys()
    found.publish(*keys)
    server = await asyncio.start_server(found.answer, "127.0.0.1", 0)
    async with server:
        yield found, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/keys"


async def stored(hub: Hub, app: App) -> Client:
    async with hub.runtimes["directory"].db.read(HUB) as session:
        return (await session.scalars(select(Client).where(Client.client_id == app.client_id))).one()


async def readings(hub: Hub, app: App) -> int:
    """How many readings of this client's keys were ever asked for."""
    jobs = table(hub.runtimes["directory"].service.metadata, "job")
    async with hub.runtimes["directory"].db.read(HUB) as session:
        found = (await session.execute(select(jobs))).mappings()
        return sum(app.client_id in str(dict(row)) for row in found)


async def test_published_keys_are_read_beforehand_and_again_for_a_new_one(
    shared: Hub, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = new_key("old"), new_key("new")
    async with published(old) as (server, url):
        app = await developers.active(
            shared, http, ags="08335004", token_endpoint_auth_method="private_key_jwt", jwks_uri=url
        )

        async def read() -> bool:
            return (await stored(shared, app)).jwks is not None

        await eventually(read)
        assert (await ask(http, signed(claims(shared, app.client_id), old)))[0] == 200
        assert (server.asked, await readings(shared, app)) == (1, 1)

        server.publish(new)
        server.open.clear()
        unknown = [ask(http, signed(claims(shared, app.client_id), new)) for _turn in range(8)]
        assert await asyncio.gather(*unknown) == [HIDDEN] * 8
        assert await readings(shared, app) == 1, "read within the last minute: garbage does not make us hammer anybody"

        monkeypatch.setattr("services.directory.jobs.READ_AGAIN", timedelta(0))
        await ask(http, signed(claims(shared, app.client_id), new))
        monkeypatch.undo()
        unknown = [ask(http, signed(claims(shared, app.client_id), new)) for _turn in range(8)]
        assert await asyncio.gather(*unknown) == [HIDDEN] * 8, "no request waits for a server that is slow"
        assert await readings(shared, app) == 2
        server.open.set()

        async def renewed() -> bool:
            return (await ask(http, signed(claims(shared, app.client_id), new)))[0] == 200

        await eventually(renewed)
        assert server.asked == 2
        assert await ask(http, signed(claims(shared, app.client_id), old)) == HIDDEN


async def test_what_a_server_publishes_is_checked_like_a_registration(shared: Hub, http: httpx.AsyncClient) -> None:
    fine = new_key()
    async with published(fine) as (server, url):
        server.body = json.dumps({"keys": [fine.as_dict(private=True)]}).encode()
        app = await developers.active(
            shared, http, ags="08335005", token_endpoint_auth_method="private_key_jwt", jwks_uri=url
        )

        async def asked() -> bool:
            return server.asked > 0

        await eventually(asked)
        assert (await stored(shared, app)).jwks is None
        assert await ask(http, signed(claims(shared, app.client_id), fine)) == HIDDEN


async def test_a_change_keeps_keys_that_are_read_again(shared: Hub, http: httpx.AsyncClient) -> None:
    key = new_key()
    changes: dict[str, Any] = {"ags": "08335006", "token_endpoint_auth_method": "private_key_jwt"}
    async with published(key) as (server, url):
        app = await developers.active(shared, http, jwks_uri=url, **changes)

        async def read() -> bool:
            return (await stored(shared, app)).jwks is not None

        await eventually(read)
        server.open.clear()
        assert (await developers.put(http, app, jwks_uri=url, client_name="Another name", **changes)).status_code == 200
        assert (await ask(http, signed(claims(shared, app.client_id), key)))[0] == 200
        server.open.set()
        assert (await developers.put(http, app, jwks_uri=f"{url}/new", **changes)).status_code == 200
        assert (await stored(shared, app)).client_id == app.client_id
