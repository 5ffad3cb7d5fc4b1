"""People who log in: accounts, how they prove who they are, what they may do, and what was done."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, Text, func, true
from sqlalchemy import Identity as Counter
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.directory.models.base import Base


class Account(Base):
    """A person of an organisation: `org` is a city's AGS, a state's two digits, or `hub` for operators."""

    __tablename__ = "account"
    __table_args__ = (Index("ix_account_org_email", "org", "email"),)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    org: Mapped[str]
    name: Mapped[str]
    email: Mapped[str | None]
    """Where links and notices go; never who somebody is."""
    language: Mapped[str] = mapped_column(server_default="de")
    circulars: Mapped[bool] = mapped_column(server_default=true())
    """Whether they want circulars that are not about their duties."""
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime | None]


class Identity(Base):
    """Who somebody is at a provider: the pair of issuer and subject (OpenID Connect Core 5.7), nothing else."""

    __tablename__ = "identity"
    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("directory.account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Passkey(Base):
    """A WebAuthn credential."""

    __tablename__ = "passkey"
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("directory.account.id", ondelete="CASCADE"), index=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)  # 32 bits without a sign
    transports: Mapped[list[str]] = mapped_column(ARRAY(Text))
    label: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime | None]


class RoleGrant(Base):
    """A role somebody has: coordinator, editor or navigator of a city, central of a state, operator of the hub.

    `at` is the AGS, the state's two digits, or empty. `source` is `provider` where a claim said so at the last login.
    """

    __tablename__ = "role_grant"
    account_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("directory.account.id", ondelete="CASCADE"), primary_key=True
    )
    role: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    granted_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Provider(Base):
    """The OpenID provider of an organisation. It speaks for the people of `org` and of no other."""

    __tablename__ = "provider"
    __table_args__ = (Index("ix_provider_issuer_client_id", "issuer", "client_id"),)
    org: Mapped[str] = mapped_column(primary_key=True)
    issuer: Mapped[str]
    client_id: Mapped[str]
    sealed_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    role_claim: Mapped[str]
    roles: Mapped[dict[str, Any]]
    """From a value of the claim to a role's name."""
    default_role: Mapped[str | None]
    """What a person becomes at the first login whom no claim gives a role; None lets nobody in unasked."""
    strong: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """Values of `acr` or `amr` that stand for a second factor."""
    org_claim: Mapped[str | None]
    """Of a provider that serves several organisations as one client: the claim that tells their people apart."""
    org_value: Mapped[str | None]
    """What this claim says of the people of `org`."""
    discovered: Mapped[dict[str, Any] | None]
    """The provider's metadata as last read; None until it was read the first time."""
    jwks: Mapped[dict[str, Any] | None]
    asked_at: Mapped[datetime | None]
    """When it was last asked to be read."""
    read_at: Mapped[datetime | None]
    """When metadata and keys were last read well."""
    problem: Mapped[str | None]
    """Why the last reading failed, in words."""


class LoginSession(Base):
    """A browser in which somebody is logged in. The cookie is a signed token that names it."""

    __tablename__ = "login_session"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("directory.account.id", ondelete="CASCADE"), index=True)
    how: Mapped[str]
    """`provider`, `passkey` or `link`."""
    amr: Mapped[list[str]] = mapped_column(ARRAY(Text))
    browser: Mapped[str]
    """Such as „Firefox, Linux“: enough to recognise one's own, too little to follow anybody."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


class LoginFlow(Base):
    """A login that has begun: what only the same browser may finish, once.

    `kind` is `provider` (state, nonce, PKCE verifier), `link` (a mailed link was used here: its account may make a
    passkey), `passkey` or `new passkey` (a WebAuthn challenge).
    """

    __tablename__ = "login_flow"
    token_hash: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    browser_hash: Mapped[str]
    org: Mapped[str | None]
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("directory.account.id", ondelete="CASCADE"))
    secrets: Mapped[dict[str, Any]]
    onward: Mapped[str]
    """The path to go on with after the login."""
    expires_at: Mapped[datetime] = mapped_column(index=True)


class LoginLink(Base):
    """A link sent by mail that logs in once, to make a passkey."""

    __tablename__ = "login_link"
    token_hash: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("directory.account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class AuditEntry(Base):
    """Who did what for whom. Append-only; names people by their accounts, so that erasing one leaves nobody named."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_ags_id", "ags", "id"),
        Index("ix_audit_state_id", "state", "id"),
        {"info": {"append_only": True}},
    )
    id: Mapped[int] = mapped_column(Counter(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    actor: Mapped[str]
    """An account, a client, or `hub`."""
    action: Mapped[str]
    ags: Mapped[str | None]
    state: Mapped[str | None]
    """Two digits; whose central navigators may read it."""
    subject: Mapped[str]
    """Whom or what it was done to: a client, an account, a publication."""
    details: Mapped[dict[str, Any]]
