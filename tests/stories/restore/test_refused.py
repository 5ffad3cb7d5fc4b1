"""Backups that are damaged, newer, of another hub or in the way: nothing is restored, and why is said."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.app import chosen
from services.kit.backups import manifest, remembered
from services.kit.errors import HubError, NotFound, Refused
from services.kit.settings import Settings
from tests.conftest import Servers, _fresh
from tests.directory.protected import full, published, towns
from tests.running import running
from tests.stories.restore.looking import Make, call, counted, everything, only, standing


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
