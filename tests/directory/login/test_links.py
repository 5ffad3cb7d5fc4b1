"""People log in by a mailed link, which works once; and what must not work does not."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select, text, update

from services.directory import people
from services.directory.login import links
from services.directory.models import LoginLink, LoginSession
from services.kit.db import HUB
from services.kit.errors import Conflict, Refused
from services.kit.service import Hub, Runtime
from tests.directory.authenticator import SYNCED, UP
from tests.directory.login.world import (
    KONSTANZ,
    Crowd,
    came_by_link,
    invited,
    is_in,
    key_of,
    link_in,
    mails,
    make_passkey,
    use_passkey,
    with_passkey,
)

# The way in -----------------------------------------------------------------------------------------------------------


async def test_from_an_invitation_to_a_passkey_and_in_again(hub: Hub, directory: Runtime, browsers: Crowd) -> None:
    address = "erika.muster@stadt.example"
    made = await invited(directory, "central", by_mail=True, email=address)
    (mail,) = await mails(hub, address)
    assert mail["subject"] == "Ihre Einladung zum Lotsennetz"
    assert link_in(mail) == made.url
    browser, key = browsers(), key_of(hub)
    page = await came_by_link(browser, made.url)
    assert "Passkey anlegen" in page.text
    assert "/login/without" not in page.text
    answer = await make_passkey(browser, key, label="Laptop im Büro")
    assert answer.json() == {"onward": "/account"}
    page = await browser.see("/account")
    assert all(
        words in page.text for words in ("Erika Muster", "Laptop im Büro", "Firefox, Linux", "(Baden-Württemberg)")
    )
    async with directory.db.read(HUB) as session:
        row = await session.scalar(select(LoginSession).where(LoginSession.account_id == made.account_id))
    assert row is not None
    assert (row.how, row.amr) == ("passkey", ["hwk", "user", "mfa"])

    other = browsers()
    answer = await use_passkey(other, key, "/account?tab=1")
    assert answer.json() == {"onward": "/account?tab=1"}
    assert await is_in(other)
    assert (await other.get("/login?onward=/events")).headers["location"] == "/events"


async def test_a_synchronised_passkey_says_so(hub: Hub, directory: Runtime, browsers: Crowd) -> None:
    browser, key = browsers(), key_of(hub, flags=UP | 0x04 | SYNCED)
    made = await invited(directory)
    await came_by_link(browser, made.url)
    assert (await make_passkey(browser, key)).status_code == 200
    async with directory.db.read(HUB) as session:
        amr = await session.scalar(select(LoginSession.amr).where(LoginSession.account_id == made.account_id))
    assert amr == ["swk", "user", "mfa"]


async def test_a_link_alone_lets_in_whose_role_allows_it(directory: Runtime, browsers: Crowd) -> None:
    browser, made = browsers(), await invited(directory, "coordinator")
    page = await came_by_link(browser, made.url)
    assert "/login/without" in page.text
    assert (await browser.press("/login/without")).headers["location"] == "/account"
    assert await is_in(browser)
    assert (await browser.see("/login/welcome")).status_code == 303


@pytest.mark.parametrize("role", ["central", "operator"])
async def test_a_link_alone_is_not_enough_for_who_decides_for_others(
    directory: Runtime, browsers: Crowd, role: str
) -> None:
    browser, made = browsers(), await invited(directory, role)
    await came_by_link(browser, made.url)
    answer = await browser.press("/login/without")
    assert answer.status_code == 403
    assert "zweiten Faktor" in answer.text
    assert not await is_in(browser)
    assert "Passkey anlegen" in (await browser.see("/login/welcome")).text  # the way that is open stays open


async def test_a_mailbox_does_not_replace_the_passkey_of_who_decides_for_others(
    hub: Hub, directory: Runtime, browsers: Crowd
) -> None:
    account, key = await with_passkey(hub, browsers(), "operator")
    async with directory.db.begin(HUB) as session:
        url = await links.make(session, hub.settings, account, links.LOGIN_LIFE)
    thief = browsers()
    page = await came_by_link(thief, url)
    assert "/login/passkey/new" not in page.text
    answer = await make_passkey(thief, key_of(hub))
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    assert not await is_in(thief)
    assert (await use_passkey(browsers(), key)).status_code == 200

    async with directory.db.begin(HUB) as session:  # whoever invited them can do it again
        again = await links.invite_again(session, directory, "", account, by_mail=False)
        await directory.say(session, again.messages)
    assert (await use_passkey(browsers(), key)).status_code == 422
    owner, new = browsers(), key_of(hub)
    await came_by_link(owner, again.url)
    await asyncio.sleep(1.1)  # what ended within this second covers sessions of the same second
    assert (await make_passkey(owner, new)).status_code == 200
    assert await is_in(owner)


async def test_who_lost_a_passkey_makes_another_by_link(hub: Hub, directory: Runtime, browsers: Crowd) -> None:
    account, _lost = await with_passkey(hub, browsers(), "editor")
    async with directory.db.begin(HUB) as session:
        url = await links.make(session, hub.settings, account, links.LOGIN_LIFE)
    browser = browsers()
    page = await came_by_link(browser, url)
    assert "Nehmen Sie Ihren Passkey" in page.text
    assert (await make_passkey(browser, key_of(hub))).status_code == 200
    assert await is_in(browser)


# Links ----------------------------------------------------------------------------------------------------------------


async def test_asking_for_a_link_tells_nobody_who_is_known(hub: Hub, directory: Runtime, browsers: Crowd) -> None:
    """Same status, same headers, same page; only the mailbox knows better."""
    address = "kurt.kennt@stadt.example"
    await invited(directory, email=address)
    answers = []
    for asked in ("KURT.kennt@stadt.example", "niemand@stadt.example"):
        browser = browsers()
        await browser.see("/login")
        answer = await browser.press("/login/link", email=asked)
        page = await browser.see(answer.headers["location"])
        headers = {name: value for name, value in answer.headers.items() if name != "date"}
        answers.append((answer.status_code, headers, answer.content, page.status_code, page.text))
    assert answers[0] == answers[1]
    assert answers[0][0] == 303
    (mail,) = await mails(hub, address)
    assert mail["subject"] == "Ihre Anmeldung beim Lotsennetz"
    assert (await came_by_link(browsers(), link_in(mail))).status_code == 200
    assert await mails(hub, "niemand@stadt.example", count=0) == []
    async with directory.db.read(HUB) as session:
        kept = (await session.execute(text("SELECT payload::text FROM job WHERE name = 'login-link'"))).scalars().all()
    assert kept
    assert not any("@" in payload for payload in kept)


async def test_a_disabled_account_gets_no_link(hub: Hub, directory: Runtime, browsers: Crowd) -> None:
    made = await invited(directory, email="fort@stadt.example")
    async with directory.db.begin(HUB) as session:
        await people.disable(session, "", made.account_id)
    browser = browsers()
    await browser.see("/login")
    assert (await browser.press("/login/link", email="fort@stadt.example")).status_code == 303
    await invited(directory, email="da@stadt.example")
    assert (await browser.press("/login/link", email="da@stadt.example")).status_code == 303
    assert len(await mails(hub, "da@stadt.example")) == 1
    assert await mails(hub, "fort@stadt.example", count=0) == []
    assert (await browser.see(urlsplit(made.url).path)).status_code == 410, "and the one it has works no more"
    assert not await is_in(browser)


@pytest.mark.parametrize(
    "email", ["", "erika", "a@b@c", "a@stadt.example\r\nBcc: b@c.example", "x" * 300 + "@a.example"]
)
async def test_what_is_no_address_is_said_beside_the_field(browsers: Crowd, email: str) -> None:
    browser = browsers()
    await browser.see("/login?onward=/events")
    answer = await browser.press("/login/link", email=email, onward="/events")
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert 'role="alert"' in answer.text
    assert 'name="onward" value="/events"' in answer.text


async def test_the_mailed_link_leads_to_the_hub_and_nowhere_else(hub: Hub, directory: Runtime, browsers: Crowd) -> None:
    address = "horst@stadt.example"
    await invited(directory, email=address)
    browser = browsers()
    await browser.see("/login")
    evil = {"host": "evil.example", "x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}
    form = {"csrf": browser.token, "email": address}
    answer = await browser.send_form("/login/link", form, **evil)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login/sent")
    (mail,) = await mails(hub, address)
    assert "evil" not in mail.as_string()
    assert link_in(mail).startswith(f"{hub.settings.issuer}/login/link/")


async def test_opening_a_link_does_not_use_it_up(directory: Runtime, browsers: Crowd) -> None:
    made = await invited(directory)
    for scanner in (browsers(), browsers()):
        assert (await scanner.get(made.url)).status_code == 200
        assert (await scanner.head(made.url)).status_code in {200, 405}
    assert "Passkey anlegen" in (await came_by_link(browsers(), made.url)).text


async def test_a_link_works_once_even_when_pressed_twice_at_once(directory: Runtime, browsers: Crowd) -> None:
    made = await invited(directory)
    crowd = [browsers() for _turn in range(6)]
    for one in crowd:
        await one.see(made.url)
    answers = await asyncio.gather(*(one.press(made.url) for one in crowd))
    assert sorted(answer.status_code for answer in answers) == [303, *[410] * 5]
    late = await browsers().see(made.url)
    assert late.status_code == 410
    assert "gilt nicht mehr" in late.text


async def test_a_link_runs_out(directory: Runtime, browsers: Crowd) -> None:
    made, browser = await invited(directory), browsers()
    await browser.see(made.url)
    async with directory.db.begin(HUB) as session:
        await session.execute(update(LoginLink).values(expires_at=func.now()))
    assert (await browser.press(made.url)).status_code == 410
    assert (await browser.see("/login/welcome")).status_code == 303
    unknown = await browser.see("/login/link/" + "a" * 43)
    assert unknown.status_code == 410


async def test_the_other_links_of_an_account_end_with_the_first(hub: Hub, directory: Runtime, browsers: Crowd) -> None:
    made = await invited(directory)
    async with directory.db.begin(HUB) as session:
        second = await links.make(session, hub.settings, made.account_id, links.LOGIN_LIFE)
    await came_by_link(browsers(), made.url)
    assert (await browsers().see(second)).status_code == 410


async def test_what_a_link_opened_stays_in_its_browser(hub: Hub, directory: Runtime, browsers: Crowd) -> None:
    """Also when somebody knew the browser's cookie from before: it changes when the link is used."""
    made, victim, thief = await invited(directory), browsers(), browsers()
    await thief.see("/login")
    (planted,) = [(c.name, c.value) for c in thief.cookies.jar if c.name == "lotsennetz-browser"]
    victim.cookies.set(planted[0], planted[1] or "", domain="127.0.0.1", path="/")
    await came_by_link(victim, made.url)
    assert (await thief.see("/login/welcome")).status_code == 303
    await thief.see("/login")
    assert (await make_passkey(thief, key_of(hub))).status_code == 403
    assert (await make_passkey(victim, key_of(hub))).status_code == 200


async def test_people_are_invited_once_and_with_a_role_of_their_place(directory: Runtime) -> None:
    async def invite(**changes: Any) -> None:
        given: dict[str, Any] = {"org": KONSTANZ, "name": "Max Muster", "email": "max@stadt.example",
                                 "roles": ("editor",), **changes}  # fmt: skip
        async with directory.db.begin(HUB) as session:
            await links.invite(session, directory, "", by_mail=False, **given)

    await invite()
    with pytest.raises(Conflict):
        await invite(email="MAX@stadt.example")
    wrong: list[dict[str, Any]] = [
        {"roles": ()},
        {"roles": ("central",)},
        {"email": "max"},
        {"org": "99"},
        {"name": " "},
    ]
    for changes in wrong:
        with pytest.raises(Refused):
            await invite(**{"email": "other@stadt.example", **changes})
