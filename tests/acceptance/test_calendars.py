"""Feeds read by other people's parsers: a change is an update for whoever keeps entries by UID, never a duplicate."""

import asyncio
import datetime as dt
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import icalendar
import pytest
import pytest_asyncio

from services.cli.client import Client
from services.kit.service import Hub
from tests import router
from tests.conftest import Clients
from tests.events import test_series as series
from tests.events.test_trips import CHANGE, KONSTANZ, create, item, world

FOLDER = Path(__file__).parents[2] / "deploy" / "acceptance"
SECONDS = 60
CANCEL = "mutation ($id: ID!) { cancelEvent(id: $id) { id } }"


@pytest_asyncio.fixture(scope="module")
async def organiser(hub: Hub) -> AsyncIterator[Client]:
    made = Clients(hub, [])
    yield await world(made)
    for client in made.made:
        await client.close()


async def parsed(feed: bytes) -> list[dict[str, Any]]:
    """The entries as ical.js reads them."""
    await asyncio.to_thread(router.ensure_installed, FOLDER)
    process = await asyncio.create_subprocess_exec(
        router.node(), FOLDER / "calendar.mjs", env=router.environment(),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(SECONDS):
            printed, complaints = await process.communicate(feed)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, complaints.decode()
    return list(json.loads(printed))


@dataclass
class Calendar:
    """A program that keeps entries by UID and RECURRENCE-ID, and of each the newest revision (RFC 5546, 2.1.5)."""

    client: Client
    entries: dict[tuple[str, str | None], dict[str, Any]] = field(default_factory=dict)

    async def look(self) -> list[dict[str, Any]]:
        """What has changed since, as ical.js reads it; icalendar must find the same entries at the same times."""
        answer = await self.client.http.get(f"{self.client.url}/events/cities/{KONSTANZ}/calendar.ics")
        answer.raise_for_status()
        found = await parsed(answer.content)
        keys = [(one["uid"], one["recurrence"]) for one in found]
        assert max(Counter(keys).values()) == 1
        changed = []
        for key, one in zip(keys, found, strict=True):
            before = self.entries.get(key)
            if before == one:
                continue
            if before is not None:
                assert (one["sequence"], one["stamp"]) >= (before["sequence"], before["stamp"])
                assert one["sequence"] > before["sequence"]
            self.entries[key] = one
            changed.append(one)
        assert self.entries.keys() == set(keys)  # nothing that was there before is simply gone
        other = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
        shown = Counter((str(one["uid"]), str(one["summary"]), _utc(one.decoded("dtstart"))) for one in other)
        assert shown == Counter((one["uid"], one["summary"], one["starts"]) for one in found)
        return changed

    def shown(self, *words: str) -> list[tuple[str, str, str]]:
        """Summary, beginning and status of the entries with one of these words, by time."""
        found = (one for one in self.entries.values() if any(word in one["summary"] for word in words))
        return sorted(((one["summary"], one["starts"], one["status"]) for one in found), key=lambda one: one[1])


def _utc(value: dt.date) -> str:
    if not isinstance(value, dt.datetime):
        return value.isoformat()
    return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@pytest.mark.slow
async def test_every_change_is_an_update_and_nothing_comes_twice(organiser: Client) -> None:
    program = Calendar(organiser)
    plain = {"title": "Werkstatt", "hashtag": "", "date": "2027-03-04", "agenda": [item(title="Werkstatt früh")]}
    event = await create(organiser, **plain)
    await program.look()
    assert program.shown("Werkstatt") == [
        ("Werkstatt", "2027-03-04", "CONFIRMED"),
        ("Werkstatt früh", "2027-03-04T08:00:00.000Z", "CONFIRMED"),
    ]

    # An event is changed: another day and time.
    moved = {**plain, "date": "2027-03-30", "agenda": [item(title="Werkstatt früh", starts="10:00", ends="11:00")]}
    template = {"host": KONSTANZ, "guests": [], "kind": "MEETING"}
    await organiser.ask(CHANGE, id=event, event={**moved, **template})
    assert {one["uid"] for one in await program.look()} == {
        one["uid"] for one in program.entries.values() if "Werkstatt" in one["summary"]
    }
    assert program.shown("Werkstatt") == [
        ("Werkstatt", "2027-03-30", "CONFIRMED"),
        ("Werkstatt früh", "2027-03-30T08:00:00.000Z", "CONFIRMED"),  # summer time by then
    ]
    assert await program.look() == []

    # A series: one occurrence, this and following, one called off, all called off.
    meetings = await series.make(organiser)
    assert len(await program.look()) == 4 * 3  # each day and its two entries
    alone = series.meeting(title="Sondertermin", date="2027-03-10")
    await organiser.ask(series.CHANGE, event=meetings[1]["id"], scope="THIS", change=alone)
    assert len(await program.look()) == 3
    assert program.shown("Sondertermin", "Austausch") == [
        ("Austausch", "2027-02-09", "CONFIRMED"),
        ("Sondertermin", "2027-03-10", "CONFIRMED"),
        ("Austausch", "2027-04-13", "CONFIRMED"),
        ("Austausch", "2027-05-11", "CONFIRMED"),
    ]
    later = series.meeting(title="Runder Tisch", date="2027-04-13", venue={"name": "Rathaus"})
    await organiser.ask(series.CHANGE, event=meetings[2]["id"], scope="FOLLOWING", change=later)
    assert len(await program.look()) == 2 * 3
    await organiser.ask(series.CANCEL, event=meetings[2]["id"], scope="THIS")
    assert {one["status"] for one in await program.look()} == {"CANCELLED"}
    assert program.shown("Sondertermin", "Austausch", "Runder Tisch") == [
        ("Austausch", "2027-02-09", "CONFIRMED"),
        ("Sondertermin", "2027-03-10", "CONFIRMED"),
        ("Abgesagt: Runder Tisch", "2027-04-13", "CANCELLED"),
        ("Runder Tisch", "2027-05-11", "CONFIRMED"),
    ]
    await organiser.ask(series.CANCEL, event=meetings[0]["id"], scope="ALL")
    assert len(await program.look()) == 3 * 3
    await organiser.ask(CANCEL, id=event)
    assert len(await program.look()) == 2
    assert {one["status"] for one in program.entries.values()} == {"CANCELLED"}
