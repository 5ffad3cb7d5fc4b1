"""A small graph behind the real endpoint, whose resolvers tell that they ran; who asks is said by a header."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import httpx
import strawberry

from services.kit import web
from services.kit.auth import ANONYMOUS, Principal
from services.kit.graphql import Fast, graphql_route
from services.kit.metrics import Metrics
from services.kit.rates import Rates
from services.kit.settings import Settings

RAN: list[str] = []
WHO = {
    "city": Principal(client="city", subject="city"),
    "program": Principal(client="program", subject="program"),
    "person": Principal(client="program", subject="someone"),
}


@strawberry.input
class Wish:
    colour: str = "blue"


@strawberry.type
class City:
    name: str = "Leipzig"

    @strawberry.field
    def twins(self, first: int = 10) -> list["City"]:
        RAN.append("twins")
        return [City() for _turn in range(first)]


@strawberry.type
class Query:
    @strawberry.field
    def city(self, wish: Wish | None = None) -> City:
        RAN.append("city")
        return City()

    @strawberry.field
    def cities(self, first: int = 10) -> list[City]:
        RAN.append("cities")
        return [City() for _turn in range(first)]

    @strawberry.field
    def hello(self, first: int = 1) -> str:
        RAN.append("hello")
        return "the executor"


@strawberry.type
class Mutation:
    @strawberry.mutation
    def change(self) -> str:
        RAN.append("change")
        return "the executor"


@asynccontextmanager
async def served(settings: Settings | None = None, fast: Fast | None = None) -> AsyncIterator[httpx.AsyncClient]:
    async def asking(request: Any, _service: str | None) -> Principal:
        return WHO.get(request.headers.get("x-who"), ANONYMOUS)

    app: Any = web.App(
        [graphql_route("/graphql", strawberry.Schema(Query, Mutation)._schema, fast=fast)],
        middleware=[web._edge],
        exception_handlers={Exception: web._problem},
        openapi_config=None,
    )
    app.state.hub = SimpleNamespace(
        runtimes={},
        asking=asking,
        settings=settings or Settings(),
        rates=Rates(Settings(rates=0.0)),
        metrics=Metrics(),
    )
    RAN.clear()
    headers = {"accept": "application/graphql-response+json", "accept-language": "en"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub", headers=headers) as client:
        yield client


async def ask(http: httpx.AsyncClient, query: str, who: str = "", **variables: Any) -> Any:
    sent = {"query": query, "variables": variables}
    return (await http.post("/graphql", json=sent, headers={"x-who": who})).json()


def codes(body: Any) -> list[str]:
    return [error["extensions"]["code"] for error in body.get("errors", [])]
