"""A new version without downtime: the last version's processes and the new one's work on one database."""

import asyncio
import contextlib
import io
import os
import subprocess
import uuid
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import MetaData, text

from services.app import SERVICES, chosen
from services.cli import demo
from services.cli.client import Client
from services.cli.demo import PUBLISH
from services.kit import migrations
from services.kit.db import HUB, Database
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.conftest import Servers, _create, _drop
from tests.house.tree import ROOT
from tests.running import running
from tests.stories.deployments import Process, environment, free_ports

NAMES = """query ($city: ID!) { navigators(city: $city) { nodes { name title } } }"""
UNKNOWN = "a job of the next version"
WAIT_SECONDS = 30


def git(*words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True).stdout


def last_version() -> str:
    """The newest release, or without one the commit before the newest migration. Skips where git does not know."""
    try:
        if tags := git("tag", "--list", "v*", "--sort=-version:refname", "--merged", "HEAD").decode().split():
            return tags[0]
        folders = [str(service.migrations.relative_to(ROOT)) for service in SERVICES.values()]
        newest = (
            git("log", "-1", "--first-parent", "--no-renames", "--format=%H", "--diff-filter=A", "--", *folders)
            .decode()
            .strip()
        )
        return git("rev-parse", "--verify", f"{newest}~1").decode().strip()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no history here: the last version's code cannot be had from git")


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The last version's code, with what the bootstrap fetches for pages."""
    folder = tmp_path_factory.mktemp("old")
    code = git("archive", "--format=zip", last_version(), "services", "pyproject.toml")
    with zipfile.ZipFile(io.BytesIO(code)) as archive:
        archive.extractall(folder)
    fetched = ROOT / "services/kit/static/vendor"
    if fetched.is_dir():
        (folder / "services/kit/static/vendor").symlink_to(fetched)
    return folder


@contextlib.asynccontextmanager
async def last_hub(old: Path, settings: Settings) -> AsyncIterator[str]:
    """A hub of the last version with its workers, in a process of its own; its address."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    process = Process(url, (), environment(settings, url) | {"LOTSENNETZ_DATA": str(settings.data)}, folder=old)
    try:
        await process.start()
        yield url
    finally:
        await process.stop()


async def revisions(url: str) -> dict[str, str]:
    connection = await asyncpg.connect(url)
    try:
        return {name: await connection.fetchval(f"SELECT version_num FROM {name}.alembic_version") for name in SERVICES}
    finally:
        await connection.close()


@pytest.mark.slow
async def test_old_and_new_work_on_one_schema(servers: Servers, settings: Settings, old: Path, tmp_path: Path) -> None:
    name = f"lotsennetz_upgrade_{os.getpid()}"
    url = await _create(servers, name)
    own = replace(settings, database_url=url, redis_url=servers.redis, data=tmp_path, workers=False)
    try:
        async with last_hub(old, own) as address:
            # The new version's migrations, while the old one answers.
            new = Hub(own, chosen())
            await new.migrate("before")
            await new.stop()
            assert await revisions(url) == {  # none of them takes anything away yet
                name: migrations.revisions(service.migrations)[0] for name, service in SERVICES.items()
            }
            async with running(replace(own, public_url=address), chosen()) as (hub, _server):
                here = f"http://127.0.0.1:{hub.settings.port}"
                konstanz, heilbronn, organiser = await demo.register(hub, address)
                beside = Client(address, *konstanz.credentials, graph=f"{here}/graphql")
                await each_sees_what_the_other_wrote(konstanz, beside)
                await heilbronn.ask(PUBLISH, snapshot=demo.snapshot("heilbronn"))
                await a_job_of_the_next_version_waits(hub)
                for client in (konstanz, heilbronn, organiser, beside):
                    await client.close()
    finally:
        await _drop(servers, name)


async def each_sees_what_the_other_wrote(old: Client, new: Client) -> None:
    city = demo.snapshot("konstanz")
    for turn, (writes, reads) in enumerate([(old, new), (new, old), (old, new)]):
        city["navigators"][0]["title"] = f"Lotsin {turn}"
        await writes.ask(PUBLISH, snapshot=city)
        seen = set[str]()
        for _try in range(WAIT_SECONDS * 10):
            nodes = (await reads.ask(NAMES, city=demo.KONSTANZ))["navigators"]["nodes"]
            seen = {node["title"] for node in nodes}
            if f"Lotsin {turn}" in seen:
                break
            await asyncio.sleep(0.1)
        assert f"Lotsin {turn}" in seen


async def a_job_of_the_next_version_waits(hub: Hub) -> None:
    """Old workers take it up and give it back, untried, until somebody knows it."""
    db, key = hub.runtimes["directory"].db, uuid.uuid4()
    async with db.begin(HUB) as session:
        adding = "INSERT INTO job (id, name, payload, state) VALUES (:id, :name, '{}', 'queued')"
        await session.execute(text(adding), {"id": key, "name": UNKNOWN})
    state: Any = None
    for _try in range(WAIT_SECONDS * 10):
        async with db.read(HUB) as session:
            query = text("SELECT state, tries, run_after > created_at AS given_back FROM job WHERE id = :id")
            state = (await session.execute(query, {"id": key})).one()
        if state.given_back:
            break
        await asyncio.sleep(0.1)
    assert (state.state, state.tries, state.given_back) == ("queued", 0, True)


async def test_an_old_process_starts_on_a_newer_schema(servers: Servers, database: str, settings: Settings) -> None:
    """As when a machine is restarted while the new version is rolled out."""
    connection = await asyncpg.connect(database)
    await connection.execute("UPDATE directory.alembic_version SET version_num = '9999'")
    await connection.close()
    own = replace(settings, database_url=database, redis_url=servers.redis, workers=False)
    async with running(own, chosen()):
        assert (await revisions(database))["directory"] == "9999"


STEPS = {
    "0001": "op.execute('CREATE TABLE toy.thing (id int, old text)')",
    "0002": "op.execute('ALTER TABLE toy.thing ADD COLUMN new text')",
    "0003": "op.execute('ALTER TABLE toy.thing DROP COLUMN old')",
    "0004": "op.execute('ALTER TABLE toy.thing ADD COLUMN more text')",
    "0005": "op.execute('ALTER TABLE toy.thing DROP COLUMN more')",
}


async def test_what_takes_away_waits_until_it_is_asked_for(servers: Servers, tmp_path: Path) -> None:
    """Only what stands at the end of the chain: what came before it is of a version before."""
    folder, before = tmp_path / "migrations", None
    folder.mkdir()
    url = await _create(servers, name := f"lotsennetz_phases_{os.getpid()}")
    owner = Database(url, None, pool=1)
    try:
        for number, step in STEPS.items():
            after = "PHASE = 'after'" if "DROP" in step else ""
            (folder / f"{number}_step.py").write_text(
                f"from alembic import op\nrevision = {number!r}\ndown_revision = {before!r}\n{after}\n"
                f"def upgrade():\n    {step}\n"
            )
            before = number
        seen = []
        for phase in ("before", "before", "after", "before"):
            await migrations.upgrade(owner, "toy", MetaData(schema="toy"), folder, phase=phase)
            async with owner.read() as session:
                seen.append(await session.scalar(text("SELECT version_num FROM toy.alembic_version")))
        assert seen == ["0004", "0004", "0005", "0005"]
    finally:
        await owner.close()
        await _drop(servers, name)
