"""The OpenID providers of organisations: what may be configured, and by whom.

A provider speaks for the people of its organisation and of no other. Each organisation has a redirect URI of its own,
so that a provider itself decides for whom its client may be used. Several organisations may share a provider (a data
centre serves many towns): with a client each, or, as one client, with a claim that tells their people apart.
"""

import json
import re
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from sqlalchemy import delete, func, select, text

from services.directory import audit
from services.directory.access import EDITOR, NAVIGATOR, ROLES, checked_org, may_manage
from services.directory.models import Provider
from services.kit.addresses import checked_url
from services.kit.auth import Principal
from services.kit.checks import Checks
from services.kit.db import Reader, Writer, put
from services.kit.errors import Conflict, Forbidden, NotFound, Refused
from services.kit.i18n import gettext as _
from services.kit.settings import Settings

SEAL: Final = {"alg": "dir", "enc": "A256GCM"}
PURPOSE: Final = "provider"
MOST_ROLES, MOST_STRONG = 50, 20
LONGEST_ISSUER, LONGEST_CLIENT, LONGEST_SECRET, LONGEST_VALUE = 300, 255, 500, 200
DEFAULTS: Final = (NAVIGATOR, EDITOR)
"""Roles for whom no claim gives one; more power than that has to be said of each person."""
_CREDENTIAL = re.compile(r"[!-~]+")
"""RFC 6749, appendix A, without the space, which is a slip of whoever copied it."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a person configures; a text is empty where nothing was said."""

    issuer: str
    client_id: str
    client_secret: str = ""
    """Empty keeps the one there is, if the issuer and the client are the same."""
    public: bool = False
    """Without a secret: the client is protected by PKCE alone."""
    role_claim: str = ""
    """Such as `groups`, or a path such as `realm_access.roles`."""
    roles: dict[str, str] = {}
    default_role: str = ""
    strong: list[str] = []
    org_claim: str = ""
    org_value: str = ""


def roles_at(org: str) -> tuple[str, ...]:
    """The roles that a provider of `org` may give: never `operator`, `central` only a state's."""
    place = "state" if len(org) == 2 else "city"
    return tuple(name for name, role in ROLES.items() if role.place == place)


def redirect_uri(settings: Settings, org: str) -> str:
    return f"{settings.issuer}/login/provider/{org}/callback"


async def configure(session: Writer, settings: Settings, who: Principal, org: str, wanted: Wanted) -> None:
    """Store the provider of `org`; it counts as soon as it was read (`discovery`).

    Raises Forbidden, Refused with a problem for each field, or Conflict where another organisation's people could come
    in as this one's.
    """
    may_manage(who, org)
    clean = validate(org, wanted, local=settings.outbound_local)
    turn = {"name": f"provider {clean.issuer} {clean.client_id}"}
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), turn)
    if await session.scalar(
        select(func.directory.provider_taken(org, clean.issuer, clean.client_id, clean.org_claim or None,
                                             clean.org_value or None))
    ):  # fmt: skip
        raise Conflict(
            _(
                "Another organisation uses the same client at this provider. Ask for a client of your own, or let both "
                "name the same claim with different values, so that their people can be told apart."
            )
        )
    before = await session.get(Provider, org)
    same = before is not None and (before.issuer, before.client_id) == (clean.issuer, clean.client_id)
    values: dict[str, Any] = {
        "issuer": clean.issuer,
        "client_id": clean.client_id,
        "role_claim": clean.role_claim,
        "roles": clean.roles,
        "default_role": clean.default_role or None,
        "strong": clean.strong,
        "org_claim": clean.org_claim or None,
        "org_value": clean.org_value or None,
        "sealed_secret": before.sealed_secret if same and before else None,
    }
    if clean.client_secret or clean.public:
        values["sealed_secret"] = None if clean.public else sealed(settings, clean.issuer, clean.client_secret)
    elif not same:
        raise _incomplete("client_secret", _("Please enter the secret, or say that the client has none."))
    if not same:
        values |= dict.fromkeys(("discovered", "jwks", "read_at", "problem", "asked_at"))
    await put(session, Provider, {"org": org}, values)
    await audit.note(session, who.subject, "provider.configured", org, org=org, issuer=clean.issuer)


async def remove(session: Writer, who: Principal, org: str) -> None:
    """From now on nobody logs in through it; the people stay. Raises Forbidden or NotFound."""
    may_manage(who, org)
    found = await session.execute(delete(Provider).where(Provider.org == org).returning(Provider.org))
    if found.first() is None:
        raise NotFound(_("{org} has no login provider.", org=org))
    await audit.note(session, who.subject, "provider.removed", org, org=org)


