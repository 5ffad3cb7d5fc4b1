"""What the tests of open spaces share: an event with people, their links, rooms and times, and a plan that is done."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.cli import demo
from services.cli.client import Client
from services.kit import links
from services.kit.service import Hub
from tests.conftest import Clients

KONSTANZ, HEILBRONN, SPEYER = "08335043", "08121000", "07318000"
DAY = "2027-10-01"
PROPOSE = """mutation ($event: ID!, $proposal: ProposalInput!, $link: String) {
  proposeSession(event: $event, proposal: $proposal, link: $link) { id number title changeLink } }"""
WISH = """mutation ($event: ID!, $link: String!, $wishes: [WishInput!]!) {
  setWishes(event: $event, link: $link, wishes: $wishes) { proposal wish } }"""
SET = """mutation ($event: ID!, $rooms: [OpenSpaceRoomInput!], $slots: [SlotInput!], $open: Boolean) {
  setOpenSpace(event: $event, rooms: $rooms, slots: $slots, wishesOpen: $open) {
    board { rooms { id name } slots { id } } } }"""
SEEN = """query ($event: ID!, $link: String) { openSpace(event: $event, link: $link) {
  wishesOpen eventLink
  board { revision cancelled moved slots { id } rooms { id name closed }
    sessions { id proposal title part slot room movedIn wasSlot wasRoom trouble interest { interested must } } }
  proposals { id number title text state anonymous origin source mergedInto merged times needs topics { code }
    authors { name navigator { id } } conveners { name navigator { id } } interest { interested must }
    harvest { version results decisions minutes
      actionItems { id text owner navigator { id } city { ags } due state } files { id name mediaType alt size url } } }
  me { wishes { proposal wish } sessions { session wish hosts suggested } proposed hosted away }
  mergeSuggestions { one other score words reason }
  plans { id state error version revision } } }"""
PLAN = """mutation ($event: ID!, $drafts: Int! = 1, $seed: Int! = 1, $iterations: Int, $basis: ID) {
  planOpenSpace(event: $event, drafts: $drafts, seed: $seed, iterations: $iterations, basis: $basis) { id } }"""
DRAFTS = """query ($event: ID!) { openSpace(event: $event) { plans {
  id state error version revision parent brokenRules
  sessions { proposal title part slot room pinned moved turnedAway reasons }
  quality { kept random upperBound worstOff attended seatless turnedAway leftOut }
  provenance { seed iterations digest version byHand } } } }"""
PUBLISH = "mutation ($plan: ID!) { publishOpenSpacePlan(plan: $plan) { board { revision } wishesOpen } }"


@dataclass
class World:
    """An event of two cities with people who have links."""

    hub: Hub
    organiser: Client
    event: str
    people: list[str]

    def link(self, person: int) -> str:
        return personal(self.hub, self.people[person])

    async def propose(self, title: str, person: int | None = None, link: str | None = None, **more: Any) -> str:
        """A proposal's id; by the organiser unless somebody is named."""
        by = link or (self.link(person) if person is not None else None)
        said = await self.organiser.ask(PROPOSE, event=self.event, proposal={"title": title, **more}, link=by)
        return str(said["proposeSession"]["id"])

    async def wish(self, person: int, *likes: str, must: tuple[str, ...] = ()) -> None:
        wishes = [{"proposal": one} for one in likes] + [{"proposal": one, "wish": "MUST"} for one in must]
        await self.organiser.ask(WISH, event=self.event, link=self.link(person), wishes=wishes)

    async def set(self, rooms: int = 2, slots: int = 2, seats: Sequence[int] = ()) -> tuple[list[str], list[str]]:
        """Rooms and slots, by their ids."""
        wanted = {
            "rooms": [
                {"name": f"Raum {n}", "capacity": count, "features": ["STEP_FREE"]}
                for n, count in enumerate(seats or range(20, 20 + rooms), 1)
            ],
            "slots": [
                {"starts": f"{DAY}T{13 + n}:00:00+02:00", "ends": f"{DAY}T{13 + n}:45:00+02:00"} for n in range(slots)
            ],
        }
        found = (await self.organiser.ask(SET, event=self.event, **wanted))["setOpenSpace"]["board"]
        return [room["id"] for room in found["rooms"]], [slot["id"] for slot in found["slots"]]

    async def seen(self, link: str | None = None, client: Client | None = None) -> dict[str, Any]:
        return dict((await (client or self.organiser).ask(SEEN, event=self.event, link=link))["openSpace"])

    async def proposal(self, key: str) -> dict[str, Any]:
        return next(dict(one) for one in (await self.seen())["proposals"] if one["id"] == key)

    async def drafts(self) -> list[dict[str, Any]]:
        """All drafts, newest first, once none is being computed."""

        def done(data: Any) -> bool:
            return all(plan["state"] in {"DONE", "FAILED"} for plan in data["openSpace"]["plans"])

        found = await self.organiser.until(DRAFTS, done, 60, event=self.event)
        return list(found["openSpace"]["plans"])

    async def plan(self, **asked: Any) -> dict[str, Any]:
        """One draft, computed."""
        (asked_,) = (await self.organiser.ask(PLAN, event=self.event, **asked))["planOpenSpace"]
        return next(plan for plan in await self.drafts() if plan["id"] == asked_["id"])

    async def publish(self, plan: str) -> int:
        said = await self.organiser.ask(PUBLISH, plan=plan)
        return int(said["publishOpenSpacePlan"]["board"]["revision"])


def personal(hub: Hub, navigator: str) -> str:
    """Somebody's personal link, as their mails have it."""
    return links.signed(hub.settings, links.PERSON, UUID(navigator).bytes, timedelta(hours=1))


async def world(hub: Hub, clients: Clients, people: int = 8) -> World:
    """Two cities that have published, an organiser from Konstanz, and an event in which `people` of both take part."""
    for ags, name in ((KONSTANZ, "konstanz"), (HEILBRONN, "heilbronn")):
        await (await clients(ags)).ask(demo.PUBLISH, snapshot=demo.snapshot(name))
    organiser = await clients(KONSTANZ)
    event = {**demo.snapshot("event"), "kind": "OPEN_SPACE", "date": DAY}
    made = str((await organiser.ask(demo.CREATE, event=event))["createEvent"]["id"])
    keys = []
    for ags in (KONSTANZ, HEILBRONN):
        nodes = (await organiser.ask(demo.EVERYBODY, city=ags))["city"]["navigators"]["nodes"]
        keys += [node["id"] for node in nodes[: people // 2]]
    await organiser.ask(demo.JOIN, event=made, navigators=keys)
    return World(hub, organiser, made, keys)


async def gathered(*work: Any) -> list[Any]:
    """All at once; what one raises is in its place."""
    return list(await asyncio.gather(*work, return_exceptions=True))
