"""What time does: who left and what nobody confirms is hidden, cities are reminded, the rest is forgotten."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from services.cli.demo import PUBLISH
from services.directory.fields import Audience
from services.directory.models import Navigator, OwnWord, Told
from services.directory.protection import retention
from services.directory.protection.own import Desk
from services.kit.db import HUB
from services.kit.service import Hub
from tests.browser_like import account
from tests.directory.protected import (
    found,
    full,
    letters,
    path,
    press,
    published,
    snapshot,
    tell,
    towns,
    visitor,
)

pytestmark = pytest.mark.usefixtures("closed")
TODAY = datetime.now(UTC).date()


async def hide(hub: Hub, today: date = TODAY) -> None:
    directory = hub.runtimes["directory"]
    desk = Desk(hub.settings, directory.memory)
    while await retention.hide_lapsed(desk, directory, directory.db, today):
        pass


async def listed(hub: Hub, ags: str, key: str = "zoe-1") -> Audience:
    async with hub.runtimes["directory"].db.read(HUB) as session:
        query = select(Navigator.listed).where(Navigator.ags == ags, Navigator.key == key)
        return Audience((await session.scalars(query)).one())


async def confirmed(hub: Hub, ags: str, days: int) -> None:
    """As if the city had last published so many days ago."""
    async with hub.runtimes["directory"].db.begin(HUB) as session:
        await session.execute(
            text("UPDATE city SET confirmed_on = :day WHERE ags = :ags"),
            {"day": TODAY - timedelta(days=days), "ags": ags},
        )


def left(days: int, **changes: Any) -> dict[str, Any]:
    return full(since=None, until=(TODAY - timedelta(days=days)).isoformat(), **changes)


async def test_who_has_left_is_hidden_after_a_month_and_shown_again_when_that_was_wrong(shared: Hub) -> None:
    ags = towns()
    city = await published(shared, ags, left(31), left(29, key="y", email="y@town.example"))
    await hide(shared)
    assert await listed(shared, ags) is Audience.CITY
    assert await listed(shared, ags, "y") is Audience.PUBLIC
    await city.ask(PUBLISH, snapshot=snapshot(ags, full(until="2031-12-31")))
    await hide(shared)
    assert await listed(shared, ags) is Audience.PUBLIC


async def test_what_nobody_confirms_is_hidden_until_city_or_person_do(shared: Hub) -> None:
    ags = towns()
    city, browser = await published(shared, ags, full()), await visitor(shared)
    await confirmed(shared, ags, 540)
    await hide(shared)
    assert await listed(shared, ags) is Audience.PUBLIC
    await confirmed(shared, ags, 549)
    await hide(shared)
    assert await listed(shared, ags) is Audience.CITY
    page = await path(shared, ags)
    assert "lange niemand bestätigt" in (await browser.http.get(page)).text
    await press(browser, page, "confirm")
    assert (await listed(shared, ags), await listed(shared, ags, "m")) == (Audience.PUBLIC, Audience.CITY)
    await city.ask(PUBLISH, snapshot=snapshot(ags, full()))  # unchanged: the city says that it is still true
    await hide(shared)
    assert await listed(shared, ags, "m") is Audience.PUBLIC


async def test_a_city_is_reminded_once_a_month_in_one_mail_for_each_address(shared: Hub) -> None:
    ags, directory = towns(), shared.runtimes["directory"]
    await published(shared, ags, left(5), full(key="y", name="Ypsi Ungewiss", email="y@town.example", until=None))
    await account(shared, ags, "coordinator", email="chef@town.example")
    await account(shared, ags, "coordinator", email="DIGITAL@town.example", name="Kim Kontakt")
    await confirmed(shared, ags, 370)
    for _turn in range(2):
        await retention.remind(directory, directory.db, TODAY)
    mails = await letters(directory, "reminder", ags)
    assert sorted(letter.to for letter in mails) == ["chef@town.example", "digital@town.example"]
    for words in ("Zoë Quittenbaum", "Ypsi Ungewiss", "30 Tage"):
        assert words in mails[0].text, words
    await retention.remind(directory, directory.db, TODAY + timedelta(days=32))
    assert len(await letters(directory, "reminder", ags)) == 4


async def test_a_city_in_good_order_gets_no_mail(shared: Hub) -> None:
    ags, directory = towns(), shared.runtimes["directory"]
    await published(shared, ags, full())
    await confirmed(shared, ags, 300)
    await retention.remind(directory, directory.db, TODAY)
    assert await letters(directory, "reminder", ags) == []


async def test_what_was_said_outlives_a_pause_and_is_forgotten_after_a_year(shared: Hub) -> None:
    ags, directory = towns(), shared.runtimes["directory"]
    city, browser = await published(shared, ags, full()), await visitor(shared)
    await tell(shared)
    await press(browser, await path(shared, ags), "hide")
    who, now = await found(shared, ags), datetime.now(UTC)

    async def forget(after: timedelta = timedelta()) -> tuple[bool, bool]:
        async with directory.db.begin(HUB) as session:
            await retention.forget_vanished(session, now + after)
        async with directory.db.read(HUB) as session:
            return (await session.get(Told, who.id) is not None, await session.get(OwnWord, who.id) is not None)

    assert await forget() == (True, True)
    await city.ask(PUBLISH, snapshot=snapshot(ags))
    assert await forget() == (True, True)  # earlier publications hold them
    await city.ask(PUBLISH, snapshot=snapshot(ags, full()))
    assert await listed(shared, ags) is Audience.CITY  # hidden for safety is hidden when the list comes back
    await forget(timedelta(days=300))
    await city.ask(PUBLISH, snapshot=snapshot(ags))
    assert await forget(timedelta(days=301)) == (True, True)
    assert await forget(timedelta(days=700)) == (False, False)
