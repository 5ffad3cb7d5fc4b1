"""How far a plan is, as a stream of events."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from litestar import Request, get
from litestar.response import Stream

from services.kit import eventstream
from services.kit.errors import HubError
from services.kit.graphcall import EVENT_STREAM
from services.kit.openapi import BEARER, Answer, Api
from services.kit.resolvers import as_uuid
from services.kit.service import Runtime
from services.matching import access, progress

PROGRESS = Api(
    "How far a plan is, as Server-Sent Events: `progress` whenever it changes, perhaps `error`, and `end`",
    {200: Answer({EVENT_STREAM: progress.Standing})},
    by=(BEARER,),
    problems=(401, 403, 404),
)


@get("/matching/plans/{plan_id:str}/progress", right=access.PLANS, api=PROGRESS)
async def plan_progress(request: Request[Any, Any, Any], plan_id: str) -> Stream:
    """401 or 403 without a token for plans, 404 for whoever may not see this one."""
    hub = request.app.state.hub
    here: Runtime = hub.runtimes["matching"]
    who = await hub.asking(request, "matching")
    access.PLANS.check(who)
    source = progress.follow(here.db, who, as_uuid(plan_id))
    first = await anext(source)  # a 404 comes as one, before the stream begins

    async def lines() -> AsyncIterator[bytes]:
        yield eventstream.event("progress", first)
        try:
            async with aclosing(eventstream.kept(source, here.closing, lambda: hub.verifier.counts(who))) as found:
                async for now in found:
                    yield eventstream.SILENCE if now is None else eventstream.event("progress", now)
        except HubError as problem:
            yield eventstream.event("error", {"detail": problem.message})
        yield eventstream.event("end")

    return eventstream.answer(lines())
