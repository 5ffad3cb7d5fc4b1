"""Clients as stored: registered by a city, decided about by those who may, managed by themselves (RFC 7591, 7592).

pending ──approve──▶ active ◀──resume── suspended
   │                   └─────suspend──────▲
   └──reject──▶ rejected          active, pending ──withdraw──▶ withdrawn
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, false, func, insert, or_, select, text, tuple_, update

from services.directory import audit, people, register
from services.directory.access import APPROVE, CENTRAL, OPERATOR, PEOPLE, may_decide
from services.directory.models import Account, Client, Grant, Municipality
from services.directory.oauth import policy
from services.directory.oauth.registration import METADATA, Invalid, Wanted, bare_name
from services.kit import revoked
from services.kit.auth import Principal
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict, Forbidden, NotFound, Refused
from services.kit.i18n import gettext as _
from services.kit.messages import Message
from services.kit.text import cleaned, forbidden_character

PENDING, ACTIVE, REJECTED, SUSPENDED, WITHDRAWN = "pending", "active", "rejected", "suspended", "withdrawn"
MOST_PENDING = 10
"""Registrations of one city that wait at a time; more is somebody's script."""
FORGET_PENDING = timedelta(days=90)
FORGET_CROWD = timedelta(days=3)
"""Older ones do not count towards the most, so that strangers keep no city out for long."""
LONGEST_REASON = 500
SUSPENDED_AHEAD = 2 * policy.MEMORY_SECONDS
"""So far a suspension reaches: it covers what another process gives out before it hears of it."""
MOST_LISTED = 500


@dataclass(frozen=True)
class Credentials:
    """Shown once, when a client is made."""

    client_id: str
    client_secret: str


@dataclass(frozen=True)
class Registered:
    """A new registration; the secrets are shown once."""

    client: Client
    secret: str | None
    management_token: str


def hashed(secret: str) -> str:
    """Of a secret that is long and random: nothing slow is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same(kept: str | None, given: str) -> bool:
    return hmac.compare_digest(kept or "", hashed(given))


async def add(session: Writer, name: str, ags: str | None, scopes: tuple[str, ...]) -> Credentials:
    """The operator's way: a client that may act at once. Raises Refused for scopes the hub does not know."""
    if unknown := sorted(set(scopes) - set(policy.SCOPES)):
        known = " ".join(policy.SCOPES)
        raise Refused(_("Unknown scopes: {scopes}. Known are: {known}", scopes=", ".join(unknown), known=known))
    made = Credentials(f"c-{secrets.token_urlsafe(12)}", secrets.token_urlsafe(32))
    await session.execute(
        insert(Client).values(
            client_id=made.client_id,
            name=name,
            status=ACTIVE,
            ags=ags,
            scopes=list(scopes),
            method=policy.SECRET_BASIC,
            secret_hash=hashed(made.client_secret),
            grant_types=[policy.CLIENT_CREDENTIALS],
            redirect_uris=[],
            details={},
        )
    )
    await audit.note(session, audit.HUB_ITSELF, "client.added", made.client_id, org=ags)
    return made


async def register_city(session: Writer, wanted: Wanted) -> Registered:
    """Store a registration that waits for a decision. Raises Invalid where city or name stand in the way."""
    if not await register.known(session, wanted.ags):
        raise Invalid(METADATA, f"ags: the municipality register does not hold {wanted.ags}")
    await _check_name(session, wanted)
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"registrations {wanted.ags}"}
    )
    stale = datetime.now(UTC) - FORGET_CROWD
    waiting = await session.scalar(
        select(func.count())
        .select_from(Client)
        .where(Client.ags == wanted.ags, Client.status == PENDING, Client.created_at > stale)
    )
    if (waiting or 0) >= MOST_PENDING:
        raise Invalid(
            METADATA, "too many registrations of this city wait for a decision; please ask your state's office"
        )
    secret = secrets.token_urlsafe(32) if wanted.method == policy.SECRET_BASIC else None
    management = secrets.token_urlsafe(32)
    row = await session.scalars(
        insert(Client)
        .values(
            client_id=f"c-{secrets.token_urlsafe(12)}",
            status=PENDING,
            ags=wanted.ags,
            secret_hash=hashed(secret) if secret else None,
            management_hash=hashed(management),
            agreement=wanted.agreement,
            agreed_at=func.now(),
            **_values(wanted),
        )
        .returning(Client)
    )
    client = row.one()
    await audit.note(
        session, client.client_id, "client.registered", client.client_id, org=wanted.ags, agreement=wanted.agreement
    )
    return Registered(client, secret, management)


