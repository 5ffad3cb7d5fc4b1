"""The authorization server: registration of clients, grants, tokens, keys (OAuth 2.1, RFC 6749 and others)."""

from services.directory.oauth.keys import key_set, signing_key
from services.directory.oauth.server import SCOPES, Credentials, TokenAnswer, invalid, metadata, register, token

__all__ = ["SCOPES", "Credentials", "TokenAnswer", "invalid", "key_set", "metadata", "register", "signing_key", "token"]
