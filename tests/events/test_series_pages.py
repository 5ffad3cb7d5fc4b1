"""An organiser's pages of a series: its days, and what one of them says that others have not."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import select

from services.events.models import Event
from services.kit.db import HUB
from tests.events.organise_world import SOON, TITLE, World, world
from tests.events.organising import shown
from tests.events.registration_world import GUEST, HOST

__all__ = ["world"]


def when(day: dt.date, name: str = "date") -> dict[str, Any]:
    return {f"{name}-day": day.day, f"{name}-month": day.month, f"{name}-year": day.year}


async def meetings(world: World, path: str) -> list[Event]:
    """The meetings of the series to which the event belongs."""
    async with world.hub.runtimes["events"].db.read(HUB) as session:
        event = await session.get_one(Event, uuid.UUID(path.split("/")[2]))
        query = select(Event).where(Event.series_id == event.series_id).order_by(Event.recurrence)
        return list((await session.scalars(query)).all())


async def test_a_series_from_its_first_day_on(world: World) -> None:
    path = await world.new(template="NONE", title="Runde", rule="FORTNIGHTLY", times="3")
    assert path.endswith("/series")
    every = await meetings(world, path)
    assert [one.date for one in every] == [SOON + dt.timedelta(days=14 * number) for number in range(3)]
    page = await world.browser.http.get(path)
    assert "alle 2 Wochen" in shown(page)
    assert "3 Mal" in shown(page)
    assert all(f"/organise/{one.id}" in page.text for one in every[1:])
    for state, there in ((HOST[:2], True), ("03", False)):
        for calendar in (f"/calendar?state={state}", f"/calendar/of/{state}"):
            assert ("<article" in (await world.browser.http.get(calendar)).text) == there, calendar
    second = f"/organise/{every[1].id}"
    assert "Ein Termin einer Reihe." in shown(await world.browser.http.get(f"{second}/agenda"))
    # This one alone, this one and the following, all.
    head = {
        "kind": "MEETING", **when(every[1].date), "host": HOST, "guests": [GUEST], "count": "0",
        **{f"lastDay-{part}": "" for part in ("day", "month", "year")},
    }  # fmt: skip
    await world.act(f"{second}/head", "/head", **head, title="Allein", scope="THIS")
    assert [one.title for one in await meetings(world, path)] == ["Runde", "Allein", "Runde"]
    await world.act(f"{second}/head", "/head", **head, title="Ab jetzt", scope="FOLLOWING")
    assert [one.title for one in await meetings(world, path)] == ["Runde", "Ab jetzt", "Ab jetzt"]
    first = path.removesuffix("/series")
    answer = await world.act(f"{first}/head", "/head", **{**head, **when(SOON)}, title="Alle", scope="ALL")
    assert answer.status_code == 303, shown(answer)
    assert [one.title for one in await meetings(world, path)] == ["Alle", "Alle", "Alle"]


async def test_what_one_meeting_says_is_carried_over(world: World) -> None:
    path = await world.new(template="NONE", title="Runde", rule="WEEKLY", times="3")
    first = path.removesuffix("/series")
    last = f"/organise/{(await meetings(world, path))[2].id}"
    await world.act(f"{last}/venue", "/venue", venue="Anderswo", address="", onlineLink="")
    await world.act(f"{first}/venue", "/venue", venue="Rathaus", address="", onlineLink="")
    assert "einzeln geändert" in shown(await world.browser.http.get(path))
    await world.act(path, "/series/carry", scope="FOLLOWING")
    assert [one.venue for one in await meetings(world, path)] == ["Rathaus", "Rathaus", "Anderswo"]
    await world.act(path, "/series/carry", scope="ALL", overwrite="true")
    assert {one.venue for one in await meetings(world, path)} == {"Rathaus"}
    # Other days: from the second on, once more each month.
    second = f"/organise/{(await meetings(world, path))[1].id}/series"
    day = SOON + dt.timedelta(days=8)
    answer = await world.act(second, "/series/days", **when(day), rule="WEEKLY", times="2")
    assert answer.status_code == 303, shown(answer)
    assert [one.date for one in await meetings(world, second)] == [day, day + dt.timedelta(days=7)]
    wrong = await world.act(second, "/series/days", **when(day), rule="WEEKLY", times="")
    assert (wrong.status_code, 'id="e-times"' in wrong.text) == (422, True)
    wrong = await world.act(second, "/series/days", **when(day), rule="HOURLY", times="2")
    assert (wrong.status_code, 'id="e-rule"' in wrong.text) == (422, True)
    answer = await world.act(second, "/series/cancel", scope="ALL")
    assert {one.status for one in await meetings(world, second)} == {"cancelled"}
    assert "abgesagt" in shown(await world.browser.http.get(second))


async def test_a_series_from_an_event(world: World) -> None:
    path = await world.new()
    first = dt.date(SOON.year + 1, 3, 31)
    answer = await world.act(f"{path}/series", "/series", **when(first), rule="MONTHDAY", **when(
        dt.date(SOON.year + 1, 8, 30), "until"))  # fmt: skip
    assert answer.status_code == 303, shown(answer)
    every = await meetings(world, answer.headers["location"])
    assert [(one.date.month, one.date.day) for one in every] == [(3, 31), (5, 31), (7, 31)]
    assert {one.title for one in every} == {TITLE}
    assert (await world.draft(path)).date == SOON, "the event itself stays"
    wrong = await world.act(f"{path}/series", "/series", **when(dt.date(SOON.year + 1, 3, 3)), rule="LAST", times="2")
    assert (wrong.status_code, "e-date" in wrong.text) == (422, True), shown(wrong)
    page = await world.browser.http.get("/organise/new")
    sent = {"template": "NONE", "title": "Runde", "host": HOST, **when(SOON), "rule": "WEEKLY"}
    wrong = await world.browser.submit(page, "/organise/new", **sent)
    assert (wrong.status_code, 'id="e-times"' in wrong.text) == (422, True)
    wrong = await world.browser.submit(page, "/organise/new", **sent, times="101")
    assert (wrong.status_code, 'id="e-times"' in wrong.text) == (422, True)
