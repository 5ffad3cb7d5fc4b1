"""The directory as a service."""

from pathlib import Path
from typing import Any

from litestar import Litestar

from services.directory import access, intake, jobs, reads, vocabulary, web
from services.directory.graphql import schema
from services.directory.models import Base
from services.directory.oauth import keys
from services.directory.protection import tombstones
from services.directory.web.examples import examples
from services.directory.web.menu import menu
from services.kit.auth import Keys
from services.kit.db import HUB
from services.kit.service import Runtime, Service
from services.kit.web import from_environment


async def _prepare(runtime: Runtime) -> None:
    """Seed the vocabulary and the first signing key; in a restored database, erase again before anybody is answered."""
    async with runtime.db.begin(HUB) as session:
        await keys.signing_key(session, runtime.settings.derived("signing"))
        await runtime.say(session, await vocabulary.seed(session, runtime))
    await tombstones.replay(runtime)


def _keys(runtime: Runtime) -> Keys:
    async def read() -> dict[str, Any]:
        async with runtime.db.read(HUB) as session:
            return await keys.key_set(session)

    return read


service = Service(
    name="directory",
    metadata=Base.metadata,
    migrations=Path(__file__).parent / "migrations",
    schema=schema,
    rights=access.RIGHTS,
    reads=reads.SHAPES,
    routes=web.routes,
    menu=menu,
    examples=examples,
    duties=jobs.duties,
    mails=Path(__file__).parent / "mails",
    listens=intake.listens,
    without=frozenset(intake.listens),
    prepare=_prepare,
    keys=_keys,
)


def create() -> Litestar:
    """ASGI factory for this service alone; needs its servers and the other services' addresses from the environment."""
    return from_environment([service])
