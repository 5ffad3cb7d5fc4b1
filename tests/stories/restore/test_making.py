"""Backups as files: whose they are, on a full disk, one at a time, of services with databases of their own."""

import asyncio
import os
import stat
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from services.app import SERVICES, chosen
from services.kit.backups import making, remembered
from services.kit.errors import Conflict
from services.kit.settings import Settings
from tests.conftest import Servers
from tests.directory.protected import full, published, towns
from tests.forked import Command
from tests.running import running
from tests.stories.deployments import environment
from tests.stories.restore.looking import Make, ask, call, differing, everything


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
