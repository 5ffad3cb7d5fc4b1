"""An erased person, looked for everywhere: tables, compressed columns, logs, Valkey, interfaces, pages, papers."""

import asyncio
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, select, text

from services.cli.demo import CREATE, PUBLISH, RESULT
from services.contracts.events import RoundsPlayed
from services.directory import models as m
from services.directory import store
from services.directory.protection import notices, person, retention, tombstones
from services.directory.snapshot import CityRow, NavigatorRow, Snapshot, unnamed
from services.events import models as e
from services.events import named
from services.kit import log
from services.kit.db import HUB
from services.kit.messages import kind_of
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.browser_like import account
from tests.directory.erasure_world import (
    MAIL,
    NEEDLES,
    NOW,
    log_positions,
    papers,
    planned_day,
    tables,
    unpacked,
    valkey,
    written,
)
from tests.directory.protected import (
    client,
    found,
    full,
    letters,
    path,
    press,
    published,
    snapshot,
    tell,
    towns,
    visitor,
)

pytestmark = pytest.mark.usefixtures("closed")
"""Words that stand in nothing but Zoë's entry."""
WRITTEN = {f"events.{model.__tablename__}" for model in (*named.WRITTEN, *named.OFFERED)}
ERASED = "query ($after: String) { erased(after: $after) { nodes { id at } pageInfo { endCursor hasNextPage } } }"


@pytest.fixture(scope="module")
def own(settings: Settings) -> Settings:
    return replace(settings, workers=True)  # a plan is to be computed


