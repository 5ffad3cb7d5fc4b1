"""What has happened after a while, so that every page has something to say: a day on which everything has begun, one to
come, and beside them a series, modules, contacts, a certificate, people who may become navigators, a circular, a topic.
"""

import datetime as dt
import uuid
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select

from services.cli import demo
from services.directory.candidates import rows
from services.directory.models import Candidate
from services.directory.protection import person
from services.directory.stateview import circulars
from services.events import daylinks, models
from services.events.models import Registration
from services.events.registration import links
from services.kit.db import HUB
from services.kit.service import Hub
from tests.browser.stage import CENTRAL, COORDINATOR, LINKS, ORGANISER, VOTE, Event, Stage
from tests.browser_like import Browser
from tests.directory.pages.test_consent_pages import program, request_of
from tests.events.test_day_pages import FILL
from tests.stories.test_pages import STARTS, organise

SURVEY: Final = {"title": "Rückblick", "questions": [
    {"kind": "SCALE", "text": "Wie war der Tag?"},
    {"kind": "CHOICE", "text": "Was hat geholfen?", "options": ["Die Runden", "Der Open Space"], "most": 2},
    {"kind": "TEXT", "text": "Und sonst?"}, {"kind": "FACTORS", "text": "Was ist da?"},
]}  # fmt: skip
CIRCULAR: Final = {
    "do": "send", "audience": "ALL", "duty": "no", "subject": "Einladung zum Netzwerktreffen",
    "text": "Liebe Kolleginnen und Kollegen,\n\nam 3. Mai treffen wir uns in Heilbronn.\n\nBitte melden Sie sich an.",
}  # fmt: skip
SERIES: Final = """mutation ($event: EventInput!, $rule: String!) {
  createSeries(event: $event, rule: $rule) { events { id } } }"""
MODULES: Final = "{ programmes(first: 1) { nodes { modules { id title } } } }"
PRESENT: Final = """mutation ($event: ID!, $who: [ID!]!) {
  setAttendance(event: $event, navigators: $who, attendance: PRESENT) { attendance { state } } }"""
CERTIFY: Final = """mutation ($event: ID!, $who: [ID!]!) {
  issueCertificates(event: $event, navigators: $who, minutes: 90) { certificates { code } } }"""
TABLEMATES: Final = "query ($link: String!, $event: ID!) { dayContacts(link: $link, event: $event) { id cityName } }"
WANT: Final = """mutation ($link: String!, $event: ID!, $who: ID!) {
  wantContact(link: $link, event: $event, navigator: $who) { state } }"""


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
    copy = copied.headers["location"].removesuffix("/rounds/1")
    await browser.close()
    await stage.hub.settle()
    compared = f"{today.path}/groups/compare?one={plans[0]}&other={plans[1]}"
    starts = {
        ORGANISER: (
            *STARTS, "/organise", today.path, *(f"{soon}{rest}" for rest in ("", "/people", "/people/rules")),
            f"{soon}/people/invite", copy, f"{copy}/rounds/1", compared,
        ),
        COORDINATOR: (*STARTS, f"/city/{demo.KONSTANZ}/harvest"),
        "a participant": (today.mine, *await _mailed(stage.hub, soon)),
        "the hall": (f"/events/{today.id}/screen", f"/events/{today.id}/board?screen=1"),
    }  # fmt: skip
    more = await _around(stage, today)
    stage.starts = {person: (*starts.get(person, STARTS), *more.get(person, ())) for person in {**starts, **more}}


async def _around(stage: Stage, today: Event) -> dict[str, tuple[str, ...]]:
    """By person the addresses where they begin to look around as well; the organiser's programme has been made."""
    series = await _series(stage)
    await _modules(stage, today)
    await _contact(stage, today)
    code = await _certificate(stage, today)
    candidacy = await _candidates(stage)
    mine = [await own_page(stage.hub, key) for key in (today.people[0], today.people[-1])]
    await _assessment(stage, mine[0])
    await _circular(stage)
    await _topic(stage)
    await stage.hub.settle()
    client, _secret = await program(stage.hub, demo.KONSTANZ)
    consent, _verifier = request_of(client)
    no_more = circulars.path_to_end(stage.hub.settings, stage.accounts[COORDINATOR])
    return {
        ORGANISER: (f"/organise/{series}/series",),
        COORDINATOR: (consent,),
        "a visitor": ("/login/sent", f"/city/{demo.KONSTANZ}/apply"),
        "a participant": (*mine, candidacy, no_more, f"/events/certificates/{code}"),
    }


async def _mailed(hub: Hub, path: str) -> list[str]:
    """Pages that links in mails open: of somebody who is invited, of somebody who registered and of their superior."""
    runtime, event_id = hub.runtimes["events"], uuid.UUID(path.rpartition("/")[2])
    asked = select(Registration).where(Registration.event_id == event_id).order_by(Registration.navigator_id)
    async with runtime.db.read(HUB) as session:
        event = await session.get_one(models.Event, event_id)
        one, other = [row.navigator_id for row in await session.scalars(asked.limit(2))]
    tokens = [daylinks.token(hub.settings, event, key) for key in (one, other)]
    page, browser = f"/events/registration/{tokens[0]}", Browser(hub)
    await sent(browser, page, f"{page}/register", superior="leitung@konstanz.example")
    await browser.close()
    async with runtime.db.read(HUB) as session:
        row = (await session.scalars(asked.where(Registration.navigator_id == one))).one()
        superior = links.superior(hub.settings, event, row)
    return [
        *(f"/events/registration/{token}" for token in tokens), f"/events/release/{superior}",
        f"/events/invitations/{links.invitations(hub.settings, one)}", "/events/certificates",
    ]  # fmt: skip


