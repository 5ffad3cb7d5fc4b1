"""One executable graph from several federation subgraphs, in this process and without a router.

Types of the same name become one type with the fields of all. Every field keeps the resolver of the subgraph that owns
it. A value that another subgraph made (a stub like `Navigator(id=…)`) goes through the owner's `resolve_reference`
first: once per value and execution, all values of a list at the same time, so that the owner's loaders batch them.
A stub's own fields, its keys above all, are answered by the stub. The answers are those of a federation router.
Which subgraph made a value is told from its class: where several subgraphs extend a type, resolvers must return
instances of their own Strawberry type.

Supported of Federation 2: @key (flat, also compound), @shareable, @inaccessible, @tag, @external on key fields.
Everything else is refused while the graph is built: a directive that a router enforces must not be ignored here.
"""

import asyncio
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import graphql as gql
from strawberry.federation import Schema
from strawberry.federation.schema_directives import External, FederationDirective, Inaccessible, Key, Shareable, Tag

UNDERSTOOD = (External, Inaccessible, Key, Shareable, Tag)
ROOTS = ("Query", "Mutation", "Subscription")
MACHINERY = ("_", "link__", "federation__")  # how names begin that belong to GraphQL or federation, not to the graph

Info = gql.GraphQLResolveInfo[Any]
Resolve = Callable[..., Any]
Route = tuple[str, Mapping[str, gql.GraphQLField]]  # how a stub becomes the owner's value: the owner, the stub's keys


class DoNotCompose(ValueError):
    """The subgraphs contradict each other or use what is not supported; the message names type, field and subgraph."""


@dataclass(frozen=True)
class Parts:
    """What is being merged. `homes` tells from a value's class which subgraphs make such values; TypeError if none."""

    schemas: Mapping[str, gql.GraphQLSchema]
    types: Mapping[str, Mapping[str, Any]]
    """Type name → subgraph → the subgraph's type, without machinery and hidden types."""
    merged: dict[str, gql.GraphQLNamedType]
    fields: dict[str, dict[str, Any]]
    homes: Callable[[type], tuple[str, ...]]


def one_graph(subgraphs: Mapping[str, Schema]) -> gql.GraphQLSchema:
    """The graph that clients of all `subgraphs` (name → schema) use; run it with graphql-core's `execute`/`subscribe`.

    All subgraphs see the same `info.context`; `info.schema` is each one's own. Merged once in a process. Raises
    DoNotCompose.
    """
    return _merged(tuple(subgraphs.items()))


@lru_cache(8)
def _merged(of: tuple[tuple[str, Schema], ...]) -> gql.GraphQLSchema:
    subgraphs = dict(of)
    for name, subgraph in subgraphs.items():
        for directive in subgraph.schema_directives_in_use:
            if isinstance(directive, FederationDirective) and not isinstance(directive, UNDERSTOOD):
                raise DoNotCompose(f"{name}: @{directive.imported_from.name} is not supported")
        if subgraph.directives:
            raise DoNotCompose(f"{name}: directives of its own are not supported")
    schemas = {name: executable(subgraphs[name]) for name in sorted(subgraphs)}
    types: dict[str, dict[str, Any]] = {}
    for name, schema in schemas.items():
        for type_ in schema.type_map.values():
            types.setdefault(type_.name, {})[name] = type_
    hidden = {name for name, by in types.items() if any(_marks(type_, Inaccessible) for type_ in by.values())}
    types = {name: by for name, by in types.items() if not (name in hidden or name.startswith(MACHINERY))}
    parts = Parts(schemas, types, merged={}, fields={}, homes=_homes(types))
    parts.merged.update({name: _merge_type(parts, name) for name in types})
    parts.fields.update({name: dict(_fields(parts, name)) for name in types if _first(types[name], "fields")})
    try:
        roots: dict[str, Any] = {root.lower(): parts.merged.get(root) for root in ROOTS}
        graph = gql.GraphQLSchema(**roots, types=list(parts.merged.values()))
        gql.assert_valid_schema(graph)
    except TypeError as error:
        raise DoNotCompose(str(error)) from error
    return graph


