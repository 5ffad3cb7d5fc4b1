"""The organiser's own sheet of the day."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from services.events.day import Day, Item, Person, Round, date_words, on_day, span, spoken_span
from services.events.prints.common import in_order, line, lines, paper, parts, round_, rounds_of, tables_of
from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext

_MOST_LOADS, _MOST_SEATS = 4, 9
"""How many rounds the two tables of the run sheet take side by side; more continue in a further table."""


def run_sheet(day: Day) -> bytes:
    """The organiser's A4 sheet: agenda, guiding questions, tables with heads per round, totals, and who sits where."""
    people = in_order(day.participants)
    heads = Counter((stop.round, stop.table) for person in people for stop in person.route)
    cities = Counter(line(person.city) for person in people)
    loads = [
        {
            "rounds": [round_(day, r) for r in part],
            "rows": [
                {
                    "number": str(table.number),
                    "topic": line(table.topic),
                    "heads": [str(heads[r.number, table.number] or "–") for r in part],
                }
                for table in tables_of(day)
            ],
        }
        for part in parts(rounds_of(day), _MOST_LOADS)
        if day.tables
    ]
    labels = {
        "sheet": _("Run sheet"),
        "page": _("Page {page} of {pages}"),
        "agenda": _("Agenda"),
        "time": _("Time"),
        "item": _("Item"),
        "audience": _("For"),
        "responsible": _("Responsible"),
        "questions": _("Guiding questions"),
        "tables": _("Rounds and tables"),
        "table": _("Table"),
        "topic": _("Topic"),
        "heads": _("Number of people at each table, by round."),
        "seats": _("Who sits where"),
        "legend": _("R1 is round 1 and so on; the numbers are tables. A dash: no table in this round."),
        "name": _("Name"),
        "department": _("Department"),
        "totals": _("Participants by city"),
        "city": _("City"),
        "people": _("People"),
        "sum": _("Total"),
    }
    return paper(
        "run_sheet",
        day,
        labels["sheet"],
        labels,
        facts=[{"name": name, "value": value} for name, value in _facts(day) if value],
        agenda=[agenda_item(day, item) for item in sorted(day.agenda, key=lambda item: item.starts)],
        questions=lines(day.questions),
        loads=loads,
        totals=[{"city": city, "people": str(number)} for city, number in cities.items()],
        sum=str(len(people)),
        seats=_matrices(day, people),
    )


def _matrices(day: Day, people: Sequence[Person]) -> list[dict[str, Any]]:
    """Who sits where: people down, rounds across; one entry for each stretch of rounds that fits the page."""
    tables = {id(person): {stop.round: str(stop.table) for stop in person.route} for person in people}
    cities: defaultdict[str, list[Person]] = defaultdict(list)
    for person in people:
        cities[line(person.city)].append(person)

    def row(person: Person, part: Sequence[Round]) -> dict[str, Any]:
        at = [tables[id(person)].get(r.number, "–") for r in part]
        return {"name": line(person.name) or "–", "department": line(person.department), "tables": at}

    return [
        {
            "rounds": [f"R{r.number}" for r in part],
            "cities": [{"city": c, "people": [row(p, part) for p in members]} for c, members in cities.items()],
        }
        for part in parts(rounds_of(day), _MOST_SEATS)
        if people
    ]


def _facts(day: Day) -> Iterator[tuple[str, str]]:
    yield _("Date"), date_words(day)
    yield _("Venue"), ", ".join(filter(None, lines((day.venue, day.address))))
    yield _("Participants"), ngettext("{number} person", "{number} people", len(day.participants))
    yield _("Host"), line(day.host)
    yield _("Guests"), ", ".join(lines(day.guests))
    if day.rounds:
        rounds = rounds_of(day)
        yield (
            _("Table rounds"),
            " · ".join(filter(None, (str(len(rounds)), spoken_span(day, rounds[0].starts, rounds[-1].ends)))),
        )


def agenda_item(day: Day, item: Item) -> dict[str, Any]:
    return {
        "time": " ".join(filter(None, (on_day(day, item.starts), span(day, item.starts, item.ends)))),
        "title": line(item.title),
        "details": lines(item.details),
        "audience": line(item.audience) if item.audience else _("everybody"),
        "responsible": line(item.responsible),
    }
