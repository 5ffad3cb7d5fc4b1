"""Participants from a spreadsheet, over HTTP: a preview, and with its tag in If-Match the change itself."""

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, post

from services.events import access, changing, intake
from services.events.graphql.importing import FILES
from services.events.registration import importing
from services.events.registration.importing import Line, Note, Outcome, Preview
from services.kit.errors import Problem
from services.kit.graphql import read_body
from services.kit.openapi import BEARER, JSON, Answer, Api
from services.kit.resolvers import as_uuid
from services.kit.service import Runtime
from services.kit.sheets.table import MOST_BYTES


class Sent(msgspec.Struct):
    """In the query."""

    name: Annotated[str, msgspec.Meta(description="The file's name.")] = ""
    reason: Annotated[str, msgspec.Meta(description="Why, against the rules of a registration; it is kept.")] = ""


class Imported(msgspec.Struct, frozen=True):
    """What importing does or would do, counted and by row. While there are problems, nobody is added."""

    done: bool
    counts: dict[str, int]
    lines: tuple[Line, ...]
    problems: tuple[Problem, ...]
    notes: tuple[Note, ...]


IMPORT = Api(
    "Participants from a spreadsheet (XLSX, ODS or CSV): without If-Match what it would change, with it the change",
    {200: Answer({JSON: Imported}, ("ETag",))},
    media="application/octet-stream", query=Sent, by=(BEARER,), described={"event_id": "The event."},
    problems=(401, 403, 404, 412, 413, 422, 429),
    headers={"If-Match": "The ETag of the preview: do what it showed, all or nothing."},
)  # fmt: skip


@post("/events/{event_id:str}/participants", status_code=200, right=access.ORGANISER, api=IMPORT)
async def participants(request: Request[Any, Any, Any], event_id: str) -> Response[bytes]:
    """The body is the file itself. 412 where the preview would be another now; nothing is done by halves."""
    hub = request.app.state.hub
    runtime: Runtime = hub.runtimes["events"]
    who = await hub.asking(request, "events")
    access.ORGANISER.check(who)
    await runtime.refresh("directory")
    async with runtime.db.read(who.acting) as session:  # before a large body is read
        event = await changing.own(session, who, as_uuid(event_id))
    await runtime.rates.take(FILES, who.subject)
    asked, tag = request.query_params, request.headers.get("if-match", "").strip().strip('"')
    said = await asyncio.to_thread(importing.read, asked.get("name", ""), await read_body(request, MOST_BYTES))
    if not tag:
        async with runtime.db.read(who.acting) as session:
            return _answer(await importing.preview(session, event, said), done=False)
    async with runtime.db.begin(who.acting) as session:
        event = await changing.own(session, who, as_uuid(event_id))
        found = await importing.apply(session, event, said, tag, asked.get("reason", ""))
        await runtime.say(session, await intake.messages(session, [event]))
    return _answer(found, done=True)


def _answer(found: Preview, *, done: bool) -> Response[bytes]:
    counts = {outcome.value: found.count(outcome) for outcome in Outcome}
    body = msgspec.json.encode(Imported(done, counts, found.lines, found.problems, found.notes))
    return Response(body, media_type=JSON, headers={"etag": f'"{found.tag}"', "cache-control": "no-store"})


routes = [participants]
