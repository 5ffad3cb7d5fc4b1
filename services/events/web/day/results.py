"""What came of the sessions of an open space, typed in by the organiser."""

import uuid
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post

from services.events import access
from services.events.web.day import ground
from services.events.web.day.ground import BASE, SERVICE
from services.kit import forms
from services.kit.errors import NotFound
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest, ask

RESULTS: Final = """query ($event: ID!) { space: openSpace(event: $event) {
  proposals { id number title state conveners { name } harvest { version results decisions minutes
    actionItems { id text owner due state navigator { id } } files { id name alt url } } } } }"""
WRITE: Final = """mutation ($event: ID!, $proposal: ID!, $harvest: SessionHarvestInput!, $expected: Int!) {
  writeHarvest(event: $event, proposal: $proposal, harvest: $harvest, expected: $expected) { wishesOpen } }"""
Long = Annotated[str, msgspec.Meta(max_length=10_000)]


class Written(msgspec.Struct, frozen=True):
    """`expected` is the version that was looked at."""

    expected: int
    results: Long = ""
    decisions: Long = ""
    minutes: Long = ""


@get(f"{BASE}/harvest", page=True, right=access.ORGANISER)
async def harvests(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """The sessions of the plan, and whether somebody has written what came of them."""
    event = await ground.organised(request, id)
    found = (await ask(request, SERVICE, RESULTS, event=str(id)))["space"]["proposals"]
    return await ground.page(
        request, "harvests", event, "/day/harvest", topics=[one for one in found if one["state"] == "PLANNED"]
    )


@get(f"{BASE}/harvest/{{proposal:uuid}}", page=True, right=access.ORGANISER)
async def harvest(request: AnyRequest, id: uuid.UUID, proposal: uuid.UUID) -> Response[Any]:
    return await _harvest(request, id, proposal)


async def _harvest(
    request: AnyRequest, id: uuid.UUID, proposal: uuid.UUID, shown: Form = EMPTY, status: int = 200
) -> Response[Any]:
    event = await ground.organised(request, id)
    found = (await ask(request, SERVICE, RESULTS, event=str(id)))["space"]["proposals"]
    topic = next((one for one in found if one["id"] == str(proposal)), None)
    if topic is None:
        raise NotFound(_("This event has no such proposal."))
    return await ground.page(request, "harvest", event, "/day/harvest", status, topic=topic, shown=shown)


@post(f"{BASE}/harvest/{{proposal:uuid}}", page=True, status_code=303, right=access.ORGANISER)
async def write(request: AnyRequest, id: uuid.UUID, proposal: uuid.UUID) -> Response[Any]:
    async def change() -> str:
        said = await forms.read(request, Written, most=ground.MOST_BYTES)
        words = {"results": said.results, "decisions": said.decisions, "minutes": said.minutes}
        await ask(request, SERVICE, WRITE, event=str(id), proposal=str(proposal), harvest=words, expected=said.expected)
        return _("What came of the session is stored.")

    async def again(shown: Form, status: int) -> Response[Any]:
        return await _harvest(request, id, proposal, shown, status)

    return await ground.changed(request, change, f"/organise/{id}/day/harvest", again, "results")


routes = [harvests, harvest, write]