def _values(wanted: Wanted) -> dict[str, Any]:
    return {
        "name": wanted.name,
        "scopes": list(wanted.scopes),
        "method": wanted.method,
        "jwks": wanted.jwks,
        "jwks_uri": wanted.jwks_uri,
        "grant_types": list(wanted.grant_types),
        "redirect_uris": list(wanted.redirect_uris),
        "issuer": wanted.issuer,
        "details": wanted.details,
    }


async def _check_name(session: Reader, wanted: Wanted) -> None:
    """Raises Invalid for a name that another city, or another city's program, goes by."""
    bare = bare_name(wanted.name)
    others = await session.scalars(
        select(Client.name).where(Client.ags != wanted.ags, Client.status.in_([ACTIVE, SUSPENDED])).limit(20_000)
    )
    taken = bare in {bare_name(name) for name in others}
    towns = await session.execute(
        select(Municipality.ags, Municipality.name)
        .where(~Municipality.ended, _looks(Municipality.search).contains(bare, autoescape=True))
        .limit(2_000)
    )
    found = {ags for ags, name in towns if bare_name(name.split(",")[0]) == bare}
    if taken or (found and wanted.ags not in found):
        raise Invalid(METADATA, "client_name: another city goes by this name; add what tells yours apart")


def _looks(folded: Any) -> Any:
    """`bare_name` in SQL, without the brands."""
    letters = func.regexp_replace(folded, "[^a-z0-9]+", "", "g")
    return func.replace(func.replace(func.translate(letters, "01i", "oll"), "rn", "m"), "vv", "w")


# Deciding ---------------------------------------------------------------------------------------------------------


def is_id(value: str) -> bool:
    """Whether a client could be called so; the database takes neither NUL nor half characters."""
    return value.isascii() and value.isprintable()


async def by_id(session: Reader, client_id: str, *, lock: bool = False) -> Client | None:
    """The client as it stands now; with `lock`, nobody else changes it before this transaction ends."""
    if not is_id(client_id):
        return None
    return await session.get(Client, client_id, populate_existing=True, with_for_update=True if lock else None)


async def decide(
    session: Writer, who: Principal, client_id: str, decision: str, reason: str = "", seen: str = ""
) -> tuple[Client, list[Message]]:
    """`approve`, `reject`, `suspend` or `resume` a client; returns it and what to say.

    With `seen` (`version` of what was looked at), a client that changed itself since is not decided about.

    Raises NotFound for a client that `who` has no say about, Refused without the reason that somebody needs to read,
    Conflict where the client is not in a state for it. Suspending ends every token at once, and with a city's last
    client the sessions of its people.
    """
    client = await by_id(session, client_id, lock=True)
    seconded = client is not None and await city_takes_part(session, client.ags or "", but=client.client_id)
    if client is None or not may_decide(who, client, seconded=seconded):
        raise NotFound(_("There is no such registration."))
    steps = {"approve": (PENDING, ACTIVE), "reject": (PENDING, REJECTED), "suspend": (ACTIVE, SUSPENDED),
             "resume": (SUSPENDED, ACTIVE)}  # fmt: skip
    if decision not in steps:
        raise Refused(_("Choose approve, reject, suspend or resume."))
    before, after = steps[decision]
    if seen and seen != version(client):
        raise Conflict(_("The registration has changed since you opened it. Please look at it again."))
    if client.status != before:
        raise Conflict(_("This registration is not in a state for that; somebody else may have decided already."))
    if decision in {"suspend", "resume"} and APPROVE not in who.scopes:
        raise Forbidden(_("Only central navigators suspend and resume clients."))
    words = _reason(reason, needed=decision in {"reject", "suspend"})
    await _set(session, client, status=after, reason=words, decided_by=who.subject, decided_at=func.now())
    await audit.note(session, who.subject, f"client.{decision}", client_id, org=client.ags)
    if after == SUSPENDED:
        return client, await _end(session, client)
    # Takes the place of what the suspension revoked, which reaches into the seconds after it.
    resumed = revoked.names("client", [client_id], policy.TOKEN_SECONDS) if decision == "resume" else []
    return client, list(resumed)