async def test_an_erased_person_is_found_nowhere(shared: Hub) -> None:
    host, guest = towns(), towns()
    directory = shared.runtimes["directory"]
    contact = {"contact": "Zoë Quittenbaum", "contactEmail": MAIL, "contactPhone": "07531 900-4711"}
    city = await published(shared, host, full(), **contact)
    second = {"key": "z", "name": "Kim Zweite", "mentor": "zoe-1"}
    named = snapshot(host, full(title="Lotsin"), second, **contact)
    named["projects"][0] |= {
        "title": "E-Akte von Zoë Quittenbaum", "summary": f"Fragen an {MAIL}", "lessons": "Zoë Quittenbaum weiß mehr.",
        "reusable": "Ablauf von Zoë Quittenbaum",
        "links": [{"url": "https://town.example", "label": "Zoë Quittenbaum"}],
    }  # fmt: skip
    await city.ask(PUBLISH, snapshot=named)
    await published(shared, guest, *({"key": f"g{i}", "name": f"Gast {i}"} for i in range(4)))
    event_id, plan_id = await planned_day(city, host, guest)
    person = await found(shared, host)
    zoe = str(person.id)
    await account(shared, host, "navigator", email=person.row.email, name=person.row.name)
    await tell(shared)
    async with directory.db.begin(HUB) as session:  # what other parts of the directory keep for a while
        packed, _digest = store.packed(person.stored.snapshot)  # type: ignore[arg-type]
        await session.execute(insert(m.Draft).values(id=uuid.uuid4(), ags=host, by="x", base=None, snapshot=packed))
        kept = {"navigators": {"added": ["zoe-1"]}}
        await session.execute(insert(m.Once).values(client=city.client_id, key="k", digest="d", answer=kept))
        await session.execute(insert(m.Once).values(client="x", key="k", digest="d", answer={"name": person.row.name}))
    await written(shared, uuid.UUID(event_id), host, guest)
    browser = await visitor(shared)
    page = await path(shared, host)
    form = await browser.http.get(f"{page}/correct")
    await browser.submit(form, f"{page}/correct", name="Zoë Quittenbaum-Neu", email=person.row.email, room="Q 47.11")
    await shared.settle()
    before = await tables(shared, NEEDLES)
    assert {"directory.source", "directory.navigator", "directory.log", "directory.draft", "directory.own_word",
            "directory.account", "directory.once", "events.navigator", "events.agenda_item", "events.event",
            "events.log", "matching.event", "directory.proposed_project", *WRITTEN} <= {
        hit.partition(":")[0] for hit in before}  # fmt: skip
    positions = await log_positions(shared)

    unsure = await press(browser, page, "erase", account="true")
    assert (unsure.status_code, 'id="e-sure"' in unsure.text) == (422, True)
    gone = await press(browser, page, "erase", account="true", sure="true")
    assert (gone.status_code, "Ihr Eintrag ist gelöscht" in gone.text) == (200, True)
    await shared.settle()

    assert await tables(shared, (*NEEDLES, "zoe-1")) == []
    assert await valkey(shared, NEEDLES) == []
    assert await letters(directory, "notice", zoe) == []
    left = [hit.partition(":")[0] for hit in await tables(shared, (zoe,))]
    assert left == ["directory.audit", "directory.erased", "directory.log", "directory.mail"]  # a number, no data
    assert (await log_positions(shared))["directory"][: len(positions["directory"])] == positions["directory"]

    async with shared.runtimes["events"].db.read(HUB) as session:  # for whoever reads it from its beginning
        said = text("SELECT kind, body->>'title', body->>'rounds' FROM log WHERE key = :key AND kind <> 'Forgotten'")
        title, *_before, last = (await session.execute(said, {"key": event_id})).all()
    assert (title[1], last[0], last[2]) == ("Lotsentreff mit …", kind_of(RoundsPlayed), "2")
    async with directory.db.read(HUB) as session:
        states = text("SELECT status, event_title FROM proposed_project WHERE event_id = :event ORDER BY 1")
        assert (await session.execute(states, {"event": event_id})).all() == [
            ("DECLINED", "Lotsentreff mit …"), ("PROPOSED", "Lotsentreff mit …")]  # fmt: skip

    network = await client(shared, guest)
    one = "query ($id: ID!) { navigator(id: $id) { name } _entities: event(id: $id) { title } }"
    assert (await network.ask(one, id=zoe))["navigator"] is None
    for words in ("quittenbaum", "zoe", "Lotsin"):
        nodes = await network.ask("query ($t: String) { navigators(text: $t) { nodes { id } } }", t=words)
        assert zoe not in str(nodes)
    entities = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Navigator { name } } }"
    subgraph = await visitor(shared)
    answer = await subgraph.http.post(
        "/directory/graphql",
        json={"query": entities, "variables": {"r": [{"__typename": "Navigator", "id": zoe}]}},
        headers=await network.headers(),
    )
    assert answer.json()["data"]["_entities"] == [None]
    for name in ("directory", "events", "matching"):
        feed = await subgraph.http.get(f"/{name}/feed", headers={"authorization": f"Bearer {shared.feed_token}"})
        assert not any(word in feed.text for word in NEEDLES)
    agenda = "query ($id: ID!) { event(id: $id) { participants { navigator { id } } agenda { title responsible } } }"
    day = await city.ask(agenda, id=event_id)
    assert zoe not in str(day)
    assert day["event"]["agenda"] == [{"title": "Vortrag von …", "responsible": "…, Mio Mentor"}]
    plan = await city.ask(RESULT, id=plan_id)
    assert zoe not in str(plan)
    assert len(plan["plan"]["rounds"]) == 2
    assert b"Quittenbaum" not in await papers(shared, city, event_id)
    for address in (page, f"/projects/{zoe}", "/mine"):
        assert "Quittenbaum" not in (await browser.http.get(address)).text
    held = await browser.http.get(f"/events/my-data/{page.rpartition('/')[2]}")
    assert [key for key, value in held.json().items() if value] == []

    again = await city.ask(
        "mutation ($s: SnapshotInput!) { publishDirectory(snapshot: $s) { withheld navigators { added } } }",
        s=snapshot(host, full(title="Wieder da"), second),
    )
    assert again["publishDirectory"] == {"withheld": ["zoe-1"], "navigators": {"added": []}}
    assert await tables(shared, NEEDLES) == []
    assert await tell(shared) == 0


