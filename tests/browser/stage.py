"""What people find after a while: two cities with their people, an event of today with everything on it, one to come.

A `Stage` keeps one account for each kind of person, so that an organiser finds their events again, and makes further
days for the stories, which change them.
"""

import asyncio
import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.cli import demo
from services.directory.protection import notices
from services.kit.service import Hub
from tests.browser_like import Browser, account
from tests.directory.test_register import HEILBRONN, KONSTANZ, Line, file, load
from tests.events.day import halves, seat
from tests.events.open_space import PROPOSE, PUBLISH, SET
from tests.stories.test_pages import PEOPLE

LOOKERS: Final[Mapping[str, tuple[str, tuple[str, ...]] | None]] = {
    **PEOPLE, "a participant": None, "the hall": None,
}  # fmt: skip
"""Who looks on; the last two have no login, but a link or an address."""
ORGANISER: Final = "an organiser"
COORDINATOR: Final = "a coordinator"
CENTRAL: Final = "a central navigator"
NAMES: Final = {
    "a navigator": "Lale Sommer", COORDINATOR: "Ines Morgenroth", CENTRAL: "Jonas Wiesner",
    "an operator": "Mira Talbach", ORGANISER: "Tarek Lindner",
}  # fmt: skip
"""Invented; each has a mail address of their name."""
NEWCOMERS: Final = (
    Line("08335901", "Tannhofen", population=4_812, postal_code="78991"),
    Line("08335902", "Quellbach", population=7_204, postal_code="78992"),
)
"""Municipalities that have not registered, invented."""
PLAN_SECONDS: Final = 120
LINKS: Final = "query ($id: ID!) { event(id: $id) { dayLinks { navigator { id } link url } } }"
CLOCK: Final = "query ($id: ID!) { event(id: $id) { clock { revision } } }"
COMMAND: Final = "mutation ($event: ID!, $expected: Int!) { %s(event: $event, expected: $expected) { revision } }"
STATE: Final = "query ($id: ID!) { plan(id: $id) { state } }"
DRAFTS: Final = "query ($event: ID!) { openSpace(event: $event) { plans { id state error } } }"
DRAFT: Final = "mutation ($event: ID!) { planOpenSpace(event: $event) { id } }"
VOTE: Final = {
    "title": "Was zuerst?", "criteria": [{"name": "Nutzen", "most": 3}, {"name": "Schnell", "most": 1}],
    "candidates": [{"title": "Ein gemeinsames Formular"}, {"title": "Ein Chatbot"}], "tieRule": "LOT",
}  # fmt: skip
TOPICS: Final = ("Einfache Sprache", "E-Akte: vom Papier zum Vorgang", "Wie finden wir Zeit dafür?", "Bürgerkonto")


@dataclass(frozen=True)
class Event:
    """An event of the organiser; `mine` is the path of one participant's page of the day."""

    id: str
    people: list[str]
    mine: str = ""

    @property
    def path(self) -> str:
        return f"/organise/{self.id}"


@dataclass
class Stage:
    hub: Hub
    accounts: dict[str, uuid.UUID] = field(default_factory=dict)
    starts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By person where they begin to look around, if not at the front page."""

    async def browser(self, person: str) -> Browser:
        """As this person; logged in, if they are one of those who can be."""
        browser, role = Browser(self.hub), LOOKERS[person]
        if role:
            if person not in self.accounts:
                name = NAMES[person]
                email = f"{name.lower().replace(' ', '.')}@verwaltung.example"
                self.accounts[person] = await account(self.hub, role[0], *role[1], email=email, name=name)
            await browser.log_in(self.accounts[person])
        return browser

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """What the graph answers to the organiser."""
        browser = await self.browser(ORGANISER)
        answer = await browser.graph(query, **variables)
        await browser.close()
        assert "errors" not in answer, answer
        return dict(answer["data"])

    async def event(self, count: int = 16, *, seated: bool = False, **changes: Any) -> Event:
        """An event of today and tomorrow, people of both cities; with `seated`, they have tables in three rounds."""
        today = dt.datetime.now(ZoneInfo("Europe/Berlin")).date()
        days = {"date": today.isoformat(), "lastDay": (today + dt.timedelta(days=1)).isoformat()}
        made = await self.ask(demo.CREATE, event={**demo.snapshot("event"), **days, **changes})
        event, people = str(made["createEvent"]["id"]), []
        for ags in (demo.KONSTANZ, demo.HEILBRONN):
            found = (await self.ask(demo.EVERYBODY, city=ags))["city"]["navigators"]["nodes"]
            people += [str(node["id"]) for node in found[: count // 2]]
        await self.ask(demo.JOIN, event=event, navigators=people)
        await self.hub.settle()
        if not seated:
            return Event(event, people)
        await seat(self.hub, event, halves(people))
        links = (await self.ask(LINKS, id=event))["event"]["dayLinks"]
        url = next(one["url"] for one in links if one["navigator"]["id"] == people[0])
        return Event(event, people, url.removeprefix(self.hub.settings.issuer))

    async def command(self, event: Event, name: str) -> None:
        """To the clock of the rounds, such as `startRound`."""
        revision = (await self.ask(CLOCK, id=event.id))["event"]["clock"]["revision"]
        await self.ask(COMMAND % name, event=event.id, expected=revision)

    async def market(self, event: Event) -> None:
        """Rooms, times on the second day, and topics for an open space."""
        now = dt.datetime.now(ZoneInfo("Europe/Berlin"))
        starts = [
            (now + dt.timedelta(days=1)).replace(hour=hour, minute=0, second=0, microsecond=0) for hour in (13, 14)
        ]
        slots = [{"starts": one.isoformat(), "ends": (one + dt.timedelta(minutes=45)).isoformat()} for one in starts]
        rooms = [{"name": f"Raum {n}", "capacity": 20, "features": ["STEP_FREE"]} for n in (1, 2)]
        await self.ask(SET, event=event.id, rooms=rooms, slots=slots)
        for title in TOPICS[:3]:
            await self.ask(PROPOSE, event=event.id, proposal={"title": title})

    async def plan(self, event: Event) -> str:
        """A plan of the groups that is found; its id."""
        wanted = {"event": event.id, "rounds": 3, "tables": 4, "seconds": 1.0}
        made = str((await self.ask(demo.PLAN, input=wanted))["planRounds"]["id"])
        async with asyncio.timeout(PLAN_SECONDS):
            while (await self.ask(STATE, id=made))["plan"]["state"] != "DONE":
                await asyncio.sleep(0.1)
        return made

    async def agenda(self, event: Event) -> None:
        """The published agenda of the open space."""
        await self.ask(DRAFT, event=event.id)
        async with asyncio.timeout(PLAN_SECONDS):
            while (plan := (await self.ask(DRAFTS, event=event.id))["openSpace"]["plans"][0])["state"] != "DONE":
                assert plan["state"] != "FAILED", plan
                await asyncio.sleep(0.1)
        await self.ask(PUBLISH, plan=plan["id"])


async def opened(hub: Hub) -> Stage:
    """The cities have published, and their people were told; nothing is organised yet."""
    await load(hub, file(KONSTANZ, HEILBRONN, *NEWCOMERS))
    clients = await demo.register(hub)
    for client, name in zip(clients, ("konstanz", "heilbronn"), strict=False):
        await client.ask(demo.PUBLISH, snapshot=demo.snapshot(name))
    for client in clients:
        await client.close()
    await hub.settle()
    directory = hub.runtimes["directory"]
    await notices.tell(directory, directory.db)
    return Stage(hub)
