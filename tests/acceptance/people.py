"""What people do while a program waits: a central navigator approves, a coordinator decides about consent."""

from typing import Any

import httpx

from services.directory.agreement import VERSION
from services.kit.service import Hub
from tests.browser_like import Browser, account, logged_in

KONSTANZ = "08335043"
APPROVE = "mutation ($id: ID!) { decideRegistration(clientId: $id, decision: APPROVE) { status } }"


async def approve(hub: Hub, client_id: str) -> None:
    central = await logged_in(hub, "08", "central")
    told = await central.graph(APPROVE, id=client_id)
    await central.close()
    assert told["data"]["decideRegistration"]["status"] == "ACTIVE"


async def registered(hub: Hub, **more: Any) -> dict[str, Any]:
    """A city's client, approved: what the hub said at its registration."""
    body = {"client_name": f"Digitalbüro {len(more)}", "ags": KONSTANZ, "agreement": VERSION, **more}
    async with httpx.AsyncClient(base_url=hub.settings.issuer, trust_env=False) as http:
        answer = await http.post("/oauth/register", json=body)
    assert answer.status_code == 201, answer.text
    await approve(hub, answer.json()["client_id"])
    return dict(answer.json())


async def consented(hub: Hub, url: str, decision: str = "allow") -> str:
    """Where the hub sends the browser of a coordinator who decides so."""
    browser = Browser(hub)
    await browser.log_in(await account(hub, KONSTANZ, "coordinator"))
    try:
        return await decided(browser, url, decision)
    finally:
        await browser.close()


async def decided(browser: Browser, url: str, decision: str) -> str:
    """Where this browser is sent; at once where its person allowed the same before."""
    page = await browser.http.get(url)
    if page.status_code == 200:
        page = await browser.submit(page, "/oauth/authorize", decision=decision)
    assert page.status_code == 303, page.text
    return page.headers["location"]
