"""What matching remembers of what the others say."""

import uuid
from typing import Any

from sqlalchemy import case, delete, func, or_, select, update

from services.contracts.directory import (
    CityPublished,
    NavigatorErased,
    NavigatorPublished,
    NavigatorWithdrawn,
    TopicMerged,
    TopicPublished,
)
from services.contracts.events import EventPublished
from services.kit import log
from services.kit.db import Writer, put, put_all
from services.kit.log import Listens
from services.kit.revoked import TokensRevoked, hearing
from services.matching.models import Base, City, Event, Navigator, Plan, Topic


@log.together
async def cities(session: Writer, said: list[CityPublished]) -> None:
    await put_all(session, City, "ags", {one.ags: {"population": one.population} for one in said})


@log.together
async def topics(session: Writer, said: list[TopicPublished]) -> None:
    await put_all(session, Topic, "code", {one.code: {"parent": one.parent} for one in said})


async def merged(session: Writer, said: TopicMerged) -> None:
    """Who had the topic has the other now, once."""
    columns = (Navigator.offers, Navigator.seeks, Navigator.works_on)
    moved = {
        column.key: case(
            (column.contains([said.into]), func.array_remove(column, said.code)),
            else_=func.array_replace(column, said.code, said.into),
        )
        for column in columns
    }
    await session.execute(
        update(Navigator).where(or_(*(column.contains([said.code]) for column in columns))).values(moved)
    )
    await session.execute(delete(Topic).where(Topic.code == said.code))


@log.together
async def navigators(session: Writer, said: list[NavigatorPublished]) -> None:
    rows = {
        one.id: {"ags": one.ags, "offers": one.offers, "seeks": one.seeks, "works_on": one.works_on} for one in said
    }
    await put_all(session, Navigator, "id", rows)


async def forget(session: Writer, said: NavigatorWithdrawn) -> None:
    await session.execute(delete(Navigator).where(Navigator.id == uuid.UUID(said.id)))


async def erase(session: Writer, said: NavigatorErased) -> None:
    """Nothing of the person stays: no topics, no seat in a plan, old ones too, and no line of the log."""
    await session.execute(delete(Navigator).where(Navigator.id == uuid.UUID(said.id)))
    plans = select(Plan.id, Plan.question, Plan.answer).where(Plan.question["people"].contains([{"id": said.id}]))
    for plan_id, question, answer in (await session.execute(plans.with_for_update())).all():
        people = [person for person in question["people"] if person["id"] != said.id]
        known = {person["id"] for person in people}
        earlier = [met for met in question.get("earlier", ()) if said.id not in {met["one"], met["other"]}]
        values = {
            "question": question | {"people": people, "earlier": earlier},
            "answer": only(answer, known) if answer else None,
        }
        await session.execute(update(Plan).where(Plan.id == plan_id).values(**values))
    await log.forget(session, Base.metadata, said.id, inside=True)


def only(answer: dict[str, Any], known: set[str]) -> dict[str, Any]:
    """A plan's answer without the seats of people who are not `known`; its figures stay as they were computed."""
    kept = [seat for seat, key in enumerate(answer["keys"]) if key in known]
    return answer | {
        "keys": [answer["keys"][seat] for seat in kept],
        "plan": [[seats[seat] for seat in kept] for seats in answer["plan"]],
    }


async def event(session: Writer, said: EventPublished) -> None:
    values = {
        "organiser": said.organiser,
        "cities": list(said.cities),
        "participants": [uuid.UUID(p) for p in said.participants],
        "date": said.date,
        "cancelled": said.cancelled,
    }
    await put(session, Event, {"id": uuid.UUID(said.id)}, values)


listens: Listens = {
    "directory": {
        CityPublished: cities,
        TopicPublished: topics,
        TopicMerged: merged,
        NavigatorPublished: navigators,
        NavigatorWithdrawn: forget,
        NavigatorErased: erase,
        TokensRevoked: hearing(Base.metadata),
    },
    "events": {EventPublished: event},
}
