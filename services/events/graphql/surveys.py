"""Surveys of an event, for organisers and for whoever has a personal link."""

import datetime as dt
import enum
import uuid
from typing import Any, Self

import strawberry
from strawberry import ID, Info

from services.events import access, surveys, trips
from services.events import models as m
from services.events.graphql.changing import own_event
from services.events.graphql.linked import whose
from services.events.graphql.types import SERVICE, City, Event
from services.events.surveys.questions import MOST_QUESTIONS, Answer, Draft, Question
from services.events.surveys.results import Tally
from services.events.surveys.templates import templates
from services.kit.db import HUB
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here, load, who


@strawberry.enum
class QuestionKind(enum.Enum):
    SCALE = "SCALE"
    CHOICE = "CHOICE"
    TEXT = "TEXT"
    FACTORS = "FACTORS"


@strawberry.enum(description="The five factors of a change.")
class ChangeFactor(enum.Enum):
    GOAL = "goal"
    PLAN = "plan"
    SKILLS = "skills"
    INCENTIVES = "incentives"
    RESOURCES = "resources"


@strawberry.enum(description="What comes of a change: a vision, or what follows from the factor that is missing.")
class ChangeOutcome(enum.Enum):
    VISION = "vision"
    CONFUSION = "confusion"
    SCATTER = "scatter"
    FEAR = "fear"
    STAGNATION = "stagnation"
    FRUSTRATION = "frustration"


@strawberry.type
class SurveyQuestion:
    kind: QuestionKind
    text: str
    options: list[str] = strawberry.field(description="Of a CHOICE.")
    most: int = strawberry.field(description="How many options may be chosen.")
    required: bool
    wishes: bool = strawberry.field(description="Whether its options are modules that people wish for.")

    @classmethod
    def of(cls, one: Question) -> Self:
        return cls(
            kind=QuestionKind(one.kind), text=one.text, options=list(one.options), most=one.most,
            required=one.required, wishes=one.wishes,
        )  # fmt: skip


@strawberry.type(description="Votes for an option, most first; as many votes share a rank, which `tied` says.")
class OptionResult:
    label: str
    votes: int
    rank: int
    tied: bool


@strawberry.type
class FactorResult:
    factor: ChangeFactor
    present: int = strawberry.field(description="How many find that the change has it.")


@strawberry.type
class OutcomeResult:
    outcome: ChangeOutcome
    count: int


@strawberry.type(description="What was answered; nothing where fewer than five people answered the question.")
class QuestionResult:
    answered: int
    mean: float | None
    scale: list[int] = strawberry.field(description="How often 1 to 5 were chosen.")
    options: list[OptionResult]
    factors: list[FactorResult]
    outcomes: list[OutcomeResult]
    texts: list[str]

    @classmethod
    def of(cls, kind: str, one: Tally) -> Self:
        choice = kind == "CHOICE"
        return cls(
            answered=one.answered,
            mean=one.mean,
            scale=list(one.counts),
            options=[
                OptionResult(label=o.label, votes=o.votes, rank=o.rank, tied=o.tied) for o in one.options if choice
            ],
            factors=[
                FactorResult(factor=ChangeFactor(o.label), present=o.votes) for o in one.options if kind == "FACTORS"
            ],
            outcomes=[OutcomeResult(outcome=ChangeOutcome(name), count=count) for name, count in one.outcomes],
            texts=list(one.texts),
        )


@strawberry.type(description="The same for one city, or for all whose own group would be too small (`city` is null).")
class CityResult:
    city: City | None
    answers: int
    questions: list[QuestionResult]


@strawberry.type(description="In the order of the survey's questions.")
class SurveyResults:
    answers: int
    questions: list[QuestionResult]
    by_city: list[CityResult]


@strawberry.type(description="A survey among those who take part in an event. Answers never stand beside a name.")
class Survey:
    row: strawberry.Private[m.Survey]
    id: ID
    title: str
    by_city: bool
    closes_at: dt.datetime | None
    closed_at: dt.datetime | None
    answered: int = strawberry.field(description="How many people have.")

    @classmethod
    def of(cls, row: m.Survey) -> Self:
        return cls(
            row=row, id=ID(str(row.id)), title=row.title, by_city=row.by_city, closes_at=row.closes_at,
            closed_at=row.closed_at, answered=row.answered,
        )  # fmt: skip

    @strawberry.field
    def questions(self) -> list[SurveyQuestion]:
        return [SurveyQuestion.of(one) for one in surveys.asked(self.row)]

    @strawberry.field(description="As soon as it is over, if at least five people have answered.")
    async def results(self, info: Info[Any, Any]) -> SurveyResults | None:
        async with here(info, SERVICE).db.read(HUB) as session:
            found = await surveys.results(session, self.row)
        if found is None:
            return None
        kinds = [question.kind for question in surveys.asked(self.row)]

        def shown(tallies: list[Tally]) -> list[QuestionResult]:
            return [QuestionResult.of(kind, one) for kind, one in zip(kinds, tallies, strict=True)]

        return SurveyResults(
            answers=found.answers,
            questions=shown(found.tallies),
            by_city=[
                CityResult(city=City(ags=ID(group)) if group else None, answers=count, questions=shown(of))
                for group, (count, of) in found.by_city.items()
            ],
        )


