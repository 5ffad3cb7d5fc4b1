"""An idea becomes the project of a city, which decides; others join. Nothing happens twice."""

import asyncio
import uuid
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from services.app import chosen
from services.cli.client import Answered, Client
from services.contracts.directory import NavigatorErased
from services.directory import cards
from services.directory.protection import erasure
from services.events import intake
from services.kit.db import HUB
from services.kit.service import Hub
from tests.conftest import Clients
from tests.directory.vocabulary_world import mails, said
from tests.events.day import HEILBRONN, KONSTANZ, SPEYER, day, links
from tests.events.test_ideas import noted
from tests.events.test_votes import NOTE, opened, reason

MAKE = """mutation ($event: ID!, $idea: ID, $candidate: ID, $city: ID, $title: String! = "", $summary: String! = "") {
  makeProjectCard(event: $event, idea: $idea, candidate: $candidate, city: $city, title: $title, summary: $summary) {
    id title summary state idea candidate city { ags } topics { code } } }"""
BACK = "mutation ($id: ID!) { withdrawProjectCard(id: $id) { state } }"
CARDS = "query ($id: ID!) { event(id: $id) { projectCards { id state title project { id title city { ags } } } } }"
PROPOSED = """query ($state: ProposedProjectState, $first: Int! = 20, $after: String) {
  proposedProjects(state: $state, first: $first, after: $after) { nodes {
    id state title summary eventTitle event topics { code } navigators { id } project { id stage seeksPartners } }
    pageInfo { hasNextPage endCursor } } }"""
ACCEPT = """mutation ($id: ID!, $key: String! = "", $people: [ID!], $open: Boolean! = true) {
  acceptProposedProject(id: $id, key: $key, navigators: $people, seeksPartners: $open) { state
    project { id title stage seeksPartners city { ags } navigators { id } topics { code } } } }"""
DECLINE = "mutation ($id: ID!) { declineProposedProject(id: $id) { state project { id } } }"
JOIN = """mutation ($project: ID!, $people: [ID!], $note: String! = "") {
  joinProject(project: $project, navigators: $people, note: $note) { id partners {
    city { ags name } navigators { id } note } } }"""
LEAVE = """mutation ($project: ID!, $partner: ID) {
  leaveProject(project: $project, partner: $partner) { partners { note } } }"""
LEAVE_OUT = """mutation { withdrawProject(ags: "08121000", key: "e-akte") { publication } }"""
CONTACT = """mutation ($ags: String!, $name: String!) {
  changeCity(city: {ags: $ags, name: $name, contactEmail: "digital@stadt.example"}) { publication } }"""
PARTNERS = "query ($id: ID!) { project(id: $id) { title partners { city { ags } navigators { id } note } } }"


@pytest.fixture
def hub(alone: Clients) -> Hub:
    """Each test's own: they count what cities were proposed, which the directory keeps."""
    return alone.hub


async def proposed(hub: Hub, organiser: Client, event: str, idea: str, **more: Any) -> str:
    """A card that its city has heard of."""
    made = (await organiser.ask(MAKE, event=event, idea=idea, **more))["makeProjectCard"]["id"]
    await hub.settle()
    return str(made)


async def ideas(organiser: Client, event: str, *texts: str) -> list[str]:
    made = await organiser.ask(NOTE, event=event, ideas=[{"text": one} for one in texts])
    return [one["id"] for one in made["noteIdeas"]]


