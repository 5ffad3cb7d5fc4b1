"""Pages of whoever organises an event, before the day: from the template to the papers.

They change what they show through the same functions as the graph (`changing.unit`); whose event it is, `ground` asks.
"""

from services.events.web.organise import (
    agenda,
    announcing,
    buses,
    bylist,
    inviting,
    listing,
    making,
    papers,
    people,
    places,
    programmes,
    repeating,
    restoring,
    taught,
    venue,
)

routes = [
    *making.routes,
    *listing.routes,
    *agenda.routes,
    *repeating.routes,
    *venue.routes,
    *places.routes,
    *inviting.routes,
    *bylist.routes,
    *buses.routes,
    *announcing.routes,
    *people.routes,
    *papers.routes,
    *restoring.routes,
    *programmes.routes,
    *taught.routes,
]
