"""The groups of an event: its plans, the wishes for a new one, and two plans beside each other."""

import math
import uuid
from typing import Any, Final

import msgspec
from litestar import Response, get, post

from services.kit import forms
from services.kit.auth import Principal
from services.kit.errors import Conflict, NotFound, Refused
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.navigation import Menu, Way
from services.kit.pages import AnyRequest, ask, page, redirect
from services.matching import access, comparing, progress, reading
from services.matching.graphql.weighing import PlanComparison
from services.matching.question import Question
from services.matching.reading import Line
from services.matching.solver.tradeoffs import reached
from services.matching.web import wishing, words
from services.matching.web.looking import SERVICE, Organised, here, organised, planned

EVENTS: Final = "/organise/groups"
MOST_ELSEWHERE: Final = 100
AT_A_TABLE: Final = 8
"""How many people the form proposes for a table at most; with fewer people, so few that nobody has to meet again."""
PLAN: Final = "mutation ($input: PlanRoundsInput!) { planRounds(input: $input) { id } }"


def menu(who: Principal) -> Menu:
    return Menu(own=[Way(EVENTS, _("Groups of events"))] if who.session and access.ORGANISER.allows(who) else [])


@get(EVENTS, page=True, right=access.ORGANISER)
async def events(request: AnyRequest) -> Response[str]:
    """Of which event?"""
    who = await forms.person(request)
    async with here(request).db.read(who.acting) as session:
        found = await reading.events(session, who)
    return await page(request, "matching/events.html", events=found)


@get("/organise/{event:uuid}/groups", page=True, right=access.ORGANISER)
async def overview(request: AnyRequest, event: uuid.UUID) -> Response[str]:
    at = await organised(request, event)
    async with here(request).db.read(at.who.acting) as session:
        plans = await reading.plans(session, at.event.id)
    return await page(
        request, "matching/groups.html", at=at, plans=plans, done=[one for one in plans if one.answer],
        standing=_standing, part=_part, words=words,
    )  # fmt: skip


def _standing(line: Line) -> progress.Standing:
    return progress.standing(line.answer, cancelled=line.cancelled, best=line.best, job=line.job)


def _part(line: Line) -> int | None:
    """How far it came from chance to the bound, in per cent."""
    found = line.answer
    return round(100 * reached(found["objective"], found["random_objective"], found["upper_bound"])) if found else None


@get("/organise/{event:uuid}/groups/new", page=True, right=access.ORGANISER)
async def new(request: AnyRequest, event: uuid.UUID, like: str = "") -> Response[str]:
    """The wishes: as the event says, or those of the plan `like`."""
    at = await organised(request, event)
    return await _wishes(request, at, await _values(request, at, like), EMPTY)


async def _values(request: AnyRequest, at: Organised, like: str) -> dict[str, str]:
    """What the form says at first."""
    try:
        key = uuid.UUID(like) if like else None
    except ValueError:
        raise NotFound(_("There is no such plan.")) from None
    if key is None:
        return await _written(request, at)
    found = await planned(request, at.event.id, key)
    asked = msgspec.convert(found.row.question, Question)
    return wishing.again(asked, at.people, found.topics)


async def _written(request: AnyRequest, at: Organised) -> dict[str, str]:
    """What stands in the event; else a guess from the number of people."""
    count, event = len(at.people.known), at.event
    size = min(AT_A_TABLE, max(2, math.isqrt(count)))
    values = {"rounds": str(event.rounds or 3), "tables": str(max(1, round(count / size)))}
    if 0 < event.tables <= count // 2:  # else nobody would sit with anybody
        async with here(request).db.read(at.who.acting) as session:
            labels = await reading.topics(session)
        topics = "\n".join(labels.get(code, code) for code in event.table_topics)
        values |= {"tables": str(event.tables), "topics": topics}
    return values


async def _wishes(
    request: AnyRequest, at: Organised, values: dict[str, str], shown: Form, status: int = 200
) -> Response[str]:
    counts, labels = wishing.counts(), wishing.labels()
    values = dict.fromkeys(labels, "") | wishing.usual() | values
    if values["seconds"] not in wishing.SECONDS:
        values["seconds"] = wishing.usual()["seconds"]
    return await page(
        request, "matching/wishes.html", status=status, at=at, values=values, shown=shown, labels=labels,
        filled=shown.value("filled", wishing.filled(values["topics"])),
        counts=list(counts.items()), gains=[(key, text) for key, text in counts.items() if key != "HARD"],
    )  # fmt: skip


@post("/organise/{event:uuid}/groups/new", page=True, status_code=200, right=access.ORGANISER)
async def plan(request: AnyRequest, event: uuid.UUID) -> Response[Any]:
    at = await organised(request, event)
    try:
        said = await forms.read(request, wishing.Wishes, most=wishing.MOST_BYTES)
        async with here(request).db.read(at.who.acting) as session:
            topics = await reading.topics(session)
        said, fits = wishing.fitting(said)
        asked = wishing.question(said, str(at.event.id), at.people, topics)
        made = (await ask(request, SERVICE, PLAN, input=asked))["planRounds"]["id"]
    except (Refused, Conflict) as problem:
        told = wishing.at_fields(problem, at.people, wishing.labels()) if isinstance(problem, Refused) else problem
        return await _wishes(request, at, {}, forms.again(request, told), problem.status)
    words = _("The topics of the event were left out, because there are not as many as tables.")
    return redirect(request, f"{at.path}/{made}", flash="" if fits else words)


@get("/organise/{event:uuid}/groups/compare", page=True, right=access.ORGANISER)
async def compare(request: AnyRequest, event: uuid.UUID, one: uuid.UUID, other: uuid.UUID) -> Response[str]:
    """Two plans beside each other."""
    first, second = await planned(request, event, one), await planned(request, event, other)
    if first.row.answer is None or second.row.answer is None:
        raise Conflict(_("This plan is not finished yet."))
    found = PlanComparison.of(comparing.compared(first.row, second.row))
    return await page(
        request, "matching/compare.html", at=first, one=first, other=second, found=found, words=words,
        named=reading.named, most=MOST_ELSEWHERE, known={**second.people.known, **first.people.known},
    )  # fmt: skip


routes = [events, overview, new, plan, compare]
