"""Backups: made while the hub works, brought back into an empty server, and what must not come back with them."""

import asyncio
import contextlib
import json
import os
import shutil
import stat
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import text

from services.app import SERVICES, chosen
from services.cli import _parser, demo
from services.cli.demo import PUBLISH
from services.kit.backups import making, manifest, remembered, restoring, rows
from services.kit.db import HUB
from services.kit.errors import Conflict, HubError, NotFound, Refused
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.conftest import Servers, _create, _drop, _fresh
from tests.directory.protected import close, found, full, path, press, published, snapshot, tell, towns, visitor
from tests.directory.test_erasure import NEEDLES, tables
from tests.forked import Command
from tests.running import running
from tests.stories.deployments import environment

WAIT_SECONDS = 30
TABLES = """
SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname = ANY($1) ORDER BY 1
"""
WRITING = ("directory", "events")
"""Services that send mails."""
Make = Callable[[], AbstractAsyncContextManager[str]]


@pytest.fixture(scope="module")
def empty(servers: Servers) -> Make:
    """Makes an empty database, which goes with the block."""
    count = 0

    @contextlib.asynccontextmanager
    async def make() -> AsyncIterator[str]:
        nonlocal count
        count += 1
        name = f"lotsennetz_restored_{os.getpid()}_{count}"
        url = await _create(servers, name)
        try:
            yield url
        finally:
            await _drop(servers, name)

    return make


@pytest_asyncio.fixture(autouse=True)
async def closed() -> AsyncIterator[None]:
    yield
    await close()


async def call(settings: Settings, *words: str | Path) -> int:
    """The command line with these words, in this process."""
    asked = _parser().parse_args([str(word) for word in words])
    return int(await asked.run(asked, settings))


async def everything(url: str) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    connection = await asyncpg.connect(url)
    try:
        for setting in rows.PLAIN:
            await connection.execute(setting)
        names = [row[0] for row in await connection.fetch(TABLES, list(SERVICES))]
        return {
            name: [
                row[0] for row in await connection.fetch(f'SELECT t::text FROM {name} t ORDER BY t::text COLLATE "C"')
            ]
            for name in names
        }
    finally:
        await connection.close()


def counted(found: dict[str, list[str]]) -> dict[str, int]:
    return {name: len(lines) for name, lines in found.items()}


def differing(before: dict[str, list[str]], after: dict[str, list[str]]) -> list[str]:
    """A row of each table that is not the same; named one by one, as nobody reads a whole hub."""
    assert before.keys() == after.keys()
    return [f"{name}: {row[:300]}" for name in before for row in sorted({*before[name]} ^ {*after[name]})[:2]]


async def ask(url: str, question: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET lotsennetz.hub = 'on'")
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def until(true: Callable[[], Any], url: str = "") -> None:
    for _turn in range(WAIT_SECONDS * 10):
        if await true():
            return
        await asyncio.sleep(0.1)
    raise TimeoutError


def only(folder: Path) -> Path:
    (backup,) = (path for path in folder.iterdir() if path.is_dir())
    return backup


# The drill ------------------------------------------------------------------------------------------------------------


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


async def standing(url: str, needles: tuple[str, ...]) -> list[str]:
    """Where in the database any of these words stands."""
    whole = await everything(url)
    return [f"{name}: {word}" for name, lines in whole.items() for word in needles if any(word in one for one in lines)]


async def nothing_waits(url: str) -> bool:
    waiting = [await ask(url, f"SELECT count(*) FROM {name}.mail WHERE state = 'queued'") for name in WRITING]
    return not any(waiting)


# What is refused ------------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module")
async def kept(
    servers: Servers, template: str, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Settings, Path]]:
    """A hub's database with its backups in a folder, the hub having stopped."""
    folder = tmp_path_factory.mktemp("kept")
    async with _fresh(servers, template) as url:
        own = replace(settings, database_url=url, redis_url=servers.redis, workers=False, data=folder)
        async with running(own, chosen()) as (hub, _server):
            await published(hub, towns(), full())
            await hub.settle()
        await call(own, "backup", folder / "backups")
        await close()
        yield own, folder / "backups"


@pytest.fixture
def copy(kept: tuple[Settings, Path], tmp_path: Path) -> Path:
    shutil.copytree(kept[1], tmp_path / "copy")
    return tmp_path / "copy"


async def refused(settings: Settings, url: str, *words: str | Path) -> str:
    """Why nothing is restored into the database of `url`, which then is as it was."""
    before = await everything(url)
    with pytest.raises(HubError) as problem:
        await call(replace(settings, database_url=url), "restore", *words)
    assert await everything(url) == before
    return problem.value.message


def change(backup: Path, **values: Any) -> None:
    """Another manifest, with the right sum."""
    said = json.loads((backup / manifest.MANIFEST).read_bytes())
    (backup / manifest.MANIFEST).write_text(json.dumps(said | values))
    sums = [f"{manifest.digest(backup / name)}  {name}\n" for name in (manifest.DUMP, manifest.MANIFEST)]
    (backup / manifest.SUMS).write_text("".join(sums))


