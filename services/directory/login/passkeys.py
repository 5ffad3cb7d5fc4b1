"""Passkeys (WebAuthn): made after a mailed link or in one's account, and used to log in without a name.

The library checks the ceremonies; ours is what it is told to expect: one challenge per try, kept here and bound to the
browser; host and origin from the settings alone; the person verified by the device; a count that never goes back.
"""

import re
import uuid
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from services.directory import audit, people
from services.directory.access import SECOND_FACTOR
from services.directory.login import flows
from services.directory.login.flows import Flow
from services.directory.models import Passkey, RoleGrant
from services.kit.auth import origin_of
from services.kit.checks import Checks
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict, NotFound, Refused
from services.kit.i18n import gettext as _
from services.kit.settings import Settings

USE, MAKE = "passkey", "new passkey"
LIFE = timedelta(minutes=5)
MOST = 10
LONGEST_ID = 1023
"""Bytes of a credential's id (WebAuthn 6.1)."""
LONGEST_LABEL = 60


class Used(NamedTuple):
    """Whose passkey it was, how they proved it (RFC 8176), and where they wanted to go."""

    account_id: uuid.UUID
    amr: list[str]
    onward: str


class _ClientData(msgspec.Struct):
    cross_origin: bool = msgspec.field(default=False, name="crossOrigin")


def host(settings: Settings) -> str:
    """The hub's host, to which its passkeys belong."""
    return urlsplit(settings.issuer).hostname or ""


IP = re.compile(r"[0-9.]+|.*:.*")


def impossible(settings: Settings) -> bool:
    """Whether the hub's address is a number: browsers make passkeys for names only."""
    return bool(IP.fullmatch(host(settings)))


# Log in ------------------------------------------------------------------------------------------------------------


async def asked(session: Writer, settings: Settings, browser: str, onward: str) -> dict[str, Any]:
    """A challenge for whoever holds a passkey of this hub: `flow` and `options` for the browser."""
    options = generate_authentication_options(
        rp_id=host(settings),
        timeout=int(LIFE.total_seconds() * 1000),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    known = {"challenge": bytes_to_base64url(options.challenge)}
    token = await flows.begin(session, USE, browser, LIFE, known=known, onward=onward)
    return {"flow": token, "options": options_to_json_dict(options)}


async def used(session: Writer, settings: Settings, flow: Flow | None, credential: dict[str, Any]) -> Used:
    """Whose passkey answered the challenge. Raises Refused, in the same words for everything that can be wrong."""
    row = await _of_credential(session, credential)
    if flow is None or row is None:
        raise Refused(_wrong())
    handle = credential.get("response", {}).get("userHandle")
    if handle is not None and handle != bytes_to_base64url(row.account_id.bytes):
        raise Refused(_wrong())
    try:
        _check_frame(credential)
        found = verify_authentication_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(flow.secrets["challenge"]),
            expected_rp_id=host(settings),
            expected_origin=origin_of(settings.issuer),
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
    except Exception as problem:  # whatever a hostile answer breaks in the parsers, it is no passkey
        raise Refused(_wrong()) from problem
    await session.execute(
        update(Passkey)
        .where(Passkey.credential_id == row.credential_id)
        .values(sign_count=found.new_sign_count, used_at=func.now())
    )
    return Used(row.account_id, methods(found.credential_device_type), flow.onward)


async def may_make(session: Reader, account_id: uuid.UUID) -> bool:
    """Whether a mailed link alone lets its holder make a passkey.

    Not where a role needs a second factor and there is one: a mailbox must not be able to replace it.
    """
    return not (await needs_second_factor(session, account_id) and await of_account(session, account_id))


def _wrong() -> str:
    return _("This passkey was not accepted. Please try again, or log in another way.")


async def _of_credential(session: Writer, credential: dict[str, Any]) -> Passkey | None:
    """The passkey that a browser names, locked: two answers with one count must not both be right."""
    named = credential.get("id")
    if not isinstance(named, str) or not isinstance(credential.get("response"), dict) or len(named) > 2 * LONGEST_ID:
        return None
    try:
        number = base64url_to_bytes(named)
    except ValueError:
        return None
    return (
        await session.scalars(select(Passkey).where(Passkey.credential_id == number).with_for_update())
    ).one_or_none()


def _check_frame(credential: dict[str, Any]) -> None:
    """Raises ValueError for an answer from a frame in another site's page, which the library lets pass."""
    data = msgspec.json.decode(base64url_to_bytes(credential["response"]["clientDataJSON"]), type=_ClientData)
    if data.cross_origin:
        raise ValueError


def methods(device: CredentialDeviceType) -> list[str]:
    """RFC 8176: a key in hardware, or one that is synchronised; with a verified person it is two factors."""
    return ["swk" if device == CredentialDeviceType.MULTI_DEVICE else "hwk", "user", "mfa"]


# Make and keep -----------------------------------------------------------------------------------------------------


async def offered(session: Writer, settings: Settings, browser: str, account_id: uuid.UUID) -> dict[str, Any]:
    """What the browser needs to make a passkey for the account. Raises Conflict where it has enough of them."""
    account = await people.account(session, account_id)
    existing = await of_account(session, account_id)
    _check_room(len(existing))
    options = generate_registration_options(
        rp_id=host(settings),
        rp_name="Lotsennetz",
        user_id=account_id.bytes,
        user_name=account.email or account.name,
        user_display_name=account.name,
        timeout=int(LIFE.total_seconds() * 1000),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one.credential_id) for one in existing],
    )
    known = {"challenge": bytes_to_base64url(options.challenge)}
    token = await flows.begin(session, MAKE, browser, LIFE, account_id=account_id, known=known)
    return {"flow": token, "options": options_to_json_dict(options)}


