"""The papers of an event day as PDF: a `Day` in, bytes out, in the current language (`services.kit.i18n`).

Promises of all three: tagged PDF/UA-1 (but see `typst.typeset` for signs without a face); the same `Day` in the same
language gives the same bytes (dated by `Day.updated`); texts are printed literally, cleaned by `day.printable`; safe to
call from several threads at once.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from services.events.day import (
    Day,
    Item,
    Person,
    Round,
    Table,
    as_of,
    date_words,
    on_day,
    printable,
    span,
    spoken_span,
)
from services.events.typst import breakable, typeset
from services.kit.i18n import gettext as _
from services.kit.i18n import language, ngettext
from services.kit.text import sort_key

_MOST_LOADS, _MOST_SEATS = 4, 9
"""How many rounds the two tables of the run sheet take side by side; more continue in a further table."""

T = TypeVar("T")


def table_cards(day: Day) -> bytes:
    """A5 cards to stand on the tables, two pages each where people are placed, more where they do not fit.

    The front carries number, topic, round times and guiding questions; what follows lists by round and city (up to
    three side by side) who sits there, in smaller type where that keeps it on one page. Every table starts on an odd
    page, so printing on both sides never mixes two tables.
    """
    seated: defaultdict[tuple[int, int], list[Person]] = defaultdict(list)
    for person in _in_order(day.participants):
        for stop in person.route:
            seated[stop.round, stop.table].append(person)

    def card(table: Table) -> dict[str, Any]:
        seats = [
            {**_round(day, r, spoken=True), "cities": _by_city(seated[r.number, table.number])} for r in _rounds(day)
        ]
        topic = _line(table.topic)
        return {
            "number": str(table.number),
            "topic": topic,
            "title": _("Table {number}", number=table.number) + (f": {topic}" if topic else ""),
            "seats": seats if any(seat["cities"] for seat in seats) else [],
        }

    labels = {
        "table": _("Table"),
        "questions": _("Guiding questions"),
        "free": _("Nobody is placed here in this round."),
        "empty": _("No tables have been set up."),
    }
    return _paper(
        "table_cards",
        day,
        _("Table cards"),
        labels,
        rounds=[_round(day, r, spoken=True) for r in _rounds(day)],
        questions=_lines(day.questions),
        tables=[card(table) for table in _tables(day)],
    )


def slips(day: Day) -> bytes:
    """A slip for every participant, sorted by city and name, on A4 with cut lines.

    Up to four rounds eight slips share a page and become A7; with more rounds four share it and become A6. Long topics
    are set smaller to fit; a slip that still needs more room makes its row higher; nothing is cut off.
    """
    rounds = {r.number: r for r in day.rounds}
    topics = {t.number: _line(t.topic) for t in day.tables}
    cut = [
        {
            "name": _line(person.name) or "–",
            "city": _line(person.city),
            "department": _line(person.department),
            "route": [
                {
                    "round": str(stop.round),
                    "time": span(day, rounds[stop.round].starts, rounds[stop.round].ends),
                    "table": str(stop.table),
                    "topic": topics[stop.table],
                }
                for stop in sorted(person.route, key=lambda stop: stop.round)
            ],
        }
        for person in _in_order(day.participants)
    ]
    labels = {
        "round": _("Round"),
        "time": _("Time"),
        "table": _("Table"),
        "topic": _("Topic"),
        "unplanned": _("You will be shown to your tables on the day."),
        "empty": _("Nobody has signed up yet."),
    }
    return _paper("slips", day, _("Personal slips"), labels, slips=cut)


def run_sheet(day: Day) -> bytes:
    """The organiser's A4 sheet: agenda, guiding questions, tables with heads per round, totals, and who sits where."""
    people = _in_order(day.participants)
    heads = Counter((stop.round, stop.table) for person in people for stop in person.route)
    cities = Counter(_line(person.city) for person in people)
    loads = [
        {
            "rounds": [_round(day, r) for r in part],
            "rows": [
                {
                    "number": str(table.number),
                    "topic": _line(table.topic),
                    "heads": [str(heads[r.number, table.number] or "–") for r in part],
                }
                for table in _tables(day)
            ],
        }
        for part in _parts(_rounds(day), _MOST_LOADS)
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
    return _paper(
        "run_sheet",
        day,
        labels["sheet"],
        labels,
        facts=[{"name": name, "value": value} for name, value in _facts(day) if value],
        agenda=[_item(day, item) for item in sorted(day.agenda, key=lambda item: item.starts)],
        questions=_lines(day.questions),
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
        cities[_line(person.city)].append(person)

    def row(person: Person, part: Sequence[Round]) -> dict[str, Any]:
        at = [tables[id(person)].get(r.number, "–") for r in part]
        return {"name": _line(person.name) or "–", "department": _line(person.department), "tables": at}

    return [
        {
            "rounds": [f"R{r.number}" for r in part],
            "cities": [{"city": c, "people": [row(p, part) for p in members]} for c, members in cities.items()],
        }
        for part in _parts(_rounds(day), _MOST_SEATS)
        if people
    ]


def _facts(day: Day) -> Iterator[tuple[str, str]]:
    yield _("Date"), date_words(day)
    yield _("Venue"), ", ".join(filter(None, _lines((day.venue, day.address))))
    yield _("Participants"), ngettext("{number} person", "{number} people", len(day.participants))
    yield _("Host"), _line(day.host)
    yield _("Guests"), ", ".join(_lines(day.guests))
    if day.rounds:
        rounds = _rounds(day)
        yield (
            _("Table rounds"),
            " · ".join(filter(None, (str(len(rounds)), spoken_span(day, rounds[0].starts, rounds[-1].ends)))),
        )


def _item(day: Day, item: Item) -> dict[str, Any]:
    return {
        "time": " ".join(filter(None, (on_day(day, item.starts), span(day, item.starts, item.ends)))),
        "title": _line(item.title),
        "details": _lines(item.details),
        "audience": _line(item.audience) if item.audience else _("everybody"),
        "responsible": _line(item.responsible),
    }


def _round(day: Day, which: Round, spoken: bool = False) -> dict[str, Any]:
    name = _("Round {number}", number=which.number)
    time = spoken_span(day, which.starts, which.ends) if spoken else span(day, which.starts, which.ends)
    return {"name": name, "time": time}


def _by_city(people: Sequence[Person]) -> list[dict[str, Any]]:
    """`people` grouped under their cities, in the order given."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for person in people:
        names[_line(person.city) or "–"].append(_line(person.name) or "–")
    return [{"city": city, "names": members} for city, members in names.items()]


def _kind(kind: str) -> str:
    """The event kind in words; one without words of its own is printed as it is."""
    words = {
        "learning_trip": _("Learning trip"),
        "speed_dating": _("Speed dating"),
        "open_space": _("Open space"),
        "module": _("Training module"),
        "review": _("Review"),
        "network_meeting": _("Network meeting"),
        "meeting": _("Meeting"),
    }
    return words.get(kind) or _line(kind)


def _in_order(people: Sequence[Person]) -> list[Person]:
    """By city, then name, as a German reader looks them up."""
    return sorted(people, key=lambda p: (sort_key(p.city), sort_key(p.name), p.department, p.route))


def _rounds(day: Day) -> list[Round]:
    return sorted(day.rounds, key=lambda r: r.number)


def _tables(day: Day) -> list[Table]:
    return sorted(day.tables, key=lambda t: t.number)


def _parts(things: Sequence[T], most: int) -> list[Sequence[T]]:
    return [things[at : at + most] for at in range(0, len(things), most)]


def _line(text: str) -> str:
    return breakable(printable(text))


def _lines(texts: Sequence[str]) -> list[str]:
    return [line for line in map(_line, texts) if line]


def _paper(template: str, day: Day, name: str, labels: dict[str, str], **parts: object) -> bytes:
    """The parts every paper has, and the document's own title, language and author."""
    short = _line(day.hashtag) or _line(day.title) or name
    notices = {
        "tentative": _("Provisional – changes possible"),
        "cancelled": _("Cancelled"),
    }
    event = {
        "title": _line(day.title) or short,
        "hashtag": _line(day.hashtag),
        "short": short,
        "kind": _kind(day.kind),
        "date": date_words(day),
        "date-short": date_words(day, "long"),
        "venue": _line(day.venue),
        "notice": notices.get(day.status, ""),
        "updated": as_of(day),
    }
    document = {"document": f"{name} – {short}", "author": _line(day.host), "language": language()}
    return typeset(template, {**document, "labels": labels, "event": event, **parts}, day.updated)
