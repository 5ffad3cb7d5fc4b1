"""A small client of the hub's public API: what a city's own program would do."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey

from services.kit.errors import HubError, Problem, Unavailable
from services.kit.trust import authorities

SECONDS = 30.0
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Answered(HubError):
    """The hub refused; `code` is the one of its first error."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        first = errors[0].get("extensions", {})
        problems = msgspec.convert(first.get("problems", []), list[Problem])
        super().__init__(errors[0]["message"], problems)
        self.reason = first.get("code", "")


class Client:
    """Fetches an access token (RFC 6749 section 4.4) and asks the one graph with it.

    It shows that it is the client by its secret or, with `key`, by an assertion (RFC 7523).
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        client_secret: str,
        language: str = "de",
        graph: str = "",
        key: ECKey | None = None,
    ) -> None:
        self.url, self.credentials, self.key = url, (client_id, client_secret), key
        self.graph = graph or f"{url}/graphql"
        self.http = httpx.AsyncClient(
            verify=authorities(), timeout=SECONDS, headers={"accept-language": language}, trust_env=False
        )
        self._token, self._until = "", 0.0

    async def close(self) -> None:
        await self.http.aclose()

    @property
    def client_id(self) -> str:
        return self.credentials[0]

    async def token(self) -> httpx.Response:
        """The token endpoint's answer."""
        form, url = {"grant_type": "client_credentials"}, f"{self.url}/oauth/token"
        if self.key is None:
            return await self.http.post(url, data=form, auth=self.credentials)
        now = int(time.time())
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": self.url, "jti": secrets.token_urlsafe(16)}
        header = {"alg": "ES256", "kid": self.key.kid or ""}
        assertion = jwt.encode(header, {**claims, "iat": now, "exp": now + 60}, self.key, algorithms=["ES256"])
        return await self.http.post(
            url, data={**form, "client_assertion_type": ASSERTION, "client_assertion": assertion}
        )

    async def headers(self) -> dict[str, str]:
        if time.monotonic() > self._until:
            answer = await self.token()
            body = answer.json()
            if answer.status_code != 200:
                raise Unavailable(f"{body.get('error')}: {body.get('error_description', '')}")
            self._token, self._until = body["access_token"], time.monotonic() + body["expires_in"] - 30
        return {"authorization": f"Bearer {self._token}"}

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The `data` of the answer. Raises Answered when the hub reports errors."""
        answer = await self.http.post(
            self.graph, json={"query": query, "variables": variables}, headers=await self.headers()
        )
        body = answer.json()
        if answer.status_code != 200:
            raise Answered([{"message": body["detail"], "extensions": body}])
        if body.get("errors"):
            raise Answered(body["errors"])
        return dict(body["data"])

    async def follow(self, query: str, **variables: Any) -> AsyncIterator[dict[str, Any]]:
        """The `data` of every event of a subscription, over Server-Sent Events."""
        headers = {**await self.headers(), "accept": "text/event-stream"}
        body = {"query": query, "variables": variables}
        async with self.http.stream("POST", self.graph, json=body, headers=headers, timeout=None) as answer:
            if not answer.headers["content-type"].startswith("text/event-stream"):
                raise Answered([{"message": (await answer.aread()).decode(errors="replace")[:300]}])
            async for line in answer.aiter_lines():
                if line.startswith("data: ") and len(line) > len("data: "):
                    said = msgspec.json.decode(line.removeprefix("data: "))
                    if said.get("errors"):
                        raise Answered(said["errors"])
                    yield said["data"]

    async def until(self, query: str, done: Any, seconds: float = SECONDS, **variables: Any) -> dict[str, Any]:
        """Ask again until `done(data)`; raises Unavailable when it does not come true in time."""
        for _turn in range(int(seconds / 0.1)):
            data = await self.ask(query, **variables)
            if done(data):
                return data
            await asyncio.sleep(0.1)
        raise Unavailable("the hub did not get that far in time")

    async def fetch(self, url: str) -> bytes:
        answer = await self.http.get(url, headers=await self.headers())
        answer.raise_for_status()
        return answer.content
