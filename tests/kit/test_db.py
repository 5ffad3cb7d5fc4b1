"""Units of work, read sessions, and the wall between the services' schemas."""

import asyncio
import random
import socket
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.app import SERVICES
from services.kit import db as db_module
from services.kit import migrations
from services.kit.db import HUB, NOBODY, STATEMENT_MILLISECONDS, Acting, Database, driver, put_all
from services.kit.errors import TooSlow, Unavailable
from services.kit.lost import VANISHED
from services.matching.models import Topic
from tests.drills.wires import Wires


async def test_the_models_are_what_the_migrations_make(database: str) -> None:
    owner = Database(database, None, pool=1)
    for service in SERVICES.values():
        assert await migrations.differences(owner, service.name, service.metadata, service.migrations) == []
    lacking = SERVICES["events"].metadata
    assert await migrations.differences(owner, "events", lacking, SERVICES["events"].migrations) == []
    assert await migrations.differences(owner, "matching", lacking, SERVICES["matching"].migrations) != []
    await owner.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_sees_its_own_schema_only(database: str, service: str) -> None:
    db = Database(database, service, pool=1)
    for other in SERVICES:
        query = text(f"SELECT count(*) FROM {other}.log")
        async with db.read() as session:
            if other == service:
                await session.execute(query)
            else:
                with pytest.raises(DBAPIError, match="permission denied"):
                    await session.execute(query)
    for statement in (f"CREATE TABLE {service}.t (x int)", f"DROP TABLE {service}.log"):
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
            async with db.begin() as session:
                await session.execute(text(statement))
    await db.close()


async def test_a_read_session_cannot_write(database: str) -> None:
    db = Database(database, "directory", pool=1)
    with pytest.raises(DBAPIError, match="read-only transaction"):
        async with db.read() as session:
            await session.execute(text("DELETE FROM cursor"))
    async with db.begin() as session:  # the same connection writes again
        await session.execute(text("DELETE FROM cursor"))
    await db.close()


