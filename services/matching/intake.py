"""What matching remembers of what the others say."""

import uuid
from typing import Any

import msgspec
from sqlalchemy import case, delete, func, or_, select, update

from services.contracts.directory import (
    CityPublished,
    NavigatorErased,
    NavigatorPublished,
    NavigatorWithdrawn,
    TopicMerged,
    TopicPublished,
)
from services.contracts.events import EventPublished, RoundsPlayed
from services.kit import log
from services.kit.db import Writer, put, put_all
from services.kit.log import Listens
from services.kit.revoked import TokensRevoked, hearing
from services.kit.text import sort_key
from services.matching.models import Base, City, Event, Navigator, Plan, Topic
from services.matching.question import Question, without


@log.together
async def cities(session: Writer, said: list[CityPublished]) -> None:
    await put_all(session, City, "ags", {one.ags: {"population": one.population, "name": one.name} for one in said})


@log.together
async def topics(session: Writer, said: list[TopicPublished]) -> None:
    rows = {one.code: {"parent": one.parent, "de": one.de, "en": one.en} for one in said}
    await put_all(session, Topic, "code", rows)


async def merged(session: Writer, said: TopicMerged) -> None:
    """Who had the topic has the other now, once; tables of events stand under the other."""
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
    replaced = func.array_replace(Event.table_topics, said.code, said.into)
    await session.execute(update(Event).where(Event.table_topics.contains([said.code])).values(table_topics=replaced))
    await session.execute(delete(Topic).where(Topic.code == said.code))


@log.together
async def navigators(session: Writer, said: list[NavigatorPublished]) -> None:
    columns = ("ags", "offers", "seeks", "works_on", "department", "languages", "since", "name")
    rows = {
        one.id: {column: getattr(one, column) for column in columns} | {"sort_key": sort_key(one.name)} for one in said
    }
    await put_all(session, Navigator, "id", rows)


async def forget(session: Writer, said: NavigatorWithdrawn) -> None:
    await session.execute(delete(Navigator).where(Navigator.id == uuid.UUID(said.id)))


async def erase(session: Writer, said: NavigatorErased) -> None:
    """Nothing of the person stays: no topics, no rule, no seat in a plan, old ones too, and no line of the log."""
    person = uuid.UUID(said.id)
    await session.execute(delete(Navigator).where(Navigator.id == person))
    plans = select(Plan.id, Plan.question, Plan.answer, Plan.best, Plan.failure, Plan.adjustments)
    plans = plans.where(Plan.question["people"].contains([{"id": said.id}]))
    for plan_id, stored, answer, best, failure, adjustments in (await session.execute(plans.with_for_update())).all():
        question = without(msgspec.convert(stored, Question), said.id)
        known = {one.id for one in question.people}
        values = {
            "question": msgspec.to_builtins(question),
            "answer": only(answer, known) if answer else None,
            "best": only(best, known) if best else None,
            "failure": without_strangers(failure, known) if failure else None,
            "pinned": func.array_remove(Plan.pinned, person),
            "adjustments": [one for one in adjustments if said.id not in one["navigators"]],
        }
        await session.execute(update(Plan).where(Plan.id == plan_id).values(**values))
    await log.forget(session, Base.metadata, said.id, inside=True)


def only(answer: dict[str, Any], known: set[str]) -> dict[str, Any]:
    """A plan's answer, or the best so far, without people who are not `known`; its figures stay as they were computed.

    What is said of broken rules, of what the plan gives to whom, and of who moved on a running day, goes where it names
    them.
    """
    kept = [seat for seat, key in enumerate(answer["keys"]) if key in known]
    seats: dict[str, Any] = {
        "keys": [answer["keys"][seat] for seat in kept],
        "plan": [[row[seat] for seat in kept] for row in answer["plan"]],
    }
    if "violations" in answer:
        seats["violations"] = [one for one in answer["violations"] if known.issuperset(one["people"])]
    if "trade_offs" in answer:
        given = answer["trade_offs"]
        seats["trade_offs"] = given | {
            "points": [given["points"][seat] for seat in kept],
            "worst": [one for one in given["worst"] if one["key"] in known],
            "repeats": [two for two in given["repeats"] if known.issuperset((two["one"], two["other"]))],
            "unmet": [two for two in given["unmet"] if known.issuperset(two)],
        }
    if "day" in answer:
        day = answer["day"]
        seats["day"] = {
            "moved": [one for one in day["moved"] if one[1] in known],
            "missing": [one for one in day["missing"] if one in known],
            "new": [one for one in day["new"] if one in known],
        }
    return without_strangers(answer | seats, known)


def without_strangers(told: dict[str, Any], known: set[str]) -> dict[str, Any]:
    """An answer, or why there is none, without a conflict of rules about people who are not `known`."""
    conflict = told.get("conflict")
    return told | {"conflict": None} if conflict and not known.issuperset(conflict["people"]) else told


async def event(session: Writer, said: EventPublished) -> None:
    values = {
        "organiser": said.organiser,
        "title": said.title,
        "cities": list(said.cities),
        "participants": [uuid.UUID(p) for p in said.participants],
        "date": said.date,
        "last_day": said.last_day or said.date,
        "cancelled": said.cancelled,
        "absent": [uuid.UUID(p) for p in said.absent],
        "gone": [uuid.UUID(p) for p in said.gone],
        "rounds": said.rounds,
        "tables": said.tables,
        "table_topics": list(said.table_topics),
    }
    await put(session, Event, {"id": uuid.UUID(said.id)}, values)


async def played(session: Writer, said: RoundsPlayed) -> None:
    await session.execute(update(Event).where(Event.id == uuid.UUID(said.event)).values(played=said.rounds))


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
    "events": {EventPublished: event, RoundsPlayed: played},
}
