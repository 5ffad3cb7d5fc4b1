"""Rounds and what they bring: on a wall, on phones, without power, without wifi, and with somebody less."""

import datetime as dt
import re
from typing import Any

import pytest

from services.cli.client import Answered
from tests.events.day import MY_DAY, command, links, phone
from tests.events.registration_world import DECLINE, REGISTER
from tests.events.test_ideas import CARDS, HIDE, LIST, NOTE
from tests.events.test_registration_day import CAME
from tests.stories.day.arriving import REPLAN
from tests.stories.day.preparing import on_paper, printed
from tests.stories.day.state import PLACES, SEATED, Day, Person, by_person

HISTORY = "query ($id: ID!) { event(id: $id) { clockHistory { command round } } }"
PLANNED = """query ($id: ID!) { plan(id: $id) { state day { missing { id } new { id } }
  rounds { tables { navigators { id } } } } }"""


async def note(day: Day, person: Person, text: str, *, named: bool = False) -> dict[str, Any]:
    """An idea from the phone of somebody, at their table."""
    said = (await day.ask(NOTE, link=person.day_link, text=text, named=named))["noteIdea"]
    day.ideas[text] = said["idea"]
    return dict(said["idea"])


async def the_first_round(day: Day) -> None:
    """Twelve minutes, and five more because it is worth it: every screen learns it; ideas come from every table."""
    seats = (await day.seats())[0]
    guest, substitute = day.at("kn-01"), day.at("hn-17")
    async with phone(f"{day.url}/live") as wall, phone(f"{substitute.day}/live") as own:
        assert (await wall.until("live"))["phase"] == "waiting"
        await command(day.organiser, day.id, "startRound", 0)
        state = await wall.until("live", lambda told: told["phase"] == "running")
        here = (await own.until("mine", lambda told: told["here"]))["here"]
        assert here["table"] == seats[substitute.id]
        assert len(here["companions"]) == list(seats.values()).count(seats[substitute.id]) - 1
        assert not {one.name for one in day.absent} & {one["name"] for one in here["companions"]}

        first = await note(day, guest, "Ein Lotsentreffen jedes Jahr, abwechselnd in beiden Städten")
        assert (first["round"], first["table"], first["author"]) == (1, seats[guest.id], None)
        named = await note(day, day.at("hn-04"), "Reisekosten mit einem Klick abrechnen", named=True)
        assert named["author"] == day.at("hn-04").name
        cards = [{"text": "Fehler erzählen statt verstecken", "round": 1, "table": 2}]
        typed = (await day.organiser.ask(CARDS, event=day.id, ideas=cards))["noteIdeas"]
        day.ideas[typed[0]["text"]] = typed[0]

        await command(day.organiser, day.id, "extendRound", 1, minutes=("Int!", 5))
        for screen in (wall, own):
            longer = await screen.until("live", lambda told: told["revision"] == 2)
            ends = dt.datetime.fromisoformat(state["endsAt"]) + dt.timedelta(minutes=5)
            assert dt.datetime.fromisoformat(longer["endsAt"]) == ends
    day.changed.add("a round takes 5 minutes longer")


async def without_power(day: Day) -> None:
    """In the break the late-comer is planned in, and in the same moment every process of the hub dies. When it is back
    the break goes on as it was, the plan is made, and round 2 begins with them.
    """
    late = day.at("hn-08")
    await command(day.organiser, day.id, "setRoundClock", 2, automatic=("Boolean", True))
    ended = await command(day.organiser, day.id, "endRound", 3)
    assert ended["phase"] == "BREAK"
    await day.organiser.ask(CAME, event=day.id, who=[late.id], **{"as": "LATE"})
    before = await day.seats()
    async with phone(f"{day.url}/live") as wall, phone(f"{late.day}/live") as own:
        last = await wall.until("live", lambda told: told["phase"] == "break")
        asked = {"plan": day.plan, "over": 1, "new": [late.id], "confirm": True, "iterations": 5_000}
        day.plan = (await day.organiser.ask(REPLAN, input=asked))["replanRounds"]["id"]
        day.deployment.lose_power()
        await wall.end()
        await own.end()
    await day.deployment.restart()

    async with phone(f"{day.url}/live", **{"last-event-id": "4"}) as wall, phone(f"{late.day}/live") as own:
        state = await wall.until("live")
        assert {key: state[key] for key in last if key != "now"} == {key: last[key] for key in last if key != "now"}
        assert (state["phase"], state["round"], state["nextRound"], state["revision"]) == ("break", 1, 2, 4)
        route = await own.until("mine", lambda told: len(told["rounds"]) == 2)
        assert [(stop["round"], stop["new"]) for stop in route["rounds"]] == [(2, True), (3, True)]
        after = await day.seats()
        assert after[0] == before[0]
        assert all(late.id in number and len(number) == 2 * PLACES - 2 for number in after[1:])
        plan = (await day.organiser.ask(PLANNED, id=day.plan))["plan"]
        assert (plan["state"], plan["day"]["new"]) == ("DONE", [{"id": late.id}])
        await command(day.organiser, day.id, "nextRound", 4)
        await wall.until("live", lambda told: (told["phase"], told["round"]) == ("running", 2))
        assert (await own.until("mine", lambda told: told["here"]))["here"]["table"] == after[1][late.id]
    found = (await day.organiser.ask(HISTORY, id=day.id))["event"]["clockHistory"]
    assert [one["command"] for one in found] == ["start", "extend", "set", "end", "next"]
    shown = (await day.organiser.ask(LIST, id=day.id))["event"]["ideas"]
    assert {one["text"] for one in shown} == set(day.ideas)
    day.changed |= {"the hub loses power between two rounds", "somebody comes late"}


