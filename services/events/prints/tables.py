"""What stands on the tables and in people's hands: cards and slips."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from services.events.day import Day, Person, Table, span
from services.events.prints.codes import qr
from services.events.prints.common import in_order, line, lines, paper, round_, rounds_of, tables_of
from services.kit.i18n import gettext as _


def table_cards(day: Day) -> bytes:
    """A5 cards to stand on the tables, two pages each where people are placed, more where they do not fit.

    The front carries number, topic, round times and guiding questions; what follows lists by round and city (up to
    three side by side) who sits there, in smaller type where that keeps it on one page. Every table starts on an odd
    page, so printing on both sides never mixes two tables.
    """
    seated: defaultdict[tuple[int, int], list[Person]] = defaultdict(list)
    for person in in_order(day.participants):
        for stop in person.route:
            seated[stop.round, stop.table].append(person)

    def card(table: Table) -> dict[str, Any]:
        seats = [
            {**round_(day, r, spoken=True), "cities": by_city(seated[r.number, table.number])} for r in rounds_of(day)
        ]
        topic = line(table.topic)
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
    return paper(
        "table_cards",
        day,
        _("Table cards"),
        labels,
        rounds=[round_(day, r, spoken=True) for r in rounds_of(day)],
        questions=lines(day.questions),
        tables=[card(table) for table in tables_of(day)],
    )


def slips(day: Day) -> bytes:
    """A slip for every participant, sorted by city and name, on A4 with cut lines.

    Up to four rounds eight slips share a page and become A7; with more rounds four share it and become A6. Long topics
    are set smaller to fit; a slip that still needs more room makes its row higher; nothing is cut off.
    """
    rounds = {r.number: r for r in day.rounds}
    topics = {t.number: line(t.topic) for t in day.tables}
    cut = [
        {
            "name": line(person.name) or "–",
            "city": line(person.city),
            "department": line(person.department),
            "code": qr(person.link),
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
        for person in in_order(day.participants)
    ]
    labels = {
        "round": _("Round"),
        "time": _("Time"),
        "table": _("Table"),
        "topic": _("Topic"),
        "unplanned": _("You will be shown to your tables on the day."),
        "empty": _("Nobody has signed up yet."),
        "code": _("QR code: your own link for this day"),
    }
    return paper("slips", day, _("Personal slips"), labels, slips=cut)


def by_city(people: Sequence[Person]) -> list[dict[str, Any]]:
    """`people` grouped under their cities, in the order given."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for person in people:
        names[line(person.city) or "–"].append(line(person.name) or "–")
    return [{"city": city, "names": members} for city, members in names.items()]
