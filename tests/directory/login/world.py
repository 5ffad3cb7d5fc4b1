"""People with links and passkeys, and what their browsers do with them."""

import asyncio
import re
import uuid
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx

from services.directory.login import links
from services.directory.login.links import Invited
from services.kit.db import HUB
from services.kit.service import Hub, Runtime
from tests.directory.authenticator import Authenticator, Browser

KONSTANZ, STATE = "08335043", "08"
WHO = "{ __typename }"


@dataclass
class Crowd:
    """Browsers of several people, closed with the test."""

    issuer: str
    made: list[Browser]

    def __call__(self) -> Browser:
        self.made.append(Browser(self.issuer))
        return self.made[-1]


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
