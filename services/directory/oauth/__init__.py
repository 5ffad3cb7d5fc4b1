"""The authorization server: registration of clients, grants, tokens, keys (OAuth 2.1, RFC 6749 and others)."""
