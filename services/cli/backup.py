"""Backups: made while the hub runs, brought back whole, without what people have had erased since."""

import argparse
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from services.app import SERVICES, chosen
from services.cli.running import servers, unasked
from services.directory.protection import tombstones
from services.kit import jobs, migrations
from services.kit.backups import making, manifest, remembered, restoring
from services.kit.backups.manifest import Manifest
from services.kit.backups.remembered import MAIL, MAILS_KEPT, Remembered, Tombstone
from services.kit.db import HUB, Database
from services.kit.errors import HubError, NotFound, Refused, Unavailable
from services.kit.i18n import gettext as _
from services.kit.service import Hub
from services.kit.settings import Settings

MARGIN = timedelta(days=1)
"""What was decided so long before the backup is surely in it: transactions are short, clocks go about right."""
FIRST = "directory"
"""Whose people have things erased."""


def add(command: Callable[..., argparse.ArgumentParser]) -> None:
    """The commands of this file."""
    backup = command("backup", run, "keep all that the services know in a new folder inside FOLDER, while they run")
    again = command("restore", run_restore, "bring a backup back into an empty database; the hub must not run")
    stones = command(
        "tombstones", run_tombstones, "keep in FOLDER, beside the backups, what a restore must not bring back"
    )
    for one in (backup, again, stones):
        one.add_argument("folder", type=Path, metavar="FOLDER")
        one.add_argument("service", nargs="*", metavar="SERVICE", help=f"{', '.join(SERVICES)}; all if none is named")
    stones.add_argument(
        "--replay", action="store_true", help="do again what they say, in a database that was brought back another way"
    )
    again.add_argument(
        "--send-mails", action="store_true", help="send what waits in the backup: the hub has not run since, but moved"
    )
    again.add_argument("--replace", action="store_true", help="throw away what the database holds")
    again.add_argument(
        "--without-tombstones", action="store_true", help="although who was erased since the backup is not known"
    )


async def run(asked: argparse.Namespace, settings: Settings) -> int:
    names = [service.name for service in chosen(",".join(asked.service))]
    with _database(settings) as found, making.held(asked.folder):
        url = found.database_url or ""
        await _remember(url, names, asked.folder)  # complains about a damaged file before a long dump
        made = await making.make(url, names, len(names) == len(SERVICES), _secret(found), asked.folder, _tell)
        await _remember(url, names, asked.folder)
    size = sum(path.stat().st_size for path in made.iterdir())
    print(_("Backup {folder}, {size:.1f} MB. Keep LOTSENNETZ_SECRET apart from it.", folder=made, size=size / 1e6))
    return 0


async def run_tombstones(asked: argparse.Namespace, settings: Settings) -> int:
    names = [service.name for service in chosen(",".join(asked.service))]
    if asked.replay:
        return await _replay(asked.folder, names, settings)
    with _database(settings) as found:
        new = await _remember(found.database_url or "", names, asked.folder)
    print(_("{count} new tombstones in {file}.", count=new, file=asked.folder / remembered.FILE))
    return 0


async def _replay(folder: Path, names: Sequence[str], settings: Settings) -> int:
    kept = remembered.read(folder)
    if kept is None:
        raise NotFound(_("There is no {file}.", file=folder / remembered.FILE))
    additions = _additions(names, kept, datetime.min.replace(tzinfo=UTC))
    with servers(settings) as found:
        async with _hub(found, names) as hub:
            await hub.migrate("after")  # its tables may be older than this version
        async with _hub(found, names) as hub:
            await restoring.settle(found.database_url or "", names, additions=additions)
            await _wake(hub)
    _conclude(additions)
    return 0


async def run_restore(asked: argparse.Namespace, settings: Settings) -> int:
    names = [service.name for service in chosen(",".join(asked.service))]
    folder = manifest.newest(asked.folder, names)
    said = manifest.read(folder)
    manifest.check(folder)
    with servers(settings) as found:
        if said.secret != _secret(found):
            raise Refused(
                _(
                    "LOTSENNETZ_SECRET is not the one of the backup: nobody's entry would be found again. "
                    "Nothing was changed."
                )
            )
        url, home = found.database_url or "", folder.parent
        if asked.replace:
            await _remember_living(url, list(said.schemas), home)
        kept = _kept(home, said, without=asked.without_tombstones)
        known = {name: migrations.revisions(service.migrations) for name, service in SERVICES.items()}
        additions = _additions(list(said.schemas), kept, said.at - MARGIN)
        async with _hub(found, list(said.schemas)) as hub:
            await restoring.restore(
                url, folder, said, known, replace=asked.replace, send=asked.send_mails, additions=additions, tell=_tell
            )
            await _wake(hub)
    _conclude(additions)
    if not asked.send_mails:
        print(_("Mails that waited in the backup are not sent."))
    return 0


