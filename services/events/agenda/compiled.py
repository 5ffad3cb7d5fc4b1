"""Numba behind a typed door."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import config, njit

F = TypeVar("F", bound=Callable[..., object])


def _folder() -> str:
    """Where machine code of just these sources is kept; empty where no folder is given.

    Numba looks only at the file of a function, and not at those that it calls.
    """
    folder = os.environ.get("NUMBA_CACHE_DIR", "")
    if not folder:
        return ""
    total = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        total.update(path.read_bytes())
    return str(Path(folder) / total.hexdigest()[:16])


_FOLDER = _folder()


def compiled(function: F) -> F:
    """Compiles at the first call and keeps the machine code in NUMBA_CACHE_DIR, or beside the source."""
    settings = cast(Any, config)
    # Numba's setting is one for the whole process, and others have their own folder.
    before = settings.CACHE_DIR
    settings.CACHE_DIR = _FOLDER or before
    try:
        return cast(F, njit(cache=True)(function))
    finally:
        settings.CACHE_DIR = before
