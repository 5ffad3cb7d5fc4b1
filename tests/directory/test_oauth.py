"""Access tokens: how clients get them (RFC 6749, 8414, 9068), and what the hub makes of those it is shown."""

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jws
from joserfc.jwk import ECKey, OctKey
from sqlalchemy import func, select, update

from services.directory.models import SigningKey
from services.directory.oauth import clients as oauth_clients
from services.directory.oauth import keys
from services.kit import auth
from services.kit.auth import Verifier
from services.kit.db import HUB
from services.kit.errors import HubError, Refused, Unavailable
from services.kit.service import Hub

KONSTANZ = "08335043"
FORM = {"grant_type": "client_credentials"}
HIDDEN = {"error": "invalid_client"}


@pytest.fixture(scope="module")
def hub(shared: Hub) -> Hub:
    return shared


@pytest_asyncio.fixture
async def http(hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=hub.settings.issuer, trust_env=False, timeout=30) as client:
        yield client


@pytest_asyncio.fixture(scope="module")
async def client(hub: Hub) -> oauth_clients.Credentials:
    async with hub.runtimes["directory"].db.begin(HUB) as session:
        return await oauth_clients.add(session, "test", KONSTANZ, ("directory:read", "directory:write"))


def basic(credentials: str | bytes) -> str:
    raw = credentials.encode() if isinstance(credentials, str) else credentials
    return f"Basic {base64.b64encode(raw).decode()}"


def decoded(part: str) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


async def fetch(http: httpx.AsyncClient, client: oauth_clients.Credentials, **form: str) -> httpx.Response:
    return await http.post("/oauth/token", data={**FORM, **form}, auth=(client.client_id, client.client_secret))


async def test_a_token_says_who_for_whom_and_how_long(
    hub: Hub, http: httpx.AsyncClient, client: oauth_clients.Credentials
) -> None:
    answer = await fetch(http, client)
    assert (answer.status_code, answer.headers["cache-control"], answer.headers["pragma"]) == (
        200,
        "no-store",
        "no-cache",
    )
    body = answer.json()
    token = body.pop("access_token")
    assert body == {"token_type": "Bearer", "expires_in": 600, "scope": "directory:read directory:write"}
    header, claims = (decoded(part) for part in token.split(".")[:2])
    published = (await http.get("/.well-known/jwks.json")).json()["keys"]
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": published[0]["kid"]}
    assert claims.pop("exp") == claims["iat"] + 600
    assert abs(claims.pop("iat") - time.time()) < 30
    assert len(claims.pop("jti")) >= 16
    assert claims == {
        "iss": hub.settings.issuer,
        "aud": hub.settings.issuer,
        "sub": client.client_id,
        "client_id": client.client_id,
        "scope": "directory:read directory:write",
        "city": KONSTANZ,
    }


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        ("directory:read", "directory:read"),
        ("directory:write  directory:read", "directory:write directory:read"),
        ("", "directory:read directory:write"),
        ("matching:write", None),
        ("directory:read admin", None),
        ("directory", None),
        ("directory:read\tx", None),
    ],
)
async def test_scopes_are_those_of_the_client_or_fewer(
    http: httpx.AsyncClient, client: oauth_clients.Credentials, asked: str, granted: str | None
) -> None:
    answer = await fetch(http, client, scope=asked)
    if granted is None:
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    else:
        assert (answer.status_code, answer.json()["scope"]) == (200, granted)


