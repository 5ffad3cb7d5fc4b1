"""Attacks on the way back from a provider: every one must leave nobody logged in."""

import base64
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey
from sqlalchemy import update

from services.directory.models import LoginFlow, Provider
from services.kit.db import HUB
from services.kit.service import Hub
from tests.directory.hostile import CLIENT, Hostile, hostile
from tests.directory.login_world import Browser, asked, configure, count, directory, town
from tests.directory.provider_login.world import KAI, UTE, came_back, orgs, refused


async def test_the_right_answer_logs_in(hub: Hub, browser: Browser, org: str, provider: Hostile) -> None:
    """So that the attacks below fail for their own reason."""
    assert (await came_back(browser, org, provider)).status_code == 303
    assert browser.session
    path, form, authorization = provider.asked[-1]
    assert (path, authorization) == ("/token", "")
    assert form["client_id"] == [CLIENT]
    assert len(form["code_verifier"][0]) >= 43


async def test_a_state_counts_once(hub: Hub, browser: Browser, org: str, provider: Hostile) -> None:
    said = asked(await browser.start(org))
    provider.nonce = said["nonce"]
    url = f"/login/provider/{org}/callback"
    params = {"code": "c", "state": said["state"]}
    assert (await browser.get(url, params=params)).status_code == 303
    async with Browser(hub) as thief:
        thief.cookies.update({one.name: one.value or "" for one in browser.cookies.jar if "browser" in one.name})
        before = await count(hub)
        await refused(thief, before, await thief.get(url, params=params))


async def test_a_failed_attempt_uses_the_state_up(hub: Hub, browser: Browser, org: str, provider: Hostile) -> None:
    said = asked(await browser.start(org))
    provider.nonce = "another"
    before, url = await count(hub), f"/login/provider/{org}/callback"
    params = {"code": "c", "state": said["state"]}
    await refused(browser, before, await browser.get(url, params=params))
    provider.nonce = said["nonce"]
    await refused(browser, before, await browser.get(url, params=params))


async def test_a_state_of_another_browser(hub: Hub, browser: Browser, org: str, provider: Hostile) -> None:
    """Login CSRF: the attacker's answer in the victim's browser."""
    said = asked(await browser.start(org))
    provider.nonce = said["nonce"]
    async with Browser(hub) as victim:
        await victim.start(org)
        before = await count(hub)
        params = {"code": "c", "state": said["state"]}
        await refused(victim, before, await victim.get(f"/login/provider/{org}/callback", params=params))


async def test_a_state_at_the_callback_of_another_city(hub: Hub, browser: Browser, org: str, provider: Hostile) -> None:
    """Even where both use the same client of the same provider."""
    other = next(orgs)
    await configure(hub, other, provider.issuer, client_id="another")
    async with directory(hub).db.begin(HUB) as session:
        row = await session.get(Provider, other)
        assert row
        row.client_id = CLIENT
    said = asked(await browser.start(org))
    provider.nonce = said["nonce"]
    before = await count(hub)
    params = {"code": "c", "state": said["state"]}
    await refused(browser, before, await browser.get(f"/login/provider/{other}/callback", params=params))
    assert [path for path, *_rest in provider.asked if path == "/token"] == []


async def test_an_old_flow_is_over(hub: Hub, browser: Browser, org: str, provider: Hostile) -> None:
    said = asked(await browser.start(org))
    provider.nonce = said["nonce"]
    async with directory(hub).db.begin(HUB) as session:
        await session.execute(
            update(LoginFlow).where(LoginFlow.org == org).values(expires_at=datetime.now(UTC) - timedelta(seconds=1))
        )
    before = await count(hub)
    params = {"code": "c", "state": said["state"]}
    await refused(browser, before, await browser.get(f"/login/provider/{org}/callback", params=params))


