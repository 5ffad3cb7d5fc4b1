"""The figures of a year, for a city's coordinators and a state's central navigators."""

import datetime as dt
from typing import Any, Self

import msgspec
import strawberry
from strawberry import ID, Info

from services.events import access
from services.events.graphql.parts import EventKind, Paper
from services.events.graphql.surveys import OptionResult, QuestionResult, SurveyQuestion
from services.events.graphql.types import SERVICE, City
from services.events.report import drawn, figures, reading
from services.kit.db import HUB
from services.kit.errors import Refused
from services.kit.i18n import gettext as _
from services.kit.resolvers import here, who


def _values(one: msgspec.Struct, *without: str) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(one).items() if name not in without}


@strawberry.type(description="A year in numbers. All but guests, cities and events count people of the place.")
class ReportTotals:
    events: int
    cancelled: int
    cities: int = strawberry.field(description="Cities whose people were there.")
    registered: int
    attended: int = strawberry.field(description="Who had a place and is not noted as missing, once for each event.")
    unnoted: int = strawberry.field(description="Of those who attended: of whom nobody noted whether they came.")
    people: int = strawberry.field(description="Who attended, each once.")
    hours: float = strawberry.field(description="Of the agendas, for each who attended.")
    guests: int = strawberry.field(description="People of other places who attended the same events.")
    contacts: int = strawberry.field(description="Pairs of people of two cities who sat at one table, each once.")
    ideas: int
    sessions: int
    actions: int
    actions_done: int
    projects_proposed: int
    projects: int = strawberry.field(description="Ideas that a city took as projects of its own.")


@strawberry.type
class ReportKind:
    kind: EventKind
    events: int
    before: int = strawberry.field(description="In the year before.")


@strawberry.type
class ReportEvent:
    id: ID
    kind: EventKind
    title: str
    hashtag: str
    date: dt.date
    host: City
    registered: int
    attended: int
    own: int = strawberry.field(description="Those of the place who attended.")


@strawberry.type
class ReportModule:
    title: str
    times: int = strawberry.field(description="How often it was held; 0 for one that a programme planned.")
    attended: int


@strawberry.type
class ReportCity:
    city: City
    name: str
    registered: int
    attended: int
    people: int
    hours: float
    contacts: int


@strawberry.type(description="Two cities, and how many pairs of their people met.")
class ReportContact:
    cities: list[City]
    pairs: int


def _contact(one: figures.Contact) -> ReportContact:
    return ReportContact(cities=[City(ags=ID(one.one)), City(ags=ID(one.other))], pairs=one.pairs)


@strawberry.type(description="A survey that five people at least answered, without what they wrote.")
class ReportSurvey:
    title: str
    event: str
    date: dt.date
    answers: int
    questions: list[SurveyQuestion]
    results: list[QuestionResult] = strawberry.field(description="In the order of the questions.")

    @classmethod
    def of(cls, one: figures.SurveyFigures) -> Self:
        return cls(
            title=one.title, event=one.event, date=one.date, answers=one.answers,
            questions=[SurveyQuestion.of(asked.question) for asked in one.questions],
            results=[QuestionResult.of(asked.question.kind, asked.tally) for asked in one.questions],
        )  # fmt: skip


@strawberry.type
class ReportVoteLine:
    title: str
    points: list[int] = strawberry.field(description="In each criterion.")
    total: int
    rank: int
    decided: str = strawberry.field(description="What gave the rank: TOTAL, CRITERION, LOT or SHARED.")
    remark: str = strawberry.field(description="What an imported result prints otherwise than its points give.")


@strawberry.type
class ReportVote:
    title: str
    event: str
    date: dt.date
    criteria: list[str]
    lines: list[ReportVoteLine]
    entitled: int | None
    voted: int | None
    source: str


@strawberry.type
class ReportProject:
    title: str
    city: str
    event: str


@strawberry.type
class ReportQuote:
    text: str
    name: str = strawberry.field(description="Empty for who wanted to be quoted with their city alone.")
    city: str


@strawberry.type(description="A drawing with the words and the table that belong beside it.")
class ReportChart:
    name: str
    title: str
    alt: str
    svg: str
    header: list[str]
    rows: list[list[str]] = strawberry.field(description="As texts in the language of the request.")


