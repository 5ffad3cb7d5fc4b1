"""The directory over HTTP beside GraphQL: the OAuth endpoints and the pages of people who log in."""

from services.directory.web import account, login, oauth, provider

routes = [*oauth.routes, *login.routes, *account.routes, *provider.routes]