async def of(session: Reader, org: str) -> Provider | None:
    return await session.get(Provider, org)


def validate(org: str, wanted: Wanted, *, local: bool) -> Wanted:
    """`wanted` as it may be stored. Raises Refused with every problem, by field."""
    if checked_org(org) == "hub":
        raise Forbidden(_("Operators have no login provider: they use passkeys."))
    checks, allowed = Checks(), roles_at(org)

    def line(name: str, most: int, *, required: bool = False) -> str:
        return checks.text("", name, getattr(wanted, name), most, required=required)

    issuer = line("issuer", LONGEST_ISSUER, required=True)
    if issuer and (problem := _issuer_problem(issuer, local)):
        checks.add("", "issuer", problem)
    client_id = line("client_id", LONGEST_CLIENT, required=True)
    secret = "" if wanted.public else line("client_secret", LONGEST_SECRET)
    for name, value in (("client_id", client_id), ("client_secret", secret)):
        if value and not _CREDENTIAL.fullmatch(value):
            checks.add("", name, _("Only letters without accents, digits and signs, and no spaces."))
    if len(wanted.roles) > MOST_ROLES or len(wanted.strong) > MOST_STRONG:
        many = ("roles", MOST_ROLES) if len(wanted.roles) > MOST_ROLES else ("strong", MOST_STRONG)
        checks.add("", many[0], _("Too many lines; at most {most}.", most=many[1]))
    roles: dict[str, str] = {}
    for value, role in list(wanted.roles.items())[:MOST_ROLES]:
        clean = checks.text("", "roles", value, LONGEST_VALUE)
        if role not in allowed:
            checks.add("", "roles", _("A provider can give {roles} here.", roles=", ".join(allowed)))
            break
        roles[clean] = role
    role_claim = line("role_claim", LONGEST_VALUE, required=bool(roles))
    default = wanted.default_role
    if default and default not in (set(DEFAULTS) & set(allowed)):
        checks.add("", "default_role", _("Nobody gets this role without being named for it."))
    org_claim, org_value = line("org_claim", LONGEST_VALUE), line("org_value", LONGEST_VALUE)
    if bool(org_claim) != bool(org_value):
        checks.add("", "org_value", _("Name the claim and its value, or neither."))
    strong = [checks.text("", "strong", value, LONGEST_VALUE) for value in wanted.strong[:MOST_STRONG]]
    checks.done(_("The login provider was not saved. Please correct the fields named."))
    return Wanted(
        issuer=issuer, client_id=client_id, client_secret=secret, public=wanted.public, role_claim=role_claim,
        roles=roles, default_role=default, strong=strong, org_claim=org_claim, org_value=org_value,
    )  # fmt: skip


def _issuer_problem(issuer: str, local: bool) -> str | None:
    try:
        same = checked_url(issuer, local=local) == issuer
    except Refused as problem:
        return problem.message
    if not same or "?" in issuer:
        return _("The issuer is a web address without „?“, exactly as the provider writes it.")
    path = urlsplit(issuer).path
    if "//" in path or {".", ".."} & set(path.split("/")) or "%" in path:
        return _("The issuer is a web address without „?“, exactly as the provider writes it.")
    return None


def _incomplete(field: str, message: str) -> Refused:
    checks = Checks()
    checks.add("", field, message)
    return Refused(_("The login provider was not saved. Please correct the fields named."), checks.found)


def sealed(settings: Settings, issuer: str, secret: str) -> bytes:
    """A secret with the issuer it belongs to, so that it is never shown to another."""
    plain = json.dumps({"issuer": issuer, "secret": secret})
    return jwe.encrypt_compact(SEAL, plain, OctKey.import_key(settings.derived(PURPOSE))).encode()


def secret_of(settings: Settings, provider: Provider) -> str | None:
    """The client's secret, None for a public client. Raises Refused if it was sealed otherwise."""
    if provider.sealed_secret is None:
        return None
    try:
        plain = jwe.decrypt_compact(provider.sealed_secret, OctKey.import_key(settings.derived(PURPOSE))).plaintext
        found = json.loads(plain or b"{}")
    except (JoseError, ValueError) as problem:
        raise _unsealable() from problem
    if found.get("issuer") != provider.issuer:
        raise _unsealable()
    return str(found["secret"])


def _unsealable() -> Refused:
    return Refused(_("The secret of the login provider cannot be opened. Please enter it anew."))
