"""The benchmarks' made-up network still fits the model: found here, not in the middle of a measurement."""

from pathlib import Path

import asyncpg
import pytest

from services.directory.models import City
from tests.bench.data import Size, copied, fill, made

SIZE = Size(cities=20, navigators=60, projects=80, topics=220)
SCHEMA = Path(__file__).parents[2] / "deploy" / "bench" / "schema.sql"


def test_the_same_seed_gives_the_same_rows() -> None:
    vocabulary = {"a": ("a",), "b": ("a", "b")}
    one, two = made(SIZE, vocabulary), made(SIZE, vocabulary)
    assert (one.cities, one.navigators, one.projects, one.members) == (
        two.cities,
        two.navigators,
        two.projects,
        two.members,
    )


async def test_a_network_fills_the_tables_and_the_peers_schema(database: str) -> None:
    network = await fill(database, SIZE)
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(SCHEMA.read_text(encoding="utf-8"))
        counted = {
            table: await connection.fetchval(f"SELECT count(*) FROM {table}")
            for table in ("directory.city", "directory.topic", "bench.navigator", "bench.project")
        }
        lost = await connection.fetchval(
            "SELECT count(*) FROM bench.navigator_topic WHERE (navigator_id, topic_code) NOT IN"
            " (SELECT navigator_id, topic_code FROM bench.found_navigator)"
        )
    finally:
        await connection.close()
    assert counted == {"directory.city": 20, "directory.topic": 220, "bench.navigator": 60, "bench.project": 80}
    assert lost == 0
    assert {row["ags"] for row in network.navigators} == {row["ags"] for row in network.cities}


async def test_a_column_that_nobody_gives_is_named() -> None:
    with pytest.raises(ValueError, match=r"directory\.city has columns .*'name'"):
        await copied(None, City, [{"ags": "08335043"}])
