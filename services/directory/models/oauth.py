"""The authorization server's tables. Secrets, codes and tokens are kept as hashes only."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.directory.models.base import Base


class Client(Base):
    """An OAuth client (RFC 6749, 7591). Its secrets are long and random, so a fast hash serves.

    `status` is pending, active, rejected, suspended or withdrawn. `method` is how it authenticates:
    private_key_jwt, client_secret_basic or none.
    """

    __tablename__ = "client"
    __table_args__ = (Index("ix_client_ags_status", "ags", "status"),)
    client_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    status: Mapped[str]
    ags: Mapped[str | None]
    """The city it acts for; a client of the operator has none. No key to `city`: it registers before it publishes."""
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    method: Mapped[str]
    secret_hash: Mapped[str | None]
    jwks: Mapped[dict[str, Any] | None]
    """Public keys: as registered, or as last read from `jwks_uri`."""
    jwks_uri: Mapped[str | None]
    jwks_read_at: Mapped[datetime | None]
    grant_types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    redirect_uris: Mapped[list[str]] = mapped_column(ARRAY(Text))
    details: Mapped[dict[str, Any]]
    """What else RFC 7591 lets it say of itself: contacts, client_uri, logo_uri, policy_uri, tos_uri, software_…"""
    management_hash: Mapped[str | None]
    """Of the registration access token (RFC 7592)."""
    issuer: Mapped[str | None]
    """The OpenID provider through which the city's people shall log in."""
    agreement: Mapped[str | None]
    """The version of the processor agreement (Art. 28 GDPR) that was accepted with the registration."""
    agreed_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SigningKey(Base):
    """A key that signs access tokens; the private part is sealed with a secret that the database does not know."""

    __tablename__ = "signing_key"
    kid: Mapped[str] = mapped_column(primary_key=True)
    public: Mapped[dict[str, Any]]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    signs_from: Mapped[datetime] = mapped_column(server_default=func.now())
    """Later than `created_at`, so that everybody has read the key before it signs."""
    retired_at: Mapped[datetime | None]


class Assertion(Base):
    """A client assertion (RFC 7523) that was used; until it runs out it must not come again."""

    __tablename__ = "assertion"
    client_id: Mapped[str] = mapped_column(
        ForeignKey("directory.client.client_id", ondelete="CASCADE"), primary_key=True
    )
    jti_hash: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Consent(Base):
    """What a person has allowed a client to do in their name."""

    __tablename__ = "consent"
    account_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("directory.account.id", ondelete="CASCADE"), primary_key=True
    )
    client_id: Mapped[str] = mapped_column(
        ForeignKey("directory.client.client_id", ondelete="CASCADE"), primary_key=True
    )
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Grant(Base):
    """What one authorization code led to: the family of its refresh tokens and all their access tokens."""

    __tablename__ = "oauth_grant"
    __table_args__ = (Index("ix_oauth_grant_account_id_client_id", "account_id", "client_id"),)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("directory.client.client_id", ondelete="CASCADE"), index=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("directory.account.id", ondelete="CASCADE"))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    resource: Mapped[str | None]
    auth_time: Mapped[datetime]
    amr: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    reason: Mapped[str | None]


class AuthorizationCode(Base):
    __tablename__ = "authorization_code"
    code_hash: Mapped[str] = mapped_column(primary_key=True)
    grant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("directory.oauth_grant.id", ondelete="CASCADE"), index=True)
    redirect_uri: Mapped[str]
    challenge: Mapped[str]
    """PKCE (RFC 7636), always S256."""
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class RefreshToken(Base):
    __tablename__ = "refresh_token"
    token_hash: Mapped[str] = mapped_column(primary_key=True)
    grant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("directory.oauth_grant.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
