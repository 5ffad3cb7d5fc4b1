"""Registrations of cities' clients, the audit log, and who is asking, through GraphQL."""

import datetime as dt
import enum
import uuid
from typing import Any, Self

import strawberry
from strawberry import ID, Info

from services.directory import access, audit, registrations
from services.directory import models as m
from services.directory.graphql.municipalities import Municipality
from services.directory.graphql.types import SERVICE, City, city_of
from services.directory.oauth import clients
from services.directory.stateview import care
from services.kit.db import HUB
from services.kit.errors import Refused
from services.kit.graphql import Connection, decode_cursor, encode_cursor, page_size
from services.kit.i18n import gettext as _
from services.kit.resolvers import here, read, who


@strawberry.enum(description="Where a registration stands.")
class RegistrationStatus(enum.Enum):
    PENDING = "pending"
    ACTIVE = "active"
    REJECTED = "rejected"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


@strawberry.enum
class RegistrationDecision(enum.Enum):
    APPROVE = "approve"
    REJECT = "reject"
    SUSPEND = "suspend"
    RESUME = "resume"


@strawberry.type(description="A client that a city registered (RFC 7591).")
class Registration:
    client_id: ID
    ags: ID | None
    client_name: str
    status: RegistrationStatus
    reason: str | None = strawberry.field(description="Why it was rejected or suspended.")
    token_endpoint_auth_method: str
    scopes: list[str]
    redirect_uris: list[str]
    contacts: list[str]
    agreement: str | None = strawberry.field(description="The version of the processor agreement that was accepted.")
    version: str = strawberry.field(description="Another one after every change; `seen` of decideRegistration.")
    created_at: dt.datetime
    decided_at: dt.datetime | None

    @classmethod
    def of(cls, row: m.Client) -> Self:
        return cls(
            client_id=ID(row.client_id),
            ags=ID(row.ags) if row.ags else None,
            client_name=row.name,
            status=RegistrationStatus(row.status),
            reason=row.reason,
            token_endpoint_auth_method=row.method,
            scopes=list(row.scopes),
            redirect_uris=list(row.redirect_uris),
            contacts=list(row.details.get("contacts", [])),
            agreement=row.agreement,
            version=clients.version(row),
            created_at=row.created_at,
            decided_at=row.decided_at,
        )

    @strawberry.field(description="Null if the city has not published yet.")
    async def city(self, info: Info[Any, Any]) -> City | None:
        return await city_of(info, str(self.ags)) if self.ags else None


@strawberry.type(description="Who did what for whom.")
class AuditEntry:
    id: ID
    at: dt.datetime
    actor: str = strawberry.field(description="An account, a client, or „hub“.")
    action: str
    ags: ID | None
    state: str | None
    subject: str

    @classmethod
    def of(cls, row: m.AuditEntry) -> Self:
        return cls(
            id=ID(str(row.id)),
            at=row.at,
            actor=row.actor,
            action=row.action,
            ags=ID(row.ags) if row.ags else None,
            state=row.state,
            subject=row.subject,
        )


@strawberry.type(description="Who is asking, as the hub sees it.")
class Me:
    subject: ID = strawberry.field(description="The person's account, or the client itself.")
    client_id: ID | None
    person: bool
    roles: list[str] = strawberry.field(description="As `role:where`, such as `coordinator:08335043`.")
    scopes: list[str]
    ags: ID | None

    @strawberry.field(description="The city spoken for; null without one, or if it has not published yet.")
    async def city(self, info: Info[Any, Any]) -> City | None:
        return await city_of(info, str(self.ags)) if self.ags else None

    @strawberry.field(description="The municipalities that a central navigator looks after, by name; null for others.")
    async def caseload(self, info: Info[Any, Any]) -> list[Municipality] | None:
        asking = who(info)
        if not asking.where(access.CENTRAL):
            return None
        async with read(info, SERVICE) as session:
            rows = await care.cared_for(session, uuid.UUID(asking.subject))
        return [Municipality.of(row) for row in rows]


@strawberry.type
class RegistrationQuery:
    @strawberry.field(description="Null for somebody unknown.")
    def me(self, info: Info[Any, Any]) -> Me | None:
        asking = who(info)
        if not asking.known:
            return None
        return Me(
            subject=ID(asking.subject),
            client_id=ID(asking.client) if asking.client else None,
            person=asking.person,
            roles=sorted(asking.roles),
            scopes=sorted(asking.scopes),
            ags=ID(asking.city) if asking.city else None,
        )

    @strawberry.field(description="Registrations that you decide about or that are your city's, newest first.")
    async def registrations(
        self, info: Info[Any, Any], status: RegistrationStatus | None = None, first: int = 50, after: str | None = None
    ) -> Connection[Registration]:
        place = _moment(decode_cursor(after, 2))
        async with read(info, SERVICE) as session:
            rows = await clients.listed(
                session, who(info), page_size(first) + 1, after=place, status=status.value if status else None
            )
        return Connection.of(
            [Registration.of(row) for row in rows],
            lambda node: encode_cursor(node.created_at.isoformat(), str(node.client_id)),
            first,
            after,
        )

    @strawberry.field(
        description="The audit log of your city or state, newest first; of one (AGS, two digits) if given."
    )
    async def audit_log(
        self, info: Info[Any, Any], org: str | None = None, first: int = 50, after: str | None = None
    ) -> Connection[AuditEntry]:
        place = decode_cursor(after, 1)
        if place is not None and not (place[0].isascii() and place[0].isdecimal()):
            raise Refused(_("„after“ is not a cursor of this list."))
        if org is not None:
            access.checked_org(org)
        async with read(info, SERVICE) as session:
            before = int(place[0][:9]) if place else None
            rows = await audit.page(session, page_size(first) + 1, before=before, org=org)
        return Connection.of(
            [AuditEntry.of(row) for row in rows], lambda node: encode_cursor(str(node.id)), first, after
        )


def _moment(place: list[str] | None) -> tuple[dt.datetime, str] | None:
    if place is None:
        return None
    try:
        return dt.datetime.fromisoformat(place[0]).astimezone(dt.UTC), place[1]
    except (ValueError, OverflowError):
        raise Refused(_("„after“ is not a cursor of this list.")) from None


@strawberry.type
class RegistrationMutation:
    @strawberry.mutation(
        description="Decide about a registration. Rejecting and suspending take a reason, which the city reads; "
        "with `seen`, its `version`, one that has changed since is not decided about."
    )
    async def decide_registration(
        self, info: Info[Any, Any], client_id: ID, decision: RegistrationDecision, reason: str = "", seen: str = ""
    ) -> Registration:
        runtime, asking = here(info, SERVICE), who(info)
        # Who may decide is looked up among clients and accounts that the asker cannot see: `clients.decide` checks it.
        async with runtime.db.begin(HUB) as session:
            client, messages = await registrations.decide(
                session, runtime, asking, str(client_id), decision.value, reason, seen
            )
            await runtime.say(session, messages)
        return Registration.of(client)
