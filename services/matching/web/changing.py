"""What organisers do with a plan: end its search, copy, publish, move people, ask for another or the rest of a day.

Everything is one of the graph's mutations, asked as whoever sent the form.
"""

import uuid
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, get, post

from services.kit import forms
from services.kit.errors import Conflict, Problem, Refused
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext
from services.kit.pages import AnyRequest, ask, page, redirect
from services.matching import access, adjusting
from services.matching.graphql.answers import BrokenRule
from services.matching.web import plan as looked
from services.matching.web import words
from services.matching.web.looking import SERVICE, Planned, planned
from services.matching.web.wishing import MOST_BYTES, MOST_COMPLAINTS, Lines, at_fields

CANCEL: Final = "mutation ($plan: ID!) { done: cancelPlan(id: $plan) { id } }"
COPY: Final = "mutation ($plan: ID!) { done: copyPlan(id: $plan) { id } }"
CONFIRM: Final = """mutation ($plan: ID!, $despite: Boolean!) {
  done: confirmPlan(id: $plan, despiteBrokenRules: $despite) { id } }"""
SECOND: Final = "mutation ($plan: ID!, $more: PlanWish!) { done: secondPlan(plan: $plan, more: $more) { id } }"
ADJUST: Final = """mutation ($plan: ID!, $expected: Int!, $changes: [PlanChange!]!) {
  done: adjustPlan(plan: $plan, expected: $expected, changes: $changes) { id } }"""
REPLAN: Final = "mutation ($input: ReplanRoundsInput!) { done: replanRounds(input: $input) { id } }"
WRONG: Final = (Refused, Conflict)
DAY: Final = frozenset({"over", "missing", "pinned", "most_moved"})


class Acting(msgspec.Struct):
    step: Literal["cancel", "copy", "confirm", "second"]
    despite: bool = False
    more: Annotated[str, msgspec.Meta(max_length=20)] = ""
    person: uuid.UUID | None = None
    """Whose page a copy was asked for on."""


class Changing(msgspec.Struct):
    """`table` 0: no seat. `from_`: the page the form stood on, a person's or a round's."""

    navigator: uuid.UUID
    step: Literal["move", "preview", "swap", "pin", "unpin"]
    expected: int
    round: int = 0
    table: int = -1
    other: Annotated[str, msgspec.Meta(max_length=300)] = ""
    tables: bool = False
    """Whether the form stood on the page of the round's tables."""


class Today(msgspec.Struct):
    over: int
    missing: Lines = ""
    pinned: Lines = ""
    most_moved: Annotated[int, msgspec.Meta(ge=0, le=100_000)] | None = None
    confirm: bool = False


@post("/organise/{event:uuid}/groups/{plan:uuid}/act", page=True, status_code=200, right=access.ORGANISER)
async def act(request: AnyRequest, event: uuid.UUID, plan: uuid.UUID) -> Response[Any]:
    at = await planned(request, event, plan)
    try:
        said = await forms.read(request, Acting)
        match said.step:
            case "cancel":
                await _do(request, CANCEL, plan=str(plan))
                return redirect(request, at.at, flash=_("The search ends with the best so far."))
            case "copy":
                made = await _do(request, COPY, plan=str(plan))
                page = f"/people/{said.person}" if said.person else "/rounds/1"
                return redirect(request, f"{at.path}/{made}{page}", flash=_("This is a copy: now people can be moved."))
            case "confirm":
                if at.answer.get("broken", 0) and not said.despite:
                    message = _("The plan breaks hard rules: please tick that you want it all the same.")
                    raise Refused(message, [Problem(message, field="despite")])
                await _do(request, CONFIRM, plan=str(plan), despite=said.despite)
                return redirect(request, at.at, flash=_("The event goes by this plan now."))
            case "second":
                if said.more not in words.wishes():
                    message = _("Please choose one of those offered.")
                    raise Refused(message, [Problem(message, field="more")])
                made = await _do(request, SECOND, plan=str(plan), more=said.more)
                return redirect(request, f"{at.path}/{made}", flash=_("The search for a second plan has begun."))
    except WRONG as problem:
        return await looked.shown(request, at, forms.again(request, problem), problem.status)


@post("/organise/{event:uuid}/groups/{plan:uuid}/change", page=True, status_code=200, right=access.ORGANISER)
async def change(request: AnyRequest, event: uuid.UUID, plan: uuid.UUID) -> Response[Any]:
    """Move, swap or pin one person; a preview stores nothing."""
    at, key = await planned(request, event, plan), ""
    said: Changing | None = None
    try:
        said = await forms.read(request, Changing)
        key = str(said.navigator)
        wanted = _wanted(at, said)
        if said.step == "preview":
            return await looked.somebody_in(
                request, at, key, shown=forms.again(request, Refused("")), would=await _would(at, wanted)
            )
        before = at.answer.get("objective", 0.0)
        await _do(request, ADJUST, plan=str(plan), expected=said.expected, changes=[wanted])
    except WRONG as problem:
        shown = forms.again(request, problem)
        if key not in at.seats:
            return await looked.shown(request, at, shown, problem.status)
        if said is not None and said.tables and 1 <= said.round <= at.rounds:
            return await looked.tables_of(request, at, said.round, shown=shown, status=problem.status)
        return await looked.somebody_in(request, at, key, shown=shown, status=problem.status)
    after = await planned(request, event, plan)
    gained, broken = after.answer.get("objective", 0.0) - before, after.answer.get("broken", 0)
    return redirect(request, _onward(at, said), flash=_told(said.step, gained, broken))


