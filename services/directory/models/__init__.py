"""The directory's tables."""

from services.directory.models.base import Base
from services.directory.models.candidates import Candidate, NavigatorCall, SelfAssessment, SharedAssessment
from services.directory.models.cards import ProjectPartner, ProjectPartnerNavigator, ProposedProject
from services.directory.models.network import (
    Care,
    DailyCount,
    Draft,
    Harvest,
    Once,
    Partnership,
    QuotaRule,
)
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
from services.directory.models.protection import Erased, OwnWord, Told
from services.directory.models.published import (
    City,
    Department,
    Navigator,
    NavigatorTopic,
    Project,
    ProjectNavigator,
    ProjectTopic,
    Publication,
    Source,
)
from services.directory.models.vocabulary import Municipality, Topic, TopicProposal
from services.directory.models.words import KnownWord

__all__ = [
    "Account",
    "Assertion",
    "AuditEntry",
    "AuthorizationCode",
    "Base",
    "Candidate",
    "Care",
    "City",
    "Client",
    "Consent",
    "DailyCount",
    "Department",
    "Draft",
    "Erased",
    "Grant",
    "Harvest",
    "Identity",
    "KnownWord",
    "LoginFlow",
    "LoginLink",
    "LoginSession",
    "Municipality",
    "Navigator",
    "NavigatorCall",
    "NavigatorTopic",
    "Once",
    "OwnWord",
    "Partnership",
    "Passkey",
    "Project",
    "ProjectNavigator",
    "ProjectPartner",
    "ProjectPartnerNavigator",
    "ProjectTopic",
    "ProposedProject",
    "Provider",
    "Publication",
    "QuotaRule",
    "RefreshToken",
    "RoleGrant",
    "SelfAssessment",
    "SharedAssessment",
    "SigningKey",
    "Source",
    "Told",
    "Topic",
    "TopicProposal",
]
