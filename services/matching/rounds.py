"""Plans of rounds: asked for, computed, looked at, confirmed."""

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy import func as sql

from services.contracts.matching import RoundsConfirmed, TablePlanned
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict
from services.kit.i18n import gettext as _
from services.matching.models import Event, Navigator, Plan, Topic
from services.matching.problem import Met, Person, Question

MOST_PLANS = 50


async def question(
    session: Reader,
    event: Event,
    rounds: int,
    tables: int,
    table_topics: Sequence[str],
    seconds: float,
    seed: int,
    earlier: Sequence[Met] = (),
) -> Question:
    """What to ask the solver for this event, from what matching knows now."""
    topics = (await session.execute(select(Topic.code, Topic.parent).order_by(Topic.code))).all()
    people = (
        await session.scalars(select(Navigator).where(Navigator.id.in_(event.participants)).order_by(Navigator.id))
    ).all()
    known, there = {code for code, _parent in topics}, {str(p.id) for p in people}
    return Question(
        rounds=rounds,
        tables=tables,
        topics=tuple((code, parent) for code, parent in topics),
        people=tuple(
            Person(
                id=str(p.id),
                city=p.ags,
                # The vocabulary and the people come over the same log; a topic that was merged away counts no more.
                offers=tuple(t for t in p.offers if t in known),
                seeks=tuple(t for t in p.seeks if t in known),
                works_on=tuple(t for t in p.works_on if t in known),
            )
            for p in people
        ),
        table_topics=tuple(table_topics),
        seed=seed,
        seconds=seconds,
        earlier=tuple(met for met in earlier if {met.one, met.other} <= there),
    )


async def ask(session: Writer, event: Event, asked: Question) -> Plan:
    """A new plan without an answer; the oldest finished one that nobody confirmed makes room for it."""
    plans = (
        await session.scalars(select(Plan).where(Plan.event_id == event.id).order_by(Plan.created_at, Plan.id))
    ).all()
    if len(plans) >= MOST_PLANS:
        oldest = next((p for p in plans if p.answer is not None and p.confirmed_at is None), None)
        if oldest is None:
            raise Conflict(_("{most} plans of this event wait to be computed. Please wait for them.", most=MOST_PLANS))
        await session.execute(delete(Plan).where(Plan.id == oldest.id))
    plan_id = uuid.uuid4()
    await session.execute(insert(Plan).values(id=plan_id, event_id=event.id, question=msgspec.to_builtins(asked)))
    return (await session.scalars(select(Plan).where(Plan.id == plan_id))).one()


async def event_by_id(session: Reader, event_id: uuid.UUID) -> Event | None:
    return (await session.scalars(select(Event).where(Event.id == event_id))).one_or_none()


async def plan_by_id(session: Reader, plan_id: uuid.UUID) -> Plan | None:
    return (await session.scalars(select(Plan).where(Plan.id == plan_id))).one_or_none()


async def plans_of_events(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[Plan]]:
    found: dict[uuid.UUID, list[Plan]] = {key: [] for key in keys}
    for plan in await session.scalars(
        select(Plan).where(Plan.event_id.in_(keys)).order_by(Plan.created_at.desc(), Plan.id)
    ):
        found[plan.event_id].append(plan)
    return [found[key] for key in keys]


async def events_by_id(session: Reader, keys: Sequence[uuid.UUID]) -> list[Event | None]:
    rows = {row.id: row for row in (await session.scalars(select(Event).where(Event.id.in_(keys)))).all()}
    return [rows.get(key) for key in keys]


async def confirm(session: Writer, plan: Plan) -> RoundsConfirmed:
    """Make this the event's plan; the caller says the message. Raises Conflict while it has no answer."""
    if plan.answer is None:
        raise Conflict(_("This plan is not finished yet."))
    await session.execute(
        update(Plan).where(Plan.event_id == plan.event_id, Plan.confirmed_at.is_not(None)).values(confirmed_at=None)
    )
    await session.execute(update(Plan).where(Plan.id == plan.id).values(confirmed_at=sql.now()))
    return RoundsConfirmed(event=str(plan.event_id), plan=str(plan.id), tables=tuple(seating(plan)))


async def about(session: Reader, navigator_id: uuid.UUID) -> dict[str, Any]:
    """Everything that is held about one person, as JSON: their topics, and where plans seat them."""
    person, key = await session.get(Navigator, navigator_id), str(navigator_id)
    plans = await session.scalars(
        select(Plan).where(Plan.question["people"].contains([{"id": key}])).order_by(Plan.created_at, Plan.id)
    )
    return {
        "topics": {"offers": person.offers, "seeks": person.seeks, "worksOn": person.works_on} if person else None,
        "plans": [
            {
                "id": str(plan.id),
                "event": str(plan.event_id),
                "asked": next(one for one in plan.question["people"] if one["id"] == key),
                "earlierMeetings": [
                    met["times"] for met in plan.question.get("earlier", ()) if key in {met["one"], met["other"]}
                ],
                "seats": [
                    {"round": table.round, "table": table.table, "topic": table.topic}
                    for table in seating(plan)
                    if key in table.navigators
                ],
            }
            for plan in plans
        ],
    }


def seating(plan: Plan) -> list[TablePlanned]:
    """Who sits where, table by table; empty while the plan has no answer."""
    if plan.answer is None:
        return []
    people: list[str] = plan.answer["keys"]
    topics: list[str | None] = plan.answer["table_topics"]
    out: list[TablePlanned] = []
    for number, seats in enumerate(plan.answer["plan"], start=1):
        tables: list[list[str]] = [[] for _topic in topics]
        for person, seat in zip(people, seats, strict=True):
            tables[seat].append(person)
        out += [
            TablePlanned(round=number, table=t, topic=topic or "", navigators=tuple(members))
            for t, (topic, members) in enumerate(zip(topics, tables, strict=True), start=1)
        ]
    return out
