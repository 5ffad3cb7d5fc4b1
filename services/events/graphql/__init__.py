"""The events' subgraph: it owns Event and adds the events to a City."""

from typing import Any

import strawberry
from strawberry import ID, Info
from strawberry.federation import Schema
from strawberry.tools import merge_types

from services.events.graphql import calendars, modules, registration, series, templates
from services.events.graphql.actions import ActionMutation, ActionQuery
from services.events.graphql.announcements import AnnouncementMutation
from services.events.graphql.cards import CardMutation
from services.events.graphql.certificates import CertificateMutation, CertificateQuery
from services.events.graphql.changing import Mutation
from services.events.graphql.contacts import ContactMutation, ContactQuery
from services.events.graphql.importing import ImportMutation, ImportQuery
from services.events.graphql.live import LiveMutation, LiveQuery, LiveSubscription
from services.events.graphql.openspace.asking import OpenSpaceQuery, OpenSpaceSubscription
from services.events.graphql.openspace.organising import Organising
from services.events.graphql.openspace.taking_part import TakingPart
from services.events.graphql.parts import EventKind
from services.events.graphql.qualification import QualificationQuery
from services.events.graphql.report import ReportQuery
from services.events.graphql.surveys import SurveyMutation, SurveyQuery
from services.events.graphql.types import City, Event, From, Until, event_of, event_page
from services.events.graphql.voices import VoiceMutation, VoiceQuery
from services.events.graphql.votes import VoteMutation, VoteQuery, VoteSubscription
from services.kit.graphql import FEDERATION_VERSION, Connection

__all__ = ["schema"]


@strawberry.type
class Query:
    @strawberry.field
    async def event(self, info: Info[Any, Any], id: ID) -> Event | None:
        return await event_of(info, id)

    @strawberry.field(
        description="Events, newest first, or oldest with `soonest`; of one city (AGS) or state (two digits) if given."
    )
    async def events(
        self,
        info: Info[Any, Any],
        city: ID | None = None,
        first: int = 20,
        after: str | None = None,
        kind: EventKind | None = None,
        since: From = None,
        until: Until = None,
        state: ID | None = None,
        soonest: bool = False,
    ) -> Connection[Event]:
        return await event_page(info, first, after, city, kind, since, until, state, soonest)


schema = Schema(
    query=merge_types(
        "Query",
        (
            Query,
            modules.Query,
            templates.Query,
            calendars.Query,
            registration.Query,
            LiveQuery,
            OpenSpaceQuery,
            SurveyQuery,
            VoiceQuery,
            CertificateQuery,
            ImportQuery,
            ReportQuery,
            VoteQuery,
            ActionQuery,
            ContactQuery,
            QualificationQuery,
        ),
    ),
    mutation=merge_types(
        "Mutation",
        (
            Mutation,
            series.Mutation,
            modules.Mutation,
            templates.Mutation,
            calendars.Mutation,
            registration.Mutation,
            LiveMutation,
            TakingPart,
            Organising,
            SurveyMutation,
            VoiceMutation,
            CertificateMutation,
            ImportMutation,
            VoteMutation,
            ActionMutation,
            ContactMutation,
            CardMutation,
            AnnouncementMutation,
        ),
    ),
    subscription=merge_types("Subscription", (LiveSubscription, OpenSpaceSubscription, VoteSubscription)),
    types=[City],
    federation_version=FEDERATION_VERSION,
)
