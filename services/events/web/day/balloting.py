"""Votes on the phone of whoever takes part: once for each vote, and the results that may be told."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post

from services.events import access
from services.events.web.day.phone import beside, shown_page
from services.events.web.linked import by_link, theirs
from services.kit import forms
from services.kit.errors import HubError, NotFound
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest, redirect

VOTES: Final = """query ($link: String!) { myVotes(link: $link) { voted vote { id title state closesAt withheld
  criteria { name most budget } turnout { entitled voted }
  candidates { id title figures total rank decidedBy remark } } } }"""
CAST: Final = """mutation ($link: String!, $vote: ID!, $points: [VotePointsInput!]!) {
  castVote(vote: $vote, points: $points, link: $link) { voted } }"""
MOST_BYTES: Final = 100_000


@get("/events/{event_id:str}/mine/{token:str}/votes", page=True, right=access.DAY_LINK)
async def votes(request: AnyRequest, event_id: str, token: str) -> Response[Any]:
    return await _votes(request, event_id, token)


async def _votes(
    request: AnyRequest, event_id: str, token: str, shown: Form = EMPTY, of: str = "", status: int = 200
) -> Response[Any]:
    room, person = await theirs(request, event_id, token)
    found = (await by_link(request, token, VOTES))["myVotes"]
    return await shown_page(
        request, "events/day/votes.html", event_id, token, room.mine(person), status=status, shown=shown, of=of,
        votes=found, empty=EMPTY,
    )  # fmt: skip


@post("/events/{event_id:str}/mine/{token:str}/votes/{vote:str}", page=True, status_code=303, right=access.DAY_LINK)
async def cast(request: AnyRequest, event_id: str, token: str, vote: str) -> Response[Any]:
    """A field for each candidate and criterion, by their numbers."""
    await theirs(request, event_id, token)
    found = (await by_link(request, token, VOTES))["myVotes"]
    asked = next((one["vote"] for one in found if one["vote"]["id"] == vote), None)
    if asked is None:
        raise NotFound(_("There is no such vote."))
    try:
        said: Any = await forms.read(request, ballot(asked), most=MOST_BYTES)
        points = [
            {"candidate": one["id"], "points": [getattr(said, f"p{i}_{j}") for j in range(len(asked["criteria"]))]}
            for i, one in enumerate(asked["candidates"])
        ]
        await by_link(request, token, CAST, vote=vote, points=points)
    except HubError as problem:
        return await _votes(request, event_id, token, beside(request, problem), vote, problem.status)
    return redirect(request, f"/events/{event_id}/mine/{token}/votes", flash=_("You have voted. Thank you!"))


def ballot(vote: dict[str, Any]) -> type[msgspec.Struct]:
    """The form of a vote: points for candidate `i` in criterion `j` are in the field `p<i>_<j>`."""
    fields = [
        (f"p{i}_{j}", Annotated[int, msgspec.Meta(ge=0, le=one["most"])], 0)
        for i in range(len(vote["candidates"]))
        for j, one in enumerate(vote["criteria"])
    ]
    return msgspec.defstruct("Ballot", fields, frozen=True)


routes = [votes, cast]