def test_what_an_office_shares_stays() -> None:
    zoe = NavigatorRow("z", "Zoë Quittenbaum", email="digital@town.example", phone="07531 900-0")
    city = CityRow("08336001", "Stadt", contact="Stabsstelle", contact_email=zoe.email, contact_phone=zoe.phone)
    before = Snapshot(
        city, navigators=(NavigatorRow("k", "Kim Zweite", email=zoe.email, title="für Zoë Quittenbaumers Amt"),)
    )
    assert unnamed(before, [zoe]) == before
    own = msgspec.structs.replace(zoe, email="z.quittenbaum@town.example")
    theirs = msgspec.structs.replace(before, city=msgspec.structs.replace(city, contact_email=own.email))
    assert unnamed(theirs, [own]).city == msgspec.structs.replace(city, contact_email=None, contact_phone=None)


async def test_consumers_learn_whom_to_delete(shared: Hub) -> None:
    ags = towns()
    browser, gone = await visitor(shared), []
    await published(shared, ags, *(full(key=f"k{i}", email=f"k{i}@town.example") for i in range(3)))
    network = await client(shared, towns())
    start = (await network.ask(ERASED))["erased"]["pageInfo"]["endCursor"]
    for i in range(3):
        page, who = await path(shared, ags, f"k{i}"), await found(shared, ags, f"k{i}")
        await press(browser, page, "erase", sure="true")
        gone.append(str(who.id))
    after, seen = start, []
    for _turn in range(3):
        answer = (await network.ask(ERASED.replace("after: $after", "first: 2, after: $after"), after=after))["erased"]
        seen += [node["id"] for node in answer["nodes"]]
        after = answer["pageInfo"]["endCursor"] or after
        if not answer["pageInfo"]["hasNextPage"]:
            break
    assert seen == gone
    anonymous = await visitor(shared)
    assert (await anonymous.graph(ERASED))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_who_keeps_what_a_city_published_fetches_it_anew(shared: Hub) -> None:
    ags, directory = towns(), shared.runtimes["directory"]
    city, browser = await published(shared, ags, full()), await visitor(shared)
    address, headers = f"/directory/cities/{ags}", await city.headers()
    before = await browser.http.get(address, headers=headers)
    same = {**headers, "if-none-match": before.headers["etag"]}
    assert (await browser.http.get(address, headers=same)).status_code == 304
    await press(browser, await path(shared, ags), "erase", sure="true")
    after = await browser.http.get(address, headers=same)
    assert (after.status_code, "Quittenbaum" in before.text, "Quittenbaum" in after.text) == (200, True, False)
    newer = {**headers, "if-none-match": after.headers["etag"]}
    assert (await browser.http.get(address, headers=newer)).status_code == 304
    for tag in (before.headers["etag"], after.headers["etag"]):  # nobody else has published
        row = {**after.json(), "departments": [{"key": tag.strip('"').replace(".", "-"), "name": "Amt"}]}
        done = await browser.http.put(address, json=row, headers={**headers, "if-match": tag})
        assert done.status_code == (200 if tag == before.headers["etag"] else 412)
    async with directory.db.read(HUB) as session:
        assert (await session.execute(text("SELECT 1 FROM erased WHERE ags = :ags"), {"ags": ags})).all() == [(1,)]


async def test_erasing_twice_and_while_the_city_publishes_is_once(shared: Hub) -> None:
    ags = towns()
    city, browser = await published(shared, ags, full()), await visitor(shared)
    page = await path(shared, ags)
    forms = [await browser.http.get(f"{page}/erase") for _turn in range(2)]
    answers: list[Any] = await asyncio.gather(
        *(browser.submit(form, f"{page}/erase", sure="true") for form in forms),
        *(city.ask(PUBLISH, snapshot=snapshot(ags, full(room=f"Q 47.11 {i}"))) for i in range(4)),
    )
    assert [answer.status_code for answer in answers[:2]] == [200, 200]
    left = (await city.ask("query ($c: ID!) { navigators(city: $c) { nodes { name } } }", c=ags))["navigators"]["nodes"]
    assert left == [{"name": "Mio Mentor"}]
    async with shared.runtimes["directory"].db.read(HUB) as session:
        sources = await session.scalars(text("SELECT snapshot FROM source WHERE ags = :ags"), {"ags": ags})
        assert not any("Quittenbaum" in unpacked(source) for source in sources)


