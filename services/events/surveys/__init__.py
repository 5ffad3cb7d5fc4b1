"""Surveys of an event: asked, answered once by each who took part, closed, counted."""

import datetime as dt
import random
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import delete, func, insert, select, text, true, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.events import asking
from services.events.models import Event, Navigator, Participant, Survey, SurveyAnswer, SurveyTurnout
from services.events.surveys.questions import Answer, Draft, Question, answered, validate
from services.events.surveys.results import LEAST, Tally, groups, tally
from services.kit.db import Database, Reader, Writer
from services.kit.errors import Conflict, NotFound, Refused
from services.kit.i18n import gettext as _
from services.kit.jobs import every

MOST_SURVEYS = 20
"""Of one event."""
CLOSE_SECONDS = 60.0


class Results(NamedTuple):
    """One tally for each question; `by_city` has the same for groups of cities, `OTHERS` among them."""

    answers: int
    tallies: list[Tally]
    by_city: dict[str, tuple[int, list[Tally]]]


async def create(session: Writer, event: Event, draft: Draft, closes_at: dt.datetime | None) -> Survey:
    """A survey that is open at once. Raises Refused, with nothing stored, for what is wrong in the draft."""
    clean = validate(draft)
    if closes_at is not None and closes_at <= dt.datetime.now(dt.UTC):
        raise Refused(_("The survey would be over before it begins: choose a later moment."))
    await session.execute(select(Event.id).where(Event.id == event.id).with_for_update())
    there = await session.scalar(select(func.count()).select_from(Survey).where(Survey.event_id == event.id))
    if (there or 0) >= MOST_SURVEYS:
        raise Refused(_("An event has at most {most} surveys.", most=MOST_SURVEYS))
    values = {
        "id": uuid.uuid4(),
        "event_id": event.id,
        "title": clean.title,
        "questions": msgspec.to_builtins(clean.questions),
        "by_city": clean.by_city,
        "closes_at": closes_at,
        "closed_at": None,
        "answered": 0,
    }
    return (await session.scalars(insert(Survey).values(values).returning(Survey))).one()


def asked(survey: Survey) -> list[Question]:
    return msgspec.convert(survey.questions, list[Question])


async def answer(
    session: Writer,
    survey_id: uuid.UUID,
    navigator: uuid.UUID,
    answers: Sequence[Answer],
    event_id: uuid.UUID | None = None,
) -> None:
    """Count somebody's answers. Raises NotFound for who took no part, and for a survey that is not of `event_id` where
    that is given; Conflict where it is over or they answered.

    Under HUB: what is stored is for nobody's eyes.
    """
    survey = (await session.scalars(select(Survey).where(Survey.id == survey_id).with_for_update())).first()
    ags = await _ags(session, survey.event_id, navigator) if survey else None
    if survey is None or ags is None or event_id not in {None, survey.event_id}:
        raise NotFound(_("There is no such survey."))
    if survey.closed_at is not None or (survey.closes_at and survey.closes_at <= dt.datetime.now(dt.UTC)):
        raise Conflict(_("This survey is over."))
    clean = answered(asked(survey), answers)
    turnout = upsert(SurveyTurnout).values(survey_id=survey_id, navigator_id=navigator).on_conflict_do_nothing()
    if not (await session.execute(turnout.returning(SurveyTurnout.survey_id))).first():
        raise Conflict(_("You have answered this survey already. Answers cannot be changed: they bear no name."))
    row = {"id": uuid.uuid4(), "survey_id": survey_id, "ags": ags if survey.by_city else None,
           "answers": msgspec.to_builtins(clean)}  # fmt: skip
    await session.execute(insert(SurveyAnswer).values(row))
    await session.execute(update(Survey).where(Survey.id == survey_id).values(answered=Survey.answered + 1))


async def _ags(session: Reader, event: uuid.UUID, navigator: uuid.UUID) -> str | None:
    query = select(Navigator.ags).join(Participant, Participant.navigator_id == Navigator.id)
    found = await session.scalars(query.where(Participant.event_id == event, Participant.navigator_id == navigator))
    return found.first()


async def close(session: Writer, survey_id: uuid.UUID) -> None:
    """End a survey and cut what links people to answers: who answered is forgotten, the answers change their order.

    Under HUB. Closed already: nothing.
    """
    ended = update(Survey).where(Survey.id == survey_id, Survey.closed_at.is_(None)).values(closed_at=func.now())
    if not (await session.execute(ended.returning(Survey.id))).first():
        return
    await session.execute(delete(SurveyTurnout).where(SurveyTurnout.survey_id == survey_id))
    gone = delete(SurveyAnswer).where(SurveyAnswer.survey_id == survey_id)
    found = await session.execute(gone.returning(SurveyAnswer.ags, SurveyAnswer.answers))
    rows = [{"id": uuid.uuid4(), "survey_id": survey_id, "ags": ags, "answers": answers} for ags, answers in found]
    random.SystemRandom().shuffle(rows)
    if rows:
        await session.execute(insert(SurveyAnswer), rows)


