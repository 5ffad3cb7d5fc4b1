"""The figures of a year, counted where the rows are: a fixed number of statements, however much took place.

Under HUB: a report counts people of many cities for one that may not see them. What leaves here are numbers, names of
cities and events, and quotes with consent; who may ask for it says `access.may_report`.
"""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select, text

from services.contracts.states import STATES
from services.events import surveys
from services.events.clock import at
from services.events.models import City, Event, Live, Vote
from services.events.models.live import clock_of
from services.events.prints.votes import Result
from services.events.report import queries
from services.events.report.decided import results
from services.events.report.figures import (
    MOST_IN_MATRIX,
    MOST_IN_PICTURE,
    Asked,
    CityFigures,
    Contact,
    Contacts,
    Held,
    Kind,
    ModuleHeld,
    Place,
    Project,
    QuoteFigures,
    Report,
    SurveyFigures,
    Totals,
)
from services.events.surveys.questions import Question
from services.events.surveys.results import LEAST, Option, ranked
from services.kit.checks import Checks
from services.kit.db import Reader
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _

YEARS: Final = (2000, 2100)
MOST_EVENTS: Final = 400
MOST_MODULES: Final = 100
MOST_CITIES: Final = 2_500
"""No state has more municipalities."""
MOST_CONTACTS: Final = 1_000
MOST_ASKED: Final = 5_000
"""Surveys, and votes, that are counted; told are fewer."""
MOST_SURVEYS: Final = 40
MOST_WISHES: Final = 40
MOST_VOTES: Final = 40
MOST_PROJECTS: Final = 200
MOST_QUOTES: Final = 40
MOST_CLOCKS: Final = 5_000


async def place(session: Reader, key: str) -> Place:
    """The city or state with this key. Raises NotFound."""
    if key in STATES:
        return Place(key, STATES[key])
    found = await session.get(City, key) if "\0" not in key else None
    if found is None:
        raise NotFound(_("There is no such city or state."))
    return Place(found.ags, found.name)


async def report(session: Reader, where: Place, year: int, today: dt.date | None = None) -> Report:
    """The report of `year`, compared with the year before. Raises Refused for a year out of all bounds."""
    asked, made, now = _asked(where, year, today)
    until = asked["until"]

    async def rows(query: str, **more: Any) -> Sequence[Any]:
        return (await session.execute(text(queries.SCOPE + query), {**asked, **more})).all()

    kinds = await rows(queries.KINDS)
    attendance = await rows(queries.ATTENDANCE)
    clocks = await _clocks(session, where, year, until, now)
    contacts = await rows(queries.CONTACTS, **clocks, most=MOST_CONTACTS, top=MOST_IN_MATRIX)
    outcomes = {row.year: tuple(row)[1:] for row in await rows(queries.OUTCOMES)}
    totals, before = (_totals(where, one, kinds, attendance, contacts, outcomes[one]) for one in (year, year - 1))
    events = await rows(queries.EVENTS, most=MOST_EVENTS)
    modules = await rows(queries.MODULES, most=MOST_MODULES)
    surveyed = await rows(queries.SURVEYS, least=LEAST, most=MOST_ASKED)
    told = await _surveys(session, [row for row in surveyed if row.told][:MOST_SURVEYS])
    quotes = await rows(queries.QUOTES, most=MOST_QUOTES)
    voted = await rows(queries.VOTES, most=MOST_ASKED)
    decided = await _votes(session, [row for row in voted if row.told][:MOST_VOTES])
    projects = await rows(queries.PROJECTS, most=MOST_PROJECTS)
    cities = {row.ags for row in (*attendance, *quotes)} | {row.host for row in events}
    names = await _names(session, cities | {row.city for row in projects})
    return Report(
        place=where,
        year=year,
        until=until,
        made=made,
        totals=totals,
        before=before,
        kinds=_kinds(kinds, year),
        events=tuple(Held(**row._mapping) for row in events),  # noqa: SLF001 - SQLAlchemy's documented accessor
        modules=tuple(ModuleHeld(*row) for row in modules),
        cities=_cities([row for row in attendance if row.year == year], contacts, names),
        contacts=tuple(Contact(row.one, row.other, row.pairs) for row in contacts if row.what == "between"),
        surveys=told,
        surveys_too_small=sum(not row.told for row in surveyed),
        surveys_left=sum(row.told for row in surveyed) - len(told),
        wishes=_wishes(told),
        votes=decided,
        votes_too_small=sum(not row.told for row in voted),
        votes_left=sum(row.told for row in voted) - len(decided),
        projects=tuple(Project(row.title, names.get(row.city, row.city), row.event) for row in projects),
        quotes=tuple(QuoteFigures(row.text, row.name, names.get(row.ags, row.ags)) for row in quotes),
        names=names,
    )


async def between(session: Reader, where: Place, year: int, today: dt.date | None = None) -> Contacts:
    """Between which cities people met in `year`, as in its report, without the rest of it. Raises as `report`."""
    asked, _made, now = _asked(where, year, today)
    clocks = await _clocks(session, where, year, asked["until"], now)
    query = text(queries.SCOPE + queries.CONTACTS)
    rows = (await session.execute(query, {**asked, **clocks, "most": MOST_CONTACTS, "top": MOST_IN_PICTURE})).all()
    pairs = {row.one: row.pairs for row in rows if row.what == "city"}
    return Contacts(
        total=next((row.pairs for row in rows if row.what == "total" and row.year == year), 0),
        cities=pairs,
        between=tuple(Contact(row.one, row.other, row.pairs) for row in rows if row.what == "between"),
        names=await _names(session, set(pairs)),
    )


