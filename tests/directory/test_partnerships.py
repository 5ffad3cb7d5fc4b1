"""Two cities agree to work together; everybody sees it from then on."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from services.cli.client import Answered
from services.directory import partnerships
from services.kit.service import Hub
from tests.directory.test_publishing import publish
from tests.directory.vocabulary_world import DRESDEN, HEILBRONN, KONSTANZ, People, mails, people

PROPOSE = """mutation ($other: ID!, $topics: [ID!], $note: String! = "") {
  proposePartnership(other: $other, topics: $topics, note: $note) { id status note topics { code } } }"""
ANSWER = "mutation ($id: ID!, $yes: Boolean!) { answerPartnership(id: $id, accept: $yes) { status since } }"
END = "mutation ($id: ID!) { endPartnership(id: $id) { status endedAt } }"
OF = """query ($ags: ID!) { city(ags: $ags) { partnerships {
  status note city { name } other { name } topics { code } since } } }"""
NAMES = {KONSTANZ: "Konstanz", HEILBRONN: "Heilbronn", DRESDEN: "Dresden"}


@pytest_asyncio.fixture
async def world(shared: Hub) -> AsyncIterator[People]:
    async with people(shared) as made:
        yield made


@pytest_asyncio.fixture
async def cities(world: People) -> dict[str, Any]:
    found = {}
    for ags, name in NAMES.items():
        found[name] = await world.clients(ags)
        await publish(
            found[name], {"city": {"ags": ags, "name": name, "contactEmail": f"{name.lower()}@stadt.example"}}
        )
    return found


async def of(client: Any, ags: str) -> list[dict[str, Any]]:
    return list((await client.ask(OF, ags=ags))["city"]["partnerships"])


async def refused(call: Any) -> str:
    with pytest.raises(Answered) as caught:
        await call
    return str(caught.value.reason)


async def test_one_proposes_the_other_agrees_either_ends(world: People, cities: dict[str, Any]) -> None:
    konstanz, heilbronn, dresden = cities["Konstanz"], cities["Heilbronn"], cities["Dresden"]
    nobody = await world.clients(None, "events:read")
    made = (await konstanz.ask(PROPOSE, other=HEILBRONN, topics=["e-file"], note="#KNmeetsHN"))["proposePartnership"]
    assert (made["status"], made["topics"]) == ("PROPOSED", [{"code": "e-file"}])
    assert await mails(world.hub, f"partnership:{made['id']}:proposed:%") == 1
    for city in (konstanz, heilbronn):
        assert [row["note"] for row in await of(city, KONSTANZ)] == ["#KNmeetsHN"]
    for stranger in (dresden, nobody):
        assert await of(stranger, KONSTANZ) == await of(stranger, HEILBRONN) == []

    assert await refused(konstanz.ask(ANSWER, id=made["id"], yes=True)) == "CONFLICT"
    assert await refused(dresden.ask(ANSWER, id=made["id"], yes=True)) == "NOT_FOUND"
    assert await refused(dresden.ask(END, id=made["id"])) == "NOT_FOUND"
    assert await refused(heilbronn.ask(PROPOSE, other=KONSTANZ)) == "CONFLICT"
    agreed = (await heilbronn.ask(ANSWER, id=made["id"], yes=True))["answerPartnership"]
    assert (agreed["status"], bool(agreed["since"])) == ("ACTIVE", True)
    assert await mails(world.hub, f"partnership:{made['id']}:accepted:%") == 1
    for reader in (konstanz, heilbronn, dresden, nobody):
        (row,) = await of(reader, HEILBRONN)
        assert (row["city"]["name"], row["other"]["name"]) == ("Konstanz", "Heilbronn")
        assert await of(reader, KONSTANZ) == [row]

    for ags in (KONSTANZ, HEILBRONN):
        log = (await (await world.person(ags, "coordinator")).http.get("/audit")).text
        assert log.index("Partnerschaft vereinbart") < log.index("Partnerschaft vorgeschlagen")
    ended = (await heilbronn.ask(END, id=made["id"]))["endPartnership"]
    assert (ended["status"], bool(ended["endedAt"])) == ("ENDED", True)
    assert await of(konstanz, KONSTANZ) == []
    assert await refused(konstanz.ask(END, id=made["id"])) == "CONFLICT"


async def test_what_is_declined_can_be_proposed_again(cities: dict[str, Any]) -> None:
    konstanz, dresden = cities["Konstanz"], cities["Dresden"]
    made = (await dresden.ask(PROPOSE, other=KONSTANZ))["proposePartnership"]["id"]
    assert (await konstanz.ask(ANSWER, id=made, yes=False))["answerPartnership"] == {"status": "ENDED", "since": None}
    again = (await konstanz.ask(PROPOSE, other=DRESDEN))["proposePartnership"]["id"]
    assert (await konstanz.ask(END, id=again))["endPartnership"]["status"] == "ENDED"


async def test_proposals_to_each_other_at_once_are_one(cities: dict[str, Any]) -> None:
    calls = [cities["Heilbronn"].ask(PROPOSE, other=DRESDEN), cities["Dresden"].ask(PROPOSE, other=HEILBRONN)]
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Answered", "dict"]
    assert len(await of(cities["Dresden"], DRESDEN)) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"other": KONSTANZ}, "other"),
        ({"other": "09162000"}, "other"),
        ({"topics": ["no-such"]}, "topics"),
        ({"topics": ["finance"] * 21}, "topics"),
        ({"note": "x" * 301}, "note"),
    ],
)
async def test_what_cannot_be_proposed_is_told_by_field(
    cities: dict[str, Any], changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(Answered) as caught:
        await cities["Konstanz"].ask(PROPOSE, **{"other": HEILBRONN} | changes)
    assert (caught.value.reason, [p.field for p in caught.value.problems]) == ("REFUSED", [field])


async def test_no_city_asks_everybody(cities: dict[str, Any], world: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partnerships, "MOST_OPEN", 0)
    assert await refused(cities["Konstanz"].ask(PROPOSE, other=HEILBRONN)) == "CONFLICT"
    monkeypatch.undo()
    for ags, scopes in ((None, ()), (KONSTANZ, ("directory:read",))):
        assert await refused((await world.clients(ags, *scopes)).ask(PROPOSE, other=HEILBRONN)) == "FORBIDDEN"


async def test_the_page_of_partnerships(world: People, cities: dict[str, Any]) -> None:
    ours, theirs = f"/city/{KONSTANZ}/partnerships", f"/city/{HEILBRONN}/partnerships"
    editor, coordinator = await world.person(KONSTANZ, "editor"), await world.person(HEILBRONN, "coordinator")
    assert ours in (await editor.http.get("/account")).text
    page = await editor.http.get(ours)
    bad = await editor.submit(page, ours, other="123")
    assert (bad.status_code, "Gemeindeschlüssel" in bad.text) == (422, True)
    sent = await editor.submit(page, ours, other=HEILBRONN, note="Lernreise", topics=["finance", "smart-city"])
    assert (sent.status_code, sent.headers["location"]) == (303, ours)
    waiting = await coordinator.http.get(theirs)
    assert "Lernreise" in waiting.text
    assert "Kommunale Finanzen, Smart City" in waiting.text
    done = await coordinator.submit(waiting, f"{theirs}/answer", step="accept")
    assert done.status_code == 303
    assert "Vereinbart" in (await editor.http.get(ours)).text
    assert (await editor.http.get(theirs)).status_code == 403
    page = await editor.http.get(ours)
    assert (await editor.submit(page, f"{ours}/answer", step="end")).status_code == 303
