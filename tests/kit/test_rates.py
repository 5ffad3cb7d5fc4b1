"""Rates on the real Valkey, without it, and who counts as whom behind proxies."""

import asyncio
import itertools
import logging
import os
import secrets
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from limits.aio.strategies import RateLimiter
from redis.asyncio import Redis

from services.app import chosen
from services.kit import embedded, i18n, rates
from services.kit.errors import Refused, TooMany
from services.kit.rates import Rate, Rates, Wanted
from services.kit.service import Hub
from services.kit.settings import Settings, from_environment
from tests.conftest import Servers, _fresh
from tests.running import running

FIVE = Rate("five", 5, per=60)
PERSON, ADDRESS = "erika.muster@example.org", "203.0.113.77"


@pytest.fixture
def mine(servers: Servers, settings: Settings) -> Settings:
    """Settings with rates, whose counts are no other test's."""
    return replace(settings, redis_url=servers.redis, rates=1.0, secret=secrets.token_hex())


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a Valkey that is well may take longer to answer than a request should wait."""
    monkeypatch.setattr(rates, "PATIENCE_SECONDS", 30.0)


@asynccontextmanager
async def made(*settings: Settings) -> AsyncIterator[list[Rates]]:
    out = [Rates(one) for one in settings]
    try:
        yield out
    finally:
        for one in out:
            await one.close()


async def taken(one: Rates, rate: Rate, *keys: str, times: int = 1) -> int:
    """How many of `times` parallel requests may."""

    async def may() -> bool:
        try:
            await one.take(rate, *keys)
        except TooMany:
            return False
        return True

    return sum(await asyncio.gather(*(may() for _turn in range(times))))


# Counting -----------------------------------------------------------------------------------------------------------


async def test_after_the_rate_one_waits(mine: Settings) -> None:
    async with made(mine) as (one,):
        for _turn in range(5):
            await one.take(FIVE, ADDRESS)
        with pytest.raises(TooMany) as caught:
            await one.take(FIVE, ADDRESS)
        assert 58 <= caught.value.seconds <= 60
        assert str(caught.value.seconds) in caught.value.message
        assert caught.value.as_json().keys() == {"code", "status", "detail", "problems"}
        await one.take(FIVE, "198.51.100.1")
        await one.take(Rate("other", 5, per=60), ADDRESS)


async def test_the_window_moves(mine: Settings) -> None:
    """The seconds that one is told are enough, and never more than the rate fits into any window."""
    rate = Rate("short", 2, per=2)
    async with made(mine) as (one,):
        await one.take(rate, "a")
        await asyncio.sleep(1.2)
        assert await taken(one, rate, "a", times=3) == 1
        with pytest.raises(TooMany) as caught:
            await one.take(rate, "a")
        assert caught.value.seconds == 1
        await asyncio.sleep(1)
        assert await taken(one, rate, "a", times=5) == 1  # that of the beginning has left, the second has not
        await asyncio.sleep(2.1)
        assert await taken(one, rate, "a", times=5) == 2


async def test_parallel_requests_of_two_processes_share_the_rate(mine: Settings) -> None:
    rate = Rate("token", 30, per=60)
    async with made(mine, mine) as (one, two):
        allowed = await asyncio.gather(taken(one, rate, "a", times=100), taken(two, rate, "a", times=100))
        assert sum(allowed) == 30
        both = await asyncio.gather(*(taken(each, rate, "b", "c", times=100) for each in (one, two)))
        assert 0 < sum(both) <= 30


async def test_a_crowd_is_counted_too(
    mine: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most of it waits before its patience runs, so that no crowd takes Valkey for one that is away."""
    asking, most, take = 0, 0, rates._take

    async def watched(limiter: RateLimiter, wanted: Wanted) -> int:
        nonlocal asking, most
        asking += 1
        most = max(most, asking)
        seconds = await take(limiter, wanted)
        asking -= 1
        return seconds

    monkeypatch.setattr(rates, "_take", watched)
    async with made(mine) as (one,):
        assert await taken(one, FIVE, "a", times=200) == 5
    assert most == rates.MOST_AT_ONCE
    assert caplog.text == ""


async def test_a_refused_request_uses_up_nothing(mine: Settings) -> None:
    async with made(mine) as (one,):
        assert await taken(one, FIVE, "full", times=5) == 5
        for keys in (("full", "free"), ("free", "full")):
            assert await taken(one, FIVE, *keys, times=20) == 0
        with pytest.raises(TooMany) as caught:
            await one.take_each((Rate("hour", 1, per=3600), "free"), (FIVE, "full"))
        assert caught.value.seconds <= 60
        assert await taken(one, FIVE, "free", times=20) == 5
        assert await taken(one, Rate("hour", 1, per=3600), "free", times=20) == 1


async def test_the_same_key_twice_counts_once(mine: Settings) -> None:
    async with made(mine) as (one,):
        assert [await taken(one, FIVE, "a", "a") for _turn in range(6)] == [1] * 5 + [0]


