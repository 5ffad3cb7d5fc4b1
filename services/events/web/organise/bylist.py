"""People from a list: a spreadsheet or names that are written down. First what would happen, then the yes.

Nothing of a list is kept between the two: the page of the preview carries whom it means, and the state it saw.
"""

import asyncio
import re
import uuid
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, get, post

from services.events import access
from services.events.graphql.importing import FILES
from services.events.models import Event
from services.events.registration import importing, inviting, reading
from services.events.registration.importing import Entries, Outcome
from services.events.registration.importing.sheet import Entry
from services.events.registration.organising import LONGEST_REASON
from services.events.web.organise import ground
from services.events.web.organise.ground import BASE, MOST_FORM, path_of
from services.events.web.organise.inviting import Words, told
from services.events.web.registration import here
from services.kit import forms, pages
from services.kit.auth import Principal
from services.kit.db import Writer
from services.kit.errors import Conflict, Outdated, Problem, Refused, TooLarge
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext
from services.kit.pages import AnyRequest
from services.kit.sheets.table import MOST_BYTES

ACCEPTED: Final = ".xlsx,.ods,.csv,.txt,text/csv"
MOST_SHOWN: Final = 100
"""Rows of a preview, and problems."""
MOST_PEOPLE: Final = 2_000
"""Of one list on pages; larger ones come in parts, or through the interface for programs."""