async def own_page(hub: Hub, navigator: uuid.UUID | str) -> str:
    """The path of somebody's own page, as the link in a mail has it."""
    key = uuid.UUID(str(navigator))
    async with hub.runtimes["directory"].db.read(HUB) as session:
        address = (await person.find(session, hub.settings, key)).shown.email or ""
    return person.link(hub.settings, key, address)


async def sent(browser: Browser, path: str, action: str = "", **fields: Any) -> str:
    """Where the form of a page leads whoever fills it in."""
    answer = await browser.submit(await browser.http.get(path), action or path, **fields)
    assert answer.status_code == 303, (path, answer.text)
    return str(answer.headers["location"])


def _day(days: int) -> str:
    return (dt.datetime.now(ZoneInfo("Europe/Berlin")).date() + dt.timedelta(days=days)).isoformat()


async def _series(stage: Stage) -> str:
    """The first of four meetings."""
    meeting = {
        "title": "Austausch der Lotsinnen und Lotsen", "kind": "MEETING", "date": _day(14), "host": demo.HEILBRONN,
        "guests": [demo.KONSTANZ], "agenda": [{"starts": "14:00", "ends": "15:00", "title": "Was uns bewegt"}],
    }  # fmt: skip
    made = await stage.ask(SERIES, event=meeting, rule="FREQ=MONTHLY;COUNT=4")
    return str(made["createSeries"]["events"][0]["id"])


async def _modules(stage: Stage, today: Event) -> None:
    """The first module of the programme was held, the second one is to come."""
    taught = (await stage.ask(MODULES))["programmes"]["nodes"][0]["modules"]
    for module, days in zip(taught, (-30, 30), strict=False):
        event = {"title": module["title"], "kind": "MODULE", "module": module["id"], "date": _day(days),
                 "host": demo.HEILBRONN, "guests": [demo.KONSTANZ]}  # fmt: skip
        made = str((await stage.ask(demo.CREATE, event=event))["createEvent"]["id"])
        await stage.ask(demo.JOIN, event=made, navigators=[today.people[0], today.people[-1]])


async def _contact(stage: Stage, today: Event) -> None:
    """Two from different cities who sit at a table want to stay in contact, both of them."""
    found = (await stage.ask(LINKS, id=today.id))["event"]["dayLinks"]
    own = {row["navigator"]["id"]: row["link"] for row in found}
    one = today.people[0]
    met = (await stage.ask(TABLEMATES, link=own[one], event=today.id))["dayContacts"]
    other = next(row["id"] for row in met if row["cityName"] == "Heilbronn")
    for who, whom in ((one, other), (other, one)):
        await stage.ask(WANT, link=own[who], event=today.id, who=whom)


async def _certificate(stage: Stage, today: Event) -> str:
    who = today.people[-2:]
    await stage.ask(PRESENT, event=today.id, who=who)
    made = await stage.ask(CERTIFY, event=today.id, who=who)
    return str(made["issueCertificates"]["certificates"][0]["code"])


async def _candidates(stage: Stage) -> str:
    """Somebody is nominated and has not answered; others may apply. The path of the question."""
    browser, at = await stage.browser(COORDINATOR), f"/city/{demo.KONSTANZ}/candidates"
    await sent(
        browser, f"{at}/add", way="NOMINATED", name="Ada Beerenstrauch", email="ada.beerenstrauch@konstanz.example",
        nominator="Ole Amtsleiter", hours="6", words="Sie erklären so, dass es alle verstehen.",
    )  # fmt: skip
    await sent(browser, f"{at}/call", hours="8", words="Wir suchen Menschen, die gern erklären.")
    await browser.close()
    async with stage.hub.runtimes["directory"].db.read(HUB) as session:
        row = (await session.scalars(select(Candidate).where(Candidate.ags == demo.KONSTANZ))).one()
        return rows.link(stage.hub.settings, row)


async def _assessment(stage: Stage, mine: str) -> None:
    """Somebody has written one and shares it."""
    browser, page = Browser(stage.hub), f"{mine}/assessment"
    await sent(browser, page, tools="3", limits="1", notes="Moderieren")
    await sent(browser, page, f"{page}/share")
    await browser.close()


async def _circular(stage: Stage) -> None:
    browser = await stage.browser(CENTRAL)
    await sent(browser, "/state/08/circulars/new", "/state/08/circulars", **CIRCULAR)
    await browser.close()


async def _topic(stage: Stage) -> None:
    """A city proposes one."""
    browser = await stage.browser(COORDINATOR)
    await sent(
        browser, "/topics/proposals", de="Dorfladen-App", en="Village shop app", reason="Drei Dörfer wollen sie."
    )
    await browser.close()
