"""What a city published, for its people: the list, each publication field by field, and the way back to it."""

from typing import Annotated, Any

import msgspec
from litestar import Response, get, post

from services.directory import access, desk, history, publishing, registrations, sheets, uploads
from services.directory.sheets import Labels
from services.directory.snapshot import Snapshot
from services.directory.web.oauth import here
from services.kit import forms
from services.kit.auth import Principal
from services.kit.db import HUB
from services.kit.errors import HubError, NotFound, Refused, Stale
from services.kit.forms import EMPTY, AnyRequest, Form
from services.kit.i18n import gettext as _
from services.kit.pages import page, redirect

PAGE = 50
HIGHEST = 2**31


class Restore(msgspec.Struct, frozen=True):
    """`expected` is the publication that was the newest when the difference was shown."""

    expected: Annotated[int, msgspec.Meta(ge=0, lt=HIGHEST)]


@get("/city/{ags:str}/publications", page=True, right=access.PUBLISHING)
async def listed(request: AnyRequest, ags: str, before: int | None = None) -> Response[Any]:
    who = await _publisher(request, ags)
    if before is not None and not 0 < before < HIGHEST:
        raise Refused(_("„before“ takes the number of an entry."))
    async with here(request).db.read(who.acting) as session:
        rows = await history.page(session, ags, PAGE + 1, before)
        place = await registrations.town(session, ags)
    async with here(request).db.read(HUB) as session:  # accounts that have moved on are the hub's alone
        names = await history.names(session, rows)
    following = rows[PAGE - 1].id if len(rows) > PAGE else None
    shown = [(row, names.get(row.client, "–"), history.via_words(row.via)) for row in rows[:PAGE]]
    return await page(request, "directory/publications.html", ags=ags, place=place, rows=shown, following=following)


@get("/city/{ags:str}/publications/{number:int}", page=True, right=access.PUBLISHING)
async def one(request: AnyRequest, ags: str, number: int) -> Response[Any]:
    return await _one(request, await _publisher(request, ags), ags, number)


async def _one(
    request: AnyRequest, who: Principal, ags: str, number: int, shown: Form = EMPTY, status: int = 200
) -> Response[Any]:
    if not 0 < number < HIGHEST:
        raise NotFound(_("There is no such publication."))
    async with here(request).db.begin(who.acting) as session:
        row, place = await history.one(session, ags, number), await registrations.town(session, ags)
        labels, undo = await uploads.labels(session, here(request).memory), await desk.undo(session, ags, who.subject)
        states, back, outcome, reason = await history.states(session, ags, number), None, None, ""
        if await history.restorable(session, [row]):
            try:
                outcome, back = await history.preview(session, _by(request, who), ags, number)
            except HubError as problem:
                reason = problem.message
    async with here(request).db.read(HUB) as session:
        names = await history.names(session, [row])
    return await page(
        request,
        "directory/publication.html",
        status=status,
        ags=ags,
        place=place,
        row=row,
        name=names.get(row.client, "–"),
        via=history.via_words(row.via),
        known=states is not None,
        changes=_changes(states, labels),
        back=_changes(back, labels),
        undo=undo if undo and undo.newest == number else None,
        outcome=outcome,
        reason=reason,
        shown=shown,
    )


@post("/city/{ags:str}/publications/{number:int}", page=True, status_code=303, right=access.PUBLISHING)
async def restore(request: AnyRequest, ags: str, number: int) -> Response[Any]:
    who, runtime = await _publisher(request, ags), here(request)
    try:
        said = await forms.read(request, Restore)
        async with runtime.db.begin(who.acting) as session:
            by = _by(request, who)
            outcome = await history.restore(session, by, ags, number, expected=said.expected or None)
            await runtime.say(session, outcome.messages)
    except (Refused, Stale) as problem:
        return await _one(request, who, ags, number, forms.again(request, problem), problem.status)
    return redirect(request, f"/city/{ags}/publications", flash=_("That state is published again."))


def _by(request: AnyRequest, who: Principal) -> publishing.Publisher:
    runtime = here(request)
    return publishing.Publisher(who.subject, runtime.settings.derived("identities"), runtime.memory, "RESTORE")


async def _publisher(request: AnyRequest, ags: str) -> Principal:
    who = await forms.person(request)
    access.may_publish(who, access.checked_ags(ags))
    return who


def _changes(states: tuple[Snapshot | None, Snapshot] | None, labels: Labels) -> list[sheets.Section]:
    """What differs between two states, for people; no kind of rows that is the same in both."""
    return [one for one in sheets.difference(*states, labels) if sum(one.counts[:3])] if states else []


routes = [listed, one, restore]