def _wanted(at: Planned, said: Changing) -> dict[str, Any]:
    """One change of the graph's. Raises Refused beside the form's fields."""
    found: dict[str, Any] = {"kind": "MOVE" if said.step == "preview" else said.step.upper()}
    found["navigator"] = str(said.navigator)
    if said.step in {"move", "preview"}:
        if said.table < 0:
            message = _("Please choose a table.")
            raise Refused(message, [Problem(message, field="table")])
        found |= {"round": said.round, "table": said.table or None}
    if said.step == "swap":
        try:
            found |= {"round": said.round, "other": at.people.find(said.other)}
        except Refused as problem:
            raise Refused(problem.message, [Problem(problem.message, field="other")]) from problem
    return found


async def _would(at: Planned, wanted: dict[str, Any]) -> tuple[float, list[BrokenRule]]:
    """As the graph's `adjustedPlan`, with names: what the change would cost, and which hard rules it would break."""
    one = adjusting.Change(
        "move", (wanted["navigator"],), wanted["round"] - 1, None if wanted["table"] is None else wanted["table"] - 1
    )
    after = adjusting.changed(at.row, [one])
    before, then = await adjusting.scored(at.row, at.answer["plan"]), await adjusting.scored(at.row, after.plan)
    return before["objective"] - then["objective"], [BrokenRule.of(one, at.names) for one in then["violations"]]


def _onward(at: Planned, said: Changing) -> str:
    if said.tables:
        return f"{at.at}/rounds/{said.round}"
    where = f"{at.at}/people/{said.navigator}"
    seats = at.seats[str(said.navigator)]
    if said.step == "move" and (table := seats[said.round - 1]) is not None and table != said.table:
        return f"{where}?back={said.round}.{table}"
    return where


def _told(step: str, gained: float, broken: int) -> str:
    if step in {"pin", "unpin"}:
        return _("Pinned: the seats stay.") if step == "pin" else _("No longer pinned.")
    points = words.figure(abs(gained))
    if gained < 0:
        done = _("Done. The plan loses {points} points.", points=points)
    else:
        done = _("Done. The plan gains {points} points.", points=points)
    if not broken:
        return done
    return f"{done} {ngettext('It breaks one hard rule now.', 'It breaks {number} hard rules now.', broken)}"


async def _do(request: AnyRequest, mutation: str, **values: Any) -> str:
    """The id of the plan that the mutation answers with."""
    return str((await ask(request, SERVICE, mutation, **values))["done"]["id"])


@get("/organise/{event:uuid}/groups/{plan:uuid}/day", page=True, right=access.ORGANISER)
async def day(request: AnyRequest, event: uuid.UUID, plan: uuid.UUID) -> Response[str]:
    """The rest of a running day: who is missing, who is new, what may change."""
    return await _day(request, await planned(request, event, plan), EMPTY)


async def _day(request: AnyRequest, at: Planned, shown: Form, status: int = 200) -> Response[str]:
    if at.row.answer is None:
        raise Conflict(_("This plan is not finished yet."))
    taking_part = {str(one) for one in at.event.participants}
    away = {str(one) for one in at.event.absent}
    absent, new = away & at.seats.keys(), taking_part - at.seats.keys() - away
    return await page(
        request, "matching/day.html", status=status, at=at, shown=shown, rounds=at.rounds,
        absent="\n".join(at.people.written(one.id) for one in at.people.names(absent)),
        new=at.people.names(new)[: looked.PER_PAGE], count=len(new), left=len(at.seats.keys() - taking_part),
    )  # fmt: skip


@post("/organise/{event:uuid}/groups/{plan:uuid}/day", page=True, status_code=200, right=access.ORGANISER)
async def replan(request: AnyRequest, event: uuid.UUID, plan: uuid.UUID) -> Response[Any]:
    at = await planned(request, event, plan)
    try:
        said = await forms.read(request, Today, most=MOST_BYTES)
        asked = {
            "plan": str(plan),
            "over": said.over,
            "mostMoved": said.most_moved,
            "confirm": said.confirm,
            **_people(at, said),
        }
        made = await _do(request, REPLAN, input=asked)
    except WRONG as problem:
        told = at_fields(problem, at.people, DAY) if isinstance(problem, Refused) else problem
        return await _day(request, at, forms.again(request, told), problem.status)
    return redirect(request, f"{at.path}/{made}", flash=_("The rest of the day is being planned."))


def _people(at: Planned, said: Today) -> dict[str, list[str]]:
    """The people of both lists, a name a line. Raises Refused with every line that cannot be read."""
    found: dict[str, list[str]] = {}
    problems: list[Problem] = []
    for field in ("missing", "pinned"):
        keys = found.setdefault(field, [])
        wrong = 0
        for number, line in enumerate(getattr(said, field).splitlines(), 1):
            if not line.strip() or wrong >= MOST_COMPLAINTS:
                continue
            try:
                keys.append(at.people.find(line))
            except Refused as problem:
                wrong += 1
                problems.append(Problem(_("Line {line}: {what}", line=number, what=problem.message), field=field))
    if problems:
        raise Refused(_("Please look at the lines that are named."), problems)
    return found


routes = [act, change, day, replan]
