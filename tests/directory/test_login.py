"""People log in: links work once, passkeys answer one challenge, sessions end; and what must not work does not."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import func, select, text, update

from services.app import chosen
from services.cli.running import running
from services.directory import people
from services.directory.login import links, passkeys
from services.directory.login.links import Invited
from services.directory.models import LoginFlow, LoginLink, LoginSession, Passkey
from services.kit.db import HUB
from services.kit.errors import Conflict, Refused
from services.kit.service import Hub, Runtime
from services.kit.settings import Settings
from tests.conftest import Servers, _fresh
from tests.directory.authenticator import SYNCED, UP, Authenticator, Browser

KONSTANZ, STATE = "08335043", "08"
WHO = "{ __typename }"


@pytest_asyncio.fixture(scope="module")
async def hub(
    servers: Servers, template: str, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Hub]:
    async with _fresh(servers, template) as url:
        own = replace(
            settings, database_url=url, redis_url=servers.redis, workers=True, data=tmp_path_factory.mktemp("data")
        )
        async with running(own, chosen()) as (hub, _server):
            yield hub


@pytest.fixture(scope="module")
def directory(hub: Hub) -> Runtime:
    return hub.runtimes["directory"]


@dataclass
class Crowd:
    """Browsers of several people, closed with the test."""

    issuer: str
    made: list[Browser]

    def __call__(self) -> Browser:
        self.made.append(Browser(self.issuer))
        return self.made[-1]


@pytest_asyncio.fixture
async def browsers(hub: Hub) -> AsyncIterator[Crowd]:
    crowd = Crowd(hub.settings.issuer, [])
    yield crowd
    for one in crowd.made:
        await one.aclose()


async def invited(directory: Runtime, role: str = "editor", *, by_mail: bool = False, email: str = "") -> Invited:
    org = {"central": STATE, "operator": "hub"}.get(role, KONSTANZ)
    async with directory.db.begin(HUB) as session:
        return await links.invite(
            session, directory, "", org=org, name="Erika Muster", roles=(role,), by_mail=by_mail,
            email=email or f"{uuid.uuid4().hex[:12]}@stadt.example",
        )  # fmt: skip


async def came_by_link(browser: Browser, url: str) -> httpx.Response:
    """Open the mailed link, press its button, and see where it leads."""
    path = url.removeprefix(str(browser.base_url).rstrip("/"))
    assert (await browser.see(path)).status_code == 200
    answer = await browser.press(path)
    if answer.status_code == 303:
        assert answer.headers["location"] == "/login/welcome"
        return await browser.see("/login/welcome")
    return answer


async def make_passkey(
    browser: Browser, key: Authenticator, path: str = "/login/passkey/new", label: str = ""
) -> httpx.Response:
    start = await browser.script(f"{path}/options", {})
    if start.status_code != 200:
        return start
    asked = start.json()
    answer = {"flow": asked["flow"], "credential": key.make(asked["options"]), "label": label}
    return await browser.script(path, answer)


async def challenge(browser: Browser, onward: str = "/account") -> dict[str, Any]:
    await browser.see(f"/login?onward={onward}")
    return dict((await browser.script("/login/passkey/options", {"onward": onward})).json())


async def use_passkey(browser: Browser, key: Authenticator, onward: str = "/account") -> httpx.Response:
    asked = await challenge(browser, onward)
    return await browser.script("/login/passkey", {"flow": asked["flow"], "credential": key.use(asked["options"])})


def key_of(hub: Hub, **changes: Any) -> Authenticator:
    return Authenticator(hub.settings.issuer, **changes)


async def with_passkey(hub: Hub, browser: Browser, role: str = "editor") -> tuple[uuid.UUID, Authenticator]:
    """An account whose passkey was made in `browser`, which is logged in."""
    made, key = await invited(hub.runtimes["directory"], role), key_of(hub)
    await came_by_link(browser, made.url)
    answer = await make_passkey(browser, key)
    assert (answer.status_code, answer.json()) == (200, {"onward": "/account"})
    return made.account_id, key


async def is_in(browser: Browser) -> bool:
    answer = await browser.see("/account")
    assert answer.status_code in {200, 303}
    return answer.status_code == 200


async def mails(hub: Hub, address: str, count: int = 1) -> list[EmailMessage]:
    """The mails to `address`, once there are `count`."""
    found: list[EmailMessage] = []
    for _turn in range(150):
        files = sorted(Path(hub.settings.data, "mails").glob("*.eml"))
        every = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]
        found = [mail for mail in every if address in str(mail["to"])]
        if len(found) >= count:
            break
        await asyncio.sleep(0.1)
    return found


def link_in(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    (url,) = set(re.findall(r"\S+/login/link/\S+", body.get_content()))
    return str(url)


# The way in --------------------------------------------------------------------------------------------------------


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
    assert all(words in page.text for words in ("Erika Muster", "Laptop im Büro", "Firefox, Linux", "(08)"))
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


# Links -------------------------------------------------------------------------------------------------------------


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


# Passkeys ----------------------------------------------------------------------------------------------------------


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


@pytest_asyncio.fixture(scope="module")
async def keys(hub: Hub) -> tuple[Authenticator, Authenticator]:
    found = []
    for _turn in range(2):
        async with Browser(hub.settings.issuer) as browser:
            _account, key = await with_passkey(hub, browser)
        key.count = 10
        async with Browser(hub.settings.issuer) as browser:
            assert (await use_passkey(browser, key)).status_code == 200
        found.append(key)
    return found[0], found[1]


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


# Sessions ----------------------------------------------------------------------------------------------------------


async def test_logging_out_ends_the_cookie_itself(hub: Hub, browsers: Crowd) -> None:
    browser = browsers()
    await with_passkey(hub, browser)
    stolen = browser.cookies["lotsennetz"]
    assert await is_in(browser)
    answer = await browser.press("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "Sie sind abgemeldet" in (await browser.see("/")).text
    assert not await is_in(browser)
    thief = browsers()
    thief.cookies.set("lotsennetz", stolen, domain="127.0.0.1", path="/")
    assert not await is_in(thief)
    assert (await browser.press("/logout")).status_code == 303


async def test_sessions_are_listed_and_ended_from_afar(hub: Hub, browsers: Crowd) -> None:
    here, there = browsers(), browsers()
    _account, key = await with_passkey(hub, here)
    assert (await use_passkey(there, key)).status_code == 200
    page = await here.see("/account")
    ids = re.findall(r'/account/sessions/end".*?name="id" value="([^"]+)"', page.text, re.DOTALL)
    assert len(ids) == 2
    assert page.text.count("dieser hier") == 1
    assert (await here.press("/account/sessions/end", id=ids[0])).status_code == 303  # the newest: there
    assert not await is_in(there)
    assert await is_in(here)


async def test_a_login_begins_anew_whatever_was_there_before(hub: Hub, browsers: Crowd) -> None:
    browser = browsers()
    _account, key = await with_passkey(hub, browser)
    planted = browsers()
    planted.cookies.set("lotsennetz", "chosen-by-somebody-else", domain="127.0.0.1", path="/")
    await planted.see("/login")
    token, before = planted.token, planted.cookies["lotsennetz-browser"]
    assert (await use_passkey(planted, key)).status_code == 200
    assert planted.cookies["lotsennetz"] not in {"chosen-by-somebody-else", browser.cookies["lotsennetz"]}
    assert planted.cookies["lotsennetz-browser"] != before
    old = await planted.send_form("/logout", {"csrf": token})
    assert old.status_code == 403  # a token from before the login
    assert await is_in(planted)


async def test_a_closed_account_is_out_at_once_everywhere(hub: Hub, directory: Runtime, browsers: Crowd) -> None:
    browser = browsers()
    account, key = await with_passkey(hub, browser, "coordinator")
    query, headers = {"query": "{ me { subject person roles } }"}, {"origin": hub.settings.issuer}
    before = (await browser.post("/graphql", json=query, headers=headers)).json()
    assert before["data"]["me"] == {"subject": str(account), "person": True, "roles": [f"coordinator:{KONSTANZ}"]}
    async with directory.db.begin(HUB) as session:
        await directory.say(session, await people.disable(session, "", account))
    for path in ("/graphql", "/directory/graphql"):
        assert (await browser.post(path, json=query, headers=headers)).json()["data"] == {"me": None}
    assert not await is_in(browser)
    assert (await use_passkey(browsers(), key)).status_code == 403


async def test_a_session_does_not_serve_other_sites(hub: Hub, browsers: Crowd) -> None:
    browser = browsers()
    await with_passkey(hub, browser)
    await browser.see("/account")
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        answer = await browser.post("/graphql", json={"query": WHO}, headers=headers)
        assert answer.status_code == 403
        form = await browser.send_form("/logout", {"csrf": browser.token}, **headers)
        assert form.status_code == 403
        script = await browser.script("/account/passkeys/new/options", {}, **headers)
        assert script.status_code == 403
    for content, kind in (("query=x", "application/x-www-form-urlencoded"), ("{}", "text/plain")):
        answer = await browser.post("/graphql", content=content, headers={"content-type": kind})
        assert answer.status_code in {400, 415}
    assert await is_in(browser)


async def test_scripts_need_the_token_of_their_page(hub: Hub, browsers: Crowd) -> None:
    browser, other = browsers(), browsers()
    await browser.see("/login")
    await other.see("/login")
    for token in ("", "x.y", other.token, f"{browser.token}0"):
        answer = await browser.script("/login/passkey/options", {}, **{"x-csrf-token": token})
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    headers = {"x-csrf-token": browser.token, "content-type": "text/plain"}
    assert (await browser.post("/login/passkey/options", content="{}", headers=headers)).status_code == 415
    assert (await browser.get("/login/passkey/options")).status_code == 405
    assert (await browser.script("/login/passkey", {"flow": "x"})).status_code == 422


async def test_without_cookies_the_login_says_so(hub: Hub) -> None:
    async with Browser(hub.settings.issuer) as browser:
        await browser.see("/login")
        browser.cookies.clear()
        answer = await browser.script("/login/passkey/options", {})
        assert answer.status_code == 403
        assert "noch einmal" in answer.json()["detail"]


async def test_who_must_log_in_first_comes_back(hub: Hub, browsers: Crowd) -> None:
    browser = browsers()
    answer = await browser.get("/account?x=1&y=%20")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?onward=%2Faccount%3Fx%3D1%26y%3D%2520")
    page = await browser.see(answer.headers["location"])
    assert 'name="onward" value="/account?x=1&amp;y=%20"' in page.text
    assert (await browser.get("/account", headers={"accept": "application/json"})).status_code == 401
    answer = await browser.post("/account/sessions/end", data={"id": "x"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


ELSEWHERE = ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "evil",
             "/\t/evil.example", "/%0d%0aset-cookie:x=1/../\r\nx", "\\\\evil",
             " /account", "/ä", "/a b", "/" + "a" * 2_000, ""]  # fmt: skip


@pytest.mark.parametrize("onward", ELSEWHERE)
async def test_nobody_is_led_elsewhere_after_a_login(
    keys: tuple[Authenticator, Authenticator], browsers: Crowd, onward: str
) -> None:
    browser = browsers()
    page = await browser.get("/login", params={"onward": onward})
    assert 'name="onward" value="/account"' in page.text
    await browser.see("/login")
    asked = (await browser.script("/login/passkey/options", {"onward": onward})).json()
    body = {"flow": asked["flow"], "credential": keys[0].use(asked["options"])}
    assert (await browser.script("/login/passkey", body)).json() == {"onward": "/account"}
    assert (await browser.get("/login", params={"onward": onward})).headers["location"] == "/account"
