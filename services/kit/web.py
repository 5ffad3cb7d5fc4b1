"""The hub as a Litestar application: routes, health, errors rendered once, the language of the person."""

import logging
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from importlib.metadata import version
from typing import Annotated, Any, Literal

import msgspec
from graphql import GraphQLSchema
from litestar import Litestar, Request, Response, get
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, NotFoundException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from services.kit import about, assets, forms, handbook, i18n, log, openapi, pages, reloading, settings, tracing
from services.kit.compiled import fast
from services.kit.db import HUB
from services.kit.errors import Forbidden, HubError, Refused, TooMany, Unknown
from services.kit.graphcall import API
from services.kit.graphql import Straight, graphql_route, straight
from services.kit.i18n import gettext as _
from services.kit.messages import Entry
from services.kit.metrics import Answering
from services.kit.onegraph import executable, one_graph
from services.kit.openapi import PROBLEM_JSON, Api
from services.kit.rights import ANYBODY, Right, check_routes
from services.kit.service import Hub, Service

logger = logging.getLogger(__name__)
SERVICES = Right("the hub's other services, by a token that is no OAuth token")
LONGEST_POSITION = 18
"""Digits; more do not fit into the column."""


def create_app(hub: Hub) -> Litestar:
    """The ASGI application of `hub`. It migrates and listens in its lifespan; importing has no side effects."""
    app = application(hub.services, hub.settings.remembered * 1_000_000)
    app.state.hub = hub
    return app


@asynccontextmanager
async def _lifespan(app: Litestar) -> AsyncIterator[None]:
    hub: Hub = app.state.hub
    await hub.migrate()
    await hub.start()
    try:
        yield
    finally:
        await hub.stop()


def application(services: Sequence[Service], most: int) -> Litestar:
    """The routes of the services, for a hub that is set as `state.hub` before it starts, and again when that has ended.

    `most` bytes of answers are remembered by each service.
    """
    graphs = [_graph(f"/{one.name}/graphql", executable(one.schema), most, [one], one.name) for one in services]
    if len(services) > 1:
        graph = one_graph({one.name: one.schema for one in services})
        graphs.append(_graph("/graphql", graph, most, services))
    routes = [route for service in services for route in service.routes]
    app = App(
        route_handlers=[
            static, live, ready, description, *about.routes, *handbook.routes,
            *graphs,
            *(feed_route(service.name) for service in services),
            *routes,
            *(() if any("/" in route.paths for route in routes) else [landing]),
        ],
        guards=[_guard],
        lifespan=[_lifespan],
        middleware=[_edge],
        exception_handlers={HubError: _problem, HTTPException: _problem, Exception: _problem},
        openapi_config=None,
        logging_config=None,  # the command line configures logging once
    )  # fmt: skip
    app.state.schema = graphs[-1].opt["graph"].schema  # of all services that run here
    app.state.graphs = {one.name: graph.opt["graph"] for one, graph in zip(services, graphs, strict=False)}
    check_routes(app)
    return app


def _graph(
    path: str, schema: GraphQLSchema, most: int, services: Sequence[Service], name: str | None = None
) -> HTTPRouteHandler:
    """A graph's endpoint; what one of its services can answer with a statement, the executor never sees."""
    reads = next((service.reads for service in services if service.reads), None)
    return graphql_route(path, schema, name, fast(schema, reads, most) if reads else None)


async def _guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Before every route: what its right asks for must be there. On pages, the login comes first."""
    right: Right | None = handler.opt.get("right")
    if right is None or right.public:  # without any: Litestar's own answer to OPTIONS, as `check_routes` made sure
        return
    who = await forms.asking(Request(connection.scope, connection.receive))
    if not who.known:
        raise Unknown(_("Please log in first."))
    if not right.allows(who):
        raise Forbidden(_("This is not open to your role."))


def _head(scope: Any, send: Any) -> tuple[Any, Any]:
    """`HEAD` is what `GET` answers without its body: link checkers and harvesters of open data ask so first.

    A stream hears that its reader has left, because the answer is complete.
    """

    async def send_headers(message: Any) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send({"type": "http.response.body"})

    return {**scope, "method": "GET"}, send_headers


class App(Litestar):
    """Asks a graph straight away: what the framework does for every request takes as long as most answers."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope, send = _head(scope, send)
        answering = Answering(self.state.hub.metrics, scope, send)
        with tracing.serving(scope):
            try:
                await self._answer(scope, receive, answering)
            finally:
                answering.over()

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        door = self._graphs.get(scope["path"]) if scope["method"] in API else None
        if door is None:
            await super().__call__(scope, receive, send)
            return
        scope["app"] = scope["litestar_app"] = self
        scope["path_template"] = scope["path"]
        scope["route_handler"], answer = door
        request: Request[Any, Any, Any] = Request(scope, receive, send)
        with _speaking(scope):
            try:
                response = await answer(request)
            except Exception as error:  # noqa: BLE001 - rendered as the framework would have it
                response = _problem(request, error).to_asgi_response(app=self, request=request)
            await response(scope, receive, send)

    @cached_property
    def _graphs(self) -> dict[str, tuple[BaseRouteHandler, Straight]]:
        """By path."""
        handlers = ((route, handler) for route in self.routes for handler in getattr(route, "route_handlers", ()))
        found = ((route.path, handler, straight(handler)) for route, handler in handlers)
        return {path: (handler, answer) for path, handler, answer in found if answer is not None}


