"""The pages of registration and decision, as a person without script uses them."""

import asyncio
import base64
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select, text

from services.cli.browser import hidden
from services.directory import people
from services.directory.access import CLIENT_SCOPES
from services.directory.models import Account, Client
from services.directory.oauth import clients
from services.kit.db import HUB
from services.kit.errors import Forbidden
from services.kit.service import Hub
from tests.browser_like import Browser, account, logged_in
from tests.directory.pages.world import BW, HEILBRONN, SACHSEN, register, shown, token


async def test_a_city_registers_is_approved_suspended_and_resumed(hub: Hub, visitor: Browser, town: str) -> None:
    done = await register(visitor, town)
    assert (done.status_code, "no-store" in done.headers["cache-control"]) == (200, True)
    client_id, secret = shown(done, "client_id"), shown(done, "client_secret")
    waiting = await token(visitor.http, client_id, secret)
    assert (waiting.status_code, waiting.json()["error"]) == (400, "unauthorized_client")

    central = await logged_in(hub, BW, "central")
    assert f"Digitalbüro {town}" in (await central.http.get("/registrations")).text
    page = await central.http.get(f"/registrations/{client_id}")
    assert "kim@town.example" in page.text
    told = await central.submit(page, f"/registrations/{client_id}", decision="approve")
    assert (told.status_code, told.headers["location"]) == (303, f"/registrations/{client_id}")
    fresh = await token(visitor.http, client_id, secret)
    bearer = {"authorization": f"Bearer {fresh.json()['access_token']}"}
    asked: dict[str, Any] = {"json": {"query": "{ me { ags scopes } }"}, "headers": bearer}
    assert (await visitor.http.post("/graphql", **asked)).json()["data"]["me"]["ags"] == town

    page = await central.http.get(f"/registrations/{client_id}")
    without = await central.submit(page, f"/registrations/{client_id}", decision="suspend")
    assert (without.status_code, "Grund" in without.text) == (422, True)
    await central.submit(page, f"/registrations/{client_id}", decision="suspend", reason="Schlüssel verloren")
    assert (await visitor.http.post("/graphql", **asked)).status_code == 401
    assert (await token(visitor.http, client_id, secret)).json()["error"] == "unauthorized_client"
    page = await central.http.get(f"/registrations/{client_id}")
    assert "Schlüssel verloren" in page.text
    await central.submit(page, f"/registrations/{client_id}", decision="resume")
    again = await token(visitor.http, client_id, secret)
    bearer["authorization"] = f"Bearer {again.json()['access_token']}"
    assert (await visitor.http.post("/graphql", **asked)).status_code == 200

    log = (await central.http.get("/audit")).text
    words = ["Programm darf wieder zugreifen", "Programm gesperrt", "Programm freigegeben", "Programm registriert"]
    assert [found for found in re.findall(r'<th scope="row">([^<]+)</th>', log) if found in words] == words
    await central.close()


async def test_name_address_and_agreement_are_enough(hub: Hub, visitor: Browser, town: str) -> None:
    page, path = await visitor.http.get(f"/register/{town}"), f"/register/{town}"
    said = {"contact_name": "Kim Beispiel", "email": "kim@town.example", "agreement": "2026-11"}
    client_id = shown(await visitor.submit(page, path, **said), "client_id")
    async with hub.runtimes["directory"].db.read(HUB) as session:
        client = (await session.scalars(select(Client).where(Client.client_id == client_id))).one()
        assert town in client.name
        assert (client.method, client.status) == ("client_secret_basic", "pending")


async def test_a_form_that_is_sent_again_registers_once(hub: Hub, visitor: Browser, town: str) -> None:
    page, path = await visitor.http.get(f"/register/{town}"), f"/register/{town}"
    said = {"contact_name": "Kim Beispiel", "email": "kim@town.example", "agreement": "2026-11"}
    first, again = await visitor.submit(page, path, **said), await visitor.submit(page, path, **said)
    assert shown(first, "client_secret")
    assert (again.status_code, "schon gesendet" in again.text, "client_secret" in again.text) == (200, True, False)
    corrected = await visitor.submit(page, path, **{**said, "email": "kim.beispiel@town.example"})
    kept = {shown(first, "client_id"), shown(corrected, "client_id")}
    async with hub.runtimes["directory"].db.read(HUB) as session:
        assert set(await session.scalars(select(Client.client_id).where(Client.ags == town))) == kept


