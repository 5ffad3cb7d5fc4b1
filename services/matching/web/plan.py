"""One plan: how far its search is, what it is worth, its tables round by round, and everybody in it."""

import asyncio
import uuid
from typing import Final, NamedTuple
from urllib.parse import urlencode

import msgspec
from litestar import Response, get

from services.kit.errors import NotFound
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest, page
from services.kit.text import folded
from services.matching import access, reading
from services.matching.graphql.answers import BrokenRule, DayChanges, Quality, RuleConflict
from services.matching.graphql.explaining import SeatReason
from services.matching.graphql.weighing import TradeOffs
from services.matching.problem import model_of
from services.matching.question import Question
from services.matching.solver import reasons
from services.matching.web import words
from services.matching.web.looking import Planned, planned, some

MOST_SEATS: Final = 150
"""People on one page of tables."""
PER_PAGE: Final = 50
MOST_CONTACTS: Final = 40
MOST_PAIRS: Final = 30
MOST_MOVED: Final = 100


@get("/organise/{event:uuid}/groups/{plan:uuid}", page=True, right=access.ORGANISER)
async def plan(request: AnyRequest, event: uuid.UUID, plan: uuid.UUID) -> Response[str]:
    """How far it is, or what it is worth; htmx asks again and again for the part that changes."""
    return await shown(request, await planned(request, event, plan))


async def shown(request: AnyRequest, at: Planned, wrong: Form = EMPTY, status: int = 200) -> Response[str]:
    answer, told = at.row.answer, at.row.answer or at.row.failure or {}
    calls, conflict = at.names, told.get("conflict")
    return await page(
        request,
        "matching/plan.html",
        status=status,
        at=at,
        wrong=wrong,
        quality=Quality.of(answer) if answer else None,
        gives=TradeOffs.of(answer) if answer and "trade_offs" in answer else None,
        broken=[BrokenRule.of(one, calls) for one in told.get("violations", ())],
        conflict=RuleConflict.of(conflict, calls) if conflict else None,
        day=DayChanges.of(at.row.question["day"], answer["day"]) if answer and answer.get("day") else None,
        gone=(at.row.question.get("day") or {}).get("gone", 0),
        calls=calls,
        words=words,
        most=(MOST_CONTACTS, MOST_PAIRS, MOST_MOVED),
    )


@get("/organise/{event:uuid}/groups/{plan:uuid}/rounds/{number:int}", page=True, right=access.ORGANISER)
async def tables(
    request: AnyRequest, event: uuid.UUID, plan: uuid.UUID, number: int, q: str = "", table: int = 0, after: int = 0
) -> Response[str]:
    """The tables of a round: a page of them, one table, or those where somebody called `q` sits."""
    at = await planned(request, event, plan)
    return await tables_of(request, at, number, q=q, table=table, after=after)


async def tables_of(
    request: AnyRequest, at: Planned, number: int, *, q: str = "", table: int = 0, after: int = 0,
    shown: Form = EMPTY, status: int = 200,
) -> Response[str]:  # fmt: skip
    if not 1 <= number <= at.rounds:
        raise NotFound(_("There is no such round."))
    words_of = folded(q[:200]).split()
    seated: dict[int, list[str]] = {one + 1: [] for one in range(len(at.seen["table_topics"]))}
    for known in at.people.names(at.seats):
        if (place := at.seats[known.id][number - 1]) is not None:
            seated[place].append(known.id)
    found = {key for key in at.seats if words_of and _called(at, key, words_of)}
    chosen = [
        one for one in seated
        if one > after and (not table or one == table) and (not words_of or found.intersection(seated[one]))
    ]  # fmt: skip
    listed, count = list[int](), 0
    for one in chosen:
        count += len(seated[one])
        if listed and count > MOST_SEATS:
            break
        listed.append(one)
    asked = urlencode({name: value for name, value in (("q", q[:200]), ("table", table or "")) if value})
    here = f"{at.at}/rounds/{number}"
    further = f"{here}?after={listed[-1]}&{asked}".rstrip("&") if len(listed) < len(chosen) else ""
    return await page(
        request, "matching/round.html", status=status, at=at, number=number, q=q[:200], table=table or "",
        tables=[(one, seated[one][:MOST_SEATS], len(seated[one])) for one in listed], found=found, every=list(seated),
        offered=[(str(one), f"{one} {at.topic(one)}".strip()) for one in seated],
        here=here, first=here if after else "", further=further, shown=shown, cities=at.cities, named=reading.named,
        absent=sum(row[number - 1] is None for row in at.seats.values()),
        pinned={str(one) for one in at.row.pinned},
    )  # fmt: skip


