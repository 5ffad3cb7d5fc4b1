"""The directory over HTTP beside GraphQL: the OAuth endpoints and the pages of people who log in."""

from services.directory.web import (
    account,
    authorize,
    login,
    mine,
    mine_forms,
    oauth,
    objections,
    people,
    privacy,
    provider,
    register,
    registrations,
    state,
    steering,
    upload,
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
    *upload.routes,
    *mine.routes,
    *mine_forms.routes,
    *objections.routes,
    *privacy.routes,
    *state.routes,
    *steering.routes,
]
