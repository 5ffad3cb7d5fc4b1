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
from services.events.models import City, Event, Live
from services.events.models.live import clock_of
from services.events.report.figures import (
    Asked,
    CityFigures,
    Contact,
    Held,
    Kind,
    ModuleHeld,
    Place,
    QuoteFigures,
    Report,
    SurveyFigures,
    Totals,
)
from services.events.surveys.results import Option, ranked
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
MOST_SURVEYS: Final = 40
MOST_WISHES: Final = 40
MOST_QUOTES: Final = 40
MOST_CLOCKS: Final = 5_000

SCOPE: Final = """
WITH scope AS (
  SELECT e.*, extract(year FROM e.date)::int AS year FROM event e
  WHERE (e.date BETWEEN :first AND :until OR e.date BETWEEN :first_before AND :until_before)
    AND (starts_with(e.host, :place) OR EXISTS (SELECT FROM unnest(e.guests) g WHERE starts_with(g, :place)))
), held AS (SELECT * FROM scope WHERE status <> 'cancelled')
"""
"""The place's events of the year and, until the same day, of the one before. A state's key begins its cities'."""

KINDS: Final = """
SELECT year, kind, count(*) FILTER (WHERE status <> 'cancelled'), count(*) FILTER (WHERE status = 'cancelled')
FROM scope GROUP BY year, kind ORDER BY kind
"""

ATTENDANCE: Final = """
, hours AS (
  SELECT h.id, c.ags, sum(extract(epoch FROM d.length)) / 3600 AS hours
  FROM held h
  CROSS JOIN LATERAL (SELECT DISTINCT unnest(h.guests || h.host) AS ags) c
  CROSS JOIN LATERAL (
    SELECT max(coalesce(i.ends, i.starts)) - min(i.starts) AS length FROM agenda_item i
    WHERE i.event_id = h.id AND (i.audience IS NULL OR i.audience = c.ags)
    GROUP BY (i.starts AT TIME ZONE h.timezone)::date
  ) d
  GROUP BY h.id, c.ags
)
SELECT h.year, n.ags, count(*) AS registered,
  count(*) FILTER (WHERE p.attendance <> 'no_show') AS attended,
  count(*) FILTER (WHERE p.attendance = 'expected') AS unnoted,
  count(DISTINCT n.id) FILTER (WHERE p.attendance <> 'no_show') AS people,
  coalesce(sum(t.hours) FILTER (WHERE p.attendance <> 'no_show'), 0)::float8 AS hours
FROM held h JOIN participant p ON p.event_id = h.id JOIN navigator n ON n.id = p.navigator_id
LEFT JOIN hours t ON t.id = h.id AND t.ags = n.ags
GROUP BY h.year, n.ags
"""
"""Who is not noted as missing was there: many organisers note only who is not."""

EVENTS: Final = """
SELECT h.id::text, h.kind, h.title, h.hashtag, h.date, h.host, count(p.*) AS registered,
  count(p.*) FILTER (WHERE p.attendance <> 'no_show') AS attended,
  count(p.*) FILTER (WHERE p.attendance <> 'no_show' AND starts_with(n.ags, :place)) AS own
FROM held h LEFT JOIN participant p ON p.event_id = h.id LEFT JOIN navigator n ON n.id = p.navigator_id
WHERE h.year = :year
GROUP BY h.id, h.kind, h.title, h.hashtag, h.date, h.host
ORDER BY h.date, h.title, h.id LIMIT :most
"""

MODULES: Final = """
SELECT m.title, count(DISTINCT h.id) AS times, count(p.*) FILTER (WHERE p.attendance <> 'no_show') AS attended
FROM module m LEFT JOIN held h ON h.module_id = m.id AND h.year = :year
LEFT JOIN participant p ON p.event_id = h.id
WHERE h.id IS NOT NULL
  OR m.id IN (SELECT unnest(modules) FROM programme WHERE host = :place AND programme.year = :year)
GROUP BY m.id, m.title ORDER BY times DESC, m.title, m.id LIMIT :most
"""

CONTACTS: Final = """
, seats AS (
  SELECT h.year, s.event_id, s.round, s.number, n.id, n.ags
  FROM held h JOIN seat s ON s.event_id = h.id
  JOIN participant p ON p.event_id = s.event_id AND p.navigator_id = s.navigator_id AND p.attendance <> 'no_show'
  JOIN navigator n ON n.id = s.navigator_id
  LEFT JOIN unnest(CAST(:events AS uuid[]), CAST(:begun AS int[])) AS c(event, begun) ON c.event = h.id
  WHERE s.round <= coalesce(c.begun, s.round)
), met AS (
  SELECT DISTINCT a.year, a.ags AS one, b.ags AS other, a.id AS first, b.id AS second
  FROM seats a JOIN seats b USING (event_id, round, number)
  WHERE a.ags < b.ags AND (starts_with(a.ags, :place) OR starts_with(b.ags, :place))
)
SELECT year, one, other, count(*) FROM met GROUP BY year, one, other ORDER BY count(*) DESC, one, other
"""
"""Pairs of people of two cities who sat at one table of a round that was held, each once a year."""

