"""Search as you type over a full directory: `python -m tests.bench.finding` prints p50 and p99 in milliseconds.

11,000 cities, 50,000 navigators and 100,000 projects, made up of syllables and the vocabulary. 32 users type words that
are there, a fifth of them with a mistake, letter by letter; each letter is a question to the graph. They run in a
process of their own, so that the hub has one for itself.
"""

import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import msgspec

from services.app import chosen
from services.cli.client import Client
from services.cli.running import running, set_aside
from services.directory import projection, register, store
from services.directory.access import CLIENT_SCOPES
from services.directory.batch import Batch, write
from services.directory.finding import dictionary
from services.directory.finding.terms import known
from services.directory.oauth import clients as oauth_clients
from services.directory.snapshot import CityRow, Identities, NavigatorRow, ProjectRow
from services.kit import embedded
from services.kit.db import HUB
from services.kit.service import Hub, Runtime
from services.kit.settings import Settings

CITIES, NAVIGATORS, PROJECTS = 11_000, 50_000, 100_000
USERS, SECONDS, TYPING = 32, 10.0, 0.15
AT_ONCE = 500
"""Cities in one batch."""
SUGGEST = "query ($text: String!) { suggest(text: $text) { kind id label hint } }"
ONSETS, VOWELS = ("", *"bdfghklmnprstwz", "br", "sch", "st", "tr"), (*"aeiou", "ei", "au")
CODAS = ("", *"klmnrst", "ck", "ng", "rt", "tz")
DEPARTMENTS = ("Hauptamt", "Kämmerei", "Bürgeramt", "Hochbauamt", "Stadtarchiv", "Kulturamt", "Jugendamt", "Bauhof")
OBJECTS = ("im Bürgeramt", "für Vereine", "ohne Papier", "mit den Nachbarn", "in der Kämmerei", "auf dem Bauhof")


def name(pick: random.Random, syllables: int) -> str:
    parts = (pick.choice(kind) for _ in range(syllables) for kind in (ONSETS, VOWELS, CODAS))
    return "".join(parts).title()


async def fill(runtime: Runtime) -> list[str]:
    """Fill the directory; returns words to type."""
    pick = random.Random(4)
    firsts, lasts = [name(pick, 2) for _ in range(400)], [name(pick, 2) for _ in range(9_000)]
    async with runtime.db.begin(HUB) as session:
        vocabulary = await store.vocabulary(session, {})
        labels = {topic.code: topic.de for topic in (await known(session, {})).topics}
    codes, typed = list(labels), dict[str, None]()
    for start in range(0, CITIES, AT_ONCE):
        batch = Batch()
        for number in range(start, min(start + AT_ONCE, CITIES)):
            ids = Identities(b"bench", f"{1 + number % 16:02}{number:06}")
            city = CityRow(ags=ids.ags, name=name(pick, 3) + pick.choice(("burg", "hausen", "stadt", "dorf")))
            population = int(1000 * 1.0006 ** pick.randrange(10_000))
            batch.cities.append(projection.city(city) | register.facts(ids.ags, population, None))
            for one in range(NAVIGATORS // CITIES + (number < NAVIGATORS % CITIES)):
                person = NavigatorRow(
                    key=f"n{one}", name=f"{pick.choice(firsts)} {pick.choice(lasts)}",
                    department=pick.choice(DEPARTMENTS), offers=tuple(pick.sample(codes, 2)),
                    seeks=tuple(pick.sample(codes, 1)),
                )  # fmt: skip
                values = projection.navigator(ids, person, vocabulary, {person.key: ids.navigator(person.key)})
                batch.navigators.append(values | projection.navigator_links(values, vocabulary))
                typed[person.name.lower()] = None
            for one in range(PROJECTS // CITIES + (number < PROJECTS % CITIES)):
                topic = pick.choice(codes)
                project = ProjectRow(
                    key=f"p{one}", title=f"{labels[topic]} {pick.choice(OBJECTS)}", topics=(topic,),
                    summary=f"{labels[pick.choice(codes)]}, {name(pick, 4)}", stage="RUNNING",
                )  # fmt: skip
                links = {"above": projection.above(project.topics, vocabulary)}
                batch.projects.append(projection.project(ids, project, vocabulary) | links)
            typed[city.name.lower()] = None
        async with runtime.db.begin(HUB) as session:
            await write(session, batch)
    async with runtime.db.begin(HUB) as session:
        await dictionary.refresh(session, await known(session, {}))
    words = pick.sample(list(typed), 300) + [word.lower() for label in labels.values() for word in label.split()]
    return [word for word in words if len(word) > 3]


@asynccontextmanager
async def full_hub() -> AsyncIterator[tuple[Hub, list[str]]]:
    with (
        tempfile.TemporaryDirectory(prefix="ln-") as folder,
        embedded.postgres(Path(folder)) as database,
        embedded.valkey(Path(folder)) as redis,
    ):
        own = Settings(port=0, secret="bench", database_url=database, redis_url=redis, workers=False, rates=0.0)
        async with running(own, chosen()) as (hub, _server):
            words = await fill(hub.runtimes["directory"])
            owner = await asyncpg.connect(database)
            await owner.execute("VACUUM ANALYZE")
            await owner.close()
            set_aside()
            yield hub, words


# The users, in a process of their own ----------------------------------------------------------------------------


class Wire:
    """A connection kept open, without a client library, whose cost would hide what is measured."""

    def __init__(self, url: str, authorization: str) -> None:
        self.parts, self.authorization = urlsplit(url), authorization

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(self.parts.hostname, self.parts.port)

    async def ask(self, text: str) -> bytes:
        body = msgspec.json.encode({"query": SUGGEST, "variables": {"text": text}})
        self.writer.write(
            f"POST {self.parts.path} HTTP/1.1\r\nhost: {self.parts.hostname}\r\nauthorization: {self.authorization}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = await self.reader.readuntil(b"\r\n\r\n")
        answer = await self.reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0]))
        assert head.startswith(b"HTTP/1.1 200"), head
        assert b'"errors"' not in answer, answer
        return answer


