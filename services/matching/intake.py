"""What matching remembers of what the others say."""

import uuid

from sqlalchemy import case, delete, func, or_, update

from services.contracts.directory import NavigatorPublished, NavigatorWithdrawn, TopicMerged, TopicPublished
from services.contracts.events import EventPublished
from services.kit.db import Writer, put
from services.kit.log import Listens
from services.kit.revoked import TokensRevoked, hearing
from services.matching.models import Base, Event, Navigator, Topic


async def topic(session: Writer, said: TopicPublished) -> None:
    await put(session, Topic, {"code": said.code}, {"parent": said.parent})


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


async def navigator(session: Writer, said: NavigatorPublished) -> None:
    values = {
        "ags": said.ags,
        "offers": list(said.offers),
        "seeks": list(said.seeks),
        "works_on": list(said.works_on),
    }
    await put(session, Navigator, {"id": uuid.UUID(said.id)}, values)


async def forget(session: Writer, said: NavigatorWithdrawn) -> None:
    await session.execute(delete(Navigator).where(Navigator.id == uuid.UUID(said.id)))


async def event(session: Writer, said: EventPublished) -> None:
    values = {
        "organiser": said.organiser,
        "cities": list(said.cities),
        "participants": [uuid.UUID(p) for p in said.participants],
    }
    await put(session, Event, {"id": uuid.UUID(said.id)}, values)


listens: Listens = {
    "directory": {
        TopicPublished: topic,
        TopicMerged: merged,
        NavigatorPublished: navigator,
        NavigatorWithdrawn: forget,
        TokensRevoked: hearing(Base.metadata),
    },
    "events": {EventPublished: event},
}
