"""Events over HTTP beside GraphQL: papers, calendars, the day as it runs, and pages for visitors, for organisers and
for whoever opens a link in a mail.
"""

import uuid
from typing import Any

from services.events import certificates, contacts, trips, voices, votes
from services.events.openspace import forgetting
from services.events.openspace import routes as openspace
from services.events.registration import reading
from services.events.web import (
    checking,
    day,
    importing,
    learning,
    live,
    mine,
    network,
    organise,
    papers,
    registration,
    reports,
    visiting,
)
from services.kit.db import Reader
from services.kit.mydata import my_data_route


async def about(session: Reader, navigator: uuid.UUID) -> dict[str, Any]:
    """Everything that is held about one person, as JSON."""
    return {
        **await trips.about(session, navigator),
        **await reading.about(session, navigator),
        "openSpace": {key: value for key, value in (await forgetting.about(session, navigator)).items() if value},
        "votes": await votes.about(session, navigator),
        "said": await voices.said_by(session, navigator),
        "certificates": await certificates.about(session, navigator),
        "contacts": await contacts.about(session, navigator),
    }


routes = [
    *(papers.paper, papers.of_city, papers.of_person),
    *checking.routes,
    *importing.routes,
    *reports.routes,
    *network.routes,
    *live.routes,
    *day.routes,
    *registration.routes,
    *mine.routes,
    *learning.routes,
    *visiting.routes,
    *organise.routes,
    *openspace.routes,
    my_data_route("events", about),
]
