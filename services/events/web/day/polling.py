"""Votes in the organiser's hand: put ideas and topics to the vote, end it, see the result."""

import uuid
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, get, post

from services.events import access
from services.events.votes.drafts import MOST_CANDIDATES, MOST_POINTS
from services.events.web.day import ground
from services.events.web.day.ground import BASE, SERVICE
from services.kit import forms
from services.kit.errors import Problem, Refused
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest, ask

VOTES: Final = """query ($id: ID!) { event(id: $id) { ideas { id text hidden } votes { id title state withheld
  criteria { name most budget } turnout { entitled voted }
  candidates { id title figures total rank decidedBy remark } } }
  space: openSpace(event: $id) { proposals { id number title mergedInto state } } }"""
CREATE: Final = "mutation ($event: ID!, $vote: VoteInput!) { createVote(event: $event, vote: $vote) { id } }"
CLOSE: Final = "mutation ($id: ID!) { closeVote(id: $id) { id } }"
DELETE: Final = "mutation ($id: ID!) { deleteVote(id: $id) }"
MOST_OFFERED: Final = 100
"""Ideas and topics each that the form offers, the newest."""
CRITERIA: Final = 3
"""That the form has; a client may use more."""
Points = Annotated[int, msgspec.Meta(ge=1, le=MOST_POINTS)]
Budget = Annotated[int, msgspec.Meta(ge=1, le=MOST_POINTS * MOST_CANDIDATES)]
Name = Annotated[str, msgspec.Meta(max_length=100)]
Keys = Annotated[list[str], msgspec.Meta(max_length=MOST_CANDIDATES)]


class Vote(msgspec.Struct, frozen=True):
    """Criteria in three rows of fields; candidates are ticked or written, one a line."""

    title: Annotated[str, msgspec.Meta(max_length=200)]
    name0: Name
    ties: Literal["SHARED", "CRITERION", "LOT"]
    most0: Points = 1
    budget0: Budget | None = None
    name1: Name = ""
    most1: Points = 1
    budget1: Budget | None = None
    name2: Name = ""
    most2: Points = 1
    budget2: Budget | None = None
    ideas: Keys = msgspec.field(default_factory=list)
    topics: Keys = msgspec.field(default_factory=list)
    others: Annotated[str, msgspec.Meta(max_length=20_000)] = ""

    def as_input(self) -> dict[str, Any]:
        criteria = [
            {
                "name": getattr(self, f"name{i}"),
                "most": getattr(self, f"most{i}"),
                "budget": getattr(self, f"budget{i}"),
            }
            for i in range(CRITERIA)
            if getattr(self, f"name{i}")
        ]
        candidates = [{"idea": key} for key in self.ideas] + [{"proposal": key} for key in self.topics]
        candidates += [{"title": line} for line in forms.lines(self.others)]
        if len(candidates) < 2:
            message = _("Please put at least two to the vote.")
            raise Refused(message, [Problem(message, field="others")])
        ties = [1] if self.ties == "CRITERION" else []
        return {"title": self.title, "criteria": criteria, "candidates": candidates, "tieRule": self.ties,
                "tieCriteria": ties}  # fmt: skip


class Of(msgspec.Struct, frozen=True):
    id: str


@get(f"{BASE}/votes", page=True, right=access.ORGANISER)
async def votes(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    return await _votes(request, id)


async def _votes(request: AnyRequest, id: uuid.UUID, shown: Form = EMPTY, status: int = 200) -> Response[Any]:
    event = await ground.organised(request, id)
    found = await ask(request, SERVICE, VOTES, id=str(id))
    ideas = [one for one in found["event"]["ideas"] if not one["hidden"]]
    topics = [
        one for one in found["space"]["proposals"]
        if not one["mergedInto"] and one["state"] not in {"WITHDRAWN", "CANCELLED"}
    ]  # fmt: skip
    return await ground.page(
        request, "polling", event, "/day/votes", status, votes=found["event"]["votes"][::-1], shown=shown,
        ideas=ideas[: -MOST_OFFERED - 1 : -1], topics=topics[:MOST_OFFERED], ties=ties(), rows=range(CRITERIA),
        pairs=pairs, labels=labels(),
    )  # fmt: skip


def labels() -> dict[str, str]:
    """What the fields of the form are called where they are named alone."""
    found = {
        "title": _("What is it about?"), "ties": _("With the same total"), "ideas": _("Ideas of the tables"),
        "topics": _("Topics of the open space"), "others": _("Something else, one a line"),
    }  # fmt: skip
    for i in range(CRITERIA):
        criterion = _("Criterion {number}", number=i + 1)
        found |= {
            f"criterion{i}": criterion,
            f"name{i}": f"{criterion}, {_('Name')}", f"most{i}": f"{criterion}, {_('Points for one, at most')}",
            f"budget{i}": f"{criterion}, {_('Points of a person in all')}",
        }  # fmt: skip
    return found


def pairs(rows: list[dict[str, Any]], field: str) -> list[tuple[str, str]]:
    return [(one["id"], one[field]) for one in rows]


def ties() -> list[tuple[str, str]]:
    return [
        ("SHARED", _("they share the rank")),
        ("CRITERION", _("the first criterion decides")),
        ("LOT", _("a lot decides, drawn so that everybody can check it")),
    ]


@post(f"{BASE}/votes", page=True, status_code=303, right=access.ORGANISER)
async def create(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    async def change() -> str:
        said = await forms.read(request, Vote, most=ground.MOST_BYTES)
        await ask(request, SERVICE, CREATE, event=str(id), vote=said.as_input())
        return _("The vote is open. Everybody finds it on the page of their day.")

    return await _changed(request, id, change, "others")


@post(f"{BASE}/votes/close", page=True, status_code=303, right=access.ORGANISER)
async def close(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    async def change() -> str:
        await ask(request, SERVICE, CLOSE, id=(await forms.read(request, Of)).id)
        return _("The vote is over and counted.")

    return await _changed(request, id, change)


@post(f"{BASE}/votes/delete", page=True, status_code=303, right=access.ORGANISER)
async def delete(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    async def change() -> str:
        await ask(request, SERVICE, DELETE, id=(await forms.read(request, Of)).id)
        return _("The vote is deleted.")

    return await _changed(request, id, change)


async def _changed(request: AnyRequest, id: uuid.UUID, change: Any, field: str = "") -> Response[Any]:
    async def again(shown: Form, status: int) -> Response[Any]:
        return await _votes(request, id, shown, status)

    return await ground.changed(request, change, f"/organise/{id}/day/votes", again, field)


routes = [votes, create, close, delete]
