"""The directory over HTTP beside GraphQL: the OAuth endpoints and the pages of people who log in."""

from services.directory.web import account, login, oauth

routes = [*oauth.routes, *login.routes, *account.routes]
