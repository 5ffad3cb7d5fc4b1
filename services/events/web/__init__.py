"""Events over HTTP beside GraphQL: the papers of the day, and the pages that links in mails open."""

import uuid
from typing import Any

from services.events import trips
from services.events.registration import reading
from services.events.web import papers, registration
from services.kit.db import Reader
from services.kit.mydata import my_data_route


async def about(session: Reader, navigator_id: uuid.UUID) -> dict[str, Any]:
    """Everything that events hold about one person."""
    return {**await trips.about(session, navigator_id), **await reading.about(session, navigator_id)}


routes = [papers.paper, *registration.routes, my_data_route("events", about)]
