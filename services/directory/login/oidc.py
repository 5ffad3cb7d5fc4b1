"""A login through the OpenID provider of one's organisation: the authorization code flow (OpenID Connect Core 3.1).

A flow belongs to one browser, one provider and one attempt. Whom the provider names is `(iss, sub)` and nothing else;
the e-mail address is kept for notices and matches nobody. Roles come from the claims at every login; those that were
given by invitation stay.
"""

import asyncio
import base64
import secrets
import uuid
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote_plus

import httpx
from authlib.integrations.base_client import OAuthError
from sqlalchemy import func, insert, select, text

from services.directory import audit, people
from services.directory.access import SECOND_FACTOR
from services.directory.login import discovery, flows, idtoken, providers, sessions
from services.directory.login.flows import Flow
from services.directory.login.idtoken import Claims
from services.directory.login.sessions import STRONG, Begun
from services.directory.models import Account, Identity, Provider, RoleGrant
from services.kit.auth import Principal
from services.kit.db import HUB, Reader, Writer
from services.kit.errors import Conflict, Forbidden, Refused, Unavailable
from services.kit.i18n import gettext as _
from services.kit.messages import Message
from services.kit.service import Runtime

with warnings.catch_warnings(action="ignore"):  # Authlib would like the successor of httpx, for no reason of ours
    from authlib.integrations.httpx_client import AsyncOAuth2Client

KIND: Final = "provider"
SOURCE: Final = "provider"
FLOW_LIFE: Final = timedelta(minutes=10)
EXCHANGE_SECONDS: Final = 5.0
MOST_TOKEN_BYTES: Final = 100_000
LONGEST_PARAMETER: Final = 2_000
SCOPE: Final = "openid profile email"


@dataclass(frozen=True)
class Finished:
    """`begun` is the new session, `onward` the path to go on with."""

    begun: Begun
    onward: str


@dataclass(frozen=True)
class _Settled:
    """Who it is after their roles were brought up to date; `refusal` says why they do not get in all the same."""

    account: uuid.UUID
    messages: list[Message]
    refusal: str = ""


async def begin(
    session: Writer, runtime: Runtime, org: str, *, browser: str, onward: str, linking: Principal | None = None
) -> str:
    """The address at the provider to send the browser to. `browser` is a secret that only this browser has.

    With `linking`, the login binds the provider's person to the account of who is logged in. Raises Refused where
    `org` has no provider, Unavailable while it cannot be used.
    """
    provider = await _provider(session, org)
    metadata = _usable(provider)
    if linking is not None and await _org_of(session, linking) != org:
        raise Forbidden(_("This login belongs to a person of another organisation."))
    nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    state = await flows.begin(
        session,
        KIND,
        browser,
        FLOW_LIFE,
        account_id=uuid.UUID(linking.subject) if linking else None,
        org=org,
        known={"nonce": nonce, "verifier": verifier, "issuer": provider.issuer, "client": provider.client_id},
        onward=onward,
    )
    strong = {"acr_values": " ".join(provider.strong)} if len(org) == 2 and provider.strong else {}
    async with _client(runtime, provider, None) as client:
        url, _state = client.create_authorization_url(
            metadata.authorization_endpoint, state=state, code_verifier=verifier, nonce=nonce, **strong
        )
    return str(url)


async def _provider(session: Reader, org: str) -> Provider:
    found = await providers.of(session, org)
    if found is None:
        raise Refused(_("This organisation has no login provider. Please use your invitation."))
    return found


def _usable(provider: Provider) -> discovery.Metadata:
    metadata = discovery.metadata(provider)
    if metadata is None:
        raise Unavailable(_("The login provider of your organisation cannot be used now. Please try again later."))
    return metadata


def _client(runtime: Runtime, provider: Provider, secret: str | None, method: str | None = None) -> Any:
    client = AsyncOAuth2Client(
        provider.client_id,
        secret,
        token_endpoint_auth_method=method,
        scope=SCOPE,
        redirect_uri=providers.redirect_uri(runtime.settings, provider.org),
        code_challenge_method="S256",
        transport=runtime.fetcher.transport(most_bytes=MOST_TOKEN_BYTES, seconds=EXCHANGE_SECONDS),
        trust_env=False,
        follow_redirects=False,
        timeout=EXCHANGE_SECONDS,
    )
    client.register_client_auth_method(("client_secret_basic", _basic))
    return client


