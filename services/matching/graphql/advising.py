"""Advice through GraphQL: who could learn from whom, and which cities would do well to work together."""

from typing import Any, Self

import strawberry
from strawberry import ID, Info

from services.kit.errors import NotFound, Refused
from services.kit.graphql import page_size
from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext
from services.kit.rates import Rate
from services.kit.resolvers import as_uuid, here, read, who
from services.matching import access, partnering, rounds
from services.matching.graphql.answers import City, Navigator, Topic
from services.matching.graphql.plans import SERVICE
from services.matching.solver import partners
from services.matching.solver.fits import Fit

ADVICE = Rate("advice", 120, per=3600)


@strawberry.type(description="A topic that one offers and another seeks.")
class TopicFit:
    offered: Topic
    sought: Topic
    exact: bool = strawberry.field(description="Else the one topic lies above the other.")

    @classmethod
    def of(cls, fit: Fit) -> Self:
        return cls(offered=Topic(code=ID(fit.offered)), sought=Topic(code=ID(fit.sought)), exact=not fit.apart)


@strawberry.type(description="What a mentor could help with.")
class MentoringTopic:
    fit: TopicFit
    offers: bool = strawberry.field(description="Else the mentor works on it without seeking it.")


@strawberry.type(description="Somebody who is ahead on a topic, and somebody who seeks it.")
class MentoringPair:
    row: strawberry.Private[partners.Mentoring]
    mentor: Navigator
    mentee: Navigator
    other_city: bool = strawberry.field(description="The two come from different cities, which is preferred.")
    weight: float = strawberry.field(
        description="An exact topic that is offered counts 1; a near one, one that the mentor works on, and further "
        "topics count less; another city counts 0.4."
    )

    @classmethod
    def of(cls, row: partners.Mentoring) -> Self:
        return cls(
            row=row,
            mentor=Navigator(id=ID(row.mentor)),
            mentee=Navigator(id=ID(row.mentee)),
            other_city=row.elsewhere,
            weight=row.weight / 100,
        )

    @strawberry.field(description="What it is about, the best first; at most five.")
    def topics(self) -> list[MentoringTopic]:
        return [MentoringTopic(fit=TopicFit.of(one.fit), offers=one.offers) for one in self.row.helps]

    @strawberry.field(description="Why these two, in a sentence for people.")
    def reason(self) -> str:
        count = len(self.row.helps)
        if self.row.helps[0].offers:
            first = ngettext(
                "One offers what the other seeks ({count} topic).", "One offers what the other seeks ({count} topics).",
                count, count=count,
            )  # fmt: skip
        else:
            first = ngettext(
                "One works on what the other seeks ({count} topic).",
                "One works on what the other seeks ({count} topics).",
                count, count=count,
            )  # fmt: skip
        return f"{first} {_('They come from different cities.')}" if self.row.elsewhere else first


@strawberry.type(description="A city to work with.")
class PartnershipSuggestion:
    row: strawberry.Private[partners.Partnership]
    city: City
    like_size: float | None = strawberry.field(
        description="1 for as many inhabitants, 0 for ten times as many or few; null where a number is unknown."
    )
    score: float = strawberry.field(description="By which suggestions are ordered; of no meaning outside one answer.")

    @classmethod
    def of(cls, row: partners.Partnership) -> Self:
        return cls(row=row, city=City(ags=ID(row.other)), like_size=row.size, score=row.score)

    @strawberry.field(description="What the city asked about offers and this one seeks, the best first; at most five.")
    def gives(self) -> list[TopicFit]:
        return [TopicFit.of(fit) for fit in self.row.gives]

    @strawberry.field(description="What this city offers and the one asked about seeks, the best first; at most five.")
    def takes(self) -> list[TopicFit]:
        return [TopicFit.of(fit) for fit in self.row.takes]

    @strawberry.field(description="Why this city, in a sentence for people.")
    def reason(self) -> str:
        if self.row.gives and self.row.takes:
            first = _("Each offers what the other seeks.")
        elif self.row.gives:
            first = _("They seek what your people offer.")
        else:
            first = _("They offer what your people seek.")
        near = self.row.size is not None and self.row.size >= 0.5  # up to about three times as many people
        return f"{first} {_('Your cities are of like size.')}" if near else first


@strawberry.type
class AdviceQuery:
    @strawberry.field(
        description="Pairs for mentoring: one is ahead on a topic, the other seeks it, rather from another city, the "
        "best first. Among an event's participants; or, without an event, on a topic or what lies below it, each with "
        "somebody from your own city or state."
    )
    async def mentoring_pairs(
        self,
        info: Info[Any, Any],
        event: ID | None = None,
        topic: ID | None = None,
        mentees: int = 2,
        mentors: int = 1,
        first: int = 50,
    ) -> list[MentoringPair]:
        most, runtime, asking = page_size(first), here(info, SERVICE), who(info)
        if not (1 <= mentees <= partnering.MOST_PARTNERS and 1 <= mentors <= partnering.MOST_PARTNERS):
            raise Refused(_("Choose 1 to {most} mentees and mentors for each.", most=partnering.MOST_PARTNERS))
        place = access.own_place(asking) if event is None else None
        if place is not None and topic is None:
            raise Refused(_("Name an event or a topic."))
        await runtime.rates.take(ADVICE, asking.subject)
        async with read(info, SERVICE) as session:
            if place is not None and topic is not None:
                group = await partnering.around(session, place, topic)
            else:
                key = as_uuid(event or "")
                row = await rounds.event_by_id(session, key) if key else None
                if row is None or not access.may_see(asking, row):
                    raise NotFound(_("There is no such event."))
                group = await partnering.participants(session, row, topic)
        found = await partnering.pairs(group, topic, mentees, mentors)
        return [MentoringPair.of(pair) for pair in found.pairs[:most]]

    @strawberry.field(
        description="Cities that would do well to work with this one: each offers what the other seeks, rather of like "
        "size, the best first."
    )
    async def partnership_suggestions(
        self, info: Info[Any, Any], city: ID, first: int = 10
    ) -> list[PartnershipSuggestion]:
        most, runtime, asking = page_size(first), here(info, SERVICE), who(info)
        access.may_advise(asking, city)
        await runtime.rates.take(ADVICE, asking.subject)
        async with read(info, SERVICE) as session:
            topics, cities = await partnering.cities(session)
        return [PartnershipSuggestion.of(one) for one in await partnering.like(topics, cities, city, most)]
