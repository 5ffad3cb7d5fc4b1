"""Circulars to the coordinators of a state: whom they reach, how they are sent once, and how somebody ends them."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from services.directory.stateview import circulars
from services.kit.db import HUB
from services.kit.errors import NotFound
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.browser_like import Browser, account, logged_in
from tests.conftest import Clients
from tests.directory.state_world import BW, DRESDEN, SACHSEN, VILLAGE, build, execute
from tests.directory.test_register import HEILBRONN, KONSTANZ

PATH = "/state/08/circulars"
WORDS = "Liebe Alle,\n\nam 3. Mai ist <b>Lernreise</b>.\nBitte melden Sie sich an.\n\n\n\nGruß"
SEND = """mutation ($to: CircularTo!, $duty: Boolean!, $key: String, $subject: String! = "Frist") {
  sendCircular(state: "08", subject: $subject, text: "Bitte bis Freitag.", duty: $duty, to: $to, idempotencyKey: $key) {
    id subject writer audience district sizeClass cities recipients duty } }"""
REACH = """query ($to: CircularTo!, $duty: Boolean! = true) {
  circularReach(state: "08", to: $to, duty: $duty) { cities recipients unreached declined } }"""
LIST = """query ($first: Int!, $after: String) { circulars(state: "08", first: $first, after: $after) {
  nodes { id subject recipients } pageInfo { hasNextPage endCursor } } }"""


@pytest.fixture(scope="module")
def own(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return replace(settings, workers=True, rates=1.0, data=tmp_path_factory.mktemp("data"))


@pytest_asyncio.fixture(scope="module")
async def world(shared: Hub) -> AsyncIterator[Hub]:
    """Konstanz has two coordinators, one of whom coordinates Heilbronn too and one of whom speaks English; the village
    has one without an address, Dresden lies elsewhere.
    """
    made = Clients(shared, [])
    await build(shared, made)
    await account(shared, KONSTANZ.ags, "coordinator", email="kim@konstanz.example", name="Kim Beispiel")
    english = await account(shared, KONSTANZ.ags, "coordinator", email="robin@konstanz.example", name="Robin Muster")
    await execute(shared, "UPDATE account SET language = 'en' WHERE id = :id", id=english)
    await account(shared, HEILBRONN.ags, "coordinator", email="Kim@Konstanz.example", name="Kim Beispiel")
    await account(shared, HEILBRONN.ags, "editor", email="toni@heilbronn.example")
    await account(shared, VILLAGE, "coordinator", email=None)
    await account(shared, DRESDEN, "coordinator", email="uli@dresden.example")
    yield shared
    for client in made.made:
        await client.close()


@pytest_asyncio.fixture
async def central(world: Hub) -> AsyncIterator[Browser]:
    browser = await logged_in(world, BW, "central", email="zentrale@land.example")
    yield browser
    await browser.close()


async def mails(hub: Hub, subject: str, count: int) -> dict[str, EmailMessage]:
    """The mails with the subject by their recipients, once there are `count`."""
    found: dict[str, EmailMessage] = {}
    for _try in range(100):
        files = Path(hub.settings.data, "mails").glob("*.eml")
        parsed = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
        found = {str(mail["To"]): mail for mail in parsed if mail["Subject"] == subject}
        if len(found) >= count:
            break
        await asyncio.sleep(0.1)
    assert len(found) == count
    return found


def plain(mail: EmailMessage, kind: str = "plain") -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


async def post(browser: Browser, page: httpx.Response, **fields: Any) -> httpx.Response:
    return await browser.submit(page, PATH, **fields)


async def test_a_circular_is_looked_at_before_it_goes(world: Hub, central: Browser) -> None:
    page = await central.http.get(f"{PATH}/new")
    assert page.status_code == 200
    sent = {"audience": "ALL", "duty": "no", "subject": "Lernreise im Mai", "text": WORDS}
    page = await post(central, page, do="preview", **sent)
    assert page.status_code == 200
    assert "An 2 Menschen senden" in page.text
    assert "Dorf 100" in page.text, "whom it does not reach"
    assert "&lt;b&gt;Lernreise&lt;/b&gt;" in page.text
    assert "Lernreise im Mai" not in (await central.http.get(PATH)).text, "nothing was sent"
    back = await post(central, page, do="change")
    assert ('value="Lernreise im Mai"' in back.text, "Bitte melden Sie sich an." in back.text) == (True, True)
    done = await post(central, page, do="send")
    assert done.status_code == 303
    twice = await post(central, page, do="send")
    assert twice.headers["location"] == done.headers["location"], "the form was sent twice, the circular once"
    found = await mails(world, "Lernreise im Mai", 2)
    assert set(found) == {"kim@konstanz.example", "robin@konstanz.example"}
    german, english = plain(found["kim@konstanz.example"]), plain(found["robin@konstanz.example"])
    assert "Guten Tag Kim Beispiel" in german or "Hallo Kim Beispiel" in german
    assert "Liebe Alle,\n\nam 3. Mai ist <b>Lernreise</b>.\nBitte melden Sie sich an.\n\nGruß" in german
    assert "zentrale@land.example" in german
    assert "Please answer to zentrale@land.example" in english
    assert "&lt;b&gt;Lernreise&lt;/b&gt;" in plain(found["kim@konstanz.example"], "html")
    page = await central.http.get(done.headers["location"])
    assert page.status_code == 200
    assert "Konstanz" in page.text
    listed = (await central.http.get(PATH)).text
    assert ("Lernreise im Mai" in listed, "Kim Beispiel" in listed, "alle Städte" in listed) == (True, True, True)
    assert "Rundschreiben an Koordinationen gesendet" in (await central.http.get("/audit")).text


async def test_what_is_wrong_stands_beside_the_field(central: Browser) -> None:
    page = await central.http.get(f"{PATH}/new")
    right = {"do": "preview", "audience": "ALL", "duty": "yes", "subject": "Frist", "text": "Bis Freitag."}
    for field, wrong in (
        ("subject", {"subject": ""}),
        ("subject", {"subject": "x" * 200}),
        ("text", {"text": " \n "}),
        ("text", {"text": "x" * 6000}),
        ("text", {"text": "a\u202eb"}),
        ("district", {"audience": "DISTRICT"}),
        ("size", {"audience": "SIZE_CLASS"}),
        ("cities", {"audience": "LIST"}),
        ("cities", {"audience": "LIST", "cities": "Konstanz\nDresden"}),
        ("audience", {"audience": "EVERYBODY"}),
    ):
        answer = await post(central, page, **{**right, **wrong})
        assert (answer.status_code, f'id="e-{field}"' in answer.text) == (422, True), (field, wrong)
    nobody = await post(central, page, **{**right, "audience": "CASELOAD"})
    assert (nobody.status_code, "bekäme niemand" in nobody.text, 'value="send"' in nobody.text) == (200, True, False)
    unsent = await post(central, page, **{**right, "audience": "CASELOAD", "do": "send"})
    assert (unsent.status_code, 'id="e-audience"' in unsent.text) == (422, True)


async def test_to_whom(world: Hub, central: Browser) -> None:
    async def reach(**to: Any) -> tuple[int, int, list[str]]:
        found = (await central.graph(REACH, to=to))["data"]["circularReach"]
        return found["cities"], found["recipients"], found["unreached"]

    assert await reach(audience="ALL") == (3, 2, [VILLAGE])
    assert await reach(audience="DISTRICT", district="08335") == (2, 2, [VILLAGE])
    assert await reach(audience="SIZE_CLASS", sizeClass="CITY") == (1, 1, [])
    assert await reach(audience="LIST", cities=[VILLAGE]) == (1, 0, [VILLAGE])
    assert await reach(audience="CASELOAD") == (0, 0, [])
    me = (await central.graph("{ me { subject } }"))["data"]["me"]["subject"]
    await central.graph('mutation ($a: ID!) { assignCare(ags: "08335043", account: $a) { code } }', a=me)
    assert await reach(audience="CASELOAD") == (1, 2, [])
    cared = 'query ($a: ID!) { state(code: "08") { municipalities(caredBy: $a) { nodes { ags } } } }'
    assert (await central.graph(cared, a=me))["data"]["state"]["municipalities"]["nodes"] == [{"ags": KONSTANZ.ags}]
    other = await logged_in(world, KONSTANZ.ags, "coordinator")
    assert "errors" in await other.graph(cared, a=me)
    await other.close()
    mine = await central.http.get("/state/08/mine")
    assert 'href="/city/08335043"' in mine.text
    page = await central.http.get(f"{PATH}/new?to=CASELOAD")
    assert re.search(r'value="CASELOAD" checked', page.text)
    page = await post(central, page, do="preview", audience="LIST", duty="no", cities="konstanz, 08121000",
                      subject="Zwei", text="Hallo")  # fmt: skip
    assert "An 2 Menschen senden" in page.text
    for cities in ([DRESDEN], ["x"], []):
        wrong = await central.graph(REACH, to={"audience": "LIST", "cities": cities})
        assert ("errors" in wrong) == bool(cities), cities


async def test_the_same_verbs_in_the_graph(world: Hub, central: Browser) -> None:
    to = {"audience": "DISTRICT", "district": "08335"}
    first = await central.graph(SEND, to=to, duty=True, key="one")
    again = await central.graph(SEND, to=to, duty=True, key="one")
    assert first == again
    sent = first["data"]["sendCircular"]
    assert (sent["recipients"], sent["writer"], sent["district"]) == (2, "Kim Beispiel", "08335")
    await mails(world, "Frist", 2)
    assert "errors" in await central.graph(SEND, to=to, duty=False, key="one"), "the key stands for another request"
    page = (await central.graph(LIST, first=1))["data"]["circulars"]
    assert page["nodes"][0]["id"] == sent["id"]
    rest = (await central.graph(LIST, first=50, after=page["pageInfo"]["endCursor"]))["data"]["circulars"]
    assert sent["id"] not in {one["id"] for one in rest["nodes"]}
    for org, role in ((KONSTANZ.ags, "coordinator"), (SACHSEN, "central")):
        other = await logged_in(world, org, role)
        for query, values in ((SEND, {"to": to, "duty": True}), (REACH, {"to": to}), (LIST, {"first": 1})):
            assert "errors" in await other.graph(query, **values), (org, query)
        for path in (PATH, f"{PATH}/new", f"{PATH}/{sent['id']}", "/state/08/mine"):
            assert (await other.http.get(path)).status_code == 403
        await other.close()
    assert (await central.http.get(f"{PATH}/{uuid.uuid4()}")).status_code == 404


async def test_nobody_writes_without_end(central: Browser) -> None:
    to = {"audience": "ALL"}
    for number in range(circulars.RATE.most):
        assert "errors" not in await central.graph(SEND, to=to, duty=True, subject=f"Nummer {number}")
    refused = await central.graph(SEND, to=to, duty=True, subject="Zu viel")
    assert refused["errors"]
    page = await central.http.get(f"{PATH}/new")
    answer = await post(central, page, do="send", audience="ALL", duty="yes", subject="Zu viel", text="Hallo")
    assert (answer.status_code, 'value="Zu viel"' in answer.text) == (429, True), "what was written stays"


async def test_somebody_has_had_enough(world: Hub, central: Browser) -> None:
    me = await account(world, HEILBRONN.ags, "coordinator", email="genug@heilbronn.example")
    to = {"audience": "LIST", "cities": [HEILBRONN.ags]}
    await central.graph(SEND, to=to, duty=False, subject="Neues")
    mail = (await mails(world, "Neues", 2))["genug@heilbronn.example"]
    link = str(mail["List-Unsubscribe"]).strip("<>").removeprefix(world.settings.issuer)
    assert link in plain(mail)
    visitor = Browser(world)
    page = await visitor.http.get(link)
    assert page.status_code == 200
    assert (await central.graph(REACH, to=to, duty=False))["data"]["circularReach"]["declined"] == 0, "only looked at"
    # A mail program sends no cookie and no form (RFC 8058).
    assert (await visitor.http.post(link, data={"List-Unsubscribe": "One-Click"})).status_code == 200
    found = (await central.graph(REACH, to=to, duty=False))["data"]["circularReach"]
    assert (found["recipients"], found["declined"]) == (1, 1)
    await central.graph(SEND, to=to, duty=True, subject="Pflicht")
    mail = (await mails(world, "Pflicht", 2))["genug@heilbronn.example"]
    assert mail["List-Unsubscribe"] is None
    assert (await visitor.http.get("/circulars/nonsense")).status_code == 404
    await visitor.log_in(me)
    page = await visitor.http.get("/account")
    assert (await visitor.submit(page, "/account/circulars")).status_code == 303
    assert (await central.graph(REACH, to=to, duty=False))["data"]["circularReach"]["declined"] == 0
    await visitor.close()
    with pytest.raises(NotFound):
        circulars.ends_for(world.settings, "x")


async def test_a_worker_that_dies_writes_nobody_twice(world: Hub, central: Browser) -> None:
    sent = (await central.graph(SEND, to={"audience": "ALL"}, duty=True, subject="Zweimal"))["data"]["sendCircular"]
    before = set(await mails(world, "Zweimal", sent["recipients"]))
    again = "UPDATE job SET state = 'queued', owner = NULL, lease_until = NULL WHERE payload->>'id' = :id"
    await execute(world, again, id=sent["id"])
    runtime = world.runtimes["directory"]
    for _try in range(100):
        async with runtime.db.read(HUB) as session:
            state = await session.scalar(text("SELECT state FROM job WHERE payload->>'id' = :id"), {"id": sent["id"]})
        if state == "done":
            break
        await asyncio.sleep(0.1)
    async with runtime.db.read(HUB) as session:
        query = text("SELECT count(*) FROM mail WHERE key LIKE :key")
        assert await session.scalar(query, {"key": f"circular:{sent['id']}:%"}) == len(before)
        row = (await session.execute(text("SELECT written FROM circular WHERE id = :id"), {"id": sent["id"]})).one()
    assert row.written == len(before)