def _basic(client: Any, _method: str, uri: str, headers: Any, body: Any) -> tuple[str, Any, Any]:
    """HTTP Basic as RFC 6749 2.3.1 has it: both parts form-encoded, which Authlib leaves out."""
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
    headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return uri, headers, body


async def finish(
    runtime: Runtime, org: str, answer: Mapping[str, str], *, browser: str, who: Principal, user_agent: str
) -> Finished:
    """What the browser brought back from the provider becomes a session.

    Raises Refused, Forbidden, Conflict or Unavailable in words, and StaleKeys after which the keys should be read anew.
    The exchange with the provider happens outside of any transaction.
    """
    async with runtime.db.begin(HUB) as session:
        flow = await flows.finish(session, KIND, browser, answer.get("state", ""))
        provider = await _provider(session, org)
    if flow is None or flow.org != org:
        raise Refused(_("This login was begun elsewhere, is over, or took too long. Please start again."))
    metadata = _usable(provider)
    _check_answer(flow, provider, metadata, answer)
    if flow.account_id is not None and who.subject != str(flow.account_id):
        raise Forbidden(_("You are not logged in any more. Please log in and start again."))
    token = await _exchange(runtime, provider, metadata, answer["code"], flow.secrets["verifier"])
    claims = idtoken.verified(
        provider,
        metadata.id_token_signing_alg_values_supported,
        token.get("id_token"),
        nonce=flow.secrets["nonce"],
        access_token=token.get("access_token"),
    )
    amr = idtoken.methods(provider, claims)
    async with runtime.db.begin(HUB) as session:
        settled = await _settle(session, provider, claims, amr, flow.account_id)
        await runtime.say(session, settled.messages)
    if settled.refusal:
        raise Forbidden(settled.refusal)
    if settled.messages:
        # Their roles changed and what was issued until now has ended, to the millisecond: the new session begins after.
        await asyncio.sleep(0.002)
    async with runtime.db.begin(HUB) as session:
        begun = await sessions.begin(
            session, runtime.settings, settled.account, how=KIND, amr=amr, user_agent=user_agent, before=who
        )
        await runtime.say(session, begun.messages)
    return Finished(begun, flow.onward)


def _check_answer(flow: Flow, provider: Provider, metadata: discovery.Metadata, answer: Mapping[str, str]) -> None:
    """Raises Refused for an answer of another provider (mix-up: RFC 9700 4.4, RFC 9207), Forbidden for an error."""
    if (provider.issuer, provider.client_id) != (flow.secrets["issuer"], flow.secrets["client"]):
        raise Refused(_("This login was begun elsewhere, is over, or took too long. Please start again."))
    named = answer.get("iss")
    if named != provider.issuer and (named is not None or metadata.authorization_response_iss_parameter_supported):
        raise Refused(_("The answer did not come from the login provider of your organisation. Please start again."))
    if "error" in answer:
        if answer["error"] == "access_denied":
            raise Forbidden(_("You broke off the login, or the login provider of your organisation refused it."))
        raise Refused(_("The login provider of your organisation reports an error. Please try again later."))
    if not answer.get("code"):
        raise Refused(_("The login provider of your organisation reports an error. Please try again later."))