async def test_who_registers_first_becomes_coordinator(hub: Hub, visitor: Browser, town: str) -> None:
    client_id = shown(await register(visitor, town), "client_id")
    central = await logged_in(hub, BW, "central")
    page = await central.http.get(f"/registrations/{client_id}")
    await central.submit(page, f"/registrations/{client_id}", decision="approve")
    async with hub.runtimes["directory"].db.read(HUB) as session:
        people = await session.execute(
            text("SELECT a.name, r.role, r.at FROM account a JOIN role_grant r ON r.account_id = a.id WHERE org = :o"),
            {"o": town},
        )
        told = await session.scalars(
            text("SELECT key FROM mail WHERE key LIKE :key"), {"key": f"decision:{client_id}:%"}
        )
        assert len(told.all()) == 1
        assert [tuple(row) for row in people] == [("Kim Beispiel", "coordinator", town)]
    assert "Rolle gegeben: Koordination" in (await central.http.get("/audit")).text
    assert "Konten von Baden-Württemberg" in (await central.http.get("/people")).text
    assert "(Baden-Württemberg)" in (await central.http.get("/account")).text
    await central.close()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"program": "<b>Konstanz</b>"}, "program"),
        ({"program": "Kоnstanz"}, "program"),
        ({"email": "kim@town.example\r\nBcc: x@y.example"}, "email"),
        ({"email": "nobody"}, "email"),
        ({"agreement": "2019-01"}, "agreement"),
        ({"agreement": ""}, "agreement"),
        ({"method": "private_key_jwt", "jwks": "no json"}, "jwks"),
        ({"method": "private_key_jwt", "jwks": '{"keys": [{"kty": "oct", "k": "x"}]}'}, "jwks"),
        ({"method": "none"}, "method"),
        ({"redirect_uris": "javascript:alert(1)"}, "redirect_uris"),
        ({"login_issuer": "http://169.254.169.254/"}, "login_issuer"),
        ({"contact_name": ""}, "contact_name"),
    ],
)
async def test_the_form_says_which_field_is_wrong_and_keeps_the_rest(
    hub: Hub, visitor: Browser, changes: dict[str, str], field: str, town: str
) -> None:
    answer = await register(visitor, town, **changes)
    assert (answer.status_code, f'href="#f-{field}"' in answer.text) == (422, True), answer.text
    if field != "contact_name":
        assert 'value="Kim Beispiel"' in answer.text
    assert "<b>Konstanz</b>" not in answer.text
    async with hub.runtimes["directory"].db.read(HUB) as session:
        assert (await session.scalars(select(Client).where(Client.ags == town))).all() == []


async def test_only_those_in_charge_decide(hub: Hub, visitor: Browser, town: str) -> None:
    client_id = shown(await register(visitor, town), "client_id")
    path = f"/registrations/{client_id}"
    assert (await visitor.http.get(path)).headers["location"] == f"/login?onward=%2Fregistrations%2F{client_id}"
    others = {
        (SACHSEN, "central"): 404,
        (HEILBRONN, "coordinator"): 404,
        (town, "editor"): 403,
        (town, "navigator"): 403,
        (town, "coordinator"): 200,
    }
    for (org, role), status in others.items():
        browser = await logged_in(hub, org, role)
        page = await browser.http.get(path)
        assert page.status_code == status, (org, role)
        assert "Freigeben" not in page.text, "its own first registration is nobody's own decision"
        decide = "mutation ($id: ID!) { decideRegistration(clientId: $id, decision: APPROVE) { status } }"
        answer = await browser.graph(decide, id=client_id)
        assert answer["errors"][0]["extensions"]["code"] in {"NOT_FOUND", "FORBIDDEN"}
        await browser.close()


async def test_a_second_registration_is_the_first_one_s_business(hub: Hub, visitor: Browser, town: str) -> None:
    async with hub.runtimes["directory"].db.begin(HUB) as session:
        await clients.add(session, "Erstes", town, ("directory:read", "directory:write"))
    page = await visitor.http.get(f"/register/{town}")
    assert "nimmt schon teil" in page.text
    client_id = shown(await register(visitor, town), "client_id")
    other, own = await logged_in(hub, HEILBRONN, "coordinator"), await logged_in(hub, town, "coordinator")
    assert (await other.http.get(f"/registrations/{client_id}")).status_code == 404
    page = await own.http.get(f"/registrations/{client_id}")
    done = await own.submit(page, f"/registrations/{client_id}", decision="approve")
    assert done.status_code == 303
    page = await own.http.get(f"/registrations/{client_id}")
    assert "Sofort sperren" not in page.text
    await other.close()
    await own.close()


