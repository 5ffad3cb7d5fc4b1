"""How cities join: they register, the state's central navigator approves them, and their people log in.

The first part of the demo. Three local OpenID providers stand for the logins of the state and of both cities;
everything else is the hub's public side: the registration endpoint, the pages, the mail with the invitation.
"""

import asyncio
import contextlib
import email
import email.policy
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from services.cli.browser import Browser, Unexpected
from services.cli.client import Client
from services.cli.provider import LocalClient, Person, local_provider
from services.directory import agreement, jobs
from services.directory.access import CENTRAL, COORDINATOR, OPERATOR, PEOPLE
from services.directory.login import providers
from services.kit import i18n
from services.kit.auth import Principal
from services.kit.i18n import gettext as _
from services.kit.service import Hub

STATE, KONSTANZ, HEILBRONN = "08", "08335043", "08121000"
HUB_CLIENT = "lotsennetz"
WAIT_SECONDS, STEP_SECONDS = 20.0, 0.1
ME = "{ me { roles ags } }"
WAITING = "{ registrations(status: PENDING) { nodes { clientId clientName ags } } }"
DECIDE = "mutation ($id: ID!) { decideRegistration(clientId: $id, decision: APPROVE) { status } }"

PEOPLE_OF = {
    STATE: Person("robin", "Robin Wegweiser", "robin@land.example", ["zentrale-lotsen"], ["pwd", "mfa"]),
    KONSTANZ: Person("kim", "Kim Seeblick", "kim@konstanz.example", ["digital-koordination"]),
    HEILBRONN: Person("toni", "Toni Rebstock", "toni@heilbronn.example", ["digital-koordination"]),
}
"""Who logs in where; all invented."""
ROLES = {
    STATE: ("zentrale-lotsen", CENTRAL),
    **dict.fromkeys((KONSTANZ, HEILBRONN), ("digital-koordination", COORDINATOR)),
}


@dataclass
class Joined:
    """The clients that were approved: of both cities, and of the organiser, who comes from Konstanz."""

    konstanz: Client
    heilbronn: Client
    organiser: Client


@contextlib.asynccontextmanager
async def logins(hub: Hub) -> AsyncIterator[dict[str, str]]:
    """The providers of the state and of both cities, for as long as this lasts: issuers by organisation."""
    async with contextlib.AsyncExitStack() as stack:
        found = {}
        for org, title in ((STATE, "Baden-Württemberg"), (KONSTANZ, "Konstanz"), (HEILBRONN, "Heilbronn")):
            here = LocalClient(HUB_CLIENT, (providers.redirect_uri(hub.settings, org),))
            found[org] = await stack.enter_async_context(
                local_provider(people=[PEOPLE_OF[org]], clients=[here], title=title)
            )
        yield found


async def join(hub: Hub, say: Any) -> Joined:
    """All steps, each checked. Raises Unexpected or Answered where one does not come out as it must."""
    async with logins(hub) as issuers:
        await _state(hub, issuers[STATE])
        say(_("\n1. The cities join"))
        url, language = hub.settings.issuer, i18n.language()
        central = Browser(url, language)
        try:
            await _log_in(central, STATE)
            cities = []
            for ags, name in ((KONSTANZ, "Konstanz"), (HEILBRONN, "Heilbronn")):
                client = await _register(url, ags, name, PEOPLE_OF[ags].email)
                await _refused(client, name)
                cities.append(client)
                say(_("   {city} registers with keys of its own; without approval it gets no token", city=name))
            waiting = (await central.ask(WAITING))["registrations"]["nodes"]
            _must({one["ags"] for one in waiting} == {KONSTANZ, HEILBRONN}, "both cities wait for a decision")
            for one in waiting:
                done = await central.ask(DECIDE, id=one["clientId"])
                _must(done["decideRegistration"]["status"] == "ACTIVE", "an approved registration")
            say(_("   {name}, central navigator of the state, logs in and approves both", name=PEOPLE_OF[STATE].name))
        finally:
            await central.close()
        coordinators = []
        for ags, name in ((KONSTANZ, "Konstanz"), (HEILBRONN, "Heilbronn")):
            coordinators.append(await _coordinator(hub, ags, issuers[ags]))
            say(_("   {name} logs in through the login of {city}", name=PEOPLE_OF[ags].name, city=name))
        organiser = await _register(url, KONSTANZ, "#KNmeetsHN", PEOPLE_OF[KONSTANZ].email)
        await coordinators[0].ask(DECIDE, id=organiser.client_id)
        say(_("   Konstanz itself agrees to a second program, the organiser's"))
        for browser in coordinators:
            await browser.close()
        return Joined(cities[0], cities[1], organiser)


