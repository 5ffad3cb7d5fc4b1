"""Cities register their clients (RFC 7591); what is no registration."""

import json
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from sqlalchemy import func, select

from services.directory import agreement
from services.directory.access import CLIENT_SCOPES
from services.directory.models import AuditEntry, Client
from services.directory.oauth import clients, policy, registration
from services.kit.service import Hub
from tests.directory import developers
from tests.directory.developers import (
    CALLBACK,
    App,
    active,
    asserted,
    claims,
    credentials,
    decide,
    manage,
    metadata,
    new_key,
    public,
    registered,
    signed,
    work,
)
from tests.directory.registration.world import KEY


async def test_a_city_registers_is_approved_and_gets_tokens(shared: Hub, http: httpx.AsyncClient) -> None:
    answer = await developers.register(
        http, ags="08100001", token_endpoint_auth_method=None, jwks=public(KEY), contacts=["digital@example.org"],
        client_uri="https://www.example.org/", scope="directory:write directory:read",
    )  # fmt: skip
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    said = answer.json()
    app = App(said["client_id"], said.pop("registration_access_token"), key=KEY)
    assert said.pop("client_id_issued_at") > 0
    assert said == {
        "client_id": app.client_id,
        "client_name": "Digitalamt 08100001",
        "ags": "08100001",
        "status": "pending",
        "agreement": agreement.VERSION,
        "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": ["client_credentials"],
        "response_types": [],
        "redirect_uris": [],
        "scope": "directory:read directory:write",
        "jwks": {"keys": [{**KEY.as_dict(private=False), "use": "sig"}]},
        "contacts": ["digital@example.org"],
        "client_uri": "https://www.example.org/",
        "registration_client_uri": f"{shared.settings.issuer}/oauth/register/{app.client_id}",
    }

    async def ask() -> tuple[int, str]:
        form = asserted(signed(claims(shared, app.client_id), KEY))
        answer = await http.post("/oauth/token", data=form)
        return answer.status_code, answer.json().get("error", "")

    assert await ask() == (400, "unauthorized_client")
    await decide(shared, app.client_id, "approve")
    assert await ask() == (200, "")
    now = await http.get(f"/oauth/register/{app.client_id}", headers=manage(app))
    assert now.json()["status"] == "active"
    assert now.json()["registration_access_token"] == app.management, "RFC 7592 section 3 wants it in every answer"
    async with work(shared) as session:
        done = await session.scalars(select(AuditEntry.action).where(AuditEntry.subject == app.client_id))
        assert sorted(done) == ["client.approve", "client.registered"]
        kept = (await session.scalars(select(Client).where(Client.client_id == app.client_id))).one()
        assert (kept.agreement, kept.agreed_at is not None) == (agreement.VERSION, True)
        assert app.management not in str(vars(kept))


async def test_a_small_town_registers_with_a_secret(shared: Hub, http: httpx.AsyncClient) -> None:
    answer = await developers.register(http, ags="08100002")
    said = answer.json()
    assert said["client_secret_expires_at"] == 0
    app = App(said["client_id"], said["registration_access_token"], said["client_secret"])
    assert len({app.client_id, app.management, app.secret}) == 3
    assert (await credentials(http, app)).json()["error"] == "unauthorized_client"
    await decide(shared, app.client_id, "approve")
    assert (await credentials(http, app)).json()["scope"] == " ".join(CLIENT_SCOPES)
    again = (await http.get(f"/oauth/register/{app.client_id}", headers=manage(app))).json()
    assert "client_secret" not in again, "shown once"


