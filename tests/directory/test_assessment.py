"""A self-assessment is its person's alone, until they share a copy with their city's coordinators."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, text

from services.directory.models import SelfAssessment, SharedAssessment
from services.directory.protection import assessment, retention
from services.directory.snapshot import AREAS
from services.kit.auth import Principal
from services.kit.db import HUB
from services.kit.service import Hub
from tests.browser_like import Browser
from tests.directory.protected import found, path, published, towns, visitor

pytestmark = pytest.mark.usefixtures("closed")
SECRET = "Quittengelee kochen lernen"
MINE = "query ($l: String!) { myAssessment(link: $l) { notes sharedAt levels { statement area level } } }"
ONE = "query ($id: ID!) { sharedAssessment(navigator: $id) { notes levels { statement level } } }"


async def noted(hub: Hub, ags: str, **fields: str) -> tuple[Browser, str]:
    """The person's browser, and the page on which they stored one."""
    browser, page = await visitor(hub), f"{await path(hub, ags)}/assessment"
    form = await browser.http.get(page)
    done = await browser.submit(form, page, **{"tools": "3", "limits": "1", "notes": SECRET, **fields})
    assert done.status_code == 303, re.findall(r"kern-error.*", done.text)
    return browser, page


async def press(browser: Browser, page: str, verb: str) -> None:
    assert (await browser.submit(await browser.http.get(page), f"{page}/{verb}")).status_code == 303


async def shared_with(browser: Browser, id: Any) -> Any:
    return (await browser.graph(ONE, id=str(id)))["data"]["sharedAssessment"]


def test_every_statement_has_words_and_an_area() -> None:
    assert tuple(assessment.STATEMENTS) == AREAS
    assert {one for some in assessment.STATEMENTS.values() for one in some} == set(assessment.in_words())


async def test_nobody_else_reads_it_until_it_is_shared(shared: Hub, ags: str) -> None:
    browser, page = await noted(shared, ags)
    mine = (await browser.graph(MINE, l=page.removesuffix("/assessment")))["data"]["myAssessment"]
    said = {one["statement"]: one["level"] for one in mine["levels"] if one["level"]}
    assert (mine["notes"], mine["sharedAt"], said) == (SECRET, None, {"tools": 3, "limits": 1})
    who, coordinator = await found(shared, ags), await visitor(shared, ags, "coordinator")
    assert await shared_with(coordinator, who.id) is None
    assert (await coordinator.http.get(f"/city/{ags}/assessments/{who.id}")).status_code == 404
    own = Principal(subject="somebody", city=ags, roles=frozenset({f"coordinator:{ags}"}))
    for table in ("self_assessment", "shared_assessment"):  # nor does the database show it to their city
        async with shared.runtimes["directory"].db.read(own.acting) as session:
            assert (await session.execute(text(f"SELECT * FROM {table}"))).all() == []


async def test_coordinators_read_the_copy_as_it_was_and_the_person_sees_who_did(shared: Hub, ags: str) -> None:
    browser, page = await noted(shared, ags)
    await press(browser, page, "share")
    who, coordinator = await found(shared, ags), await visitor(shared, ags, "coordinator")
    await noted(shared, ags, tools="4", notes="Etwas anderes")
    assert "Etwas anderes" not in str(await shared_with(coordinator, who.id))
    listed = await coordinator.http.get(f"/city/{ags}/assessments")
    assert f"/city/{ags}/assessments/{who.id}" in listed.text
    shown = await coordinator.http.get(f"/city/{ags}/assessments/{who.id}")
    assert (shown.status_code, SECRET in shown.text, shown.headers["cache-control"]) == (200, True, "no-store")
    log = await browser.http.get(page.replace("/assessment", "/log"))
    assert log.text.count("Geteilte Selbsteinschätzung gelesen") == 2
    assert "Kim Beispiel" in log.text

    for stranger in (await visitor(shared, towns(), "coordinator"), await visitor(shared, ags, "editor"),
                     await visitor(shared, ags, "navigator"), await visitor(shared)):  # fmt: skip
        assert SECRET not in str(await stranger.graph(ONE, id=str(who.id)))
    await press(browser, page, "unshare")
    assert await shared_with(coordinator, who.id) is None


async def test_a_wrong_level_is_refused(shared: Hub, ags: str) -> None:
    browser, page = await visitor(shared), f"{await path(shared, ags)}/assessment"
    done = await browser.submit(await browser.http.get(page), page, tools="5", notes=SECRET)
    assert (done.status_code, SECRET in done.text) == (422, True)
    assert 'id="e-tools"' in done.text
    assessing = (
        """mutation ($l: String!, $s: [AssessedLevelInput!]!) { assessMyself(link: $l, levels: $s) { notes } }"""
    )
    link = page.removesuffix("/assessment")
    for wrong in ({"statement": "tools", "level": 0}, {"statement": "magic", "level": 2}):
        assert (await browser.graph(assessing, l=link, s=[wrong]))["errors"]


async def test_nothing_can_be_shared_before_it_is_written(shared: Hub, ags: str) -> None:
    browser, link = await visitor(shared), await path(shared, ags)
    sharing = "mutation ($l: String!) { shareMyAssessment(link: $l) { notes } }"
    assert (await browser.graph(sharing, l=link))["errors"]


async def rows(hub: Hub, ags: str) -> int:
    async with hub.runtimes["directory"].db.read(HUB) as session:
        kept = [await session.scalars(select(m).where(m.ags == ags)) for m in (SelfAssessment, SharedAssessment)]
        return sum(len(found.all()) for found in kept)


async def test_it_is_taken_along_and_erased(shared: Hub, ags: str) -> None:
    browser, page = await noted(shared, ags)
    await press(browser, page, "share")
    own = page.removesuffix("/assessment")
    data = (await browser.http.get(f"{own}/data.json")).json()
    assert (data["selfAssessment"]["notes"], data["sharedAssessment"]["notes"]) == (SECRET, SECRET)
    await press(browser, page, "erase")
    assert await rows(shared, ags) == 0
    await noted(shared, ags)
    done = await browser.submit(await browser.http.get(f"{own}/erase"), f"{own}/erase", sure="true")
    assert (done.status_code, await rows(shared, ags)) == (200, 0)


async def test_who_is_published_no_more_shares_nothing(shared: Hub, ags: str) -> None:
    browser, page = await noted(shared, ags)
    await press(browser, page, "share")
    await published(shared, ags)
    async with shared.runtimes["directory"].db.begin(HUB) as session:
        await retention.forget_vanished(session, datetime.now(UTC))
    assert await rows(shared, ags) == 1
    async with shared.runtimes["directory"].db.begin(HUB) as session:
        await retention.forget_vanished(session, datetime.now(UTC) + retention.OWN_WORD_KEPT)
    assert await rows(shared, ags) == 0