@strawberry.type(description="A survey that you are asked to answer.")
class AskedSurvey:
    id: ID
    title: str
    event: ID
    questions: list[SurveyQuestion]
    by_city: bool = strawberry.field(description="Whether your city is kept with your answers.")
    closes_at: dt.datetime | None
    answered: bool


@strawberry.type(description="A survey to begin with.")
class SurveyTemplate:
    name: str
    title: str
    questions: list[SurveyQuestion]


@strawberry.type
class SurveyQuery:
    @strawberry.field(description="Surveys to begin with: after a day, wishes for modules, where a change stands.")
    def survey_templates(self) -> list[SurveyTemplate]:
        return [
            SurveyTemplate(name=name, title=one.title, questions=[SurveyQuestion.of(q) for q in one.questions])
            for name, one in templates().items()
        ]

    @strawberry.field(description="The open surveys of whoever has the link: of its event, or of all events.")
    async def my_surveys(self, info: Info[Any, Any], link: str) -> list[AskedSurvey]:
        mine = await whose(info, link)
        async with here(info, SERVICE).db.read(HUB) as session:
            found = await surveys.open_for(session, mine.person, mine.event)
        return [
            AskedSurvey(
                id=ID(str(one.id)),
                title=one.title,
                event=ID(str(one.event_id)),
                questions=[SurveyQuestion.of(q) for q in surveys.asked(one)],
                by_city=one.by_city,
                closes_at=one.closes_at,
                answered=answered,
            )
            for one, answered in found
        ]


@strawberry.input
class SurveyQuestionInput:
    kind: QuestionKind
    text: str
    options: list[str] = strawberry.field(default_factory=list)
    most: int = 1
    required: bool = False
    wishes: bool = strawberry.field(
        default=False, description="The options are modules that people wish for; annual reports rank them."
    )


@strawberry.input
class SurveyInput:
    title: str
    questions: list[SurveyQuestionInput]
    by_city: bool = strawberry.field(default=False, description="Tell answers by city too, five people at least.")
    closes_at: dt.datetime | None = None

    def as_draft(self) -> Draft:
        asked = (
            Question(one.kind.value, one.text, tuple(one.options), one.most, one.required, one.wishes)
            for one in self.questions
        )
        return Draft(self.title, tuple(asked), self.by_city)


@strawberry.input(description="One answer; an empty one skips the question.")
class SurveyAnswerInput:
    scale: int | None = None
    picks: list[int] | None = strawberry.field(default=None, description="Numbers of the chosen options, from 1.")
    factors: list[ChangeFactor] | None = strawberry.field(default=None, description="Those that are there.")
    text: str = ""

    def as_answer(self) -> Answer:
        order = list(ChangeFactor)
        picks = [one - 1 for one in self.picks or ()] + [order.index(one) for one in self.factors or ()]
        return Answer(self.scale, tuple(picks), self.text, self.factors is not None)


async def _own(info: Info[Any, Any], value: str) -> m.Survey:
    """A survey of an event that the caller organises. Raises NotFound or Forbidden."""
    key = as_uuid(value)
    runtime, asking = here(info, SERVICE), who(info)
    async with runtime.db.read(asking.acting) as session:
        found = await surveys.by_id(session, key) if key else None
        event = (await trips.by_id(session, [found.event_id]))[0] if found else None
    if found is None or event is None:
        raise NotFound(_("There is no such survey."))
    access.may_change(asking, event)
    return found


@strawberry.type
class SurveyMutation:
    @strawberry.mutation(description="Ask those who take part in an event; open at once.")
    async def create_survey(self, info: Info[Any, Any], event: ID, survey: SurveyInput) -> Survey:
        async with here(info, SERVICE).db.begin(who(info).acting) as session:
            row = await own_event(info, session, event)
            return Survey.of(await surveys.create(session, row, survey.as_draft(), survey.closes_at))

    @strawberry.mutation(description="End a survey; after that nobody can say whose an answer is, and results show.")
    async def close_survey(self, info: Info[Any, Any], id: ID) -> Survey:
        found = await _own(info, id)
        async with here(info, SERVICE).db.begin(HUB) as session:
            await surveys.close(session, found.id)
        return Survey.of(await _own(info, id))

    @strawberry.mutation(description="Delete a survey with all its answers.")
    async def delete_survey(self, info: Info[Any, Any], id: ID) -> bool:
        found = await _own(info, id)
        async with here(info, SERVICE).db.begin(HUB) as session:
            await surveys.remove(session, found)
        return True

    @strawberry.mutation(description="Answer a survey, once: one answer for each question, in their order.")
    async def answer_survey(
        self, info: Info[Any, Any], link: str, survey: ID, answers: list[SurveyAnswerInput]
    ) -> bool:
        mine, key = await whose(info, link), as_uuid(survey)
        async with here(info, SERVICE).db.begin(HUB) as session:
            given = [one.as_answer() for one in answers[: MOST_QUESTIONS + 1]]
            await surveys.answer(session, key or uuid.UUID(int=0), mine.person, given, mine.event)
        return True


async def surveys_of(info: Info[Any, Any], event: Event) -> list[Survey]:
    if not access.may_see_people(who(info), event.row):
        return []
    return [Survey.of(row) for row in await load(info, SERVICE, surveys.of_events, event.row.id)]
