"""What whoever takes part says of the day on their phone: surveys, the retrospective, quotes with consent."""

from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, get, post

from services.events import access, voices
from services.events.models import RetroEntry
from services.events.web.day.phone import beside, shown_page
from services.events.web.linked import by_link, theirs
from services.events.web.registration import here
from services.kit import forms
from services.kit.db import HUB
from services.kit.errors import HubError, NotFound
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest, redirect

SURVEYS: Final = """query ($link: String!) { mySurveys(link: $link) { id title byCity closesAt answered
  questions { kind text options most required } } }"""
ANSWER: Final = """mutation ($link: String!, $survey: ID!, $answers: [SurveyAnswerInput!]!) {
  answerSurvey(link: $link, survey: $survey, answers: $answers) }"""
SAY: Final = """mutation ($link: String!, $event: ID!, $kind: VoiceKind!, $text: String!, $named: Boolean!) {
  sayInRetrospective(link: $link, event: $event, kind: $kind, text: $text, named: $named) { id } }"""
TAKE_BACK: Final = "mutation ($link: String!, $id: ID!) { takeBackRetroEntry(link: $link, id: $id) }"
QUOTE: Final = """mutation ($link: String!, $event: ID!, $text: String!, $consent: Boolean!, $named: Boolean!) {
  giveQuote(link: $link, event: $event, text: $text, consent: $consent, named: $named) }"""
WITHDRAW: Final = "mutation ($link: String!, $id: ID!) { withdrawQuote(link: $link, id: $id) }"
MOST_ENTRIES: Final = 100
"""That are shown, the newest."""
Factor = Literal["GOAL", "PLAN", "SKILLS", "INCENTIVES", "RESOURCES"]
Words = Annotated[str, msgspec.Meta(max_length=voices.LONGEST)]


class Entry(msgspec.Struct, frozen=True):
    kind: Literal["QUESTION", "WISH", "CRITICISM", "PRAISE"]
    text: Words
    named: bool = False


class Quoted(msgspec.Struct, frozen=True):
    text: Words
    consent: bool = False
    named: bool = False


class Gone(msgspec.Struct, frozen=True):
    id: str


@get("/events/{event_id:str}/mine/{token:str}/feedback", page=True, right=access.DAY_LINK)
async def feedback(request: AnyRequest, event_id: str, token: str) -> Response[Any]:
    return await _feedback(request, event_id, token)


async def _feedback(
    request: AnyRequest, event_id: str, token: str, shown: Form = EMPTY, of: str = "", status: int = 200
) -> Response[Any]:
    """`of` is the form that `shown` is about: a survey's id, `retrospective` or `quote`."""
    room, person = await theirs(request, event_id, token)
    asked = (await by_link(request, token, SURVEYS))["mySurveys"]
    async with here(request).db.read(HUB) as session:
        (entries,), (quotes,) = (
            await voices.entries(session, [room.event_id]),
            await voices.quotes(session, [room.event_id]),
        )
    said: list[RetroEntry] = [one for one in entries if not one.hidden]
    return await shown_page(
        request, "events/day/feedback.html", event_id, token, room.mine(person), status=status, shown=shown, of=of,
        empty=EMPTY, surveys=asked, entries=said[-MOST_ENTRIES:][::-1], person=person, kinds=kinds(),
        factors=factors(), quotes=[one for one, _ags in quotes if one.navigator_id == person],
    )  # fmt: skip


def kinds() -> dict[str, str]:
    return {
        "PRAISE": _("Praise"),
        "CRITICISM": _("Criticism"),
        "WISH": _("Wish"),
        "QUESTION": _("Open question"),
    }


def factors() -> dict[str, str]:
    """The five factors of a change."""
    return {
        "GOAL": _("a goal"),
        "PLAN": _("a plan"),
        "SKILLS": _("skills"),
        "INCENTIVES": _("incentives"),
        "RESOURCES": _("resources"),
    }


