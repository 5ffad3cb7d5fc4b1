"""Numba behind a typed door."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compiles at the first call and keeps the machine code beside the source (or in the user's cache folder)."""
    return cast(F, njit(cache=True)(function))
