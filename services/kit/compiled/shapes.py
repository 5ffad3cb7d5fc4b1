"""What a service says of its types, so that queries can be compiled: how a field reads in SQL, as JSON text.

A service writes one `Shape` for each type. Every expression gives the very text that
the executor's JSON encoder would give (`kit.graphql`); a property test of the service holds both against each other.
What is not described here is not compiled: the executor answers the whole query.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from services.kit.auth import Principal
from services.kit.compiled.kept import Kinds


class Unfit(Exception):
    """What was sent is for the executor to answer: most often with an error, which it words."""


@dataclass(frozen=True)
class Viewer:
    """As whom a query is compiled. Both stand in the key of the plan, `own` is a value that goes into it."""

    audience: str
    language: str
    own: str | None = None


@dataclass(frozen=True)
class Given:
    """What a plan runs with: the coerced variables, and who looks."""

    variables: Mapping[str, Any]
    viewer: Viewer


class Values(Protocol):
    """The parameters of a statement while it is written."""

    def put(self, make: Callable[[Given], object], kind: str) -> str:
        """The place, such as `$3::text`, of what `make` gives. `make` raises Unfit for what cannot be asked for."""

    def need(self, condition: str) -> None:
        """Where the condition does not hold, the executor answers instead."""


@dataclass(frozen=True)
class Scope:
    """Where an expression stands: the alias of the row (empty at the top), who looks, the values.

    `joins` are what the rows beside it in the same FROM are joined by; `wide`, whether there are many such rows.
    """

    row: str
    viewer: Viewer
    values: Values
    joins: list[str] = field(default_factory=list)
    wide: bool = False


Argument = Callable[[Given], Any]
"""Reads an argument of a field; of an enum, the name. Those absent or null are not among a field's arguments."""
Arguments = Mapping[str, Argument]


@dataclass(frozen=True)
class Leaf:
    """A scalar, an enum or a list of them: what `concat` makes its JSON text of; nothing of it is NULL."""

    pieces: Callable[[Scope], tuple[str, ...]]


@dataclass(frozen=True)
class Nested:
    """An object made of the same row, null where the condition does not hold."""

    shape: str
    shown: Callable[[Scope], str]


@dataclass(frozen=True)
class One:
    """The row of `shape` for which `where(outer, inner alias, arguments)` holds; null if there is none.

    `by`: the column beside it that holds the row's key, a text that is never NULL, where many rows have the same few.
    """

    shape: str
    where: Callable[[Scope, str, Arguments], str]
    arguments: frozenset[str] = frozenset()
    by: str = ""


@dataclass(frozen=True)
class Rows:
    """`source` is what stands behind FROM, with its WHERE. `order` settles it completely."""

    source: str
    order: Sequence["Key"]


@dataclass(frozen=True)
class Key:
    """A part of a cursor: `text` is SQL for the JSON text of `value`, where it says `{}`, which is a column of the row.

    Without a `column`, one of the source, it orders nothing. `read` gives the value behind a cursor's part; it raises
    Unfit or ValueError for what is none.
    """

    text: str = ""
    value: str = ""
    column: str | None = None
    kind: str = "text"
    read: Callable[[str], object] = str


@dataclass(frozen=True)
class Many:
    """A list without pages: `rows(outer, inner alias, arguments)`."""

    shape: str
    rows: Callable[[Scope, str, Arguments], Rows]
    arguments: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Keyed:
    """A list of rows by the keys in an array, in its order: `keys(outer)` is the array, `column` where they stand.

    `few`: many arrays name the same few rows, as those of a vocabulary.
    """

    shape: str
    column: str
    keys: Callable[[Scope], str]
    few: bool = False


@dataclass(frozen=True)
class Page(Many):
    """A Relay connection: with `first` (at most `most`) and `after` beside its arguments.

    `wide`: its pages are mostly full.
    """

    most: int = 100
    wide: bool = False


Described = Leaf | Nested | One | Many | Keyed | Page


@dataclass(frozen=True)
class Shape:
    """A GraphQL type, the table its rows come from, and the column that is never NULL there."""

    name: str
    table: str
    key: str
    fields: Mapping[str, Described]


@dataclass(frozen=True)
class Shapes:
    """All that can be compiled of a service's graph: the fields of Query stand under that name.

    `viewer` tells as whom somebody reads; `shared` is the audience whose answers are the same for everybody in it, and
    may be remembered. `kinds` are what of its rows is kept, the same in every graph that has these types.
    """

    service: str
    types: Mapping[str, Shape]
    viewer: Callable[[Principal, str], Viewer]
    shared: str
    kinds: Kinds = field(default_factory=Kinds)


# Expressions ------------------------------------------------------------------------------------------------------


def text(column: str) -> Leaf:
    """A text that is never null."""
    return Leaf(lambda at: (f"to_json({at.row}.{column})",))


def text_or_null(column: str) -> Leaf:
    return Leaf(lambda at: (f"coalesce(to_json({at.row}.{column})::text, 'null')",))


def plain(column: str) -> Leaf:
    """A text that needs no escaping, never null: a key, a code, the name of an enum, a date."""
    return Leaf(lambda at: ("'\"'", f"{at.row}.{column}", "'\"'"))


def plain_or_null(column: str) -> Leaf:
    return Leaf(lambda at: (f"""coalesce('"' || {at.row}.{column} || '"', 'null')""",))


def number(column: str) -> Leaf:
    return Leaf(lambda at: (f"{at.row}.{column}",))


def number_or_null(column: str) -> Leaf:
    return Leaf(lambda at: (f"coalesce({at.row}.{column}::text, 'null')",))


def boolean(column: str) -> Leaf:
    return Leaf(lambda at: (f"{at.row}.{column}::text",))


def texts(column: str) -> Leaf:
    """A list of texts that is never null."""
    return Leaf(lambda at: (f"array_to_json({at.row}.{column})",))


def only(shown: Callable[[Scope], str], leaf: Leaf, empty: str) -> Leaf:
    """`leaf` where the condition holds, else the JSON text `empty`."""

    def pieces(at: Scope) -> tuple[str, ...]:
        inside = leaf.pieces(at)
        text = f"({inside[0]})::text" if len(inside) == 1 else f"concat({', '.join(inside)})"
        return (f"CASE WHEN {shown(at)} THEN {text} ELSE '{empty}' END",)

    return Leaf(pieces)
