"""The directory over HTTP beside GraphQL: the OAuth endpoints and the pages of people who log in."""

from services.directory.web import (
    account,
    authorize,
    login,
    oauth,
    people,
    provider,
    register,
    registrations,
    state,
    steering,
)

routes = [
    *oauth.routes,
    *authorize.routes,
    *register.routes,
    *registrations.routes,
    *login.routes,
    *account.routes,
    *people.routes,
    *provider.routes,
    *state.routes,
    *steering.routes,
]