async def test_damaged_files(kept: tuple[Settings, Path], copy: Path, empty: Make) -> None:
    backup = only(copy)
    async with empty() as url:
        for name in (manifest.DUMP, manifest.MANIFEST, manifest.SUMS):
            file = backup / name
            whole = file.read_bytes()
            file.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
            assert "beschädigt" in await refused(kept[0], url, copy)
            file.write_bytes(whole[:-30])
            assert "beschädigt" in await refused(kept[0], url, copy)
            file.unlink()
            assert "beschädigt" in await refused(kept[0], url, backup)
            file.write_bytes(whole)
        stones = copy / remembered.FILE
        whole = stones.read_bytes()
        for damaged in (whole[:-2], whole.split(b"\n")[0] + b"\n{}", b""):
            stones.write_bytes(damaged)
            assert "beschädigt" in await refused(kept[0], url, copy)
            with pytest.raises(Refused):
                await call(kept[0], "tombstones", copy)
            assert stones.read_bytes() == damaged
        stones.unlink()
        assert "--without-tombstones" in await refused(kept[0], url, copy)


async def test_what_was_changed_before_it_was_summed(kept: tuple[Settings, Path], copy: Path, empty: Make) -> None:
    """A row that is not the snapshot's is found by the database itself, and nothing of it stays."""
    backup = only(copy)
    said = json.loads((backup / manifest.MANIFEST).read_bytes())
    said["schemas"]["events"]["tables"]["log"]["count"] += 1
    change(backup, schemas=said["schemas"])
    async with empty() as url:
        assert "events.log" in await refused(kept[0], url, copy)


async def test_newer_versions(kept: tuple[Settings, Path], copy: Path, empty: Make) -> None:
    backup = only(copy)
    said = json.loads((backup / manifest.MANIFEST).read_bytes())
    async with empty() as url:
        said["schemas"]["matching"]["revision"] = "9999"
        change(backup, schemas=said["schemas"])
        assert "neueren" in await refused(kept[0], url, copy)
        change(backup, format=2)
        assert "neueren" in await refused(kept[0], url, copy)


async def test_another_secret(kept: tuple[Settings, Path], empty: Make) -> None:
    async with empty() as url:
        assert "LOTSENNETZ_SECRET" in await refused(replace(kept[0], secret="another"), url, kept[1])


async def test_a_database_that_is_not_empty(
    kept: tuple[Settings, Path], copy: Path, servers: Servers, template: str
) -> None:
    async with _fresh(servers, template) as url:
        assert "--replace" in await refused(kept[0], url, kept[1])
        own = replace(kept[0], database_url=url)
        async with running(own, chosen()) as (hub, _server):
            await published(hub, towns(), full(name="Nur Hier"))
            await hub.settle()
            assert "läuft" in await refused(kept[0], url, copy, "--replace")
        await call(own, "restore", copy, "--replace")
        assert await standing(url, ("Nur Hier",)) == []
        assert await standing(url, ("Quittenbaum",)) != []
        before = await everything(kept[0].database_url or "")
        assert counted(await everything(url)) == counted(before)


async def test_no_backup_there(kept: tuple[Settings, Path], tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await call(kept[0], "restore", tmp_path)


# Writing --------------------------------------------------------------------------------------------------------------


def test_only_the_owner_reads_it(kept: tuple[Settings, Path]) -> None:
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in kept[1].rglob("*")}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}


async def test_a_full_folder(kept: tuple[Settings, Path], tmp_path: Path) -> None:
    errors, folder = tmp_path / "errors", tmp_path / "full"
    env = environment(kept[0], "") | {"LOTSENNETZ_DATA": str(kept[0].data)}
    process = Command("backup", str(folder), env=env, errors=errors, file_bytes=20_000)
    assert await asyncio.to_thread(process.wait) == 1
    said = errors.read_text()
    assert "pg_dump" in said
    assert "Traceback" not in said
    assert [path.name for path in folder.iterdir() if path.is_dir()] == []


async def test_one_at_a_time_and_never_over_another(kept: tuple[Settings, Path], copy: Path) -> None:
    with making.held(copy), pytest.raises(Conflict):
        await call(kept[0], "backup", copy)
    left = copy / f"{making.PART}20200101T000000Z"
    left.mkdir()
    before = only_files(copy)
    await call(kept[0], "backup", copy)
    assert not left.exists()
    assert before.items() <= only_files(copy).items()
    assert len([path for path in copy.iterdir() if path.is_dir()]) == 2


def only_files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != remembered.FILE}


async def test_an_owner_without_further_rights_and_a_database_for_each_service(
    servers: Servers, template: str, settings: Settings, empty: Make, tmp_path: Path
) -> None:
    """Row-level security binds such an owner, too; nothing of it may be missing."""
    connection = await asyncpg.connect(servers.database)
    user = f"plain_{os.getpid()}"
    try:
        await connection.execute(
            f"CREATE ROLE {user} LOGIN IN ROLE lotsennetz_directory, lotsennetz_matching, lotsennetz_events"
        )
        async with empty() as first, empty() as second:
            urls = []
            for url in (first, second):
                await ask(url, f"ALTER DATABASE {await ask(url, 'SELECT current_database()')} OWNER TO {user}")
                urls.append(url.replace("postgres@", f"{user}@"))
            own = replace(settings, database_url=urls[0], redis_url=servers.redis, workers=False, data=tmp_path)
            async with running(own, chosen()) as (hub, _server):
                await published(hub, towns(), full())
                await hub.settle()
            for name in SERVICES:
                await call(own, "backup", tmp_path / "apart", name)
            there = replace(own, database_url=urls[1])
            for name in SERVICES:
                await call(there, "restore", tmp_path / "apart", name)
            before, after = await everything(first), await everything(second)
            assert differing(before, after) == []
    finally:
        await connection.execute(f"DROP OWNED BY {user}")
        await connection.execute(f"DROP ROLE {user}")
        await connection.close()


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
