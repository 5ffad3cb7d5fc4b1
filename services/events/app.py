"""Events as a service."""

from pathlib import Path

from litestar import Litestar

from services.events import access, intake, jobs, surveys, votes, web
from services.events.graphql import schema
from services.events.live import rooms
from services.events.models import Base
from services.events.web import visiting
from services.kit.service import Service
from services.kit.web import from_environment

service = Service(
    name="events",
    metadata=Base.metadata,
    migrations=Path(__file__).parent / "migrations",
    schema=schema,
    rights=access.RIGHTS,
    routes=web.routes,
    menu=visiting.menu,
    examples=visiting.examples,
    jobs=jobs.JOBS,
    mails=Path(__file__).parent / "mails",
    regular=[*jobs.REGULAR, surveys.closing, votes.closing],
    duties=jobs.duties,
    listens=intake.listens,
    beside=rooms.beside,
)


def create() -> Litestar:
    """ASGI factory for this service alone; needs its servers and the other services' addresses from the environment."""
    return from_environment([service])
