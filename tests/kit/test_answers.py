"""Many questions over few connections: each gets its own answer, and nobody waits for somebody who takes long."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from services.kit import answers, pipeline
from services.kit.answers import Answers
from services.kit.db import Database
from services.kit.errors import TooSlow, Unavailable

SAY = "SELECT convert_to($1::text, 'UTF8')"
SLEEP = "SELECT convert_to(pg_sleep($1::int)::text, 'UTF8')"
FAIL = "SELECT convert_to((1 / $1::int)::text, 'UTF8')"
LONG = 10_000


@pytest_asyncio.fixture
async def asked(database: str) -> AsyncIterator[Answers]:
    db = Database(database, "directory")
    yield db.answers
    await db.close()


async def test_each_question_gets_its_own_answer(asked: Answers) -> None:
    said = [str(number) * number * 50 for number in range(200)]
    for _turn in range(3):  # alone at first, together then
        found = await asyncio.gather(*(asked.read(SAY, [one], LONG) for one in said))
        assert found == [one.encode() for one in said]
    assert await asked.read(SAY, [None], LONG) is None
    large = "ä" * 3_000_000
    assert await asked.read(SAY, [large], LONG) == large.encode()


async def test_values_arrive_as_they_are(asked: Answers) -> None:
    statement = "SELECT convert_to(concat_ws('|', $1::text, $2::int, $3::boolean, $4::uuid, $5::text[]::text), 'UTF8')"
    one, listed = uuid.uuid4(), ["a", 'say "ä"', "back\\slash", "{,}", "NULL", ""]
    found = await asked.read(statement, ["'; --", -7, True, one, listed], LONG)
    start = f"'; --|-7|t|{one}|".encode()
    assert found is not None
    assert found.startswith(start)
    again = "SELECT convert_to(array_to_string($1::text[], '|'), 'UTF8')"
    assert await asked.read(again, [listed], LONG) == "|".join(listed).encode()
    with pytest.raises(TypeError):
        await asked.read(SAY, [object()], LONG)
    assert await asked.read(SAY, ["goes on"], LONG) == b"goes on"


async def test_one_that_fails_ends_no_other(asked: Answers) -> None:
    for _turn in range(3):
        await asked.read(FAIL, [1], LONG)
        await asked.read(SAY, [""], LONG)
    mixed = [asked.read(FAIL, [number % 2], LONG) for number in range(40)]
    found = await asyncio.gather(*mixed, asked.read("SELECT nothing", [], LONG), return_exceptions=True)
    assert [one for one in found if isinstance(one, bytes)] == [b"1"] * 20
    assert sum(isinstance(one, asyncpg.DivisionByZeroError) for one in found) == 20
    assert isinstance(found[-1], asyncpg.UndefinedColumnError)


async def test_nobody_waits_behind_one_that_turns_out_slow(asked: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "QUICK_SECONDS", 60)  # whatever the machine does meanwhile
    for _turn in range(3):
        await asyncio.gather(*(asked.read(statement, [0], LONG) for statement in (SLEEP, FAIL.replace("1 /", "2 *"))))
    ended = list[str]()

    async def ask(name: str, statement: str, value: int) -> None:
        await asked.read(statement, [value], LONG)
        ended.append(name)

    slow = [ask("slow", SLEEP, 1) for _connection in range(answers.SHARED)]
    quick = [ask("quick", FAIL.replace("1 /", "2 *"), number) for number in range(20)]
    await asyncio.gather(*slow, *quick)
    assert ended == ["quick"] * 20 + ["slow"] * answers.SHARED


async def test_what_takes_too_long_is_ended(asked: Answers) -> None:
    await asked.read(SLEEP, [0], LONG)
    for _turn in range(2):
        with pytest.raises(TooSlow):
            await asked.read(SLEEP, [60], 200)
        assert await asked.read(SAY, ["next"], LONG) == b"next"


async def test_a_lost_connection_is_replaced(asked: Answers, database: str) -> None:
    await asyncio.gather(*(asked.read(SAY, ["x"], LONG) for _number in range(20)))
    waiting = [asyncio.create_task(asked.read(SLEEP, [60], LONG)) for _number in range(2)]
    owner = await asyncpg.connect(database)
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    while await owner.fetchval(asleep) < 2:
        await asyncio.sleep(0.01)
    await owner.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '%directory'"
    )
    for task in waiting:
        with pytest.raises(Unavailable):
            await task
    while await owner.fetchval("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '%directory'"):
        await asyncio.sleep(0.01)
    await owner.close()
    assert await asyncio.gather(*(asked.read(SAY, ["x"], LONG) for _number in range(20))) == [b"x"] * 20


async def test_who_stops_asking_leaves_the_others_alone(asked: Answers) -> None:
    await asked.read(SAY, ["x"], LONG)
    tasks = [asyncio.create_task(asked.read(SAY, [str(number)], LONG)) for number in range(30)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert found[1::2] == [str(number).encode() for number in range(1, 30, 2)]
    assert await asked.read(SAY, ["next"], LONG) == b"next"


async def test_a_connection_keeps_so_many_statements(asked: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "STATEMENTS", 3)
    statements = [f"SELECT convert_to('{number}', 'UTF8')" for number in range(12)]
    for _turn in range(3):
        found = [await asked.read(statement, [], LONG) for statement in statements]
        assert found == [str(number).encode() for number in range(12)]
    assert max(len(one._prepared) for one in asked._shared) == 3
