"""The directory's tables."""

from services.directory.models.base import Base
from services.directory.models.oauth import (
    Assertion,
    AuthorizationCode,
    Client,
    Consent,
    Grant,
    RefreshToken,
    SigningKey,
)
from services.directory.models.people import (
    Account,
    AuditEntry,
    Identity,
    LoginFlow,
    LoginLink,
    LoginSession,
    Passkey,
    Provider,
    RoleGrant,
)
from services.directory.models.published import (
    City,
    Municipality,
    Navigator,
    NavigatorTopic,
    Project,
    ProjectNavigator,
    Publication,
    Topic,
)

__all__ = [
    "Account",
    "Assertion",
    "AuditEntry",
    "AuthorizationCode",
    "Base",
    "City",
    "Client",
    "Consent",
    "Grant",
    "Identity",
    "LoginFlow",
    "LoginLink",
    "LoginSession",
    "Municipality",
    "Navigator",
    "NavigatorTopic",
    "Passkey",
    "Project",
    "ProjectNavigator",
    "Provider",
    "Publication",
    "RefreshToken",
    "RoleGrant",
    "SigningKey",
    "Topic",
]
