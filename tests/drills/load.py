"""A small steady load, and the ledger of what was acknowledged.

Each writer leads one person after another through the whole hub: their city publishes them, the organiser invites them,
and once they have the mail they register for the event. A step that fails is done again with the same idempotency key
or link, as a careful program would, until it is acknowledged.
"""

import asyncio
import datetime as dt
import random
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from types import SimpleNamespace
from typing import Any

import httpx

from services.cli import demo
from services.cli.client import Answered, Client
from services.events import daylinks
from tests.drills.figures import Sample
from tests.kit.kill_mail import Postman
from tests.stories.deployments import Deployment

CITIES = {"08335043": "Konstanz", "08121000": "Heilbronn"}
CITY = ("directory:read", "directory:write", "events:read")
ORGANISER = ("directory:read", "events:read", "events:write")
READERS = 3
ANSWER_SECONDS = 10.0
"""How long anybody waits for an answer."""
AGAIN_SECONDS = 0.5
READ_PAUSE, WRITE_PAUSE = (0.1, 0.4), (0.2, 0.8)
"""Seconds between two requests of a reader or writer, by chance."""
PUT = """mutation ($ags: ID!, $key: String!, $row: NavigatorInput!) {
  putNavigator(ags: $ags, idempotencyKey: $key, row: $row) { navigators { added unchanged } } }"""
FIND = "query ($ags: ID!, $text: String!) { navigators(city: $ags, text: $text, first: 2) { nodes { id name } } }"
INVITATION = "Einladung"
"""How the subject of an invitation begins."""
INVITE = """mutation ($event: ID!, $person: ID!) {
  inviteToEvent(event: $event, invitation: { navigators: [$person] }) { invited already } }"""
REGISTER = "mutation ($link: String!) { registerForEvent(link: $link) { state } }"
READS = (
    "query ($ags: ID!) { city(ags: $ags) { name navigators(first: 10) { nodes { name department } } } }",
    "query ($ags: ID!) { city(ags: $ags) { name events { nodes { title date } } } }",
    "query ($ags: ID!) { navigators(city: $ags, first: 5) { nodes { id name } } }",
)


@dataclass
class Person:
    """Somebody invented, and what was acknowledged of them."""

    ags: str
    key: str
    name: str
    email: str
    tried: bool = False
    """Whether it was tried to publish them at all."""
    published: bool = False
    id: str = ""
    invited: bool = False
    registered: bool = False


@dataclass
class Mailbox:
    """What arrived at the mail server."""

    postman: Postman
    _read: list[tuple[str, str, str]] = field(default_factory=list)

    def heads(self) -> list[tuple[str, str, str]]:
        """To, Message-ID and Subject of every mail."""
        for content in self.postman.got[len(self._read) :]:
            mail = message_from_bytes(content.partition(b"\r\n\r\n")[0], policy=policy.default)
            self._read.append((str(mail["To"]), str(mail["Message-ID"]), str(mail["Subject"])))
        return self._read

    def invited(self) -> set[str]:
        """Who got an invitation."""
        return {to for to, _message, subject in self.heads() if subject.startswith(INVITATION)}


