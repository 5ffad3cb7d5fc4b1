"""Backups made while the hub works, brought back into an empty server, and what must not come back with them."""

import asyncio
import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from services.app import chosen
from services.cli import demo
from services.cli.demo import PUBLISH
from services.kit.backups import remembered, restoring
from services.kit.db import HUB
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.conftest import Servers, _fresh
from tests.directory.erasure_world import NEEDLES, tables
from tests.directory.protected import found, full, path, press, published, snapshot, tell, towns, visitor
from tests.running import running
from tests.stories.restore.looking import WRITING, Make, ask, call, counted, differing, everything, standing, until


@pytest.mark.slow
async def test_every_row_comes_back(
    servers: Servers, template: str, settings: Settings, empty: Make, tmp_path: Path
) -> None:
    async with _fresh(servers, template) as url:
        own = replace(settings, database_url=url, redis_url=servers.redis, workers=True, data=tmp_path)
        async with running(own, chosen()) as (hub, _server):
            clients = await demo.register(hub)
            event = await demo.play(*clients, None, seconds=0.5)
            over = asyncio.Event()

            async def publish() -> None:
                city = demo.snapshot("konstanz")
                turn = 0
                while not over.is_set():
                    turn += 1
                    city["navigators"][0]["title"] = f"Lotsin {turn}"
                    await clients[0].ask(PUBLISH, snapshot=city)

            writing = asyncio.create_task(publish())
            await call(own, "backup", tmp_path / "busy")
            over.set()
            await writing
            await hub.settle()
            for client in clients:
                await client.close()
        await call(own, "backup", tmp_path / "quiet")  # with nobody there
        before = await everything(url)

        async with empty() as there:
            await call(replace(own, database_url=there), "restore", tmp_path / "quiet")
            after = await everything(there)
            assert counted(after) == counted(before)
            assert differing(before, after) == []
            await numbers_are_new(url, there)
        async with empty() as there:  # its rows were held against the snapshot's by the restore itself
            restored = replace(own, database_url=there)
            await call(restored, "restore", tmp_path / "busy")
            after = await everything(there)
            logs = {name for name in before if name.endswith(".log")}
            assert all(set(after[name]) <= set(before[name]) for name in logs)
            assert len(after["directory.log"]) < len(before["directory.log"])
            async with running(restored, chosen()) as (again, _server):
                await a_step_of_the_story(again, event)


async def numbers_are_new(before: str, after: str) -> None:
    """No sequence gives a number that was given between the backup and the loss."""
    named = "schemaname || '.' || sequencename"
    question = f"SELECT json_object_agg({named}, coalesce(last_value, 0))::text FROM pg_sequences"
    old, new = json.loads(await ask(before, question)), json.loads(await ask(after, question))
    assert old.keys() == new.keys()
    assert all(int(new[name]) >= int(old[name]) + restoring.AHEAD for name in old)


async def a_step_of_the_story(hub: Hub, event: str) -> None:
    """Somebody signs in by a link and looks at the day; the organiser's city publishes, and all hear it."""
    browser = await visitor(hub, demo.KONSTANZ, "coordinator", email="kim@konstanz.example")
    shown = await browser.http.get(f"/city/{demo.KONSTANZ}")
    assert shown.status_code == 200
    day = await browser.graph("query ($id: ID!) { event(id: $id) { title rounds { number } } }", id=event)
    assert day["data"]["event"]["rounds"], day
    city = await demo.register(hub)
    changed = demo.snapshot("konstanz")
    changed["navigators"][0]["name"] = "Wilma Wiederda"
    await city[0].ask(PUBLISH, snapshot=changed)
    await hub.settle()
    for schema in ("matching", "events"):
        async with hub.runtimes[schema].db.read(HUB) as session:
            names = await session.scalars(text("SELECT name FROM navigator WHERE name = 'Wilma Wiederda'"))
            assert len(names.all()) == 1
    for client in city:
        await client.close()


async def test_who_was_erased_stays_erased_and_no_mail_leaves_twice(
    servers: Servers, template: str, settings: Settings, empty: Make, tmp_path: Path
) -> None:
    letters = tmp_path / "mails"
    folder = tmp_path / "backups"
    here, there = towns(), towns()
    nora = {"key": "new", "name": "Nora Quittenbaum", "email": "nora@town.example"}
    async with _fresh(servers, template) as url:
        own = replace(settings, database_url=url, redis_url=servers.redis, workers=False, data=tmp_path)
        async with running(own, chosen()) as (hub, _server):
            city = await published(hub, here, full())
            await published(hub, there, {"key": "h", "name": "Hanna Heimlich", "email": "hanna@town.example"})
            await tell(hub)  # mails about their entries wait
            secret = await path(hub, there, "h")
            page = await path(hub, here)
            await hub.settle()
            await call(own, "backup", folder)

            await city.ask(
                PUBLISH,
                snapshot=snapshot(here, full(), full(key="new", name="Nora Quittenbaum", email="n@town.example")),
            )
            await tell(hub)
            both = [page, await path(hub, here, "new")]
            browser = await visitor(hub)
            for one in both:
                gone = await press(browser, one, "erase", sure="true")
                assert gone.status_code == 200
            await press(browser, secret, "hide")
        async with running(replace(own, workers=True), chosen()):
            await until(lambda: nothing_waits(url))
        assert letters.is_dir()
        await call(own, "tombstones", folder)
        kept = (folder / remembered.FILE).read_text()
        assert "Quittenbaum" not in kept
        assert "@" not in kept
        sent = sorted(letters.iterdir())

    async with empty() as fresh:  # the machine has burnt down; the folder of backups is there
        restored = replace(own, database_url=fresh)
        await call(restored, "restore", folder)
        assert await standing(fresh, (*NEEDLES, "zoe-1")) == []
        async with running(replace(restored, workers=True), chosen()) as (hub, _server):
            await tell(hub)
            await until(lambda: nothing_waits(fresh))
            await published(hub, here, full(), nora)
            await hub.settle()
            assert await tables(hub, NEEDLES) == []
            assert (await found(hub, there, "h")).own.hidden  # type: ignore[union-attr]
        assert sorted(letters.iterdir()) == sent


async def nothing_waits(url: str) -> bool:
    waiting = [await ask(url, f"SELECT count(*) FROM {name}.mail WHERE state = 'queued'") for name in WRITING]
    return not any(waiting)


async def test_a_database_that_came_back_another_way(
    servers: Servers, template: str, settings: Settings, tmp_path: Path
) -> None:
    """Who was erased, and is not even there, must not come by a city's next list; a mail that left does not again."""
    now, key = datetime.now(UTC), str(uuid.uuid4())
    stones = [
        remembered.Tombstone(now, "entry.erased", key, towns()),
        remembered.Tombstone(now, "mail:x", "k:1", "events"),
    ]
    remembered.add(tmp_path, stones, now)
    async with _fresh(servers, template) as url:
        own = replace(settings, database_url=url, redis_url=servers.redis, workers=False, data=tmp_path)
        for _again in range(2):
            await call(own, "tombstones", tmp_path, "--replay")
            assert await ask(url, f"SELECT count(*) FROM directory.erased WHERE navigator_id = '{key}'") == 1
            assert await ask(url, "SELECT count(*) FROM directory.tombstone") == 0
            assert await ask(url, "SELECT state FROM events.mail WHERE key = 'k:1'") == "sent"
