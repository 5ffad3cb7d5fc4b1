"""Numba behind a typed door."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import config, njit

F = TypeVar("F", bound=Callable[..., object])


def _fingerprint() -> str:
    """Of everything here: numba looks only at the file of a function, and not at those that it calls."""
    total = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()[:16]


_settings = cast(Any, config)
if _settings.CACHE_DIR:
    _settings.CACHE_DIR = str(Path(_settings.CACHE_DIR) / _fingerprint())


def compiled(function: F) -> F:
    """Compiles at the first call and keeps the machine code in NUMBA_CACHE_DIR, or beside the source."""
    return cast(F, njit(cache=True)(function))
