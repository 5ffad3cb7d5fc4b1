"""Passkeys answer one challenge of one browser for one account; and what must not work does not."""

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, update

from services.directory.login import passkeys
from services.directory.models import LoginFlow, LoginSession, Passkey
from services.kit.db import HUB
from services.kit.service import Hub, Runtime
from tests.directory.authenticator import UP, Authenticator
from tests.directory.login.world import (
    Crowd,
    came_by_link,
    challenge,
    invited,
    is_in,
    key_of,
    make_passkey,
    use_passkey,
    with_passkey,
)


async def test_a_challenge_is_answered_once(hub: Hub, browsers: Crowd) -> None:
    _account, key = await with_passkey(hub, browsers())
    browser = browsers()
    asked = await challenge(browser)
    answer = {"flow": asked["flow"], "credential": key.use(asked["options"])}
    assert (await browser.script("/login/passkey", answer)).status_code == 200
    await browser.see("/account")
    replayed = browsers()
    await replayed.see("/login")
    assert (await replayed.script("/login/passkey", answer)).status_code == 422
    assert (await browser.script("/login/passkey", answer)).status_code == 422


async def test_a_wrong_answer_uses_the_challenge_up(hub: Hub, browsers: Crowd) -> None:
    _account, key = await with_passkey(hub, browsers())
    browser = browsers()
    asked = await challenge(browser)
    wrong = {"flow": asked["flow"], "credential": replace(key, origin="https://evil.example").use(asked["options"])}
    assert (await browser.script("/login/passkey", wrong)).status_code == 422
    right = {"flow": asked["flow"], "credential": key.use(asked["options"])}
    assert (await browser.script("/login/passkey", right)).status_code == 422
    assert not await is_in(browser)


async def test_a_challenge_belongs_to_its_browser_and_runs_out(hub: Hub, directory: Runtime, browsers: Crowd) -> None:
    _account, key = await with_passkey(hub, browsers())
    thief, victim = browsers(), browsers()
    asked = await challenge(thief)
    await victim.see("/login")
    answer = {"flow": asked["flow"], "credential": key.use(asked["options"])}
    assert (await victim.script("/login/passkey", answer)).status_code == 422
    old = await challenge(victim)
    async with directory.db.begin(HUB) as session:
        await session.execute(update(LoginFlow).where(LoginFlow.kind == passkeys.USE).values(expires_at=func.now()))
    late = {"flow": old["flow"], "credential": key.use(old["options"])}
    assert (await victim.script("/login/passkey", late)).status_code == 422


async def test_two_answers_at_once_are_one_login(hub: Hub, browsers: Crowd) -> None:
    _account, key = await with_passkey(hub, browsers())
    browser = browsers()
    asked = await challenge(browser)
    answer = {"flow": asked["flow"], "credential": key.use(asked["options"])}
    found = await asyncio.gather(*(browser.script("/login/passkey", answer) for _turn in range(5)))
    assert sorted(one.status_code for one in found) == [200, *[422] * 4]


ANSWERS: dict[str, Any] = {
    "another origin": lambda key, _o: replace(key, origin="https://evil.example"),
    "another port": lambda key, _o: replace(key, origin=f"{key.origin}1"),
    "another host": lambda key, _o: replace(key, rp="evil.example"),
    "nobody there": lambda key, _o: replace(key, flags=0x04),
    "nobody verified": lambda key, _o: replace(key, flags=UP),
    "somebody else's key": lambda key, other: replace(key, key=other.key),
    "somebody else's name": lambda key, other: replace(key, user=other.user),
    "somebody else's id": lambda key, other: replace(key, id=other.id),
    "an unknown id": lambda key, _o: replace(key, id=b"unknown" * 5),
    "in a frame elsewhere": lambda key, _o: replace(key, client_data={"crossOrigin": True}),
    "the other ceremony": lambda key, _o: replace(key, client_data={"type": "webauthn.create"}),
    "another challenge": lambda key, _o: replace(key, client_data={"challenge": "AAAA"}),
    "a count that stands": lambda key, _o: replace(key, count=key.count - 1),
    "a count that went back": lambda key, _o: replace(key, count=0),
}


@pytest.mark.parametrize("case", ANSWERS)
async def test_a_passkey_that_is_not_quite_right_is_refused_in_the_same_words(
    keys: tuple[Authenticator, Authenticator], browsers: Crowd, case: str
) -> None:
    browser = browsers()
    answer = await use_passkey(browser, ANSWERS[case](*keys))
    assert (answer.status_code, answer.json()["code"]) == (422, "REFUSED")
    assert answer.json()["detail"].startswith("Dieser Passkey wurde nicht angenommen.")
    assert not await is_in(browser)


CREDENTIALS: list[Any] = [
    {},
    {"id": 1},
    {"id": "", "response": {}},
    {"id": "ä", "response": {}},
    {"id": "x" * 10_000, "response": {}},
    {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {"clientDataJSON": "AAAA"}},
    {"id": "AAAA", "response": []},
    {"id": "AA\0AA", "response": {"userHandle": 1}},
    {"response": {"userHandle": {"a": [1]}}},
]