@pytest.mark.parametrize(("factor", "allowed"), [(0.0, 50), (0.01, 1), (0.4, 2), (2.0, 10)])
async def test_a_factor_lifts_or_lowers_every_rate(mine: Settings, factor: float, allowed: int) -> None:
    async with made(replace(mine, rates=factor)) as (one,):
        assert await taken(one, FIVE, "a", times=50) == allowed


async def test_valkey_learns_no_address_and_no_account(mine: Settings) -> None:
    async with made(mine, replace(mine, secret="another")) as both, Redis.from_url(mine.redis_url or "") as redis:
        before = set(await redis.keys("lotsennetz:rates:*"))
        for one in both:
            await one.take(Rate("login", 5, per=60), PERSON, ADDRESS, "\ud800", "\0")
        keys = set(await redis.keys("lotsennetz:rates:*")) - before
        assert len(keys) == 8  # nothing in common between two secrets
        for key in keys:
            assert not any(part in key.decode() for part in (PERSON, "muster", ADDRESS))
            assert 0 < await redis.ttl(key) <= 60


# Without Valkey -----------------------------------------------------------------------------------------------------


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ln-") as path:
        yield Path(path)


@contextmanager
def stopped(folder: Path) -> Iterator[None]:
    """The Valkey in `folder` answers nothing meanwhile, but keeps its connections."""
    pid = int((folder / "valkey" / "valkey.pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_without_valkey_each_process_counts(
    mine: Settings, folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "AGAIN_SECONDS", 0.3)
    async with AsyncExitStack() as stack:
        with embedded.valkey(folder) as url:
            own = replace(mine, redis_url=url)
            one, two = await stack.enter_async_context(made(own, own))
            assert await taken(one, FIVE, "a", times=9) == 5
            assert await taken(two, FIVE, "a", times=9) == 0
        with caplog.at_level(logging.INFO):
            began = time.monotonic()
            assert [await taken(each, FIVE, PERSON, ADDRESS, times=50) for each in (one, two)] == [5, 5]
            with pytest.raises(TooMany) as caught:
                await one.take(FIVE, PERSON)
            assert time.monotonic() - began < rates.PATIENCE_SECONDS
        assert 1 <= caught.value.seconds <= 60
        assert [record.name for record in caplog.records] == ["services.kit.rates"] * 2  # one line each
        assert not any(part in caplog.text for part in (PERSON, ADDRESS, str(folder)))

        with embedded.valkey(folder) as url:
            assert url == own.redis_url
            await asyncio.sleep(0.4)
            rate = Rate("later", 5, per=60)
            assert await taken(one, rate, "a") == 1  # asks, and finds it
            assert await taken(two, rate, "a") == 1
            assert await taken(one, rate, "a", times=9) + await taken(two, rate, "a", times=9) == 3


async def test_a_valkey_that_hangs_delays_once(mine: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patience = 1.0  # a busy machine's scheduler is faster than that
    monkeypatch.setattr(rates, "PATIENCE_SECONDS", patience)
    monkeypatch.setattr(rates, "AGAIN_SECONDS", 1.0)
    with embedded.valkey(folder) as url:
        async with made(replace(mine, redis_url=url)) as (one,):
            assert await taken(one, FIVE, "a") == 1
            with stopped(folder):
                waits: list[float] = []
                for _turn in range(3):
                    began = time.monotonic()
                    assert await taken(one, FIVE, "b", times=20) == (5 if not waits else 0)
                    waits.append(time.monotonic() - began)
                assert 0.9 * patience < waits[0] < 5 * patience
                assert max(waits[1:]) < patience / 2
                await asyncio.sleep(1.1)
                probing = asyncio.create_task(taken(one, FIVE, "c"))
                await asyncio.sleep(0)
                began = time.monotonic()
                assert await taken(one, FIVE, "d", times=20) == 5  # one asks, nobody else waits for it
                assert time.monotonic() - began < patience / 2
                assert await probing == 1
            await asyncio.sleep(1.1)
            assert await taken(one, FIVE, "a") == 1  # asks, and finds it
            assert await taken(one, FIVE, "a", times=9) == 3


async def test_what_a_process_keeps_is_bounded(mine: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MOST_KEPT", 50)
    async with made(replace(mine, redis_url="unix:///nowhere/valkey.sock")) as (one,):
        assert await taken(one, FIVE, "a", times=9) == 5
        for number in range(200):
            assert await taken(one, FIVE, str(number)) == 1
        memory = one._memory
        assert len(memory.expirations) == len(memory.storage) == 50
        assert len(memory.locks) <= 50
        assert await taken(one, FIVE, "199", times=9) == 4


# Over HTTP ----------------------------------------------------------------------------------------------------------

BODY = {"query": "{ __typename }"}


@asynccontextmanager
async def serving(
    servers: Servers, template: str, settings: Settings, **own: Any
) -> AsyncIterator[tuple[Hub, httpx.AsyncClient]]:
    """A hub with a Valkey of its own, where anonymous people may search three times a minute."""
    with tempfile.TemporaryDirectory(prefix="ln-") as folder, embedded.valkey(Path(folder)) as redis:
        async with _fresh(servers, template) as url:
            found = replace(settings, database_url=url, redis_url=redis, workers=False, rates=0.005, **own)
            async with (
                running(found, chosen()) as (hub, _server),
                httpx.AsyncClient(base_url=hub.settings.issuer, trust_env=False, timeout=30) as http,
            ):
                yield hub, http


async def searched(http: httpx.AsyncClient, forwarded: str = "", path: str = "/graphql") -> int:
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    return (await http.post(path, json=BODY, headers=headers)).status_code


async def test_who_searches_too_often_is_told_when_to_come_back(
    servers: Servers, template: str, settings: Settings
) -> None:
    async with serving(servers, template, settings) as (hub, http):
        forwarded = (f"203.0.113.{number}" for number in itertools.count(1))  # nobody is trusted: it changes nothing
        paths = ("/graphql", "/directory/graphql", "/events/graphql", "/matching/graphql")
        assert [await searched(http, next(forwarded), path) for path in paths] == [200, 200, 200, 429]

        answer = await http.post("/graphql", json=BODY, headers={"accept-language": "en"})
        assert answer.status_code == 429
        assert answer.headers["content-type"] == "application/problem+json"
        problem, seconds = answer.json(), int(answer.headers["retry-after"])
        assert 1 <= seconds <= 60
        assert problem == {
            "code": "TOO_MANY",
            "title": "TOO_MANY",
            "status": 429,
            "detail": f"Too many requests. Please try again in {seconds} seconds.",
            "problems": [],
        }
        stream = {"accept": "text/event-stream"}
        assert (await http.post("/graphql", content=b"not read", headers=stream)).status_code == 429
        assert (await http.get("/login")).status_code == 200
        assert (await http.get("/health/ready")).status_code == 200

        from tests.kit.test_web import _token

        token = {"authorization": f"Bearer {await _token(hub, http)}"}
        for _turn in range(5):
            assert (await http.post("/graphql", json=BODY, headers=token)).status_code == 200


async def test_behind_a_trusted_proxy_each_person_has_a_rate(
    servers: Servers, template: str, settings: Settings
) -> None:
    async with serving(servers, template, settings, trusted_proxies=("127.0.0.1/32",)) as (_hub, http):
        spoofed = (f"198.51.100.{number}, 203.0.113.1" for number in itertools.count(1))
        assert [await searched(http, next(spoofed)) for _turn in range(4)] == [200, 200, 200, 429]
        assert await searched(http, "203.0.113.2") == 200
        homes = [f"2001:db8:0:{net}::{host}" for net in (1, 2) for host in range(1, 5)]
        assert [await searched(http, home) for home in homes] == [200, 200, 200, 429] * 2


async def test_no_answer_follows_the_host_header(servers: Servers, template: str, settings: Settings) -> None:
    async with serving(servers, template, settings, trusted_proxies=("127.0.0.1/32",)) as (hub, http):
        evil = {
            "host": "evil.example",
            "x-forwarded-host": "evil.example",
            "x-forwarded-proto": "https",
            "x-forwarded-port": "666",
            "forwarded": "for=203.0.113.1;host=evil.example;proto=https",
        }
        for path in ("/", "/.well-known/oauth-authorization-server", "/.well-known/jwks.json", "/nothing"):
            answer, usual = await http.get(path, headers=evil), await http.get(path)
            assert answer.text == usual.text
            assert "evil" not in answer.text + str(answer.headers)
        assert (await http.get("/.well-known/oauth-authorization-server")).json()["issuer"] == hub.settings.issuer


# Refused within a graph ---------------------------------------------------------------------------------------------


async def test_a_field_says_so_too() -> None:
    from graphql import GraphQLError

    from services.kit.graphql import shown

    with i18n.speaking("en"):
        error = shown(GraphQLError("x", original_error=TooMany("Later, please.", 0.2)))
    assert error == {"message": "Later, please.", "extensions": {"code": "TOO_MANY", "status": 429, "problems": []}}
    assert TooMany("Later, please.", 0.2).seconds == 1


# Settings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "factor"), [(None, 1.0), ("", 1.0), ("on", 1.0), ("ON ", 1.0), ("off", 0.0), ("10", 10.0), ("0.5", 0.5)]
)
def test_rates_are_set(text: str | None, factor: float) -> None:
    assert from_environment({} if text is None else {"LOTSENNETZ_RATES": text}).rates == factor


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e9", "yes", "10x", "0x10"])
def test_rates_that_cannot_be_read_are_refused(text: str) -> None:
    with i18n.speaking("en"), pytest.raises(Refused, match="LOTSENNETZ_RATES takes"):
        from_environment({"LOTSENNETZ_RATES": text})
