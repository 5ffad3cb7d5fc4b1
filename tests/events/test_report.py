"""The year of a city or a state: what is counted, what may be told, to whom, and the paper of it."""

import datetime as dt
import uuid
from typing import Any

import httpx
import pypdfium2
import pytest
from sqlalchemy import text

from services.cli.client import Answered, Client
from services.cli.demo import JOIN
from services.contracts.directory import NavigatorErased, NavigatorWithdrawn
from services.contracts.matching import RoundsConfirmed, TablePlanned
from services.events import intake
from services.events.report import reading
from services.kit.db import HUB
from services.kit.service import Hub
from tests.browser_like import logged_in
from tests.conftest import Clients
from tests.events.printed import all_words
from tests.events.test_surveys import ANSWER as ANSWERS
from tests.events.test_surveys import CLOSE, CREATE, SURVEY, link_of, said
from tests.events.test_trips import HEILBRONN, KONSTANZ, SPEYER, create, item, navigators, world
from tests.events.test_voices import QUOTE
from tests.events.test_votes import CAST, IMPORT, PRINTED, opened, points
from tests.events.test_votes import CLOSE as CLOSE_VOTE

REPORT = """query ($year: Int!, $ags: ID, $state: ID) { annualReport(year: $year, ags: $ags, state: $state) {
  name until surveysTooSmall
  totals { ...counted } before { ...counted }
  kinds { kind events before } events { title attended own host { ags } } modules { title times attended }
  cities { name registered attended people hours contacts } contacts { cities { ags } pairs }
  surveys { title answers questions { text } results { answered mean scale options { label votes } } }
  votes { title entitled voted lines { title points total rank decided remark } } votesTooSmall
  projects { title city } wishes { label votes rank tied } quotes { text name city } charts { name alt svg header rows }
  paper { url mediaType } } }
  fragment counted on ReportTotals { events cancelled cities registered attended unnoted people hours guests contacts
    ideas sessions actions actionsDone }"""
MISSING = """mutation ($e: ID!, $n: [ID!]!) { setAttendance(event: $e, navigators: $n, attendance: NO_SHOW) {
  id } }"""
NETWORK = """{ cityContacts(state: "08", year: 2019) {
  total cities { name contacts city { ags } } between { pairs cities { ags } } } }"""
CHOOSE = "mutation ($id: ID!) { chooseQuote(id: $id, chosen: true) }"
WISHES = {"kind": "CHOICE", "text": "Welche Module?", "options": ["Prozesse", "Daten"], "most": 2, "wishes": True}


async def year(client: Client, when: int = 2019, **where: str) -> dict[str, Any]:
    return dict((await client.ask(REPORT, year=when, **(where or {"ags": KONSTANZ})))["annualReport"])


async def day(clients: Clients, few: int = 6, **changes: Any) -> tuple[Client, str, dict[str, list[str]]]:
    """An event of 2019 in Heilbronn with `few` people of each city: 3 hours for all, 5 more for Konstanz."""
    organiser = await world(clients)
    agenda = [item(starts="09:00", ends="12:00"), item(starts="12:00", ends="17:00", audience=KONSTANZ)]
    event = await create(organiser, agenda=agenda, **changes)
    people = {ags: (await navigators(organiser, ags))[:few] for ags in (KONSTANZ, HEILBRONN)}
    add = "mutation ($e: ID!, $n: [ID!]!) { addParticipants(event: $e, navigators: $n) { id } }"
    await organiser.ask(add, e=event, n=[*people[KONSTANZ], *people[HEILBRONN]])
    return organiser, event, people


async def seat(hub: Hub, event: str, *rounds: list[list[str]]) -> None:
    """Confirmed rounds: for each its tables, for each of these its people."""
    tables = tuple(
        TablePlanned(round=number, table=place, topic="finance", navigators=tuple(people))
        for number, tables in enumerate(rounds, 1)
        for place, people in enumerate(tables, 1)
    )
    async with hub.runtimes["events"].db.begin(HUB) as session:
        await intake.rounds(session, RoundsConfirmed(event=event, plan=str(uuid.uuid4()), tables=tables))


async def surveyed(hub: Hub, organiser: Client, event: str, people: list[str], **changes: Any) -> None:
    survey = (await organiser.ask(CREATE, event=event, survey={**SURVEY, **changes}))["createSurvey"]["id"]
    for one in people:
        answers = said(4, 1, words="geheim") if not changes.get("questions") else [{"picks": [1]}]
        await organiser.ask(ANSWERS, link=link_of(hub, one), survey=survey, answers=answers)
    await organiser.ask(CLOSE, id=survey)


