"""Matching as a service."""

from pathlib import Path

from litestar import Litestar

from services.kit.service import Service
from services.kit.web import from_environment
from services.matching import access, intake, jobs, measures, met, web
from services.matching.graphql import schema
from services.matching.models import Base

service = Service(
    name="matching",
    metadata=Base.metadata,
    migrations=Path(__file__).parent / "migrations",
    schema=schema,
    rights=access.RIGHTS,
    routes=web.routes,
    menu=web.menu,
    jobs=[jobs.plan],
    regular=[met.forgetting],
    listens=intake.listens,
    measures=measures.measures,
)


def create() -> Litestar:
    """ASGI factory for this service alone; needs its servers and the other services' addresses from the environment."""
    return from_environment([service])
