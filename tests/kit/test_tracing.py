"""What a collector hears of a hub in a process of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from services.cli import demo
from services.kit.settings import Settings
from tests.conftest import Servers, _fresh
from tests.router import served
from tests.stories.deployments import one_apart

TRACE = "0af7651916cd43dd8448eb211c80319c"


@asynccontextmanager
async def collector() -> AsyncIterator[tuple[str, list[Any]]]:
    """An OTLP receiver: its address, and the spans that came."""
    spans: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message.get("more_body")
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scoped in resource.scope_spans:
                spans.extend(scoped.spans)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with served({"collector": app}) as at:
        yield at["collector"], spans


async def test_a_trace_goes_through_request_database_and_job(
    servers: Servers, template: str, settings: Settings, monkeypatch: Any
) -> None:
    async with _fresh(servers, template) as url, collector() as (address, spans):
        for name, value in {
            "OTEL_EXPORTER_OTLP_ENDPOINT": address,
            "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }.items():
            monkeypatch.setenv(name, value)
        async with one_apart(replace(settings, database_url=url, redis_url=servers.redis)) as there:
            clients = await demo.register(there.hub, there.tokens, there.graph)
            for client in clients:
                client.http.headers["traceparent"] = f"00-{TRACE}-b7ad6b7169203331-01"
            await demo.play(*clients, None, seconds=0.5)
            async with httpx.AsyncClient(trust_env=False) as http:
                await http.get(f"{there.tokens}/nobody/jane.doe@example.org")
            for client in clients:
                await client.close()
            async with asyncio.timeout(20):
                while not {"job plan", "GET none"} <= {span.name for span in spans}:
                    await asyncio.sleep(0.1)
        ours = [span for span in spans if span.trace_id.hex() == TRACE]
        names = {span.name for span in ours}
        assert {"POST /graphql", "change directory", "change events", "change matching", "job plan"} <= names
        inner = {span.span_id for span in ours if span.name == "job plan"}
        assert any(span.parent_span_id in inner and span.name == "change matching" for span in ours)
        assert not [span.name for span in spans if span.name.endswith("/feed") or "health" in span.name]
        assert "jane" not in repr(spans)
