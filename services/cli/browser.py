"""A browser without a screen, for the demo: cookies, redirects, and forms with their hidden fields."""

import re
from html import unescape
from typing import Any
from urllib.parse import urljoin

import httpx

from services.cli.client import Answered
from services.kit.errors import HubError
from services.kit.trust import authorities

SECONDS = 30.0


class Unexpected(HubError):
    """A page did not come as a person would need it."""


class Browser:
    """One person's browser at the hub behind `url`."""

    def __init__(self, url: str, language: str = "de") -> None:
        headers = {
            "accept": "text/html",
            "accept-language": language,
            "user-agent": "Mozilla/5.0 (X11; Linux) Firefox/150",
        }
        self.http = httpx.AsyncClient(
            base_url=url, verify=authorities(), headers=headers, follow_redirects=True, timeout=SECONDS, trust_env=False
        )

    async def close(self) -> None:
        await self.http.aclose()

    async def open(self, path: str) -> httpx.Response:
        """The page at `path`, wherever that leads. Raises Unexpected for an error."""
        return _page(await self.http.get(path))

    async def submit(self, page: httpx.Response, action: str = "", **fields: Any) -> httpx.Response:
        """Fill in the page's form with this action and send it. Raises Unexpected without one, or for an error."""
        sent = hidden(page, action)
        if sent is None:
            raise Unexpected(f"{page.url}: no form {action}")
        target = urljoin(str(page.url), action) if action else str(page.url.copy_with(query=None))
        return _page(await self.http.post(target, data={**sent, **fields}))

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """As `client.Client.ask`, in the name of who is logged in."""
        body = (await self.http.post("/graphql", json={"query": query, "variables": variables})).json()
        if body.get("errors"):
            raise Answered(body["errors"])
        return dict(body["data"])


def hidden(page: httpx.Response, action: str = "") -> dict[str, str] | None:
    """The hidden fields of the page's form with this action, or of its first; None where there is no such form."""
    wanted = rf' action="{re.escape(action)}"' if action else ""
    form = re.search(rf"<form[^>]*{wanted}[^>]*>.*?</form>", page.text, re.DOTALL)
    if form is None:
        return None
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form[0])
    return {unescape(name): unescape(value) for name, value in fields}


def _page(answer: httpx.Response) -> httpx.Response:
    if answer.status_code >= 400:
        heading = re.search(r'class="lead">([^<]+)', answer.text) or re.search(r"<li>(?:<a[^>]*>)?([^<]+)", answer.text)
        raise Unexpected(f"{answer.url.path}: {answer.status_code} {unescape(heading[1]) if heading else ''}")
    return answer
