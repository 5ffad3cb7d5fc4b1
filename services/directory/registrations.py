"""What a city's registration brings with it: who is told, and who becomes the city's first coordinator."""

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from services.contracts.states import STATES
from services.directory import people
from services.directory.access import APPROVE, CENTRAL, COORDINATOR, OPERATOR
from services.directory.login import links
from services.directory.models import Account, Client, Municipality, RoleGrant
from services.directory.oauth import clients
from services.kit import i18n, mail
from services.kit.auth import Principal
from services.kit.db import Reader, Writer
from services.kit.messages import Message
from services.kit.service import Runtime

MOST_TOLD = 20


async def announce(session: Writer, runtime: Runtime, client: Client) -> None:
    """Tell the central navigators of the state, or without any the operators, that a registration waits."""
    ags = client.ags or ""
    told = await _with_role(session, CENTRAL, ags[:2]) or await _with_role(session, OPERATOR, "")
    city = await town(session, ags)
    for account in told:
        await mail.send(
            session,
            runtime.outbox,
            "registration",
            to=account.email or "",
            language=account.language,
            key=f"registration:{client.client_id}:{account.id}",
            city=city,
            link=f"{runtime.settings.issuer}/registrations/{client.client_id}",
        )


async def decide(
    session: Writer,
    runtime: Runtime,
    who: Principal,
    client_id: str,
    decision: str,
    reason: str = "",
    seen: str = "",
) -> tuple[Client, list[Message]]:
    """As `clients.decide`; the contacts of the registration are told, and where the city has no coordinator yet,
    the first of them is invited to become it.
    """
    client, messages = await clients.decide(session, who, client_id, decision, reason, seen)
    contacts: Sequence[str] = client.details.get("contacts", ())
    language: str = client.details.get("language", i18n.LANGUAGES[0])
    city = await town(session, client.ags or "")
    for number, contact in enumerate(contacts[:MOST_TOLD]):
        await mail.send(
            session,
            runtime.outbox,
            "decision",
            to=contact,
            language=language,
            key=f"decision:{client_id}:{uuid.uuid4()}:{number}",
            city=city,
            name=client.name,
            status=client.status,
            reason=client.reason or "",
        )
    # A program of the city makes nobody its coordinator.
    first = decision == "approve" and who.person and APPROVE in who.scopes and client.ags and contacts
    if first and not await _with_role(session, COORDINATOR, client.ags or ""):
        messages += await _first_coordinator(session, runtime, who.subject, client, contacts[0], language)
    return client, messages


async def _first_coordinator(
    session: Writer, runtime: Runtime, actor: str, client: Client, email: str, language: str
) -> list[Message]:
    """The contact becomes the city's coordinator: by invitation, or at once where the person has an account there."""
    org = client.ags or ""
    known = await links.account_with(session, org, email)
    if known is not None:
        return await people.grant(session, actor, known, org, COORDINATOR)
    name = client.details.get("contact_name") or email.partition("@")[0]
    invited = await links.invite(
        session, runtime, actor, org=org, name=name, email=email, roles=(COORDINATOR,), language=language
    )
    return invited.messages


async def _with_role(session: Reader, role: str, at: str) -> list[Account]:
    query = (
        select(Account)
        .join(RoleGrant, RoleGrant.account_id == Account.id)
        .where(RoleGrant.role == role, RoleGrant.at == at, Account.disabled_at.is_(None), Account.email.is_not(None))
        .order_by(Account.created_at)
        .limit(MOST_TOLD)
    )
    return list((await session.scalars(query)).all())


async def town(session: Reader, ags: str) -> str:
    """What people call the municipality or state; its key where no register says."""
    if ags in STATES:
        return STATES[ags]
    name = await session.scalar(select(Municipality.name).where(Municipality.ags == ags))
    return name.split(",")[0] if name else ags
