"""Events over HTTP beside GraphQL: the papers of the day, calendars, and the day as it runs."""

import uuid
from typing import Any

from services.events import trips, voices
from services.events.web import live, papers
from services.kit.db import Reader
from services.kit.mydata import my_data_route


async def about(session: Reader, navigator: uuid.UUID) -> dict[str, Any]:
    """Everything that is held about one person, as JSON."""
    return {**await trips.about(session, navigator), "said": await voices.said_by(session, navigator)}


routes = [papers.paper, papers.of_city, papers.of_person, *live.routes, my_data_route("events", about)]
