"""What resolvers see of a request: who asks, the services of this process, loaders that ask once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from strawberry.dataloader import DataLoader

from services.kit.auth import ANONYMOUS, Principal
from services.kit.db import Reader
from services.kit.errors import Refused
from services.kit.i18n import gettext as _

if TYPE_CHECKING:
    from services.kit.service import Runtime

MOST_LOADED = 50_000
"""Things one query may load; the estimate of its cost takes lists without pages for short ones."""
SESSIONS = 4
"""Database sessions one request uses at once, so that a wide query leaves some for the others."""


@dataclass
class Context:
    """What resolvers see of the request. `services` holds the runtimes of this process by name."""

    services: Mapping[str, "Runtime"]
    principal: Principal = ANONYMOUS
    loaders: dict[Any, DataLoader[Any, Any]] = field(default_factory=dict)
    loaded: int = 0
    milliseconds: int | None = None
    """How long one statement may take; None for as long as the database lets everybody."""
    replica: bool = False
    """Whether a replica may answer: of queries, which change nothing."""
    followed: bool = False
    """Whether one was asked."""
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SESSIONS))

    @asynccontextmanager
    async def read(self, runtime: "Runtime") -> AsyncIterator[Reader]:
        """As `runtime.db.read()`, taking turns with the other fields of this request. Not to be nested."""
        async with self._turns:
            if self.replica and runtime.replica is not None:
                who, self.followed = self.principal, True
                async with runtime.replica.read(who.acting, self.milliseconds, who.subject) as session:
                    yield session
            else:
                async with runtime.db.read(self.principal.acting, self.milliseconds) as session:
                    yield session

    async def load(self, runtime: "Runtime", by: Callable[..., Any], key: Any) -> Any:
        """The answer to `key` from `by(session, keys)`, which runs once for all that ask in the same turn.

        Raises Refused once the request has loaded MOST_LOADED things.
        """
        if by not in self.loaders:

            async def batch(keys: list[Any]) -> list[Any]:
                async with self.read(runtime) as session:
                    return list(await by(session, keys))

            self.loaders[by] = DataLoader(load_fn=batch, max_batch_size=1000)
        # Others wait for the same answer: when this field is cancelled, because one beside it failed, they must get it.
        found = await asyncio.shield(self.loaders[by].load(key))
        self.loaded += max(1, len(found)) if isinstance(found, list) else 1
        if self.loaded > MOST_LOADED:
            raise Refused(_("The query may return more than {most} values. Ask for less.", most=MOST_LOADED))
        return found