@every(CLOSE_SECONDS)
async def closing(db: Database) -> None:
    await asking.close_due(db, Survey, close)


async def remove(session: Writer, survey: Survey) -> None:
    await session.execute(delete(Survey).where(Survey.id == survey.id))


# Reading ----------------------------------------------------------------------------------------------------------


async def of_events(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[Survey]]:
    """The surveys of each event, oldest first."""
    return await asking.of_events(session, Survey, keys)


async def by_id(session: Reader, key: uuid.UUID) -> Survey | None:
    return await session.get(Survey, key)


async def open_for(
    session: Reader, navigator: uuid.UUID, event_id: uuid.UUID | None = None
) -> list[tuple[Survey, bool]]:
    """What somebody is asked now, of one event if given, and whether they have answered. Under HUB."""
    done = select(SurveyTurnout.survey_id).where(SurveyTurnout.navigator_id == navigator)
    query = (
        select(Survey, Survey.id.in_(done))
        .join(Participant, Participant.event_id == Survey.event_id)
        .where(Participant.navigator_id == navigator, Survey.closed_at.is_(None))
        .where(Survey.event_id == event_id if event_id else true())
        .order_by(Survey.created_at, Survey.id)
        .limit(100)
    )
    return [(survey, bool(answered)) for survey, answered in await session.execute(query)]


async def results(session: Reader, survey: Survey) -> Results | None:
    """What came out; None while it is open (each new answer would show) and where too few answered. Under HUB."""
    if survey.closed_at is None:
        return None
    rows = (
        await session.execute(
            select(SurveyAnswer.ags, SurveyAnswer.answers)
            .where(SurveyAnswer.survey_id == survey.id)
            .order_by(SurveyAnswer.id)
        )
    ).all()
    if len(rows) < LEAST:
        return None
    questions = asked(survey)
    given = [(ags or "", msgspec.convert(answers, list[Answer])) for ags, answers in rows]

    def tallies(of: list[list[Answer]], *, texts: bool) -> list[Tally]:
        return [tally(question, [one[i] for one in of], texts=texts) for i, question in enumerate(questions)]

    group_of = groups(Counter(ags for ags, _answers in given)) if survey.by_city else {}
    by_city = {}
    for group in sorted(set(group_of.values())):
        of = [answers for ags, answers in given if group_of[ags] == group]
        by_city[group] = (len(of), tallies(of, texts=False))
    whole = tallies([answers for _ags, answers in given], texts=True)
    for i, one in enumerate(whole):
        # Where one group is too small for this question, the others would tell it by subtraction.
        if sum(told[i].answered for _count, told in by_city.values()) != one.answered:
            for _count, told in by_city.values():
                told[i] = Tally(0)
    return Results(len(given), whole, by_city)


async def counted(
    session: Reader, asked: Mapping[uuid.UUID, Sequence[Question]]
) -> dict[uuid.UUID, tuple[int, list[Tally]]]:
    """How many answered each closed survey, and its tallies without words, in one statement. Under HUB.

    (0, nothing) where too few did. Equal answers to a question come counted, so it does not matter how many there are.
    """
    query = text(
        "SELECT a.survey_id, q.place - 1, q.answer - 'text', count(*) FROM survey_answer a "
        "JOIN survey s ON s.id = a.survey_id AND s.closed_at IS NOT NULL "
        "CROSS JOIN LATERAL jsonb_array_elements(a.answers) WITH ORDINALITY AS q(answer, place) "
        "WHERE a.survey_id = ANY(:keys) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )
    given: dict[uuid.UUID, list[list[Answer]]] = {key: [[] for _one in asked[key]] for key in asked}
    for key, place, answer_, times in await session.execute(query, {"keys": list(asked)}):
        given[key][place] += [msgspec.convert(answer_, Answer)] * times
    found = {}
    for key, questions in asked.items():
        answers = max(map(len, given[key]), default=0)
        enough = answers >= LEAST
        tallies = [tally(one, said, texts=False) for one, said in zip(questions, given[key], strict=True)]
        found[key] = (answers, tallies) if enough else (0, [Tally(0) for _one in questions])
    return found
