"""Who logs in at the provider of a city, and how they come back from it."""

import itertools

import httpx

from services.cli.provider import Person
from tests.directory.hostile import Hostile
from tests.directory.login_world import Browser, asked, count

UTE = Person("u1", "Ute Ulme", "ute@town.example", ["lotsen"])
KAI = Person("k1", "Kai Kiefer", "kai@town.example", ["leitung", "lotsen"])
ZOE = Person("z1", "Zoë Zeder", "zoe@town.example", ["niemand"])
orgs = (f"08{number:06}" for number in itertools.count(111000))
states = (f"{number:02}" for number in itertools.count(1))


async def came_back(browser: Browser, org: str, provider: Hostile, **more: str) -> httpx.Response:
    """Begin, and come back from the hostile provider with a code."""
    said = asked(await browser.start(org))
    provider.nonce = said["nonce"]
    return await browser.get(f"/login/provider/{org}/callback", params={"code": "c", "state": said["state"], **more})


async def refused(browser: Browser, before: tuple[int, int], answer: httpx.Response) -> None:
    """Nobody is in, nobody is new, and a page says so."""
    assert 400 <= answer.status_code < 600, answer.headers
    assert answer.headers["content-type"].startswith("text/html"), answer.text
    assert browser.session is None
    assert await count(browser.hub) == before
