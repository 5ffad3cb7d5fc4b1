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

from sqlalchemy import select

from services.cli import demo
from services.directory.protection import notices, person
from services.events import daylinks, models
from services.events.models import Registration
from services.events.registration import links
from services.kit.db import HUB
from services.kit.service import Hub
from tests.browser_like import Browser, account
from tests.directory.test_register import HEILBRONN, KONSTANZ, file, load
from tests.events.day import halves, seat
from tests.events.open_space import PROPOSE, PUBLISH, SET
from tests.events.test_day_pages import FILL
from tests.stories.test_pages import PEOPLE, STARTS, organise

LOOKERS: Final[Mapping[str, tuple[str, tuple[str, ...]] | None]] = {
    **PEOPLE, "a participant": None, "the hall": None,
}  # fmt: skip
"""Who looks on; the last two have no login, but a link or an address."""
ORGANISER: Final = "an organiser"
PLAN_SECONDS: Final = 120
LINKS: Final = "query ($id: ID!) { event(id: $id) { dayLinks { navigator { id name } url } } }"
CLOCK: Final = "query ($id: ID!) { event(id: $id) { clock { revision } } }"
COMMAND: Final = "mutation ($event: ID!, $expected: Int!) { %s(event: $event, expected: $expected) { revision } }"
STATE: Final = "query ($id: ID!) { plan(id: $id) { state } }"
DRAFTS: Final = "query ($event: ID!) { openSpace(event: $event) { plans { id state error } } }"
DRAFT: Final = "mutation ($event: ID!) { planOpenSpace(event: $event) { id } }"
VOTE: Final = {
    "title": "Was zuerst?", "criteria": [{"name": "Nutzen", "most": 3}, {"name": "Schnell", "most": 1}],
    "candidates": [{"title": "Ein gemeinsames Formular"}, {"title": "Ein Chatbot"}], "tieRule": "LOT",
}  # fmt: skip
SURVEY: Final = {"title": "Rückblick", "questions": [
    {"kind": "SCALE", "text": "Wie war der Tag?"},
    {"kind": "CHOICE", "text": "Was hat geholfen?", "options": ["Die Runden", "Der Open Space"], "most": 2},
    {"kind": "TEXT", "text": "Und sonst?"}, {"kind": "FACTORS", "text": "Was ist da?"},
]}  # fmt: skip
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
                self.accounts[person] = await account(self.hub, role[0], *role[1])
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
    await load(hub, file(KONSTANZ, HEILBRONN))
    clients = await demo.register(hub)
    for client, name in zip(clients, ("konstanz", "heilbronn"), strict=False):
        await client.ask(demo.PUBLISH, snapshot=demo.snapshot(name))
    for client in clients:
        await client.close()
    await hub.settle()
    directory = hub.runtimes["directory"]
    await notices.tell(directory, directory.db)
    return Stage(hub)


async def fill(stage: Stage) -> None:
    """An event of today on which everything has begun, and one to come with an open registration."""
    today = await stage.event(seated=True)
    plans = [await stage.plan(today) for _each in range(2)]
    await stage.ask(demo.CONFIRM, id=plans[0])
    await stage.ask(
        FILL, event=today.id, vote=VOTE, survey=SURVEY,
        vehicle={"name": "Bus 1", "seats": 9, "points": [{"name": "Bahnhof", "leaves": "07:00"}]},
    )  # fmt: skip
    await stage.market(today)
    await stage.agenda(today)
    await stage.command(today, "startRound")
    browser = await stage.browser(ORGANISER)
    soon = await organise(browser)
    invite = f"{soon}/people/invite"
    await browser.submit(await browser.http.get(invite), invite, cities=[demo.KONSTANZ])
    plan = f"{today.path}/groups/{plans[1]}"
    copied = await browser.submit(await browser.http.get(plan), f"{plan}/act", step="copy")
    copy = copied.headers["location"]
    await browser.close()
    await stage.hub.settle()
    compared = f"{today.path}/groups/compare?one={plans[0]}&other={plans[1]}"
    stage.starts = {
        ORGANISER: (
            *STARTS, "/organise", today.path, *(f"{soon}{rest}" for rest in ("", "/people", "/people/rules")),
            f"{soon}/people/invite", copy, f"{copy}/rounds/1", compared,
        ),
        "a coordinator": (*STARTS, f"/city/{demo.KONSTANZ}/harvest"),
        "a participant": (today.mine, *await _mailed(stage.hub, soon)),
        "the hall": (f"/events/{today.id}/screen", f"/events/{today.id}/board?screen=1"),
    }  # fmt: skip


async def _mailed(hub: Hub, path: str) -> list[str]:
    """Pages that links in mails open: of somebody who is invited, of somebody who registered and of their superior."""
    runtime, event_id = hub.runtimes["events"], uuid.UUID(path.rpartition("/")[2])
    asked = select(Registration).where(Registration.event_id == event_id).order_by(Registration.navigator_id)
    async with runtime.db.read(HUB) as session:
        event = await session.get_one(models.Event, event_id)
        one, other = [row.navigator_id for row in await session.scalars(asked.limit(2))]
    tokens = [daylinks.token(hub.settings, event, key) for key in (one, other)]
    page, browser = f"/events/registration/{tokens[0]}", Browser(hub)
    sent = await browser.submit(await browser.http.get(page), f"{page}/register", superior="leitung@konstanz.example")
    assert sent.status_code == 303
    await browser.close()
    async with runtime.db.read(HUB) as session:
        row = (await session.scalars(asked.where(Registration.navigator_id == one))).one()
        superior = links.superior(hub.settings, event, row)
    async with hub.runtimes["directory"].db.read(HUB) as session:
        address = (await person.find(session, hub.settings, one)).shown.email or ""
    return [
        *(f"/events/registration/{token}" for token in tokens), f"/events/release/{superior}",
        f"/events/invitations/{links.invitations(hub.settings, one)}", person.link(hub.settings, one, address),
        "/events/certificates",
    ]  # fmt: skip
