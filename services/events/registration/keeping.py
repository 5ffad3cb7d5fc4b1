"""What time brings about: offers run out, people move up, reminders, and what is not needed any more is deleted."""

import datetime as dt

from sqlalchemy import delete, func, select, update

from services.events import intake
from services.events.models import Event, Need, Notice, Participant, Registration, Survey, SurveyTurnout
from services.events.notices import note, notice
from services.events.registration import organising, telling
from services.events.registration.book import opened
from services.kit.db import HUB, Database
from services.kit.jobs import Every
from services.kit.service import Runtime

TELL_SECONDS = 10.0
SETTLE_SECONDS = 30.0
DAILY_SECONDS = 3600.0
MOST_EVENTS = 200
"""That one look takes care of; the rest at the next."""
REMIND_DAYS = 3
ASK_AFTER = dt.timedelta(days=1)
"""How long after its last day people are asked for their answers to an event's surveys."""
ASK_DAYS = 14
"""A survey that is made later than so many days after the event is not written about."""
FORGET_DAYS = 30
"""After the day: who was invited and never got a place, and mails that could not be written."""


async def settle(runtime: Runtime, db: Database) -> int:
    """Let offers run out and people move up, also where a place became free by an erasure; returns how many events
    have other participants now.
    """
    today = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
    due = select(Registration.event_id).join(Event, Event.id == Registration.event_id).where(
        Event.last_day >= today,
        (Registration.state == "waiting")
        | ((Registration.state == "offered") & (Registration.offered_until <= func.now())),
    )  # fmt: skip
    async with db.read(HUB) as session:
        events = (await session.scalars(due.distinct().limit(MOST_EVENTS))).all()
    moved = 0
    for event_id in events:
        async with db.begin(HUB) as session:
            book = await opened(session, event_id)
            if await book.close():
                await runtime.say(session, [await intake.message(session, book.event)])
                moved += 1
    return moved


async def remind(db: Database, today: dt.date) -> int:
    """Once, three days before the day; returns how many people are reminded."""
    due = (
        select(Event)
        .where(
            Event.reminded_at.is_(None),
            Event.status != "cancelled",
            Event.date.between(today, today + dt.timedelta(days=REMIND_DAYS)),
        )
        .order_by(Event.id)
        .limit(MOST_EVENTS)
    )
    told = 0
    async with db.begin(HUB) as session:
        for event in (await session.scalars(due)).all():
            once = update(Event).where(Event.id == event.id, Event.reminded_at.is_(None))
            done = await session.scalars(once.values(reminded_at=func.now()).returning(Event.id))
            if done.first() is not None:
                told += await organising.tell_all(session, event, "reminder", states=("registered",))
    return told


async def ask(db: Database, today: dt.date) -> int:
    """Write once, on the day after or later, to those who took part and have not answered an open survey; returns how
    many they are.
    """
    due = (
        select(Survey, Event)
        .join(Event, Event.id == Survey.event_id)
        .where(
            Survey.asked_at.is_(None),
            Survey.closed_at.is_(None),
            Event.status != "cancelled",
            Event.last_day.between(today - dt.timedelta(days=ASK_DAYS), today - ASK_AFTER),
        )
        .order_by(Survey.created_at, Survey.id)
        .limit(MOST_EVENTS)
    )
    told = 0
    async with db.begin(HUB) as session:
        for survey, event in (await session.execute(due)).all():
            once = update(Survey).where(Survey.id == survey.id, Survey.asked_at.is_(None))
            done = await session.scalars(once.values(asked_at=func.now()).returning(Survey.id))
            if done.first() is None:
                continue
            answered = select(SurveyTurnout.navigator_id).where(SurveyTurnout.survey_id == survey.id)
            people = (
                await session.scalars(
                    select(Participant.navigator_id).where(
                        Participant.event_id == event.id,
                        Participant.attendance != "no_show",
                        Participant.navigator_id.not_in(answered),
                    )
                )
            ).all()
            await note(session, [notice(event.id, key, "survey", titles=[survey.title]) for key in people])
            told += len(people)
    return told


async def forget(db: Database, today: dt.date) -> None:
    """Delete needs and superiors' addresses on the day after, and in the end whoever had no place."""
    past = select(Event.id).where(Event.last_day < today)
    long_past = select(Event.id).where(Event.last_day < today - dt.timedelta(days=FORGET_DAYS))
    async with db.begin(HUB) as session:
        await session.execute(delete(Need).where(Need.event_id.in_(past)))
        await session.execute(
            update(Registration).where(Registration.superior != "", Registration.event_id.in_(past)).values(superior="")
        )
        await session.execute(
            delete(Registration).where(
                Registration.event_id.in_(long_past), Registration.state.not_in(["registered", "substituted"])
            )
        )
        await session.execute(delete(Notice).where(Notice.event_id.in_(long_past)))


def duties(runtime: Runtime) -> list[Every]:
    async def tells(db: Database) -> None:
        await telling.tell(runtime, db, telling.QUIET)

    async def settles(db: Database) -> None:
        await settle(runtime, db)

    async def daily(db: Database) -> None:
        today = dt.datetime.now(dt.UTC).date()
        await remind(db, today)
        await ask(db, today)
        await forget(db, today)

    return [Every(TELL_SECONDS, tells), Every(SETTLE_SECONDS, settles), Every(DAILY_SECONDS, daily)]