async def made(
    session: Writer,
    settings: Settings,
    flow: Flow | None,
    credential: dict[str, Any],
    account_id: uuid.UUID,
    label: str,
) -> Used:
    """Keep the passkey that the browser made. Raises Refused for an answer that is not the one to our challenge."""
    wrong = _("The passkey was not made. Please try again.")
    if flow is None or flow.account_id != account_id:
        raise Refused(wrong)
    try:
        _check_frame(credential)
        found = verify_registration_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(flow.secrets["challenge"]),
            expected_rp_id=host(settings),
            expected_origin=origin_of(settings.issuer),
            require_user_verification=True,
        )
    except Exception as problem:  # whatever a hostile answer breaks in the parsers, it is no passkey
        raise Refused(wrong) from problem
    if len(found.credential_id) > LONGEST_ID:
        raise Refused(wrong)
    account = await people.account(session, account_id)
    await session.refresh(account, with_for_update=True)  # so that two at once do not both find room
    _check_room(len(await of_account(session, account_id)))
    transports = credential["response"].get("transports")
    row = upsert(Passkey).values(
        credential_id=found.credential_id,
        account_id=account_id,
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
        transports=[str(one)[:20] for one in transports[:8]] if isinstance(transports, list) else [],
        label=_label(label) if label.strip() else _("Passkey"),
    )
    kept = await session.execute(row.on_conflict_do_nothing().returning(Passkey.account_id))
    if kept.one_or_none() is None:
        raise Refused(wrong)  # a credential belongs to one account (WebAuthn 7.1, step 26)
    await audit.note(session, str(account_id), "passkey.made", str(account_id), org=account.org)
    return Used(account_id, methods(found.credential_device_type), flow.onward)


async def of_account(session: Reader, account_id: uuid.UUID) -> list[Passkey]:
    """The account's passkeys, oldest first."""
    query = select(Passkey).where(Passkey.account_id == account_id).order_by(Passkey.created_at).limit(2 * MOST)
    return list((await session.scalars(query)).all())


async def rename(session: Writer, account_id: uuid.UUID, number: str, label: str) -> None:
    row = await _own(session, account_id, number)
    await session.execute(update(Passkey).where(Passkey.credential_id == row.credential_id).values(label=_label(label)))


async def remove(session: Writer, account_id: uuid.UUID, number: str) -> None:
    """Raises Conflict for the last passkey of somebody whose role needs one."""
    account = await people.account(session, account_id)
    await session.refresh(account, with_for_update=True)
    row = await _own(session, account_id, number)
    if len(await of_account(session, account_id)) == 1 and await needs_second_factor(session, account_id):
        raise Conflict(_("Your role needs a passkey. Please make another one before you remove this."))
    await session.execute(delete(Passkey).where(Passkey.credential_id == row.credential_id))
    await audit.note(session, str(account_id), "passkey.removed", str(account_id), org=account.org)


async def needs_second_factor(session: Reader, account_id: uuid.UUID) -> bool:
    query = select(RoleGrant.role).where(RoleGrant.account_id == account_id, RoleGrant.role.in_(SECOND_FACTOR)).limit(1)
    return await session.scalar(query) is not None


async def _own(session: Reader, account_id: uuid.UUID, number: str) -> Passkey:
    for row in await of_account(session, account_id):
        if bytes_to_base64url(row.credential_id) == number:
            return row
    raise NotFound(_("There is no such passkey."))


def _check_room(count: int) -> None:
    if count >= MOST:
        raise Conflict(_("You have {most} passkeys already. Please remove one first.", most=MOST))


def _label(value: str) -> str:
    checks = Checks()
    clean = checks.text("", "label", value, LONGEST_LABEL)
    checks.done(_("Please look at the fields that are named."))
    return clean
