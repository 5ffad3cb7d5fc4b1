"""What is known of the day so far, and the hands with which everybody acts in it."""

import asyncio
import datetime as dt
import re
from collections.abc import Awaitable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import httpx
import pytest

from services.cli import demo
from services.cli.browser import Browser
from services.cli.client import Answered, Client
from tests.events.test_feeds import Program
from tests.kit.kill_mail import Postman
from tests.stories.deployments import Deployment

KONSTANZ, HEILBRONN = "08335043", "08121000"
EACH = 18
"""People of each city; three more than there are places."""
PLACES = 15
MAIL_SECONDS = 30.0
SEATED = """query ($id: ID!) { event(id: $id) { rounds { number starts tables { number
  participants { navigator { id } } } } movedSeats { navigator { id } round table } } }"""


@dataclass
class Person:
    """Somebody of the directory: their mails, and what these and their badge open."""

    ags: str
    key: str
    name: str
    email: str
    id: str = ""
    own: str = ""
    """Their own page in the directory, from the notice."""
    event: str = ""
    """The end of their link to the event, from the invitation."""
    day: str = ""
    """The address behind the QR code of the day."""

    @property
    def personal(self) -> str:
        return self.own.rpartition("/")[2]

    @property
    def day_link(self) -> str:
        return self.day.rpartition("/")[2]


@dataclass(frozen=True)
class Letter:
    to: str
    subject: str
    text: str
    mail: EmailMessage

    def link(self, path: str) -> str:
        """The one address in it that has this path."""
        (found,) = set(re.findall(rf"https?://\S+{path}[A-Za-z0-9_-]+", self.text))
        return str(found)


@dataclass
class Post:
    """The mail server, and everything that it took."""

    postman: Postman
    letters: list[Letter] = field(default_factory=list)

    def to(self, email: str, *words: str) -> list[Letter]:
        """The letters to somebody that have all these words, oldest first."""
        for content in self.postman.got[len(self.letters) :]:
            mail = message_from_bytes(content, policy=policy.default)
            text = mail.get_body(("plain",))
            assert text is not None
            assert mail.get_body(("html",)) is not None
            words_ = text.get_content().replace("\r\n", "\n")
            self.letters.append(Letter(str(mail["To"]), str(mail["Subject"]), words_, mail))
        return [
            one for one in self.letters if one.to == email and all(w in f"{one.subject}\n{one.text}" for w in words)
        ]

    async def comes(self, email: str, *words: str, count: int = 1) -> Letter:
        """The newest such letter, once there are `count`."""
        for _turn in range(int(MAIL_SECONDS / 0.05)):
            if len(found := self.to(email, *words)) >= count:
                return found[-1]
            await asyncio.sleep(0.05)
        have = [(one.subject, one.text) for one in self.to(email)]
        raise AssertionError(f"no mail to {email} with {words}: {have}")


@dataclass
class Day:
    deployment: Deployment
    post: Post
    konstanz: Client
    heilbronn: Client
    organiser: Client
    http: httpx.AsyncClient
    """Whoever has no account: with links, or with nothing at all."""
    browser: Browser
    people: dict[str, list[Person]] = field(default_factory=dict)
    """By city, in the order of their keys."""
    id: str = ""
    draft: dict[str, Any] = field(default_factory=dict)
    """The event as the organiser wrote it last."""
    plan: str = ""
    calendars: dict[str, Program] = field(default_factory=dict)
    """By the key of the person, or by the city."""
    papers: dict[str, str] = field(default_factory=dict)
    """What was printed last, in words."""
    absent: list[Person] = field(default_factory=list)
    ideas: dict[str, Any] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)
    """The topics of the afternoon: their ids by a word."""
    space: dict[str, Any] = field(default_factory=dict)
    """The open space as the organiser saw it last."""
    vote: dict[str, Any] = field(default_factory=dict)
    """The vote on ideas as it was counted."""
    changed: set[str] = field(default_factory=set)

    def at(self, key: str) -> Person:
        """`kn-01` is the first of Konstanz."""
        return next(one for each in self.people.values() for one in each if one.key == key)

    @property
    def everybody(self) -> list[Person]:
        return [one for each in self.people.values() for one in each]

    @property
    def url(self) -> str:
        return f"{self.deployment.services['events']}/events/{self.id}"

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """As somebody without a token. Raises Answered."""
        asked = {"query": query, "variables": variables}
        body = (await self.http.post(self.deployment.graph, json=asked)).json()
        if body.get("errors"):
            raise Answered(body["errors"])
        return dict(body["data"])

    async def press(self, person: Person, query: str, **variables: Any) -> dict[str, Any]:
        """With the link of their invitation."""
        return dict((await self.ask(query, link=person.event, **variables))["it"])

    async def change(self, **changes: Any) -> None:
        """The organiser writes the event anew."""
        self.draft |= changes
        change = "mutation ($id: ID!, $event: EventInput!) { changeEvent(id: $id, event: $event) { id } }"
        await self.organiser.ask(change, id=self.id, event=self.draft)

    async def takes_part(self) -> set[str]:
        query = "query ($id: ID!) { event(id: $id) { participants { navigator { id } } } }"
        found = (await self.organiser.ask(query, id=self.id))["event"]["participants"]
        return {one["navigator"]["id"] for one in found}

    async def there(self) -> list[Person]:
        """Who takes part and has not stayed away."""
        found = await self.takes_part()
        return [one for one in self.everybody if one.id in found and one not in self.absent]

    async def seats(self) -> list[dict[str, int]]:
        """For each round: the tables by person."""
        return by_person((await self.organiser.ask(SEATED, id=self.id))["event"]["rounds"])


def by_person(rounds: list[dict[str, Any]]) -> list[dict[str, int]]:
    return [
        {one["navigator"]["id"]: table["number"] for table in number["tables"] for one in table["participants"]}
        for number in rounds
    ]


async def refused(call: Awaitable[Any], reason: str) -> str:
    """What the hub answers, in words, when it refuses for this `reason`."""
    with pytest.raises(Answered) as caught:
        await call
    assert caught.value.reason == reason, caught.value
    return caught.value.message


def zone() -> str:
    """A timezone in which it is morning now, and the same date as in UTC: the open space of the day lies ahead,
    whenever the day is played. The signs of these names are POSIX's: `Etc/GMT+5` is five hours behind.
    """
    offset = min(max(7 - dt.datetime.now(dt.UTC).hour, -12), 14)
    return f"Etc/GMT{-offset:+d}"


def snapshot(name: str) -> dict[str, Any]:
    """The demo's city with `EACH` of its people, to whom mails can be sent."""
    full = demo.snapshot(name)
    people = [{**one, "email": f"{one['key']}@{name}.example"} for one in full["navigators"][:EACH]]
    known = {one["key"] for one in people}
    projects = [{**one, "navigators": [k for k in one["navigators"] if k in known]} for one in full["projects"]]
    return {**full, "city": {**full["city"], "contactEmail": f"digital@{name}.example"}, "navigators": people,
            "projects": projects}  # fmt: skip
