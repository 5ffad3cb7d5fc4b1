"""What matching remembers of what the others say."""

import uuid

from sqlalchemy import delete

from services.contracts.directory import NavigatorPublished, NavigatorWithdrawn, TopicPublished
from services.contracts.events import EventPublished
from services.kit import log
from services.kit.db import Writer, put, put_all
from services.kit.log import Listens
from services.kit.revoked import TokensRevoked, hearing
from services.matching.models import Base, Event, Navigator, Topic


@log.together
async def topics(session: Writer, said: list[TopicPublished]) -> None:
    await put_all(session, Topic, "code", {one.code: {"parent": one.parent} for one in said})


@log.together
async def navigators(session: Writer, said: list[NavigatorPublished]) -> None:
    rows = {
        one.id: {"ags": one.ags, "offers": one.offers, "seeks": one.seeks, "works_on": one.works_on} for one in said
    }
    await put_all(session, Navigator, "id", rows)


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
        TopicPublished: topics,
        NavigatorPublished: navigators,
        NavigatorWithdrawn: forget,
        TokensRevoked: hearing(Base.metadata),
    },
    "events": {EventPublished: event},
}
