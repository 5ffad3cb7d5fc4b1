"""The ids of one city's rows."""

import hmac
import uuid
from dataclasses import dataclass


@dataclass(frozen=True)
class Identities:
    """The ids of one city's rows: the same whenever the city publishes a key again, and no other city's.

    They are made with a secret: with a public rule, whoever guesses that a key is a person's name could test the guess.
    """

    secret: bytes
    ags: str

    def _of(self, kind: str, key: str) -> uuid.UUID:
        digest = hmac.digest(self.secret, f"{self.ags}/{kind}/{key}".encode(), "sha256")
        return uuid.UUID(bytes=digest[:16], version=5)

    def navigator(self, key: str) -> uuid.UUID:
        return self._of("navigator", key)

    def project(self, key: str) -> uuid.UUID:
        return self._of("project", key)
