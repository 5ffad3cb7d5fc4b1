"""The three mixes: what people and programs ask on a weekday, when a registration opens, and on a state's day."""

import json
import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote

from services.cli import demo
from services.cli.client import Client
from services.kit.auth import cookie_name
from services.kit.service import Hub
from tests.bench import reads, registering
from tests.bench.callers import snapshot
from tests.bench.data import Network
from tests.browser_like import Browser, account
from tests.load.calls import GRAPH, JSON, Call, asked

DIRECTORY, EVENTS = "directory", "events"
HTML: Final = {"accept": "text/html", "accept-language": "de"}
PAGE: Final = "</html>"
CALLS: Final = 3_000
"""So many drawn requests stand in a plan of a weekday."""
PUBLISHERS, CHANGES, COORDINATORS = 32, 8, 8
WEEKDAY: Final[Mapping[str, int]] = {
    "query: a city with its people": 20, "query: people on a topic": 15, "query: projects on a topic": 15,
    "page: front": 5, "page: search": 13, "page: a city": 12, "page: a navigator": 7, "page: a coordinator’s desk": 5,
    "publish: PUT": 5, "publish: mutation": 3,
}  # fmt: skip
"""How many of a hundred requests are of a kind."""
QUERIES: Final = dict(zip(list(WEEKDAY)[:3], reads.queries([reads.QUERIES]), strict=True))

REGISTRATION: Final = "query ($link: String!) { myRegistration(link: $link) { state position } }"
IDEA: Final = "mutation ($link: String!, $text: String!) { noteIdea(link: $link, text: $text) { idea { id } } }"
CREATE_VOTE: Final = """mutation ($event: ID!, $vote: VoteInput!) { createVote(event: $event, vote: $vote) {
  id candidates { id } } }"""
CAST: Final = """mutation ($vote: ID!, $points: [VotePointsInput!]!, $link: String) {
  castVote(vote: $vote, points: $points, link: $link) { entitled voted } }"""
VOTE: Final[Mapping[str, Any]] = {
    "title": "Was zuerst?", "criteria": [{"name": "Nutzen", "most": 3}],
    "candidates": [{"title": "Ein gemeinsames Formular"}, {"title": "Ein Chatbot"}], "tieRule": "LOT",
}  # fmt: skip
GRAPHQL: Final = (
    *(query.texts["hub"] for query in QUERIES.values()), demo.PUBLISH, registering.REGISTER, REGISTRATION, IDEA,
    CREATE_VOTE, CAST,
)  # fmt: skip
"""Everything that the mixes ask the graph."""
PRESS, IDEAS, VOTES = "press: register", "press: an idea", "press: a vote"


def page(kind: str, at: str, path: str, *, says: str = PAGE, pause: float = 0.0, **headers: str) -> Call:
    return Call(kind, at, path, headers={**HTML, **headers}, says=says, pause=pause)


# A weekday ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Publisher:
    """A city's program: its key and its authorization."""

    ags: str
    authorization: str


async def coordinators(hub: Hub, count: int = COORDINATORS) -> list[tuple[str, str]]:
    """AGS and cookie of people who are logged in."""
    found = []
    for number in range(count):
        ags, browser = f"0801{number:04}", Browser(hub)
        await browser.log_in(await account(hub, ags, "coordinator", name=f"Kim Beispiel {number}"))
        name = cookie_name(hub.settings.issuer)
        found.append((ags, f"{name}={browser.http.cookies[name]}"))
        await browser.close()
    return found


async def publisher(client: Client, ags: str) -> Publisher:
    """Publishes once, so that its city is there; the token counts for ten minutes."""
    await client.ask(demo.PUBLISH, snapshot=snapshot(ags, 0))
    return Publisher(ags, (await client.headers())["authorization"])


