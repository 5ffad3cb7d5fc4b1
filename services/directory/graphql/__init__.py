"""The directory's subgraph: it owns City, Navigator, Project and Topic."""

import enum
from typing import Any

import strawberry
from strawberry import ID, Info
from strawberry.federation import Schema
from strawberry.tools import merge_types

from services.directory import access, register, search
from services.directory.filters import Filters, checked
from services.directory.graphql.assessments import AssessmentMutation, AssessmentQuery
from services.directory.graphql.candidates import CandidateMutation, CandidateQuery
from services.directory.graphql.changes import ChangeMutation
from services.directory.graphql.circulars import CircularMutation, CircularQuery
from services.directory.graphql.finding import FindingQuery
from services.directory.graphql.harvest import HarvestMutation, HarvestQuery
from services.directory.graphql.history import HistoryMutation, HistoryQuery
from services.directory.graphql.municipalities import Municipality
from services.directory.graphql.partnerships import PartnershipMutation
from services.directory.graphql.projects import CardMutation, CardQuery
from services.directory.graphql.protection import ProtectionQuery
from services.directory.graphql.publish import Mutation
from services.directory.graphql.registrations import RegistrationMutation, RegistrationQuery
from services.directory.graphql.stateview import StateMutation, StateQuery
from services.directory.graphql.types import (
    SERVICE,
    City,
    Navigator,
    Project,
    Topic,
    city_of,
    navigator_of,
    navigator_page,
    project_of,
    project_page,
    topic_of,
)
from services.directory.graphql.vocabulary import VocabularyMutation, VocabularyQuery
from services.directory.graphql.words import Profile, SizeClass, Stage
from services.kit.errors import Refused
from services.kit.graphql import FEDERATION_VERSION, Connection, decode_cursor, encode_cursor, page_size
from services.kit.i18n import gettext as _
from services.kit.resolvers import read

MOST_TOPICS = 500
"""The whole vocabulary fits into one page."""


@strawberry.type
class Query:
    @strawberry.field(description="The city with this AGS; null if it has not published.")
    async def city(self, info: Info[Any, Any], ags: ID) -> City | None:
        return await city_of(info, access.checked_ags(ags))

    @strawberry.field(description="Cities by name; by words, state (two digits) and size.")
    async def cities(
        self,
        info: Info[Any, Any],
        text: str | None = None,
        state: str | None = None,
        size_class: SizeClass | None = None,
        first: int = 50,
        after: str | None = None,
    ) -> Connection[City]:
        place, more = decode_cursor(after, 2), checked(Filters(state=state, size_class=_plain(size_class)))
        async with read(info, SERVICE) as session:
            rows = await search.cities(session, page_size(first) + 1, after=place, text=text, more=more)
        return Connection.of(
            [City.of(row) for row in rows], lambda node: encode_cursor(node.row.sort_key, str(node.ags)), first, after
        )

    @strawberry.field(description="The official register by name; by words, postal code, key, and state (two digits).")
    async def municipalities(
        self,
        info: Info[Any, Any],
        text: str | None = None,
        state: str | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> Connection[Municipality]:
        place = decode_cursor(after, 2)
        async with read(info, SERVICE) as session:
            rows = await register.find(session, page_size(first) + 1, after=place, text=text, state=state)
        return Connection.of(
            [Municipality.of(row) for row in rows],
            lambda node: encode_cursor(node.sort_key, str(node.ags)),
            first,
            after,
        )

    @strawberry.field
    async def navigator(self, info: Info[Any, Any], id: ID) -> Navigator | None:
        return await navigator_of(info, id)

    @strawberry.field(
        description="Navigators by topic, also one they offer or seek (narrower ones too), city (AGS), state (two "
        "digits), size of the city, profile, language, whether they coordinate, and words."
    )
    async def navigators(
        self,
        info: Info[Any, Any],
        topic: ID | None = None,
        city: ID | None = None,
        text: str | None = None,
        state: str | None = None,
        size_class: SizeClass | None = None,
        profile: Profile | None = None,
        language: str | None = None,
        offers: ID | None = None,
        seeks: ID | None = None,
        coordinator: bool | None = None,
        first: int = 50,
        after: str | None = None,
    ) -> Connection[Navigator]:
        more = Filters(
            state=state,
            size_class=_plain(size_class),
            profile=_plain(profile),
            language=language,
            offers=offers,
            seeks=seeks,
            coordinator=coordinator,
        )
        return await navigator_page(info, first, after, topic=topic, city=city, text=text, more=more)

    @strawberry.field
    async def project(self, info: Info[Any, Any], id: ID) -> Project | None:
        return await project_of(info, id)

    @strawberry.field(
        description="Projects by topic (narrower ones too), city (AGS), state (two digits), size of the city, stage, "
        "words, and whether they seek partners or a place to test."
    )
    async def projects(
        self,
        info: Info[Any, Any],
        topic: ID | None = None,
        city: ID | None = None,
        text: str | None = None,
        seeks_partners: bool | None = None,
        seeks_test_area: bool | None = None,
        stage: Stage | None = None,
        state: str | None = None,
        size_class: SizeClass | None = None,
        first: int = 50,
        after: str | None = None,
    ) -> Connection[Project]:
        more = Filters(state=state, size_class=_plain(size_class), stage=_plain(stage), seeks_test_area=seeks_test_area)
        return await project_page(
            info, first, after, topic=topic, city=city, text=text, seeks_partners=seeks_partners, more=more
        )

    @strawberry.field(description="The vocabulary in the order of its tree; by words and synonyms if given.")
    async def topics(
        self, info: Info[Any, Any], text: str | None = None, first: int = MOST_TOPICS, after: str | None = None
    ) -> Connection[Topic]:
        place = decode_cursor(after, 1)
        if place is not None and not place[0].isdecimal():
            raise Refused(_("„after“ is not a cursor of this list."))
        behind = int(place[0][:9]) if place else None
        async with read(info, SERVICE) as session:
            rows = await search.topics(session, page_size(first, MOST_TOPICS) + 1, behind, text)
        return Connection.of(
            [Topic.of(row) for row in rows], lambda topic: encode_cursor(str(topic.row.position)), first, after
        )

    @strawberry.field(description="The topic with this code; null if the vocabulary has none.")
    async def topic(self, info: Info[Any, Any], code: ID) -> Topic | None:
        return await topic_of(info, code)


def _plain(value: enum.Enum | None) -> str | None:
    return None if value is None else str(value.value)


schema = Schema(
    query=merge_types(
        "Query",
        (
            Query,
            RegistrationQuery,
            HarvestQuery,
            HistoryQuery,
            ProtectionQuery,
            StateQuery,
            VocabularyQuery,
            FindingQuery,
            CardQuery,
            CandidateQuery,
            AssessmentQuery,
            CircularQuery,
        ),
    ),
    mutation=merge_types(
        "Mutation",
        (
            Mutation,
            ChangeMutation,
            HarvestMutation,
            HistoryMutation,
            PartnershipMutation,
            RegistrationMutation,
            StateMutation,
            VocabularyMutation,
            CardMutation,
            CandidateMutation,
            AssessmentMutation,
            CircularMutation,
        ),
    ),
    types=[Topic],
    federation_version=FEDERATION_VERSION,
)
