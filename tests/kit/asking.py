"""Somebody who asks the graph over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.kit.service import Hub

WATCH = "subscription ($id: ID!) { planProgress(id: $id) { state } }"
NOBODY = "00000000-0000-0000-0000-000000000000"
MODERN = "application/graphql-response+json"


@pytest.fixture(scope="module")
def hub(shared: Hub) -> Hub:
    """One for all tests here, also for `clients`: none of them publishes anything."""
    return shared


@pytest_asyncio.fixture
async def http(hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    """A client that follows the specification of 2025."""
    headers = {"accept": f"{MODERN}, application/json;q=0.9", "accept-language": "en"}
    async with httpx.AsyncClient(base_url=hub.settings.issuer, headers=headers, trust_env=False, timeout=30) as client:
        yield client


async def ask(http: httpx.AsyncClient, query: str, path: str = "/graphql", **variables: Any) -> tuple[int, Any]:
    answer = await http.post(path, json={"query": query, "variables": variables})
    return answer.status_code, answer.json()


def codes(body: Any) -> list[str]:
    return [error["extensions"]["code"] for error in body["errors"]]