def _called(at: Planned, key: str, parts: list[str]) -> bool:
    name = folded(reading.named(at.people.known, key).full)
    return all(part in name for part in parts)


@get("/organise/{event:uuid}/groups/{plan:uuid}/people", page=True, right=access.ORGANISER)
async def everybody(
    request: AnyRequest, event: uuid.UUID, plan: uuid.UUID, q: str = "", after: str = ""
) -> Response[str]:
    """Who sits where in which round, in the order of names."""
    at = await planned(request, event, plan)
    parts = folded(q[:200]).split()
    found = [one for one in at.people.names(at.seats) if all(part in folded(one.full) for part in parts)]
    listed, following = some(found, after, PER_PAGE)
    asked = {"q": q[:200]} if q else {}
    here = f"{at.at}/people"
    return await page(
        request, "matching/everybody.html", at=at, q=q[:200], listed=listed, count=len(found),
        first=f"{here}?{urlencode(asked)}".rstrip("?") if after else "",
        following=f"{here}?{urlencode({**asked, 'after': following})}" if following else "",
    )  # fmt: skip


@get("/organise/{event:uuid}/groups/{plan:uuid}/people/{person:uuid}", page=True, right=access.ORGANISER)
async def somebody(
    request: AnyRequest, event: uuid.UUID, plan: uuid.UUID, person: uuid.UUID, back: str = ""
) -> Response[str]:
    """Where one person sits and why, whom they meet, and the forms to move them. `back`: the seat before a move."""
    return await somebody_in(request, await planned(request, event, plan), str(person), back=back)


async def somebody_in(
    request: AnyRequest, at: Planned, key: str, *, back: str = "", shown: Form = EMPTY, status: int = 200,
    would: tuple[float, list[BrokenRule]] | None = None,
) -> Response[str]:  # fmt: skip
    if key not in at.seats:
        raise NotFound(_("The person is not in this plan."))
    number, _dot, table = back.partition(".")
    undo = (number, table) if number.isdecimal() and table.isdecimal() and at.changeable else None
    company = {
        place: at.people.names(other for other, row in at.seats.items() if other != key and row[place] == table)
        for place, table in enumerate(at.seats[key])
        if table is not None
    }
    return await page(
        request, "matching/somebody.html", status=status, at=at, one=reading.named(at.people.known, key),
        seats=at.seats[key], why=await asyncio.to_thread(_why, at, key), company=company, shown=shown, would=would,
        undo=undo, pinned=key in {str(one) for one in at.row.pinned}, tables=len(at.seen["table_topics"]), words=words,
        named=reading.named, most=PER_PAGE,
    )  # fmt: skip


class Why(NamedTuple):
    """Of a seat: what speaks for the table, and for whom at it by key, in words."""

    table: list[str]
    company: list[tuple[str, list[str]]]


def _why(at: Planned, key: str) -> dict[int, Why]:
    """Why the person sits where they do, by round from 1; nothing while the search goes on."""
    if at.row.answer is None:
        return {}
    model = model_of(msgspec.convert(at.row.question, Question))
    grounds = reasons.Grounds.of(model, at.answer["plan"], at.answer["table_topics"])
    out: dict[int, Why] = {}
    for one in (SeatReason.of(row, organiser=True) for row in reasons.why(grounds, key)):
        company = [(str(other.navigator.id), words.of_companion(other, at.topics)) for other in one.company]
        out[one.round] = Why(words.of_table(one), [(other, said) for other, said in company if said])
    return out


routes = [plan, tables, everybody, somebody]
