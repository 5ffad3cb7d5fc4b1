"""Lists of a day as Excel workbooks (XLSX), for those who work on with them. Nothing in them becomes a formula."""

from collections.abc import Iterable, Sequence
from io import BytesIO

from services.events.day import Day, on_day, printable, span, spoken
from services.events.prints.common import in_order
from services.events.prints.onsite import leg
from services.kit.i18n import gettext as _
from services.kit.sheets.writing import listed, workbook

Row = Sequence[str | int | None]
Sheet = tuple[str, Sequence[str], Iterable[Row], Sequence[int]]
"""Its name, its titles, its rows, and how wide the columns are."""


def _book(day: Day, title: str, *sheets: Sheet) -> bytes:
    made = BytesIO()
    book = workbook(made)
    book.set_properties(
        {"title": f"{title} – {printable(day.hashtag or day.title)}", "author": printable(day.host),
         "created": day.updated.replace(tzinfo=None)}
    )  # fmt: skip
    for name, titles, rows, widths in sheets:
        listed(titles, rows, name, book, widths)
    book.close()
    return made.getvalue()


def participants_book(day: Day) -> bytes:
    """Who takes part, by city and name, and at which table in which round."""
    rounds = sorted(one.number for one in day.rounds)
    topics = {one.number: printable(one.topic) for one in day.tables}
    titles = [_("Name"), _("City"), _("Department"), *(_("Round {number}: table", number=n) for n in rounds)]
    rows = []
    for person in in_order(day.participants):
        at = {stop.round: stop.table for stop in person.route}
        rows.append([*map(printable, (person.name, person.city, person.department)), *(at.get(n) for n in rounds)])
    sheets: list[Sheet] = [(_("Participants"), titles, rows, (30, 22, 40, *(10,) * len(rounds)))]
    if topics:
        tables: list[Row] = [[number, topics[number]] for number in sorted(topics)]
        sheets.append((_("Tables"), [_("Table"), _("Topic")], tables, (10, 60)))
    return _book(day, _("Participants"), *sheets)


def attendance_book(day: Day) -> bytes:
    """Who came, as it was noted."""
    words = {
        "expected": _("expected"),
        "present": _("present"),
        "late": _("came late"),
        "no_show": _("did not come"),
        "left": _("left early"),
    }
    rows = [
        [*map(printable, (one.name, one.city, one.department)), words.get(one.attendance, one.attendance)]
        for one in in_order(day.participants)
    ]
    titles = [_("Name"), _("City"), _("Department"), _("Attendance")]
    return _book(day, _("Attendance list"), (_("Attendance list"), titles, rows, (30, 22, 40, 16)))


def bus_book(day: Day) -> bytes:
    """A sheet for each bus: who boards where and when."""
    titles = [_("Leaves"), _("Boarding point"), _("Seat"), _("Name"), _("City")]
    sheets: list[Sheet] = [
        (
            f"{printable(bus.name)} {leg(bus)}",
            titles,
            [
                [spoken(day, point.leaves), printable(point.name), one.seat, printable(one.name), printable(one.city)]
                for point in sorted(bus.points, key=lambda point: point.leaves)
                for one in sorted(point.passengers, key=lambda one: one.seat)
            ],
            (12, 30, 8, 30, 22),
        )
        for bus in day.buses
    ]
    return _book(day, _("Bus list"), *(sheets or [(_("Bus list"), titles, [], ())]))


def market_book(day: Day) -> bytes:
    """The sessions of the open space, then the topics without one; nobody's wishes."""
    market = day.market
    rows: list[Row] = []
    for one in sorted(market.sessions, key=lambda s: (s.slot, s.room)):
        slot = market.slots[one.slot]
        time = " ".join(filter(None, (on_day(day, slot.starts), span(day, slot.starts, slot.ends))))
        where = printable(market.rooms[one.room].name)
        hosts = ", ".join(map(printable, one.topic.hosts))
        rows.append([one.topic.number, printable(one.topic.title), time, where, hosts])
    rows += [
        [topic.number, printable(topic.title), "", "", ", ".join(map(printable, topic.hosts))]
        for topic in sorted(market.waiting, key=lambda topic: topic.number)
    ]
    titles = [_("Number"), _("Topic"), _("Time"), _("Room"), _("Hosts")]
    return _book(day, _("Open space"), (_("Open space"), titles, rows, (10, 60, 16, 22, 40)))
