"""After the day, for the organiser: surveys, voices, action items, project cards, reports."""

import datetime as dt
import uuid
from contextlib import suppress
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, get, post

from services.events import access, cards, trips, voices
from services.events.models import Event
from services.events.surveys.templates import templates
from services.events.web.day import ground
from services.events.web.day.feedback import factors, kinds
from services.events.web.day.ground import AFTER, SERVICE
from services.events.web.registration import here
from services.kit import forms
from services.kit.db import NOBODY
from services.kit.errors import Forbidden
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest, ask

QUESTIONS: Final = "questions { kind text options most required wishes }"
RESULT: Final = """answered mean scale options { label votes rank tied } factors { factor present }
  outcomes { outcome count } texts"""
SURVEYS: Final = f"""query ($id: ID!) {{ event(id: $id) {{ surveys {{ id title closedAt answered {QUESTIONS}
  results {{ answers questions {{ {RESULT} }} }} }} }} }}"""
CREATE: Final = "mutation ($event: ID!, $survey: SurveyInput!) { createSurvey(event: $event, survey: $survey) { id } }"
CLOSE: Final = "mutation ($id: ID!) { closeSurvey(id: $id) { id } }"
VOICES: Final = """query ($id: ID!) { event(id: $id) { retrospective { id kind text reply hidden }
  quotes { id text chosen navigator { id } city { ags } } } }"""
MODERATE: Final = """mutation ($id: ID!, $reply: String, $hidden: Boolean) {
  moderateRetroEntry(id: $id, reply: $reply, hidden: $hidden) { id } }"""
CHOOSE: Final = "mutation ($id: ID!, $chosen: Boolean!) { chooseQuote(id: $id, chosen: $chosen) }"
ACTIONS: Final = """query ($id: ID!) { event(id: $id) { actionItems { id text owner due state proposal
  city { ags } navigator { id } } } }"""
PUT: Final = """mutation ($event: ID!, $item: ActionItemInput!, $proposal: ID) {
  putActionItem(event: $event, item: $item, proposal: $proposal) { id } }"""
TICK: Final = "mutation ($id: ID!, $state: ActionState!) { tickActionItem(id: $id, state: $state) { id } }"
CARDS: Final = """query ($id: ID!) { event(id: $id) { ideas { id text hidden }
  votes { title candidates { id title rank } }
  projectCards { id title state idea proposal candidate city { ags } project { id } } }
  space: openSpace(event: $id) { proposals { id number title state mergedInto } } }"""
MAKE: Final = """mutation ($event: ID!, $idea: ID, $proposal: ID, $candidate: ID, $city: ID, $title: String!) {
  makeProjectCard(event: $event, idea: $idea, proposal: $proposal, candidate: $candidate, city: $city, title: $title) {
    id } }"""
TAKE_BACK: Final = "mutation ($id: ID!) { withdrawProjectCard(id: $id) { id } }"
MOST_SHOWN: Final = 100


class Asked(msgspec.Struct, frozen=True):
    template: Literal["feedback", "modules", "change"]
    by_city: bool = False


class Of(msgspec.Struct, frozen=True):
    id: str


class Replied(msgspec.Struct, frozen=True):
    id: str
    do: Literal["reply", "hide", "show"]
    reply: Annotated[str, msgspec.Meta(max_length=voices.LONGEST)] = ""


class Chosen(msgspec.Struct, frozen=True):
    id: str
    chosen: bool = False


class Item(msgspec.Struct, frozen=True):
    text: Annotated[str, msgspec.Meta(max_length=500)]
    owner: Annotated[str, msgspec.Meta(max_length=200)] = ""
    city: Annotated[str, msgspec.Meta(max_length=8)] = ""
    due: dt.date | None = None
    proposal: str = ""


class Ticked(msgspec.Struct, frozen=True):
    id: str
    state: Literal["OPEN", "DOING", "DONE", "DROPPED"]


class Card(msgspec.Struct, frozen=True):
    """`of` is the kind of what it is made of and its id, `idea:…`."""

    of: Annotated[str, msgspec.Meta(max_length=60)]
    city: Annotated[str, msgspec.Meta(max_length=8)] = ""
    title: Annotated[str, msgspec.Meta(max_length=cards.LONGEST_TITLE)] = ""


async def _cities(request: AnyRequest, event: Event) -> dict[str, str]:
    async with here(request).db.read(NOBODY) as session:
        return dict(sorted((await trips.names(session, [event])).items(), key=lambda one: one[1]))


# Surveys and reports ------------------------------------------------------------------------------------------------


