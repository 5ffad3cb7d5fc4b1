"""Idempotency keys: a request that is sent again gets the answer of the first time, and nothing is done twice.

The key, and the answer to it, commit together with what was done. So a crash between commit and answer does no harm, a
second request beside the first waits for its end, and a request that failed leaves no trace.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any, TypeVar

import msgspec
from sqlalchemy import delete, func

from services.directory.models import Once
from services.kit.db import Writer, driver
from services.kit.errors import Conflict, Refused
from services.kit.i18n import gettext as _

KEPT = timedelta(days=7)
LONGEST = 200
T = TypeVar("T")

TAKE = "INSERT INTO once (client, key, digest, answer) VALUES ($1, $2, $3, 'null') ON CONFLICT DO NOTHING RETURNING 1"
READ = "SELECT digest, answer::text FROM once WHERE client = $1 AND key = $2"
ANSWER = "UPDATE once SET answer = $3 WHERE client = $1 AND key = $2"


async def once(
    session: Writer, client: str, key: str | None, request: Any, answer: type[T], work: Callable[[], Awaitable[T]]
) -> T:
    """What `work` answers, now or, where `client` has used `key` within the last week, then.

    `request` is what was asked for, as anything that msgspec writes. Raises Conflict where the key stands for another
    request. Without a key, `work` is done.
    """
    if key is None:
        return await work()
    if not (0 < len(key) <= LONGEST and key.isascii() and key.isprintable()):
        raise Refused(_("An idempotency key has 1 to {most} plain characters.", most=LONGEST))
    connection, digest = await driver(session), sha256(msgspec.json.encode(request)).hexdigest()
    # Who comes second waits here until the first has committed or failed.
    if not await connection.fetchval(TAKE, client, key, digest):
        row = await connection.fetchrow(READ, client, key)
        if row is None or row[0] != digest:
            raise Conflict(_("This idempotency key was used for another request. Please take a new one."))
        return msgspec.json.decode(row[1], type=answer)
    done = await work()
    await connection.execute(ANSWER, client, key, msgspec.json.encode(done).decode())
    return done


async def forget(session: Writer) -> None:
    await session.execute(delete(Once).where(Once.at < func.now() - KEPT))