@dataclass
class Load:
    """Readers and writers, from `begin` until `end`."""

    there: Deployment
    mailbox: Mailbox
    seed: int
    people: list[Person] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    problems: Counter[str] = field(default_factory=Counter)
    """What requests that got no answer ended with."""
    event: str = ""
    overtaken: int = 0
    """How often whoever had just written did not find it."""
    _going: asyncio.Event = field(default_factory=asyncio.Event)
    _asking: int = 0
    _clients: list[Client] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def begin(self) -> None:
        """Make the cities and the event, then keep asking."""
        chance = random.Random(self.seed)
        self._going.set()
        cities = {ags: await self._client(ags, *CITY) for ags in CITIES}
        organiser = await self._client(next(iter(CITIES)), *ORGANISER)
        for ags, client in cities.items():
            await client.ask(demo.PUBLISH, snapshot={"city": {"ags": ags, "name": CITIES[ags]}, "navigators": []})
        date = (dt.datetime.now(dt.UTC) + dt.timedelta(days=60)).date().isoformat()
        host, guest = CITIES
        draft = {"title": "Lernreise", "date": date, "host": host, "guests": [guest]}
        self.event = str((await organiser.ask(demo.CREATE, event=draft))["createEvent"]["id"])
        rules = "mutation ($e: ID!, $r: RegistrationInput!) { setRegistration(event: $e, registration: $r) { id } }"
        await organiser.ask(rules, e=self.event, r={"releaseNeeded": False})
        for number in range(READERS):
            client = await self._client(host, "directory:read", "events:read")
            self._start(self._read(client, random.Random(chance.random()), number))
        for ags, client in cities.items():
            self._start(self._write(client, organiser, ags, random.Random(chance.random())))

    def go_on(self) -> None:
        """Ask again, and forget what was measured before."""
        self.samples.clear()
        self.problems.clear()
        self.overtaken = 0
        self._going.set()

    async def pause(self) -> None:
        """Returns when nobody waits for an answer any more."""
        self._going.clear()
        while self._asking:
            await asyncio.sleep(0.1)

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(client.close() for client in self._clients))

    def _start(self, work: Any) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def _client(self, ags: str, *scopes: str) -> Client:
        client = await self.there.client(ags, *scopes)
        client.http.timeout = httpx.Timeout(ANSWER_SECONDS)
        self._clients.append(client)
        return client

    async def _asked(self, kind: str, ask: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any] | None:
        """The answer; None where there was none, or one that says to come again."""
        await self._going.wait()
        self._asking += 1
        began, found, ok = time.monotonic(), None, True
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                found = await ask()
        except Answered as problem:
            ok = False
            self.problems[problem.reason or "INTERNAL"] += 1
        except Exception as problem:  # noqa: BLE001 - whatever it was, it was no answer
            ok = False
            self.problems[type(problem).__name__] += 1
        finally:
            self._asking -= 1
        self.samples.append(Sample(kind, began, time.monotonic() - began, ok))
        return found

    async def _read(self, client: Client, chance: random.Random, number: int) -> None:
        cities = list(CITIES)
        while True:
            query, ags = READS[number % len(READS)], chance.choice(cities)
            number += 1
            await self._asked("read", lambda query=query, ags=ags: client.ask(query, ags=ags))  # type: ignore[misc]
            await asyncio.sleep(chance.uniform(*READ_PAUSE))

    async def _write(self, city: Client, organiser: Client, ags: str, chance: random.Random) -> None:
        invited: list[Person] = []
        while True:
            word = "".join(chance.choices("bdfgklmnprstvz", k=3)) + uuid.UUID(int=chance.getrandbits(128)).hex[:9]
            person = Person(ags, word, f"Kim {word.title()}", f"{word}@stadt.example")
            self.people.append(person)
            await self._lead(person, city, organiser, chance)
            invited.append(person)
            there = self.mailbox.invited()
            for one in [one for one in invited if one.email in there]:
                await self._register(one, organiser, chance)
                invited.remove(one)

    async def _lead(self, person: Person, city: Client, organiser: Client, chance: random.Random) -> None:
        row = {"key": person.key, "name": person.name, "email": person.email, "department": "Hauptamt"}
        person.tried = True
        await self._until(lambda: city.ask(PUT, ags=person.ags, key=f"drill:{person.key}", row=row), chance)
        person.published = True
        turns = 0
        while not person.id:
            found = await self._until(lambda: city.ask(FIND, ags=person.ags, text=person.name.split()[1]), chance)
            nodes = found["navigators"]["nodes"]
            if nodes:
                person.id = str(nodes[0]["id"])
            self.overtaken += not nodes and turns == 0
            turns += 1
        while not person.invited:  # until events has heard of them, it knows nobody of that id
            found = await self._until(lambda: organiser.ask(INVITE, event=self.event, person=person.id), chance)
            person.invited = any(found["inviteToEvent"].values())

    async def _register(self, person: Person, organiser: Client, chance: random.Random) -> None:
        link = daylinks.token(
            self.there.hub.settings,
            SimpleNamespace(id=uuid.UUID(self.event)),  # type: ignore[arg-type]  # all of it that is used
            uuid.UUID(person.id),
        )
        await self._until(lambda: organiser.ask(REGISTER, link=link), chance)
        person.registered = True

    async def _until(self, ask: Callable[[], Awaitable[dict[str, Any]]], chance: random.Random) -> dict[str, Any]:
        """Ask until it is acknowledged."""
        while True:
            await asyncio.sleep(chance.uniform(*WRITE_PAUSE))
            found = await self._asked("write", ask)
            if found is not None:
                return found
            await asyncio.sleep(AGAIN_SECONDS)
