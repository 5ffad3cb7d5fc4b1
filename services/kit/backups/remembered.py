"""What a restore must not bring back, kept beside the backups: who was erased, and which mails were written.

A small file of opaque ids that holds no data of anybody and only grows; `until` says when it was last held against the
database. It is written anew and renamed, so that it is whole whenever it is copied.
"""

import fcntl
import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from services.kit.backups import manifest
from services.kit.errors import Refused
from services.kit.i18n import gettext as _

FILE = "tombstones.jsonl"
LOCK = ".tombstones.lock"
FORMAT = 1
MAIL = "mail:"
MAILS_KEPT = timedelta(days=60)
"""How old a backup may be so that no mail leaves twice; erasures are kept for ever."""


class Tombstone(msgspec.Struct, frozen=True, omit_defaults=True, order=True):
    """`kind` says of what; `place` is a city, or for a mail the schema."""

    at: datetime
    kind: str
    key: str
    place: str = ""


class _Head(msgspec.Struct):
    tombstones: int
    """The format."""
    lines: int
    until: datetime


class Remembered(msgspec.Struct, frozen=True):
    until: datetime
    stones: tuple[Tombstone, ...]


def read(folder: Path) -> Remembered | None:
    """What is kept in a folder of backups; None where nothing is. Raises Refused for a file that is not whole."""
    file = folder / FILE
    try:
        first, *lines = file.read_bytes().splitlines()
        head = msgspec.json.decode(first, type=_Head)
        if head.tombstones > FORMAT or head.lines != len(lines):
            raise ValueError  # noqa: TRY301 - refused in the same words
        return Remembered(head.until, tuple(msgspec.json.decode(line, type=Tombstone) for line in lines))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, msgspec.MsgspecError) as problem:
        raise Refused(
            _("{file} cannot be read: it is damaged, or of a newer version. Please take another copy.", file=file)
        ) from problem


def add(folder: Path, stones: Iterable[Tombstone], now: datetime) -> int:
    """Keep these too; returns how many were new. Raises Refused, and what was there stays."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600), "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # for no longer than this takes
            return _add(folder, stones, now)
    except OSError as problem:
        raise Refused(_("{file} cannot be written: {reason}", file=folder / FILE, reason=problem.strerror)) from problem


def _add(folder: Path, stones: Iterable[Tombstone], now: datetime) -> int:
    before = read(folder)
    known = {_about(one): one for one in (before.stones if before else ())}
    newest = dict(known)
    for one in sorted(stones):
        newest[_about(one)] = max(one, newest.get(_about(one), one))
    kept = [one for one in newest.values() if not one.kind.startswith(MAIL) or one.at > now - MAILS_KEPT]
    until = max(now, before.until) if before else now
    lines = [_Head(FORMAT, len(kept), until), *sorted(kept)]
    part = folder / f".{FILE}.part"
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.writelines(msgspec.json.encode(line) + b"\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        part.replace(folder / FILE)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    manifest.sync(folder)
    return sum(_about(one) not in known for one in kept)


def _about(stone: Tombstone) -> tuple[str, str, str]:
    return stone.kind, stone.key, stone.place
