"""From a validated query to one SQL statement whose answer is the JSON text of `data`.

Every object becomes `concat(…)` of constant text and columns, a list `string_agg` over a subquery in its order. The
statement takes the variables as parameters, so that it is prepared once for each connection and never planned again.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import msgspec
from graphql import DocumentNode, FieldNode, GraphQLSchema, OperationDefinitionNode, SelectionSetNode

from services.kit.compiled.arguments import first as page_size
from services.kit.compiled.arguments import part, read
from services.kit.compiled.kept import MARK, Kind
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

    What the statement gives has marks for rows of these `kinds` (`compiled.kept`).
    """

    sql: str
    makers: Sequence[Callable[[Given], object]]
    kinds: Sequence[Kind]

    def make(self, given: Given) -> list[object]:
        return [maker(given) for maker in self.makers]


@dataclass
class _Writing:
    """The statement while it is written."""

    makers: list[Callable[[Given], object]] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    tables: set[str] = field(default_factory=set)
    kinds: list[Kind] = field(default_factory=list)
    rows: int = 0

    def put(self, make: Callable[[Given], object], kind: str) -> str:
        self.makers.append(make)
        self.places.append(f"${len(self.makers)}::{kind}")
        return self.places[-1]

    def need(self, condition: str) -> None:
        if condition not in self.needs:
            self.needs.append(condition)

    def alias(self, table: str) -> str:
        self.tables.add(table)
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
    kept: bool = False,
) -> Plan:
    """The plan of `operation` for variables of which `known` tells the booleans, and which of the others are there.

    Where rows are `kept`, its answers may have marks. Raises NotCompiled.
    """
    return _Compiler(schema, shapes, document, viewer, known, kept).plan(operation)


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
        kept: bool,
    ) -> None:
        self.schema, self.shapes, self.viewer, self.known, self.kept = schema, shapes, viewer, known, kept
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
        return Plan(sql, self.writing.makers, self.writing.kinds)

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
            return self.one(at, described, arguments, below)
        if isinstance(described, Page):
            return self.page(at, described, arguments, below)
        return self.many(at, described, arguments, below)

    def one(self, at: Scope, described: One, arguments: Arguments, below: Sequence[SelectionSetNode]) -> Pieces:
        """Beside a row, a join: that is cheaper than a subquery for each row, and a left join keeps their order."""
        shape = self.shape(described.shape)
        if at.wide and described.by and (kind := self.kind(shape, shape.key, below)):
            return [quoted(f"{MARK}{kind.number}:"), f"{at.row}.{described.by}", quoted(MARK)]
        alias = self.writing.alias(shape.table)
        where = described.where(at, alias, arguments)
        if at.row:
            at.joins.append(f" LEFT JOIN {shape.table} {alias} ON {where}")
            inside = merged(self.object(replace(at, row=alias), shape, below))
            return [f"CASE WHEN {alias}.{shape.key} IS NULL THEN 'null' ELSE {inside} END"]
        here = Scope(alias, self.viewer, self.writing)
        inside = merged(self.object(here, shape, below))
        return [f"coalesce((SELECT {inside} FROM {shape.table} {alias}{''.join(here.joins)} WHERE {where}), 'null')"]

    def many(self, at: Scope, described: Many, arguments: Arguments, below: Sequence[SelectionSetNode]) -> Pieces:
        shape = self.shape(described.shape)
        alias = self.writing.alias(shape.table)
        rows = described.rows(at, alias, arguments)
        here = Scope(alias, self.viewer, self.writing, wide=at.wide)
        inside, joins = merged(self.object(here, shape, below)), "".join(here.joins)
        ordered = f"SELECT {_columns(alias, inside + joins)} FROM {rows.source} ORDER BY {_order(rows)}"
        return ["'['", f"(SELECT string_agg({inside}, ',') FROM ({ordered}) {alias}{joins})", "']'"]

    def keyed(self, at: Scope, described: Keyed, below: Sequence[SelectionSetNode]) -> Pieces:
        """One look-up for each key: no join, so that nothing can change the order of the array."""
        shape = self.shape(described.shape)
        if described.few and (kind := self.kind(shape, described.column, below)):
            mark = quoted(f"{MARK}{kind.number}:")
            return ["'['", mark, f"array_to_string({described.keys(at)}, '{MARK},' || {mark})", quoted(MARK), "']'"]
        alias = self.writing.alias(shape.table)
        here = Scope(alias, self.viewer, self.writing)
        inside = merged(self.object(here, shape, below))
        source = f"{shape.table} {alias}{''.join(here.joins)}"
        row = f"SELECT {inside} FROM {source} WHERE {alias}.{described.column} = {alias}_"
        return ["'['", f"(SELECT string_agg(({row}), ',') FROM unnest({described.keys(at)}) {alias}_)", "']'"]

    def kind(self, shape: Shape, key: str, below: Sequence[SelectionSetNode]) -> Kind | None:
        """How these rows are kept; None where they depend on more than their own table."""
        if not self.kept:
            return None
        outside, self.writing = self.writing, _Writing()
        try:
            alias = self.writing.alias(shape.table)
            here = Scope(alias, self.viewer, self.writing)
            inside = merged(self.object(here, shape, below))
            if self.writing.makers or self.writing.needs or self.writing.kinds or self.writing.tables != {shape.table}:
                return None
        finally:
            self.writing = outside
        kind = self.shapes.kinds.kind(shape.table, key, alias, inside, f"{shape.table} {alias}{''.join(here.joins)}")
        if kind not in self.writing.kinds:
            self.writing.kinds.append(kind)
        return kind

    # Connections --------------------------------------------------------------------------------------------------

    def page(self, at: Scope, described: Page, arguments: Arguments, below: Sequence[SelectionSetNode]) -> Pieces:
        """One subquery gives the page in its order, and one more row if somebody asks whether there is one."""
        shape = self.shape(described.shape)
        alias = self.writing.alias(shape.table)
        own = {name: read for name, read in arguments.items() if name not in {"first", "after"}}
        rows = described.rows(at, alias, own)
        first = self.writing.put(partial(page_size, arguments.get("first"), described.most), "int")
        source = rows.source
        if after := arguments.get("after"):
            source = f"{source} AND {self.behind(rows, after)}"
        parts, more = self.connection(described, below)
        here = Scope(alias, self.viewer, self.writing, wide=at.wide or described.wide)

        def cursor_at(place: str) -> str:
            return _cursor([key.text.format(f"(array_agg({key.value}))[{place}]") for key in rows.order])

        def listed(text: str) -> Pieces:
            if more:  # all rows but the one that is only there to be seen
                return ["'['", f"array_to_string((array_agg({text}))[:{first}], ',')", "']'"]
            return ["'['", f"string_agg({text}, ',')", "']'"]

        pieces: Pieces = []
        for key, nodes in parts.items():
            name = nodes[0].name.value
            inside_of = [node.selection_set for node in nodes if node.selection_set]
            pieces.append(quoted(f"{',' if pieces else '{'}{_json(key)}:"))
            if name == "__typename":
                pieces.append(quoted(_json(f"{shape.name}Connection")))
            elif name == "nodes":
                pieces += listed(merged(self.object(here, shape, inside_of)))
            elif name == "edges":
                cursor = _cursor([key.text.format(key.value) for key in rows.order])
                pieces += listed(merged(self.edge(here, shape, inside_of, cursor)))
            else:
                pieces += self.page_info(inside_of, first, cursor_at, after is not None)
        pieces = [*pieces, "'}'"] if pieces else ["'{}'"]
        if all(piece.startswith("'") for piece in pieces):
            return pieces
        told, joins = merged(pieces), "".join(here.joins)
        columns = _columns(alias, told + joins)
        # The constant limit lets the planner go along the index; the parameter alone tells it nothing.
        page = f"SELECT {columns} FROM {source} ORDER BY {_order(rows)} LIMIT {described.most + 1}"
        page = f"SELECT {columns} FROM ({page}) {alias} LIMIT {first}{' + 1' if more else ''}"
        return [f"(SELECT {told} FROM ({page}) {alias}{joins})"]

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
        first: str,
        cursor_at: Callable[[str], str],
        behind: bool,
    ) -> Pieces:
        pieces: Pieces = []
        texts = {
            "hasNextPage": lambda: f"(count(*) > {first})::text",
            "hasPreviousPage": lambda: quoted("true" if behind else "false"),
            "startCursor": lambda: _or_null(cursor_at("1")),
            "endCursor": lambda: _or_null(cursor_at(f"least(count(*), {first})")),
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


def _json(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _order(rows: Rows) -> str:
    return ", ".join(key.column for key in rows.order if key.column is not None)


def _columns(alias: str, text: str) -> str:
    """The columns of a row that SQL names: a wide row is worth leaving out what nobody asked for."""
    return ", ".join(dict.fromkeys(re.findall(rf"\b{alias}\.\w+", text)))


def _or_null(column: str) -> str:
    return f"""coalesce('"' || {column} || '"', 'null')"""


def _cursor(parts: Sequence[str]) -> str:
    """As `encode_cursor` makes it: the parts as a JSON list, in hexadecimal digits."""
    listed = " || ',' || ".join(parts)
    return f"encode(convert_to('[' || {listed} || ']', 'UTF8'), 'hex')"
