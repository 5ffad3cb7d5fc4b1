"""People log in: through their city's OpenID provider, or with a passkey after a mailed link; never with a password."""
