"""Series of meetings through the API: each an event of its own, changed and called off alone, from here on, or all."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import icalendar
import pytest
import pytest_asyncio

from services.cli import demo
from services.cli.client import Answered, Client
from services.kit.service import Hub
from tests.conftest import Clients
from tests.events.test_trips import HEILBRONN, KONSTANZ, SPEYER, item, navigators, world

MEETING = {"title": "Austausch", "kind": "MEETING", "date": "2027-02-09", "host": KONSTANZ, "guests": [HEILBRONN]}
FIELDS = """id title date recurrenceDate changedAlone status agenda { id title starts responsible }
  participants { navigator { id } }"""
MAKE = f"""mutation ($event: EventInput!, $rule: String!) {{ createSeries(event: $event, rule: $rule) {{
  id rule events {{ {FIELDS} }} }} }}"""
SHOW = f"query ($id: ID!) {{ event(id: $id) {{ series {{ id rule events {{ {FIELDS} }} }} }} }}"
CHANGE = """mutation ($event: ID!, $scope: SeriesScope!, $change: EventInput!, $rule: String,
                     $overwrite: Boolean! = false) {
  changeSeries(event: $event, scope: $scope, change: $change, rule: $rule, overwrite: $overwrite) { id } }"""
CANCEL = "mutation ($event: ID!, $scope: SeriesScope!) { cancelSeries(event: $event, scope: $scope) { id status } }"

SOONEST = """query ($after: String, $state: ID = "08") {
  events(soonest: true, first: 2, after: $after, from: "2031-01-01", until: "2031-12-31", state: $state) {
    nodes { date } pageInfo { endCursor } } }"""


@pytest_asyncio.fixture
async def clients(shared: Hub) -> AsyncIterator[Clients]:
    made = Clients(shared, [])
    yield made
    for client in made.made:
        await client.close()


@pytest_asyncio.fixture
async def organiser(clients: Clients) -> Client:
    return await world(clients)


def meeting(**changes: Any) -> dict[str, Any]:
    return {**MEETING, "agenda": [item(), item(starts="10:00", ends="11:00", title="Runde")], **changes}


async def make(organiser: Client, rule: str = "FREQ=MONTHLY;BYDAY=2TU;COUNT=4", **changes: Any) -> list[dict[str, Any]]:
    return list((await organiser.ask(MAKE, event=meeting(**changes), rule=rule))["createSeries"]["events"])


async def show(organiser: Client, event: str) -> dict[str, Any]:
    return dict((await organiser.ask(SHOW, id=event))["event"]["series"])


async def titles(organiser: Client, event: str) -> list[str]:
    return [one["title"] for one in (await show(organiser, event))["events"]]


def days(events: list[dict[str, Any]], key: str = "date") -> list[str]:
    return [one[key] for one in events]


async def test_each_meeting_is_an_event_at_the_same_time_of_its_clock(organiser: Client) -> None:
    events = await make(organiser)
    assert days(events) == days(events, "recurrenceDate") == ["2027-02-09", "2027-03-09", "2027-04-13", "2027-05-11"]
    # Nine o'clock, before and after the night in which the clocks go forward.
    assert [one["agenda"][0]["starts"][11:16] for one in events] == ["08:00", "08:00", "07:00", "07:00"]
    assert len({entry["id"] for one in events for entry in one["agenda"]}) == 8
    assert (await show(organiser, events[2]["id"]))["rule"] == "FREQ=MONTHLY;BYDAY=2TU;COUNT=4"


async def test_all_are_changed_but_those_that_were_changed_alone(organiser: Client) -> None:
    first, second, third, _fourth = await make(organiser)
    alone = meeting(title="Sondertermin", date="2027-03-10")
    await organiser.ask(CHANGE, event=second["id"], scope="THIS", change=alone)
    await organiser.ask("mutation ($id: ID!) { cancelEvent(id: $id) { id } }", id=third["id"])
    changed = await organiser.ask(CHANGE, event=first["id"], scope="ALL", change=meeting(title="Neu"))
    assert len(changed["changeSeries"]) == 2
    events = (await show(organiser, first["id"]))["events"]
    assert [(one["title"], one["date"], one["status"], one["changedAlone"]) for one in events] == [
        ("Neu", "2027-02-09", "CONFIRMED", False),
        ("Sondertermin", "2027-03-10", "CONFIRMED", True),
        ("Austausch", "2027-04-13", "CANCELLED", False),
        ("Neu", "2027-05-11", "CONFIRMED", False),
    ]
    await organiser.ask(CHANGE, event=first["id"], scope="ALL", change=meeting(title="Alle"), overwrite=True)
    events = (await show(organiser, first["id"]))["events"]
    assert [(one["title"], one["date"], one["status"]) for one in events[:3]] == [
        ("Alle", "2027-02-09", "CONFIRMED"),
        ("Alle", "2027-03-09", "CONFIRMED"),
        ("Austausch", "2027-04-13", "CANCELLED"),
    ]


async def test_this_and_the_following(organiser: Client) -> None:
    events = await make(organiser)
    people = await navigators(organiser, KONSTANZ)
    await organiser.ask(demo.JOIN, event=events[3]["id"], navigators=people[:2])
    await organiser.ask(
        CHANGE, event=events[2]["id"], scope="FOLLOWING", change=meeting(title="Neu", date="2027-04-13")
    )
    assert await titles(organiser, events[0]["id"]) == ["Austausch", "Austausch", "Neu", "Neu"]
    after = (await show(organiser, events[0]["id"]))["events"]
    assert days(after) == days(events)
    assert len(after[3]["participants"]) == 2
    assert [one["id"] for one in after] == [one["id"] for one in events]


async def test_entries_stay_the_same_entries_in_all_meetings(organiser: Client) -> None:
    first, second, *_rest = await make(organiser)
    welcome, round_ = first["agenda"]
    agenda = [
        item(starts="08:00", ends="09:00", title="Ankommen"),
        item(id=round_["id"], starts="09:00", ends="10:00", title="Austausch im Kreis"),
        item(id=welcome["id"], starts="10:00", ends="10:30"),
    ]
    await organiser.ask(CHANGE, event=first["id"], scope="ALL", change=meeting(agenda=agenda))
    events = (await show(organiser, first["id"]))["events"]
    for before, after in ((first, events[0]), (second, events[1])):
        assert [entry["title"] for entry in after["agenda"]] == ["Ankommen", "Austausch im Kreis", "Begrüßung"]
        assert [entry["id"] for entry in after["agenda"][1:]] == [entry["id"] for entry in reversed(before["agenda"])]


async def test_days_move_together_and_the_rule_with_them(organiser: Client) -> None:
    events = await make(organiser, "FREQ=WEEKLY;COUNT=4;BYDAY=TU")
    await organiser.ask(CHANGE, event=events[2]["id"], scope="FOLLOWING", change=meeting(date="2027-02-24"))
    first, later = await show(organiser, events[0]["id"]), await show(organiser, events[2]["id"])
    assert (first["rule"], days(first["events"])) == (
        "FREQ=WEEKLY;BYDAY=TU;UNTIL=20270222",
        ["2027-02-09", "2027-02-16"],
    )
    assert (later["rule"], days(later["events"])) == (
        "FREQ=WEEKLY;BYDAY=WE;UNTIL=20270303",
        ["2027-02-24", "2027-03-03"],
    )
    monthly = await make(organiser)
    with pytest.raises(Answered) as caught:  # the second Tuesday plus one day is no rule
        await organiser.ask(CHANGE, event=monthly[0]["id"], scope="ALL", change=meeting(date="2027-02-10"))
    assert caught.value.problems[0].field == "rule"


async def test_a_new_rule_moves_what_is_near_and_cancels_what_it_has_no_day_for(organiser: Client) -> None:
    events = await make(organiser, "FREQ=WEEKLY;COUNT=4")  # 9, 16, 23 February, 2 March
    people = await navigators(organiser, KONSTANZ)
    for one in events[1:3]:
        await organiser.ask(demo.JOIN, event=one["id"], navigators=people[:3])
    rule = "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=WE"  # 10, 24 February, 10, 24 March
    await organiser.ask(CHANGE, event=events[0]["id"], scope="ALL", change=meeting(date="2027-02-10"), rule=rule)
    after = (await show(organiser, events[0]["id"]))["events"]
    assert days(after) == ["2027-02-10", "2027-02-24", "2027-03-10", "2027-03-24"]
    assert [one["id"] for one in after[:2]] == [events[0]["id"], events[2]["id"]]
    assert len(after[1]["participants"]) == 3
    ids = {one["id"] for one in after}
    for gone in (events[1], events[3]):
        assert gone["id"] not in ids
        row = await organiser.ask("query ($id: ID!) { event(id: $id) { status series { id } } }", id=gone["id"])
        assert row["event"] == {"status": "CANCELLED", "series": None}


async def test_calling_off(organiser: Client) -> None:
    events = await make(organiser)
    for scope, one, gone in (("THIS", 1, {1}), ("FOLLOWING", 2, {1, 2, 3}), ("ALL", 3, {0, 1, 2, 3})):
        await organiser.ask(CANCEL, event=events[one]["id"], scope=scope)
        now = (await show(organiser, events[0]["id"]))["events"]
        assert {i for i, row in enumerate(now) if row["status"] == "CANCELLED"} == gone
    raw = await organiser.fetch(f"{organiser.url}/events/{events[3]['id']}/papers/agenda.ics")
    for entry in icalendar.Calendar.from_ical(raw).walk("VEVENT"):
        assert (entry["status"], entry["sequence"]) == ("CANCELLED", 1)


async def test_changes_at_the_same_time_take_turns(organiser: Client) -> None:
    events = await make(organiser)
    people = await navigators(organiser, KONSTANZ)
    await asyncio.gather(
        organiser.ask(CHANGE, event=events[0]["id"], scope="ALL", change=meeting(title="A")),
        organiser.ask(CHANGE, event=events[0]["id"], scope="ALL", change=meeting(title="B")),
        organiser.ask(CHANGE, event=events[2]["id"], scope="FOLLOWING", change=meeting(title="C", date="2027-04-13")),
        organiser.ask(CANCEL, event=events[3]["id"], scope="THIS"),
        *(organiser.ask(demo.JOIN, event=one["id"], navigators=people[:5]) for one in events),
    )
    after = (await show(organiser, events[0]["id"]))["events"]
    assert [len(one["participants"]) for one in after] == [5] * 4
    assert after[0]["title"] == after[1]["title"]
    assert [len(one["agenda"]) for one in after] == [2] * 4
    assert [one["status"] for one in after] == ["CONFIRMED"] * 3 + ["CANCELLED"]


async def test_who_may_not_and_what_cannot(organiser: Client, clients: Clients) -> None:
    events = await make(organiser)
    alone = (await organiser.ask(demo.CREATE, event=meeting()))["createEvent"]["id"]
    first, second = events[0]["id"], events[1]["id"]
    calls: list[tuple[str, dict[str, Any], str]] = [
        (MAKE, {"event": meeting(), "rule": "FREQ=WEEKLY"}, "REFUSED"),
        (MAKE, {"event": meeting(title=""), "rule": "FREQ=WEEKLY;COUNT=2"}, "REFUSED"),
        (CHANGE, {"event": alone, "scope": "ALL", "change": meeting()}, "REFUSED"),
        (CHANGE, {"event": first, "scope": "THIS", "change": meeting(), "rule": "FREQ=WEEKLY;COUNT=2"}, "REFUSED"),
        (CHANGE, {"event": second, "scope": "ALL", "change": meeting(), "rule": "FREQ=DAILY;COUNT=2"}, "REFUSED"),
        (CHANGE, {"event": first, "scope": "ALL", "change": meeting(date="2100-12-30")}, "REFUSED"),
        (CANCEL, {"event": alone, "scope": "ALL"}, "REFUSED"),
        (CANCEL, {"event": "00000000-0000-0000-0000-000000000000", "scope": "ALL"}, "NOT_FOUND"),
    ]
    for query, variables, reason in calls:
        with pytest.raises(Answered) as caught:
            await organiser.ask(query, **variables)
        assert caught.value.reason == reason, variables
    for other in (await clients(KONSTANZ), await clients(SPEYER)):
        for query, variables in (
            (CHANGE, {"event": first, "scope": "ALL", "change": meeting()}),
            (CANCEL, {"event": first, "scope": "ALL"}),
        ):
            with pytest.raises(Answered) as caught:
                await other.ask(query, **variables)
            assert caught.value.reason == "FORBIDDEN"
    assert await titles(organiser, first) == ["Austausch"] * 4


async def test_coming_events_begin_with_the_next(organiser: Client) -> None:
    await make(organiser, "FREQ=WEEKLY;COUNT=5", title="Wöchentlich", date="2031-01-07")
    found: list[str] = []
    after: str | None = None
    for _page in range(3):
        events = (await organiser.ask(SOONEST, after=after))["events"]
        found += [one["date"] for one in events["nodes"]]
        after = events["pageInfo"]["endCursor"]
    assert found == ["2031-01-07", "2031-01-14", "2031-01-21", "2031-01-28", "2031-02-04"]
    assert (await organiser.ask(SOONEST, state="03"))["events"]["nodes"] == []
