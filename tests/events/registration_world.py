"""Cities whose people have addresses, an event with registration, and people who press the buttons of their links."""

import asyncio
import datetime as dt
import uuid
from typing import Any

import httpx
from sqlalchemy import select

from services.cli import demo
from services.cli.client import Answered, Client
from services.events import daylinks
from services.events.models import Base, Event
from services.events.registration import telling
from services.kit.db import HUB
from services.kit.log import table
from services.kit.service import Hub
from tests.conftest import Clients

HOST, GUEST, STRANGER = "08121000", "08335043", "07318000"
NAMES = {HOST: "Rebstadt", GUEST: "Seestadt", STRANGER: "Domstadt"}
RULES = """mutation ($event: ID!, $rules: RegistrationInput!) {
  setRegistration(event: $event, registration: $rules) { registration { releaseNeeded offerHours } } }"""
INVITE = """mutation ($event: ID!, $who: InvitationInput!) { inviteToEvent(event: $event, invitation: $who) {
  invited already unreachable contactPoints } }"""
ADMIT = """mutation ($event: ID!, $who: [ID!]!, $reason: String! = "") {
  admitToEvent(event: $event, navigators: $who, reason: $reason) { id } }"""
STANDING = "state release position cityPosition offeredUntil"
REGISTER = f"""mutation ($link: String!, $superior: String! = "", $direct: Boolean! = false) {{
  it: registerForEvent(link: $link, superior: $superior, direct: $direct) {{ {STANDING} }} }}"""
DECLINE = f"mutation ($link: String!) {{ it: declineEvent(link: $link) {{ {STANDING} }} }}"
MINE = f"query ($link: String!) {{ it: myRegistration(link: $link) {{ {STANDING} }} }}"
LISTED = """query ($id: ID!, $states: [RegistrationState!]) { event(id: $id) { registration {
  registrations(states: $states, first: 100) { nodes { navigator { id } state release position } }
  cities { city { ags } quota taken free } exceptions { navigator { id } city { ags } kind reason } } } }"""
PEOPLE = "query ($id: ID!) { event(id: $id) { participants { navigator { id } } } }"


def day(days: int = 30) -> str:
    return (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=days)).isoformat()


def held_today() -> dict[str, Any]:
    """When an event of today is: in UTC, of which `day` is, because elsewhere that may be over late in the evening."""
    return {"date": day(0), "timezone": "UTC"}


async def publish(client: Client, ags: str, count: int, **city: Any) -> list[str]:
    """A city of so many navigators, whose ids are answered in the order of their names."""
    people = [
        {"key": f"n{i:04}", "name": f"Lotse {i:04}", "department": "Amt 10", "email": f"n{i:04}@x{ags}.example",
         "offers": ["finance" if i % 2 else "e-file"]}
        for i in range(count)
    ]  # fmt: skip
    town = {"ags": ags, "name": NAMES[ags], "contactEmail": f"digital@x{ags}.example", **city}
    await client.ask(demo.PUBLISH, snapshot={"city": town, "navigators": people})
    found: list[str] = []
    after = None
    for _page in range(count // 100 + 1):
        query = """query ($city: ID!, $after: String) { city(ags: $city) { navigators(first: 100, after: $after) {
          nodes { id name } pageInfo { endCursor } } } }"""
        page = (await client.ask(query, city=ags, after=after))["city"]["navigators"]
        found += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    return found


class World:
    """`hosts` and `guests` are people; the organiser is a client of the host city."""

    def __init__(self, hub: Hub, clients: Clients) -> None:
        self.hub, self.clients = hub, clients
        self.hosts: list[str] = []
        self.guests: list[str] = []
        self.event = ""
        self._row: Event | None = None
        self.organiser: Client
        self.other: Client
        self.http = httpx.AsyncClient(
            base_url=hub.settings.issuer, headers={"accept-language": "de"}, timeout=60, trust_env=False
        )

    @property
    def runtime(self) -> Any:
        return self.hub.runtimes["events"]

    async def begin(self, hosts: int, guests: int, rules: dict[str, Any] | None = None, **event: Any) -> None:
        self.organiser, self.other = await self.clients(HOST), await self.clients(GUEST)
        self.hosts = await publish(self.organiser, HOST, hosts, population=120_000)
        self.guests = await publish(self.other, GUEST, guests, population=20_000)
        draft = {"title": "Lernreise", "date": day(), "host": HOST, "guests": [GUEST], **event}
        self.event = (await self.organiser.ask(demo.CREATE, event=draft))["createEvent"]["id"]
        if rules is not None:
            await self.organiser.ask(RULES, event=self.event, rules={"releaseNeeded": False, **rules})
            await self.organiser.ask(INVITE, event=self.event, who={"cities": [HOST, GUEST]})

    async def link(self, person: str) -> str:
        if self._row is None:
            async with self.runtime.db.read(HUB) as session:
                self._row = await session.get_one(Event, uuid.UUID(self.event))
        return daylinks.token(self.hub.settings, self._row, uuid.UUID(person))

    async def anonymous(self, query: str, **variables: Any) -> dict[str, Any]:
        """As whoever has a link: without any token. Raises Answered."""
        answer = await self.http.post("/graphql", json={"query": query, "variables": variables})
        body = answer.json()
        if body.get("errors"):
            raise Answered(body["errors"])
        return dict(body["data"])

    async def press(self, query: str, person: str, **variables: Any) -> dict[str, Any]:
        found = (await self.anonymous(query, link=await self.link(person), **variables))["it"]
        return dict(found) if found else {}

    async def states(self, query: str, people: list[str], **variables: Any) -> list[str]:
        """One after the other."""
        return [(await self.press(query, one, **variables))["state"] for one in people]

    async def at_once(self, query: str, people: list[str]) -> list[dict[str, Any]]:
        links_ = [await self.link(one) for one in people]
        done = await asyncio.gather(*(self.anonymous(query, link=link) for link in links_))
        return [one["it"] for one in done]

    async def participants(self) -> set[str]:
        found = (await self.organiser.ask(PEOPLE, id=self.event))["event"]["participants"]
        return {one["navigator"]["id"] for one in found}

    async def listed(self, client: Client | None = None, states: list[str] | None = None) -> Any:
        found = await (client or self.organiser).ask(LISTED, id=self.event, states=states)
        return found["event"]["registration"]

    async def tell(self) -> int:
        """As the regular task does, without waiting for more."""
        return await telling.tell(self.runtime, self.runtime.db, dt.timedelta())

    async def letters(self, kind: str) -> list[Any]:
        """The mails that wait, opened, in the order of their recipients."""
        rows = table(Base.metadata, "mail")
        async with self.runtime.db.read(HUB) as session:
            query = select(rows.c.sealed).where(rows.c.kind == kind, rows.c.sealed.is_not(None))
            found = [self.runtime.outbox.open(sealed) for sealed in await session.scalars(query)]
        return sorted(found, key=lambda letter: (letter.to, letter.subject))
