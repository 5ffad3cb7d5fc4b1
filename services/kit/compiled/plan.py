"""From a validated query to one SQL statement whose answer is the JSON text of `data`.

Every object becomes `concat(…)` of constant text and columns, a list `string_agg` over a subquery in its order. The
statement takes the variables as parameters, so that it is prepared once for each connection and never planned again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import msgspec
from graphql import DocumentNode, FieldNode, GraphQLSchema, OperationDefinitionNode, SelectionSetNode

from services.kit.compiled.arguments import first as page_size
from services.kit.compiled.arguments import part, read
from services.kit.compiled.selections import NotCompiled, Selections
from services.kit.compiled.shapes import (
    Argument,
    Arguments,
    Given,
    Keyed,
    Leaf,
    Many,
    Nested,
    One,
    Page,
    Rows,
    Scope,
    Shape,
    Shapes,
    Viewer,
)


@dataclass
class Plan:
    """A statement and what fills it. `make` gives the parameters; it raises Unfit where the executor must answer.

    `dictionaries` are statements, with the table they read: each gives a JSON object of the texts of its rows by their
    keys, which whoever runs the plan may remember until the table changes.
    """

    sql: str
    makers: Sequence[Callable[[Given], object]]
    dictionaries: Mapping[str, str]
    kept: dict[str, tuple[int, str]] = field(default_factory=dict)
    """What was remembered of a dictionary, and as of which version of its table."""

    def make(self, given: Given) -> list[object]:
        return [maker(given) for maker in self.makers]


@dataclass
class _Writing:
    """The statement while it is written."""

    makers: list[Callable[[Given], object]] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    dictionaries: dict[str, str] = field(default_factory=dict)
    needs: list[str] = field(default_factory=list)
    rows: int = 0

    def put(self, make: Callable[[Given], object], kind: str) -> str:
        self.makers.append(make)
        self.places.append(f"${len(self.makers)}::{kind}")
        return self.places[-1]

    def need(self, condition: str) -> None:
        if condition not in self.needs:
            self.needs.append(condition)

    def dictionary(self, statement: str, table: str) -> str:
        """The place of a dictionary."""
        self.dictionaries[statement] = table
        return self.put(partial(_dictionary, statement), "jsonb")

    def alias(self) -> str:
        self.rows += 1
        return f"r{self.rows}"


Pieces = list[str]
"""Arguments of `concat`: SQL expressions, or constant text in quotes."""


def compiled(
    schema: GraphQLSchema,
    shapes: Shapes,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    viewer: Viewer,
    known: Mapping[str, Any],
    *,
    remembering: bool = False,
) -> Plan:
    """The plan of `operation` for variables of which `known` tells the booleans, and which of the others are there.

    With `remembering` it may have dictionaries. Raises NotCompiled.
    """
    return _Compiler(schema, shapes, document, viewer, known, remembering=remembering).plan(operation)


def quoted(text: str) -> str:
    """A constant of SQL."""
    return "'" + text.replace("'", "''") + "'"


def merged(pieces: Sequence[str]) -> str:
    """`concat` of the pieces, with neighbouring constants made one."""
    out: list[str] = []
    for piece in pieces:
        if piece.startswith("'") and piece.endswith("'") and out and out[-1].startswith("'") and out[-1].endswith("'"):
            out[-1] = out[-1][:-1] + piece[1:]
        else:
            out.append(piece)
    return f"concat({', '.join(out)})" if out else "''"


class _Compiler:
    def __init__(
        self,
        schema: GraphQLSchema,
        shapes: Shapes,
        document: DocumentNode,
        viewer: Viewer,
        known: Mapping[str, Any],
        *,
        remembering: bool,
    ) -> None:
        self.remembering = remembering
        self.schema, self.shapes, self.viewer, self.known = schema, shapes, viewer, known
        self.fields = Selections(schema, document, known).fields
        self.writing = _Writing()

    def plan(self, operation: OperationDefinitionNode) -> Plan:
        if operation.directives:
            raise NotCompiled
        top = Scope("", self.viewer, self.writing)
        text = merged(self.object(top, self.shape("Query"), [operation.selection_set]))
        for value in self.writing.places:
            if value not in text:  # nothing of its page is asked for, but a wrong one is an error all the same
                self.writing.need(f"{value} IS NOT NULL")
        needs = " AND ".join(self.writing.needs)
        text = f"convert_to({text}, 'UTF8')"  # bytes, so that nobody decodes and encodes them on the way
        sql = f"SELECT CASE WHEN {needs} THEN {text} END" if needs else f"SELECT {text}"
        return Plan(sql, self.writing.makers, self.writing.dictionaries)

    def shape(self, name: str) -> Shape:
        return self.shapes.types[name]

    # Objects ------------------------------------------------------------------------------------------------------

    def object(self, at: Scope, shape: Shape, selections: Sequence[SelectionSetNode]) -> Pieces:
        """The pieces of an object's JSON text."""
        pieces: Pieces = []
        for key, nodes in self.fields(shape.name, selections).items():
            pieces.append(quoted(f"{',' if pieces else '{'}{_json(key)}:"))
            pieces += self.field(at, shape, nodes)
        return [*pieces, "'}'"] if pieces else ["'{}'"]

    def field(self, at: Scope, shape: Shape, nodes: Sequence[FieldNode]) -> Pieces:
        name = nodes[0].name.value
        if name == "__typename":
            return [quoted(_json(shape.name))]
        described = shape.fields.get(name)
        if described is None or (nodes[0].arguments and isinstance(described, (Leaf, Nested, Keyed))):
            raise NotCompiled
        below = [node.selection_set for node in nodes if node.selection_set]
        if isinstance(described, Leaf):
            return list(described.pieces(at))
        if isinstance(described, Nested):
            inside = merged(self.object(at, self.shape(described.shape), below))
            return [f"CASE WHEN {described.shown(at)} THEN {inside} ELSE 'null' END"]
        if isinstance(described, Keyed):
            return self.keyed(at, described, below)
        type_: Any = self.schema.get_type(shape.name)
        arguments = read(type_.fields[name], nodes[0], self.known)
        allowed = described.arguments | {"first", "after"} if isinstance(described, Page) else described.arguments
        if not set(arguments) <= allowed:
            raise NotCompiled
        if isinstance(described, One):
            return [self.one(at, described, arguments, below)]
        if isinstance(described, Page):
            return self.page(at, described, arguments, below)
        return self.many(at, described, arguments, below)

    def one(self, at: Scope, described: One, arguments: Arguments, below: Sequence[SelectionSetNode]) -> str:
        """Beside a row, a join: that is cheaper than a subquery for each row, and a left join keeps their order."""
        shape, alias = self.shape(described.shape), self.writing.alias()
        where = described.where(at, alias, arguments)
        if at.row:
            at.joins.append(f" LEFT JOIN {shape.table} {alias} ON {where}")
            inside = merged(self.object(replace(at, row=alias), shape, below))
            return f"CASE WHEN {alias}.{shape.key} IS NULL THEN 'null' ELSE {inside} END"
        here = Scope(alias, self.viewer, self.writing)
        inside = merged(self.object(here, shape, below))
        return f"coalesce((SELECT {inside} FROM {shape.table} {alias}{''.join(here.joins)} WHERE {where}), 'null')"

    def many(self, at: Scope, described: Many, arguments: Arguments, below: Sequence[SelectionSetNode]) -> Pieces:
        shape, alias = self.shape(described.shape), self.writing.alias()
        rows = described.rows(at, alias, arguments)
        here = Scope(alias, self.viewer, self.writing, wide=at.wide)
        inside = merged(self.object(here, shape, below))
        ordered = f"SELECT {alias}.* FROM {rows.source} ORDER BY {_order(rows)}"
        return ["'['", f"(SELECT string_agg({inside}, ',') FROM ({ordered}) {alias}{''.join(here.joins)})", "']'"]

    def keyed(self, at: Scope, described: Keyed, below: Sequence[SelectionSetNode]) -> Pieces:
        """One look-up for each key: no join, so that nothing can change the order of the array.

        Where there are many lists, the table is small and its rows look alike to everybody, it is looked up in a
        dictionary that comes along: reading that takes as long as some twenty look-ups in an index, but only once.
        """
        shape, alias = self.shape(described.shape), self.writing.alias()
        here, before = Scope(alias, self.viewer, self.writing), (len(self.writing.places), len(self.writing.needs))
        inside = merged(self.object(here, shape, below))
        source = f"{shape.table} {alias}{''.join(here.joins)}"
        if (
            described.small
            and at.wide
            and self.remembering
            and before == (len(self.writing.places), len(self.writing.needs))
        ):
            statement = f"SELECT convert_to(jsonb_object_agg({alias}.{described.column}, {inside})::text, 'UTF8')"
            kept = self.writing.dictionary(f"{statement} FROM {source}", shape.table)
            each = f"string_agg({kept} ->> {alias}_, ',')"
            return ["'['", f"(SELECT {each} FROM unnest({described.keys(at)}) {alias}_)", "']'"]
        row = f"SELECT {inside} FROM {source} WHERE {alias}.{described.column} = {alias}_"
        return ["'['", f"(SELECT string_agg(({row}), ',') FROM unnest({described.keys(at)}) {alias}_)", "']'"]

    # Connections --------------------------------------------------------------------------------------------------

    def page(self, at: Scope, described: Page, arguments: Arguments, below: Sequence[SelectionSetNode]) -> Pieces:
        """One subquery gives the page in its order, and one more row if somebody asks whether there is one."""
        shape, alias = self.shape(described.shape), self.writing.alias()
        own = {name: read for name, read in arguments.items() if name not in {"first", "after"}}
        rows = described.rows(at, alias, own)
        first = self.writing.put(partial(page_size, arguments.get("first"), described.most), "int")
        source = rows.source
        if after := arguments.get("after"):
            source = f"{source} AND {self.behind(rows, after)}"
        parts, more = self.connection(described, below)
        inner = ", ".join([f"{alias}.*", *(f"{key.text} AS _{i}" for i, key in enumerate(rows.order))])
        # The constant limit lets the planner go along the index; the parameter alone tells it nothing.
        page = f"SELECT {inner} FROM {source} ORDER BY {_order(rows)} LIMIT {described.most + 1}"
        page = f"SELECT {alias}.* FROM ({page}) {alias} LIMIT {first}{' + 1' if more else ''}"
        if more:
            page = f"SELECT {alias}.*, row_number() OVER () AS _n FROM ({page}) {alias}"
        here = Scope(alias, self.viewer, self.writing, wide=at.wide or described.wide)
        wanted: dict[str, str] = {}
        cursor = _cursor([f"{alias}._{i}" for i in range(len(rows.order))])

        def cursor_at(place: str) -> str:
            return _cursor([f"(array_agg({alias}._{i}))[{place}]" for i in range(len(rows.order))])

        def listed(text: str) -> str:
            inside = f"CASE WHEN {alias}._n <= {first} THEN {text} END" if more else text
            return wanted.setdefault(f"string_agg({inside}, ',')", f"_{len(wanted)}x")

        def single(text: str) -> str:
            return wanted.setdefault(text, f"_{len(wanted)}x")

        pieces: Pieces = []
        for key, nodes in parts.items():
            name = nodes[0].name.value
            inside_of = [node.selection_set for node in nodes if node.selection_set]
            pieces.append(quoted(f"{',' if pieces else '{'}{_json(key)}:"))
            if name == "__typename":
                pieces.append(quoted(_json(f"{shape.name}Connection")))
            elif name == "nodes":
                pieces += ["'['", listed(merged(self.object(here, shape, inside_of))), "']'"]
            elif name == "edges":
                pieces += ["'['", listed(merged(self.edge(here, shape, inside_of, cursor))), "']'"]
            else:
                pieces += self.page_info(inside_of, single, first, cursor_at, after is not None)
        if not wanted:
            return [*pieces, "'}'"]
        columns = ", ".join(f"{text} AS {name}" for text, name in wanted.items())
        told = f"SELECT {columns} FROM ({page}) {alias}{''.join(here.joins)}"
        return [f"(SELECT {merged([*pieces, quoted('}')])} FROM ({told}) _{alias})"]

    def connection(self, described: Page, below: Sequence[SelectionSetNode]) -> tuple[dict[str, list[FieldNode]], bool]:
        """The fields of the connection, and whether one of them asks for what is behind the page."""
        parts = self.fields(f"{described.shape}Connection", below)
        known = {"nodes", "edges", "pageInfo", "__typename"}
        if not {nodes[0].name.value for nodes in parts.values()} <= known:
            raise NotCompiled
        asked = [
            node.selection_set
            for nodes in parts.values()
            for node in nodes
            if node.name.value == "pageInfo" and node.selection_set
        ]
        info = self.fields("PageInfo", asked)
        return parts, any(nodes[0].name.value == "hasNextPage" for nodes in info.values())

    def edge(self, at: Scope, shape: Shape, selections: Sequence[SelectionSetNode], cursor: str) -> Pieces:
        pieces: Pieces = []
        for key, nodes in self.fields(f"{shape.name}Edge", selections).items():
            name = nodes[0].name.value
            pieces.append(quoted(f"{',' if pieces else '{'}{_json(key)}:"))
            if name == "cursor":
                pieces += ["'\"'", cursor, "'\"'"]
            elif name == "node":
                pieces += self.object(at, shape, [node.selection_set for node in nodes if node.selection_set])
            elif name == "__typename":
                pieces.append(quoted(_json(f"{shape.name}Edge")))
            else:
                raise NotCompiled
        return [*pieces, "'}'"] if pieces else ["'{}'"]

    def page_info(
        self,
        selections: Sequence[SelectionSetNode],
        single: Callable[[str], str],
        first: str,
        cursor_at: Callable[[str], str],
        behind: bool,
    ) -> Pieces:
        pieces: Pieces = []
        texts = {
            "hasNextPage": lambda: single(f"(count(*) > {first})::text"),
            "hasPreviousPage": lambda: quoted("true" if behind else "false"),
            "startCursor": lambda: _or_null(single(cursor_at("1"))),
            "endCursor": lambda: _or_null(single(cursor_at(f"least(count(*), {first})"))),
            "__typename": lambda: quoted(_json("PageInfo")),
        }
        for key, nodes in self.fields("PageInfo", selections).items():
            make = texts.get(nodes[0].name.value)
            if make is None:
                raise NotCompiled
            pieces += [quoted(f"{',' if pieces else '{'}{_json(key)}:"), make()]
        return [*pieces, "'}'"] if pieces else ["'{}'"]

    def behind(self, rows: Rows, after: Argument) -> str:
        keys = [(place, key) for place, key in enumerate(rows.order) if key.column is not None]
        length = len(rows.order)
        values = [self.writing.put(partial(part, after, length, place, key), key.kind) for place, key in keys]
        return f"({', '.join(str(key.column) for _place, key in keys)}) > ({', '.join(values)})"


def _dictionary(statement: str, given: Given) -> str:
    return given.dictionaries[statement]


def _json(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _order(rows: Rows) -> str:
    return ", ".join(key.column for key in rows.order if key.column is not None)


def _or_null(column: str) -> str:
    return f"""coalesce('"' || {column} || '"', 'null')"""


def _cursor(parts: Sequence[str]) -> str:
    """As `encode_cursor` makes it: the parts as a JSON list, in hexadecimal digits."""
    listed = " || ',' || ".join(parts)
    return f"encode(convert_to('[' || {listed} || ']', 'UTF8'), 'hex')"
