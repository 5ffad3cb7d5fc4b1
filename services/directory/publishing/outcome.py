"""Who publishes, and what came of it. Pure."""

from dataclasses import dataclass
from typing import Any, Self

import msgspec

from services.directory.snapshot import Change, Difference
from services.kit.messages import Message

ANY_VERSION = -1
"""For `expected`: whatever the city published last."""


@dataclass(frozen=True)
class Publisher:
    """Who publishes, how, and with what: `secret` is the hub's own for ids (`Identities`) and must stay the same.

    `memory` is the runtime's; what is remembered of the vocabulary stands there.
    """

    client: str
    secret: bytes
    memory: dict[str, Any]
    via: str = "GRAPHQL"


@dataclass(frozen=True)
class Outcome:
    """`publication` is None when the snapshot changed nothing; `version` is the city's newest publication after it.

    `withheld` are keys of people who were erased here: they are not published again.
    """

    ags: str
    publication: int | None
    version: int | None
    difference: Difference
    messages: tuple[Message, ...] = ()
    withheld: tuple[str, ...] = ()


class Changes(msgspec.Struct, frozen=True):
    """What happened to one kind of rows, as the city's own keys."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()

    @classmethod
    def of(cls, change: Change[Any]) -> Self:
        return cls(
            tuple(row.key for row in change.added),
            tuple(row.key for row in change.changed),
            tuple(row.key for row in change.withdrawn),
            change.unchanged,
        )


class Report(msgspec.Struct, frozen=True, rename="camel"):
    """An outcome as programs are told of it, now and when they ask with the same idempotency key again."""

    ags: str
    publication: int | None
    """Null if nothing changed."""
    version: int | None
    """The city's newest publication now."""
    city_changed: bool
    departments: Changes
    navigators: Changes
    projects: Changes
    withheld: tuple[str, ...] = ()

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        found = outcome.difference
        return cls(
            outcome.ags,
            outcome.publication,
            outcome.version,
            found.city_changed,
            Changes.of(found.departments),
            Changes.of(found.navigators),
            Changes.of(found.projects),
            outcome.withheld,
        )
