"""A late change of the open space reaches by mail whoever hosts a session that moved or has a seat in it, once."""

import asyncio
import datetime as dt
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import update

from services.events.models import Event, Navigator
from services.events.registration import telling
from services.kit.db import HUB
from services.kit.post import Folder
from services.kit.service import Hub
from tests.conftest import Clients
from tests.events.open_space import World
from tests.events.sample_day import BERLIN
from tests.events.test_open_space_plans import DECIDE, MOVE, published


@pytest.fixture(scope="module")
def workers() -> bool:
    return True


async def letters(hub: Hub, folder: Path) -> dict[str, EmailMessage]:
    """The mails that are written now, by address, as the hub's worker hands them over."""
    runtime = hub.runtimes["events"]
    runtime.outbox.way = Folder(folder)
    for old in folder.glob("*.eml"):
        old.unlink()
    told = await telling.tell(runtime, runtime.db, dt.timedelta())
    async with asyncio.timeout(30):
        while len(files := list(folder.glob("*.eml"))) < told:
            await asyncio.sleep(0.05)
    parser = BytesParser(EmailMessage, policy=policy.default)
    found = [parser.parsebytes(one.read_bytes()) for one in files]
    return {str(mail["To"]): mail for mail in found}


def words(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def today(here: World) -> dict[str, str]:
    """The day has come, and everybody has an address, by person; times stay ahead, so that sessions can move."""
    now = dt.datetime.now(BERLIN).date()
    async with here.hub.runtimes["events"].db.begin(HUB) as session:
        await session.execute(update(Event).where(Event.id == UUID(here.event)).values(date=now, last_day=now))
        for number, person in enumerate(here.people):
            mine = update(Navigator).where(Navigator.id == UUID(person))
            await session.execute(mine.values(email=f"p{number}@stadt.example"))
    return {person: f"p{number}@stadt.example" for number, person in enumerate(here.people)}


async def swap(here: World, one: str, other: str) -> None:
    changes = [{"kind": "SWAP", "proposal": one, "other": other}]
    await here.organiser.ask(MOVE, event=here.event, changes=changes)


async def test_moved_sessions_reach_those_they_are_for_in_one_mail(hub: Hub, clients: Clients, tmp_path: Path) -> None:
    here, keys = await published(hub, clients)
    addresses = await today(here)
    assert await letters(hub, tmp_path) == {}  # the first plan is no news
    board = (await here.seen())["board"]
    rooms = {room["id"]: room["name"] for room in board["rooms"]}
    before = {one["proposal"]: one for one in board["sessions"]}
    await swap(here, keys[0], keys[1])
    moved = {one["proposal"]: one for one in (await here.seen())["board"]["sessions"]}
    assert (moved[keys[0]]["slot"], moved[keys[0]]["room"]) == (before[keys[1]]["slot"], before[keys[1]]["room"])
    found = await letters(hub, tmp_path)
    # Who is odd wished for the first two, and persons 0 and 1 host one of them.
    assert set(found) == {addresses[here.people[number]] for number in (0, 1, 3, 5, 7)}
    for letter in found.values():
        assert str(letter["Subject"]).startswith("Ihre Sessions wurden verlegt: ")
        assert "List-Unsubscribe" not in letter  # it is about what they booked
    host = words(found[addresses[here.people[0]]])
    assert f"{rooms[moved[keys[0]]['room']]}: Thema 1" in host
    both = words(found[addresses[here.people[5]]])
    assert "Thema 1" in both
    assert "Thema 2" in both
    assert "Thema 3" not in both
    # Nobody is told twice.
    assert await letters(hub, tmp_path) == {}


async def test_changes_before_the_day_are_no_news(hub: Hub, clients: Clients, tmp_path: Path) -> None:
    here, keys = await published(hub, clients)
    await swap(here, keys[0], keys[1])
    await today(here)
    assert await letters(hub, tmp_path) == {}


async def test_who_wanted_a_session_that_is_called_off_hears_of_it(hub: Hub, clients: Clients, tmp_path: Path) -> None:
    here, keys = await published(hub, clients)
    addresses = await today(here)
    await here.organiser.ask(DECIDE, event=here.event, id=keys[2], state="CANCELLED")
    found = await letters(hub, tmp_path)
    assert set(found) == {addresses[here.people[number]] for number in (0, 2, 4, 6)}
    text = words(found[addresses[here.people[4]]])
    assert "Thema 4" in text
    assert "Thema 3" not in text
    await here.organiser.ask(DECIDE, event=here.event, id=keys[3], state="CANCELLED")
    last = words((await letters(hub, tmp_path))[addresses[here.people[4]]])
    assert "Ihre Session fällt aus." in last
