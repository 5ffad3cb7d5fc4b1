"""What the directory remembers of what the others say."""

import uuid

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.contracts.events import ProjectCardProposed
from services.directory.models import Navigator, ProposedProject
from services.kit.db import Writer
from services.kit.log import Listens

PROPOSED, WITHDRAWN = "PROPOSED", "WITHDRAWN"


async def proposed(session: Writer, said: ProjectCardProposed) -> None:
    """What was said last counts until the city has decided. Of people, only those whom the city publishes."""
    words = {"event_title": said.event_title, "title": said.title, "summary": said.summary}
    # Of a card that was decided meanwhile, too: a name may have gone from them.
    await session.execute(update(ProposedProject).where(ProposedProject.id == uuid.UUID(said.id)).values(words))
    if said.decided:
        return
    wanted = [uuid.UUID(one) for one in said.navigators]
    theirs = select(Navigator.id).where(Navigator.id.in_(wanted), Navigator.ags == said.ags)
    values = words | {
        "topics": list(said.topics),
        "navigators": sorted(await session.scalars(theirs)) if wanted and not said.withdrawn else [],
        "status": WITHDRAWN if said.withdrawn else PROPOSED,
        "decided_at": func.now() if said.withdrawn else None,
    }
    key = {"id": uuid.UUID(said.id), "ags": said.ags, "event_id": uuid.UUID(said.event), "key": ""}
    await session.execute(
        upsert(ProposedProject)
        .values(key | values)
        .on_conflict_do_update(index_elements=["id"], set_=values, where=ProposedProject.status == PROPOSED)
    )


listens: Listens = {"events": {ProjectCardProposed: proposed}}
