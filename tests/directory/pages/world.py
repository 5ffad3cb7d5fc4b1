"""What people fill in, and what the pages show them."""

import itertools
import re

import httpx

from tests.browser_like import Browser

HEILBRONN = "08121000"
BW, SACHSEN = "08", "14"
numbers = itertools.count(1)
FILLED = {
    "contact_name": "Kim Beispiel",
    "email": "kim@town.example",
    "method": "client_secret_basic",
    "agreement": "2026-11",
}


def shown(page: httpx.Response, label: str) -> str:
    found = re.search(rf"<dt>[^<]*{re.escape(label)}[^<]*</dt><dd><code>([^<]+)</code>", page.text)
    assert found, page.text
    return found[1]


async def register(visitor: Browser, ags: str, **changes: str) -> httpx.Response:
    form = await visitor.http.get(f"/register/{ags}")
    assert form.status_code == 200
    return await visitor.submit(form, f"/register/{ags}", **{**FILLED, "program": f"Digitalbüro {ags}", **changes})


async def token(http: httpx.AsyncClient, client_id: str, secret: str) -> httpx.Response:
    return await http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=(client_id, secret))