@post("/events/{event_id:str}/mine/{token:str}/surveys/{survey:str}", page=True, status_code=303, right=access.DAY_LINK)
async def answer(request: AnyRequest, event_id: str, token: str, survey: str) -> Response[Any]:
    """A field for each question, by its number."""
    await theirs(request, event_id, token)
    found = (await by_link(request, token, SURVEYS))["mySurveys"]
    asked = next((one for one in found if one["id"] == survey), None)
    if asked is None:
        raise NotFound(_("There is no such survey."))
    try:
        said: Any = await forms.read(request, questionnaire(asked["questions"]))
        answers = [_answer(one["kind"], getattr(said, f"q{i}")) for i, one in enumerate(asked["questions"])]
        await by_link(request, token, ANSWER, survey=survey, answers=answers)
    except HubError as problem:
        return await _feedback(request, event_id, token, beside(request, problem), survey, problem.status)
    return _done(request, event_id, token, _("Thank you for your answers."))


def questionnaire(questions: list[dict[str, Any]]) -> type[msgspec.Struct]:
    """The form of a survey: the answer to question `i` is in the field `q<i>`."""
    types: dict[str, tuple[Any, Any]] = {
        "SCALE": (int, 0),
        "TEXT": (Annotated[str, msgspec.Meta(max_length=2_000)], ""),
        "CHOICE": (Annotated[list[int], msgspec.Meta(max_length=100)], ()),
        "FACTORS": (Annotated[list[Factor], msgspec.Meta(max_length=5)], ()),
    }
    return msgspec.defstruct("Answers", [(f"q{i}", *types[one["kind"]]) for i, one in enumerate(questions)])


def _answer(kind: str, value: Any) -> dict[str, Any]:
    if kind == "SCALE":
        return {"scale": value or None}
    if kind == "TEXT":
        return {"text": value}
    return {"picks": list(value)} if kind == "CHOICE" else {"factors": list(value)}


@post("/events/{event_id:str}/mine/{token:str}/retrospective", page=True, status_code=303, right=access.DAY_LINK)
async def say(request: AnyRequest, event_id: str, token: str) -> Response[Any]:
    await theirs(request, event_id, token)
    try:
        said = await forms.read(request, Entry)
        await by_link(request, token, SAY, event=event_id, kind=said.kind, text=said.text, named=said.named)
    except HubError as problem:
        shown = beside(request, problem, "text")
        return await _feedback(request, event_id, token, shown, "retrospective", problem.status)
    return _done(request, event_id, token, _("It is on the board. Thank you!"))


@post("/events/{event_id:str}/mine/{token:str}/take-back", page=True, status_code=303, right=access.DAY_LINK)
async def take_back(request: AnyRequest, event_id: str, token: str) -> Response[Any]:
    await theirs(request, event_id, token)
    await by_link(request, token, TAKE_BACK, id=(await forms.read(request, Gone)).id)
    return _done(request, event_id, token, _("It is off the board."))


@post("/events/{event_id:str}/mine/{token:str}/quotes", page=True, status_code=303, right=access.DAY_LINK)
async def quote(request: AnyRequest, event_id: str, token: str) -> Response[Any]:
    await theirs(request, event_id, token)
    try:
        said = await forms.read(request, Quoted)
        wanted = {"text": said.text, "consent": said.consent, "named": said.named}
        await by_link(request, token, QUOTE, event=event_id, **wanted)
    except HubError as problem:
        field = "" if any(one.field == "consent" for one in problem.problems) else "text"
        shown = beside(request, problem, field) if field else forms.again(request, problem)
        return await _feedback(request, event_id, token, shown, "quote", problem.status)
    return _done(request, event_id, token, _("Thank you. You can take your consent back here at any time."))


@post("/events/{event_id:str}/mine/{token:str}/withdraw-quote", page=True, status_code=303, right=access.DAY_LINK)
async def withdraw(request: AnyRequest, event_id: str, token: str) -> Response[Any]:
    await theirs(request, event_id, token)
    await by_link(request, token, WITHDRAW, id=(await forms.read(request, Gone)).id)
    return _done(request, event_id, token, _("You are not quoted any more."))


def _done(request: AnyRequest, event_id: str, token: str, words: str) -> Response[Any]:
    return redirect(request, f"/events/{event_id}/mine/{token}/feedback", flash=words)


routes = [feedback, answer, say, take_back, quote, withdraw]