def executable(subgraph: Schema) -> gql.GraphQLSchema:
    """The graphql-core schema behind a Strawberry one."""
    return subgraph._schema  # noqa: SLF001 - Strawberry has no other way


def public_sdl(schema: gql.GraphQLSchema) -> str:
    """The schema as text, sorted, so that two schemas with the same types give the same text."""
    # Sorting copies the enums without what Strawberry added to them; rebuilt from text they need nothing of it.
    return gql.print_schema(gql.lexicographic_sort_schema(gql.build_schema(gql.print_schema(schema)))) + "\n"


def _homes(types: Mapping[str, Mapping[str, Any]]) -> Callable[[type], tuple[str, ...]]:
    classes: dict[type, dict[str, None]] = {}
    for subgraph, type_ in ((subgraph, type_) for by in types.values() for subgraph, type_ in by.items()):
        made = _definition(type_)
        for definition in (made, getattr(made, "concrete_of", None)):
            if isinstance(type_, gql.GraphQLObjectType) and definition:
                classes.setdefault(definition.origin, {})[subgraph] = None

    @cache
    def homes(cls: type) -> tuple[str, ...]:
        for base in cls.__mro__:
            if base in classes:
                return tuple(classes[base])
        raise TypeError(f"{cls.__qualname__} stands for a type that several subgraphs extend, but is none of theirs")

    return homes


def _merge_type(parts: Parts, name: str) -> Any:
    by = parts.types[name]
    first = next(iter(by.values()))
    if any(type(type_) is not type(first) for type_ in by.values()):
        raise DoNotCompose(f"{name} is not the same kind of type in {', '.join(by)}")
    if gql.is_leaf_type(first):
        return _merge_leaf(name, by)
    again = {**first.to_kwargs(), "description": _first(by, "description")}

    def named(attribute: str) -> Callable[[], list[Any]]:
        names = dict.fromkeys(part.name for type_ in by.values() for part in getattr(type_, attribute))
        return lambda: [parts.merged[part] for part in names if part in parts.merged]

    if isinstance(first, gql.GraphQLUnionType):
        return gql.GraphQLUnionType(**{**again, "types": named("types"), "resolve_type": _resolve_type(parts, name)})
    again["fields"] = lambda: parts.fields[name]
    if isinstance(first, gql.GraphQLInputObjectType):
        return gql.GraphQLInputObjectType(**again)
    again["interfaces"] = named("interfaces")
    if isinstance(first, gql.GraphQLInterfaceType):
        if any(_marks(type_, Key) for type_ in by.values()):
            raise DoNotCompose(f"{name}: @key on an interface is not supported")
        return gql.GraphQLInterfaceType(**{**again, "resolve_type": _resolve_type(parts, name)})
    tests = [type_.is_type_of for type_ in by.values()]
    again["is_type_of"] = None if None in tests else lambda value, info: any(test(value, info) for test in tests)
    return gql.GraphQLObjectType(**again)


def _merge_leaf(name: str, by: Mapping[str, Any]) -> Any:
    """Scalars and enums are taken as they are: their Python values must mean the same in all subgraphs."""
    made = {s: getattr(_definition(t), "wrapped_cls", (t.parse_value, t.serialize)) for s, t in by.items()}
    home, first = next(iter(by.items()))
    if any(python != made[home] for python in made.values()):
        raise DoNotCompose(f"{name} has not the same Python definition in {', '.join(by)}")
    if any(_marks(value, Inaccessible) for value in getattr(first, "values", {}).values()):
        raise DoNotCompose(f"{name}: @inaccessible on an enum value is not supported")
    return first


def _resolve_type(parts: Parts, name: str) -> Resolve:
    """The type of a union's or interface's value, told by a subgraph that makes such values."""
    by = parts.types[name]

    def resolve_type(value: Any, info: Info, _abstract: object) -> Any:
        home = next(iter(by)) if len(by) == 1 else next(s for s in parts.homes(type(value)) if s in by)
        return by[home].resolve_type(value, info._replace(schema=parts.schemas[home]), by[home])

    return resolve_type


