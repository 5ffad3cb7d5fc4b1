"""The events' jobs: each feature's own, and tidying up."""

from collections.abc import Sequence

from services.events import feeds
from services.events.registration import keeping
from services.kit.db import HUB, Database
from services.kit.jobs import Every, Job
from services.kit.service import Runtime

REGULAR_SECONDS = 3600.0


async def _left(db: Database) -> None:
    async with db.begin(HUB) as session:
        await feeds.forget(session)


def duties(runtime: Runtime) -> Sequence[Job | Every]:
    return [Every(REGULAR_SECONDS, _left), *keeping.duties(runtime)]