def _must(true: object, what: str) -> None:
    if not true:
        raise Unexpected(_("This should have been so: {what}", what=what))


async def _state(hub: Hub, issuer: str) -> None:
    """The operator's part: where the state's central navigators log in."""
    runtime = hub.runtimes["directory"]
    operator = Principal(subject="demo", scopes=frozenset({PEOPLE}), roles=frozenset({f"{OPERATOR}:"}), session="demo")
    value, role = ROLES[STATE]
    wanted = providers.Wanted(
        issuer=issuer, client_id=HUB_CLIENT, public=True, role_claim="groups", roles={value: role}
    )
    async with runtime.db.begin(operator.acting) as session:
        await providers.configure(session, runtime.settings, operator, STATE, wanted)
        await jobs.ask_for_provider(session, runtime, STATE)


async def _register(url: str, ags: str, name: str, contact: str) -> Client:
    """Dynamic registration (RFC 7591) with a key that never leaves the city."""
    key = ECKey.generate_key("P-256", auto_kid=True)
    client = Client(url, "", "", i18n.language(), key=key)
    answer = await client.http.post(
        f"{url}/oauth/register",
        json={
            "client_name": f"Digitalbüro {name}",
            "ags": ags,
            "agreement": agreement.VERSION,
            "jwks": {"keys": [key.as_dict(private=False)]},
            "contacts": [contact],
        },
    )
    body = answer.json()
    _must(answer.status_code == 201 and body["status"] == "pending", f"a registration that waits: {body}")
    client.credentials = (body["client_id"], "")
    return client


async def _refused(client: Client, name: str) -> None:
    answer = await client.token()
    _must(answer.json().get("error") == "unauthorized_client", f"no token for {name} before the approval")


async def _log_in(browser: Browser, org: str) -> None:
    """Through the organisation's provider, as soon as the hub has read it."""
    page = await browser.open("/login")
    for _turn in range(int(WAIT_SECONDS / STEP_SECONDS)):
        if f'value="{org}"' in page.text:
            break
        await asyncio.sleep(STEP_SECONDS)
        page = await browser.open("/login")
    there = await browser.submit(page, "/login/provider", org=org)
    await browser.submit(there, person=PEOPLE_OF[org].sub)
    _value, role = ROLES[org]
    me = (await browser.ask(ME))["me"]
    _must(me and me["roles"] == [f"{role}:{org}"], f"{PEOPLE_OF[org].name} is logged in as {role} of {org}")


async def _coordinator(hub: Hub, ags: str, issuer: str) -> Browser:
    """The contact of the registration follows the invitation, sets up the city's own login, and uses it."""
    browser = Browser(hub.settings.issuer, i18n.language())
    link = await _invitation(hub.settings.data / "mails", PEOPLE_OF[ags].email)
    page = await browser.open(link)
    page = await browser.submit(page, f"/login/link/{link.rpartition('/')[2]}")
    await browser.submit(page, "/login/without")
    page = await browser.open(f"/city/{ags}/provider")
    value, role = ROLES[ags]
    page = await browser.submit(
        page,
        f"/city/{ags}/provider",
        issuer=issuer,
        client_id=HUB_CLIENT,
        public="true",
        role_claim="groups",
        roles=f"{value} = {role}",
    )
    await browser.submit(page, "/logout")
    await _log_in(browser, ags)
    return browser


async def _invitation(folder: Path, to: str) -> str:
    """The link in the mail to this address."""
    for _turn in range(int(WAIT_SECONDS / STEP_SECONDS)):
        for path in sorted(folder.glob("*.eml")):  # noqa: ASYNC240 - nobody else waits for this step
            letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            body = letter.get_body(("plain",))
            found = re.search(r"https?://\S+/login/link/\S+", body.get_content() if body else "")
            if letter["to"] == to and found:
                return found[0]
        await asyncio.sleep(STEP_SECONDS)
    raise Unexpected(_("This should have been so: {what}", what=f"an invitation to {to}"))
