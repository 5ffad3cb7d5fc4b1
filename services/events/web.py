"""Events over HTTP beside GraphQL: the papers of the day."""

import asyncio
import contextvars
import uuid
from typing import Any

from litestar import Request, Response, get

from services.events import access, papers, trips
from services.events.openspace import forgetting
from services.events.openspace import routes as openspace
from services.kit.db import Reader
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.mydata import my_data_route
from services.kit.openapi import BEARER, Answer, Api
from services.kit.service import Runtime

PAPER = Api(
    "A paper of an event, made now",
    {200: Answer(dict.fromkeys(media for _make, media in papers.PAPERS.values()))},
    by=(BEARER, ""),
    problems=(401, 403, 404),
    described={"name": f"One of {', '.join(papers.PAPERS)}."},
)


@get("/events/{event_id:str}/papers/{name:str}", right=access.PAPERS, api=PAPER)
async def paper(request: Request[Any, Any, Any], event_id: str, name: str) -> Response[bytes]:
    """One paper of the event, made now. 401 or 403 without a token for papers, 404 for whoever may not see this one."""
    hub = request.app.state.hub
    here: Runtime = hub.runtimes["events"]
    who = await hub.asking(request, "events")
    await here.refresh()
    async with here.db.read(who.acting) as session:
        try:
            event = (await trips.by_id(session, [uuid.UUID(event_id)]))[0]
        except ValueError:
            event = None
        if name in papers.PAPERS and name not in papers.PUBLIC:
            access.PEOPLE.check(who)
        seen = event is not None and (name in papers.PUBLIC or access.may_see_people(who, event))
        if event is None or name not in papers.PAPERS or not seen:
            raise NotFound(_("There is no such paper."))
        day = await papers.day(session, event, people=name not in papers.PUBLIC)
    make, media_type = papers.PAPERS[name]
    content = await asyncio.get_running_loop().run_in_executor(None, contextvars.copy_context().run, make, day)
    public = name in papers.PUBLIC
    return Response(
        content,
        media_type=media_type,
        headers={
            "content-disposition": f'inline; filename="{name}"',
            "cache-control": "no-cache" if public else "private, no-store",
        },
    )


async def about(session: Reader, navigator_id: uuid.UUID) -> dict[str, Any]:
    """Everything that is held about one person, as JSON."""
    return {
        **await trips.about(session, navigator_id),
        "openSpace": await forgetting.about(session, navigator_id),
    }


routes = [paper, my_data_route("events", about), *openspace.routes]