def weekday(
    network: Network, publishers: Sequence[Publisher], desks: Sequence[tuple[str, str]], seed: int = 1
) -> list[Call]:
    """Drawn requests in the shares of WEEKDAY."""
    pick, found = random.Random(seed), list[Call]()
    bodies = {kind: query.bodies("hub", network, CALLS // 5) for kind, query in QUERIES.items()}
    for kind in pick.choices(list(WEEKDAY), weights=list(WEEKDAY.values()), k=CALLS):
        if kind in bodies:
            found.append(Call(kind, GRAPH, method="POST", body=pick.choice(bodies[kind]), headers=JSON))
        elif kind.startswith("publish"):
            found.append(_publication(kind, pick.choice(publishers), pick.randrange(CHANGES)))
        else:
            found.append(_page(kind, network, desks, pick))
    return found


def _page(kind: str, network: Network, desks: Sequence[tuple[str, str]], pick: random.Random) -> Call:
    match kind.removeprefix("page: "):
        case "front":
            return page(kind, DIRECTORY, "/")
        case "search":
            word = reads.DRAWN["word"](network, pick)
            return page(kind, DIRECTORY, f"/directory?q={quote(word)}")
        case "a city":
            city = pick.choice(network.cities)
            return page(kind, DIRECTORY, f"/city/{city['ags']}", says=str(city["name"]))
        case "a navigator":
            return page(kind, DIRECTORY, f"/navigator/{pick.choice(network.navigators)['id']}")
        case _:
            ags, cookie = pick.choice(desks)
            return page(kind, DIRECTORY, f"/city/{ags}/desk", cookie=cookie)


def _publication(kind: str, one: Publisher, change: int) -> Call:
    sent, headers = snapshot(one.ags, change), {**JSON, "authorization": one.authorization}
    if kind == "publish: PUT":
        path = f"/directory/cities/{one.ags}"
        return Call(kind, DIRECTORY, path, "PUT", json.dumps(sent), headers, says='"version"')
    return asked(kind, demo.PUBLISH, headers=headers, snapshot=sent)


# Registration opens ---------------------------------------------------------------------------------------------------


def rush(links: Sequence[str]) -> list[list[Call]]:
    """Everybody opens the page of their link, presses the button, and looks where they stand."""
    return [
        [
            replace(page("page: registration", EVENTS, f"/events/registration/{link}"), pause=number % 97 / 97),
            asked(PRESS, registering.REGISTER, link=link, pause=0.5),
            asked("query: where one stands", REGISTRATION, link=link, pause=1.0),
        ]
        for number, link in enumerate(links)
    ]


# A day on many phones -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Day:
    """An event of today, the links of its people, and a vote that is open."""

    event: str
    links: Sequence[str]
    vote: str
    candidates: Sequence[str]


def day(found: Day, seconds: float, seed: int = 1) -> list[list[Call]]:
    """Everybody looks at their page three times and votes; every fourth notes an idea. Evenly within `seconds`."""
    return [
        list(_phone(found, number, seconds, random.Random(f"{seed}-{number}"))) for number in range(len(found.links))
    ]


def _phone(found: Day, number: int, seconds: float, pick: random.Random) -> Iterator[Call]:
    link = found.links[number]
    looks = page("page: one’s own day", EVENTS, f"/events/{found.event}/mine/{link}")
    points = [{"candidate": one, "points": [pick.randint(0, 3)]} for one in found.candidates]
    calls = [looks, asked(VOTES, CAST, vote=found.vote, points=points, link=link), looks]
    if number % 4 == 0:
        calls.insert(1, asked(IDEAS, IDEA, link=link, text=f"Idee {number}: {uuid.UUID(int=pick.getrandbits(128))}"))
    calls.append(page("page: one’s votes", EVENTS, f"/events/{found.event}/mine/{link}/votes"))
    moments = sorted(pick.uniform(0, seconds) for _call in calls)
    for call, before, moment in zip(calls, [0.0, *moments], moments, strict=False):
        yield replace(call, pause=moment - before)
