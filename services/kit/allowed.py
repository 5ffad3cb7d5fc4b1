"""What a GraphQL request may cost, by who asks: numbers only, so that the settings can hold them.

`limits` counts a document against them; `docs/settings.md` says how an operator changes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from services.kit.errors import Refused
from services.kit.i18n import gettext as _

MOST: Final = 100_000_000


@dataclass(frozen=True)
class Limits:
    """One class of clients; `body` and `query` bound what is read, the rest what is done with it."""

    depth: int = 20
    width: int = 100
    """Fields in one selection, those of its fragments included."""
    pairs: int = 5_000
    """Pairs of fields with one name and with fields below them: validation merges each with each."""
    aliases: int = 200
    directives: int = 50
    """In the whole document; at most `field_directives` of them at one place."""
    field_directives: int = 5
    introspections: int = 3
    """Questions about the schema, such as `__schema`, in one document."""
    cost: int = 20_000
    root_fields: int = 20
    tokens: int = 2_000
    query: int = 100_000
    """Characters; data belongs into variables."""
    body: int = 4_000_000
    """Bytes; a city of 500,000 publishes its snapshot in far less."""
    values: int = 150_000
    """Values within the variables: a second and a half of our time before the first resolver runs."""
    seconds: int = 10
    """How long one statement of a read may take in the database."""


@dataclass(frozen=True)
class Prices:
    """What a field costs, for everybody the same."""

    page: int = 25
    """What a page costs beside its items: a database query of its own."""
    items: int = 5
    """How many items a list without pages is taken for; `Context.load` counts what they really are."""
    default_page: int = 50


@dataclass(frozen=True)
class Classes:
    """Nobody in particular; people and programs who say who they are; programs that the operator trusts."""

    anonymous: Limits = Limits(query=20_000, body=100_000, seconds=5)
    known: Limits = Limits()
    trusted: Limits = Limits(aliases=2_000, cost=200_000, root_fields=100, tokens=10_000, query=400_000, seconds=30)


DEFAULT: Final = Classes()
PRICES: Final = Prices()
CHANGED: Final = frozenset(field.name for field in fields(Limits))


def changed(limits: Limits, text: str, variable: str) -> Limits:
    """`limits` with what an operator wrote: `cost=50000, depth=12`. Raises Refused, naming the `variable`."""
    found: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _equals, value = (side.strip() for side in part.partition("="))
        if name not in CHANGED or not (value.isascii() and value.isdecimal()) or not 0 < int(value[:18]) <= MOST:
            raise Refused(
                _(
                    "{variable} takes limits such as cost=20000, depth=12; each a number from 1. There are: {names}",
                    variable=variable,
                    names=", ".join(sorted(CHANGED)),
                )
            )
        found[name] = int(value)
    return replace(limits, **found)


def classes(given: Mapping[str, str]) -> Classes:
    """The usual limits with what an operator wrote for each class; the variables are named LOTSENNETZ_LIMITS_….

    Raises Refused.
    """
    return Classes(**{
        field.name: changed(getattr(DEFAULT, field.name), given.get(field.name, ""),
                            f"LOTSENNETZ_LIMITS_{field.name.upper()}")
        for field in fields(Classes)
    })  # fmt: skip