OUTCOMES: Final = """
SELECT y.year,
  (SELECT count(*) FROM held h JOIN idea i ON i.event_id = h.id WHERE h.year = y.year AND NOT i.hidden
     AND NOT i.withdrawn),
  (SELECT count(*) FROM held h JOIN session s ON s.event_id = h.id WHERE h.year = y.year),
  (SELECT count(*) FROM held h JOIN action_item a ON a.event_id = h.id WHERE h.year = y.year),
  (SELECT count(*) FROM held h JOIN action_item a ON a.event_id = h.id WHERE h.year = y.year AND a.status = 'done')
FROM (VALUES (CAST(:year AS int)), (CAST(:year AS int) - 1)) y(year)
"""

SURVEYS: Final = """
SELECT v.id, v.title, v.questions, h.title AS event, h.date
FROM held h JOIN survey v ON v.event_id = h.id
WHERE h.year = :year AND v.closed_at IS NOT NULL ORDER BY h.date, v.created_at, v.id LIMIT :most
"""

QUOTES: Final = """
SELECT q.text, CASE WHEN q.named THEN n.name ELSE '' END AS name, n.ags
FROM held h JOIN quote q ON q.event_id = h.id JOIN navigator n ON n.id = q.navigator_id
WHERE h.year = :year AND q.chosen AND starts_with(n.ags, :place) ORDER BY h.date, q.agreed_at, q.id LIMIT :most
"""


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

    async def rows(query: str, **more: Any) -> Sequence[Any]:
        return (await session.execute(text(SCOPE + query), {**asked, **more})).all()

    kinds = await rows(KINDS)
    attendance = await rows(ATTENDANCE)
    contacts = await rows(CONTACTS, **await _clocks(session, where, year, until, now))
    outcomes = {row.year: tuple(row)[1:] for row in await rows(OUTCOMES)}
    totals, before = (_totals(where, one, kinds, attendance, contacts, outcomes[one]) for one in (year, year - 1))
    events = await rows(EVENTS, most=MOST_EVENTS)
    modules = await rows(MODULES, most=MOST_MODULES)
    told, small = await _surveys(session, await rows(SURVEYS, most=MOST_SURVEYS))
    quotes = await rows(QUOTES, most=MOST_QUOTES)
    names = await _names(session, {row.ags for row in (*attendance, *quotes)} | {row.host for row in events})
    met = [Contact(one, other, pairs) for at_, one, other, pairs in contacts if at_ == year]
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
        cities=_cities([row for row in attendance if row.year == year], met, names),
        contacts=tuple(met[:MOST_CONTACTS]),
        surveys=told,
        surveys_too_small=small,
        wishes=_wishes(told),
        votes=(),
        projects=(),
        quotes=tuple(QuoteFigures(row.text, row.name, names.get(row.ags, row.ags)) for row in quotes),
        names=names,
    )


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
    ideas, sessions, actions, done = outcomes
    return Totals(
        events=sum(events for events, _cancelled in held),
        cancelled=sum(cancelled for _events, cancelled in held),
        cities=len({row.ags for row in there if row.attended}),
        registered=sum(row.registered for row in own),
        attended=sum(row.attended for row in own),
        unnoted=sum(row.unnoted for row in own),
        people=sum(row.people for row in own),
        hours=sum(row.hours for row in own),
        guests=sum(row.attended for row in there) - sum(row.attended for row in own),
        contacts=sum(pairs for at_, _one, _other, pairs in contacts if at_ == year),
        ideas=ideas,
        sessions=sessions,
        actions=actions,
        actions_done=done,
    )


def _kinds(rows: Sequence[Any], year: int) -> tuple[Kind, ...]:
    now, before = (
        {kind: events for at_, kind, events, _cancelled in rows if at_ == one and events} for one in (year, year - 1)
    )
    found = [Kind(kind, now.get(kind, 0), before.get(kind, 0)) for kind in sorted({*now, *before})]
    return tuple(sorted(found, key=lambda one: -one.events))


def _cities(rows: Sequence[Any], met: Sequence[Contact], names: dict[str, str]) -> tuple[CityFigures, ...]:
    pairs: Counter[str] = Counter()
    for one in met:
        pairs.update({one.one: one.pairs, one.other: one.pairs})
    found = [
        CityFigures(
            row.ags, names.get(row.ags, row.ags), row.registered, row.attended, row.people, row.hours, pairs[row.ags]
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: (-one.attended, one.name, one.ags))[:MOST_CITIES])


async def _names(session: Reader, wanted: set[str]) -> dict[str, str]:
    found = await session.execute(select(City.ags, City.name).where(City.ags.in_(wanted)))
    return {row.ags: row.name for row in found}


async def _surveys(session: Reader, rows: Sequence[Any]) -> tuple[tuple[SurveyFigures, ...], int]:
    """What may be told of the surveys, and of how many nothing may."""
    asked = {row.id: msgspec.convert(row.questions, list[surveys.Question]) for row in rows}
    counted = await surveys.counted(session, asked)
    told = []
    for row in rows:
        answers, tallies = counted[row.id]
        pairs = zip(asked[row.id], tallies, strict=True)
        questions = tuple(Asked(question, tally) for question, tally in pairs if question.kind != "TEXT")
        if answers:
            told.append(SurveyFigures(row.title, row.event, row.date, answers, questions))
    return tuple(told), len(rows) - len(told)


def _wishes(told: Sequence[SurveyFigures]) -> tuple[Option, ...]:
    """Wishes for modules of all surveys together: only what each of them tells by itself is added up."""
    votes: Counter[str] = Counter()
    for survey in told:
        for one in survey.questions:
            if one.question.wishes:
                votes.update({option.label: option.votes for option in one.tally.options})
    return ranked(dict(votes.items()))[:MOST_WISHES]
