"""Active clients and the signing key as this process read them within the last second.

The most frequent request by far is a city's program that fetches its next token; it shall not cost four round trips to
the database. Only success is answered from here: whatever fails is asked again of the database. What a suspension
revokes reaches a little into the future, so that no process gives out a token from its memory that would outlive it.
"""

import time
from typing import Final

from joserfc.jwk import ECKey

from services.directory.models import Client
from services.directory.oauth.clients import ACTIVE, by_id
from services.directory.oauth.keys import signing_key
from services.directory.oauth.policy import MEMORY_SECONDS
from services.kit.db import HUB
from services.kit.service import Runtime

MOST: Final = 20_000
_clients: dict[str, tuple[float, float, Client]] = {}
"""By id, which no two hubs share: monotonic and wall clock time of the reading, and the row."""
KEY: Final = "signing key"


async def client(runtime: Runtime, client_id: str) -> Client | None:
    """The client, if it is active."""
    found = _clients.get(client_id)
    fresh = found is not None and time.monotonic() - found[0] < MEMORY_SECONDS
    if found is not None and fresh and not runtime.revoked.covers([f"client:{client_id}"], found[1]):
        return found[2]
    _clients.pop(client_id, None)
    read = time.monotonic(), time.time()
    async with runtime.db.read(HUB) as session:
        row = await by_id(session, client_id)
    if row is None or row.status != ACTIVE:
        return None
    if len(_clients) >= MOST:
        _clients.clear()
    _clients[client_id] = (*read, row)
    return row


def forget(client_id: str) -> None:
    """Read the client anew the next time."""
    _clients.pop(client_id, None)


async def key(runtime: Runtime) -> ECKey:
    """The key that signs now."""
    found: tuple[float, ECKey] | None = runtime.memory.get(KEY)
    if found is None or time.monotonic() - found[0] >= MEMORY_SECONDS:
        read = time.monotonic()
        async with runtime.db.begin(HUB) as session:
            found = runtime.memory[KEY] = (read, await signing_key(session, runtime.settings.derived("signing")))
    return found[1]
