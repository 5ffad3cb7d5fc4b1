"""Proposing topics and deciding about them, through GraphQL."""

import datetime as dt
import enum
from typing import Any, Self

import strawberry
from strawberry import ID, Info

from services.directory import access, vocabulary
from services.directory import models as m
from services.directory.graphql.types import SERVICE, City, Topic, city_of, topic_of
from services.kit.db import HUB
from services.kit.errors import NotFound
from services.kit.graphql import Connection, encode_cursor, page_size
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here, moment_of, read, who


@strawberry.enum(description="Where a proposed topic stands.")
class TopicProposalStatus(enum.Enum):
    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    MERGED = "MERGED"
    DECLINED = "DECLINED"


@strawberry.enum(description="Accept as a topic of its own, as a synonym of another, or not.")
class TopicProposalDecision(enum.Enum):
    ACCEPT = "ACCEPT"
    MERGE = "MERGE"
    DECLINE = "DECLINE"


@strawberry.type(description="A topic that a city misses.")
class TopicProposal:
    id: ID
    ags: ID
    parent_code: strawberry.Private[str | None]
    code: strawberry.Private[str | None]
    de: str
    en: str
    synonyms: list[str]
    reason: str
    status: TopicProposalStatus
    answer: str
    at: dt.datetime
    decided_at: dt.datetime | None

    @classmethod
    def of(cls, row: m.TopicProposal) -> Self:
        return cls(
            id=ID(str(row.id)),
            ags=ID(row.ags),
            parent_code=row.parent,
            code=row.code,
            de=row.de,
            en=row.en,
            synonyms=list(row.synonyms),
            reason=row.reason,
            status=TopicProposalStatus(row.status),
            answer=row.answer,
            at=row.at,
            decided_at=row.decided_at,
        )

    @strawberry.field(description="Null if the city has not published yet.")
    async def city(self, info: Info[Any, Any]) -> City | None:
        return await city_of(info, str(self.ags))

    @strawberry.field(description="The topic that it shall stand below; null for a new field.")
    async def parent(self, info: Info[Any, Any]) -> Topic | None:
        return await topic_of(info, self.parent_code) if self.parent_code else None

    @strawberry.field(description="What became of it: the new topic, or the one whose synonym it is.")
    async def topic(self, info: Info[Any, Any]) -> Topic | None:
        return await topic_of(info, self.code) if self.code else None


@strawberry.type
class VocabularyQuery:
    @strawberry.field(description="Topics that your city, or those of your state, proposed; newest first.")
    async def topic_proposals(
        self, info: Info[Any, Any], status: TopicProposalStatus | None = None, first: int = 50, after: str | None = None
    ) -> Connection[TopicProposal]:
        place = moment_of(after)
        async with read(info, SERVICE) as session:
            rows = await vocabulary.listed(
                session, page_size(first) + 1, before=place, status=status.value if status else None
            )
        return Connection.of(
            [TopicProposal.of(row) for row in rows],
            lambda node: encode_cursor(node.at.isoformat(), str(node.id)),
            first,
            after,
        )


@strawberry.type
class VocabularyMutation:
    @strawberry.mutation(description="Propose a topic for your city; `parent` is the code that it shall stand below.")
    async def propose_topic(
        self,
        info: Info[Any, Any],
        de: str,
        en: str,
        parent: ID | None = None,
        synonyms: list[str] | None = None,
        reason: str = "",
    ) -> TopicProposal:
        runtime, asking = here(info, SERVICE), who(info)
        access.own_city(asking)
        proposal = vocabulary.Proposal(de, en, parent, tuple(synonyms or ()), reason)
        async with runtime.db.begin(asking.acting) as session:
            row = await vocabulary.propose(session, asking, proposal)
            await session.refresh(row)
        return TopicProposal.of(row)

    @strawberry.mutation(
        description="Accept as the new topic `code` (made from the English label if not given) below `parent` (as "
        "proposed if not given), merge as a synonym of `code`, or decline with an answer that the city reads."
    )
    async def decide_topic_proposal(
        self,
        info: Info[Any, Any],
        id: ID,
        decision: TopicProposalDecision,
        code: ID | None = None,
        parent: ID | None = None,
        answer: str = "",
    ) -> TopicProposal:
        runtime, asking, key = here(info, SERVICE), who(info), as_uuid(id)
        if key is None:
            raise NotFound(_("There is no such proposal."))
        said = vocabulary.Decision(decision.value, code or "", parent, answer)
        # The vocabulary is written by the hub alone; who may decide is asked of the proposal.
        async with runtime.db.begin(HUB) as session:
            row, messages = await vocabulary.decide(session, runtime, asking, key, said)
            await runtime.say(session, messages)
        return TopicProposal.of(row)

    @strawberry.mutation(
        description="Let `into` take the place of `code`, which stays understood; what cities published follows soon."
    )
    async def merge_topics(self, info: Info[Any, Any], code: ID, into: ID) -> Topic:
        runtime, asking = here(info, SERVICE), who(info)
        async with runtime.db.begin(HUB) as session:  # the vocabulary is written by the hub alone
            row, messages = await vocabulary.merge(session, runtime, asking, code, into)
            await runtime.say(session, messages)
        return Topic.of(row)