CREDENTIALS: dict[str, Any] = {
    "a wrong secret": lambda c: basic(f"{c.client_id}:{c.client_secret}x"),
    "no secret": lambda c: basic(f"{c.client_id}:"),
    "no colon": lambda c: basic(c.client_id),
    "an unknown client": lambda c: basic(f"c-nobody:{c.client_secret}"),
    "nobody": lambda c: None,
    "nul": lambda c: basic(f"{c.client_id}\0:x"),
    "an escaped nul": lambda c: basic(f"{c.client_id}%00:x"),
    "no UTF-8": lambda c: basic(b"\xff\xfe:x"),
    "no ASCII": lambda c: b"Basic \xc3\xa4\xc3\xb6",
    "no base64": lambda c: "Basic !!!",
    "nothing at all": lambda c: "Basic",
    "a long name": lambda c: basic("c" * 20_000 + ":x"),
    "an access token": lambda c: "Bearer x",
    "the hash instead of the secret": lambda c: basic(
        f"{c.client_id}:{hashlib.sha256(c.client_secret.encode()).hexdigest()}"
    ),
}


@pytest.mark.parametrize("case", CREDENTIALS)
async def test_who_cannot_authenticate_is_challenged(
    http: httpx.AsyncClient, client: oauth_clients.Credentials, case: str
) -> None:
    header = CREDENTIALS[case](client)
    answer = await http.post("/oauth/token", data=FORM, headers={"authorization": header} if header else {})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith('Basic realm="')
    assert answer.headers["cache-control"] == "no-store"
    assert client.client_secret not in answer.text


@pytest.mark.parametrize(
    ("body", "error", "status"),
    [
        (b"", "invalid_request", 400),
        (b"scope=directory:read", "invalid_request", 400),
        (b"grant_type=", "invalid_request", 400),
        (b"grant_type=password", "unsupported_grant_type", 400),
        (b"grant_type=authorization_code&code=x", "unauthorized_client", 400),
        (b"grant_type=client_credentials&grant_type=client_credentials", "invalid_request", 400),
        (b"grant_type=client_credentials&scope=directory:read&scope=directory:write", "invalid_request", 400),
        (b"grant_type=client_credentials&scope=%00", "invalid_request", 400),
        (b"grant_type=client_credentials&scope=%ff", "invalid_request", 400),
        (b"grant_type=client_credentials&scope=\xff", "invalid_request", 400),
        (b"grant_type=client_credentials&scope=" + b"x" * 9_000, "invalid_request", 400),
        (b"grant_type=client_credentials&client_id=x&client_secret=y", "invalid_request", 400),
        (b"&".join(b"a%d=1" % i for i in range(60)), "invalid_request", 400),
        (b"x" * 1_000_000, "invalid_request", 413),
    ],
)
async def test_a_request_that_cannot_be_read_is_told_so(
    http: httpx.AsyncClient, client: oauth_clients.Credentials, body: bytes, error: str, status: int
) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    auth_ = (client.client_id, client.client_secret)
    answer = await http.post("/oauth/token", content=body, headers=headers, auth=auth_)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", None])
async def test_only_a_form_is_read(
    http: httpx.AsyncClient, client: oauth_clients.Credentials, content_type: str | None
) -> None:
    headers = {"content-type": content_type} if content_type else {}
    auth_ = (client.client_id, client.client_secret)
    answer = await http.post("/oauth/token", content=b"grant_type=client_credentials", headers=headers, auth=auth_)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_secrets_count_in_the_header_only(http: httpx.AsyncClient, client: oauth_clients.Credentials) -> None:
    """Addresses end in the logs of proxies; our metadata offers `client_secret_basic` and nothing else."""
    secrets = {"client_id": client.client_id, "client_secret": client.client_secret}
    for params, form in ((secrets, FORM), ({**secrets, **FORM}, FORM), ({}, {**FORM, **secrets})):
        answer = await http.post("/oauth/token", params=params, data=form)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    query = await http.post("/oauth/token", params=FORM, auth=(client.client_id, client.client_secret), data={"a": "b"})
    assert (query.status_code, query.json()["error"]) == (400, "invalid_request")


