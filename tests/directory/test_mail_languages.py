"""People are written to in their language, as far as anybody knows it; else in German."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import select, text, update

from services.directory.models import Account, Candidate
from services.directory.protection import notices
from services.kit import i18n
from services.kit.db import HUB
from services.kit.service import Hub
from tests.browser_like import Browser, account
from tests.directory.protected import close, found, full, letters, path, press, published, tell, towns, visitor


@pytest_asyncio.fixture(autouse=True)
async def browser(shared: Hub) -> AsyncIterator[Browser]:
    """Of somebody who reads English, and is not logged in."""
    made = await visitor(shared)
    made.http.headers["accept-language"] = "en"
    yield made
    await close()


@pytest.mark.parametrize(
    ("spoken", "with_account", "expected"),
    [(["de", "en"], None, "de"), (["en", "tr"], None, "en"), (["tr"], None, "de"), ([], None, "de"),
     (["de"], "en", "en"), (["en-GB"], "de", "de")],
)  # fmt: skip
async def test_who_is_published_is_told_in_their_language(
    shared: Hub, spoken: list[str], with_account: str | None, expected: str
) -> None:
    ags, directory = towns(), shared.runtimes["directory"]
    if with_account:
        made = await account(shared, ags, "navigator", email="zoe.quittenbaum@town.example")
        async with directory.db.begin(HUB) as session:
            await session.execute(update(Account).where(Account.id == made).values(language=with_account))
    await published(shared, ags, full(languages=spoken))
    await tell(shared)
    (letter,) = await letters(directory, "notice", str((await found(shared, ags)).id))
    assert letter.language == expected
    for german, english in (("Zweck:", "Purpose:"), ("Hilft bei:", "Helps with:")):
        assert ((german in letter.text), (english in letter.text)) == (expected == "de", expected == "en")


async def test_a_link_comes_in_the_language_in_which_it_was_asked_for(shared: Hub, browser: Browser) -> None:
    ags, directory = towns(), shared.runtimes["directory"]
    await published(shared, ags, full(email=f"zoe@{ags}.example"))
    await tell(shared)
    await browser.submit(await browser.http.get("/mine"), "/mine", email=f"zoe@{ags}.example")
    async with directory.db.begin(HUB) as session:
        asked = text("SELECT payload->>'language' FROM job WHERE name = 'personal-link'")
        assert list(await session.scalars(asked)) == ["en"]
        with i18n.speaking("en"):
            await notices.wanted.send(session, directory, f"zoe@{ags}.example")
    (letter,) = await letters(directory, "personal_link", str((await found(shared, ags)).id))
    assert (letter.language, "The link to your entry" in letter.subject) == ("en", True)


async def test_an_objection_is_answered_in_the_person_s_language(shared: Hub, browser: Browser) -> None:
    ags, directory = towns(), shared.runtimes["directory"]
    await published(shared, ags, full(languages=["en"]))
    who = await found(shared, ags)
    await press(browser, await path(shared, ags), "object", reason="I am threatened.")
    coordinator = await visitor(shared, ags, "coordinator")
    waiting = await coordinator.http.get("/objections")
    sent = {"navigator": str(who.id), "decision": "reject", "answer": "Needed"}
    assert (await coordinator.submit(waiting, "/objections", **sent)).status_code == 303
    (letter,) = await letters(directory, "objection", str(who.id))
    assert (letter.language, letter.subject) == ("en", f"Your objection to Stadt {ags}")


async def test_a_candidate_s_answer_tells_their_language(shared: Hub, browser: Browser) -> None:
    ags, directory = towns(), shared.runtimes["directory"]
    await published(shared, ags, full())
    coordinator = await visitor(shared, ags, "coordinator")
    add = f"/city/{ags}/candidates/add"
    fields = {"way": "ASKED", "name": "Ada Beerenstrauch", "email": f"ada@{ags}.example", "hours": "6"}
    await coordinator.submit(await coordinator.http.get(add), add, **fields)
    async with directory.db.read(HUB) as session:
        row = (await session.scalars(select(Candidate).where(Candidate.ags == ags))).one()
    (asked,) = await letters(directory, "nomination", str(row.id))
    assert asked.language == "de"  # as the coordinator reads these pages
    link = asked.text[asked.text.index("/candidacy/") :].split()[0]
    assert (await browser.submit(await browser.http.get(link), link, answer="yes")).status_code == 303
    at = f"/city/{ags}/candidates/{row.id}"
    await coordinator.submit(await coordinator.http.get(at), at, step="refuse", reason="All places are taken.")
    (decided,) = await letters(directory, "candidacy", str(row.id))
    assert (decided.language, decided.text.startswith("Hello Ada")) == ("en", True)


async def test_an_application_is_answered_in_its_language(shared: Hub, browser: Browser) -> None:
    ags, directory = towns(), shared.runtimes["directory"]
    await published(shared, ags, full())
    coordinator = await visitor(shared, ags, "coordinator")
    await coordinator.graph("mutation { openNavigatorCall(hours: 4) { hours } }")
    apply = f"/city/{ags}/apply"
    await browser.submit(await browser.http.get(apply), apply, name="Bo Birne", email=f"bo@{ags}.example")
    async with directory.db.read(HUB) as session:
        row = (await session.scalars(select(Candidate).where(Candidate.ags == ags))).one()
    (letter,) = await letters(directory, "application", str(row.id))
    assert letter.language == "en"


async def test_a_registration_is_decided_in_its_language(shared: Hub, browser: Browser) -> None:
    town, directory = towns(), shared.runtimes["directory"]
    body = {
        "client_name": f"Program {town}", "ags": town, "agreement": "2026-11", "contacts": [f"kim@{town}.example"],
        "token_endpoint_auth_method": "client_secret_basic",
    }  # fmt: skip
    made = (await browser.http.post("/oauth/register", json=body)).json()
    central = await visitor(shared, "08", "central")
    decide = "mutation ($id: ID!) { decideRegistration(clientId: $id, decision: APPROVE) { status } }"
    assert (await central.graph(decide, id=made["client_id"]))["data"]["decideRegistration"] == {"status": "ACTIVE"}
    (letter,) = await letters(directory, "decision", made["client_id"])
    assert letter.language == "en"
    (invited,) = [one for one in await letters(directory, "invitation") if one.to == f"kim@{town}.example"]
    assert invited.language == "en"