@strawberry.type(description="A year of a city or a state. Lists are capped, totals are not.")
class AnnualReport:
    found: strawberry.Private[figures.Report]
    year: int
    name: str = strawberry.field(description="Of the city or state.")
    until: dt.date = strawberry.field(description="The last day that counts.")
    surveys_too_small: int = strawberry.field(description="Surveys that fewer than five people answered.")
    votes_too_small: int = strawberry.field(description="Votes in which fewer than five people voted.")

    @strawberry.field
    def totals(self) -> ReportTotals:
        return ReportTotals(**_values(self.found.totals))

    @strawberry.field(description="The same of the year before.")
    def before(self) -> ReportTotals:
        return ReportTotals(**_values(self.found.before))

    @strawberry.field
    def kinds(self) -> list[ReportKind]:
        return [ReportKind(kind=EventKind(one.kind), events=one.events, before=one.before) for one in self.found.kinds]

    @strawberry.field(description="By date.")
    def events(self) -> list[ReportEvent]:
        return [
            ReportEvent(
                id=ID(one.id), kind=EventKind(one.kind), host=City(ags=ID(one.host)),
                **_values(one, "id", "kind", "host"),
            )
            for one in self.found.events
        ]  # fmt: skip

    @strawberry.field
    def modules(self) -> list[ReportModule]:
        return [ReportModule(**_values(one)) for one in self.found.modules]

    @strawberry.field(description="Those of which most attended first.")
    def cities(self) -> list[ReportCity]:
        return [ReportCity(city=City(ags=ID(one.ags)), **_values(one, "ags")) for one in self.found.cities]

    @strawberry.field(description="Those who met most first.")
    def contacts(self) -> list[ReportContact]:
        return [_contact(one) for one in self.found.contacts]

    @strawberry.field
    def surveys(self) -> list[ReportSurvey]:
        return [ReportSurvey.of(one) for one in self.found.surveys]

    @strawberry.field(description="Wishes for modules of all surveys together, most votes first.")
    def wishes(self) -> list[OptionResult]:
        return [
            OptionResult(label=one.label, votes=one.votes, rank=one.rank, tied=one.tied) for one in self.found.wishes
        ]

    @strawberry.field
    def votes(self) -> list[ReportVote]:
        return [
            ReportVote(
                **_values(one, "criteria", "lines"),
                criteria=list(one.criteria),
                lines=[ReportVoteLine(**_values(each, "points"), points=list(each.points)) for each in one.lines],
            )
            for one in self.found.votes
        ]

    @strawberry.field(description="Ideas that cities took as projects of their own.")
    def projects(self) -> list[ReportProject]:
        return [ReportProject(**_values(one)) for one in self.found.projects]

    @strawberry.field(description="Chosen by organisers, of people of the place who agreed to it.")
    def quotes(self) -> list[ReportQuote]:
        return [ReportQuote(**_values(one)) for one in self.found.quotes]

    @strawberry.field
    def charts(self) -> list[ReportChart]:
        return [
            ReportChart(
                name=one.name, title=one.title, alt=one.alt, svg=one.svg, header=list(one.header),
                rows=[list(row) for row in one.rows],
            )
            for one in drawn.charts_of(self.found)
        ]  # fmt: skip

    @strawberry.field(description="The report as PDF/UA-1 and PDF/A-2a.")
    def paper(self, info: Info[Any, Any]) -> Paper:
        base = f"{here(info, SERVICE).settings.url_of(SERVICE)}/events/reports/{self.found.place.key}/{self.year}"
        return Paper(
            name="report.pdf",
            media_type="application/pdf",
            url=f"{base}/report.pdf",
            public=False,
            organiser_only=False,
        )


@strawberry.type(description="A city, and with how many people of other cities its people met.")
class CityContactCount:
    city: City
    name: str
    contacts: int


@strawberry.type(description="Between which cities people met in a year; pairs of people, each once.")
class CityContacts:
    total: int
    cities: list[CityContactCount] = strawberry.field(description="Those with most contacts first.")
    between: list[ReportContact] = strawberry.field(description="Those who met most first, at most 1,000.")


@strawberry.type
class ReportQuery:
    @strawberry.field(
        description="The network of contacts between the cities of a state (two digits) and others, as in its annual "
        "report: for its central navigators."
    )
    async def city_contacts(self, info: Info[Any, Any], state: ID, year: int) -> CityContacts:
        access.may_report(who(info), str(state))
        runtime = here(info, SERVICE)
        await runtime.refresh()
        async with runtime.db.read(HUB) as session:
            found = await reading.between(session, await reading.place(session, str(state)), year)
        ranked = sorted(found.cities.items(), key=lambda one: (-one[1], one[0]))
        return CityContacts(
            total=found.total,
            cities=[
                CityContactCount(city=City(ags=ID(ags)), name=found.names.get(ags, ags), contacts=count)
                for ags, count in ranked
            ],
            between=[_contact(one) for one in found.between],
        )

    @strawberry.field(
        description="What happened in a year, compared with the one before: of a city (`ags`), for its coordinators "
        "and programs, or of a state (two digits), for its central navigators, who see its cities too."
    )
    async def annual_report(
        self, info: Info[Any, Any], year: int, ags: ID | None = None, state: ID | None = None
    ) -> AnnualReport:
        if (ags is None) == (state is None):
            raise Refused(_("Name either a city or a state."))
        key = str(ags if ags is not None else state)
        access.may_report(who(info), key)
        runtime = here(info, SERVICE)
        await runtime.refresh()
        async with runtime.db.read(HUB) as session:
            found = await reading.report(session, await reading.place(session, key), year)
        return AnnualReport(
            found=found,
            year=year,
            name=found.place.name,
            until=found.until,
            surveys_too_small=found.surveys_too_small,
            votes_too_small=found.votes_too_small,
        )