async def test_nobody_approves_what_they_did_not_see(hub: Hub, visitor: Browser, town: str) -> None:
    done = await register(visitor, town)
    client_id, token_ = shown(done, "client_id"), shown(done, "registration_access_token")
    central = await logged_in(hub, BW, "central")
    page = await central.http.get(f"/registrations/{client_id}")
    bearer = {"authorization": f"Bearer {token_}"}
    said = (await visitor.http.get(f"/oauth/register/{client_id}", headers=bearer)).json()
    other = {**said, "redirect_uris": ["https://evil.example/"], "grant_types": ["authorization_code"]}
    other["response_types"] = ["code"]
    changed = await visitor.http.put(f"/oauth/register/{client_id}", json=other, headers=bearer)
    assert changed.status_code == 200, changed.text
    answer = await central.submit(page, f"/registrations/{client_id}", decision="approve")
    assert (answer.status_code, "geändert" in answer.text) == (409, True)
    assert "evil.example" in (await central.http.get(f"/registrations/{client_id}")).text
    await central.close()


async def test_the_people_of_a_suspended_city_stay_outside(hub: Hub, visitor: Browser, town: str) -> None:
    client_id, central = shown(await register(visitor, town), "client_id"), await logged_in(hub, BW, "central")
    path = f"/registrations/{client_id}"
    await central.submit(await central.http.get(path), path, decision="approve")
    navigator = await account(hub, town, "navigator")
    person = Browser(hub)
    await person.log_in(navigator)
    await central.submit(await central.http.get(path), path, decision="suspend", reason="Geprüft")
    assert (await person.graph("{ me { subject } }"))["data"] == {"me": None}
    with pytest.raises(Forbidden):
        await person.log_in(navigator)
    await central.submit(await central.http.get(path), path, decision="resume")
    await person.log_in(navigator)
    assert (await person.graph("{ me { subject } }"))["data"] == {"me": {"subject": str(navigator)}}
    await central.close()
    await person.close()


async def test_nobody_sends_a_form_for_somebody_else(hub: Hub, visitor: Browser, town: str) -> None:
    client_id = shown(await register(visitor, town), "client_id")
    central, path = await logged_in(hub, BW, "central"), f"/registrations/{client_id}"
    page = await central.http.get(path)
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert csrf
    fine = {**(hidden(page, path) or {}), "decision": "approve", "csrf": csrf[1]}
    other = await logged_in(hub, BW, "central")
    wrong: list[dict[str, Any]] = [
        {"data": {name: value for name, value in fine.items() if name != "csrf"}},
        {"data": {**fine, "csrf": csrf[1][:-2]}},
        {"data": fine, "headers": {"origin": "https://evil.example"}},
        {"data": fine, "headers": {"sec-fetch-site": "cross-site"}},
        {"json": fine},
        {"files": {name: (None, value) for name, value in fine.items()}},
    ]
    for sent in wrong:
        assert (await central.http.post(path, **sent)).status_code in {403, 415}, sent
    assert (await other.http.post(path, data=fine)).status_code == 403
    assert (await central.http.get(path, params=fine)).status_code == 200
    assert "wartet auf eine Entscheidung" in (await central.http.get(path)).text
    assert (await central.http.post(path, data=fine)).status_code == 303
    await central.close()
    await other.close()


# What must not work any other way -------------------------------------------------------------------------------------


