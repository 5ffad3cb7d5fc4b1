"""The morning, before the first round: the start moves, the bus is late, somebody is replaced, two do not come."""

import datetime as dt
from typing import Any

from tests.events.day import MY_DAY, links
from tests.events.registration_world import MINE
from tests.events.test_registration_day import CAME, HAND_OVER, ROLL
from tests.stories.day.inviting import local
from tests.stories.day.preparing import on_paper, printed
from tests.stories.day.registering import VEHICLES, released
from tests.stories.day.state import KONSTANZ, PLACES, SEATED, Day, by_person, refused

DELAY = "mutation ($event: ID!, $v: ID!) { delayVehicle(event: $event, vehicle: $v, minutes: 25) { id } }"
BUSES = "query ($link: String!) { it: myRegistration(link: $link) { vehicles { leg delay } seats { seat } } }"
REPLAN = "mutation ($input: ReplanRoundsInput!) { replanRounds(input: $input) { id } }"
ATTENDANCE = "query ($id: ID!) { event(id: $id) { attendance { navigator { id } state } } }"
CHANGED = "Die Veranstaltung hat sich geändert"


async def the_start_moves(day: Day) -> None:
    """A quarter of an hour later, up to lunch: mails, calendars and papers say so, and the afternoon stays."""
    program, city = day.calendars["hn-01"], day.calendars[KONSTANZ]
    assert (await program.ask(), await city.ask()) == (200, 200)
    before = {name: program.named(name) for name in ("Speeddating", "Open Space")}
    agenda = [dict(one) for one in day.draft["agenda"]]
    for one in agenda:
        if "10:30" <= one["starts"] <= "12:00":
            one["ends"] = later(one["ends"]) if one["starts"] < "12:00" else one["ends"]
            one["starts"] = later(one["starts"])
    await day.change(agenda=agenda, rounds={**day.draft["rounds"], "starts": later(day.draft["rounds"]["starts"])})
    for key in ("kn-01", "hn-01", "hn-18"):
        await day.post.comes(day.at(key).email, CHANGED, count=2)

    assert (await program.ask(), await city.ask()) == (200, 200)
    talks = program.named("Speeddating")
    assert talks.decoded("dtstart") == before["Speeddating"].decoded("dtstart") + dt.timedelta(minutes=15)
    assert talks["sequence"] == before["Speeddating"]["sequence"] + 1
    assert program.named("Open Space").decoded("dtstart") == before["Open Space"].decoded("dtstart")
    assert {str(one) for one in program.entries} < {str(one) for one in city.entries}  # the travellers' besides
    assert (await program.ask(), await city.ask()) == (304, 304)
    await printed(day, "table-cards.pdf", "run-sheet.pdf", "agenda.ics")
    for name in ("table-cards.pdf", "run-sheet.pdf"):
        assert "11:00–11:12" in day.papers[name], day.papers[name][:500]
    found = (await day.organiser.ask(SEATED, id=day.id))["event"]["rounds"]
    assert dt.datetime.fromisoformat(found[0]["starts"]) == local(day, "11:00")
    day.changed.add("the start moves by 15 minutes")


def later(clock: str) -> str:
    hours, minutes = divmod(60 * int(clock[:2]) + int(clock[3:]) + 15, 60)
    return f"{hours:02}:{minutes:02}"


async def the_bus_is_late(day: Day) -> None:
    """Who sits in it is told, and only they; their page says the same."""
    bus, _back = (await day.organiser.ask(VEHICLES, id=day.id))["event"]["vehicles"]
    await day.organiser.ask(DELAY, event=day.id, v=bus["id"])
    names = {one.id: one for one in day.everybody}
    for seat in bus["aboard"]:
        letter = await day.post.comes(names[seat["navigator"]["id"]].email, "Bus A hat 25 Minuten Verspätung")
        assert ("07:25" if "Döbele" in letter.text else "07:45") in letter.text
    assert not any(day.post.to(one.email, "Verspätung") for one in day.everybody if one.key.startswith("hn"))
    mine = await day.press(day.at("kn-01"), BUSES)
    assert [(one["leg"], one["delay"]) for one in mine["vehicles"]] == [("THERE", 25), ("BACK", 0)]
    day.changed.add("the bus is late")


