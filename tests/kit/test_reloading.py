"""Who opens an address that only takes what a form sends, such as by reloading what was refused, finds the form."""

import re
import uuid
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from services.kit.service import Hub
from services.kit.web import create_app

KEY = str(uuid.UUID(int=7))
SAMPLES = {"uuid": KEY, "int": "7", "str": "08335043"}


@pytest_asyncio.fixture
async def http(shared: Hub) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"accept": "text/html"}
    async with httpx.AsyncClient(
        base_url=shared.settings.issuer, headers=headers, trust_env=False, timeout=30
    ) as client:
        yield client


def _lonely(shared: Hub) -> list[str]:
    """Addresses of pages that take a form and show nothing, with something in the place of their parameters."""
    found: dict[str, set[str]] = {}
    for route in create_app(shared).routes:
        for handler in getattr(route, "route_handlers", ()):
            if handler.opt.get("page"):
                found.setdefault(route.path, set()).update(handler.http_methods)
    lonely = [path for path, methods in found.items() if "POST" in methods and "GET" not in methods]
    return [re.sub(r"\{\w+:(\w+)\}", lambda one: SAMPLES[one[1]], path) for path in sorted(lonely)]


async def test_every_form_is_found_at_the_address_it_is_sent_to(shared: Hub, http: httpx.AsyncClient) -> None:
    lonely, wrong = _lonely(shared), {}
    assert len(lonely) > 50
    for path in lonely:
        answer = await http.get(path)
        there = answer.headers.get("location", "")
        shown = await http.get(there) if there else answer
        # Who is not logged in goes on to the login, and what does not exist is said to be not there.
        if answer.status_code != 303 or shown.status_code not in {200, 303, 404}:
            wrong[path] = (answer.status_code, there, shown.status_code)
    assert wrong == {}


@pytest.mark.parametrize(
    ("path", "there"),
    [
        (f"/organise/{KEY}/venue/room", f"/organise/{KEY}/venue"),
        (f"/organise/{KEY}/venue/times/remove", f"/organise/{KEY}/venue"),
        (f"/organise/{KEY}/venue/room/", f"/organise/{KEY}/venue"),
        (f"/organise/{KEY}/copy", f"/organise/{KEY}/head"),
        (f"/organise/{KEY}/people/listed", f"/organise/{KEY}/people/import"),
        (f"/events/{KEY}/mine/a.b/note", f"/events/{KEY}/mine/a.b"),
        ("/logout", "/"),
    ],
)
async def test_which_page_it_is(http: httpx.AsyncClient, path: str, there: str) -> None:
    assert (await http.get(path)).headers["location"] == there


async def test_programs_are_still_told_what_is_allowed(http: httpx.AsyncClient) -> None:
    programs = await http.get(f"/organise/{KEY}/venue/room", headers={"accept": "application/json"})
    assert (programs.status_code, "POST" in programs.headers["allow"]) == (405, True)
    assert (await http.put(f"/organise/{KEY}/venue/room")).status_code == 405
    assert (await http.get("/oauth/token")).status_code == 405
