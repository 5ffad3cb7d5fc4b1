"""How often somebody may ask, counted in Valkey for every process of the hub; and who asks, behind trusted proxies."""

import hashlib
import hmac
import ipaddress
import logging
import math
import time
from asyncio import Semaphore, timeout
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter, RateLimiter, SlidingWindowCounterRateLimiter
from litestar import Request
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from services.kit.errors import TooMany
from services.kit.i18n import ngettext
from services.kit.settings import Settings

log = logging.getLogger(__name__)
PATIENCE_SECONDS = 0.5
"""How long a request waits for a Valkey that hangs."""
AGAIN_SECONDS = 5.0
"""How long everybody counts in this process before somebody asks a silent Valkey again."""
MOST_KEPT = 5_000
"""Counters kept in this process: beyond them, the oldest are forgotten."""
MOST_AT_ONCE = 16
"""Connections to Valkey."""
MOST_PROXIES = 10
"""Entries of `X-Forwarded-For` that are read, from the right."""
NOBODY = "unknown"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Wanted = Sequence[tuple[RateLimitItem, str]]


@dataclass(frozen=True)
class Rate:
    """At most `most` times in any `per` seconds (a whole number); `name` keeps its counts apart from other rates'."""

    name: str
    most: int
    per: int


class Rates:
    """The counts of one hub, which all of its processes share; made without asking Valkey.

    In Valkey the windows move (exact: never more than the rate in any `per` seconds). While it is away, each process
    counts by itself with the library's sliding counter, to the same limits.
    """

    def __init__(self, settings: Settings) -> None:
        self._factor = settings.rates
        self._secret = settings.derived("rates") if self._factor else b""
        self._pool = ConnectionPool.from_url(settings.redis_url or "redis://")
        shared = RedisStorage(
            "redis://",  # unused: the pool knows where
            implementation="redispy",
            key_prefix="lotsennetz:rates",
            connection_pool=self._pool,  # type: ignore[arg-type]  # documented, but typed as plain values only
        )
        self._memory = MemoryStorage()
        self._shared: RateLimiter = MovingWindowRateLimiter(shared)
        self._own: RateLimiter = SlidingWindowCounterRateLimiter(self._memory)
        self._turns = Semaphore(MOST_AT_ONCE)
        self._away_until = 0.0

    @property
    def counting(self) -> bool:
        """Whether anything is counted at all."""
        return self._factor > 0

    async def take(self, rate: Rate, *keys: str) -> None:
        """Count one request for each of `keys`, such as an address and an account.

        Raises TooMany, and counts for none of them, where the rate of one is used up. Keys of different kinds need a
        prefix (`client:…`). They leave this process only as keyed hashes: addresses are personal data.
        """
        await self.take_each(*((rate, key) for key in keys))

    async def take_each(self, *wanted: tuple[Rate, str]) -> None:
        """As `take`, for keys with a rate each.

        Requests that race for the last place of one key may use up places of the others, never the reverse: no key is
        ever counted beyond its rate.
        """
        if not self._factor:
            return
        items = [self._item(rate, key) for rate, key in dict.fromkeys(wanted)]
        seconds = await self._counted(items)
        if seconds:
            raise TooMany(
                ngettext(
                    "Too many requests. Please try again in {number} second.",
                    "Too many requests. Please try again in {number} seconds.",
                    seconds,
                ),
                seconds,
            )

    async def close(self) -> None:
        await self._pool.aclose()

    def _item(self, rate: Rate, key: str) -> tuple[RateLimitItem, str]:
        most = max(1, round(rate.most * self._factor))
        named = f"{rate.name}\0{key}".encode(errors="surrogatepass")
        digest = hmac.digest(self._secret, named, hashlib.sha256)
        return RateLimitItemPerSecond(most, rate.per, rate.name), digest[:16].hex()

    async def _counted(self, wanted: Wanted) -> int:
        """As `_take`, in Valkey if it answers, else in this process."""
        if time.monotonic() >= self._away_until:
            async with self._turns:  # so that patience is spent on Valkey, and not on a crowd of requests
                seconds = await self._asked(wanted)
            if seconds is not None:
                return seconds
        own = await _take(self._own, wanted)
        while len(self._memory.expirations) > MOST_KEPT:
            await self._memory.clear(next(iter(self._memory.expirations)))
        return own

    async def _asked(self, wanted: Wanted) -> int | None:
        """As `_take`, in Valkey; None while it is away. After a failure one request tries it; the others go on."""
        now, again = time.monotonic(), self._away_until > 0
        if now < self._away_until:
            return None
        if again:
            self._away_until = now + AGAIN_SECONDS
        try:
            async with timeout(PATIENCE_SECONDS):
                seconds = await _take(self._shared, wanted)
        except (RedisError, OSError) as problem:  # TimeoutError is an OSError
            if not self._away_until:
                log.warning("Valkey is away (%s): rates are counted in each process", type(problem).__name__)
            self._away_until = time.monotonic() + AGAIN_SECONDS
            return None
        if again:
            log.warning("Valkey is back: rates are counted together again")
            self._away_until = 0.0
        return seconds


async def _take(limiter: RateLimiter, wanted: Wanted) -> int:
    """0 once all of `wanted` are counted; where one is used up, the seconds until it is not, and none is counted."""
    if len(wanted) > 1:
        used_up = [one for one in wanted if not await limiter.test(*one)]
        if used_up:
            return max([await _seconds(limiter, *one) for one in used_up])
    for one in wanted:
        if not await limiter.hit(*one):
            return await _seconds(limiter, *one)
    return 0


async def _seconds(limiter: RateLimiter, item: RateLimitItem, key: str) -> int:
    """From 1 to the length of the window."""
    stats = await limiter.get_window_stats(item, key)
    return min(max(1, math.ceil(stats.reset_time - time.time())), item.get_expiry())


# Who asks ---------------------------------------------------------------------------------------------------------


def address_of(request: Request[Any, Any, Any]) -> str:
    """Whose rate a request counts for: an IPv4 address, or the /64 of an IPv6 one, which a connection has for itself.

    `X-Forwarded-For` is read from the right, as far as LOTSENNETZ_TRUSTED_PROXIES wrote it: up to the first address
    that is none of theirs. What a proxy writes that is no address counts for the proxy. NOBODY where the server itself
    knows no address, as behind a Unix socket.
    """
    peer = request.scope["client"]
    found = _parsed(peer[0] if peer else "")
    proxies = _networks(request.app.state.hub.settings.trusted_proxies)
    if proxies:
        entries = ",".join(request.headers.getall("x-forwarded-for", [])).split(",")
        for entry in reversed(entries[-MOST_PROXIES:]):
            before = _parsed(entry)
            if found is None or before is None or not any(found in network for network in proxies):
                break
            found = before
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((int(found) >> 64 << 64, 64)))
    return str(found or NOBODY)


@lru_cache(maxsize=8)
def _networks(proxies: tuple[str, ...]) -> list[Network]:
    return [ipaddress.ip_network(proxy) for proxy in proxies]


def _parsed(text: str) -> Address | None:
    """`192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`; an IPv4 address written as IPv6 is IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address
