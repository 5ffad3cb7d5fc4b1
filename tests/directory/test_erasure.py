"""An erased person, looked for everywhere: tables, compressed columns, logs, Valkey, interfaces, pages, papers."""

import asyncio
import uuid
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
from sqlalchemy import insert, select, text, update

from services.cli.demo import CONFIRM, CREATE, JOIN, PLAN, PUBLISH, RESULT
from services.contracts.events import RoundsPlayed
from services.directory import models as m
from services.directory import store
from services.directory.protection import notices, person, retention, tombstones
from services.directory.snapshot import CityRow, Identities, NavigatorRow, Snapshot, unnamed
from services.events import cards, named
from services.events import models as e
from services.kit import log
from services.kit.db import HUB
from services.kit.messages import kind_of
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.browser_like import account
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
NEEDLES = ("Quittenbaum", "quittenbaum", "900-4711", "@quitte", "quitte.jpg", "Quittenkunde", "Q 47.11")
"""Words that stand in nothing but Zoë's entry."""
MAIL = "zoe.quittenbaum@town.example"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
WRITTEN = {f"events.{model.__tablename__}" for model in (*named.WRITTEN, *named.OFFERED)}
ERASED = "query ($after: String) { erased(after: $after) { nodes { id at } pageInfo { endCursor hasNextPage } } }"


@pytest.fixture(scope="module")
def own(settings: Settings) -> Settings:
    return replace(settings, workers=True)  # a plan is to be computed


async def tables(hub: Hub, needles: tuple[str, ...]) -> list[str]:
    """Where in the database any of the words stands: every table of every schema, compressed columns unpacked."""
    connection = await asyncpg.connect(hub.settings.database_url)
    try:
        await connection.execute("SELECT set_config('lotsennetz.hub', 'on', false)")
        names = await connection.fetch(
            "SELECT table_schema || '.' || table_name AS name FROM information_schema.tables "
            "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'"
        )
        assert {"directory.navigator", "events.log", "matching.plan"} <= {row["name"] for row in names}
        hits = []
        for (name,) in names:
            for row in await connection.fetch(f"SELECT to_jsonb(t)::text AS whole, t.* FROM {name} t"):
                texts = [row["whole"], *(_unpacked(value) for value in row.values() if isinstance(value, bytes))]
                hits += [f"{name}: {word}" for word in needles for one in texts if word in one]
        return sorted(set(hits))
    finally:
        await connection.close()


def _unpacked(value: bytes) -> str:
    try:
        return zlib.decompress(value).decode(errors="replace")
    except zlib.error:
        return value.decode(errors="replace")


async def valkey(hub: Hub, needles: tuple[str, ...]) -> list[str]:
    """Where in Valkey any of the words stands."""
    pool = await hub.runtimes["directory"].queue._connected()
    hits = []
    async for key in pool.scan_iter("*"):
        kind = (await pool.type(key)).decode()
        reads: dict[str, Any] = {
            "string": pool.get, "hash": pool.hgetall, "set": pool.smembers,
            "zset": lambda k: pool.zrange(k, 0, -1), "list": lambda k: pool.lrange(k, 0, -1),
        }  # fmt: skip
        whole = f"{key!r} {await reads[kind](key)!r}"
        hits += [f"{key!r}: {word}" for word in needles if word in whole]
    return hits


async def planned_day(organiser: Any, host: str, guest: str) -> tuple[str, str]:
    """An event of both cities' people with a confirmed plan: the ids of event and plan."""
    event = {
        "title": "Lotsentreff mit Zoë Quittenbaum", "date": "2019-10-01", "host": host, "guests": [guest],
        "agenda": [
            {"starts": "10:00", "title": "Vortrag von Zoë Quittenbaum", "responsible": "Zoë Quittenbaum, Mio Mentor"}
        ],
        "rounds": {"starts": "11:00", "count": 2, "tables": 2},
    }  # fmt: skip
    event_id = (await organiser.ask(CREATE, event=event))["createEvent"]["id"]
    everybody = (
        "query ($a: ID!, $b: ID!) { a: navigators(city: $a) { nodes { id } } b: navigators(city: $b) { nodes { id } } }"
    )
    cities = await organiser.ask(everybody, a=host, b=guest)
    people = [node["id"] for side in ("a", "b") for node in cities[side]["nodes"]]
    await organiser.ask(JOIN, event=event_id, navigators=people)
    asked = {"event": event_id, "rounds": 2, "tables": 2, "seconds": 0.2, "seed": 1}
    plan_id = (await organiser.ask(PLAN, input=asked))["planRounds"]["id"]
    while (await organiser.ask(RESULT, id=plan_id))["plan"]["state"] != "DONE":
        await asyncio.sleep(0.1)
    await organiser.ask(CONFIRM, id=plan_id)
    return event_id, plan_id