async def test_two_client_ids_are_one_too_many(http: httpx.AsyncClient, client: oauth_clients.Credentials) -> None:
    """Whether the memory of this second knows the client or not."""
    for secret in (client.client_secret, "wrong"):
        for name in ("c-somebody", "\ufffd"):
            form = {**FORM, "client_id": name}
            answer = await http.post("/oauth/token", data=form, auth=(client.client_id, secret))
            assert (answer.status_code, answer.json()) == (401, HIDDEN)


async def test_other_peoples_clients_get_along_with_us(
    hub: Hub, http: httpx.AsyncClient, client: oauth_clients.Credentials
) -> None:
    issuer = hub.settings.issuer
    metadata = (await http.get("/.well-known/oauth-authorization-server")).json()
    assert metadata["issuer"] == issuer
    assert set(metadata) >= {"token_endpoint", "jwks_uri", "scopes_supported", "response_types_supported"}
    assert metadata["token_endpoint_auth_methods_supported"] == ["private_key_jwt", "client_secret_basic", "none"]
    assert all(metadata[name].startswith(f"{issuer}/") for name in ("token_endpoint", "jwks_uri"))
    async with AsyncOAuth2Client(
        client.client_id, client.client_secret, scope="directory:read", token_endpoint=metadata["token_endpoint"]
    ) as session:
        token = await session.fetch_token(grant_type="client_credentials")
        assert (token["scope"], token["token_type"]) == ("directory:read", "Bearer")
        answer = await session.post(f"{issuer}/graphql", json={"query": "{ __typename }"})
        assert answer.json()["data"] == {"__typename": "Query"}


async def test_the_published_keys_have_no_private_parts(http: httpx.AsyncClient) -> None:
    keys = (await http.get("/.well-known/jwks.json")).json()["keys"]
    assert [set(key) for key in keys] == [{"kty", "crv", "x", "y", "kid", "use", "alg"}] * len(keys)


async def test_clients_are_registered_for_scopes_that_exist(hub: Hub) -> None:
    with pytest.raises(Refused, match="admin"):
        async with hub.runtimes["directory"].db.begin(HUB) as session:
            await oauth_clients.add(session, "test", None, ("admin",))


# What the hub makes of tokens --------------------------------------------------------------------------------------

ISSUER = "https://hub.example"
OURS, THEIRS = (ECKey.generate_key("P-256", parameters={"kid": kid}) for kid in ("ours", "theirs"))
PUBLIC = {"kid": "ours", "use": "sig", "alg": "ES256", **OURS.as_dict(private=False)}


class Source:
    """A key set that counts how often it is read, and can fail."""

    def __init__(self) -> None:
        self.keys, self.read, self.down = [PUBLIC], 0, False

    async def __call__(self) -> dict[str, Any]:
        self.read += 1
        await asyncio.sleep(0.01)
        if self.down:
            raise Unavailable("down")
        return {"keys": self.keys}


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    fine = {"iss": ISSUER, "aud": ISSUER, "sub": "c", "client_id": "c", "iat": now, "exp": now + 86_400, "jti": "j"}
    return {**fine, "scope": "directory:read", "city": KONSTANZ, **changes}


def made(body: Any = None, key: Any = OURS, **header: Any) -> str:
    kept = {k: v for k, v in {"alg": "ES256", "typ": "at+jwt", "kid": "ours", **header}.items() if v is not None}
    raw = body if isinstance(body, bytes) else json.dumps(claims() if body is None else body).encode()
    return jws.serialize_compact(kept, raw, key, algorithms=[kept["alg"]])


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def swapped(token: str, body: Any) -> str:
    header, _claims, signature = token.split(".")
    return f"{header}.{part(body)}.{signature}"


async def verdict(verifier: Verifier, header: str | None) -> Any:
    try:
        who = await verifier.principal(header)
    except HubError as problem:
        return problem.code
    return (who.client, who.city, set(who.scopes))


