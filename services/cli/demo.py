"""The #KNmeetsHN day of 1 October 2019, played through the public API.

Source: annual report 2019 of Konstanz's navigators, section 2.4.4 and figure 13. Agenda, cities and departments are
those of the day; all persons are invented.
"""

import shutil
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from services.app import chosen
from services.cli import joining
from services.cli.client import Answered, Client
from services.cli.running import running, servers
from services.directory import search
from services.directory.oauth import clients
from services.kit import i18n
from services.kit.db import HUB
from services.kit.errors import Conflict, HubError
from services.kit.i18n import gettext as _
from services.kit.service import Hub
from services.kit.settings import Settings

DATA = Path(__file__).parent / "knmeetshn"
KONSTANZ, HEILBRONN = joining.KONSTANZ, joining.HEILBRONN

PUBLISH = """mutation ($snapshot: SnapshotInput!) { publishDirectory(snapshot: $snapshot) {
  cityChanged city { name }
  navigators { added changed withdrawn unchanged } projects { added changed withdrawn unchanged } } }"""
FIND = """query ($topic: ID!) { navigators(topic: $topic, first: 100) { nodes {
  id name city { ags name } department } } }"""
EVERYBODY = "query ($city: ID!) { city(ags: $city) { navigators(first: 100) { nodes { id } } } }"
CREATE = "mutation ($event: EventInput!) { createEvent(event: $event) { id title } }"
JOIN = """mutation ($event: ID!, $navigators: [ID!]!) {
  addParticipants(event: $event, navigators: $navigators) { participants { navigator { id } } } }"""
PLAN = "mutation ($input: PlanRoundsInput!) { planRounds(input: $input) { id state } }"
PROGRESS = """subscription ($id: ID!) { planProgress(id: $id) {
  state error progress { percent objective upperBound } } }"""
RESULT = """query ($id: ID!) { plan(id: $id) { state quality {
    objective { value random bound } benefit { value random bound } repeats { value random bound }
    repeatedMeetings fewestCities leastAffinity proposals }
  rounds { number tables { number topic { label } cities { city { name } people }
    navigators { id name department city { name } } } } } }"""
CONFIRM = "mutation ($id: ID!) { confirmPlan(id: $id) { confirmed } }"
DAY = """query ($id: ID!) { event(id: $id) { title date hashtag venue { name }
  participants { navigator { name city { name } topics { label } } }
  rounds { number starts tables { number topic { label } participants { navigator { id } } } }
  papers { name url } } }"""


BEGINS = {"pdf": b"%PDF-", "xlsx": b"PK", "ics": b"BEGIN:VCALENDAR"}
"""How a paper's file begins, by its ending."""


class Wrong(HubError):
    """A step of the demo did not come out as it must."""


def _must(true: object, what: str) -> None:
    if not true:
        raise Wrong(_("This should have been so: {what}", what=what))


def snapshot(name: str) -> Any:
    """A file of the demo's data: `konstanz`, `heilbronn` or `event`."""
    return msgspec.json.decode((DATA / f"{name}.json").read_bytes())


def kept_here(settings: Settings) -> Settings:
    """The settings of a hub whose people are invented: no mail leaves this machine, whatever server is named."""
    return replace(settings, smtp_url="")


async def register(hub: Hub, url: str = "", graph: str = "") -> tuple[Client, Client, Client]:
    """The operator's part: clients of both cities and of the organiser, who comes from Konstanz.

    They fetch tokens at `url` (the hub's own address by default) and ask `graph`.
    """
    out = []
    directory = hub.runtimes["directory"]
    for name, ags, scopes in (
        ("Konstanz", KONSTANZ, ("directory:read", "directory:write", "events:read")),
        ("Heilbronn", HEILBRONN, ("directory:read", "directory:write", "events:read")),
        ("#KNmeetsHN", KONSTANZ, ("directory:read", "events:read", "events:write", "matching:read", "matching:write")),
    ):
        async with directory.db.begin(HUB) as session:
            made = await clients.add(session, name, ags, scopes)
        address = url or hub.settings.issuer
        out.append(Client(address, made.client_id, made.client_secret, i18n.language(), graph))
    konstanz, heilbronn, organiser = out
    return konstanz, heilbronn, organiser


