"""Whatever was just taken away from an event is put back, by the one button that the page after it offers."""

import uuid
from typing import Annotated, Any

import msgspec
from litestar import Response, post

from services.events import access, rearranging
from services.events.draft import Draft, Item, Room
from services.events.web.organise import ground, times, undoing
from services.events.web.organise.ground import BASE, REFUSALS, path_of
from services.kit import forms, pages
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest


class Restoring(msgspec.Struct, frozen=True):
    gone: Annotated[str, msgspec.Meta(max_length=undoing.LONGEST)]


@post(f"{BASE}/{{id:uuid}}/restore", page=True, status_code=303, right=access.ORGANISER)
async def restore(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """Where it does not fit any more, the page says why."""
    said = await forms.read(request, Restoring)
    value = undoing.known(request, id, said.gone)
    words = _("It is back.")
    try:
        if isinstance(value, times.Timing):
            await ground.change(request, id, lambda session, event: times.add(session, event, value), say=False)
        else:
            await ground.rewrite(request, id, lambda before: _with(before, value))
    except REFUSALS as problem:
        words = " ".join(one.message for one in problem.problems) or problem.message
    return pages.redirect(request, path_of(id, "/agenda" if isinstance(value, Item) else "/venue"), flash=words)


def _with(before: Draft, value: Any) -> Draft:
    if isinstance(value, Item):
        return rearranging.with_item(before, value)
    if isinstance(value, Room):
        return rearranging.with_room(before, value)
    return before


routes = [restore]
