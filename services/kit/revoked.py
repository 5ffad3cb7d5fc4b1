"""What no longer counts although it was signed: access tokens and sessions that were ended before their time.

The service that issues tokens says `TokensRevoked` in its log; every service keeps the names in a table of its own,
and every process in memory: at once where it was said or heard, within REFRESH_SECONDS in the others. A name is of a
client, a subject, a grant, a session, one token or the key that signed it; whatever was issued under it until `before`
does not count. An entry is forgotten when the last token it may cover has run out by itself.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Column, DateTime, MetaData, Table, Text, delete, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from services.kit.db import NOBODY, Database, Reader, Writer
from services.kit.log import table
from services.kit.messages import Message

REFRESH_SECONDS = 1.0
CENTURY = 100 * 365 * 86_400.0
MOST = 100_000
"""Names read at once; more than a whole country's sessions end in an hour."""


class TokensRevoked(Message, frozen=True):
    """`before` and `until` in seconds since 1970."""

    name: str
    before: float
    until: float

    def key(self) -> str:
        return self.name


def attach(metadata: MetaData) -> None:
    """Give a service's schema its `revoked` table."""
    Table(
        "revoked",
        metadata,
        Column("name", Text, primary_key=True),
        Column("before", DateTime(timezone=True), nullable=False),
        Column("until", DateTime(timezone=True), nullable=False, index=True),
    )


class Revoked:
    """What this process knows to be revoked."""

    def __init__(self) -> None:
        self._before: dict[str, tuple[float, float]] = {}

    def covers(self, names: Iterable[str], issued_at: float) -> bool:
        """Whether anything under one of `names` that was issued at `issued_at` is revoked."""
        return any(issued_at <= self._before[name][0] for name in names if name in self._before)

    def learn(self, messages: Iterable[TokensRevoked]) -> None:
        """Of two messages about one name, the later counts."""
        self._before |= {said.name: (said.before, said.until) for said in messages}

    async def refresh(self, db: Database, metadata: MetaData) -> None:
        """Learn what other processes of the service stored; forget what has run out."""
        async with db.read(NOBODY) as session:
            self.learn(await stored(session, metadata))
        now = time.time()
        self._before = {name: times for name, times in self._before.items() if times[1] > now}


def names(kind: str, values: Sequence[str], seconds: float, ahead: float = 0.0) -> list[TokensRevoked]:
    """Everything issued to `values` of `kind` until now or `ahead` of it; nothing of it lives longer than `seconds`."""
    before = time.time() + ahead
    return [TokensRevoked(name=f"{kind}:{value}", before=before, until=before + seconds) for value in values]


def leaked(kids: Sequence[str], seconds: float) -> list[TokensRevoked]:
    """Whatever these keys sign, whenever they say they did, for as long as somebody may still believe them."""
    now = time.time()
    return [TokensRevoked(name=f"key:{kid}", before=now + CENTURY, until=now + seconds) for kid in kids]


async def store(session: Writer, metadata: MetaData, said: TokensRevoked) -> None:
    rows = table(metadata, "revoked")
    values = {"before": datetime.fromtimestamp(said.before, UTC), "until": datetime.fromtimestamp(said.until, UTC)}
    put = upsert(rows).values(name=said.name, **values)
    await session.execute(put.on_conflict_do_update(index_elements=["name"], set_=values))
    await session.execute(delete(rows).where(rows.c.until < func.now()))


def hearing(metadata: MetaData) -> Callable[[Writer, TokensRevoked], Awaitable[None]]:
    """What a service does that hears of it from another."""

    async def hear(session: Writer, said: TokensRevoked) -> None:
        await store(session, metadata, said)

    return hear


async def stored(session: Reader, metadata: MetaData) -> list[TokensRevoked]:
    rows = table(metadata, "revoked")
    found = await session.execute(
        select(rows.c.name, rows.c.before, rows.c.until).where(rows.c.until > func.now()).limit(MOST)
    )
    return [TokensRevoked(name=name, before=b.timestamp(), until=u.timestamp()) for name, b, u in found]
