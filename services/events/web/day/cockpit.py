"""The organiser's cockpit: the clock of the rounds, announcements, and ideas of the tables."""

import uuid
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, get, post

from services.events import access
from services.events.live import announcing, ideas
from services.events.live.rooms import ANNOUNCEMENTS, CLOCK, IDEAS, rooms_of
from services.events.registration import attendance
from services.events.web.day import ground
from services.events.web.day.ground import BASE, SERVICE
from services.events.web.registration import here
from services.kit import forms
from services.kit.db import HUB
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext
from services.kit.pages import AnyRequest, ask

COMMAND: Final = "mutation ($event: ID!, $expected: Int!%s) { %s(event: $event, expected: $expected%s) { revision } }"
COMMANDS: Final = {
    "start": "startRound",
    "pause": "pauseRound",
    "resume": "resumeRound",
    "end": "endRound",
    "next": "nextRound",
    "finish": "finishRounds",
}
EXTEND: Final = COMMAND % (", $minutes: Int!", "extendRound", ", minutes: $minutes")
SET: Final = COMMAND % (
    ", $automatic: Boolean, $warning: Int", "setRoundClock", ", automatic: $automatic, warningSeconds: $warning"
)  # fmt: skip
ANNOUNCE: Final = """mutation ($event: ID!, $announcement: AnnouncementInput!) {
  announce(event: $event, announcement: $announcement) { people } }"""
WITHDRAW: Final = "mutation ($id: ID!) { withdrawAnnouncement(id: $id) }"
NOTE: Final = "mutation ($event: ID!, $ideas: [IdeaCard!]!) { noteIdeas(event: $event, ideas: $ideas) { id } }"
HIDE: Final = "mutation ($id: ID!, $hidden: Boolean!) { hideIdea(id: $id, hidden: $hidden) { id } }"
MOST_SHOWN: Final = 100
"""Ideas on a page, the newest."""


class Commanded(msgspec.Struct, frozen=True):
    """`expected` is the clock's revision that was looked at."""

    expected: int
    do: Literal["start", "pause", "resume", "end", "next", "finish", "extend", "set"]
    minutes: Annotated[int, msgspec.Meta(ge=1, le=240)] = 1
    automatic: bool = False
    warning: Annotated[int, msgspec.Meta(ge=0, le=600)] = 60


class Announced(msgspec.Struct, frozen=True):
    text: Annotated[str, msgspec.Meta(max_length=announcing.LONGEST_TEXT)]
    mail: bool = False


class Gone(msgspec.Struct, frozen=True):
    id: str


class Cards(msgspec.Struct, frozen=True):
    """An idea a line."""

    text: Annotated[str, msgspec.Meta(max_length=50_000)]
    round: Annotated[int, msgspec.Meta(ge=1, le=100)] | None = None
    table: Annotated[int, msgspec.Meta(ge=1, le=ideas.MOST_TABLES)] | None = None


class Hidden(msgspec.Struct, frozen=True):
    id: str
    hidden: bool = False


