"""A token whose signature was checked before still has to count in every other way."""

import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from services.kit import auth
from services.kit.auth import ANONYMOUS, Verifier
from services.kit.errors import Unknown
from services.kit.revoked import Revoked, TokensRevoked

ISSUER = "https://hub.example"


def made(key: ECKey, typ: str = "at+jwt", **claims: Any) -> str:
    said = {"iss": ISSUER, "aud": ISSUER, "exp": int(time.time()) + 600, "client_id": "c", "sub": "c", "iat": 1_000}
    return f"Bearer {jwt.encode({'alg': 'ES256', 'kid': key.kid, 'typ': typ}, said | claims, key, ['ES256'])}"


@pytest.fixture
def key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "first"})


@pytest.fixture
def published(key: ECKey) -> list[ECKey]:
    """The keys as their source shows them."""
    return [key]


@pytest.fixture
def verifier(published: list[ECKey]) -> Verifier:
    async def keys() -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False) for key in published]}

    return Verifier(keys, ISSUER, ISSUER, Revoked())


async def test_the_same_token_is_the_same_principal(verifier: Verifier, key: ECKey) -> None:
    token = made(key, scope="a b")
    first, second = await verifier.principal(token), await verifier.principal(token)
    assert first == second
    assert first.scopes == {"a", "b"}
    assert await verifier.principal(None) == ANONYMOUS


@pytest.mark.parametrize("name", ["client:c", "subject:c", "key:first", "token:t"])
async def test_it_can_be_revoked(verifier: Verifier, key: ECKey, name: str) -> None:
    token = made(key, jti="t")
    await verifier.principal(token)
    verifier.revoked.learn([TokensRevoked(name=name, before=2_000.0, until=9e9)])
    with pytest.raises(Unknown):
        await verifier.principal(token)


async def test_it_runs_out(verifier: Verifier, key: ECKey, monkeypatch: pytest.MonkeyPatch) -> None:
    token = made(key)
    await verifier.principal(token)
    later = time.time() + 600 + auth.SKEW_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(Unknown):
        await verifier.principal(token)


async def test_it_counts_where_it_was_made_for(verifier: Verifier, key: ECKey) -> None:
    token = made(key, aud=f"{ISSUER}/events")
    await verifier.principal(token, f"{ISSUER}/events")
    for resource in ("", f"{ISSUER}/matching"):
        with pytest.raises(Unknown):
            await verifier.principal(token, resource)


async def test_an_access_token_is_no_session(verifier: Verifier, key: ECKey) -> None:
    token = made(key, typ="session+jwt")
    for _turn in range(2):
        with pytest.raises(Unknown):
            await verifier.principal(token)


async def test_it_ends_with_its_key(
    verifier: Verifier, key: ECKey, published: list[ECKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where another key comes under the same name."""
    token = made(key)
    await verifier.principal(token)
    published[:] = [ECKey.generate_key("P-256", {"kid": "first"})]
    later = time.monotonic() + auth.KEYS_SECONDS + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    with pytest.raises(Unknown):
        await verifier.principal(token)


async def test_a_changed_token_is_none(verifier: Verifier, key: ECKey) -> None:
    token = made(key)
    await verifier.principal(token)
    for changed in (token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1], token + "x", token[:-4], token + "ä"):
        with pytest.raises(Unknown):
            await verifier.principal(changed)


async def test_what_is_remembered_has_an_end(verifier: Verifier, key: ECKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "MOST_SEEN", 3)
    tokens = [made(key, jti=str(number)) for number in range(6)]
    for token in (*tokens, *tokens):
        await verifier.principal(token)
    assert len(verifier._seen) == 3