def version(client: Client) -> str:
    """Another one after every change of the registration."""
    return client.updated_at.isoformat()


def _reason(reason: str, *, needed: bool) -> str | None:
    words = cleaned(reason) if forbidden_character(reason) is None else ""
    if len(words) > LONGEST_REASON or (needed and not words):
        raise Refused(
            _("Please give a reason of at most {most} characters; the city will read it.", most=LONGEST_REASON)
        )
    return words or None


async def _set(session: Writer, client: Client, **values: Any) -> None:
    await session.execute(
        update(Client).where(Client.client_id == client.client_id).values(updated_at=func.now(), **values)
    )
    await session.refresh(client)


async def _end(session: Writer, client: Client) -> list[Message]:
    """End whatever was given to or through the client; with a suspended city's last one, all that its people have."""
    await session.execute(
        update(Grant)
        .where(Grant.client_id == client.client_id, Grant.ended_at.is_(None))
        .values(ended_at=func.now(), reason=client.status)
    )
    said: list[Message] = [*revoked.names("client", [client.client_id], policy.TOKEN_SECONDS, SUSPENDED_AHEAD)]
    if client.status == SUSPENDED and client.ags and not await city_takes_part(session, client.ags):
        # Locked, so that nobody of them logs in before this is done.
        ids = (await session.scalars(select(Account.id).where(Account.org == client.ags).with_for_update())).all()
        await session.execute(
            update(Grant)
            .where(Grant.account_id.in_(ids), Grant.ended_at.is_(None))
            .values(ended_at=func.now(), reason=client.status)
        )
        for account_id in ids:
            said += await people.end_sessions(session, account_id)
    return said


async def city_takes_part(session: Reader, ags: str, *, but: str = "") -> bool:
    """Whether the city has an active client (beside `but`)."""
    query = select(Client.client_id).where(Client.ags == ags, Client.status == ACTIVE, Client.client_id != but).limit(1)
    return (await session.scalars(query)).one_or_none() is not None


async def listed(
    session: Reader,
    who: Principal,
    limit: int,
    *,
    after: tuple[datetime, str] | None = None,
    status: str | None = None,
) -> list[Client]:
    """The registrations that `who` decides about or that are their city's, newest first.

    A program that acts for a person sees none: they name people, and deciding happens on our own pages.
    """
    query = select(Client).order_by(Client.created_at.desc(), Client.client_id.desc()).limit(limit)
    if after is not None:
        query = query.where(tuple_(Client.created_at, Client.client_id) < after)
    if status:
        query = query.where(Client.status == status)
    decides, own = APPROVE in who.scopes, not who.person or PEOPLE in who.scopes
    if not (decides and who.where(OPERATOR)):
        states = sorted(who.where(CENTRAL)) if decides else []
        query = query.where(
            or_(func.left(Client.ags, 2).in_(states), Client.ags == (who.city or "") if own else false())
        )
    return list((await session.scalars(query)).all())


# Managing (RFC 7592) ----------------------------------------------------------------------------------------------


