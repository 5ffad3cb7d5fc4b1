"""Who may do what, as a document: printed from the services' rights, compared by a test.

`python -m tests.stories.access` (or `make docs`) writes it anew after a change.
"""

from collections.abc import Iterator
from pathlib import Path

from litestar import Litestar

from services.app import SERVICES, chosen
from services.directory.access import CLIENT_SCOPES, ROLES, SECOND_FACTOR
from services.kit.rights import ENTITIES, Right, fields, routes
from services.kit.service import Hub
from services.kit.settings import Settings
from services.kit.web import create_app

PATH = Path(__file__).parents[2] / "docs" / "access.md"
HEAD = """\
# Who may do what

Written by `make docs` from the code; a test compares. The rights of fields stand in each service's `access.py`, those
of routes beside the route. `services/kit/rights.py` checks them before anything runs: a field or route without a right
keeps the hub from starting. **Whose rows** is decided by the function named there and, underneath, by PostgreSQL's
row-level security (`services/kit/guards.py` and the migrations): a query that forgets for whom it acts finds nothing.

Who lacks a right is refused, or, where the table says *hidden*, gets null or an empty list.
"""


def app() -> Litestar:
    """The whole hub's application, not started: its servers are never asked."""
    nowhere = Settings(
        secret="only for its routes", database_url="postgresql://localhost/x", redis_url="redis://localhost"
    )
    return create_app(Hub(nowhere, chosen()))


def text() -> str:
    return "\n".join([HEAD, *_roles(), *_scopes(), *(line for name in SERVICES for line in _service(name)), *_routes()])


def table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(row)} |"
    yield ""


def coded(names: tuple[str, ...] | list[str]) -> str:
    return " ".join(f"`{name}`" for name in names)


def _roles() -> Iterator[str]:
    yield "## Roles of people\n"
    rows = [
        [
            name,
            f"a {role.place}" if role.place != "hub" else "the hub",
            coded(role.scopes),
            "yes" if name in SECOND_FACTOR else "",
        ]
        for name, role in ROLES.items()
    ]
    yield from table(["role", "of", "scopes", "second factor"], rows)
    yield "An **organiser** is who created an event, told by the event itself, and whoever coordinates its host city.\n"


def _scopes() -> Iterator[str]:
    yield "## Scopes\n"
    opens: dict[str, list[str]] = {}
    for name, service in SERVICES.items():
        for key, right in service.rights.items():
            if right.scope:
                opens.setdefault(right.scope, []).append(f"{name} {key}")
    for path, methods, of_route in routes(app()):
        if of_route is not None and of_route.scope:
            opens.setdefault(of_route.scope, []).append(f"{methods} {path}")
    every = dict.fromkeys((*CLIENT_SCOPES, *(scope for role in ROLES.values() for scope in role.scopes), *opens))
    rows = [
        [
            f"`{scope}`",
            ", ".join(
                [*(["clients"] if scope in CLIENT_SCOPES else []), *(n for n, r in ROLES.items() if scope in r.scopes)]
            ),
            coded(opens.get(scope, [])),
        ]
        for scope in every
    ]
    yield from table(["scope", "who can have it", "opens"], rows)


def told(right: Right) -> list[str]:
    who = f"{right.who} `{right.scope}`" if right.scope else right.who
    return [
        f"{who} (*hidden*)" if right.hidden else who,
        f"{right.rows} (`{right.rule}`)" if right.rule else right.rows,
    ]


def _service(name: str) -> Iterator[str]:
    """Mutations, subscriptions and queries each by name; of the other types, those that share a right in one line."""
    service = SERVICES[name]
    yield f"## {name}\n"
    named: list[list[str]] = []
    shared: dict[str, dict[Right, list[str]]] = {}
    for type_, field, _made in fields(service.schema):
        right = service.rights.get(f"{type_}.{field}") or service.rights[f"{type_}.*"]
        if type_ in {"Query", "Mutation", "Subscription"}:
            named.append([f"{type_.lower()} `{field}`", *told(right)])
        else:
            shared.setdefault(type_, {}).setdefault(right, []).append(field)
    rows = [
        [f"`{type_}` by its key" if type_ == ENTITIES else f"`{type_}`: {coded(names)}", *told(right)]
        for type_, rights in sorted(shared.items())
        for right, names in rights.items()
        if type_ != ENTITIES
    ]
    found = [
        [f"found by key (`_entities`): {coded(names)}", *told(right)]
        for right, names in shared.get(ENTITIES, {}).items()
    ]
    order = ["mutation", "subscription", "query"]
    named.sort(key=lambda row: order.index(row[0].split()[0]))
    yield from table(["what", "who", "whose rows"], [*named, *found, *rows])


def _routes() -> Iterator[str]:
    yield "## Over HTTP\n"
    rows = [[f"{methods} `{path}`", *told(right)] for path, methods, right in routes(app()) if right]
    yield from table(["route", "who", "whose rows"], rows)


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