def _fields(parts: Parts, name: str) -> Iterator[tuple[str, Any]]:
    by = parts.types[name]
    first = next(iter(by.values()))
    if isinstance(first, gql.GraphQLInputObjectType) and len({_shape(*t.fields.values()) for t in by.values()}) > 1:
        raise DoNotCompose(f"input {name} does not have the same fields in {', '.join(by)}")
    for field in dict.fromkeys(field for type_ in by.values() for field in type_.fields):
        owners = {subgraph: type_.fields[field] for subgraph, type_ in by.items() if field in type_.fields}
        if field.startswith(MACHINERY) or any(_marks(owner, Inaccessible) for owner in owners.values()):
            continue
        if len({_shape(owner, *getattr(owner, "args", {}).values()) for owner in owners.values()}) > 1:
            raise DoNotCompose(f"{name}.{field} does not have the same type and arguments in {', '.join(owners)}")
        subgraph, owner = next(iter(owners.items()))
        again = _copy(parts, f"{name}.{field}", owner, description=_first(owners, "description"))
        if isinstance(first, gql.GraphQLObjectType):
            _check_owners(parts, name, field, owners)
            again.subscribe = _at(parts, subgraph, owner.subscribe)
            extended = len(by) > 1 and name not in ROOTS
            again.resolve = _resolver(parts, name, field, owners) if extended else _at(parts, subgraph, owner.resolve)
        yield field, again


def _check_owners(parts: Parts, name: str, field: str, owners: Mapping[str, gql.GraphQLField]) -> None:
    for subgraph, owner in owners.items():
        key = any(field in key for key in _keys(parts, name, subgraph))
        if _marks(owner, External) and not key:
            raise DoNotCompose(f"{name}.{field}: @external is supported on key fields only ({subgraph})")
        shared = key or _marks(owner, Shareable) or _marks(parts.types[name][subgraph], Shareable)
        if not shared and len(owners) > 1 and not any(_marks(other, External) for other in owners.values()):
            raise DoNotCompose(f"{name}.{field} is in {', '.join(owners)}, but not @shareable in {subgraph}")


def _shape(*described: Any) -> tuple[object, ...]:
    """What must be equal for two fields, or for two inputs, to be the same."""
    shapes = ((_definition(p).python_name, str(p.type), repr(getattr(p, "default_value", ""))) for p in described)
    return tuple(sorted(shapes))


def _copy(parts: Parts, where: str, part: Any, **changed: Any) -> Any:
    """A field, argument or input field once more, with its types taken from the one graph."""

    def retyped(type_: Any) -> Any:
        if gql.is_wrapping_type(type_):
            return type(type_)(retyped(type_.of_type))
        if type_.name not in parts.merged:
            raise DoNotCompose(f"{where} is visible, but its type {type_.name} is not")
        return parts.merged[type_.name]

    again = {**part.to_kwargs(), **changed, "type_": retyped(part.type)}
    if isinstance(part, gql.GraphQLField):
        visible = {key: arg for key, arg in part.args.items() if not _marks(arg, Inaccessible)}
        again["args"] = {key: _copy(parts, f"{where}({key}:)", arg) for key, arg in visible.items()}
    return type(part)(**again)


def _at(parts: Parts, subgraph: str, resolve: Resolve | None) -> Resolve | None:
    """`resolve` with the subgraph's own schema in `info`, where Strawberry looks for itself."""
    # Strawberry marks resolvers that only read an attribute; they never look at `info`.
    if resolve is None or getattr(resolve, "_is_default", False):
        return resolve
    schema = parts.schemas[subgraph]
    return lambda source, info, **args: resolve(source, info._replace(schema=schema), **args)


