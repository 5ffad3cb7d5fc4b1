"""Pages about the hub itself: for developers, with GraphiQL; accessibility; who is responsible for the website."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import msgspec
from graphql import GraphQLSchema, introspection_from_schema, print_schema
from litestar import Response, get
from litestar.exceptions import NotFoundException

from services.kit import conditional, forms, openapi, pages
from services.kit.errors import Problem
from services.kit.openapi import Answer, Api
from services.kit.pages import AnyRequest
from services.kit.rights import ANYBODY

WORKBENCH: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""GraphiQL writes styles while it runs; scripts come from files there too."""

Written = tuple[bytes, str]
"""A body and its ETag."""


@get("/developers", page=True, right=ANYBODY)
async def developers(request: AnyRequest) -> Response[str]:
    """How programs read and write here, with examples that run."""
    hub = request.app.state.hub
    examples = [one for service in hub.services if service.examples for one in service.examples()]
    return await pages.page(
        request, "developers.html", hub=hub.describe(), settings=hub.settings, examples=examples, graph=_graph(request)
    )


@get("/graphiql", page=True, right=ANYBODY)
async def graphiql(request: AnyRequest) -> Response[str]:
    """The graph to try out, as whoever is logged in."""
    return await pages.page(request, "graphiql.html", policy=WORKBENCH, graph=_graph(request))


def _graph(request: AnyRequest) -> str:
    """The path of the graph of everything at this address: the hub's own, or the router's beside a service."""
    hub = request.app.state.hub
    alone = len(hub.services) == 1 and not hub.settings.together
    return f"/{hub.services[0].name}/graphql" if alone else "/graphql"


@get(
    "/schema.graphql",
    right=ANYBODY,
    sync_to_thread=True,
    api=Api("The graph's schema in the schema definition language", {200: Answer({"text/plain": None}, ("ETag",))}),
)
def schema(request: AnyRequest) -> Response[bytes]:
    return _told(request, _language, "text/plain; charset=utf-8")


@get(
    "/schema.json",
    right=ANYBODY,
    sync_to_thread=True,
    api=Api("The graph's schema as its answer to an introspection", {200: openapi.json(dict[str, Any], "ETag")}),
)
def introspected(request: AnyRequest) -> Response[bytes]:
    return _told(request, _introspection, openapi.JSON)


def _told(request: AnyRequest, written: Callable[[GraphQLSchema], Written], media: str) -> Response[bytes]:
    """What is open source anyway, in one piece that may be kept. Raises NotFound where nobody is told."""
    if request.app.state.hub.settings.introspection == "nobody":
        raise NotFoundException
    (body, etag), headers = written(request.app.state.schema), {"cache-control": "public, no-cache"}
    return conditional.unchanged(request, etag, headers) or Response(
        body, media_type=media, headers={**headers, "etag": f'"{etag}"'}
    )


@lru_cache(maxsize=4)
def _language(schema: GraphQLSchema) -> Written:
    return _written(print_schema(schema).encode())


@lru_cache(maxsize=4)
def _introspection(schema: GraphQLSchema) -> Written:
    return _written(msgspec.json.encode({"data": introspection_from_schema(schema, input_value_deprecation=True)}))


def _written(body: bytes) -> Written:
    return body, conditional.digest(body)


@get("/accessibility", page=True, right=ANYBODY)
async def accessibility(request: AnyRequest) -> Response[str]:
    return await pages.page(request, "accessibility.html", settings=request.app.state.hub.settings)


@get("/imprint", page=True, right=ANYBODY)
async def imprint(request: AnyRequest) -> Response[str]:
    return await pages.page(request, "imprint.html", settings=request.app.state.hub.settings)


@get("/parts", page=True, right=ANYBODY)
async def parts(request: AnyRequest) -> Response[str]:
    """The parts of pages, for those who write templates. Only where the hub brings its own servers: demo and tests."""
    if not request.app.state.hub.settings.embedded:
        raise NotFoundException
    names = ("field", "wrong", "several")
    wrong = forms.Form({"field": ["x"]}, [Problem("problem", field=name) for name in names], "forms.summary")
    return await pages.page(request, "showcase.html", shown=forms.EMPTY, wrong=wrong)


routes = [developers, graphiql, schema, introspected, accessibility, imprint, parts]
