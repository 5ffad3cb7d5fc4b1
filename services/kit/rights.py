"""Who may do what, as data: a right for every field of a service's graph and for every route.

A service writes its rights once, in `access.py`, as a mapping from `Type.field`, or `Type.*` for the fields that are
not named, to a `Right`. `enforce` holds the mapping against the schema and puts the check before every resolver that is
not public, where subgraph, one graph and `_entities` all pass. A field without a right keeps the hub from starting.

A right says which scope it takes. Whose rows it is about is decided where the rows are: by the function of `access.py`
that `rule` names, and by the policies of the database (`kit.guards`).
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import graphql as gql
from litestar import Litestar

from services.kit.auth import Principal
from services.kit.errors import Unknown
from services.kit.i18n import gettext as _

if TYPE_CHECKING:
    from strawberry.federation import Schema

ENTITIES: Final = "_entities"
MACHINERY: Final = "_"
"""How names begin that belong to GraphQL and federation; `_entities.<Type>` is the right to find one by its key."""
AUTOMATIC: Final = frozenset({"OPTIONS"})
"""Methods that Litestar answers by itself, from the table of routes alone."""


@dataclass(frozen=True)
class Right:
    """`who` in words, for readers; `scope` is what they need, None for nothing.

    `known` asks for somebody who is logged in or brings a token, whatever their scopes. With `hidden`, who lacks it
    gets null or an empty list instead of an error. `rows` says whose rows, `rule` names the function that decides it.
    """

    who: str
    scope: str | None = None
    rows: str = ""
    rule: str = ""
    known: bool = False
    hidden: bool = False

    @property
    def public(self) -> bool:
        return self.scope is None and not self.known

    def allows(self, who: Principal) -> bool:
        return self.public or (who.known and (self.scope is None or self.scope in who.scopes))

    def check(self, who: Principal) -> None:
        """Raises Unknown for nobody, Forbidden for somebody without the scope."""
        if self.scope is not None:
            who.need(self.scope)
        elif self.known and not who.known:
            raise Unknown(_("Please send an access token: Authorization: Bearer …"))

    def to(self, rows: str, rule: str = "", *, hidden: bool = False) -> "Right":
        """The same right, told of other rows."""
        return dataclasses.replace(self, rows=rows, rule=rule, hidden=hidden)


ANYBODY: Final = Right("everybody")
Rights = Mapping[str, Right]


class Undeclared(ValueError):
    """Rights and schema do not match, or a route has none; the message names the field or route."""


def public(*types: str) -> dict[str, Right]:
    """Every field of `types` is for everybody."""
    return {f"{name}.*": ANYBODY for name in types}


def right_of(rights: Rights, type_: str, field: str) -> Right | None:
    return rights.get(f"{type_}.{field}") or rights.get(f"{type_}.*")


def fields(schema: "Schema") -> Iterator[tuple[str, str, Any]]:
    """(type, field, graphql-core's field) for each that needs a right; for entities the field is None."""
    for type_ in schema._schema.type_map.values():  # noqa: SLF001 - Strawberry has no other way
        if not isinstance(type_, gql.GraphQLObjectType) or type_.name.startswith(MACHINERY):
            continue
        for name, field in type_.fields.items():
            if not name.startswith(MACHINERY):
                yield type_.name, name, field
        definition = type_.extensions.get("strawberry-definition")
        if hasattr(getattr(definition, "origin", None), "resolve_reference"):
            yield ENTITIES, type_.name, None


def enforce(schema: "Schema", rights: Rights, service: str) -> None:
    """Put the checks of `rights` before the resolvers of `schema`, once for as long as it lives.

    Raises Undeclared for a field without a right and for a right of nothing.
    """
    wanted = [(type_, name, field, right_of(rights, type_, name)) for type_, name, field in fields(schema)]
    if lacking := [f"{type_}.{name}" for type_, name, _field, right in wanted if right is None]:
        raise Undeclared(f"{service}: access.py declares no right for {', '.join(lacking)}")
    used = {key for type_, name, _f, _r in wanted for key in (f"{type_}.{name}", f"{type_}.*")}
    if stale := sorted(set(rights) - used):
        raise Undeclared(f"{service}: access.py declares rights of nothing: {', '.join(stale)}")
    entities: dict[str, Right] = {}
    for type_, name, field, right in wanted:
        if right is None or right.public:
            continue
        if field is None:
            entities[name] = right
        else:
            _guard(f"{type_}.{name}", field, right)
    query: Any = schema._schema.query_type  # noqa: SLF001
    if entities:
        _guard_entities(query.fields[ENTITIES], entities)


def _guard(where: str, field: gql.GraphQLField, right: Right) -> None:
    """The field's resolver behind its right; for a subscription, its source."""
    if right.hidden and (gql.is_non_null_type(field.type) and not gql.is_list_type(field.type.of_type)):
        raise Undeclared(f"{where} cannot be hidden: it is never null")
    empty: Any = [] if gql.is_list_type(gql.get_nullable_type(field.type)) else None

    def behind(resolve: Any) -> Any:
        if hasattr(resolve, "right"):  # two services may be made of one schema
            return resolve

        def resolved(source: Any, info: Any, **args: Any) -> Any:
            who = info.context.principal
            if right.hidden and not right.allows(who):
                return list(empty) if empty is not None else None
            right.check(who)
            return resolve(source, info, **args)

        resolved.right = right  # type: ignore[attr-defined]
        return resolved

    if field.subscribe is not None:
        field.subscribe = behind(field.subscribe)
    else:
        field.resolve = behind(field.resolve or gql.default_field_resolver)


def _guard_entities(field: gql.GraphQLField, rights: Mapping[str, Right]) -> None:
    """Entities whose right is lacking are found by nobody, or are errors of their own; the others are not touched."""
    resolve: Any = field.resolve
    if hasattr(resolve, "right"):
        return

    def resolved(source: Any, info: Any, representations: list[dict[str, Any]]) -> list[Any]:
        who = info.context.principal
        answers = [_refused(rights.get(one["__typename"], ANYBODY), who) for one in representations]
        asked = [one for one, answer in zip(representations, answers, strict=True) if answer is ASK]
        found = iter(resolve(source, info, representations=asked))
        return [next(found) if answer is ASK else answer for answer in answers]

    resolved.right = rights  # type: ignore[attr-defined]
    field.resolve = resolved


ASK: Final = object()


def _refused(right: Right, who: Principal) -> object:
    """What stands for an entity that `who` may not find; ASK where they may."""
    if right.allows(who):
        return ASK
    try:
        right.check(who)
    except Exception as problem:  # noqa: BLE001 - graphql-core takes an exception in a list for that item's error
        return None if right.hidden else problem
    return ASK


# Routes ----------------------------------------------------------------------------------------------------------


def routes(app: Litestar) -> Iterator[tuple[str, str, Right | None]]:
    """(path, methods, right) of every route of `app`, sorted. A route says its own: `@get("/path", right=ANYBODY)`."""
    found: dict[tuple[str, str], Right | None] = {}
    for route in app.routes:
        handlers: Iterable[Any] = getattr(route, "route_handlers", None) or [getattr(route, "route_handler", None)]
        for handler in handlers:
            methods = " ".join(sorted(set(getattr(handler, "http_methods", ["*"])) - AUTOMATIC))
            if methods:
                found[route.path_format, methods] = handler.opt.get("right")
    yield from ((path, methods, right) for (path, methods), right in sorted(found.items(), key=lambda item: item[0]))


def check_routes(app: Litestar) -> None:
    """Raises Undeclared where a route of `app` says not who may use it."""
    if lacking := [f"{methods} {path}" for path, methods, right in routes(app) if right is None]:
        raise Undeclared(f"no right is declared for {', '.join(lacking)}")
