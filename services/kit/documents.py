"""Trusted documents: the queries that an operator laid down, which clients then name by their SHA-256.

Nothing is ever learnt from a client. The id is the hash of the text, so that nobody can give a text another's name.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, get_args

import msgspec

from services.kit.errors import HubError, Refused
from services.kit.i18n import gettext as _

Policy = Literal["off", "allowed", "only"]
POLICIES: Final[tuple[str, ...]] = get_args(Policy)
MOST: Final = 10_000
MOST_BYTES: Final = 20_000_000
SUFFIXES: Final = frozenset({".graphql", ".gql"})
PREFIX: Final = "sha256:"


class UnknownDocument(HubError):
    """The message is what Apollo's clients look for, whatever language a person speaks."""

    status, code = 404, "PERSISTED_QUERY_NOT_FOUND"


class DocumentsOff(HubError):
    """As UnknownDocument."""

    status, code = 404, "PERSISTED_QUERY_NOT_SUPPORTED"


@dataclass(frozen=True)
class Documents:
    """`texts` by hash. With the policy `only`, nobody in particular may run anything else."""

    policy: Policy = "off"
    texts: Mapping[str, str] = field(default_factory=dict)

    def text(self, query: str | None, asked: str | None, *, known: bool) -> str | None:
        """The query that a call means by its own text or by a hash, with or without the prefix of the specification.

        None where it says neither. Raises UnknownDocument and DocumentsOff for a hash, Refused for a text that may not
        run.
        """
        if asked is not None:
            asked = asked.removeprefix(PREFIX).lower()
            if query is not None and sha256(query) != asked:
                raise Refused(_("The hash is not the one of the query."))
        if query is None:
            return None if asked is None else self._named(asked)
        if self.policy == "only" and not known and sha256(query) not in self.texts:
            raise Refused(_("This hub answers only queries that it knows. With an access token you may ask others."))
        return query

    def _named(self, asked: str) -> str:
        if self.policy == "off":
            raise DocumentsOff("PersistedQueryNotSupported")
        if asked not in self.texts:
            raise UnknownDocument("PersistedQueryNotFound")
        return self.texts[asked]


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def load(policy: Policy, place: str) -> Documents:
    """The documents of a folder (`*.graphql`) or of a JSON file. Raises Refused where they cannot be read.

    The file is a list of texts, an object from hash to text, or the manifest that Apollo's tools write.
    """
    if policy == "off":
        return Documents()
    path = Path(place)
    if not place or not path.exists():
        raise Refused(_("LOTSENNETZ_DOCUMENTS takes a folder or a JSON file with queries. There is none: {place}",
                        place=place))  # fmt: skip
    try:
        texts = _of_folder(path) if path.is_dir() else _of_file(_read(path))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
        raise Refused(_("LOTSENNETZ_DOCUMENTS cannot be read: {reason}", reason=problem)) from problem
    if len(texts) > MOST:
        raise Refused(_("LOTSENNETZ_DOCUMENTS takes at most {most} queries.", most=MOST))
    return Documents(policy, {sha256(text): text for text in texts})


def _of_folder(path: Path) -> list[str]:
    return [_read(one).decode() for one in sorted(path.iterdir())[: MOST + 1] if one.suffix in SUFFIXES]


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        found = file.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise ValueError(f"{path.name} > {MOST_BYTES}")
    return found


def _of_file(content: bytes) -> list[str]:
    said: Any = msgspec.json.decode(content)
    if isinstance(said, dict) and "operations" in said:
        said = {one["id"]: one["body"] for one in msgspec.convert(said["operations"], list[dict[str, Any]])}
    if isinstance(said, dict):
        if wrong := next((id for id, text in said.items() if id.removeprefix(PREFIX) != sha256(text)), None):
            raise ValueError(f"{wrong[:80]} is not the SHA-256 of its query")
        said = list(said.values())
    return msgspec.convert(said, list[str])
