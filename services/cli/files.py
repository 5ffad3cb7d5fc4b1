"""Files of people at the command line, read and written whole or not at all."""

from pathlib import Path

from services.kit.errors import Refused
from services.kit.i18n import gettext as _


def contents(file: Path) -> bytes:
    """Raises Refused."""
    try:
        return file.read_bytes()
    except OSError as problem:
        raise Refused(_("{file} cannot be read: {reason}", file=file, reason=problem.strerror)) from problem


def store(path: Path, content: bytes) -> None:
    """Raises Refused; what was there before then stays."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as problem:
        part.unlink(missing_ok=True)
        raise Refused(
            _("{file} cannot be written: {reason}. Is it open in another program?", file=path, reason=problem.strerror)
        ) from problem