def _edge(app: ASGIApp) -> ASGIApp:
    """Speak the person's language for the length of the request."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        with _speaking(scope):
            await app(scope, receive, send)

    return middleware


def _speaking(scope: Any) -> i18n.speaking:
    header: bytes = dict(scope["headers"]).get(b"accept-language", b"")
    return i18n.speaking(i18n.accepted(header.decode("latin-1")))


def _problem(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """RFC 9457, or a page where a person looks at it.

    Our own family as it is, the framework's by its status, everything else masked with a number.
    """
    if (form := reloading.form_for(request, error)) is not None:
        return pages.redirect(request, form)
    headers: dict[str, str] = {}
    if isinstance(error, HubError):
        body = error.as_json()
        if error.status == 401:
            headers["www-authenticate"] = 'Bearer error="invalid_token"'
        if error.status == 503:
            headers["retry-after"] = "5"
        if isinstance(error, TooMany):
            headers["retry-after"] = str(error.seconds)
    elif isinstance(error, HTTPException):
        body = {"code": "HTTP", "status": error.status_code, "detail": error.detail}
        headers |= error.headers or {}  # such as which methods a path allows
    else:
        number = uuid.uuid4().hex[:12]
        logger.error("error %s at %s", number, request.scope.get("path_template"), exc_info=error)
        detail = _("Something went wrong on our side (number {number}).", number=number)
        body = {"code": "INTERNAL", "status": 500, "detail": detail, "number": number}
    body["title"] = body["code"]
    if pages.wanted(request):
        return pages.error(request, body, {k: v for k, v in headers.items() if k != "www-authenticate"})
    return Response(
        msgspec.json.encode(body), status_code=int(body["status"]), media_type=PROBLEM_JSON, headers=headers
    )


@get("/", page=True, right=ANYBODY)
async def landing(request: Request[Any, Any, Any]) -> Response[str]:
    """What this is and what runs where."""
    hub: Hub = request.app.state.hub
    return await pages.page(request, "landing.html", hub=hub.describe(), settings=hub.settings)


@get("/static/{name:str}", right=ANYBODY, sync_to_thread=False, api=None)
def static(request: Request[Any, Any, Any], name: str) -> Response[bytes]:
    """Style, scripts and fonts of the pages."""
    found = assets.found(name)
    if found is None:
        raise NotFoundException
    asset, lasting = found
    headers = {"cache-control": assets.FOREVER if lasting else "no-cache", "x-content-type-options": "nosniff"}
    content = asset.content
    if asset.packs:
        headers["vary"] = "accept-encoding"
        if "gzip" in request.headers.get("accept-encoding", ""):
            content, headers["content-encoding"] = asset.packed, "gzip"
    return Response(content, media_type=asset.media_type, headers=headers)


class Live(msgspec.Struct):
    status: Literal["live"] = "live"


class Ready(msgspec.Struct):
    """`positions` are the newest lines of the services' logs."""

    positions: dict[str, int]
    status: Literal["ready"] = "ready"


@get(
    "/health/live",
    right=ANYBODY,
    sync_to_thread=False,
    api=Api("Whether the process answers", {200: openapi.json(Live)}),
)
def live() -> Live:
    return Live()


@get(
    "/health/ready",
    right=ANYBODY,
    api=Api("Whether every service's database answers, and the process goes on; else 503", {200: openapi.json(Ready)}),
)
async def ready(request: Request[Any, Any, Any]) -> Ready:
    hub: Hub = request.app.state.hub
    return Ready(await hub.positions())


@get(
    "/openapi.json",
    right=ANYBODY,
    sync_to_thread=False,
    api=Api("This description", {200: openapi.json(dict[str, Any])}),
)
def description(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Written at the first request and kept: only then all routes are known."""
    hub: Hub = request.app.state.hub
    if hub.description is None:
        found = openapi.document(request.app, "Lotsennetz", version("lotsennetz"), hub.settings.issuer)
        hub.description = msgspec.json.encode(found)
    return Response(hub.description, media_type=openapi.JSON, headers={"cache-control": "public, max-age=300"})


class Behind(msgspec.Struct):
    after: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,18}$", description="The last position that was read.")] = "0"


FEED = Api(
    "What a service said behind a position, for the hub's other services",
    {200: openapi.json(list[Entry])},
    query=Behind,
    by=(openapi.FEED,),
    problems=(401, 422),
)


def feed_route(name: str) -> HTTPRouteHandler:
    """`GET /<service>/feed?after=N`: the service's log for the hub's other services, at most PAGE lines."""

    @get(f"/{name}/feed", name=f"feed:{name}", right=SERVICES, api=FEED)
    async def feed(request: Request[Any, Any, Any]) -> Response[bytes]:
        hub: Hub = request.app.state.hub
        log.check_feed_token(request.headers.get("authorization"), hub.feed_token)
        after = request.query_params.get("after", "0")
        if not (after.isascii() and after.isdecimal()) or len(after) > LONGEST_POSITION:
            raise Refused(_("„after“ takes a number."))
        runtime = hub.runtimes[name]
        async with runtime.db.read(HUB) as session:
            entries = await log.after(session, runtime.service.metadata, int(after))
        return Response(msgspec.json.encode(entries), media_type="application/json")

    return feed


def from_environment(services: Sequence[Service]) -> Litestar:
    """The application of `services` on the servers that the environment names.

    Raises Refused where it names none: `lotsennetz up` is what starts embedded ones.
    """
    found = settings.from_environment()
    if not (found.database_url and found.redis_url):
        raise Refused(
            _("Set LOTSENNETZ_DATABASE_URL and LOTSENNETZ_REDIS_URL, or let „lotsennetz up“ start both servers.")
        )
    return create_app(Hub(found, services))
