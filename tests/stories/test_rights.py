"""Rights are declared for everything, written down as they are declared, and checked wherever a field is reached."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import pytest
import strawberry
from graphql import execute_sync, parse
from litestar import Litestar, get
from strawberry.federation import Schema

from services.app import SERVICES
from services.directory.access import ROLES
from services.kit.auth import ANONYMOUS, Principal
from services.kit.errors import Forbidden, Unknown
from services.kit.rights import ANYBODY, Right, Undeclared, check_routes, enforce, public, routes
from tests.stories.access import PATH, app, text

READ = Right("readers", "toy:read", hidden=True)
WRITE = Right("writers", "toy:write")


def test_the_document_is_the_code_s() -> None:
    assert PATH.read_text(encoding="utf-8") == text(), "make docs writes it anew"


@pytest.mark.parametrize("name", SERVICES)
def test_every_rule_that_is_named_is_in_access(name: str) -> None:
    access = import_module(f"services.{name}.access")
    assert [r.rule for r in access.RIGHTS.values() if r.rule and not callable(getattr(access, r.rule, None))] == []


def test_every_scope_that_is_asked_for_can_be_had() -> None:
    given = {scope for role in ROLES.values() for scope in role.scopes}
    asked = {right.scope for service in SERVICES.values() for right in service.rights.values() if right.scope}
    asked |= {right.scope for _path, _methods, right in routes(app()) if right and right.scope}
    assert asked <= given


def test_a_route_that_says_nothing_keeps_the_hub_from_starting() -> None:
    @get("/said", right=ANYBODY, sync_to_thread=False)
    def said() -> None: ...

    @get("/unsaid", sync_to_thread=False)
    def unsaid() -> None: ...

    check_routes(Litestar([said], openapi_config=None))
    with pytest.raises(Undeclared, match="GET /unsaid"):
        check_routes(Litestar([said, unsaid], openapi_config=None))


# A schema of its own ---------------------------------------------------------------------------------------------


@dataclass
class Asked:
    principal: Principal


def toy() -> Schema:
    """Anew each time, because rights stay on a schema."""

    @strawberry.federation.type(keys=["id"])
    class Thing:
        id: strawberry.ID
        secret: str | None = "secret"

        @strawberry.field
        def parts(self) -> list[str]:
            return ["part"]

        @strawberry.field
        def one(self) -> str:
            return "one"

        @classmethod
        def resolve_reference(cls, id: strawberry.ID) -> "Thing":
            return cls(id=id)

    @strawberry.type
    class Query:
        @strawberry.field
        def thing(self) -> Thing:
            return Thing(id=strawberry.ID("1"))

    return Schema(query=Query, federation_version="2.9")


ALL = {**public("Query", "Thing", "_entities")}
FIELDS = "{ thing { id secret parts one } }"
ENTITY = '{ _entities(representations: [{__typename: "Thing", id: "2"}]) { ... on Thing { id } } }'


def ask(rights: Mapping[str, Right], query: str, who: Principal) -> Any:
    schema = toy()
    enforce(schema, rights, "toy")
    enforce(schema, rights, "toy")  # a second service of the same schema asks no second time
    return execute_sync(schema._schema, parse(query), context_value=Asked(who))


@pytest.mark.parametrize(
    ("rights", "message"),
    [
        ({}, r"toy: access.py declares no right for Query.thing, Thing.id, .*_entities.Thing"),
        (public("Query", "Thing"), "no right for _entities.Thing"),
        ({**public("Query", "_entities"), "Thing.id": ANYBODY}, r"no right for Thing.secret, Thing.parts, Thing.one"),
        ({**ALL, "Thing.old": ANYBODY, "Gone.*": ANYBODY}, "rights of nothing: Gone.\\*, Thing.old"),
        ({**ALL, "Thing.one": READ}, "Thing.one cannot be hidden"),
    ],
)
def test_what_is_not_declared_does_not_start(rights: Mapping[str, Right], message: str) -> None:
    with pytest.raises(Undeclared, match=message):
        enforce(toy(), rights, "toy")


READER = Principal(client="c", subject="c", scopes=frozenset({"toy:read"}))
STRANGER = Principal(client="c", subject="c", scopes=frozenset({"other"}))


def test_a_hidden_field_is_empty_for_whoever_lacks_the_scope() -> None:
    rights = {**ALL, "Thing.secret": READ, "Thing.parts": READ}
    for who, secret, parts in ((ANONYMOUS, None, []), (STRANGER, None, []), (READER, "secret", ["part"])):
        answer = ask(rights, FIELDS, who)
        assert answer.errors is None
        assert answer.data == {"thing": {"id": "1", "secret": secret, "parts": parts, "one": "one"}}


@pytest.mark.parametrize("field", ["Query.thing", "Query.*", "Thing.one", "Thing.*"])
def test_any_other_field_is_refused(field: str) -> None:
    rights = {**ALL, field: WRITE}
    for who, kind in ((ANONYMOUS, Unknown), (READER, Forbidden)):
        answer = ask(rights, FIELDS, who)
        assert answer.data is None
        assert {type(error.original_error) for error in answer.errors} == {kind}


@pytest.mark.parametrize("right", [READ, WRITE])
def test_an_entity_is_found_by_its_key_only_by_whom_it_may_be_found(right: Right) -> None:
    rights = {**ALL, "_entities.Thing": right}
    for who in (ANONYMOUS, STRANGER):
        answer = ask(rights, ENTITY, who)
        assert answer.data == {"_entities": [None]}
        assert bool(answer.errors) != right.hidden
    able = Principal(client="c", subject="c", scopes=frozenset({right.scope or ""}))
    assert ask(rights, ENTITY, able).data == {"_entities": [{"id": "2"}]}


def test_somebody_known_may_be_enough() -> None:
    right = Right("whoever is logged in", known=True)
    with pytest.raises(Unknown):
        right.check(ANONYMOUS)
    right.check(STRANGER)
    assert not right.public


def test_a_public_field_pays_nothing() -> None:
    schema, untouched = toy(), toy()
    enforce(schema, {**ALL, "Thing.secret": READ}, "toy")
    for made in (schema, untouched):
        thing: Any = made._schema.type_map["Thing"]
        assert [name for name, field in thing.fields.items() if hasattr(field.resolve, "right")] == (
            ["secret"] if made is schema else []
        )


def test_one_right_is_told_of_other_rows() -> None:
    assert READ.to("theirs", "rule") == replace(READ, rows="theirs", rule="rule", hidden=False)