async def fill(hub: Hub) -> None:
    """The demo's cities and day for a hub to click through; nothing where anybody has published before."""
    async with hub.runtimes["directory"].db.read(HUB) as session:
        if await search.cities(session, 1):
            return
    clients = await register(hub)
    try:
        await play(*clients, None)
    finally:
        for client in clients:
            await client.close()


async def run(settings: Settings, out: Path) -> int:
    """Play the day on a hub of its own that starts clean, print the account, leave the papers in `out`."""
    began = time.monotonic()
    # The cities' logins run on this machine.
    settings = replace(kept_here(settings), data=settings.data / "demo", port=0, outbound_local=True)
    if not settings.database_url and settings.data.exists():
        with servers(settings):  # complains if a demo runs there right now, and ends what a killed one left
            pass
        shutil.rmtree(settings.data)
    with servers(settings) as found:
        async with running(found, chosen()) as (hub, _server):
            async with hub.runtimes["directory"].db.read(HUB) as session:
                if await search.cities(session, 1):
                    raise Conflict(
                        _(
                            "The database of LOTSENNETZ_DATABASE_URL holds cities already. The demo starts clean: give "
                            "it an empty one, or none, and it brings its own."
                        )
                    )
            print(_("#KNmeetsHN, 1 October 2019: two cities, fifty navigators, one day"))
            joined = await joining.join(hub, print)
            clients = (joined.konstanz, joined.heilbronn, joined.organiser)
            try:
                await play(*clients, out)
            finally:
                for client in clients:
                    await client.close()
    print(_("   Mails to the people were not sent: they lie in {folder}", folder=settings.data / "mails"))
    print(_("\nDone in {seconds:.0f} seconds.", seconds=time.monotonic() - began))
    return 0


async def play(
    konstanz: Client, heilbronn: Client, organiser: Client, out: Path | None, *, seconds: float = 3.0
) -> str:
    """All steps, each checked; returns the event's id. Without `out` no paper is fetched and nothing is printed.

    `seconds` is how long the plan is searched for.
    """
    say = print if out is not None else (lambda *_words: None)
    await publish(konstanz, heilbronn, say)
    event = await _event(organiser, say)
    plan = await _plan(organiser, event, seconds, say)
    _show_quality(plan["quality"], say)
    _show_groups(plan["rounds"], say)
    await organiser.ask(CONFIRM, id=plan["id"])
    day = await organiser.until(DAY, lambda data: len(data["event"]["rounds"]) == len(plan["rounds"]), id=event)
    _must(len(day["event"]["participants"]) == 50, "50 participants with names, cities and topics in one query")
    _must(
        all(p["navigator"]["name"] and p["navigator"]["topics"] for p in day["event"]["participants"]),
        "every participant's name and topics",
    )
    if out is not None:
        await _papers(organiser, day["event"]["papers"], out)
    return event


async def publish(konstanz: Client, heilbronn: Client, say: Any) -> None:
    """Both cities publish, twice, and one tries to publish for the other."""
    say(_("\n2. The cities publish"))
    for client, name in ((konstanz, "konstanz"), (heilbronn, "heilbronn")):
        wanted = snapshot(name)
        done = (await client.ask(PUBLISH, snapshot=wanted))["publishDirectory"]
        people, projects = len(done["navigators"]["added"]), len(done["projects"]["added"])
        _must(people == len(wanted["navigators"]) and projects == len(wanted["projects"]), "a whole snapshot")
        again = (await client.ask(PUBLISH, snapshot=wanted))["publishDirectory"]
        _must(
            len(again["navigators"]["unchanged"]) == people
            and not (again["cityChanged"] or again["navigators"]["added"] or again["navigators"]["changed"]),
            "the same snapshot again changes nothing",
        )
        say(
            _(
                "   {city}: {people} navigators, {projects} projects; sent again: nothing changes",
                city=done["city"]["name"],
                people=people,
                projects=projects,
            )
        )
    try:
        await heilbronn.ask(PUBLISH, snapshot=snapshot("konstanz"))
    except Answered as refused:
        _must(refused.reason == "FORBIDDEN", "a city's token cannot write another city")
    else:
        _must(False, "a city's token cannot write another city")
    say(_("   Heilbronn tries to publish for Konstanz: refused"))