@pytest.mark.parametrize("state", ["53100", "57P01", "53300"])
async def test_a_server_that_cannot_go_on_is_away(database: str, state: str) -> None:
    """Such as one whose disk is full."""
    db = Database(database, "directory", pool=1)
    for unit in (db.begin, db.read):
        with pytest.raises(Unavailable):
            async with unit() as session:
                await session.execute(text(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$"))
    await db.close()


async def test_a_server_that_takes_no_changes_is_away_and_left(database: str) -> None:
    """As a primary that was made to follow another: the next connection may lead to that one."""
    db = Database(database, "directory", pool=1)
    async with db.begin() as session:
        before = await (await driver(session)).fetchval("SELECT pg_backend_pid()")
    with pytest.raises(Unavailable):
        async with db.begin() as session:
            await (await driver(session)).execute("SET TRANSACTION READ ONLY; DELETE FROM cursor")
    async with db.begin() as session:
        assert await (await driver(session)).fetchval("SELECT pg_backend_pid()") != before
    await db.close()


async def test_a_server_whose_machine_vanished_is_not_waited_for(database: str, tmp_path: Path) -> None:
    """The system ends connections on which nothing comes back any more, also of those that only listen."""
    wires = Wires(tmp_path, random.Random(1))
    db = Database(await wires.reach("hub", "primary", database), "directory", pool=1)
    listening = await db.connect()
    async with db.read() as session:
        for connection in (listening, await driver(session)):
            line = connection._transport.get_extra_info("socket")
            for name, (level, value) in VANISHED.items():
                assert line.getsockopt(level, getattr(socket, name)) == value
    await listening.close()
    await db.close()
    await wires.close()


async def test_who_wants_tls_speaks_to_no_server_without() -> None:
    """As libpq understands `sslmode`: by every way to the server."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert int.from_bytes((await reader.readexactly(8))[4:]) == 80877103  # SSLRequest
        writer.write(b"N")
        asked.append(await reader.read())
        writer.close()

    asked: list[bytes] = []
    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        db = Database(f"postgresql://somebody@127.0.0.1:{port}/hub?sslmode=require", "directory", pool=1)
        for unit in (db.begin, db.read):
            with pytest.raises(Unavailable):
                async with unit() as session:
                    await session.execute(text("SELECT 1"))
        with pytest.raises(ConnectionError):
            await db.connect()
        with pytest.raises(Unavailable):
            await db.answers.read("SELECT 'x'::bytea", (), 1000)
        await db.close()
        async with asyncio.timeout(20):
            while len(asked) < 4:
                await asyncio.sleep(0.01)
    assert asked == [b""] * 4  # not even who they are


async def test_a_server_that_is_silent_is_away_after_a_while(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off by a network that drops packets, it says nothing any more, not even that it has gone."""
    monkeypatch.setattr(db_module, "SILENT_SECONDS", -29.0)
    wires = Wires(tmp_path, random.Random(1))
    db = Database(await wires.reach("hub", "primary", database), "directory", pool=1)
    async with db.begin() as session:
        await session.execute(text("SELECT 1"))
    (wire,) = wires.all.values()
    wire.silence()
    for unit in (db.begin, db.read):
        with pytest.raises(Unavailable):
            async with asyncio.timeout(60), unit() as session:
                await session.execute(text("SELECT 1"))
    wire.mend()
    async with db.begin() as session:
        await session.execute(text("SELECT 1"))
    await db.close()
    await wires.close()


async def test_work_after_the_commit_comes_after_the_commit(database: str) -> None:
    db = Database(database, "directory", pool=2)
    seen: list[int] = []

    async def look() -> None:
        async with db.read() as session:
            seen.append(int(await session.scalar(text("SELECT count(*) FROM cursor WHERE feed = 'x'")) or 0))

    async def fail() -> None:
        raise RuntimeError

    async with db.begin() as session:
        await session.execute(text("INSERT INTO cursor VALUES ('x', 1)"))
        session.after_commit(fail)  # does not undo the work nor keep the next from running
        session.after_commit(look)
        assert seen == []
    assert seen == [1]
    with pytest.raises(ZeroDivisionError):
        async with db.begin() as session:
            session.after_commit(look)
            raise ZeroDivisionError
    assert seen == [1]
    await db.close()


@pytest.mark.parametrize(
    ("acting", "milliseconds", "expected"),
    [
        (NOBODY, None, 2_000),
        (NOBODY, 2_000, 2_000),
        (NOBODY, 3_000, 3_000),
        (HUB, None, STATEMENT_MILLISECONDS),
        (HUB, 3_000, 3_000),
    ],
)
async def test_a_read_has_its_time(database: str, acting: Acting, milliseconds: int | None, expected: int) -> None:
    """On one connection, which remembers nothing of the transaction before."""
    db = Database(database, "directory", pool=1, milliseconds=2_000)
    found = text("SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'")
    async with db.read(HUB, 1_000) as session:
        assert await session.scalar(found) == 1_000
    async with db.read(acting, milliseconds) as session:
        assert await session.scalar(found) == expected
    async with db.begin(acting) as writing:
        assert await writing.scalar(found) == STATEMENT_MILLISECONDS
    await db.close()


@pytest.mark.parametrize("acting", [NOBODY, HUB])
async def test_what_takes_longer_is_told_so(database: str, acting: Acting) -> None:
    db = Database(database, "directory", pool=1, milliseconds=50)
    with pytest.raises(TooSlow) as caught:
        async with db.read(acting, 50) as session:
            await session.execute(text("SELECT pg_sleep(20)"))
    assert (caught.value.status, caught.value.code) == (504, "TOO_SLOW")
    async with db.read(acting) as session:  # the connection serves on
        assert await session.scalar(text("SELECT 1")) == 1
    await db.close()


@pytest.mark.parametrize("subject", ["plain", "O'Brien'; ROLLBACK; --", "$1", "Ä\\'", "' || current_user || '"])
@pytest.mark.parametrize("way", ["begin", "read"])
async def test_for_whom_it_acts_is_said_as_it_is(database: str, way: str, subject: str) -> None:
    db = Database(database, "directory", pool=1)
    acting = {"subject": subject, "city": "08335043", "states": "08,09", "operator": ""}
    async with getattr(db, way)(acting) as session:
        for key, value in acting.items():
            assert await session.scalar(text(f"SELECT current_setting('lotsennetz.{key}')")) == value
    async with db.begin() as session:
        assert await session.scalar(text("SELECT current_setting('lotsennetz.subject', true)")) == ""
    await db.close()


@pytest.mark.parametrize("raw", [True, False])
async def test_a_cancelled_unit_of_work_leaves_nothing_behind(database: str, raw: bool) -> None:
    """Neither its rows nor, on the pool's one connection, for whom it acted."""
    db = Database(database, "directory", pool=1)
    waiting = asyncio.Event()

    async def work() -> None:
        async with db.begin(HUB) as session:
            await session.execute(text("INSERT INTO cursor VALUES ('cancelled', 1)"))
            waiting.set()
            if raw:
                await (await driver(session)).execute("SELECT pg_sleep(20)")
            await session.execute(text("SELECT pg_sleep(20)"))

    task = asyncio.create_task(work())
    await waiting.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with db.begin() as session:
        assert not await session.scalar(text("SELECT current_setting('lotsennetz.hub', true)"))
        assert await session.scalar(text("SELECT count(*) FROM cursor WHERE feed = 'cancelled'")) == 0
    await db.close()


async def test_what_runs_at_last_is_part_of_the_unit_of_work(database: str) -> None:
    db = Database(database, "directory", pool=1)
    insert = "INSERT INTO cursor SELECT value->>'feed', 1 FROM json_array_elements($1::json)"
    async with db.begin() as session:
        session.at_last(insert, [{"feed": "'a'; COMMIT"}])
        session.at_last("DELETE FROM cursor WHERE feed = 'c'", [])
        session.at_last(insert, [{"feed": "b"}, {"feed": "c"}])
        assert await session.scalar(text("SELECT count(*) FROM cursor WHERE feed IN ('a', 'b', 'c')")) == 0
    with pytest.raises(asyncpg.UniqueViolationError):
        async with db.begin() as session:
            await session.execute(text("DELETE FROM cursor WHERE feed = 'b'"))
            session.at_last(insert, [{"feed": "d"}, {"feed": "'a'; COMMIT"}])
    with pytest.raises(RuntimeError):
        async with db.begin() as session:
            session.at_last(insert, [{"feed": "e"}])
            await session.rollback()
    async with db.read() as reading:
        found = await reading.scalars(text("SELECT feed FROM cursor WHERE feed <> 'events' ORDER BY feed"))
        assert list(found) == ["'a'; COMMIT", "b"]
    await db.close()


async def test_rows_that_are_so_already_are_not_touched(database: str) -> None:
    db = Database(database, "matching", pool=1)

    async def put(**parents: str | None) -> dict[str, str]:
        async with db.begin(HUB) as session:
            await put_all(session, Topic, "code", {code: {"parent": parent} for code, parent in parents.items()})
        async with db.read(HUB) as session:
            rows = await session.execute(text("SELECT code, xmin::text FROM topic"))
            return {row.code: row.xmin for row in rows}

    before = await put(toys_a=None, toys_b="toys_a")
    after = await put(toys_a=None, toys_b=None)
    assert (before["toys_a"] == after["toys_a"], before["toys_b"] == after["toys_b"]) == (True, False)
    await db.close()
