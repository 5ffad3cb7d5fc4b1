"""The three measurements at a place: what is there before, what Locust does, and whether the database agrees."""

import asyncio
import uuid
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from itertools import count

import asyncpg

from services.cli.client import Client
from services.kit.service import Hub
from tests.bench import live, registering
from tests.bench.data import Network
from tests.load import mixes
from tests.load.calls import Call, Plan
from tests.load.mixes import Day
from tests.load.places import Place
from tests.load.running import Measured, measured
from tests.load.streams import Streams, Told, held

WARM = 3.0
EXTENDS_MINUTES, COMMAND_PAUSE = 1, 2.0


# A weekday ------------------------------------------------------------------------------------------------------------


async def drawn(place: Place, network: Network) -> list[Call]:
    """The requests of the next ten minutes: as long as tokens count."""
    publishers = []
    for number in range(mixes.PUBLISHERS):
        ags = f"0801{number:04}"
        client = await place.deployment.client(ags)
        publishers.append(await mixes.publisher(client, ags))
        await client.close()
    return mixes.weekday(network, publishers, await mixes.coordinators(place.deployment.hub))


async def weekday(place: Place, calls: Sequence[Call], users: int, seconds: float) -> Measured:
    return await measured(place, Plan(place.bases, calls, seconds=seconds, warm=WARM), users)


# Registration opens ---------------------------------------------------------------------------------------------------


def _clients(place: Place) -> registering.Clients:
    async def client(_hub: Hub, ags: str) -> Client:
        return await place.deployment.client(ags)

    return client


async def people(place: Place, count: int) -> None:
    """So many of two cities, once."""
    await registering.people(place.deployment.hub, _clients(place), count)


async def invited(place: Place, places: int) -> tuple[uuid.UUID, list[str]]:
    """A new event with so many places to which everybody is invited, and their links."""
    return await registering.event(place.deployment.hub, _clients(place), places)


async def rush(place: Place, count: int, seconds: float) -> Measured:
    """They come evenly within `seconds`. It is a failure where places, or who waits, are not as they must be."""
    event, links = await invited(place, count // 4)
    scripts = mixes.rush(links)
    found = await measured(
        place, Plan(place.bases, scripts=scripts, seconds=seconds), len(scripts), spawn=len(scripts) / seconds
    )
    acknowledged = found.kinds[mixes.PRESS].requests - found.kinds[mixes.PRESS].failures
    taking, turns = await counted(
        place,
        "SELECT count(*) FROM events.participant WHERE event_id = $1",
        "SELECT count(DISTINCT turn) FROM events.registration WHERE event_id = $1 AND turn IS NOT NULL",
        event=event,
    )
    places = count // 4
    return agreed(
        agreed(found, "people with a place", taking, min(places, acknowledged)),
        "people who wait", turns, max(acknowledged - places, 0),
    )  # fmt: skip


# A day on many phones -------------------------------------------------------------------------------------------------


async def opened(place: Place, phones: int) -> tuple[Day, Client]:
    """An event of today with so many people at tables, an open vote, and the organiser's client."""
    settings = place.deployment.hub.settings
    event, _organiser, credentials, links = await live.world(
        place.owner, settings.redis_url or "", phones, settings.secret
    )
    client = Client(place.deployment.tokens, *credentials, graph=place.deployment.graph)
    vote = (await client.ask(mixes.CREATE_VOTE, event=event, vote=mixes.VOTE))["createVote"]
    return Day(event, links, vote["id"], [one["id"] for one in vote["candidates"]]), client


async def day(place: Place, phones: int, seconds: float) -> Measured:
    """Everybody's stream is open; the clock is commanded again and again; people look, note ideas and vote."""
    found, client = await opened(place, phones)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(client.close)
        revisions = count()
        await command(client, found, "startRound", next(revisions))
        bases = [base[mixes.EVENTS] for base in place.bases]
        urls = [f"{bases[n % len(bases)]}/events/{found.event}/mine/{link}/live" for n, link in enumerate(found.links)]
        streams = await stack.enter_async_context(held(urls))
        told: list[Told] = []
        done = await measured(
            place, Plan(place.bases, scripts=mixes.day(found, seconds), seconds=seconds), phones,
            beside=partial(_led, client, found, streams, revisions, told), clients=[streams.pid],
        )  # fmt: skip
        done = replace(done, streams=phones, came=streams.came, told=told)
    ideas, votes = await counted(
        place,
        "SELECT count(*) FROM events.idea WHERE event_id = $1",
        "SELECT count(*) FROM events.vote_turnout t JOIN events.vote v ON v.id = t.vote_id WHERE v.event_id = $1",
        event=uuid.UUID(found.event),
    )
    for kind, there in ((mixes.IDEAS, ideas), (mixes.VOTES, votes)):
        one = done.kinds[kind]
        done = agreed(done, kind, there, one.requests - one.failures)
    return done


async def command(client: Client, found: Day, name: str, revision: int, more: str = "") -> None:
    await client.ask(live.COMMAND % (name, more), e=found.event, r=revision)


async def _led(
    client: Client, found: Day, streams: Streams, revisions: Iterator[int], told: list[Told], over: asyncio.Event
) -> None:
    """The organiser commands the clock: a minute more, and now and then the next round."""
    rounds = live.ROUNDS - 1
    for number in count(1):
        await asyncio.sleep(COMMAND_PAUSE)
        if over.is_set():
            return
        await streams.begin()
        if number % 4 == 0 and rounds:
            rounds -= 1
            await command(client, found, "nextRound", next(revisions))
        else:
            await command(client, found, "extendRound", next(revisions), f", minutes: {EXTENDS_MINUTES}")
        told.append(await streams.told())


# Whether the database agrees ------------------------------------------------------------------------------------------


async def counted(place: Place, *queries: str, event: uuid.UUID) -> list[int]:
    connection = await asyncpg.connect(place.owner)
    try:
        return [int(await connection.fetchval(query, event)) for query in queries]
    finally:
        await connection.close()


def agreed(found: Measured, what: str, there: int, wanted: int) -> Measured:
    """With failures where the database has something else than what was acknowledged."""
    if there == wanted:
        return found
    whole = replace(found.all, failures=found.all.failures + abs(there - wanted))
    errors = [*found.errors, f"{what}: {there} in the database, {wanted} acknowledged"]
    return replace(found, kinds={**found.kinds, "Aggregated": whole}, errors=errors)
