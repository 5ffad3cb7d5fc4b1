"""Browsers and providers around a hub, for the tests of logins."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from sqlalchemy import func, select

from services.cli.browser import hidden
from services.cli.provider import LocalClient, Person, local_provider
from services.directory import jobs
from services.directory.access import CENTRAL, PEOPLE
from services.directory.login import providers, sessions
from services.directory.models import Account, LoginSession, Provider, RoleGrant
from services.kit import forms
from services.kit.auth import ANONYMOUS, Principal, cookie_name
from services.kit.db import HUB
from services.kit.service import Hub, Runtime

GERMAN = {"accept": "text/html", "accept-language": "de"}
READ_SECONDS = 15


def directory(hub: Hub) -> Runtime:
    return hub.runtimes["directory"]


def manager(org: str) -> Principal:
    """Whoever sets up the provider of `org`."""
    role = CENTRAL if len(org) == 2 else "coordinator"
    return Principal(
        subject=str(uuid.uuid4()), city=org if len(org) == 8 else None, scopes=frozenset({PEOPLE}),
        roles=frozenset({f"{role}:{org}"}), session=str(uuid.uuid4()),
    )  # fmt: skip


def wanted(issuer: str, **values: Any) -> providers.Wanted:
    said = {"client_id": "hub", "public": True, "role_claim": "groups", "roles": {"lotsen": "navigator"}, **values}
    return providers.Wanted(issuer=issuer, **said)


async def configure(hub: Hub, org: str, issuer: str, **values: Any) -> Provider:
    """The provider of `org` after the hub has read it, well or not."""
    runtime, who = directory(hub), manager(org)
    async with runtime.db.begin(who.acting) as session:
        await providers.configure(session, runtime.settings, who, org, wanted(issuer, **values))
    return await read_again(hub, org)


async def read_again(hub: Hub, org: str) -> Provider:
    """The provider's row after a reading by a worker."""
    runtime = directory(hub)
    async with runtime.db.begin(HUB) as session:
        row = await session.get(Provider, org)
        assert row is not None
        row.asked_at = row.read_at = row.problem = None
    async with runtime.db.begin(HUB) as session:
        assert await jobs.ask_for_provider(session, runtime, org)
    for _each in range(READ_SECONDS * 20):
        async with runtime.db.read(HUB) as session:
            row = await session.get(Provider, org)
        assert row is not None
        if row.read_at is not None or row.problem is not None:
            return row
        await asyncio.sleep(0.05)
    raise AssertionError("no worker read the provider")


@asynccontextmanager
async def town(hub: Hub, org: str, *people: Person, secret: str | None = None, **values: Any) -> AsyncIterator[str]:
    """`org` with a local provider of its own that knows `people`; yields its issuer."""
    client = LocalClient("hub", (providers.redirect_uri(hub.settings, org),), secret)
    async with local_provider(people=people, clients=[client], issuer_path=f"/{org}") as issuer:
        row = await configure(hub, org, issuer, public=secret is None, client_secret=secret or "", **values)
        assert row.problem is None
        yield issuer


class Browser(httpx.AsyncClient):
    """A person's browser at `hub`: it keeps cookies and follows no redirect by itself."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(base_url=hub.settings.issuer, headers=GERMAN, trust_env=False, timeout=30)
        self.hub = hub

    @property
    def session(self) -> str | None:
        """The session cookie."""
        found = [one.value for one in self.cookies.jar if one.name == cookie_name(self.hub.settings.issuer)]
        return found[0] if found else None

    async def enter(self, account: uuid.UUID) -> None:
        """Be logged in as `account`, by a mailed link."""
        runtime = directory(self.hub)
        async with runtime.db.begin(HUB) as session:
            begun = await sessions.begin(
                session, runtime.settings, account, how="link", amr=["link"], user_agent="", before=ANONYMOUS
            )
        settings = self.hub.settings
        for cookie in (
            forms.session_cookie(settings, begun.cookie, begun.seconds),
            forms.browser_cookie(settings, forms.new_browser()),
        ):
            self.cookies.set(cookie.key, cookie.value or "", domain="127.0.0.1", path="/")

    async def send_form(self, page: str, action: str, **values: str) -> httpx.Response:
        """Fill in a form of the page at `page`."""
        shown = await self.get(page)
        assert shown.status_code == 200, shown.text
        found = hidden(shown, action) or hidden(shown)
        assert found, "the page has no form"
        headers = {"origin": self.hub.settings.issuer, "sec-fetch-site": "same-origin"}
        return await self.post(action, data={"csrf": found["csrf"], **values}, headers=headers)

    async def start(self, org: str, onward: str = "/account", page: str = "/login", **values: str) -> str:
        """Begin a login; returns where the browser is sent."""
        answer = await self.send_form(page, "/login/provider", org=org, onward=onward, **values)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async def choose(self, url: str, sub: str) -> str:
        """Be `sub` at the local provider; returns where it sends the browser."""
        shown = await self.get(url)
        assert shown.status_code == 200, shown.text
        data = hidden(shown) or {}
        answer = await self.post(url.partition("?")[0], data={**data, "person": sub})
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])

    async def log_in(self, org: str, sub: str, **values: str) -> httpx.Response:
        """The whole way through the local provider; returns the hub's last answer."""
        return await self.get(await self.choose(await self.start(org, **values), sub))


def asked(url: str) -> dict[str, str]:
    """The parameters of an authorization request."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


async def count(hub: Hub) -> tuple[int, int]:
    """Accounts and sessions there are."""
    async with directory(hub).db.read(HUB) as session:
        accounts = await session.scalar(select(func.count()).select_from(Account))
        sessions = await session.scalar(select(func.count()).select_from(LoginSession))
    return accounts or 0, sessions or 0


async def people_of(hub: Hub, org: str) -> Sequence[Account]:
    async with directory(hub).db.read(HUB) as session:
        return (await session.scalars(select(Account).where(Account.org == org).order_by(Account.created_at))).all()


async def roles_of(hub: Hub, account: uuid.UUID) -> dict[str, str]:
    """Role to source."""
    async with directory(hub).db.read(HUB) as session:
        found = await session.execute(select(RoleGrant.role, RoleGrant.source).where(RoleGrant.account_id == account))
        return {row.role: row.source for row in found}