async def fetched(client: Client, place: str, when: int = 2019) -> httpx.Response:
    url = f"{client.url}/events/reports/{place}/{when}/report.pdf"
    return await client.http.get(url, headers=await client.headers())


async def test_a_year_is_counted(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(clients)
    ours, theirs = people[KONSTANZ], people[HEILBRONN]
    await create(organiser, title="Vorjahr", date="2018-03-01", kind="MODULE", agenda=[], rounds=None)
    await organiser.ask("mutation ($id: ID!) { cancelEvent(id: $id) { id } }", id=await create(organiser))
    await organiser.ask(MISSING, e=event, n=[ours[0], theirs[0]])
    # Round 1: ours 1, 2 with theirs 1; round 2: the same pair again, and somebody who was missing.
    await seat(hub, event, [[ours[1], ours[2], theirs[1]], [ours[3], ours[4]]], [[ours[1], theirs[1], theirs[0]]])
    found = await year(organiser)
    assert found["name"] == "Konstanz"
    assert found["totals"] == {
        "events": 1, "cancelled": 1, "cities": 2, "registered": 6, "attended": 5, "unnoted": 5, "people": 5,
        "hours": 40.0, "guests": 5, "contacts": 2, "ideas": 0, "sessions": 0, "actions": 0, "actionsDone": 0,
    }  # fmt: skip
    assert (found["before"]["events"], found["before"]["attended"]) == (1, 0)
    assert found["kinds"] == [
        {"kind": "LEARNING_TRIP", "events": 1, "before": 0}, {"kind": "MODULE", "events": 0, "before": 1},
    ]  # fmt: skip
    assert [(one["name"], one["attended"], one["hours"], one["contacts"]) for one in found["cities"]] == [
        ("Heilbronn", 5, 15.0, 2), ("Konstanz", 5, 40.0, 2),
    ]  # fmt: skip
    assert found["contacts"] == [{"cities": [{"ags": KONSTANZ}, {"ags": HEILBRONN}][::-1], "pairs": 2}]
    assert (found["events"][0]["attended"], found["events"][0]["own"]) == (10, 5)
    assert {one["name"] for one in found["charts"]} == {"kinds", "attendance", "contacts"}
    assert all(one["alt"] and one["svg"].startswith("<svg") and one["rows"] for one in found["charts"])
    # The other city counts the same day from its side.
    other = await year(await clients(HEILBRONN), ags=HEILBRONN)
    assert (other["totals"]["attended"], other["totals"]["hours"], other["totals"]["contacts"]) == (5, 15.0, 2)


async def test_rounds_that_never_began_made_no_contacts(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(clients)
    ours, theirs = people[KONSTANZ], people[HEILBRONN]
    await seat(hub, event, [[ours[0], theirs[0]]], [[ours[1], theirs[1]]])
    assert (await year(organiser))["totals"]["contacts"] == 2
    async with hub.runtimes["events"].db.begin(HUB) as session:
        await session.execute(
            text("INSERT INTO live VALUES (:e, 'over', 1, NULL, NULL, NULL, false, 60, 3)"), {"e": event}
        )
    assert (await year(organiser))["totals"]["contacts"] == 1


async def test_surveys_are_told_of_five_people_at_least(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(clients, few=5)
    everybody = [*people[KONSTANZ], *people[HEILBRONN]]
    await surveyed(hub, organiser, event, everybody[:4], title="Zu wenige")
    await surveyed(hub, organiser, event, everybody[:3], title="Wünsche von wenigen", questions=[WISHES])
    found = await year(organiser)
    assert (found["surveys"], found["wishes"], found["surveysTooSmall"]) == ([], [], 2)
    await surveyed(hub, organiser, event, everybody[:6], title="Genug")
    await surveyed(hub, organiser, event, everybody[:5], title="Wünsche", questions=[WISHES])
    found = await year(organiser)
    assert [(one["title"], one["answers"]) for one in found["surveys"]] == [("Genug", 6), ("Wünsche", 5)]
    (scale, choice, factors) = found["surveys"][0]["results"]  # what was written is left out
    assert (scale["answered"], scale["mean"], scale["scale"]) == (6, 4.0, [0, 0, 0, 6, 0])
    assert choice["options"][0] == {"label": "Prozesse", "votes": 6}
    assert factors["answered"] == 0
    # The three wishes of the small survey are not in the sum either: it could be subtracted.
    assert found["wishes"] == [
        {"label": "Prozesse", "votes": 5, "rank": 1, "tied": False},
        {"label": "Daten", "votes": 0, "rank": 2, "tied": False},
    ]
    assert "geheim" not in str(found)
    paper = all_words((await fetched(organiser, KONSTANZ)).content)
    assert "Genug" in paper
    assert "geheim" not in paper
    assert "Zu wenige" not in paper
    assert "2 Umfragen werden nicht ausgewertet" in paper


async def test_a_report_is_for_those_of_the_city_and_of_the_state(hub: Hub, clients: Clients) -> None:
    await day(clients)
    everywhere: tuple[dict[str, Any], ...] = ({"ags": KONSTANZ}, {"state": "08"})
    for ags, seen in ((KONSTANZ, [True, False]), (HEILBRONN, [False, False]), (None, [False, False])):
        client = await clients(ags)
        for where, may in zip(everywhere, seen, strict=True):
            if may:
                assert (await year(client, **where))["totals"]["events"] == 1
                continue
            with pytest.raises(Answered) as caught:
                await year(client, **where)
            assert caught.value.reason == "FORBIDDEN"
            assert (await fetched(client, next(iter(where.values())))).status_code == 403
    without = await clients(KONSTANZ, "directory:read")
    with pytest.raises(Answered):
        await year(without)
    for org, role, seen in (
        (KONSTANZ, "coordinator", [True, False]), (KONSTANZ, "navigator", [False, False]),
        (HEILBRONN, "coordinator", [False, False]), ("08", "central", [True, True]), ("07", "central", [False, False]),
    ):  # fmt: skip
        browser = await logged_in(hub, org, role)
        answers = [await browser.graph(REPORT, year=2019, **where) for where in everywhere]
        await browser.close()
        assert [bool(answer["data"]) for answer in answers] == seen, (org, role)
    nobody = await without.http.get(f"{without.url}/events/reports/{KONSTANZ}/2019/report.pdf")
    assert nobody.status_code == 401


async def test_a_state_counts_its_cities(hub: Hub, clients: Clients) -> None:
    _organiser, event, people = await day(clients)
    await seat(hub, event, [[people[KONSTANZ][0], people[HEILBRONN][0]]])
    browser = await logged_in(hub, "08", "central")
    found = (await browser.graph(REPORT, year=2019, state="08"))["data"]["annualReport"]
    empty = (await browser.graph(REPORT, year=2017, state="08"))["data"]["annualReport"]
    await browser.close()
    assert found["name"] == "Baden-Württemberg"
    assert (found["totals"]["attended"], found["totals"]["guests"], found["totals"]["hours"]) == (12, 0, 66.0)
    assert (found["totals"]["contacts"], empty["totals"]["events"], empty["charts"]) == (1, 0, [])


async def test_the_network_of_contacts_as_a_picture(hub: Hub, clients: Clients) -> None:
    _organiser, event, people = await day(clients)
    ours, theirs = people[KONSTANZ], people[HEILBRONN]
    await seat(hub, event, [[*ours[:2], theirs[0]]])
    for org, role in ((KONSTANZ, "coordinator"), ("07", "central")):
        other = await logged_in(hub, org, role)
        for path in ("/state/08/contacts?year=2019", "/state/08/contacts/csv/pairs"):
            assert (await other.http.get(path)).status_code == 403
        assert not (await other.graph(NETWORK))["data"], (org, role)
        await other.close()
    browser = await logged_in(hub, "08", "central")
    page = await browser.http.get("/state/08/contacts?year=2019")
    answer = await browser.graph(NETWORK)
    empty = await browser.http.get("/state/08/contacts")
    files = [await browser.http.get(f"/state/08/contacts/csv/{name}?year=2019") for name in ("cities", "pairs")]
    assert (await browser.http.get("/state/08/contacts/csv/nothing")).status_code == 404
    await browser.close()
    assert page.status_code == 200
    found = answer["data"]["cityContacts"]
    assert (found["total"], found["between"][0]["pairs"], {one["name"] for one in found["cities"]}) == (
        2, 2, {"Konstanz", "Heilbronn"},
    )  # fmt: skip
    assert (page.text.count('class="arc"'), page.text.count('class="dot"')) == (1, 2)
    assert "Konstanz: 2</title>" in page.text
    assert "2 Kontakte." in page.text
    assert "noch niemand an einem Tisch" in empty.text
    assert "/state/08/contacts/csv/pairs?year=2019" in page.text
    assert "baden-wuerttemberg-kontakte-nach-staedten-2019.csv" in files[0].headers["content-disposition"]
    cities, pairs = ([row.split(";") for row in one.content.decode("utf-8-sig").splitlines()[1:]] for one in files)
    assert sorted(cities) == [["Heilbronn", HEILBRONN, "2", "1"], ["Konstanz", KONSTANZ, "2", "1"]]
    assert pairs == [["Heilbronn", HEILBRONN, "Konstanz", KONSTANZ, "2"]]


async def test_a_year_without_events_says_so(hub: Hub, clients: Clients) -> None:
    organiser, _event, _people = await day(clients)
    found = await year(organiser, 2020)
    assert (found["totals"]["events"], found["before"]["events"], found["charts"]) == (0, 1, [])
    paper = (await fetched(organiser, KONSTANZ, 2020)).content
    assert "Für 2020 ist keine Veranstaltung verzeichnet, an der Konstanz beteiligt war." in all_words(paper)
    assert "Im Jahr davor: 1 Veranstaltung, eigene Teilnahmen: 6." in all_words(paper)
    for where, reason in (({"ags": KONSTANZ, "state": "08"}, "REFUSED"), ({}, "REFUSED")):
        with pytest.raises(Answered) as caught:
            await organiser.ask(REPORT, year=2019, **where)
        assert caught.value.reason == reason
    for when in (1999, 2101, -1):
        with pytest.raises(Answered) as caught:
            await year(organiser, when)
        assert caught.value.reason == "REFUSED"
        assert (await fetched(organiser, KONSTANZ, when)).status_code in {404, 422}
    nobody = await clients("09162000")
    with pytest.raises(Answered, match="gibt es hier nicht"):
        await year(nobody, ags="09162000")


async def test_of_a_year_that_is_not_over_the_year_before_counts_as_far(hub: Hub, clients: Clients) -> None:
    organiser, _event, _people = await day(clients)
    await create(organiser, date="2018-12-01")
    await create(organiser, date="2018-09-30")
    async with hub.runtimes["events"].db.read(HUB) as session:
        place = await reading.place(session, KONSTANZ)
        for today, events, before in (((2019, 10, 1), 1, 1), ((2019, 9, 30), 0, 1), ((2020, 2, 1), 1, 2)):
            found = await reading.report(session, place, 2019, dt.date(*today))
            assert (found.totals.events, found.before.events) == (events, before)
            assert found.over is (today[0] == 2020)


async def test_who_is_erased_is_in_no_report(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(clients)
    gone = people[KONSTANZ][0]
    for one, named in ((gone, True), (people[KONSTANZ][1], False), (people[HEILBRONN][0], True)):
        quote = (await organiser.ask(QUOTE, link=link_of(hub, one), event=event, consent=True, named=named))[
            "giveQuote"
        ]
        await organiser.ask(CHOOSE, id=quote)
    await seat(hub, event, [[gone, people[HEILBRONN][0]]])
    found = await year(organiser)
    assert sorted((one["name"] == "", one["city"]) for one in found["quotes"]) == [
        (False, "Konstanz"), (True, "Konstanz"),
    ]  # fmt: skip
    name = next(one["name"] for one in found["quotes"] if one["name"])
    assert name in all_words((await fetched(organiser, KONSTANZ)).content)
    async with hub.runtimes["events"].db.begin(HUB) as session:
        await intake.erase(session, NavigatorErased(id=gone, ags=KONSTANZ))
    after = await year(organiser)
    assert [one["name"] for one in after["quotes"]] == [""]
    assert (after["totals"], after["cities"], after["events"]) == (found["totals"], found["cities"], found["events"])
    assert name not in all_words((await fetched(organiser, KONSTANZ)).content)


async def test_past_years_keep_their_figures(hub: Hub, clients: Clients) -> None:
    """Whoever leaves, one after the other until nobody is left: two events of a year, at which the same people met."""
    organiser, event, people = await day(clients, few=3)
    ours, theirs = people[KONSTANZ], people[HEILBRONN]
    again = await create(organiser, agenda=[item(starts="09:00", ends="10:00")], date="2019-11-01")
    coming = await create(organiser, agenda=[], date="2097-11-01")
    for one, some in ((again, [*ours[:2], theirs[0]]), (coming, ours)):
        await organiser.ask(JOIN, event=one, navigators=some)
    await organiser.ask(MISSING, e=event, n=[ours[1]])
    await seat(hub, event, [[ours[0], ours[1], theirs[0], theirs[1]]])
    await seat(hub, again, [[ours[0], ours[1], theirs[0]]])
    found = await year(organiser)
    assert [found["totals"][name] for name in ("registered", "attended", "people", "contacts")] == [5, 4, 3, 3]
    state = await clients(HEILBRONN)
    other = await year(state, ags=HEILBRONN)
    for gone in (*ours, *theirs):
        ags = KONSTANZ if gone in ours else HEILBRONN
        async with hub.runtimes["events"].db.begin(HUB) as session:
            await intake.forget(session, NavigatorWithdrawn(id=gone, ags=ags))
        assert await year(organiser) == found
        assert await year(state, ags=HEILBRONN) == other
    async with hub.runtimes["events"].db.read(HUB) as session:
        kept = (await session.execute(text("SELECT event_id::text FROM departed"))).scalars().all()
    assert set(kept) == {event, again}  # the coming one counts who comes


async def test_the_paper_can_be_read_by_machines_and_kept(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(clients, title="*fett* #show _x_ <b> \\ Verwaltungsgemeinschaft")
    await seat(hub, event, [[people[KONSTANZ][0], people[HEILBRONN][0]]])
    answer = await fetched(organiser, KONSTANZ)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["cache-control"] == "private, no-store"
    paper = answer.content
    assert b"<pdfuaid:part>1</pdfuaid:part>" in paper
    assert b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in paper.replace(b"\n", b"")
    document = pypdfium2.PdfDocument(paper)
    assert document.is_tagged()
    assert document.get_metadata_value("Title") == "Jahresbericht 2019 – Konstanz"
    words = all_words(paper)
    assert "2019 war Konstanz an 1 Veranstaltung beteiligt. 6 eigene Personen nahmen zusammen 6-mal teil" in words
    assert "*fett* #show _x_ <b> \\ Verwaltungsgemeinschaft" in words
    assert "An den Tischen entstand 1 Kontakt" in words
    assert SPEYER not in words
    organiser.http.headers["accept-language"] = "en"
    assert "Annual report 2019" in all_words((await fetched(organiser, KONSTANZ)).content)


async def test_votes_and_projects_are_told(hub: Hub, clients: Clients) -> None:
    organiser, event, people = await day(clients)
    await organiser.ask(IMPORT, event=event, vote=PRINTED)
    vote, keys = await opened(organiser, event, title="Von vieren")
    for one in people[KONSTANZ][:4]:
        await organiser.ask(CAST, vote=vote, link=link_of(hub, one), points=points(keys, [3, 1, 1]))
    await organiser.ask(CLOSE_VOTE, id=vote)
    await opened(organiser, event, title="Noch offen")
    card = {"event": event, "title": "Sprechstunde", "city": KONSTANZ}
    async with hub.runtimes["events"].db.begin(HUB) as session:
        for status, city in (("accepted", KONSTANZ), ("declined", KONSTANZ), ("withdrawn", KONSTANZ),
                             ("accepted", HEILBRONN)):  # fmt: skip
            await session.execute(
                text("INSERT INTO project_card (id, event_id, city, title, summary, topics, status) "
                     "VALUES (gen_random_uuid(), :event, :city, :title, '', '{}', :status)"),
                card | {"status": status, "city": city},
            )  # fmt: skip
    found = await year(organiser)
    (told,) = found["votes"]
    assert (told["title"], told["voted"], found["votesTooSmall"]) == (PRINTED["title"], 25, 1)
    assert [(one["total"], one["rank"]) for one in told["lines"]] == [(24, 1), (22, 2), (14, 3), (14, 3)]
    assert told["lines"][1]["remark"] == "Als Summe ist 21 gedruckt, aber 7 + 1 + 14 ergibt 22."
    assert found["projects"] == [{"title": "Sprechstunde", "city": "Konstanz"}]
    words = all_words((await fetched(organiser, KONSTANZ)).content)
    assert "Als Summe ist 21 gedruckt" in words
    assert "1 Abstimmung wird nicht ausgewertet" in words
    assert "Ideen, die Städten als Projekt vorgeschlagen wurden: 2, davon übernommen: 1." in words
    assert "Von vieren" not in words
    # The same on a paper of the day, for those who see its people.
    url = f"{organiser.url}/events/{event}/papers/votes.pdf"
    answers = {}
    for ags in (KONSTANZ, HEILBRONN, SPEYER):
        client = await clients(ags)
        answers[ags] = await client.http.get(url, headers=await client.headers())
    assert [answer.status_code for answer in answers.values()] == [200, 200, 404]
    words = all_words(answers[HEILBRONN].content)
    assert PRINTED["title"] in words
    assert "Von vieren" not in words
    assert "Noch offen" not in words