@pytest.mark.parametrize(
    "query",
    [
        "",
        "code=c",
        "state=x&code=c",
        "state={state}",
        "state={state}&code=",
        "state={state}&code=c&code=d",
        "state={state}&code=c&state={state}",
        "state={state}&code=c&iss=https://login.other.example",
        "state={state}&code=c&iss=",
        "state={state}&code=%00",
        "state=%ff&code=c",
        "state={state}&error=access_denied&error_description=<script>alert(1)</script>",
        "state={state}&error=server_error&code=c",
        "state={state}&code=" + "c" * 3_000,
        "&".join(f"a{n}=b" for n in range(100)),
    ],
)
async def test_a_wrong_answer(hub: Hub, browser: Browser, org: str, provider: Hostile, query: str) -> None:
    said = asked(await browser.start(org))
    provider.nonce = said["nonce"]
    before = await count(hub)
    answer = await browser.get(f"/login/provider/{org}/callback?{query.replace('{state}', said['state'])}")
    await refused(browser, before, answer)
    assert "alert(1)" not in answer.text
    assert [path for path, *_rest in provider.asked if path == "/token"] == []


async def test_a_provider_that_names_itself_must_always(hub: Hub, browser: Browser, org: str) -> None:
    """RFC 9207: an answer without `iss` is another provider's."""
    async with hostile() as provider:
        provider.discovery = {"authorization_response_iss_parameter_supported": True}
        await configure(hub, org, provider.issuer)
        before = await count(hub)
        await refused(browser, before, await came_back(browser, org, provider))
        assert (await came_back(browser, org, provider, iss=provider.issuer)).status_code == 303


async def test_a_code_of_another_provider_is_worth_nothing(hub: Hub, browser: Browser, org: str) -> None:
    """Mix-up: the code of an honest provider, played to the flow of another."""
    other = next(orgs)
    async with town(hub, org, UTE), town(hub, other, KAI):
        theirs = await browser.choose(await browser.start(org), "u1")
        mine = asked(await browser.start(other))
        before = await count(hub)
        params = {**asked(theirs), "state": mine["state"]}
        await refused(browser, before, await browser.get(f"/login/provider/{other}/callback", params=params))
        params.pop("iss")
        mine = asked(await browser.start(other))
        params["state"] = mine["state"]
        await refused(browser, before, await browser.get(f"/login/provider/{other}/callback", params=params))


def _none(it: Hostile) -> None:
    parts = ({"alg": "none"}, json.loads(base64.urlsafe_b64decode(it.token().split(".")[1] + "==")))
    it.id_token = (
        ".".join(base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts) + "."
    )


def _hs256(it: Hostile) -> None:
    """Signed with the public key as if it were a secret."""
    secret = OctKey.import_key(json.dumps(it.key.as_dict(private=False)).encode())
    claims = base64.urlsafe_b64decode(it.token().split(".")[1] + "==")
    header = {"alg": "HS256", "kid": it.key.kid}
    it.id_token = jws.serialize_compact(header, claims, secret, registry=jws.JWSRegistry(algorithms=["HS256"]))


def _other_key(it: Hostile) -> None:
    it.key = ECKey.import_key({**ECKey.generate_key("P-256").as_dict(private=True), "kid": it.key.kid or ""})


def _embedded_key(it: Hostile) -> None:
    """A key that came with the token."""
    kid = it.key.kid
    it.key = ECKey.generate_key("P-256")
    it.header = {"jwk": it.key.as_dict(private=False), "kid": kid}


def _claims(**values: Any) -> Callable[[Hostile], None]:
    def lie(it: Hostile) -> None:
        it.claims = values

    return lie


def _header(**values: Any) -> Callable[[Hostile], None]:
    def lie(it: Hostile) -> None:
        it.header = values

    return lie


def _token(value: str) -> Callable[[Hostile], None]:
    def lie(it: Hostile) -> None:
        it.id_token = value

    return lie


def _answers(status: int, answer: Any, location: str = "") -> Callable[[Hostile], None]:
    def lie(it: Hostile) -> None:
        it.status, it.answer, it.location = status, answer, location

    return lie


