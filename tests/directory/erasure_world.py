"""Somebody who is named wherever others write, and what looks for their words afterwards."""

import asyncio
import uuid
import zlib
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
from sqlalchemy import select, text, update

from services.cli.demo import CONFIRM, CREATE, JOIN, PLAN, RESULT
from services.contracts.events import RoundsPlayed
from services.directory import models as m
from services.directory.snapshot import Identities
from services.events import cards
from services.events import models as e
from services.kit.db import HUB
from services.kit.service import Hub

NEEDLES = ("Quittenbaum", "quittenbaum", "900-4711", "@quitte", "quitte.jpg", "Quittenkunde", "Q 47.11")


MAIL = "zoe.quittenbaum@town.example"


NOW = datetime(2026, 1, 2, tzinfo=UTC)


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
                texts = [row["whole"], *(unpacked(value) for value in row.values() if isinstance(value, bytes))]
                hits += [f"{name}: {word}" for word in needles for one in texts if word in one]
        return sorted(set(hits))
    finally:
        await connection.close()


def unpacked(value: bytes) -> str:
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


async def log_positions(hub: Hub) -> dict[str, list[int]]:
    found = {}
    for name, runtime in hub.runtimes.items():
        async with runtime.db.read(HUB) as session:
            rows = await session.scalars(text("SELECT position FROM log ORDER BY position"))
            found[name] = list(rows)
    return found