async def registered(visitor: Browser, town: str, contact: str = "kim@town.example") -> dict[str, Any]:
    body = {
        "client_name": f"Programm {town}", "ags": town, "agreement": "2026-11", "contacts": [contact],
        "token_endpoint_auth_method": "client_secret_basic",
    }  # fmt: skip
    answer = await visitor.http.post("/oauth/register", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_who_sends_slowly_holds_neither_lock_nor_connection(hub: Hub, visitor: Browser, town: str) -> None:
    """Twelve changes whose bodies never come; the pool has ten connections."""
    said = await registered(visitor, town)
    parts = urlsplit(said["registration_client_uri"])
    head = (
        f"PUT {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-type: application/json\r\n"
        f"content-length: 500\r\nauthorization: Bearer {said['registration_access_token']}\r\n\r\n{{"
    )
    open_ = []
    for _turn in range(12):
        _reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(head.encode())
        await writer.drain()
        open_.append(writer)
    await asyncio.sleep(0.2)
    assert (await visitor.http.get("/health/ready")).status_code == 200
    central = await logged_in(hub, BW, "central")
    decide = "mutation ($id: ID!) { decideRegistration(clientId: $id, decision: APPROVE) { status } }"
    assert (await central.graph(decide, id=said["client_id"]))["data"]["decideRegistration"] == {"status": "ACTIVE"}
    for writer in open_:
        writer.close()
    await central.close()


async def test_a_city_s_program_makes_nobody_coordinator(hub: Hub, visitor: Browser, town: str) -> None:
    async with hub.runtimes["directory"].db.begin(HUB) as session:
        first = await clients.add(session, f"Erstes {town}", town, CLIENT_SCOPES)
    said = await registered(visitor, town, "mallory@evil.example")
    bearer = (await token(visitor.http, first.client_id, first.client_secret)).json()["access_token"]
    decide = "mutation ($id: ID!) { decideRegistration(clientId: $id, decision: APPROVE) { status } }"
    body = {"query": decide, "variables": {"id": said["client_id"]}}
    answer = await visitor.http.post("/graphql", json=body, headers={"authorization": f"Bearer {bearer}"})
    assert answer.json()["data"]["decideRegistration"] == {"status": "ACTIVE"}
    async with hub.runtimes["directory"].db.read(HUB) as session:
        assert (await session.scalars(select(Account).where(Account.org == town))).all() == []


async def test_leaving_is_no_way_out_of_a_suspension_nor_against_others(hub: Hub, visitor: Browser, town: str) -> None:
    said, central = await registered(visitor, town), await logged_in(hub, BW, "central")
    path = f"/registrations/{said['client_id']}"
    own = {"authorization": f"Bearer {said['registration_access_token']}"}
    person = await logged_in(hub, town, "navigator")
    other = await registered(visitor, town)
    gone = {"authorization": f"Bearer {other['registration_access_token']}"}
    assert (await visitor.http.delete(other["registration_client_uri"], headers=gone)).status_code == 204
    assert (await person.graph("{ me { person } }"))["data"] == {"me": {"person": True}}, "a stranger ends no session"
    await central.submit(await central.http.get(path), path, decision="approve")
    await central.submit(await central.http.get(path), path, decision="suspend", reason="Geprüft")
    assert (await visitor.http.delete(said["registration_client_uri"], headers=own)).status_code == 403
    await central.close()
    await person.close()


@pytest.mark.parametrize(
    "path", ["/register?q=%00", "/register?q=%ED%A0%80", "/login/provider/%00/callback?state=x", "/register/%00",
             "/login?onward=%00", "/login/link/%00", "/oauth/authorize?client_id=%00", "/oauth/register/%00"],
)  # fmt: skip
async def test_odd_addresses_are_no_fault_of_ours(visitor: Browser, path: str) -> None:
    assert (await visitor.http.get(path)).status_code < 500


async def test_odd_places_in_the_audit_log(hub: Hub) -> None:
    central = await logged_in(hub, BW, "central")
    for before in ("99999999999999999999", "-1", "0", "x", "%00"):
        assert (await central.http.get(f"/audit?before={before}")).status_code in {200, 400, 422}
    for path in ("/registrations/%00", "/city/%00/provider", "/registrations/x"):
        assert (await central.http.get(path)).status_code in {403, 404, 422}
    await central.close()


async def test_a_role_taken_during_a_login_is_not_in_the_session(hub: Hub, town: str) -> None:
    """The login waits for the withdrawal, or the withdrawal for the login; either way the role is gone afterwards."""
    someone, browser = await account(hub, town, "coordinator"), Browser(hub)
    directory = hub.runtimes["directory"]

    async def taken() -> None:
        async with directory.db.begin(HUB) as session:
            messages = await people.withdraw(session, "test", someone, "coordinator")
            await asyncio.sleep(0.2)
            await directory.say(session, messages)

    await asyncio.gather(taken(), browser.log_in(someone), return_exceptions=True)
    me = (await browser.graph("{ me { roles } }"))["data"]["me"]
    assert me is None or me["roles"] == []
    await browser.close()


async def test_two_authentications_in_one_header(hub: Hub, visitor: Browser, town: str) -> None:
    async with hub.runtimes["directory"].db.begin(HUB) as session:
        made = await clients.add(session, f"Zwei {town}", town, CLIENT_SCOPES)
    basic = base64.b64encode(f"{made.client_id}:{made.client_secret}".encode()).decode()
    form = {"grant_type": "client_credentials"}
    for header, status in ((f"Basic {basic}", 200), (f"Basic {basic}, Basic {basic}", 401)):
        answer = await visitor.http.post("/oauth/token", data=form, headers={"authorization": header})
        assert answer.status_code == status