async def written(hub: Hub, event: uuid.UUID, host: str, guest: str) -> None:
    """What others wrote, with Zoë's name in it."""
    events, directory = hub.runtimes["events"], hub.runtimes["directory"]
    words = f"Dank an Zoë\nQuittenbaum ({MAIL}), also Quittenbaum, Zoë! Zoë Quittenbaums Rat: 07531 900-4711."
    of = {"event_id": event}
    async with events.db.begin(HUB) as session:
        kim = (await session.scalars(text("SELECT id FROM navigator WHERE name = 'Kim Zweite'"))).one()
        rules = {**of, "navigator_id": kim, "ags": host}
        topic, survey, vote, room, slot, bus = (uuid.uuid4() for _one in range(6))
        of_topic, open_questions = {**of, "proposal_id": topic}, [{"kind": "text", "text": words}]
        card = {**of, "title": words, "summary": words, "topics": []}
        session.add_all([
            e.Idea(id=uuid.uuid4(), source="phone", hidden=False, withdrawn=False, text=words, **of),
            e.RetroEntry(id=uuid.uuid4(), kind="praise", reply=words, hidden=False, position=1, text=words, **of),
            e.Quote(id=uuid.uuid4(), navigator_id=kim, named=True, agreed_at=NOW, chosen=False, text=words, **of),
            e.Registration(**rules, state="registered", release="pending", superior=MAIL),
            e.RegistrationException(**rules, kind="order", reason=words),
            e.Proposal(id=topic, root=topic, number=1, title=words, text=words, topics=[], needs=[], origin="idea",
                       source=words, anonymous=False, status="open", **of),
            e.Survey(id=survey, title=words, questions=open_questions, by_city=False, answered=1, **of),
            e.Vote(id=vote, title=words, source=words, imported=True, criteria=[{"name": words}], tie_rule="shared",
                   tie_criteria=[], seed="", **of),
            e.Room(id=room, position=1, name=words, features=[], **of),
            e.Slot(id=slot, starts=NOW, ends=NOW, **of),
            e.Vehicle(id=bus, name=words, leg="there", seats=9, **of),
            e.Module(id=uuid.uuid4(), organiser="x", host=host, title=words, summary=words, goals=[words],
                     prerequisites=[]),
            e.Programme(id=uuid.uuid4(), organiser="x", host=host, title=words, year=2026, modules=[]),
            e.Announcement(id=uuid.uuid4(), text=words, **of),
            e.Notice(navigator_id=kim, kind="told", details={"words": [words]}, **of),
            proposed := e.ProjectCard(id=uuid.uuid4(), city=host, status="proposed", **card),
            decided := e.ProjectCard(id=uuid.uuid4(), city=guest, status="proposed", **card),
        ])  # fmt: skip
        await session.flush()
        session.add_all([
            e.Need(event_id=event, navigator_id=kim, diet=words, access=words, step_free=False, hearing_loop=False),
            e.Session(id=uuid.uuid4(), **of_topic, part=1, slot_id=slot, room_id=room, title=words),
            e.BoardingPoint(id=uuid.uuid4(), vehicle_id=bus, name=words, leaves=NOW, **of),
            e.Harvest(**of_topic, results=words, decisions=words, minutes=words, version=1),
            e.ActionItem(id=uuid.uuid4(), **of_topic, text=words, owner=words, city=host, status="open"),
            e.HarvestFile(id=uuid.uuid4(), **of_topic, name=words, media_type="image/png", alt=words, caption=words,
                          size=0, content=b""),
            e.SurveyAnswer(id=uuid.uuid4(), survey_id=survey, answers=[{"text": words}]),
            e.VoteCandidate(id=uuid.uuid4(), vote_id=vote, position=1, title=words, city="", **of),
        ])  # fmt: skip
        row = (await session.scalars(select(e.Event).where(e.Event.id == event))).one()
        await events.say(session, [await cards.message(session, one, row) for one in (proposed, decided)])
        await events.say(session, [RoundsPlayed(event=str(event), rounds=2)])
        row.questions = [words]
        session.add(e.Live(event_id=event, phase="running", round=2, automatic=False, warning_seconds=60, revision=1))
    await hub.settle()
    ids = Identities(hub.settings.derived("identities"), host)
    async with directory.db.begin(HUB) as session:
        declined = update(m.ProposedProject).where(m.ProposedProject.id == decided.id).values(status="DECLINED")
        await session.execute(declined)
        said = {"way": "NOMINATED", "status": "WAITING", "name": "Noa Neu", "email": "noa@town.example", "key": ""}
        session.add_all([
            m.Partnership(id=uuid.uuid4(), ags=guest, other=host, topics=[], note=words),
            m.ProjectPartner(project_id=ids.project("p"), ags=guest, note=words),
            m.Circular(id=uuid.uuid4(), state=host[:2], subject=words, text=words, duty=False, audience="ALL", about="",
                       cities=[host], recipients=1),
            m.TopicProposal(id=uuid.uuid4(), ags=host, de=words, en=words, synonyms=[words], reason=words, answer=words,
                            by="x"),
            m.Candidate(id=uuid.uuid4(), ags=host, department=words, nominator=words, words=words, answer=words, turn=1,
                        hours=1, **said),
            m.NavigatorCall(ags=host, hours=1, words=words),
            m.OwnWord(navigator_id=ids.navigator("z"), ags=host, corrections={"title": words}, objection=words),
            m.SelfAssessment(navigator_id=ids.navigator("z"), ags=host, levels={}, notes=words),
            m.SharedAssessment(navigator_id=ids.navigator("z"), ags=host, levels={}, notes=words),
        ])  # fmt: skip


async def papers(hub: Hub, organiser: Any, event_id: str) -> bytes:
    async with httpx.AsyncClient(base_url=hub.settings.issuer, trust_env=False) as http:
        answers = [
            await http.get(f"/events/{event_id}/papers/{name}", headers=await organiser.headers())
            for name in ("agenda.ics", "slips.pdf")
        ]
        assert [answer.status_code for answer in answers] == [200, 200]
        return answers[0].content


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


async def log_positions(hub: Hub) -> dict[str, list[int]]:
    found = {}
    for name, runtime in hub.runtimes.items():
        async with runtime.db.read(HUB) as session:
            rows = await session.scalars(text("SELECT position FROM log ORDER BY position"))
            found[name] = list(rows)
    return found


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
        assert not any("Quittenbaum" in _unpacked(source) for source in sources)


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