FINE = ("c", KONSTANZ, {"directory:read"})
PUBLIC_AS_SECRET = OctKey.import_key(part(json.dumps(PUBLIC).encode()))
TOKENS: dict[str, tuple[str, Any]] = {
    "fine": (f"Bearer {made()}", FINE),
    "any case": (f"bEARER  {made()} ", FINE),
    "the long type": (f"Bearer {made(typ='application/at+jwt')}", FINE),
    "one of its audiences": (f"Bearer {made(claims(aud=['x', ISSUER]))}", FINE),
    "of the state": (f"Bearer {made(claims(city=None))}", ("c", None, {"directory:read"})),
    "expired": (f"Bearer {made(claims(exp=int(time.time()) - 60))}", "UNAUTHENTICATED"),
    "without an end": (f"Bearer {made({k: v for k, v in claims().items() if k != 'exp'})}", "UNAUTHENTICATED"),
    "an end that is none": (f"Bearer {made(claims(exp='9999999999'))}", "UNAUTHENTICATED"),
    "another issuer": (f"Bearer {made(claims(iss='https://evil.example'))}", "UNAUTHENTICATED"),
    "another audience": (f"Bearer {made(claims(aud='https://evil.example'))}", "UNAUTHENTICATED"),
    "an ID token": (f"Bearer {made(typ='JWT')}", "UNAUTHENTICATED"),
    "no type": (f"Bearer {made(typ=None)}", "UNAUTHENTICATED"),
    "a city that is none": (f"Bearer {made(claims(city=[KONSTANZ]))}", "UNAUTHENTICATED"),
    "scopes in a list": (f"Bearer {made(claims(scope=['directory:read']))}", "UNAUTHENTICATED"),
    "somebody else's key": (f"Bearer {made(key=THEIRS)}", "UNAUTHENTICATED"),
    "an unknown key": (f"Bearer {made(key=THEIRS, kid='theirs')}", "UNAUTHENTICATED"),
    "another city": (f"Bearer {swapped(made(), claims(city='08121000'))}", "UNAUTHENTICATED"),
    "more scopes": (f"Bearer {swapped(made(), claims(scope='directory:write'))}", "UNAUTHENTICATED"),
    "unsigned": (f"Bearer {part({'alg': 'none', 'typ': 'at+jwt'})}.{part(claims())}.", "UNAUTHENTICATED"),
    "unsigned but named": (f"Bearer {part({'alg': 'none', 'kid': 'ours'})}.{part(claims())}.", "UNAUTHENTICATED"),
    "signed with what is public": (f"Bearer {made(key=PUBLIC_AS_SECRET, alg='HS256')}", "UNAUTHENTICATED"),
    "its own key along": (f"Bearer {made(key=THEIRS, jwk=THEIRS.as_dict(private=False))}", "UNAUTHENTICATED"),
    "no claims": (f"Bearer {made(b'[]')}", "UNAUTHENTICATED"),
    "no JSON": (f"Bearer {made(b'{')}", "UNAUTHENTICATED"),
    "a header in a list": (f"Bearer {part([])}.{part(claims())}.x", "UNAUTHENTICATED"),
    "a key id in a list": (f"Bearer {part({'alg': 'ES256', 'kid': []})}.{part(claims())}.x", "UNAUTHENTICATED"),
    "garbage": ("Bearer a.b.c", "UNAUTHENTICATED"),
    "umlauts": ("Bearer ä.ö.ü", "UNAUTHENTICATED"),
    "dots": ("Bearer ....", "UNAUTHENTICATED"),
    "megabytes": ("Bearer " + "a" * 1_000_000, "UNAUTHENTICATED"),
    "deep JSON": (f"Bearer {part(b'[' * 3_000)}.{part(claims())}.x", "UNAUTHENTICATED"),
    "Bearer alone": ("Bearer", "UNAUTHENTICATED"),
    "Bearer and nothing": ("Bearer   ", "UNAUTHENTICATED"),
    "Basic": ("Basic YTpi", "UNAUTHENTICATED"),
    "no scheme": (made(), "UNAUTHENTICATED"),
}  # fmt: skip