def _conclude(additions: restoring.Additions) -> None:
    count = len(additions.get(tombstones.TABLE, ()))
    print(_("Decisions of people from after the backup that were carried out again: {count}.", count=count))


def _tell(line: str) -> None:
    print(line, flush=True)


@contextlib.contextmanager
def _database(settings: Settings) -> Iterator[Settings]:
    """The settings with the database's address; Valkey is not needed."""
    if settings.database_url:
        yield settings.with_secret()
        return
    with servers(settings, share=True) as found:
        yield found


def _secret(settings: Settings) -> str:
    """Tells one secret from another, and not what it is."""
    return settings.derived("backups").hex()[:16]


@contextlib.asynccontextmanager
async def _hub(settings: Settings, names: Sequence[str]) -> AsyncIterator[Hub]:
    """Complains before anything happens about settings that cannot be read, and a Valkey that does not answer."""
    hub = Hub(unasked(settings), chosen(",".join(names)))
    try:
        await jobs.check_server(hub.redis)
        yield hub
    finally:
        await hub.stop()


async def _wake(hub: Hub) -> None:
    """Missing migrations, and whatever was erased since; where all services are here, all of them hear it."""
    try:
        await hub.migrate("after")
        if len(hub.services) == len(SERVICES):
            await hub.settle()
    except HubError as problem:
        raise Unavailable(
            _(
                "The rows are back, but not yet ready: {reason} Call „lotsennetz migrate“, which goes on from here, "
                "before anybody uses them.",
                reason=problem.message,
            )
        ) from problem


# Tombstones -----------------------------------------------------------------------------------------------------------


async def _remember(url: str, names: Sequence[str], folder: Path) -> int:
    """Keep what the database knows; returns how much of it is new."""
    now, stones = datetime.now(UTC), list[Tombstone]()
    owner = Database(url, None, pool=1)
    try:
        await migrations.check_server(owner)
        async with owner.read(HUB, frozen=True) as session:
            for name in names:
                if f"{name}.mail" in SERVICES[name].metadata.tables:
                    query = text(f"SELECT created_at, kind, key FROM {name}.mail WHERE created_at > :since")  # noqa: S608
                    rows = await session.execute(query, {"since": now - MAILS_KEPT})
                    stones += [Tombstone(at, f"{MAIL}{kind}", key, name) for at, kind, key in rows]
            if FIRST in names:
                stones += await tombstones.listed(session)
    except SQLAlchemyError as problem:
        raise Refused(_("The database has no tables of a hub yet.")) from problem
    finally:
        await owner.close()
    return remembered.add(folder, stones, now)


async def _remember_living(url: str, names: Sequence[str], folder: Path) -> None:
    """What the database knows that is to be replaced, if it still can be read."""
    try:
        await _remember(url, names, folder)
    except HubError as problem:
        _tell(_("What the database knows of erasures cannot be kept: {reason}", reason=problem.message))


def _kept(home: Path, said: Manifest, *, without: bool) -> Remembered | None:
    """The tombstones beside the backup. Raises Refused where there are none as new as the backup."""
    if without or FIRST not in said.schemas:
        with contextlib.suppress(Refused):
            return remembered.read(home)
        return None
    kept = remembered.read(home)
    if kept is None or kept.until < said.at:
        raise Refused(
            _(
                "There is no {file} that is as new as the backup: who was erased since would be there again. Put the "
                "newest one beside the backup, or say --without-tombstones. Nothing was changed.",
                file=home / remembered.FILE,
            )
        )
    _tell(_("Erasures are known until {until:%Y-%m-%d %H:%M} UTC.", until=kept.until))
    return kept


def _additions(names: Sequence[str], kept: Remembered | None, since: datetime) -> dict[str, list[dict[str, Any]]]:
    """Rows for what happened after `since`, by table."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for one in kept.stones if kept else ():
        if one.at <= since:
            continue
        if one.kind.startswith(MAIL):
            if one.place in names:
                kind = one.kind.removeprefix(MAIL)
                row = {"id": str(uuid.uuid4()), "key": one.key, "kind": kind, "state": "sent", "reason": "restored",
                       "created_at": one.at, "finished_at": one.at}  # fmt: skip
                rows.setdefault(f"{one.place}.mail", []).append(row)
        elif FIRST in names:
            row = {"kind": one.kind, "key": one.key, "place": one.place, "at": one.at}
            rows.setdefault(tombstones.TABLE, []).append(row)
    return rows
