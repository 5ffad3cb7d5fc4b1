"""Two cities of which one asks for the other's things: Konstanz asks, Dresden's things are what it asks for."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import httpx

from services.kit.db import Database
from services.kit.service import Hub
from tests.browser_like import Browser
from tests.stories.tenants.answers import Rows, stored
from tests.stories.tenants.cities import City

KONSTANZ, DRESDEN = "08335043", "14612000"
ACTORS = ("client", "coordinator", "central", "anonymous")
THEIR_CENTRAL = "their central"
STREAM = {"accept": "text/event-stream"}
FIRST_SECONDS, SILENT_SECONDS = 10.0, 0.5
"""How long a stream may take to tell the present state, and what then counts as its end."""
THOROUGH = bool(os.environ.get("LOTSENNETZ_TENANTS"))
"""Everybody asks everything; otherwise a part of it, everybody something of each."""
MOST_AT_ONCE = 30
TOGETHER = 12
"""After so many mutations the rows are looked at."""


class World:
    """Both cities, and those of Konstanz who ask."""

    def __init__(self, hub: Hub, ours: City, theirs: City, sessions: dict[str, Browser]) -> None:
        self.hub, self.ours, self.theirs, self.sessions = hub, ours, theirs, sessions
        self.owner = Database(hub.settings.database_url or "", None, pool=1)
        self.http = httpx.AsyncClient(base_url=hub.settings.issuer, trust_env=False, timeout=60)
        self.rows: Rows = {}

    async def changed(self) -> tuple[Rows, Rows]:
        """Every row as it was the last time that somebody looked, and as it is now."""
        before, self.rows = self.rows, await stored(self.owner)
        return before, self.rows

    async def done(
        self, names: Sequence[str], do: Callable[[str], Awaitable[None]], judge: Callable[[Rows, Rows], Any]
    ) -> dict[str, Any]:
        """What `judge` finds wrong in the rows after all of `names` were done, by the name that did it again when
        asked alone; under all their names where none did.
        """
        for name in names:
            await do(name)
        if not (found := judge(*await self.changed())):
            return {}
        guilty = {}
        for name in names:
            await do(name)
            if again := judge(*await self.changed()):
                guilty[name] = again
        return guilty or {", ".join(names): found}

    async def ask(self, actor: str, query: str, variables: dict[str, Any], path: str = "/graphql") -> Any:
        body = {"query": query, "variables": variables}
        headers = {"accept-language": "en"} | (STREAM if query.startswith("subscription") else {})
        http = self.http
        if actor in self.sessions:
            http, headers = self.sessions[actor].http, {"accept": "*/*"} | headers
        elif actor != "anonymous":
            headers |= await (self.theirs if actor == "theirs" else self.ours).client.headers()
        async with http.stream("POST", path, json=body, headers=headers) as answer:
            if "event-stream" not in answer.headers["content-type"]:
                await answer.aread()
                return answer.json()
            told = (await at_once(answer)).decode()
            return {"events": re.sub(r"^:.*\n", "", told, flags=re.MULTILINE)}

    async def ask_all(self, asked: Iterable[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any], Any]]:
        """(actor, variables, answer) of each call by everybody, many at the same time."""
        calls = [
            (actor, query, variables)
            for i, (query, variables) in enumerate(asked)
            for j, actor in enumerate(ACTORS)
            if THOROUGH or (i + j) % 5 == 0
        ]
        turns = asyncio.Semaphore(MOST_AT_ONCE)

        async def ask(call: tuple[str, str, dict[str, Any]]) -> Any:
            async with turns:
                return await self.ask(*call)

        answers = await asyncio.gather(*map(ask, calls))
        return [(actor, sent, answer) for (actor, _query, sent), answer in zip(calls, answers, strict=True)]

    async def get(self, actor: str, path: str) -> httpx.Response:
        """The answer; of a stream, what it tells at once."""
        http = self.sessions[actor].http if actor in self.sessions else self.http
        headers = await self.ours.client.headers() if actor == "client" else {}
        async with http.stream("GET", path, headers=headers) as answer:
            kind = answer.headers["content-type"]
            told = await at_once(answer) if "event-stream" in kind else await answer.aread()
            return httpx.Response(answer.status_code, headers={"content-type": kind}, content=told)


async def at_once(answer: httpx.Response) -> bytes:
    """What a stream that may never end tells of the present state."""
    told, limit = b"", FIRST_SECONDS
    parts = answer.aiter_bytes()
    with suppress(TimeoutError, StopAsyncIteration):
        while True:
            told += await asyncio.wait_for(anext(parts), limit)
            limit = SILENT_SECONDS
    return told


def together(names: Sequence[str]) -> list[Sequence[str]]:
    """The names, as many in each part as are looked at together."""
    return [names[start : start + TOGETHER] for start in range(0, len(names), TOGETHER)]


def another(one: str) -> str:
    """An id of nothing, that differs in its last character."""
    return one[:-1] + ("0" if one[-1] != "0" else "1")


def codes(answer: Any) -> set[str]:
    return {error["extensions"]["code"] for error in answer.get("errors", ())}