@pytest.mark.parametrize("case", TOKENS)
async def test_a_token_is_believed_only_if_it_is_ours(case: str) -> None:
    header, expected = TOKENS[case]
    assert await verdict(Verifier(Source(), ISSUER, ISSUER), header) == expected


async def test_clocks_may_differ_a_little() -> None:
    verifier = Verifier(Source(), ISSUER, ISSUER)
    assert await verdict(verifier, f"Bearer {made(claims(exp=int(time.time()) - 5))}") == FINE


async def test_a_bad_token_is_refused_even_where_none_is_needed(http: httpx.AsyncClient) -> None:
    """A client whose token ran out must not take the public half of an answer for all of it."""
    for header in ("Bearer x", "Basic YTpi", "Bearer"):
        answer = await http.post("/graphql", json={"query": "{ __typename }"}, headers={"authorization": header})
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_flood_of_garbage_asks_for_the_keys_once(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source()
    verifier = Verifier(source, ISSUER, ISSUER)
    await asyncio.gather(*(verdict(verifier, f"Bearer {made(kid=f'k{i}')}") for i in range(200)))
    await asyncio.gather(*(verdict(verifier, f"Bearer {made()}") for i in range(200)))
    assert source.read == 1
    monkeypatch.setattr(auth, "AGAIN_SECONDS", 0.0)
    assert await verdict(verifier, "Bearer a.b.c") == "UNAUTHENTICATED"
    assert await verdict(verifier, f"Bearer {made(key=THEIRS)}") == "UNAUTHENTICATED"
    assert source.read == 1, "only an unknown key is a reason to ask"
    assert await verdict(verifier, f"Bearer {made(key=THEIRS, kid='theirs')}") == "UNAUTHENTICATED"
    assert source.read == 2


async def test_keys_stay_good_while_their_source_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source()
    verifier = Verifier(source, ISSUER, ISSUER)
    source.down = True
    found = await asyncio.gather(*(verdict(verifier, f"Bearer {made()}") for _turn in range(50)))
    assert (set(found), source.read) == ({"UNAVAILABLE"}, 1)
    monkeypatch.setattr(auth, "FIRST_SECONDS", 0.0)
    source.down = False
    assert await verdict(verifier, f"Bearer {made()}") == FINE
    source.down = True
    monkeypatch.setattr(auth, "KEYS_SECONDS", 0.0)
    monkeypatch.setattr(auth, "AGAIN_SECONDS", 0.0)
    assert await verdict(verifier, f"Bearer {made()}") == FINE


async def test_a_new_key_signs_while_old_tokens_still_count(
    hub: Hub, http: httpx.AsyncClient, client: oauth_clients.Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = hub.runtimes["directory"]

    async def asked(token: str) -> int:
        headers = {"authorization": f"Bearer {token}"}
        return (await http.post("/graphql", json={"query": "{ __typename }"}, headers=headers)).status_code

    old = (await fetch(http, client)).json()["access_token"]
    assert await asked(old) == 200
    async with directory.db.begin(HUB) as session:
        await session.execute(update(SigningKey).values(retired_at=datetime.now(UTC)))
        await keys.signing_key(session, directory.settings.derived("signing"))
        assert await session.scalar(select(func.count()).select_from(SigningKey)) == 2
    directory.memory.clear()  # a process signs with the key it has read for a second more
    new = (await fetch(http, client)).json()["access_token"]
    assert decoded(old.split(".")[0])["kid"] != decoded(new.split(".")[0])["kid"]
    monkeypatch.setattr(auth, "AGAIN_SECONDS", 0.0)
    assert [await asked(new), await asked(old), await asked(new)] == [200, 200, 200]
    with pytest.raises(Refused, match="LOTSENNETZ_SECRET"):
        async with directory.db.begin(HUB) as session:
            await keys.signing_key(session, b"another secret of thirty-two byt")
