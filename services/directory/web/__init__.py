"""The directory over HTTP beside GraphQL: the OAuth endpoints and the pages of people who log in."""

from services.directory.web import oauth

routes = [*oauth.routes]
