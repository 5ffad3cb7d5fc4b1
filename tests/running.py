"""Hubs for tests: as `services.cli.running.running`, with an application that served an earlier hub of this process,
and with the SQL that earlier hubs asked.

Its routes take longer to make than most tests take, and nothing in them belongs to a hub (`kit.web.application`).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from operator import is_
from typing import Any

import uvicorn
import uvicorn.server
from litestar import Litestar
from sqlalchemy.util import LRUCache

from services.cli.running import running as serving
from services.kit.service import Hub, Service
from services.kit.settings import Settings
from services.kit.web import create_app


class _Hasty:
    """The `asyncio` of uvicorn, which looks ten times a second whether it shall end, and rests as long once it ends:
    more than many tests take.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    @staticmethod
    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / 10)


uvicorn.server.asyncio = _Hasty()  # type: ignore[assignment,attr-defined]


@dataclass(frozen=True)
class Free:
    """An application that serves no hub at the moment."""

    settings: Settings
    services: Sequence[Service]
    app: Litestar

    def fits(self, settings: Settings, services: Sequence[Service]) -> bool:
        same = len(services) == len(self.services) and all(map(is_, services, self.services))
        return same and settings.remembered == self.settings.remembered


_free: list[Free] = []


class _Statements(LRUCache[tuple[Any, ...], Any]):
    """SQL by what it was made of. Each engine has a dialect of its own, which stands first, and all are alike."""

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        return super().get(key[1:], default)

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:
        super().__setitem__(key[1:], compiled)


_statements = _Statements(4_000)


@contextlib.asynccontextmanager
async def running(settings: Settings, services: Sequence[Service]) -> AsyncIterator[tuple[Hub, uvicorn.Server]]:
    """A hub that answers at `settings.issuer`; stops it at the end."""
    lent: list[Litestar] = []

    def made(hub: Hub) -> Litestar:
        place = next((i for i, one in enumerate(_free) if one.fits(settings, services)), None)
        app = create_app(hub) if place is None else _free.pop(place).app
        app.state.hub = hub
        for runtime in hub.runtimes.values():
            runtime.db.engine.update_execution_options(compiled_cache=_statements)
        lent.append(app)
        return app

    async with serving(settings, services, made) as found:
        yield found
    _free.extend(Free(settings, services, app) for app in lent)
