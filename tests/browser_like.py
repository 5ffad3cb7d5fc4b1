"""A browser without a screen for the tests: cookies, forms with their hidden fields, and who is logged in."""

import uuid
from typing import Any

import httpx

from services.cli.browser import hidden
from services.directory import people
from services.directory.login import sessions
from services.kit.auth import ANONYMOUS, cookie_name
from services.kit.db import HUB
from services.kit.service import Hub

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"


class Browser:
    """Follows no redirect by itself; `submit` sends the fields of the page's form with those given."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        headers = {"accept": "text/html", "accept-language": "de", "user-agent": FIREFOX}
        self.http = httpx.AsyncClient(
            base_url=hub.settings.issuer,
            headers=headers,
            follow_redirects=False,
            timeout=30,
            trust_env=False,
        )

    async def log_in(self, account_id: uuid.UUID, amr: tuple[str, ...] = ("hwk", "mfa")) -> None:
        """A session as a passkey would have begun it."""
        async with self.hub.runtimes["directory"].db.begin(HUB) as session:
            begun = await sessions.begin(
                session, self.hub.settings, account_id, how="passkey", amr=amr, user_agent=FIREFOX, before=ANONYMOUS
            )
        self.http.cookies.set(cookie_name(self.hub.settings.issuer), begun.cookie)

    async def submit(self, page: httpx.Response, action: str, **fields: Any) -> httpx.Response:
        """Send the page's form to `action`, as a person would who filled in `fields`."""
        sent = hidden(page, action)
        assert sent is not None, f"no form with the action {action}"
        return await self.http.post(action, data={**sent, **fields})

    async def graph(self, query: str, **variables: Any) -> dict[str, Any]:
        accept = {"accept": "application/json"}
        answer = await self.http.post("/graphql", json={"query": query, "variables": variables}, headers=accept)
        return dict(answer.json())

    async def close(self) -> None:
        await self.http.aclose()


async def account(hub: Hub, org: str, *roles: str, email: str | None = None, name: str = "Kim Beispiel") -> uuid.UUID:
    """A new account with roles."""
    async with hub.runtimes["directory"].db.begin(HUB) as session:
        return await people.create(session, "test", org, name, email, roles)


async def logged_in(hub: Hub, org: str, *roles: str, email: str | None = None) -> Browser:
    browser = Browser(hub)
    await browser.log_in(await account(hub, org, *roles, email=email))
    return browser
