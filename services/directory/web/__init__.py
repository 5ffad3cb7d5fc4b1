"""The directory over HTTP beside GraphQL: the OAuth endpoints and the pages of people who log in."""

from services.directory.web import (
    account,
    authorize,
    cities,
    harvest,
    history,
    login,
    oauth,
    people,
    provider,
    register,
    registrations,
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
    *cities.routes,
    *history.routes,
    *harvest.routes,
]
