"""How somebody becomes a navigator: asked, nominated, or applying; in browsers without script, and through GraphQL."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import func, select, update

from services.directory.candidates import rows
from services.directory.models import Account, AuditEntry, Candidate
from services.directory.protection.erasure import erase
from services.directory.protection.own import Desk
from services.directory.protection.person import find
from services.directory.snapshot import Identities
from services.kit.db import HUB
from services.kit.service import Hub
from tests.browser_like import Browser
from tests.directory.protected import letters, towns, visitor

pytestmark = pytest.mark.usefixtures("closed")
CANDIDATES = "{ candidates { nodes { id name state way hours reason } } }"
ANSWER = """mutation ($link: String!, $yes: Boolean!, $reason: String! = "") {
  answerCandidacy(link: $link, accept: $yes, reason: $reason) { state reason } }"""


@pytest_asyncio.fixture
async def coordinator(shared: Hub, ags: str) -> Browser:
    return await visitor(shared, ags, "coordinator")


async def asked(browser: Browser, ags: str, **fields: Any) -> httpx.Response:
    path = f"/city/{ags}/candidates/add"
    wanted = {"way": "ASKED", "name": "Ada Beerenstrauch", "email": f"ada@{ags}.example", "hours": "6", **fields}
    return await browser.submit(await browser.http.get(path), path, **wanted)


async def link(hub: Hub, kind: str, ags: str) -> str:
    """Of the newest mail of the kind to somebody of the town."""
    async with hub.runtimes["directory"].db.read(HUB) as session:
        query = select(Candidate).where(Candidate.ags == ags).order_by(Candidate.asked_at.desc()).limit(1)
        row = (await session.scalars(query)).one()
    found = await letters(hub.runtimes["directory"], kind, f"{row.id}:{row.turn}")
    assert len(found) == 1
    path = re.search(r"/candidacy/[\w-]+", found[0].text)
    assert path is not None
    return path[0]


async def one(hub: Hub, ags: str) -> Candidate:
    async with hub.runtimes["directory"].db.read(HUB) as session:
        return (await session.scalars(select(Candidate).where(Candidate.ags == ags))).one()


async def said(hub: Hub, ags: str) -> list[str]:
    async with hub.runtimes["directory"].db.read(HUB) as session:
        query = select(AuditEntry.action).where(AuditEntry.ags == ags, AuditEntry.action.like("candidate.%"))
        return list(await session.scalars(query.order_by(AuditEntry.id)))


async def test_who_is_nominated_says_yes_by_mail_and_becomes_a_navigator(
    shared: Hub, ags: str, coordinator: Browser
) -> None:
    done = await asked(coordinator, ags, way="NOMINATED", nominator="Ole Amtsleiter", department="Bauamt")
    assert done.status_code == 303, re.findall(r"kern-error.*", done.text)
    path = await link(shared, "nomination", ags)
    (letter,) = await letters(shared.runtimes["directory"], "nomination", str((await one(shared, ags)).id))
    for words in ("Ole Amtsleiter hat Sie", "6 Stunden im Monat", f"Stadt {ags}"):
        assert words in letter.text, words

    person = await visitor(shared)
    page = await person.http.get(path)
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    assert "6" in page.text
    listed = await coordinator.http.get(f"/city/{ags}/candidates")
    assert "hat noch nicht geantwortet" in listed.text
    answered = await person.submit(page, path, answer="yes")
    assert (answered.status_code, answered.headers["location"]) == (303, path)
    (told,) = await letters(shared.runtimes["directory"], "candidate", str((await one(shared, ags)).id))
    assert "Ada" not in told.text

    at = f"/city/{ags}/candidates/{(await one(shared, ags)).id}"
    taken = await coordinator.submit(await coordinator.http.get(at), at, account="true")
    assert taken.status_code == 303, taken.text
    row = await coordinator.http.get(taken.headers["location"])
    assert "Ada Beerenstrauch" in row.text
    seen = (await coordinator.graph("query ($c: ID!) { navigators(city: $c) { nodes { name recruited } } }", c=ags))[
        "data"
    ]["navigators"]["nodes"]
    assert {"name": "Ada Beerenstrauch", "recruited": "NOMINATED"} in seen
    async with shared.runtimes["directory"].db.read(HUB) as session:
        assert await session.scalar(select(func.count()).select_from(Account).where(Account.org == ags)) == 2
    assert await said(shared, ags) == ["candidate.nominated", "candidate.agreed", "candidate.taken"]
    assert "/mine" in (await person.http.get(path)).text


async def test_a_link_answers_once(shared: Hub, ags: str, coordinator: Browser) -> None:
    await asked(coordinator, ags)
    path = await link(shared, "nomination", ags)
    people = [await visitor(shared) for _ in range(4)]
    pages = [await person.http.get(path) for person in people]
    done = await asyncio.gather(
        *(
            person.submit(page, path, answer="yes" if number % 2 else "no", reason="Keine Zeit")
            for number, (person, page) in enumerate(zip(people, pages, strict=True))
        )
    )
    assert sorted(one.status_code for one in done) == [303, 409, 409, 409]
    assert len(await letters(shared.runtimes["directory"], "candidate", str((await one(shared, ags)).id))) == 1


async def test_who_declines_says_why_if_they_want(shared: Hub, ags: str, coordinator: Browser) -> None:
    await asked(coordinator, ags)
    path, person = await link(shared, "nomination", ags), await visitor(shared)
    page = await person.http.get(path)
    await person.submit(page, path, answer="no", reason="Mir fehlt die Zeit.")
    (found,) = (await coordinator.graph(CANDIDATES))["data"]["candidates"]["nodes"]
    assert (found["state"], found["reason"]) == ("DECLINED", "Mir fehlt die Zeit.")
    decided = await coordinator.http.get(f"/city/{ags}/candidates?group=done")
    assert "Ada Beerenstrauch" in decided.text


async def test_a_new_link_ends_the_former_one_and_a_question_can_be_taken_back(
    shared: Hub, ags: str, coordinator: Browser
) -> None:
    await asked(coordinator, ags)
    old, person = await link(shared, "nomination", ags), await visitor(shared)
    at = f"/city/{ags}/candidates/{(await one(shared, ags)).id}"
    assert (await coordinator.submit(await coordinator.http.get(at), at, step="again")).status_code == 303
    assert (await person.http.get(old)).status_code == 404
    new = await link(shared, "nomination", ags)
    assert (await person.http.get(new)).status_code == 200
    page = await person.http.get(new)
    assert (await coordinator.submit(await coordinator.http.get(at), at, step="withdraw")).status_code == 303
    assert (await person.submit(page, new, answer="yes")).status_code == 409
    assert "zurückgenommen" in (await person.http.get(new)).text


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("email", "nobody"), ("hours", "0"), ("hours", "175"), ("hours", "many"), ("nominator", ""),
     ("words", "x" * 1001), ("name", "a\u202eb")],
)  # fmt: skip
async def test_a_wrong_question_is_not_asked(ags: str, coordinator: Browser, field: str, value: str) -> None:
    done = await asked(coordinator, ags, **{"way": "NOMINATED", "nominator": "Ole", "words": "Bitte", field: value})
    assert (done.status_code, f'id="e-{field}"' in done.text) == (422, True)
    assert (await coordinator.graph(CANDIDATES))["data"]["candidates"]["nodes"] == []


async def test_nobody_is_asked_twice_nor_who_is_a_navigator_already(ags: str, coordinator: Browser) -> None:
    assert (await asked(coordinator, ags)).status_code == 303
    assert (await asked(coordinator, ags, email=f"ADA@{ags}.example")).status_code == 422
    assert (await asked(coordinator, ags, email="zoe.quittenbaum@town.example")).status_code == 422


async def test_only_the_citys_coordinators_see_and_decide(shared: Hub, ags: str, coordinator: Browser) -> None:
    await asked(coordinator, ags)
    id = str((await one(shared, ags)).id)
    paths = [f"/city/{ags}/candidates{part}" for part in ("", "/add", "/call", f"/{id}")]
    for org, role, status in ((towns(), "coordinator", 403), (ags, "editor", 403), (ags, "navigator", 403),
                              ("08", "central", 403), ("", "", 303)):  # fmt: skip
        stranger = await visitor(shared, org, role)
        assert {(await stranger.http.get(path)).status_code for path in paths} == {status}, role
        answer = await stranger.graph("mutation ($id: ID!) { takeCandidate(id: $id) { state } }", id=id)
        assert answer["errors"], role
    other = await visitor(shared, towns(), "coordinator")
    assert (await other.graph(CANDIDATES))["data"]["candidates"]["nodes"] == []
    assert (await other.graph("query ($i: ID!) { candidate(id: $i) { name } }", i=id))["data"] == {"candidate": None}


async def test_an_application_counts_once_it_is_confirmed(shared: Hub, ags: str, coordinator: Browser) -> None:
    path, person = f"/city/{ags}/apply", await visitor(shared)
    assert (await person.http.get(path)).status_code == 404
    assert path not in (await person.http.get(f"/city/{ags}")).text
    call = f"/city/{ags}/candidates/call"
    opened = await coordinator.submit(await coordinator.http.get(call), call, hours="8", words="Mit Ihnen.")
    assert opened.status_code == 303, opened.text
    assert path in (await person.http.get(f"/city/{ags}")).text

    form = await person.http.get(path)
    assert "Mit Ihnen." in form.text
    fields = {"name": "Bo Birne", "email": f"bo@{ags}.example", "words": "Ich probiere gern aus."}
    assert (await person.submit(form, path, **fields)).status_code == 200
    assert (await coordinator.graph(CANDIDATES))["data"]["candidates"]["nodes"] == []
    link_ = await link(shared, "application", ags)
    await person.submit(await person.http.get(link_), link_, answer="yes")
    (found,) = (await coordinator.graph(CANDIDATES))["data"]["candidates"]["nodes"]
    assert (found["state"], found["way"], found["hours"]) == ("AGREED", "APPLIED", 8)

    again = await person.submit(await person.http.get(path), path, **fields)
    known = await person.submit(form, path, **{**fields, "email": "zoe.quittenbaum@town.example"})
    assert {again.status_code, known.status_code} == {200}
    assert len((await coordinator.graph(CANDIDATES))["data"]["candidates"]["nodes"]) == 1

    at = f"/city/{ags}/candidates/{found['id']}"
    refused = await coordinator.submit(await coordinator.http.get(at), at, step="refuse", reason="Alle Plätze besetzt.")
    assert refused.status_code == 303, refused.text
    (letter,) = await letters(shared.runtimes["directory"], "candidacy", found["id"])
    assert "Alle Plätze besetzt." in letter.text
    page = await coordinator.http.get(f"/city/{ags}/candidates")
    await coordinator.submit(page, f"{call}/close")
    assert (await person.http.get(path)).status_code == 404


async def test_a_call_ends_after_its_last_day(shared: Hub, ags: str, coordinator: Browser) -> None:
    today = datetime.now(UTC).date()
    opening = "mutation ($d: Date!) { openNavigatorCall(hours: 4, until: $d) { until } }"
    assert (await coordinator.graph(opening, d=str(today - timedelta(days=1))))["errors"]
    assert (await coordinator.graph(opening, d=str(today)))["data"]["openNavigatorCall"] == {"until": str(today)}
    person = await visitor(shared)
    assert (await person.http.get(f"/city/{ags}/apply")).status_code == 200


async def test_the_person_reads_what_is_stored_and_erases_it(shared: Hub, ags: str, coordinator: Browser) -> None:
    await asked(coordinator, ags, words="Weil Sie alles erklären können.")
    path, person = await link(shared, "nomination", ags), await visitor(shared)
    page = await person.http.get(path)
    assert f"ada@{ags}.example" in page.text
    assert "Weil Sie alles erklären können." in page.text
    for _ in range(2):
        assert (await person.submit(page, f"{path}/erase")).status_code == 200
    assert (await person.http.get(path)).status_code == 404
    assert (await coordinator.graph(CANDIDATES))["data"]["candidates"]["nodes"] == []


@pytest.mark.parametrize("token", ["x", "A" * 59, "ä", "A" * 5000])
async def test_a_link_that_is_none_opens_nothing(shared: Hub, token: str) -> None:
    person = await visitor(shared)
    assert (await person.http.get(f"/candidacy/{token}")).status_code == 404


async def test_the_graph_answers_by_link_too(shared: Hub, ags: str, coordinator: Browser) -> None:
    asking = """mutation ($c: CandidateInput!) { askCandidate(candidate: $c) { id state cityName } }"""
    made = await coordinator.graph(asking, c={"name": "Cem Kirsche", "email": f"cem@{ags}.example", "hours": 3})
    assert made["data"]["askCandidate"]["state"] == "WAITING"
    path, person = await link(shared, "nomination", ags), await visitor(shared)
    shown = await person.graph("query ($l: String!) { candidacy(link: $l) { name hours cityName } }", l=path)
    assert shown["data"]["candidacy"] == {"name": "Cem Kirsche", "hours": 3, "cityName": f"Stadt {ags}"}
    done = await person.graph(ANSWER, link=shared.settings.issuer + path, yes=True)
    assert done["data"]["answerCandidacy"]["state"] == "AGREED"
    taking = "mutation ($id: ID!) { takeCandidate(id: $id, account: false) { state navigator { name } } }"
    taken = await coordinator.graph(taking, id=made["data"]["askCandidate"]["id"])
    assert taken["data"]["takeCandidate"] == {"state": "TAKEN", "navigator": {"name": "Cem Kirsche"}}


async def test_what_is_over_is_forgotten(shared: Hub, ags: str, coordinator: Browser) -> None:
    async def made(name: str, way: str, status: str, days: int) -> None:
        at = datetime.now(UTC) - timedelta(days=days)
        async with shared.runtimes["directory"].db.begin(HUB) as session:
            row = await rows.add(session, ags, way, {
                "name": name, "email": f"{name}@x.example", "department": "", "nominator": "", "words": "", "hours": 1,
            })  # fmt: skip
            values = {"status": status, "at": at, "asked_at": at}
            await session.execute(update(Candidate).where(Candidate.id == row.id).values(values))

    kept = [("waits", "ASKED", "WAITING", 31), ("agreed", "APPLIED", "AGREED", 200), ("no", "ASKED", "DECLINED", 179)]
    gone = [("unconfirmed", "APPLIED", "WAITING", 31), ("refused", "APPLIED", "REFUSED", 181),
            ("silent", "ASKED", "WAITING", 181), ("undecided", "APPLIED", "AGREED", 366)]  # fmt: skip
    for row in (*kept, *gone):
        await made(*row)
    async with shared.runtimes["directory"].db.begin(HUB) as session:
        await rows.forget(session)
    async with shared.runtimes["directory"].db.read(HUB) as reader:
        left = await reader.scalars(select(Candidate.name).where(Candidate.ags == ags))
        assert set(left) == {row[0] for row in kept}


async def test_an_erased_navigator_leaves_no_candidacy(shared: Hub, ags: str, coordinator: Browser) -> None:
    runtime = shared.runtimes["directory"]
    await asked(coordinator, ags)
    path, person = await link(shared, "nomination", ags), await visitor(shared)
    await person.submit(await person.http.get(path), path, answer="yes")
    taking = "mutation ($id: ID!) { takeCandidate(id: $id, account: false) { state } }"
    await coordinator.graph(taking, id=str((await one(shared, ags)).id))
    key = Identities(shared.settings.derived("identities"), ags).navigator((await one(shared, ags)).key)
    async with runtime.db.begin(HUB) as session:
        who = await find(session, shared.settings, key, lock=True)
        await erase(session, Desk(shared.settings, runtime.memory), who, actor="test")
    async with runtime.db.read(HUB) as reader:
        assert (await reader.scalars(select(Candidate).where(Candidate.ags == ags))).all() == []
    assert await letters(runtime, "candidacy", "") == [] or (await person.http.get(path)).status_code == 404
    # Asked again under the same address, they cannot be published any more.
    await asked(coordinator, ags)
    path = await link(shared, "nomination", ags)
    await person.submit(await person.http.get(path), path, answer="yes")
    answer = await coordinator.graph(taking, id=str((await one(shared, ags)).id))
    assert "gelöscht" in answer["errors"][0]["message"]
    assert (await one(shared, ags)).status == "AGREED"