class Naming(msgspec.Struct, frozen=True):
    names: Annotated[str, msgspec.Meta(max_length=MOST_FORM // 2)]


class Agreed(msgspec.Struct, frozen=True):
    """`people` are ids between commas; `tag` is of the preview that the page showed."""

    step: Literal["add", "invite"]
    people: str
    tag: str
    reason: Annotated[str, msgspec.Meta(max_length=LONGEST_REASON)] = ""
    words: Words = ""
    without_release: bool = False


@get(f"{BASE}/{{id:uuid}}/people/import", page=True, right=access.ORGANISER)
async def show(request: AnyRequest, id: uuid.UUID) -> Response[str]:
    return await _show(request, id)


async def _show(request: AnyRequest, id: uuid.UUID, shown: Form = EMPTY, status: int = 200) -> Response[str]:
    who = await ground.organiser(request)
    async with here(request).db.read(who.acting) as session:
        event = await ground.own(session, who, id)
    return await ground.page(
        request, "import", event, "/people/import", status=status, shown=shown, accepted=ACCEPTED,
        megabytes=MOST_BYTES // 1_000_000,
    )  # fmt: skip


@post(f"{BASE}/{{id:uuid}}/people/import", page=True, status_code=200, right=access.ORGANISER)
async def send(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """What the file would change; nothing happens yet."""
    who = await _first(request, id)
    try:
        file = await forms.read_file(request, "file", most=MOST_BYTES)
        said = await asyncio.to_thread(importing.read, file.name, file.content)
        return await _preview(request, who, id, said, file.name)
    except (Refused, TooLarge) as problem:
        return await _show(request, id, Form({}, problem.problems, problem.message), problem.status)


@post(f"{BASE}/{{id:uuid}}/people/names", page=True, form="import", status_code=200, right=access.ORGANISER)
async def name(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """The same for names or e-mail addresses, one in a line."""
    who = await _first(request, id)
    try:
        said = await forms.read(request, Naming, most=MOST_FORM)
        return await _preview(request, who, id, _entries(said.names), "", written=said.names)
    except (Refused, TooLarge) as problem:
        return await _show(request, id, ground.beside(request, problem, "names"), problem.status)


async def _first(request: AnyRequest, id: uuid.UUID) -> Principal:
    """Whether the event is one's own, before anything large is read."""
    who, runtime = await ground.organiser(request), here(request)
    async with runtime.db.read(who.acting) as session:
        await ground.own(session, who, id)
    await runtime.rates.take(FILES, who.subject)
    await runtime.refresh("directory")
    return who


def _entries(text: str) -> Entries:
    rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        one = line.strip().strip(",;").strip()
        if not one:
            continue
        place = _("Line {number}", number=number)
        written = re.fullmatch(r"(.*?)<?([^\s<>,;]+@[^\s<>,;]+)>?", one)
        if written is None:
            rows.append(Entry(place, name=one[:200], titles={"name": _("Name")}))
        else:
            rows.append(
                Entry(
                    place, name=written[1].strip(' ,;<"')[:200], email=written[2][:254], titles={"email": _("E-mail")}
                )
            )
    if len(rows) > MOST_PEOPLE:
        raise TooLarge(_("At most {most} people in one list, please.", most=MOST_PEOPLE))
    return Entries(tuple(rows))


async def _preview(
    request: AnyRequest,
    who: Principal,
    id: uuid.UUID,
    said: Entries,
    file: str,
    shown: Form = EMPTY,
    status: int = 200,
    *,
    written: str = "",
) -> Response[Any]:
    async with here(request).db.read(who.acting) as session:
        event = await ground.own(session, who, id)
        found = await importing.preview(session, event, said)
        new = [line.navigator for line in found.of(Outcome.ADDED) if line.navigator]
        if len(new) > MOST_PEOPLE:
            raise TooLarge(_("At most {most} people in one list, please.", most=MOST_PEOPLE))
        again = await importing.preview(session, event, _meant(new))
        (rules,) = await reading.rules(session, [event.id])
    words = {
        Outcome.ADDED: _("is added"),
        Outcome.UNCHANGED: _("takes part already"),
        Outcome.WAITING: _("is on the waiting list and stays there"),
        Outcome.UNKNOWN: _("unknown"),
        Outcome.WRONG: _("to be corrected"),
    }
    return await ground.page(
        request, "import_preview", event, "/people/import", status=status, found=found, file=file, shown=shown,
        counts=[(words[outcome], found.count(outcome)) for outcome in Outcome if found.count(outcome)],
        lines=[(line, words[line.outcome]) for line in found.lines[:MOST_SHOWN]],
        more=max(0, len(found.lines) - MOST_SHOWN), problems=found.problems[:MOST_SHOWN],
        more_problems=max(0, len(found.problems) - MOST_SHOWN), notes=found.notes[:MOST_SHOWN],
        people=",".join(key.replace("-", "") for key in new), number=len(new), tag=again.tag, rules=rules,
        written=written,
    )  # fmt: skip


def _meant(people: list[str]) -> Entries:
    """The same people, as a list that names them by their ids."""
    return Entries(tuple(Entry(str(number), id=key) for number, key in enumerate(people, start=1)))


@post(f"{BASE}/{{id:uuid}}/people/listed", page=True, form="import", status_code=303, right=access.ORGANISER)
async def agree(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """What the preview showed, or the preview anew where it is another now."""
    who = await ground.organiser(request)
    said = await forms.read(request, Agreed, most=MOST_FORM)
    people = [str(uuid.UUID(one)) for one in said.people.split(",")[:MOST_PEOPLE] if re.fullmatch("[0-9a-f]{32}", one)]
    try:
        if said.step == "invite":
            wanted = inviting.Wanted(navigators=tuple(people), words=said.words)
            done = await ground.change(
                request, id, lambda session, event: inviting.invite(session, event, wanted), say=False
            )
            flash = told(done)
        else:
            added = await ground.change(request, id, lambda session, event: _add(session, event, people, said))
            flash = ngettext("One person was added.", "{number} people were added.", added)
    except (Refused, Conflict, Outdated) as problem:
        shown = forms.again(request, problem)
        problems = [Problem(problem.message, field="reason" if said.step == "add" else "words")]
        shown = shown if problem.problems else shown._replace(problems=problems)
        return await _preview(request, who, id, _meant(people), "", shown, problem.status)
    return pages.redirect(request, path_of(id, "/people"), flash=flash)


async def _add(session: Writer, event: Event, people: list[str], said: Agreed) -> int:
    done = await importing.apply(
        session, event, _meant(people), said.tag, said.reason, without_release=said.without_release
    )
    return done.count(Outcome.ADDED)


routes = [show, send, name, agree]