@get(BASE, page=True, right=access.ORGANISER)
async def cockpit(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    return await _cockpit(request, id)


async def _cockpit(
    request: AnyRequest, id: uuid.UUID, shown: Form = EMPTY, status: int = 200, *, telling: Form = EMPTY
) -> Response[Any]:
    event = await ground.organised(request, id)
    room = await rooms_of(here(request)).open(id, CLOCK, ANNOUNCEMENTS)
    async with here(request).db.read(HUB) as session:
        counts = await attendance.counts(session, id)
    live = room.state()
    return await ground.page(
        request, "cockpit", event, "/day", status, live=live, announcements=room.announced(), counts=counts,
        state=msgspec.json.encode({"live": live, "announcements": room.announced()}).decode(), shown=shown,
        telling=telling, plan=event.plan, groups=ground.groups(request, event), warning=room.clock().warning,
    )  # fmt: skip


@post(f"{BASE}/clock", page=True, status_code=303, right=access.ORGANISER)
async def command(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """One command to the clock; whoever comes second is told how it stands."""

    async def change() -> str:
        said = await forms.read(request, Commanded)
        asked: dict[str, Any] = {"event": str(id), "expected": said.expected}
        if said.do == "extend":
            await ask(request, SERVICE, EXTEND, **asked, minutes=said.minutes)
        elif said.do == "set":
            await ask(request, SERVICE, SET, **asked, automatic=said.automatic, warning=said.warning)
        else:
            await ask(request, SERVICE, COMMAND % ("", COMMANDS[said.do], ""), **asked)
        return ""

    async def again(shown: Form, status: int) -> Response[Any]:
        return await _cockpit(request, id, shown, status)

    return await ground.changed(request, change, f"/organise/{id}/day", again)


@post(f"{BASE}/announcements", page=True, status_code=303, right=access.ORGANISER)
async def announce(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    async def change() -> str:
        said = await forms.read(request, Announced)
        wanted = {"text": said.text, "mail": said.mail}
        done = (await ask(request, SERVICE, ANNOUNCE, event=str(id), announcement=wanted))["announce"]
        people: int = done["people"]
        return ngettext("Announced to {people} person.", "Announced to {people} people.", people, people=people)

    async def again(shown: Form, status: int) -> Response[Any]:
        return await _cockpit(request, id, status=status, telling=shown)

    return await ground.changed(request, change, f"/organise/{id}/day", again, "text")


@post(f"{BASE}/announcements/withdraw", page=True, status_code=303, right=access.ORGANISER)
async def withdraw(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    async def change() -> str:
        await ask(request, SERVICE, WITHDRAW, id=(await forms.read(request, Gone)).id)
        return _("The announcement is off the screens.")

    async def again(shown: Form, status: int) -> Response[Any]:
        return await _cockpit(request, id, shown, status)

    return await ground.changed(request, change, f"/organise/{id}/day", again)


# Ideas --------------------------------------------------------------------------------------------------------------


@get(f"{BASE}/ideas", page=True, right=access.ORGANISER)
async def board(request: AnyRequest, id: uuid.UUID, table: int = 0) -> Response[Any]:
    return await _ideas(request, id, table=table)


async def _ideas(
    request: AnyRequest, id: uuid.UUID, shown: Form = EMPTY, status: int = 200, *, table: int = 0
) -> Response[Any]:
    """The newest ideas, of one table if it is named, and a form for those on paper cards."""
    event = await ground.organised(request, id)
    room = await rooms_of(here(request)).open(id, IDEAS)
    found = [one for one in room.ideas(organiser=True) if not table or one.table == table][::-1]
    return await ground.page(
        request, "ideas", event, "/day/ideas", status, ideas=found[:MOST_SHOWN], count=len(found), table=table,
        shown=shown, live=room.state(),
    )  # fmt: skip


@post(f"{BASE}/ideas", page=True, status_code=303, right=access.ORGANISER)
async def note(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """What stands on paper cards of one table."""

    async def change() -> str:
        said = await forms.read(request, Cards, most=ground.MOST_BYTES)
        lines = forms.lines(said.text)
        cards = [{"text": line, "round": said.round, "table": said.table} for line in lines]
        await ask(request, SERVICE, NOTE, event=str(id), ideas=cards)
        return ngettext("{number} idea is on the board.", "{number} ideas are on the board.", len(cards))

    async def again(shown: Form, status: int) -> Response[Any]:
        return await _ideas(request, id, shown, status)

    return await ground.changed(request, change, f"/organise/{id}/day/ideas", again, "text")


@post(f"{BASE}/ideas/hide", page=True, status_code=303, right=access.ORGANISER)
async def hide(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    async def change() -> str:
        said = await forms.read(request, Hidden)
        await ask(request, SERVICE, HIDE, id=said.id, hidden=said.hidden)
        return _("The idea is off the board.") if said.hidden else _("The idea is on the board again.")

    async def again(shown: Form, status: int) -> Response[Any]:
        return await _ideas(request, id, shown, status)

    return await ground.changed(request, change, f"/organise/{id}/day/ideas", again)


routes = [cockpit, command, announce, withdraw, board, note, hide]