async def a_substitute(day: Day) -> None:
    """Somebody who is ill hands over to a colleague who waited; the place counts when the superior has clicked."""
    ill, comes = day.at("hn-09"), day.at("hn-17")
    assert (await day.press(ill, HAND_OVER, to=comes.id))["state"] == "SUBSTITUTED"
    assert not {ill.id, comes.id} & await day.takes_part()
    await day.post.comes(ill.email, "Übergeben")
    await released(day, comes)
    await day.post.comes(comes.email, "Ihr Platz ist bestätigt")
    assert comes.id in await day.takes_part()
    assert (await day.press(day.at("hn-18"), MINE))["cityPosition"] == 2  # behind hn-16
    assert await day.calendars["hn-09"].ask() == 200
    assert day.calendars["hn-09"].named("Open Space")["status"] == "CANCELLED"
    await printed(day, "attendance.pdf", "badges.pdf")
    for name in ("attendance.pdf", "badges.pdf"):
        assert (on_paper(day, name, ill), on_paper(day, name, comes)) == (False, True)
    assert (await day.http.get(ill.day)).status_code == 404
    comes.day = (await links(day.organiser, day.id))[comes.id]["url"]
    day.changed.add("a substitute at the last minute")


async def two_do_not_come(day: Day) -> None:
    """Noted at the bus; somebody else said that they come after the first round. The tables are planned anew."""
    day.absent = [day.at("kn-05"), day.at("kn-06")]
    bus, _back = (await day.organiser.ask(VEHICLES, id=day.id))["event"]["vehicles"]
    gone = [one.id for one in day.absent]
    there = [one["navigator"]["id"] for one in bus["aboard"] if one["navigator"]["id"] not in gone]
    assert len(there) == PLACES - 2
    called = await day.organiser.ask(ROLL, event=day.id, vehicle=bus["id"], present=there, absent=gone)
    aboard = called["callRoll"]["vehicles"][0]["aboard"]
    assert {one["navigator"]["id"] for one in aboard if one["present"] is False} == set(gone)
    await day.organiser.ask(CAME, event=day.id, who=gone, **{"as": "NO_SHOW"})
    await refused(day.organiser.ask(CAME, event=day.id, who=[day.at("hn-09").id], **{"as": "NO_SHOW"}), "REFUSED")

    before, late, comes = await day.seats(), day.at("hn-08"), day.at("hn-17")
    asked = {"plan": day.plan, "over": 0, "missing": [late.id], "confirm": True, "iterations": 5_000}
    day.plan = (await day.organiser.ask(REPLAN, input=asked))["replanRounds"]["id"]

    def seated(data: Any) -> bool:
        return all(comes.id in number for number in by_person(data["event"]["rounds"]))

    found = (await day.organiser.until(SEATED, seated, id=day.id))["event"]
    after = by_person(found["rounds"])
    for number in after:
        assert not {*gone, late.id, day.at("hn-09").id} & number.keys()
        assert len(number) == 2 * PLACES - 3
        sizes = [list(number.values()).count(table) for table in range(1, 6)]
        assert max(sizes) - min(sizes) <= 1
    moved = {(one["navigator"]["id"], one["round"]) for one in found["movedSeats"]}
    assert moved == {
        (key, round_) for round_, number in enumerate(after, 1) for key, table in number.items()
        if before[round_ - 1].get(key) != table
    }  # fmt: skip
    phone = (await day.ask(MY_DAY, link=comes.day_link))["myDay"]
    assert [(stop["table"], stop["new"]) for stop in phone["rounds"]] == [(one[comes.id], True) for one in after]
    assert (await day.ask(MY_DAY, link=late.day_link))["myDay"]["rounds"] == []
    await printed(day, "slips.pdf", "table-cards.pdf")
    for person, on_card in ((comes, True), (late, False), (day.absent[0], False)):
        assert on_paper(day, "table-cards.pdf", person) == on_card
    day.changed.add("two do not come")
