"""The published description of the interface is whole: every route stands in it, or is left out on purpose."""

from dataclasses import replace

import httpx
from litestar.handlers import HTTPRouteHandler

from services.app import chosen
from services.kit import openapi
from services.kit.service import Hub
from services.kit.web import create_app

OF_PAGES = {"/static/{name}", "/events/day-worker.js"}
"""Not pages themselves; beside what their scripts do with passkeys."""


async def test_every_route_is_described_or_belongs_to_a_page(shared: Hub) -> None:
    app = create_app(shared)
    described, silent, left_out = set(), set(), set()
    for route in app.routes:
        for method, (handler, _model) in getattr(route, "route_handler_map", {}).items():
            assert isinstance(handler, HTTPRouteHandler)
            if openapi.of(handler, method) is not None:
                described.add((route.path_format, method.lower()))
            elif "api" in handler.opt:
                left_out.add(route.path_format)
            elif not handler.opt.get("page") and method != "OPTIONS":
                silent.add((route.path_format, method))
    assert silent == set(), "say api=Api(…), page=True or api=None"
    assert {path for path in left_out if "passkey" not in path} == OF_PAGES
    async with httpx.AsyncClient(base_url=shared.settings.issuer, trust_env=False) as http:
        answer = await http.get("/openapi.json")
    found = answer.json()
    assert (answer.status_code, found["openapi"], found["servers"]) == (200, "3.1.1", [{"url": shared.settings.issuer}])
    assert {(path, method) for path, item in found["paths"].items() for method in item} == described
    names = [operation["operationId"] for item in found["paths"].values() for operation in item.values()]
    assert len(set(names)) == len(names)


async def test_a_service_alone_describes_itself(shared: Hub) -> None:
    alone = replace(shared.settings, urls=dict.fromkeys(("directory", "matching"), shared.settings.issuer))
    events = Hub(alone, [service for service in chosen() if service.name == "events"])
    try:
        found = openapi.document(create_app(events), "Events", "1", "https://events.example")
        whole = {"health", "openapi.json", "schema.graphql", "schema.json"}
        assert {path.split("/")[1] for path in found["paths"]} == {"events", *whole}
    finally:
        await events.stop()