@get(AFTER, page=True, right=access.ORGANISER)
async def surveys(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    return await _surveys(request, id)


async def _surveys(request: AnyRequest, id: uuid.UUID, shown: Form = EMPTY, status: int = 200) -> Response[Any]:
    event = await ground.organised(request, id)
    found = (await ask(request, SERVICE, SURVEYS, id=str(id)))["event"]["surveys"]
    return await ground.page(
        request, "surveys", event, "/afterwards", status, surveys=found[::-1], shown=shown, factors=factors(),
        templates=[(name, one.title) for name, one in templates().items()], outcomes=outcomes(),
        reports=await _reports(request, event),
    )  # fmt: skip


async def _reports(request: AnyRequest, event: Event) -> dict[str, str]:
    """The cities of the event whose annual report whoever looks may read: names by AGS."""
    who, found = await forms.person(request), {}
    for ags, name in (await _cities(request, event)).items():
        with suppress(Forbidden):
            access.may_report(who, ags)
            found[ags] = name
    return found


def outcomes() -> dict[str, str]:
    """What comes of a change where a factor is missing."""
    return {
        "VISION": _("all are there: the change succeeds"),
        "CONFUSION": _("without a goal: confusion"),
        "SCATTER": _("without a plan: everybody for themselves"),
        "FEAR": _("without skills: fear"),
        "STAGNATION": _("without incentives: standstill"),
        "FRUSTRATION": _("without resources: frustration"),
    }


@post(f"{AFTER}/surveys", page=True, status_code=303, right=access.ORGANISER)
async def survey(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """From a template, open at once."""

    async def change() -> str:
        said = await forms.read(request, Asked)
        draft = templates()[said.template]
        questions = [
            {"kind": q.kind, "text": q.text, "options": list(q.options), "most": q.most, "required": q.required,
             "wishes": q.wishes}
            for q in draft.questions
        ]  # fmt: skip
        wanted = {"title": draft.title, "questions": questions, "byCity": said.by_city}
        await ask(request, SERVICE, CREATE, event=str(id), survey=wanted)
        return _("The survey is open. Everybody finds it on the page of their day.")

    return await _changed(request, id, change, "", _surveys)


@post(f"{AFTER}/surveys/close", page=True, status_code=303, right=access.ORGANISER)
async def close(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    async def change() -> str:
        await ask(request, SERVICE, CLOSE, id=(await forms.read(request, Of)).id)
        return _("The survey is over. Nobody can say any more whose an answer is.")

    return await _changed(request, id, change, "", _surveys)


# Voices -------------------------------------------------------------------------------------------------------------


@get(f"{AFTER}/voices", page=True, right=access.ORGANISER)
async def said(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    return await _voices(request, id)


async def _voices(request: AnyRequest, id: uuid.UUID, shown: Form = EMPTY, status: int = 200) -> Response[Any]:
    event = await ground.organised(request, id)
    found = (await ask(request, SERVICE, VOICES, id=str(id)))["event"]
    return await ground.page(
        request, "voices", event, "/afterwards/voices", status, entries=found["retrospective"][: -MOST_SHOWN - 1 : -1],
        quotes=found["quotes"][:MOST_SHOWN], kinds=kinds(), cities=await _cities(request, event), shown=shown,
    )  # fmt: skip


@post(f"{AFTER}/voices/entries", page=True, status_code=303, right=access.ORGANISER)
async def moderate(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    async def change() -> str:
        said = await forms.read(request, Replied)
        wanted = {"reply": said.reply} if said.do == "reply" else {"hidden": said.do == "hide"}
        await ask(request, SERVICE, MODERATE, id=said.id, **wanted)
        return _("Your reply is on the board.") if said.do == "reply" else _("This is stored.")

    return await _changed(request, id, change, "/voices", _voices)


@post(f"{AFTER}/voices/quotes", page=True, status_code=303, right=access.ORGANISER)
async def choose(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    async def change() -> str:
        said = await forms.read(request, Chosen)
        await ask(request, SERVICE, CHOOSE, id=said.id, chosen=said.chosen)
        return _("The report has this quote.") if said.chosen else _("The report does not have this quote.")

    return await _changed(request, id, change, "/voices", _voices)


# Action items -------------------------------------------------------------------------------------------------------


@get(f"{AFTER}/actions", page=True, right=access.ORGANISER)
async def actions(request: AnyRequest, id: uuid.UUID, proposal: str = "") -> Response[Any]:
    return await _actions(request, id, proposal=proposal[:40])


async def _actions(
    request: AnyRequest, id: uuid.UUID, shown: Form = EMPTY, status: int = 200, *, proposal: str = ""
) -> Response[Any]:
    event = await ground.organised(request, id)
    found = (await ask(request, SERVICE, ACTIONS, id=str(id)))["event"]["actionItems"]
    return await ground.page(
        request, "actions", event, "/afterwards/actions", status, items=found[:MOST_SHOWN], count=len(found),
        cities=await _cities(request, event), states=states(), shown=shown, proposal=proposal,
    )  # fmt: skip


def states() -> dict[str, str]:
    return {"OPEN": _("not begun"), "DOING": _("being done"), "DONE": _("done"), "DROPPED": _("dropped")}


@post(f"{AFTER}/actions", page=True, status_code=303, right=access.ORGANISER)
async def put(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    async def change() -> str:
        said = await forms.read(request, Item)
        wanted = {
            "text": said.text,
            "owner": said.owner,
            "city": said.city or None,
            "due": said.due.isoformat() if said.due else None,
        }
        await ask(request, SERVICE, PUT, event=str(id), item=wanted, proposal=said.proposal or None)
        return _("The action item is on the list.")

    return await _changed(request, id, change, "/actions", _actions, "text")


@post(f"{AFTER}/actions/tick", page=True, status_code=303, right=access.ORGANISER)
async def tick(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    async def change() -> str:
        said = await forms.read(request, Ticked)
        await ask(request, SERVICE, TICK, id=said.id, state=said.state)
        return _("This is stored.")

    return await _changed(request, id, change, "/actions", _actions)


# Project cards ------------------------------------------------------------------------------------------------------


@get(f"{AFTER}/projects", page=True, right=access.ORGANISER)
async def projects(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    return await _projects(request, id)


async def _projects(request: AnyRequest, id: uuid.UUID, shown: Form = EMPTY, status: int = 200) -> Response[Any]:
    event = await ground.organised(request, id)
    found = await ask(request, SERVICE, CARDS, id=str(id))
    sources = [
        (f"candidate:{one['id']}", f"{vote['title']}: {one['title']}")
        for vote in found["event"]["votes"]
        for one in vote["candidates"]
        if one["rank"] is not None
    ]
    sources += [(f"proposal:{one['id']}", one["title"]) for one in found["space"]["proposals"]
                if one["state"] == "PLANNED"]  # fmt: skip
    ideas = [one for one in found["event"]["ideas"] if not one["hidden"]]
    sources += [(f"idea:{one['id']}", one["text"]) for one in ideas[: -MOST_SHOWN - 1 : -1]]
    return await ground.page(
        request, "projects", event, "/afterwards/projects", status, cards=found["event"]["projectCards"][:MOST_SHOWN],
        sources=[(key, words if len(words) <= cards.SHORT else f"{words[: cards.SHORT]} …") for key, words in sources],
        cities=await _cities(request, event), shown=shown, states=card_states(),
    )  # fmt: skip


def card_states() -> dict[str, str]:
    return {
        "PROPOSED": _("waits for the city"),
        "ACCEPTED": _("is a project"),
        "DECLINED": _("the city said no"),
        "WITHDRAWN": _("taken back"),
    }


@post(f"{AFTER}/projects", page=True, status_code=303, right=access.ORGANISER)
async def make(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    """One idea becomes a card that its city, or another of the event, can accept."""

    async def change() -> str:
        said = await forms.read(request, Card)
        kind, _colon, key = said.of.partition(":")
        source = {kind: key} if kind in {"idea", "proposal", "candidate"} else {}
        await ask(request, SERVICE, MAKE, event=str(id), city=said.city or None, title=said.title, **source)
        return _("The city is asked whether this becomes its project.")

    return await _changed(request, id, change, "/projects", _projects, "of")


@post(f"{AFTER}/projects/withdraw", page=True, status_code=303, right=access.ORGANISER)
async def take_back(request: AnyRequest, id: uuid.UUID) -> Response[Any]:
    async def change() -> str:
        await ask(request, SERVICE, TAKE_BACK, id=(await forms.read(request, Of)).id)
        return _("The card is taken back.")

    return await _changed(request, id, change, "/projects", _projects)


async def _changed(
    request: AnyRequest, id: uuid.UUID, change: Any, rest: str, shows: Any, field: str = ""
) -> Response[Any]:
    async def again(shown: Form, status: int) -> Response[Any]:
        found: Response[Any] = await shows(request, id, shown, status)
        return found

    return await ground.changed(request, change, f"/organise/{id}/afterwards{rest}", again, field)


routes = [
    *(surveys, survey, close, said, moderate, choose),
    *(actions, put, tick, projects, make, take_back),
]
