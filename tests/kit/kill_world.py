"""Two toy services for the tests of the log, and what a process does that is to be killed while it plays one of them.

`said` stores facts and says them; `heard` listens, and its table of effects would show a line lost, doubled or moved.
"""

import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import BigInteger, Column, Identity, Integer, MetaData, Table, event, insert, select, text
from sqlalchemy.orm import Session

from services.kit import log, migrations
from services.kit.db import Database, Reader, Writer, role_of
from services.kit.messages import Message
from tests.kit.kill_zygote import tell

SAID, HEARD = MetaData(schema="said"), MetaData(schema="heard")
log.attach(SAID)
log.attach(HEARD)
FACT = Table("fact", SAID, Column("unit", Integer, primary_key=True, autoincrement=False), Column("messages", Integer))
EFFECT = Table(
    "effect",
    HEARD,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("unit", Integer),
    Column("number", Integer),
)
Line = tuple[int, int]


class Noted(Message, frozen=True):
    unit: int
    number: int

    def key(self) -> str:
        return str(self.unit)


class Hummed(Message, frozen=True):
    """A kind that `heard` does not know."""

    tune: str = "la"

    def key(self) -> str:
        return self.tune


async def prepare(url: str, *schemas: MetaData) -> None:
    """Schemas, roles and tables as the migrations would leave them."""
    owner = Database(url, None, pool=1)
    async with owner.begin() as session:
        connection = await session.connection()
        for metadata in schemas:
            schema = str(metadata.schema)
            role = role_of(schema)
            await session.execute(text(f"CREATE SCHEMA {schema}"))
            await connection.run_sync(migrations._ensure_role, role, [role])
            await connection.run_sync(metadata.create_all)
            await session.execute(text(f"GRANT USAGE ON SCHEMA {schema} TO {role}"))
            await session.execute(text(f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {role}"))
    await owner.close()


async def write(db: Database, unit: int, messages: int) -> None:
    """A fact and what is said of it, in one unit of work."""
    async with db.begin() as session:
        await session.execute(insert(FACT).values(unit=unit, messages=messages))
        await log.say(session, SAID, [Noted(unit=unit, number=number) for number in range(messages)])


async def keep(session: Writer, message: Noted) -> None:
    await session.execute(insert(EFFECT).values(unit=message.unit, number=message.number))


async def hear(said: Database, heard: Database) -> int:
    return await log.catch_up(heard, HEARD, "said", log.LocalFeed(said, SAID), {Noted: keep})


async def lines(session: Reader) -> list[Line]:
    """What the log holds, in the order of its positions."""
    rows = log.table(SAID, "log")
    found = await session.scalars(select(rows.c.body).where(rows.c.kind == "Noted").order_by(rows.c.position))
    return [(body["unit"], body["number"]) for body in found]


async def effects(session: Reader) -> list[Line]:
    """What the reader did, in the order in which it did it: its turns exclude each other."""
    found = await session.execute(select(EFFECT.c.unit, EFFECT.c.number).order_by(EFFECT.c.id))
    return [(row.unit, row.number) for row in found]


class Steps:
    """Counts the points between which a process can die, and dies at one of them."""

    def __init__(self, die: int) -> None:
        self.die, self.passed = die, 0
        event.listen(Session, "after_commit", lambda _session: self.at("committed"))

    def at(self, label: str) -> None:
        self.passed += 1
        if self.passed == self.die:
            tell(died=label)
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, db: Database) -> Database:
        """Before and after every statement of the mapper, after each of the driver's own, as BEGIN and COMMIT are."""
        engine = db.engine.sync_engine

        def connected(connection: Any, _record: object) -> None:
            connection.driver_connection.add_query_logger(lambda query: self.at(f"said {query.query[:24]}"))

        def before(_c: Any, _cursor: Any, statement: str, *_rest: object) -> None:
            self.at(f"before {statement[:24]}")

        def after(_c: Any, _cursor: Any, statement: str, *_rest: object) -> None:
            self.at(f"after {statement[:24]}")

        event.listen(engine, "connect", connected)
        event.listen(engine, "before_cursor_execute", before)
        event.listen(engine, "after_cursor_execute", after)
        event.listen(engine, "commit", lambda _c: self.at("before COMMIT"))
        event.listen(engine, "rollback", lambda _c: self.at("before ROLLBACK"))
        return db


async def writer(order: dict[str, Any]) -> None:
    """Write `order["units"]`, each with as many messages as it says; tell of each that is committed."""
    steps = Steps(order["die"])
    said = steps.watch(Database(order["url"], "said", pool=1))
    for unit, messages in order["units"]:
        await write(said, unit, messages)
        steps.at("before telling")
        tell(acknowledged=unit)
        steps.at("told")
    tell(steps=steps.passed)


async def reader(order: dict[str, Any]) -> None:
    """Catch up in small pages, `order["turns"]` times."""
    log.PAGE = order["page"]
    steps = Steps(order["die"])
    said = steps.watch(Database(order["url"], "said", pool=1))
    heard = steps.watch(Database(order["url"], "heard", pool=1))
    for _turn in range(order["turns"]):
        await hear(said, heard)
    tell(steps=steps.passed)


ROLES: dict[str, Callable[[dict[str, Any]], Awaitable[None]]] = {"writer": writer, "reader": reader}