def mistyped(word: str, pick: random.Random) -> str:
    at = pick.randrange(1, len(word) - 1)
    return word[:at] + pick.choice((word[at + 1] + word[at] + word[at + 2 :], word[at] + word[at:], word[at + 1 :]))


async def users(url: str, authorization: str, words: list[str], pause: float) -> list[float]:
    took: list[float] = []
    until = time.perf_counter() + SECONDS

    async def user(number: int) -> None:
        pick, wire = random.Random(number), Wire(url, authorization)
        await wire.open()
        await asyncio.sleep(pick.random() * pause)
        while time.perf_counter() < until:
            word = pick.choice(words)
            word = mistyped(word, pick) if pick.random() < 0.2 else word
            for length in range(1, len(word) + 1):
                asked = time.perf_counter()
                await wire.ask(word[:length])
                took.append(time.perf_counter() - asked)
                if pause:
                    await asyncio.sleep(pause * pick.uniform(0.7, 1.3))
        wire.writer.close()

    await asyncio.gather(*(user(number) for number in range(USERS)))
    return sorted(took)


async def measured(hub: Hub, words: list[str], pause: float) -> tuple[float, float, float]:
    """(requests per second, p50, p99), the latter in milliseconds."""
    async with hub.runtimes["directory"].db.begin(HUB) as session:
        made = await oauth_clients.add(session, "bench", "08335043", CLIENT_SCOPES)
    client = Client(hub.settings.issuer, made.client_id, made.client_secret)
    given: dict[str, Any] = {
        "url": f"{hub.settings.issuer}/graphql", "words": words, "pause": pause,
        "authorization": (await client.headers())["authorization"],
    }  # fmt: skip
    await client.close()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.finding", "users", stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _none = await process.communicate(json.dumps(given).encode())
    took = json.loads(out)
    return len(took) / SECONDS, took[len(took) // 2] * 1000, took[len(took) * 99 // 100] * 1000


async def main() -> list[str]:
    """The lines of the section for docs/benchmarks-directory.md."""
    rows = []
    async with full_hub() as (hub, words):
        await measured(hub, words, TYPING)  # warm
        for what, pause, aim in (
            ("with the pauses of people", TYPING, " (aim < 30 ms)"),
            ("without any pause", 0.0, ""),
        ):
            rate, middle, slow = await measured(hub, words, pause)
            rows.append(f"| {what} | {rate:.0f} | {middle:.1f} ms | {slow:.1f} ms{aim} |")
    return [
        "## Search as you type",
        "",
        f"{USERS} people in another process, typing over HTTP (about 150 ms between letters, a fifth of the words",
        f"mistyped), in a directory of {CITIES:,} cities, {NAVIGATORS:,} navigators and {PROJECTS:,} projects.",
        "",
        "| | per second | p50 | p99 |",
        "|---|---|---|---|",
        *rows,
    ]


if __name__ == "__main__":
    if sys.argv[1:] == ["users"]:
        print(json.dumps(asyncio.run(users(**json.load(sys.stdin)))))
    else:
        print("\n".join(asyncio.run(main())))