async def without_wifi(day: Day) -> None:
    """A phone and the board on the wall lose their network in the second round, and get what they missed."""
    guest, host = day.at("kn-04"), day.at("hn-01")
    wall = f"{day.url}/ideas"
    async with phone(f"{guest.day}/ideas") as own, phone(f"{guest.day}/live") as clock:
        assert (await own.until("ideas"))["all"]
        wrong = await note(day, host, "Das gehört hier nicht hin")
        await own.until("idea", lambda idea: idea["id"] == wrong["id"])
        last = own.seen[-1][1]
        assert (await clock.until("live"))["round"] == 2
    missed = await note(day, host, "Eine Karte, die zeigt, wer was kann")
    await day.organiser.ask(HIDE, id=wrong["id"], hidden=True)
    day.ideas.pop(wrong["text"])
    await command(day.organiser, day.id, "nextRound", 5)
    headers = await day.konstanz.headers()
    async with (
        phone(f"{guest.day}/ideas", **{"last-event-id": last}) as own,
        phone(f"{guest.day}/live", **{"last-event-id": "5"}) as clock,
        phone(wall, **headers, **{"last-event-id": last}) as board,
    ):
        since = await own.until("ideas")
        assert not since["all"]  # what changed is enough
        gone = {one["id"]: one["gone"] for one in since["ideas"]}
        assert (gone[wrong["id"]], gone[missed["id"]]) == (True, False)
        assert {one["id"]: one["gone"] for one in (await board.until("ideas"))["ideas"]}[wrong["id"]]
        state = await clock.until("live")
        assert (state["phase"], state["round"]) == ("running", 3)
        assert (await clock.until("mine"))["here"]["table"] == (await day.seats())[2][guest.id]
        await command(day.organiser, day.id, "finishRounds", 6)
        assert (await clock.until("live", lambda told: told["phase"] == "over"))["round"] == 3
    day.changed.add("the wifi is gone")


async def erased(day: Day) -> None:
    """At lunch somebody erases their entry, from their phone: no screen, paper, plan or list knows them any more."""
    person, other = day.at("hn-04"), day.at("hn-16")
    tables = (await day.seats())[2]
    beside = next(one for one in day.everybody if one is not person and tables.get(one.id) == tables[person.id])
    async with phone(f"{beside.day}/live") as screen, phone(f"{person.day}/live") as own:
        route = await screen.until("mine")
        assert person.name in str(route["rounds"])
        page = await day.browser.open(f"/mine/{person.personal}/erase")
        done = await day.browser.submit(page, f"/mine/{person.personal}/erase", sure="true")
        assert done.status_code == 200
        await own.end()
        await screen.until("mine", lambda told: person.name not in str(told["rounds"]))
    for address in (person.day, f"/mine/{person.personal}", f"{day.url.rpartition('/')[0]}/my-data/{person.personal}"):
        answer = await day.browser.http.get(address)
        assert answer.status_code == 404 or person.name not in answer.text, address
    for query, link in ((MY_DAY, person.day_link), (REGISTER, person.event)):
        with pytest.raises(Answered) as caught:
            await day.ask(query, link=link)
        assert caught.value.reason in {"NOT_FOUND", "CONFLICT"}
    assert person.id not in await day.takes_part()
    shown = (await day.organiser.ask(LIST, id=day.id))["event"]["ideas"]
    assert {one["author"] for one in shown} == {None}
    plan = await day.organiser.until(PLANNED, lambda data: person.id not in str(data), id=day.plan)
    assert plan["plan"]["state"] == "DONE"
    assert all(person.id not in number for number in by_person(
        (await day.organiser.ask(SEATED, id=day.id))["event"]["rounds"]
    ))  # fmt: skip
    await printed(day)
    assert not any(on_paper(day, name, person) for name in day.papers)
    assert person.id not in await links(day.organiser, day.id)
    assert not re.search(re.escape(person.name), str(await day.konstanz.ask(LIST, id=day.id)))

    # A place is free: the list goes on moving, whoever it was.
    await day.post.comes(other.email, "Ein Platz ist frei")
    assert (await day.press(other, DECLINE))["state"] == "DECLINED"
    await day.post.comes(day.at("hn-18").email, "Ein Platz ist frei")
    day.people[person.ags].remove(person)
    day.changed.add("somebody wants to be erased")