async def test_a_program_on_peoples_machines_registers_without_a_secret(shared: Hub, http: httpx.AsyncClient) -> None:
    answer = await developers.register(
        http, ags="08100003", token_endpoint_auth_method="none", redirect_uris=[CALLBACK, CALLBACK, "http://[::1]/x"]
    )
    said = answer.json()
    assert "client_secret" not in said
    assert (said["grant_types"], said["response_types"]) == (["authorization_code"], ["code"])
    assert said["redirect_uris"] == [CALLBACK, "http://[::1]/x"]
    await decide(shared, said["client_id"], "approve")
    form = {"grant_type": "client_credentials", "client_id": said["client_id"]}
    answer = await http.post("/oauth/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


WRONG: dict[str, dict[str, Any]] = {
    "no name": {"client_name": None},
    "no city": {"ags": None},
    "a city that cannot be": {"ags": "17000000"},
    "seven digits": {"ags": "0833504"},
    "digits of another script": {"ags": "٠٨٣٣٥٠٤٣"},
    "a number": {"ags": 8335043},
    "no agreement": {"agreement": None},
    "an old agreement": {"agreement": "2020-01"},
    "no method and no keys": {"token_endpoint_auth_method": None},
    "a secret in the form": {"token_endpoint_auth_method": "client_secret_post"},
    "a secret that signs": {"token_endpoint_auth_method": "client_secret_jwt"},
    "keys without keys": {"token_endpoint_auth_method": "private_key_jwt"},
    "keys twice": {"jwks": public(KEY), "jwks_uri": "https://keys.example.org/"},
    "no secret, for itself": {"token_endpoint_auth_method": "none"},
    "implicit": {"grant_types": ["implicit"]},
    "password": {"grant_types": ["password"]},
    "refreshing nothing": {"grant_types": ["client_credentials", "refresh_token"]},
    "an unknown response": {"response_types": ["token"]},
    "a scope of our own pages": {"scope": "directory:read directory:approve"},
    "all scopes": {"scope": "*"},
    "keys in this machine": {"jwks_uri": "http://127.0.0.1/keys", "token_endpoint_auth_method": None},
    "keys beside this machine": {"jwks_uri": "https://169.254.169.254/keys", "token_endpoint_auth_method": None},
    "keys of a file": {"jwks_uri": "file:///etc/passwd", "token_endpoint_auth_method": None},
    "a logo that is a script": {"logo_uri": "javascript:alert(1)"},
    "a logo in here": {"logo_uri": "data:image/svg+xml,<svg onload=alert(1)>"},
    "a page of the network": {"client_uri": "https://10.0.0.1/"},
    "a policy with a user": {"policy_uri": "https://user:x@example.org/"},
    "terms elsewhere": {"tos_uri": "https://[fe80::1]/"},
    "a login in the network": {"login_issuer": "https://localhost/"},
    "a login over http": {"login_issuer": "http://login.example.org/"},
    "contacts that are none": {"contacts": ["<script>@example.org"]},
    "contacts with a line": {"contacts": ["a@example.org\r\nBcc: all@example.org"]},
    "many contacts": {"contacts": ["a@example.org"] * 6},
    "software of lines": {"software_id": "a\nb"},
    "software of markup": {"software_version": "\u202e1.0"},
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_is_wrong_is_refused(http: httpx.AsyncClient, case: str) -> None:
    answer = await developers.register(http, **WRONG[case])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata"), answer.text
    assert answer.json()["error_description"].isascii()
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("value", [None, 0, 1.5, True, [], {}, [None], "", ["x", 1], {"x": []}])
@pytest.mark.parametrize("member", registration.Metadata.__struct_fields__)
async def test_members_have_their_type(http: httpx.AsyncClient, member: str, value: Any) -> None:
    answer = await http.post("/oauth/register", json={**metadata(ags="08100004"), member: value})
    assert answer.status_code in {201, 400}, answer.text
    if answer.status_code == 400:
        assert answer.json()["error"] in {"invalid_client_metadata", "invalid_redirect_uri"}


NAMES = [
    "", " ", "\u00a0", "a\0b", "a\x1bb", "a\nb" + "c" * 100, "x" * 101, "<b>Konstanz</b>", "Konstanz<script>",
    '"Konstanz"',
    "{{7*7}}", "${jndi:x}", "Konstanz\u202e", "Kon\u200bstanz", "\u3164", "\ufeff", "Kоnstanz", "Κonstanz", "Ｋonstanz",
    "𝕂onstanz", "Konstɑnz", "Ko\u0144\u0335stanz", "ĸonstanz", "Konstanᴢ", "K" + "\u0301" * 20, "Konstanz 🏰",
    "javascript:alert(1)//<", "Konstanz\u2044", "Konstanzǃ",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
async def test_names_are_plain(http: httpx.AsyncClient, name: str) -> None:
    """Also those that only look like one: letters of other scripts, and Latin ones that nobody here writes with."""
    answer = await developers.register(http, client_name=name)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata"), answer.text


@pytest.mark.parametrize(
    "name",
    ["Stadt Köln – Digitalamt", "Łódź & Görlitz", "Zgorzelec/Görlitz (Amt 10)", "Straße 7, 2. OG", "Bureau d’Évian"],
)
def test_names_may_have_what_people_write(name: str) -> None:
    assert registration.checked_name("client_name", name) == name


LOOK_ALIKES = ["Stadt Radolfzell", "RADOLFZELL", " Radolfzell  ", "Radolf-Zell", "Rádolfzell", "Rado1fzeIl",
               "Rad0lfzell", "Radolfzell, Stadt", "Baden-Bernau", "Baden Bemau", "badenbernau"]  # fmt: skip


@pytest.mark.parametrize("name", LOOK_ALIKES)
async def test_a_name_is_not_another_citys(shared: Hub, http: httpx.AsyncClient, name: str) -> None:
    """Neither that of a city's client nor one that looks like it."""
    async with work(shared) as session:
        known = await session.scalar(select(func.count()).select_from(Client).where(Client.name == "Radolfzell"))
    if not known:
        await active(shared, http, ags="08335063", client_name="Radolfzell")
        await active(shared, http, ags="08211001", client_name="Baden-Bernau")
    answer = await developers.register(http, ags="08335064", client_name=name)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert "another city" in answer.json()["error_description"]


REDIRECTS = [
    "", "javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "blob:https://a.de/x",
    "com.example.app:/back", "urn:ietf:wg:oauth:2.0:oob", "/back", "//example.org/back", "https:example.org", "https:///back",
    "https://", "http://app.example.org/back", "HTTPS://app.example.org/back", "https://APP.example.org/back",
    "https://user@app.example.org/back", "https://user:x@app.example.org/", "https://@app.example.org/",
    "https://app.example.org/back#", "https://app.example.org/back#x", "https://app.example.org/../back",
    "https://app.example.org/./back", "https://app.example.org/%2e%2e/back", "https://app.example.org/.%2E/back",
    "https://app.example.org/a b", "https://app.example.org\\@evil.example/", "https://app.example.org/\n", "https://app.example.org/\0",
    "https://app.example.org/\t", "https://app.exämple.org/", "https://app.example.org/ä", "https://*.example.org/",
    "https://169.254.169.254/", "https://[fe80::1]/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://10.0.0.1/",
    "https://192.168.1.1/", "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/",
    "https://0/", "https://localhost/", "http://localhost/", "http://localhost:8000/", "http://127.0.0.2/", "http://0.0.0.0/",
    "http://127.0.0.1.evil.example/", "http://127.0.0.1@evil.example/", "http://2130706433/", "https://intranet/",
    "https://app.example.org:99999/", "https://app.example.org:x/", "https://[", "https://app..example.org/", "https://-app.example.org/",
    "https://app.example.org./", "https://app_x.example.org/", "https://app.example.org/" + "x" * 10_000, "x" * 10_000,
]  # fmt: skip


@pytest.mark.parametrize("uri", REDIRECTS, ids=lambda uri: uri[:50])
async def test_a_redirect_uri_leads_to_a_web_page(http: httpx.AsyncClient, uri: str) -> None:
    for uris in ([uri], [CALLBACK, uri]):
        answer = await developers.register(http, redirect_uris=uris)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_redirect_uri"), answer.text


async def test_redirect_uris_are_few(http: httpx.AsyncClient) -> None:
    many = [f"{CALLBACK}/{number}" for number in range(11)]
    for changes in ({"redirect_uris": many}, {"redirect_uris": [], "grant_types": ["authorization_code"]},
                    {"redirect_uris": [CALLBACK], "grant_types": ["client_credentials"]}):  # fmt: skip
        answer = await developers.register(http, **changes)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_redirect_uri")


EC, RSA = KEY.as_dict(private=False), RSAKey.generate_key(2048).as_dict(private=False)
SMALL = {"kty": "RSA", "e": "AQAB", "n": "3" + "A" * 170 + "Q"}
KEYS: dict[str, Any] = {
    "no keys": {},
    "none": {"keys": []},
    "keys in an object": {"keys": {"0": EC}},
    "a word": {"keys": "x"},
    "a key in a list": {"keys": [[EC]]},
    "a private key": {"keys": [KEY.as_dict(private=True)]},
    "a private key among others": {"keys": [EC, new_key("two").as_dict(private=True)]},
    "a private RSA key": {"keys": [RSAKey.generate_key(2048).as_dict(private=True)]},
    "a private Ed25519 key": {"keys": [OKPKey.generate_key("Ed25519").as_dict(private=True)]},
    "a symmetric key": {"keys": [OctKey.generate_key(256).as_dict()]},
    "a symmetric key in disguise": {"keys": [{**EC, "k": "AAAA"}]},
    "a small RSA key": {"keys": [SMALL]},
    "exponent 1": {"keys": [{**RSA, "e": "AQ"}]},
    "exponent 3": {"keys": [{**RSA, "e": "Aw"}]},
    "an even exponent": {"keys": [{**RSA, "e": "AAAC"}]},
    "a zero": {"keys": [{**RSA, "n": "AA"}]},
    "a huge RSA key": {"keys": [{**RSA, "n": "3" + "A" * 5_000}]},
    "another curve": {"keys": [ECKey.generate_key("P-384").as_dict(private=False)]},
    "a curve of coins": {"keys": [{**EC, "crv": "secp256k1"}]},
    "a curve to agree keys": {"keys": [OKPKey.generate_key("X25519").as_dict(private=False)]},
    "a point beside the curve": {"keys": [{**EC, "x": EC["y"], "y": EC["x"]}]},
    "the point at infinity": {"keys": [{**EC, "x": "A" * 43, "y": "A" * 43}]},
    "half a point": {"keys": [{key: value for key, value in EC.items() if key != "y"}]},
    "odd letters in a number": {"keys": [{**EC, "x": f"{EC['x']}\0"}]},
    "markup in a number": {"keys": [{**EC, "x": f"<b>{EC['x']}"}]},
    "a number in a list": {"keys": [{**EC, "x": [EC["x"]]}]},
    "a deep number": {"keys": [{**EC, "x": json.loads("[" * 300 + "]" * 300)}]},
    "a kind in a list": {"keys": [{**EC, "kty": ["EC"]}]},
    "a kind in an object": {"keys": [{**EC, "kty": {}}]},
    "a curve in a list": {"keys": [{**EC, "crv": ["P-256"]}]},
    "an id in a list": {"keys": [{**EC, "kid": ["one"]}]},
    "an id that is a number": {"keys": [{**EC, "kid": 1}]},
    "an id with NUL": {"keys": [{**EC, "kid": "a\0"}]},
    "an endless id": {"keys": [{**EC, "kid": "x" * 201}]},
    "an id twice": {"keys": [EC, {**new_key("x").as_dict(private=False), "kid": "one"}]},
    "a key without an id, twice": {"keys": [{"kty": "EC", "crv": "P-256", "x": EC["x"], "y": EC["y"]}] * 2},
    "for encryption": {"keys": [{**EC, "use": "enc"}]},
    "many": {"keys": [{**EC, "kid": str(number)} for number in range(1_000)]},
    "eleven": {"keys": [{**EC, "kid": str(number)} for number in range(11)]},
}


@pytest.mark.parametrize("case", KEYS)
async def test_keys_are_public_strong_and_few(http: httpx.AsyncClient, case: str) -> None:
    answer = await developers.register(http, token_endpoint_auth_method=None, jwks=KEYS[case])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata"), answer.text
    for secret in ("d", "k"):
        for key in KEYS[case].get("keys", []):
            if isinstance(key, dict) and isinstance(key.get(secret), str):
                assert key[secret] not in answer.text


async def test_keys_may_say_more_than_we_need(http: httpx.AsyncClient) -> None:
    """As `npm jose` and others write them (RFC 7517: unknown members are ignored)."""
    key = {**EC, "alg": "ES256", "key_ops": ["verify"], "ext": True, "x5c": [], "iat": 1}
    answer = await developers.register(http, ags="08100005", token_endpoint_auth_method=None, jwks={"keys": [key]})
    assert answer.json()["jwks"] == {"keys": [{**EC, "use": "sig"}]}


async def test_a_city_has_few_registrations_that_wait(http: httpx.AsyncClient) -> None:
    for _turn in range(clients.MOST_PENDING):
        await registered(http, ags="08100006")
    answer = await developers.register(http, ags="08100006")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


FINE = ["https://app.example.org/back?x=%2F", "https://xn--exmple-cua.org/", "https://8.8.8.8/back", "http://127.0.0.1/",
        "http://127.0.0.1:5000/back", "http://[::1]:5000/"]  # fmt: skip


@pytest.mark.parametrize("uri", FINE)
def test_redirect_uris_that_are_fine(uri: str) -> None:
    assert policy.redirect_fault(uri, local=False) is None