async def managed(session: Reader, client_id: str, token: str, *, lock: bool = False) -> Client | None:
    """The client whose registration access token this is. With `lock`, nobody decides about it meanwhile."""
    row = await by_id(session, client_id, lock=lock)
    right = same(row.management_hash if row else None, token)  # compares in either case
    return row if row is not None and right and row.status != WITHDRAWN else None


def check_own(client: Client, client_id: str, secret: str | None) -> None:
    """Raises Invalid where a change names another client, or a secret that is not the client's (RFC 7592 2.2)."""
    if client_id != client.client_id or (secret is not None and not same(client.secret_hash, secret)):
        raise Invalid(METADATA, "client_id and client_secret are those you were given")


async def change(session: Writer, client: Client, wanted: Wanted, *, new_secret: bool) -> str | None:
    """Replace what a client says of itself. Returns a new secret where one is needed or asked for.

    Raises Invalid for another city, or for more than was approved.
    """
    if wanted.ags != client.ags:
        raise Invalid(METADATA, "ags: a client stays with its city; register another one")
    if client.status == ACTIVE:
        more = {*wanted.scopes, *wanted.grant_types} - {*client.scopes, *client.grant_types}
        if more:
            raise Invalid(METADATA, f"{min(more)} was not approved for this client; register another one")
        if wanted.method == policy.NONE != client.method:
            raise Invalid(METADATA, "token_endpoint_auth_method: a client that authenticates goes on doing so")
    await _check_name(session, wanted)
    secret = None
    if wanted.method == policy.SECRET_BASIC and (new_secret or client.secret_hash is None):
        secret = secrets.token_urlsafe(32)
    kept = hashed(secret) if secret else client.secret_hash
    values = _values(wanted)
    if wanted.jwks_uri and wanted.jwks_uri == client.jwks_uri:
        values["jwks"] = client.jwks  # good until they are read again
    await _set(
        session,
        client,
        secret_hash=kept if wanted.method == policy.SECRET_BASIC else None,
        jwks_read_at=None,
        agreement=wanted.agreement,
        agreed_at=func.now() if wanted.agreement != client.agreement else client.agreed_at,
        **values,
    )
    await audit.note(session, client.client_id, "client.changed", client.client_id, org=client.ags)
    return secret


def can_renew(client: Client) -> bool:
    return client.method == policy.SECRET_BASIC and client.status == ACTIVE


async def renew(session: Writer, client: Client, actor: str) -> str:
    """A new secret in the place of the one before, which counts no more. Raises Conflict for a client without one."""
    if not can_renew(client):
        raise Conflict(_("This program has no secret that could be renewed."))
    secret = secrets.token_urlsafe(32)
    await _set(session, client, secret_hash=hashed(secret))
    await audit.note(session, actor, "client.renewed", client.client_id, org=client.ags)
    return secret


async def withdraw(session: Writer, client: Client, actor: str) -> list[Message]:
    """The client leaves. Returns what to say: nothing it was given counts any more."""
    await _set(session, client, status=WITHDRAWN, management_hash=None, secret_hash=None)
    await audit.note(session, actor, "client.withdrawn", client.client_id, org=client.ags)
    return await _end(session, client)


async def with_published_keys(session: Reader, older_than: timedelta) -> list[str]:
    """Active clients whose keys behind `jwks_uri` were last read so long ago."""
    query = (
        select(Client.client_id)
        .where(Client.status == ACTIVE, Client.jwks_uri.is_not(None))
        .where(Client.jwks_read_at < datetime.now(UTC) - older_than)
        .limit(MOST_LISTED)
    )
    return list((await session.scalars(query)).all())


async def forget_waiting(session: Writer) -> None:
    """Let go of registrations that nobody decided about for months, and of those rejected as long ago."""
    before = datetime.now(UTC) - FORGET_PENDING
    await session.execute(delete(Client).where(Client.status.in_([PENDING, REJECTED]), Client.updated_at < before))