async def _event(organiser: Client, say: Any) -> str:
    say(_("\n3. The organiser searches and invites"))
    found = (await organiser.ask(FIND, topic="finance"))["navigators"]["nodes"]
    cities = {n["city"]["name"] for n in found}
    _must(cities == {"Heilbronn", "Konstanz"}, "people on finance in both cities")
    say(
        _(
            "   On municipal finance with all it includes: {count} people in {cities}",
            count=len(found),
            cities=" + ".join(sorted(cities)),
        )
    )
    event = (await organiser.ask(CREATE, event=snapshot("event")))["createEvent"]
    people = []
    for ags in (KONSTANZ, HEILBRONN):
        page = (await organiser.ask(EVERYBODY, city=ags))["city"]["navigators"]["nodes"]
        people += [node["id"] for node in page]
    joined = (await organiser.ask(JOIN, event=event["id"], navigators=people))["addParticipants"]
    _must(len(joined["participants"]) == 50, "25 navigators of each city take part")
    say(_("   {title}: {count} participants", title=event["title"], count=len(joined["participants"])))
    return str(event["id"])


async def _plan(organiser: Client, event: str, seconds: float, say: Any) -> dict[str, Any]:
    wanted = snapshot("event")["rounds"]
    say(_("\n4. Speed dating: {rounds} rounds at {tables} tables", rounds=wanted["count"], tables=wanted["tables"]))
    asked = {
        "event": event,
        "rounds": wanted["count"],
        "tables": wanted["tables"],
        "tableTopics": wanted["tableTopics"],
        "seconds": seconds,
        "seed": 2019,
    }
    plan_id = (await organiser.ask(PLAN, input=asked))["planRounds"]["id"]
    last: dict[str, Any] = {}
    with suppress(GeneratorExit):
        async for told in organiser.follow(PROGRESS, id=plan_id):
            last = told["planProgress"]
    _must(last.get("state") == "DONE", f"the plan is done, not {last.get('state')}: {last.get('error')}")
    plan: dict[str, Any] = (await organiser.ask(RESULT, id=plan_id))["plan"]
    quality = plan["quality"]
    whole, benefit, repeats = (quality[name] for name in ("objective", "benefit", "repeats"))
    _must(whole["random"] < whole["value"] <= whole["bound"], "a plan between chance and the bound")
    _must(benefit["value"] > 1.3 * benefit["random"], "clearly more topics in common than by chance")
    _must(repeats["bound"] <= repeats["value"] < repeats["random"], "fewer repeats than by chance")
    for number in plan["rounds"]:
        seated = [n["id"] for table in number["tables"] for n in table["navigators"]]
        _must(len(seated) == len(set(seated)) == 50, "everybody sits at one table in every round")
        for table in number["tables"]:
            _must([c["people"] for c in table["cities"]] == [5, 5], "five of each city at every table")
    return {**plan, "id": plan_id}


def _show_quality(quality: dict[str, Any], say: Any) -> None:
    say(
        _(
            "   In common: {value:.0f} points; by chance {random:.0f}, no plan has more than {bound:.0f}",
            **quality["benefit"],
        )
    )
    say(
        _(
            "   Repeated meetings: {value:.0f}; by chance {random:.0f}, no plan has fewer than {bound:.0f}",
            **quality["repeats"],
        )
    )
    say(_("   Five of each city at every table"))


def _show_groups(rounds: list[dict[str, Any]], say: Any) -> None:
    say(_("\n   The groups of round 1"))
    for table in rounds[0]["tables"]:
        say(f"   {table['number']}  {table['topic']['label']}")
        for city in sorted({n["city"]["name"] for n in table["navigators"]}):
            names = ", ".join(n["name"] for n in table["navigators"] if n["city"]["name"] == city)
            say(f"      {city}: {names}")


async def _papers(organiser: Client, papers: list[dict[str, str]], out: Path) -> None:
    print(_("\n5. The papers of the day"))
    out.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - nobody else waits in this process
    for paper in papers:
        content = await organiser.fetch(paper["url"])
        _must(
            content.startswith(BEGINS[paper["name"].rpartition(".")[2]]) and len(content) > 1000,
            f"{paper['name']} is a paper",
        )
        (out / paper["name"]).write_bytes(content)
        print(f"   {out / paper['name']}  ({len(content) / 1000:.0f} kB)")