async def test_whom_the_city_withdrew_can_still_see_and_erase_what_earlier_publications_hold(shared: Hub) -> None:
    ags, directory = towns(), shared.runtimes["directory"]
    city, browser = (
        await published(shared, ags, full(email="gone@town.example", phone="0123 99")),
        await visitor(shared),
    )
    await tell(shared)
    who, page = await found(shared, ags), await path(shared, ags)
    events, day = shared.runtimes["events"], {"title": "Lotsentag", "date": "2019-10-01", "host": ags, "guests": []}
    event = uuid.UUID((await city.ask(CREATE, event=day))["createEvent"]["id"])
    await city.ask(PUBLISH, snapshot=snapshot(ags, full(key="other", name="Kim Zweite", email=None)))
    async with directory.db.begin(HUB) as session:
        await retention.forget_vanished(session, datetime.now(UTC))

    asked = await browser.submit(await browser.http.get("/mine"), "/mine", email="Gone@town.example")
    assert asked.status_code == 200
    async with directory.db.begin(HUB) as session:
        await notices._send_link(session, directory, "Gone@town.example")
    (letter,) = await letters(directory, "personal_link", str(who.id))
    assert "veröffentlicht Sie nicht mehr" in letter.text
    await shared.settle()
    async with events.db.begin(HUB) as session:
        assert (await session.execute(text("SELECT 1 FROM navigator WHERE id = :id"), {"id": who.id})).all() == []
        idea = {"id": uuid.uuid4(), "event_id": event, "source": "phone", "hidden": False, "withdrawn": False}
        session.add(e.Idea(**idea, text="Zoë Quittenbaum fragen: gone@town.example"))
    assert f"{shared.settings.issuer}/mine/" in letter.text
    shown = (await browser.http.get(page)).text
    assert "veröffentlicht Sie nicht mehr" in shown
    assert "0123 99" in shown
    held = (await browser.http.get(f"{page}/data.json")).json()
    assert [one["row"]["room"] for one in held["publications"]] == ["Q 47.11"]
    assert (await browser.http.get(f"{page}/log")).status_code == 200
    for part in ("correct", "audience", "object"):  # there is nothing to correct or to hide any more
        assert (await browser.http.get(f"{page}/{part}")).status_code == 404

    done = await press(browser, page, "erase", sure="true")
    assert "Ihr Eintrag ist gelöscht" in done.text
    await shared.settle()
    assert await tables(shared, ("gone@town.example", "0123 99")) == []
    async with events.db.read(HUB) as session:  # which did not know them any more
        assert (await session.scalars(select(e.Idea.text).where(e.Idea.event_id == event))).all() == ["… fragen: …"]
    async with directory.db.read(HUB) as session:
        assert await person.at_address(session, shared.settings, "gone@town.example") == []
    assert (await browser.http.get(page)).status_code == 404
    back = await city.ask(PUBLISH, snapshot=snapshot(ags, full()))
    assert back["publishDirectory"]["navigators"]["added"] == []


async def test_a_restore_does_not_bring_back_who_was_withdrawn_and_then_erased(shared: Hub) -> None:
    """As a backup has it that was made after the city withdrew them and before they had themselves erased."""
    ags, directory = towns(), shared.runtimes["directory"]
    city = await published(shared, ags, full(email="backup@town.example", phone="0123 88"))
    who = await found(shared, ags)
    await city.ask(PUBLISH, snapshot=snapshot(ags))
    async with directory.db.begin(HUB) as session:
        session.add(m.Tombstone(kind=tombstones.ENTRY, key=str(who.id), place=ags, at=NOW))
    assert await tables(shared, ("backup@town.example", "0123 88")) != []
    assert await tombstones.replay(directory) == 1
    assert await tables(shared, ("backup@town.example", "0123 88")) == []


async def test_only_the_function_changes_a_log(shared: Hub) -> None:
    for name, runtime in shared.runtimes.items():
        for statement in ("UPDATE log SET body = '{}'", "DELETE FROM log"):
            with pytest.raises(Exception, match="permission denied"):
                async with runtime.db.begin(HUB) as session:
                    await session.execute(text(statement))
        async with runtime.db.begin(HUB) as session:
            assert await log.forget(session, runtime.service.metadata, "nobody", inside=True) == 0, name
