"""What is in a backup, and whether it is whole."""

import hashlib
import os
import shutil
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec

from services.kit.errors import NotFound, Refused
from services.kit.i18n import gettext as _

FORMAT = 1
DUMP, MANIFEST, SUMS = "lotsennetz.dump", "manifest.json", "SHA256SUMS"
NAME = "[0-9]*T[0-9]*Z*"
"""What folders of backups are called, as a glob: the moment in UTC, and the services unless it holds all."""


class Rows(msgspec.Struct, frozen=True):
    """Of one table: how many rows, and the sum of their hashes, whatever their order."""

    count: int
    digest: str


class Schema(msgspec.Struct, frozen=True):
    revision: str
    """The newest migration."""
    tables: dict[str, Rows]


class Manifest(msgspec.Struct, frozen=True):
    """`at` is when the snapshot was taken; `secret` tells one secret from another, and not what it is."""

    format: int
    at: datetime
    version: str
    """Of Lotsennetz."""
    server: int
    """PostgreSQL's major version, and"""
    program: int
    """that of pg_dump."""
    secret: str
    schemas: dict[str, Schema]


def write(folder: Path, manifest: Manifest) -> None:
    """Write manifest and sums beside the dump, for good."""
    said = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    (folder / MANIFEST).write_bytes(said + b"\n")
    sums = [f"{digest(folder / name)}  {name}\n" for name in (DUMP, MANIFEST)]
    (folder / SUMS).write_text("".join(sums), encoding="ascii")
    for name in (DUMP, MANIFEST, SUMS):
        (folder / name).chmod(0o600)
        sync(folder / name)
    sync(folder)


def sync(path: Path) -> None:
    """Have the disk keep it."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def newest(folder: Path, schemas: Iterable[str]) -> Path:
    """The backup that `folder` is, or the newest one in it that holds exactly `schemas`. Raises NotFound."""
    if (folder / SUMS).is_file() or (folder / MANIFEST).is_file():
        return folder
    wanted = set(schemas)
    found = sorted(path for path in folder.glob(NAME) if path.is_dir())
    for path in reversed(found):
        if set(read(path).schemas) == wanted:
            return path
    raise NotFound(_("There is no backup in {folder}.", folder=folder))


def read(folder: Path) -> Manifest:
    """The manifest. Raises Refused where it cannot be read, or is of a newer version."""
    try:
        said = msgspec.json.decode((folder / MANIFEST).read_bytes())
        if isinstance(said, dict) and isinstance(said.get("format"), int) and said["format"] > FORMAT:
            raise Refused(
                _("The backup {folder} was made by a newer Lotsennetz. Please install that version.", folder=folder)
            )
        return msgspec.convert(said, Manifest)
    except (OSError, msgspec.MsgspecError) as problem:
        raise Refused(damaged(folder, MANIFEST)) from problem


def check(folder: Path) -> None:
    """Raises Refused unless every file is as it was written."""
    try:
        lines = (folder / SUMS).read_text(encoding="ascii").splitlines()
    except (OSError, ValueError) as problem:
        raise Refused(damaged(folder, SUMS)) from problem
    said = {name: sum_ for sum_, _two, name in (line.partition("  ") for line in lines)}
    for name in (DUMP, MANIFEST):
        try:
            whole = said.get(name) == digest(folder / name)
        except OSError as problem:
            raise Refused(damaged(folder, name)) from problem
        if not whole:
            raise Refused(damaged(folder, name))


def damaged(folder: Path, name: str) -> str:
    return _(
        "The backup is damaged: {file} is not as it was written. Nothing was changed. Please take another copy of it, "
        "or an older backup.",
        file=folder / name,
    )


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