def _resolver(parts: Parts, name: str, field: str, owners: Mapping[str, gql.GraphQLField]) -> Resolve:
    """Answers `field` on the value itself if its subgraph has the field, else on the owner's value."""
    resolvers = {s: _at(parts, s, owner.resolve) or gql.default_field_resolver for s, owner in owners.items()}
    routes = {home: _route(parts, name, field, home, owners) for home in parts.types[name] if home not in owners}

    def resolve(source: Any, info: Info, **args: Any) -> Any:
        made_by = parts.homes(type(source))
        for home in made_by:
            if home in resolvers:
                return resolvers[home](source, info, **args)
        home = next(home for home in made_by if home in routes)
        owner, found = routes[home][0], _hydrate(parts, name, home, routes[home], source, info)
        if not isinstance(found, asyncio.Future):
            return None if found is None else resolvers[owner](found, info, **args)

        async def later() -> Any:
            # Other fields wait for the same value: when this one is cancelled, they must still get it.
            owned = await asyncio.shield(found)
            result = None if owned is None else resolvers[owner](owned, info, **args)
            return await result if inspect.isawaitable(result) else result

        return later()

    return resolve


def _hydrate(parts: Parts, name: str, home: str, route: Route, source: Any, info: Info) -> Any:
    """The owner's value for a stub, or a Future of it; None if the owner knows no such thing."""
    owner, keys = route
    found_by: dict[str, Any]
    # `async_helpers` is what each execution, also each event of a subscription, has for itself. A value must not
    # outlive it: whoever reads a stub next, should a service keep one in memory, may not be allowed to see the same.
    run, found_by = getattr(source, "_hydrated", (None, {}))
    if run is not info.async_helpers:
        found_by = {}
        object.__setattr__(source, "_hydrated", (info.async_helpers, found_by))
    if owner not in found_by:
        here, there = (info._replace(schema=parts.schemas[subgraph]) for subgraph in (home, owner))
        entities: Any = there.schema.query_type and there.schema.query_type.fields["_entities"].resolve
        representation: dict[str, Any] = {"__typename": name}
        for key, field in keys.items():
            leaf: Any = gql.get_named_type(field.type)
            value = (field.resolve or gql.default_field_resolver)(source, here)
            representation[key] = None if value is None else leaf.serialize(value)
        # The owner's own `_entities`, so that it answers as it would answer a router.
        (found,) = entities(None, there, representations=[representation])
        if inspect.isawaitable(found):
            found = asyncio.ensure_future(found)
            info.async_helpers.track([found])
        found_by[owner] = found
    if isinstance(found_by[owner], Exception):
        raise found_by[owner]
    return found_by[owner]


def _route(parts: Parts, name: str, field: str, home: str, owners: Mapping[str, gql.GraphQLField]) -> Route:
    made = parts.types[name][home].fields
    for owner in owners:
        for key in _keys(parts, name, owner, resolvable=True):
            if all(part in made and not getattr(_definition(made[part]), "is_async", False) for part in key):
                return owner, {part: made[part] for part in key}
    raise DoNotCompose(f"{name} of {home} has no key by which {', '.join(owners)} could answer {name}.{field}")


def _keys(parts: Parts, name: str, subgraph: str, *, resolvable: bool = False) -> list[list[str]]:
    keys = _marks(parts.types[name][subgraph], Key)
    if any("{" in str(key.fields) for key in keys):
        raise DoNotCompose(f"{name}: nested keys are not supported ({subgraph})")
    # Strawberry leaves `resolvable` unset, which counts as false, where GraphQL's default is true.
    return [str(key.fields).split() for key in keys if key.resolvable is not False or not resolvable]


def _definition(part: Any) -> Any:
    return (part.extensions or {}).get("strawberry-definition")


def _marks(part: Any, kind: type) -> list[Any]:
    """The directives of that kind on a type, field, argument or value."""
    return [mark for mark in getattr(_definition(part), "directives", None) or () if isinstance(mark, kind)]


def _first(by: Mapping[str, Any], attribute: str) -> Any:
    return next((found for part in by.values() if (found := getattr(part, attribute, None))), None)
