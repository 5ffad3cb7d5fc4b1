"""What matching remembers of what the others say."""

import uuid

from sqlalchemy import delete

from services.contracts.directory import NavigatorPublished, NavigatorWithdrawn, TopicPublished
from services.contracts.events import EventPublished
from services.kit.db import Writer, put
from services.kit.log import Listens
from services.kit.revoked import TokensRevoked, hearing
from services.matching.models import Base, Event, Navigator, Topic


async def topic(session: Writer, said: TopicPublished) -> None:
    await put(session, Topic, {"code": said.code}, {"parent": said.parent})


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
        NavigatorPublished: navigator,
        NavigatorWithdrawn: forget,
        TokensRevoked: hearing(Base.metadata),
    },
    "events": {EventPublished: event},
}
