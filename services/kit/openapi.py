"""The published description of the hub's interface over HTTP (OpenAPI 3.1), made from what stands beside each route.

A route says `api=Api(…)`; its bodies are msgspec structs, whose schemas msgspec itself writes. Pages (`page=True`) and
what belongs to them (`api=None`) are left out. Litestar's own generator goes by signatures, but routes here read their
bodies themselves, with limits of their own.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from services.kit import errors

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
PROBLEM_JSON: Final = "application/problem+json"
REF: Final = "#/components/schemas/{name}"
BEARER, CLIENT, FEED, MANAGEMENT = "bearer", "client", "feed", "management"
SCHEMES: Final = {
    BEARER: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token (RFC 9068); `/.well-known/oauth-authorization-server` says where to get one.",
    },
    CLIENT: {
        "type": "http",
        "scheme": "basic",
        "description": "Client id and secret. Clients with keys send `client_assertion` instead (RFC 7523).",
    },
    FEED: {"type": "http", "scheme": "bearer", "description": "What only the services of the hub know."},
    MANAGEMENT: {
        "type": "http",
        "scheme": "bearer",
        "description": "The `registration_access_token` of a registration (RFC 7592).",
    },
}


class ProblemDetails(msgspec.Struct, kw_only=True):
    """An error (RFC 9457). `problems` say what to change, `number` is for asking the operator."""

    code: str
    status: int
    title: str
    detail: str
    problems: list[errors.Problem] = []
    more: Annotated[int, msgspec.Meta(ge=1)] = 1
    number: str = ""


@dataclass(frozen=True)
class Answer:
    """A body in one of several media types, each with its struct, or None for what is no JSON."""

    content: Mapping[str, Any]
    headers: tuple[str, ...] = ()


def json(body: Any, *headers: str) -> Answer:
    return Answer({JSON: body}, headers)


PROBLEM: Final = Answer({PROBLEM_JSON: ProblemDetails})


@dataclass(frozen=True)
class Api:
    """What a route takes and says.

    `takes` and `query` are structs of the body and of the parameters in the query; `by` names who may send it, by
    SCHEMES, nobody in particular as the empty name; `problems` are the statuses that come as `ProblemDetails`.
    """

    summary: str
    answers: Mapping[int, Answer]
    takes: Any = None
    media: str = JSON
    query: Any = None
    by: tuple[str, ...] = ()
    problems: tuple[int, ...] = ()
    described: Mapping[str, str] = field(default_factory=dict)
    """What a parameter of the path is."""
    also: tuple[str, ...] = ()
    """Other media types of the body, which no schema describes."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers that may be sent, and what they are for."""


def of(handler: HTTPRouteHandler, method: str) -> Api | None:
    """What the route says of itself; one that answers to several methods says it of each (`api={"GET": …}`)."""
    found: Api | Mapping[str, Api] | None = handler.opt.get("api")
    return found.get(method) if isinstance(found, Mapping) else found


def document(app: Litestar, title: str, version: str, url: str) -> dict[str, Any]:
    """The document of all routes of `app` that have an `Api`, for a hub at `url`."""
    routes = [
        (route.path_format, method, handler, api)
        for route in app.routes
        for method, (handler, _model) in getattr(route, "route_handler_map", {}).items()
        if isinstance(handler, HTTPRouteHandler) and (api := of(handler, method)) is not None
    ]
    routes.sort(key=lambda one: one[:2])
    bodies = {body for *_route, api in routes for body in _bodies(api)}
    ordered = sorted(bodies, key=str)
    written, components = msgspec.json.schema_components(ordered, ref_template=REF)
    schemas = dict(zip(ordered, written, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for path, method, _handler, api in routes:
        paths.setdefault(path, {})[method.lower()] = _operation(path, method, api, schemas)
    return {
        "openapi": "3.1.1",
        "info": {"title": title, "version": version},
        "servers": [{"url": url}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": SCHEMES},
    }


def _bodies(api: Api) -> Iterator[Any]:
    yield ProblemDetails
    yield from (body for answer in api.answers.values() for body in answer.content.values() if body is not None)
    if api.takes is not None:
        yield api.takes


def _operation(path: str, method: str, api: Api, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    answers = {**dict.fromkeys(api.problems, PROBLEM), **api.answers}
    found: dict[str, Any] = {
        "summary": api.summary,
        "operationId": "_".join([method.lower(), *re.findall(r"\w+", path)]),
        "parameters": [*_in_path(path, api), *_in_query(api), *_in_headers(api)],
        "responses": {str(status): _response(status, answers[status], schemas) for status in sorted(answers)},
        "security": [{name: []} if name else {} for name in api.by],
    }
    found["responses"]["5XX"] = {**_response(503, PROBLEM, schemas), "description": "Not now"}
    if api.takes is not None:
        content = {api.media: {"schema": schemas[api.takes]}} | {media: {} for media in api.also}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _in_path(path: str, api: Api) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", path):
        schema = {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "schema": schema,
               "description": api.described.get(name, "")}  # fmt: skip


def _in_query(api: Api) -> Iterator[dict[str, Any]]:
    if api.query is None:
        return
    _ref, components = msgspec.json.schema_components([api.query])
    schema = components[api.query.__name__]
    for name, value in schema["properties"].items():
        yield {"name": name, "in": "query", "required": name in schema["required"], "schema": value}


def _in_headers(api: Api) -> Iterator[dict[str, Any]]:
    for name, description in api.headers.items():
        yield {"name": name, "in": "header", "required": False, "schema": {"type": "string"},
               "description": description}  # fmt: skip


def _response(status: int, answer: Answer, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    headers = [*answer.headers, *(["Retry-After"] if status == HTTPStatus.TOO_MANY_REQUESTS else [])]
    content = {media: {} if body is None else {"schema": schemas[body]} for media, body in answer.content.items()}
    return {
        "description": HTTPStatus(status).phrase,
        **({"content": content} if content else {}),
        **(
            {"headers": {name: {"schema": {"type": "string"}, "required": True} for name in headers}} if headers else {}
        ),
    }
