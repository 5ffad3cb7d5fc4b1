"""Units of work, read sessions, and the wall between the services' schemas."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.app import SERVICES
from services.kit import migrations
from services.kit.db import Database


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


async def test_work_after_the_commit_comes_after_the_commit(database: str) -> None:
    db = Database(database, "directory", pool=2)
    seen: list[int] = []

    async def look() -> None:
        async with db.read() as session:
            seen.append(int(await session.scalar(text("SELECT count(*) FROM cursor")) or 0))

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
