"""What matching remembers of what the others say."""

import uuid
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as upsert

from services.contracts.directory import NavigatorPublished, NavigatorWithdrawn, TopicPublished
from services.contracts.events import EventPublished
from services.kit.db import Writer
from services.kit.log import Listens
from services.matching.models import Event, Navigator, Topic


async def _remember(session: Writer, model: type[Any], key: dict[str, Any], values: dict[str, Any]) -> None:
    await session.execute(
        upsert(model).values(**key, **values).on_conflict_do_update(index_elements=list(key), set_=values)
    )


async def topic(session: Writer, said: TopicPublished) -> None:
    await _remember(session, Topic, {"code": said.code}, {"parent": said.parent})


async def navigator(session: Writer, said: NavigatorPublished) -> None:
    values = {
        "ags": said.ags,
        "offers": list(said.offers),
        "seeks": list(said.seeks),
        "works_on": list(said.works_on),
    }
    await _remember(session, Navigator, {"id": uuid.UUID(said.id)}, values)


async def forget(session: Writer, said: NavigatorWithdrawn) -> None:
    await session.execute(delete(Navigator).where(Navigator.id == uuid.UUID(said.id)))


async def event(session: Writer, said: EventPublished) -> None:
    values = {
        "organiser": said.organiser,
        "cities": list(said.cities),
        "participants": [uuid.UUID(p) for p in said.participants],
    }
    await _remember(session, Event, {"id": uuid.UUID(said.id)}, values)


listens: Listens = {
    "directory": {TopicPublished: topic, NavigatorPublished: navigator, NavigatorWithdrawn: forget},
    "events": {EventPublished: event},
}