async def _exchange(
    runtime: Runtime, provider: Provider, metadata: discovery.Metadata, code: str, verifier: str
) -> Mapping[str, Any]:
    """The token endpoint's answer. Raises Refused or Unavailable, without a word of the provider's."""
    secret = providers.secret_of(runtime.settings, provider)
    offered = metadata.token_endpoint_auth_methods_supported
    post = secret is not None and "client_secret_post" in offered and "client_secret_basic" not in offered
    try:
        async with _client(runtime, provider, secret, "client_secret_post" if post else None) as client:
            found = await client.fetch_token(
                metadata.token_endpoint, grant_type="authorization_code", code=code, code_verifier=verifier,
                redirect_uri=client.redirect_uri,
            )  # fmt: skip
    except OAuthError as problem:
        raise Refused(
            _("The login provider of your organisation did not accept the login. Please start again.")
        ) from problem
    except (httpx.HTTPError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as problem:
        raise Unavailable(_("The login provider of your organisation does not answer as it should.")) from problem
    return dict(found)


# Who it is --------------------------------------------------------------------------------------------------------


async def _settle(
    session: Writer, provider: Provider, claims: Claims, amr: list[str], linking: uuid.UUID | None
) -> _Settled:
    """Find the person's account, or make it at the first login; bring its roles up to date with the claims.

    Raises Forbidden for people of other organisations, closed accounts, and who has no role or no second factor for it.
    """
    idtoken.check_org(provider, claims)
    turn = {"name": _turn(claims)}
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), turn)
    identity = await session.get(Identity, (claims.iss, claims.sub))
    wanted = idtoken.roles(provider, claims, providers.roles_at(provider.org))
    if identity is None and linking is None:
        return await _first_login(session, provider, claims, amr, wanted)
    account = await session.get(Account, identity.account_id if identity else linking)
    if account is None or account.org != provider.org:
        raise Forbidden(_("This login belongs to a person of another organisation."))
    if linking not in {None, account.id}:
        raise Conflict(_("This login belongs to another person of your organisation already."))
    if account.disabled_at is not None:
        raise Forbidden(_("This account is closed. Please ask your coordinator."))
    rows = await session.execute(select(RoleGrant.role, RoleGrant.source).where(RoleGrant.account_id == account.id))
    given: dict[str, str] = {row.role: row.source for row in rows}
    gone = {role for role, source in given.items() if source == SOURCE} - wanted
    _check_factor((set(given) - gone) | wanted, amr)
    if identity is None:
        await _bind(session, provider, claims, account.id)
    messages: list[Message] = []
    for role in sorted(gone):
        messages += await people.withdraw(session, "", account.id, role)
    for role in sorted(wanted - set(given)):
        messages += await people.grant(session, "", account.id, account.org, role, SOURCE)
    refusal = "" if (set(given) - gone) | wanted else _no_role()
    return _Settled(account.id, messages, refusal)


async def _first_login(
    session: Writer, provider: Provider, claims: Claims, amr: list[str], wanted: frozenset[str]
) -> _Settled:
    if not wanted:
        raise Forbidden(_no_role())
    _check_factor(wanted, amr)
    email = idtoken.email(claims)
    known = select(Account.id).where(Account.org == provider.org, func.lower(Account.email) == (email or "").lower())
    if email is not None and await session.scalar(known.limit(1)) is not None:
        email = None  # it stays the address of the one who has it: a login link goes to one person
    account = await people.create(session, "", provider.org, idtoken.name(claims), email, tuple(sorted(wanted)), SOURCE)
    await _bind(session, provider, claims, account)
    return _Settled(account, [])


async def _bind(session: Writer, provider: Provider, claims: Claims, account: uuid.UUID) -> None:
    await session.execute(insert(Identity).values(issuer=claims.iss, subject=claims.sub, account_id=account))
    await audit.note(session, "", "identity.bound", str(account), org=provider.org)


def _check_factor(roles: set[str] | frozenset[str], amr: list[str]) -> None:
    if roles & set(SECOND_FACTOR) and not STRONG & set(amr):
        raise Forbidden(_("Your role needs a second factor. Please log in with a passkey or a second factor."))


def _no_role() -> str:
    return _("Your organisation has not given you a role yet. Please ask your coordinator.")


def _turn(claims: Claims) -> str:
    return f"identity {claims.iss} {claims.sub}"


async def _org_of(session: Reader, who: Principal) -> str | None:
    found = await people.person(session, uuid.UUID(who.subject)) if who.person else None
    return found.org if found else None


async def identities(session: Reader, account_id: uuid.UUID) -> set[str]:
    """The issuers at which the account can log in."""
    return set(await session.scalars(select(Identity.issuer).where(Identity.account_id == account_id)))