async def test_from_an_idea_to_a_project_that_others_join(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(hub, clients)
    author = people[5]  # of Heilbronn
    link = (await links(organiser, event))[author]["link"]
    idea = (await noted(organiser, link, "Reisekosten mit einem Klick", named=True))["idea"]["id"]
    heilbronn, konstanz, speyer = await clients(HEILBRONN), await clients(KONSTANZ), await clients(SPEYER)
    await heilbronn.ask(CONTACT, ags=HEILBRONN, name="Heilbronn")
    await konstanz.ask(CONTACT, ags=KONSTANZ, name="Konstanz")
    card = (await organiser.ask(MAKE, event=event, idea=idea))["makeProjectCard"]
    assert (card["city"]["ags"], card["title"], card["state"]) == (
        HEILBRONN,
        "Reisekosten mit einem Klick",
        "PROPOSED",
    )
    (waiting,) = (await heilbronn.ask(PROPOSED))["proposedProjects"]["nodes"]  # it hears of it at once
    assert (waiting["id"], waiting["event"], waiting["navigators"]) == (card["id"], event, [{"id": author}])
    assert (await konstanz.ask(PROPOSED))["proposedProjects"]["nodes"] == []
    # Once more, and at once: the same card.
    again = [organiser.ask(MAKE, event=event, idea=idea) for _ in range(3)]
    assert {one["makeProjectCard"]["id"] for one in await asyncio.gather(*again)} == {card["id"]}
    await hub.settle()
    await cards.tell(hub.runtimes["directory"], hub.runtimes["directory"].db)
    await cards.tell(hub.runtimes["directory"], hub.runtimes["directory"].db)
    assert await mails(hub, "ideas:%") == 1

    done = (await heilbronn.ask(ACCEPT, id=card["id"]))["acceptProposedProject"]
    project = done["project"]
    assert (done["state"], project["stage"], project["seeksPartners"]) == ("ACCEPTED", "IDEA", True)
    assert (project["city"]["ags"], project["navigators"]) == (HEILBRONN, [{"id": author}])
    assert (await heilbronn.ask(ACCEPT, id=card["id"]))["acceptProposedProject"]["project"] == project
    await hub.settle()
    (shown,) = (await organiser.ask(CARDS, id=event))["event"]["projectCards"]
    assert (shown["state"], shown["project"]["id"]) == ("ACCEPTED", project["id"])
    assert len(await said(hub, "ProjectCardDecided")) == 1
    (kept,) = (await heilbronn.ask(PROPOSED, state="ACCEPTED"))["proposedProjects"]["nodes"]
    assert kept["navigators"] == []  # it has served

    joined = (await konstanz.ask(JOIN, project=project["id"], people=people[:2], note="Wir testen"))["joinProject"]
    assert joined["partners"][0]["city"] == {"ags": KONSTANZ, "name": "Konstanz"}
    nobody = await clients(None, "events:read")
    for reader in (nobody, speyer):
        (partner,) = (await reader.ask(PARTNERS, id=project["id"]))["project"]["partners"]
        assert (partner["note"], {one["id"] for one in partner["navigators"]}) == ("Wir testen", set(people[:2]))
    await konstanz.ask(JOIN, project=project["id"], people=people[:1])
    (partner,) = (await nobody.ask(PARTNERS, id=project["id"]))["project"]["partners"]
    assert (partner["note"], partner["navigators"]) == ("", [{"id": people[0]}])
    for call, expected in (
        (speyer.ask(JOIN, project=project["id"]), "REFUSED"),  # has not published
        (heilbronn.ask(JOIN, project=project["id"]), "REFUSED"),  # their own
        (konstanz.ask(JOIN, project=project["id"], people=[author]), "REFUSED"),  # not theirs
        (nobody.ask(JOIN, project=project["id"]), "FORBIDDEN"),
        (konstanz.ask(JOIN, project=event), "NOT_FOUND"),
        (speyer.ask(LEAVE, project=project["id"], partner=KONSTANZ), "FORBIDDEN"),
    ):
        assert await reason(call) == expected
    assert (await heilbronn.ask(LEAVE, project=project["id"], partner=KONSTANZ))["leaveProject"]["partners"] == []
    assert await mails(hub, f"partner:{project['id']}:%") == 2


async def test_who_may_propose_and_who_decides(hub: Hub, clients: Clients) -> None:
    organiser, event, _people = await day(hub, clients, 2)
    one, two, three = await ideas(organiser, event, "Eins", "Zwei", "Ein langer Satz " * 20)
    heilbronn, konstanz, speyer = await clients(HEILBRONN), await clients(KONSTANZ), await clients(SPEYER)
    own = (await heilbronn.ask(MAKE, event=event, idea=one, city=HEILBRONN))["makeProjectCard"]
    for call, expected in (
        (heilbronn.ask(MAKE, event=event, idea=two, city=KONSTANZ), "FORBIDDEN"),
        (speyer.ask(MAKE, event=event, idea=two, city=SPEYER), "FORBIDDEN"),
        (organiser.ask(MAKE, event=event, idea=two, city=SPEYER), "REFUSED"),
        (organiser.ask(MAKE, event=event, idea=one, city=KONSTANZ), "CONFLICT"),
        (organiser.ask(MAKE, event=event), "REFUSED"),
        (organiser.ask(MAKE, event=event, idea=event), "NOT_FOUND"),
        (konstanz.ask(ACCEPT, id=own["id"]), "NOT_FOUND"),
        (konstanz.ask(DECLINE, id=own["id"]), "NOT_FOUND"),
        ((await clients(HEILBRONN, "directory:read")).ask(ACCEPT, id=own["id"]), "FORBIDDEN"),
    ):
        assert await reason(call) == expected
    long = (await organiser.ask(MAKE, event=event, idea=three, city=KONSTANZ))["makeProjectCard"]
    assert (len(long["title"]) < 90, long["title"][-1], len(long["summary"])) == (True, "…", 319)
    # A vote's candidate that is an idea is that idea; one in words of its own is itself.
    _vote, keys = await opened(organiser, event, candidates=[{"idea": one}, {"title": "Im Wortlaut"}])
    same = (await organiser.ask(MAKE, event=event, candidate=keys[0], city=HEILBRONN))["makeProjectCard"]
    assert same["id"] == own["id"]
    words = (await organiser.ask(MAKE, event=event, candidate=keys[1], title="Anders"))["makeProjectCard"]
    assert (words["title"], words["candidate"]) == ("Anders", keys[1])

    await hub.settle()
    assert (await heilbronn.ask(DECLINE, id=own["id"]))["declineProposedProject"] == {
        "state": "DECLINED", "project": None,
    }  # fmt: skip
    assert await reason(heilbronn.ask(ACCEPT, id=own["id"])) == "CONFLICT"
    await hub.settle()
    assert await reason(organiser.ask(BACK, id=own["id"])) == "CONFLICT"
    assert await reason(organiser.ask(MAKE, event=event, idea=one, city=HEILBRONN)) == "CONFLICT"
    other = await proposed(hub, organiser, event, one, city=KONSTANZ)  # another city can be asked
    assert (await organiser.ask(BACK, id=other))["withdrawProjectCard"]["state"] == "WITHDRAWN"
    await hub.settle()
    assert await reason(konstanz.ask(ACCEPT, id=other)) == "CONFLICT"
    assert [one["state"] for one in (await organiser.ask(CARDS, id=event))["event"]["projectCards"]] == [
        "DECLINED", "PROPOSED", "PROPOSED", "WITHDRAWN",
    ]  # fmt: skip
    assert (await speyer.ask(CARDS, id=event))["event"]["projectCards"] == []
    page = (await konstanz.ask(PROPOSED, first=1))["proposedProjects"]
    rest = await konstanz.ask(PROPOSED, after=page["pageInfo"]["endCursor"])
    assert page["nodes"][0]["id"] not in {one["id"] for one in rest["proposedProjects"]["nodes"]}


async def test_a_project_that_is_left_out_later_comes_back(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(hub, clients)
    (idea,) = await ideas(organiser, event, "E-Akte")
    card = await proposed(hub, organiser, event, idea, city=HEILBRONN)
    heilbronn, konstanz = await clients(HEILBRONN), await clients(KONSTANZ)
    taken = await reason(heilbronn.ask(ACCEPT, id=card, key="x y"))
    assert taken == "REFUSED"
    assert await reason(heilbronn.ask(ACCEPT, id=card, people=[people[0]])) == "NOT_FOUND"  # of Konstanz
    done = (await heilbronn.ask(ACCEPT, id=card, key="e-akte", people=[people[6]], open=False))["acceptProposedProject"]
    assert done["project"]["navigators"] == [{"id": people[6]}]
    assert await reason(konstanz.ask(JOIN, project=done["project"]["id"])) == "CONFLICT"  # looks for nobody
    await heilbronn.ask(LEAVE_OUT)
    (kept,) = (await heilbronn.ask(PROPOSED))["proposedProjects"]["nodes"]
    assert (kept["state"], kept["project"]) == ("ACCEPTED", None)
    again = (await heilbronn.ask(ACCEPT, id=card))["acceptProposedProject"]["project"]
    assert (again["id"], again["seeksPartners"]) == (done["project"]["id"], True)
    await konstanz.ask(JOIN, project=again["id"], people=people[:1])
    # Who leaves the directory leaves the projects of others; a project that goes takes its partners along.
    await heilbronn.ask(LEAVE_OUT)
    async with hub.runtimes["directory"].db.read(HUB) as session:
        for table in ("project_partner", "project_partner_navigator"):
            assert await session.scalar(text(f"SELECT count(*) FROM {table}")) == 0


async def test_who_is_erased_is_in_no_card_and_no_log(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(hub, clients)
    author = people[5]
    link = (await links(organiser, event))[author]["link"]
    named = (await organiser.ask("query ($id: ID!) { navigator(id: $id) { name } }", id=author))["navigator"]["name"]
    idea = (await noted(organiser, link, f"Wie {named} es macht", named=True))["idea"]["id"]
    card = await proposed(hub, organiser, event, idea)
    gone = erasure.Gone(uuid.UUID(author), HEILBRONN, "x", (named,))
    async with hub.runtimes["directory"].db.begin(HUB) as session:
        for eraser in erasure.erasers:
            await eraser(session, gone)
    (waiting,) = (await (await clients(HEILBRONN)).ask(PROPOSED))["proposedProjects"]["nodes"]
    assert (waiting["title"], waiting["navigators"]) == ("Wie … es macht", [])
    async with hub.runtimes["events"].db.begin(HUB) as session:
        await intake.erase(session, NavigatorErased(id=author, ags=HEILBRONN))
    await hub.settle()
    async with hub.runtimes["events"].db.read(HUB) as session:
        left = await session.scalar(
            text("SELECT count(*) FROM log WHERE strpos(body::text, :name) + strpos(body::text, :id) > 0"),
            {"name": named, "id": author},
        )
    assert left == 0
    (waiting,) = (await (await clients(HEILBRONN)).ask(PROPOSED))["proposedProjects"]["nodes"]
    assert (waiting["id"], waiting["title"], waiting["state"]) == (card, "Wie … es macht", "PROPOSED")


async def test_a_city_s_people_see_only_their_own(hub: Hub, clients: Clients) -> None:
    with pytest.raises(Answered) as caught:
        await (await clients(None)).ask(PROPOSED)
    assert caught.value.reason == "FORBIDDEN"


async def test_the_directory_does_without_events_where_there_are_none(hub: Hub) -> None:
    """As the command line runs it, and a hub that holds no events."""
    cases: list[tuple[dict[str, str], set[str]]] = [({}, set()), ({"events": "http://127.0.0.1:1"}, {"events"})]
    for urls, heard in cases:
        alone = Hub(replace(hub.settings, urls=urls), chosen("directory"))
        assert set(alone.runtimes["directory"].feeds) == heard
        await alone.stop()