NOW = int(time.time())
LIES: dict[str, Callable[[Hostile], None]] = {
    "alg none": _none,
    "HS256 with the public key": _hs256,
    "another key": _other_key,
    "its own key": _embedded_key,
    "another type": _header(typ="at+jwt"),
    "a critical header": _header(crit=["x"], x=1),
    "no key id that is a text": _header(kid=7),
    "nonce of another login": _claims(nonce="x"),
    "no nonce": _claims(nonce=None),
    "another audience": _claims(aud="other"),
    "no audience": _claims(aud=None),
    "audiences without azp": _claims(aud=[CLIENT, "other"]),
    "azp of another": _claims(aud=[CLIENT, "other"], azp="other"),
    "azp beside the audience": _claims(azp="other"),
    "another issuer": _claims(iss="https://login.other.example"),
    "no issuer": _claims(iss=None),
    "expired": _claims(exp=NOW - 3_600),
    "never expires": _claims(exp=None),
    "expires in words": _claims(exp="tomorrow"),
    "expires at infinity": _claims(exp=float("inf")),
    "issued in the future": _claims(iat=NOW + 36_000),
    "issued long ago": _claims(iat=NOW - 36_000),
    "not yet": _claims(nbf=NOW + 36_000),
    "nobody": _claims(sub=None),
    "an empty subject": _claims(sub=""),
    "a number as subject": _claims(sub=7),
    "10,000 characters of subject": _claims(sub="x" * 10_000),
    "a subject with a line end": _claims(sub="a\nb"),
    "a subject of look-alikes": _claims(sub="а1"),
    "amr in words": _claims(amr="mfa"),
    "another access token": _claims(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "a megabyte": _claims(groups=["x" * 40_000]),
    "no token": _token(""),
    "garbage": _token("a.b.c"),
    "umlauts": _token("ä.ö.ü"),
    "an error": _answers(400, {"error": "invalid_grant", "error_description": "<b>no</b>"}),
    "an error with 200": _answers(200, {"error": "invalid_grant"}),
    "down": _answers(500, {}),
    "a list": _answers(200, []),
    "a token of another kind": _answers(200, {"id_token": {"a": 1}, "access_token": "x", "token_type": "Bearer"}),
    "no end in sight": _answers(200, {"id_token": "x", "expires_in": "soon", "access_token": "x"}),
    "redirects to a private address": _answers(307, {}, "http://169.254.169.254/latest"),
    "redirects to us": _answers(302, {}, "/jwks"),
}


UNREADABLE = {"down", "a list", "no end in sight"}
"""Where what came is no answer of a token endpoint."""


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("case", LIES)
async def test_a_lie_logs_nobody_in(hub: Hub, browser: Browser, org: str, provider: Hostile, case: str) -> None:
    said = asked(await browser.start(org))
    provider.nonce = said["nonce"]
    LIES[case](provider)
    before = await count(hub)
    params = {"code": "c", "state": said["state"]}
    answer = await browser.get(f"/login/provider/{org}/callback", params=params)
    await refused(browser, before, answer)
    assert provider.told == 1
    assert answer.status_code == (503 if case in UNREADABLE else 422)
    assert "<b>no</b>" not in answer.text


async def test_a_slow_provider_is_given_up(hub: Hub, browser: Browser, org: str, provider: Hostile) -> None:
    provider.delay = 9
    before, began = await count(hub), time.monotonic()
    await refused(browser, before, await came_back(browser, org, provider))
    assert time.monotonic() - began < 8.8


async def test_a_provider_that_is_down(hub: Hub, browser: Browser, org: str) -> None:
    async with hostile() as provider:
        await configure(hub, org, provider.issuer)
        said = asked(await browser.start(org))
    before = await count(hub)
    params = {"code": "c", "state": said["state"]}
    await refused(browser, before, await browser.get(f"/login/provider/{org}/callback", params=params))
