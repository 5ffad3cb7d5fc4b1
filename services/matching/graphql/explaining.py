"""Why this table, through GraphQL."""

from typing import Any, Self

import msgspec
import strawberry
from strawberry import ID, Info

from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext
from services.kit.resolvers import who
from services.matching import access
from services.matching.graphql.advising import TopicFit
from services.matching.graphql.answers import City, Navigator, Topic
from services.matching.graphql.plans import visible
from services.matching.problem import model_of
from services.matching.question import Question
from services.matching.solver import reasons


@strawberry.type(description="Somebody at the same table, and what the two have to say to each other.")
class Companion:
    row: strawberry.Private[reasons.Companion]
    navigator: Navigator
    city: City
    affinity: float = strawberry.field(description="What this meeting adds; 0 where the two met in an earlier round.")
    again: bool = strawberry.field(description="The two met in an earlier round.")
    wished: bool | None = strawberry.field(description="They were to meet; null but for the organiser.")
    met_before: float | None = strawberry.field(
        description="How often at earlier days, which count half after a year; null but for the organiser."
    )

    @classmethod
    def of(cls, row: reasons.Companion, *, organiser: bool) -> Self:
        return cls(
            row=row,
            navigator=Navigator.of(row.key),
            city=City(ags=ID(row.city)),
            affinity=row.gain,
            again=bool(row.before),
            wished=row.wished if organiser else None,
            met_before=row.earlier if organiser else None,
        )

    @strawberry.field(description="What they offer and the person seeks, the best first; at most five.")
    def takes(self) -> list[TopicFit]:
        return [TopicFit.of(fit) for fit in self.row.talk.takes]

    @strawberry.field(description="What the person offers and they seek, the best first; at most five.")
    def gives(self) -> list[TopicFit]:
        return [TopicFit.of(fit) for fit in self.row.talk.gives]

    @strawberry.field(description="What both work on; at most five.")
    def both(self) -> list[Topic]:
        return [Topic(code=ID(code)) for code in self.row.talk.both]

    @strawberry.field(description="Fields that both have to do with, where there is nothing better; at most five.")
    def fields(self) -> list[Topic]:
        return [Topic(code=ID(code)) for code in self.row.talk.fields]


@strawberry.type(description="Why a person sits at a table in a round; both count from 1.")
class SeatReason:
    row: strawberry.Private[reasons.Reason]
    round: int
    table: int
    topic: Topic | None
    interest: float = strawberry.field(
        description="In the table's topic: 1 where the person named it or one below it, 0.5 where one of its field."
    )
    hosts: bool = strawberry.field(description="The person stays at this table as its host.")
    others: int = strawberry.field(description="How many others sit there.")
    affinity: float = strawberry.field(description="What all meetings at the table add for the person.")
    company: list[Companion] = strawberry.field(description="Those to whom it matters most, at most ten.")

    @classmethod
    def of(cls, row: reasons.Reason, *, organiser: bool) -> Self:
        return cls(
            row=row,
            round=row.round + 1,
            table=row.table + 1,
            topic=Topic(code=ID(row.topic)) if row.topic else None,
            interest=row.interest,
            hosts=row.hosts,
            others=row.others,
            affinity=row.gain,
            company=[Companion.of(one, organiser=organiser) for one in row.company],
        )

    @strawberry.field(description="In sentences for people, the weightiest first; may be empty.")
    def sentences(self) -> list[str]:
        new = [one.talk for one in self.row.company if not one.before]
        takes, gives, both = (
            sum(bool(part) for part in parts)
            for parts in ([t.takes for t in new], [t.gives for t in new], [t.both for t in new])
        )
        found = [
            _("You are the host of this table.") if self.row.hosts else "",
            ngettext("One person here offers what you seek.", "{count} people here offer what you seek.", takes,
                     count=takes) if takes else "",
            ngettext("One person here seeks what you offer.", "{count} people here seek what you offer.", gives,
                     count=gives) if gives else "",
            ngettext("One person here works on the same topics.", "{count} people here work on the same topics.", both,
                     count=both) if both else "",
            _("The table's topic is one of yours.") if self.row.interest == 1 else "",
            _("The table's topic is close to yours.") if self.row.interest == 0.5 else "",
        ]  # fmt: skip
        return [sentence for sentence in found if sentence]


@strawberry.type
class ReasonQuery:
    @strawberry.field(
        description="Why the plan seats this person where it does, round by round; empty while the plan is not done, "
        "for people whom it does not seat, and where the caller may not see the plan."
    )
    async def why_this_table(self, info: Info[Any, Any], plan: ID, navigator: ID) -> list[SeatReason]:
        found = await visible(info, plan)
        if found is None or found[0].answer is None:
            return []
        row, event = found
        answer: dict[str, Any] = found[0].answer
        model = model_of(msgspec.convert(row.question, Question))
        grounds = reasons.Grounds.of(model, answer["plan"], answer["table_topics"])
        if navigator not in grounds.keys:
            return []
        organiser = access.organises(who(info), event)
        return [SeatReason.of(one, organiser=organiser) for one in reasons.why(grounds, navigator)]