@pytest.mark.parametrize("credential", CREDENTIALS, ids=range(len(CREDENTIALS)))
async def test_what_is_no_credential_at_all_is_refused(
    hub: Hub, directory: Runtime, browsers: Crowd, credential: dict[str, Any]
) -> None:
    browser = browsers()
    asked = await challenge(browser)
    answer = await browser.script("/login/passkey", {"flow": asked["flow"], "credential": credential})
    assert answer.status_code == 422
    made = await invited(directory)
    await came_by_link(browser, made.url)
    flow = (await browser.script("/login/passkey/new/options", {})).json()["flow"]
    answer = await browser.script("/login/passkey/new", {"flow": flow, "credential": credential})
    assert answer.status_code == 422
    known = key_of(hub)
    assert (await make_passkey(browser, known)).status_code == 200  # the link is as good as before


async def test_broken_parts_of_a_known_passkey_are_refused(
    keys: tuple[Authenticator, Authenticator], browsers: Crowd
) -> None:
    browser = browsers()
    for part in ("clientDataJSON", "authenticatorData", "signature", "userHandle"):
        for broken in ("", "AAAA", "!", None, 5, "e30", "W10", "eyJjaGFsbGVuZ2UiOjF9"):
            asked = await challenge(browser)
            credential = keys[0].use(asked["options"])
            credential["response"][part] = broken
            if part == "userHandle" and broken is None:
                continue  # devices may leave it out
            answer = await browser.script("/login/passkey", {"flow": asked["flow"], "credential": credential})
            assert (answer.status_code, part, broken) == (422, part, broken)


@pytest.mark.parametrize("case", ["another origin", "another host", "nobody verified", "in a frame elsewhere"])
async def test_no_passkey_is_made_elsewhere(hub: Hub, directory: Runtime, browsers: Crowd, case: str) -> None:
    browser, made = browsers(), await invited(directory)
    await came_by_link(browser, made.url)
    key = ANSWERS[case](key_of(hub), None)
    assert (await make_passkey(browser, key)).status_code == 422
    assert not await is_in(browser)


async def test_a_passkey_belongs_to_one_account(hub: Hub, directory: Runtime, browsers: Crowd) -> None:
    account, key = await with_passkey(hub, browsers())
    thief, made = browsers(), await invited(directory)
    await came_by_link(thief, made.url)
    assert (await make_passkey(thief, replace(key))).status_code == 422
    async with directory.db.read(HUB) as session:
        assert await session.scalar(select(Passkey.account_id).where(Passkey.credential_id == key.id)) == account


async def test_a_challenge_for_one_account_makes_no_passkey_for_another(
    hub: Hub, directory: Runtime, browsers: Crowd
) -> None:
    browser, first, second = browsers(), await invited(directory), await invited(directory)
    await came_by_link(browser, first.url)
    asked = (await browser.script("/login/passkey/new/options", {})).json()
    await came_by_link(browser, second.url)
    answer = {"flow": asked["flow"], "credential": key_of(hub).make(asked["options"])}
    assert (await browser.script("/login/passkey/new", answer)).status_code == 422


async def test_passkeys_are_added_named_and_removed_in_ones_account(hub: Hub, browsers: Crowd) -> None:
    browser = browsers()
    _account, _first = await with_passkey(hub, browser, "central")
    page = await browser.see("/account")
    (only,) = re.findall(r'/account/passkeys/remove".*?name="id" value="([^"]+)"', page.text, re.DOTALL)
    refused = await browser.press("/account/passkeys/remove", id=only)
    assert refused.status_code == 409
    assert "Ihre Rolle braucht einen Passkey" in refused.text

    second = key_of(hub)
    await browser.see("/account")
    assert (await make_passkey(browser, second, "/account/passkeys/new", "Zweiter")).status_code == 200
    other = browsers()
    assert (await use_passkey(other, second)).status_code == 200
    assert (await browser.press("/account/passkeys/rename", id=only, label="Schlüsselbund")).status_code == 303
    empty = await browser.press("/account/passkeys/rename", id=only, label=" ")
    assert empty.status_code == 422
    page = await browser.see("/account")
    assert "Schlüsselbund" in page.text
    assert (await browser.press("/account/passkeys/remove", id=only)).status_code == 303
    page = await browser.see("/account")
    assert "Schlüsselbund" not in page.text
    assert "Der Passkey ist entfernt" in page.text
    assert "Der Passkey ist entfernt" not in (await browser.see("/account")).text  # said once


async def test_an_account_has_at_most_ten_passkeys(hub: Hub, browsers: Crowd) -> None:
    browser = browsers()
    await with_passkey(hub, browser)
    await browser.see("/account")
    for _turn in range(passkeys.MOST - 1):
        assert (await make_passkey(browser, key_of(hub), "/account/passkeys/new")).status_code == 200
    assert (await make_passkey(browser, key_of(hub), "/account/passkeys/new")).status_code == 409


async def test_nobody_touches_the_passkeys_and_sessions_of_others(
    hub: Hub, directory: Runtime, browsers: Crowd
) -> None:
    victim, thief = browsers(), browsers()
    account, key = await with_passkey(hub, victim)
    await with_passkey(hub, thief)
    async with directory.db.read(HUB) as session:
        number = await session.scalar(select(LoginSession.id).where(LoginSession.account_id == account))
    from webauthn.helpers import bytes_to_base64url

    await thief.see("/account")
    for path, values in (
        ("/account/sessions/end", {"id": str(number)}),
        ("/account/passkeys/remove", {"id": bytes_to_base64url(key.id)}),
        ("/account/passkeys/rename", {"id": bytes_to_base64url(key.id), "label": "meiner"}),
    ):
        assert (await thief.press(path, **values)).status_code == 404
    assert await is_in(victim)
