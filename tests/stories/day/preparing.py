"""Towards the day: calendars, another date, groups by common topics, and everything that is printed."""

import datetime as dt
from contextlib import suppress
from typing import Any

from services.cli import demo
from tests.events.day import links, phone
from tests.events.printed import all_words
from tests.events.registration_world import day as days_from_now
from tests.events.test_feeds import OPEN, Program
from tests.stories.day.inviting import local
from tests.stories.day.registering import VEHICLES
from tests.stories.day.state import KONSTANZ, PLACES, Day, Person

SECOND = "mutation ($plan: ID!) { secondPlan(plan: $plan, more: NEW_MEETINGS) { id parent { id } } }"
BESIDE = """query ($one: ID!, $other: ID!) { comparedPlans(one: $one, other: $other) {
  figures { name one other otherIsBetter } elsewhere { navigator { id } } } }"""
PAPERS = "query ($id: ID!) { event(id: $id) { papers { name url mediaType public } } }"


async def calendars(day: Day) -> None:
    """Some subscribe to their own calendar, somebody to the city's; all at once with the day as it stands."""
    for key in ("kn-01", "kn-04", "hn-01", "hn-09", "hn-16"):
        url = (await day.ask(OPEN, link=day.at(key).personal))["openCalendar"]
        day.calendars[key] = Program(day.http, url)
    city = (await day.ask("query ($ags: ID!) { city(ags: $ags) { calendar } }", ags=KONSTANZ))["city"]
    day.calendars[KONSTANZ] = Program(day.http, city["calendar"])
    for key, program in day.calendars.items():
        assert await program.ask() == 200
        mine = key == "hn-16" or program.named("Open Space")["status"] == "CONFIRMED"
        assert mine
    assert len(day.calendars["hn-16"].entries) == 0  # waits, and is not in it
    assert len(day.calendars["hn-01"].entries) == len(day.calendars["kn-01"].entries) - 3  # those of the travellers


async def brought_forward(day: Day) -> None:
    """Nobody can wait a month here, so the organiser moves the day to today; and everything that hangs on it moves."""
    program = day.calendars["kn-01"]
    before = program.named("Open Space")
    await day.change(date=days_from_now(0))
    for person in day.everybody:
        if person.key not in {"kn-02", "kn-03"}:
            await day.post.comes(person.email, "Die Veranstaltung hat sich geändert")
    assert day.post.to(day.at("kn-03").email, "hat sich geändert") == []
    await day.post.comes(day.at("kn-01").email, "Die Veranstaltung steht bevor", "Bus A, Abfahrt Konstanz, Döbele")
    assert day.post.to(day.at("hn-18").email, "steht bevor") == []  # waits

    assert await program.ask() == 200
    after = program.named("Open Space")
    assert (str(after["uid"]), after["sequence"]) == (str(before["uid"]), before["sequence"] + 1)
    assert after.decoded("dtstart").date().isoformat() == days_from_now(0)
    assert f"{after.decoded('dtstart'):%H:%M}" == "13:00"
    (bus, _back) = (await day.organiser.ask(VEHICLES, id=day.id))["event"]["vehicles"]
    assert {one["leaves"][:10] for one in bus["points"]} == {local(day, "07:00").astimezone(dt.UTC).date().isoformat()}
    space = "query ($id: ID!) { openSpace(event: $id) { board { slots { id starts ends } } } }"
    slots = (await day.organiser.ask(space, id=day.id))["openSpace"]["board"]["slots"]
    assert [dt.datetime.fromisoformat(one["starts"]) for one in slots] == [local(day, "13:00"), local(day, "14:00")]
    day.changed.add("the day is brought forward")


async def groups(day: Day) -> None:
    """Two plans, computed as jobs and followed while they are; the organiser compares them and chooses."""
    rounds = day.draft["rounds"]
    asked = {"event": day.id, "rounds": rounds["count"], "tables": rounds["tables"],
             "tableTopics": rounds["tableTopics"], "iterations": 5_000, "seed": 2019}  # fmt: skip
    first = (await day.organiser.ask(demo.PLAN, input=asked))["planRounds"]["id"]
    last: dict[str, Any] = {}
    with suppress(GeneratorExit):
        async for told in day.organiser.follow(demo.PROGRESS, id=first):
            last = told["planProgress"]
    assert (last["state"], last["progress"]["percent"]) == ("DONE", 100)
    second = (await day.organiser.ask(SECOND, plan=first))["secondPlan"]
    assert second["parent"]["id"] == first
    progress = f"{day.deployment.services['matching']}/matching/plans/{second['id']}/progress"
    async with phone(progress, **await day.organiser.headers()) as screen:
        await screen.until("progress", lambda told: told["state"] == "done")
    compared = (await day.organiser.ask(BESIDE, one=first, other=second["id"]))["comparedPlans"]
    assert {one["name"] for one in compared["figures"]} >= {"repeats"}
    repeats = next(one for one in compared["figures"] if one["name"] == "repeats")
    day.plan = second["id"] if repeats["otherIsBetter"] else first

    plan = (await day.organiser.ask(demo.RESULT, id=day.plan))["plan"]
    assert plan["quality"]["benefit"]["value"] > plan["quality"]["benefit"]["random"]
    for table in (table for number in plan["rounds"] for table in number["tables"]):
        assert [one["people"] for one in table["cities"]] == [PLACES // 5] * 2  # as many of each city
    await day.organiser.ask(demo.CONFIRM, id=day.plan)
    known = {one.id: one for one in day.everybody}
    seated = "query ($id: ID!) { event(id: $id) { rounds { number } } }"
    await day.organiser.until(seated, lambda data: len(data["event"]["rounds"]) == 3, id=day.id)
    assert all(len(number) == 2 * PLACES for number in await day.seats())
    for key, link in (await links(day.organiser, day.id)).items():
        known[key].day = link["url"]


async def papers(day: Day) -> None:
    """The print pack: every paper there is, with everybody on it who should be."""
    await printed(day)
    taking_part = [one for one in day.everybody if one.day]
    assert len(taking_part) == 2 * PLACES
    for name in ("slips.pdf", "attendance.pdf", "run-sheet.pdf", "badges.pdf", "table-cards.pdf"):
        missing = [one.name for one in taking_part if not on_paper(day, name, one)]
        assert missing == [], name
        assert not any(on_paper(day, name, day.at(key)) for key in ("kn-02", "kn-03", "kn-18")), name
    assert "10:45" in day.papers["run-sheet.pdf"]


def on_paper(day: Day, name: str, person: Person) -> bool:
    return person.name.replace("-", "") in day.papers[name].replace("-", "")


async def printed(day: Day, *names: str) -> None:
    """Print these papers (or all), and read them."""
    found = (await day.organiser.ask(PAPERS, id=day.id))["event"]["papers"]
    for paper in found:
        if not names or paper["name"] in names:
            content = await day.organiser.fetch(paper["url"])
            pdf = content.startswith(b"%PDF-")
            assert pdf == (paper["mediaType"] == "application/pdf"), paper
            day.papers[paper["name"]] = all_words(content) if pdf else content.decode(errors="replace")
            answer = await day.http.get(paper["url"])
            assert answer.status_code == (200 if paper["public"] else 401)