def _asked(where: Place, year: int, today: dt.date | None) -> tuple[dict[str, Any], dt.date, dt.datetime]:
    """The parameters of the queries, today in Germany, and now."""
    checks = Checks()
    checks.number("report", "year", year, *YEARS)
    checks.done(_("There is no report for this year."))
    now = dt.datetime.now(dt.UTC)
    made = today or now.astimezone(ZoneInfo("Europe/Berlin")).date()
    until = min(made, dt.date(year, 12, 31))
    asked = {
        "year": year,
        "place": where.key,
        "first": dt.date(year, 1, 1),
        "until": until,
        "first_before": dt.date(year - 1, 1, 1),
        "until_before": _year_before(until),
    }
    return asked, made, now


def _year_before(day: dt.date) -> dt.date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


async def _clocks(session: Reader, where: Place, year: int, until: dt.date, now: dt.datetime) -> dict[str, Any]:
    """How many rounds had begun, of events that were run by the clock; others held all that were planned."""
    query = (
        select(Event, Live)
        .join(Live, Live.event_id == Event.id)
        .where(Event.date >= dt.date(year - 1, 1, 1), Event.date <= until)
        .limit(MOST_CLOCKS)
    )
    begun = {
        event.id: at(clock_of(event, live), now).begun
        for event, live in await session.execute(query)
        if any(map(where.has, (event.host, *event.guests)))
    }
    return {"events": list(begun), "begun": list(begun.values())}


def _totals(
    where: Place, year: int, kinds: Sequence[Any], attendance: Sequence[Any], contacts: Sequence[Any],
    outcomes: Sequence[int],
) -> Totals:  # fmt: skip
    held = [(events, cancelled) for at_, _kind, events, cancelled in kinds if at_ == year]
    there = [row for row in attendance if row.year == year]
    own = [row for row in there if where.has(row.ags)]
    ideas, sessions, actions, done, proposed, projects = outcomes
    return Totals(
        events=sum(events for events, _cancelled in held),
        cancelled=sum(cancelled for _events, cancelled in held),
        cities=len({row.ags for row in there if row.attended}),
        registered=sum(row.registered for row in own),
        attended=sum(row.attended for row in own),
        unnoted=sum(row.unnoted for row in own),
        people=sum(row.people for row in own),
        hours=round(sum(row.hours for row in own), 1),
        guests=sum(row.attended for row in there) - sum(row.attended for row in own),
        contacts=next((row.pairs for row in contacts if row.what == "total" and row.year == year), 0),
        ideas=ideas,
        sessions=sessions,
        actions=actions,
        actions_done=done,
        projects_proposed=proposed,
        projects=projects,
    )


def _kinds(rows: Sequence[Any], year: int) -> tuple[Kind, ...]:
    now, before = (
        {kind: events for at_, kind, events, _cancelled in rows if at_ == one and events} for one in (year, year - 1)
    )
    found = [Kind(kind, now.get(kind, 0), before.get(kind, 0)) for kind in sorted({*now, *before})]
    return tuple(sorted(found, key=lambda one: -one.events))


def _cities(rows: Sequence[Any], contacts: Sequence[Any], names: dict[str, str]) -> tuple[CityFigures, ...]:
    pairs = {row.one: row.pairs for row in contacts if row.what == "city"}
    found = [
        CityFigures(
            row.ags,
            names.get(row.ags, row.ags),
            row.registered,
            row.attended,
            row.people,
            round(row.hours, 1),
            pairs.get(row.ags, 0),
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: (-one.attended, one.name, one.ags))[:MOST_CITIES])


async def _names(session: Reader, wanted: set[str]) -> dict[str, str]:
    found = await session.execute(select(City.ags, City.name).where(City.ags.in_(wanted)))
    return {row.ags: row.name for row in found}


async def _surveys(session: Reader, rows: Sequence[Any]) -> tuple[SurveyFigures, ...]:
    asked = {row.id: msgspec.convert(row.questions, list[Question]) for row in rows}
    counted = await surveys.counted(session, asked)
    told = []
    for row in rows:
        answers, tallies = counted[row.id]
        pairs = zip(asked[row.id], tallies, strict=True)
        questions = tuple(Asked(question, tally) for question, tally in pairs if question.kind != "TEXT")
        told.append(SurveyFigures(row.title, row.event, row.date, answers, questions))
    return tuple(told)


async def _votes(session: Reader, rows: Sequence[Any]) -> tuple[Result, ...]:
    found = {vote.id: vote for vote in await session.scalars(select(Vote).where(Vote.id.in_([row.id for row in rows])))}
    told = {row.event_id: (row.title, row.date) for row in rows}
    return tuple(await results(session, [found[row.id] for row in rows], told))


def _wishes(told: Sequence[SurveyFigures]) -> tuple[Option, ...]:
    """Wishes for modules of all surveys together: only what each of them tells by itself is added up."""
    votes: Counter[str] = Counter()
    for survey in told:
        for one in survey.questions:
            if one.question.wishes:
                votes.update({option.label: option.votes for option in one.tally.options})
    return ranked(dict(votes.items()))[:MOST_WISHES]
