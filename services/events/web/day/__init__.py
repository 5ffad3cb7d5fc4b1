"""The pages of the day: a person's phone, the screens in the hall, the organiser's cockpit, what comes afterwards."""

from services.events.web.day import (
    afterwards,
    balloting,
    cockpit,
    feedback,
    market,
    phone,
    polling,
    presence,
    results,
    screens,
    topics,
)

routes = [
    *(*phone.routes, *topics.routes, *balloting.routes, *feedback.routes),
    *screens.routes,
    *(*cockpit.routes, *presence.routes, *market.routes, *results.routes, *polling.routes),
    *afterwards.routes,
]
