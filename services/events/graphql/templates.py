"""Events to start from: templates, and earlier ones."""

import datetime as dt
import enum
from typing import Any

import strawberry
from strawberry import ID, Info

from services.events import draft, templates, timetable, trips
from services.events.graphql.changing import created
from services.events.graphql.parts import EventKind
from services.events.graphql.types import SERVICE, Event
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here, who


@strawberry.enum
class EventTemplateName(enum.Enum):
    LEARNING_TRIP = "LEARNING_TRIP"
    OPEN_SPACE = "OPEN_SPACE"
    MODULE = "MODULE"
    REVIEW = "REVIEW"


@strawberry.enum(description="For whom a line of a template's agenda is.")
class Party(enum.Enum):
    HOST = "HOST"
    GUESTS = "GUESTS"


@strawberry.type
class TemplateItem:
    starts: str
    ends: str | None
    title: str
    details: list[str]
    party: Party | None = strawberry.field(description="Null: for everybody.")
    responsible: str


@strawberry.type
class TemplateRounds:
    starts: str
    count: int
    tables: int
    minutes: int
    break_minutes: int


@strawberry.type(description="An event as it is often held, in the language of the request, to start from.")
class EventTemplate:
    name: EventTemplateName
    title: str
    kind: EventKind
    guiding_questions: list[str]
    agenda: list[TemplateItem]
    rounds: TemplateRounds | None

    @classmethod
    def of(cls, name: str, template: templates.Template) -> "EventTemplate":
        rounds = template.rounds
        return cls(
            name=EventTemplateName(name),
            title=template.title,
            kind=EventKind(template.kind),
            guiding_questions=list(template.questions),
            agenda=[
                TemplateItem(
                    starts=entry.starts,
                    ends=entry.ends,
                    title=entry.title,
                    details=list(entry.details),
                    party=Party(entry.party) if entry.party else None,
                    responsible=entry.responsible,
                )
                for entry in template.agenda
            ],
            rounds=TemplateRounds(
                starts=rounds.starts,
                count=rounds.count,
                tables=rounds.tables,
                minutes=rounds.minutes,
                break_minutes=rounds.break_minutes,
            )
            if rounds
            else None,
        )


@strawberry.type
class Query:
    @strawberry.field(description="Events as they are often held, in the language of the request.")
    def event_templates(self) -> list[EventTemplate]:
        return [EventTemplate.of(name, make()) for name, make in templates.TEMPLATES.items()]


@strawberry.type
class Mutation:
    @strawberry.mutation(
        description="A new event from a template, in the language of the request. `starts` (HH:MM) is when its first "
        "item begins; all others follow."
    )
    async def create_event_from_template(
        self,
        info: Info[Any, Any],
        template: EventTemplateName,
        date: dt.date,
        host: ID,
        guests: list[ID],
        title: str | None = None,
        starts: str | None = None,
    ) -> Event:
        draft.few("guests", len(guests), draft.MOST_CITIES)
        made = templates.TEMPLATES[template.value]()
        return await created(info, templates.draft(made, date, host, guests, title=title, starts=starts))

    @strawberry.mutation(
        description="An earlier event once more on another day, with other cities or a title if given: everything "
        "but its people, its confirmed plan and its online link."
    )
    async def copy_event(
        self,
        info: Info[Any, Any],
        event: ID,
        date: dt.date,
        host: ID | None = None,
        guests: list[ID] | None = None,
        title: str | None = None,
    ) -> Event:
        runtime, key = here(info, SERVICE), as_uuid(event)
        async with runtime.db.read(who(info).acting) as session:
            row = (await trips.by_id(session, [key]))[0] if key else None
            if row is None:
                raise NotFound(_("There is no such event."))
            earlier = await timetable.draft_of(session, row)
        return await created(info, templates.copied(earlier, date, host, guests, title))
