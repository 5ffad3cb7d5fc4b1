"""The directory over HTTP beside GraphQL: the OAuth endpoints and the pages of people who log in."""

from services.directory.web import (
    account,
    authorize,
    login,
    oauth,
    opendata,
    partnerships,
    people,
    provider,
    register,
    registrations,
    topics,
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
    *topics.routes,
    *opendata.routes,
    *partnerships.routes,
]
