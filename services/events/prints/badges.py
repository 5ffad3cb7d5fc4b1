"""Badges of 90 × 50 mm, with one's own way through the day on the back."""

from services.events.day import Day, span
from services.events.prints.codes import qr
from services.events.prints.common import in_order, line, paper
from services.kit.i18n import gettext as _


def badges(day: Day) -> bytes:
    """Ten badges on A4, sorted by city and name; each page is followed by its backs.

    The backs stand in mirrored order: printed on both sides and turned over the long edge, each comes to lie behind its
    front. A badge without a route has the agenda's title and date behind it. Long names and topics are set smaller. Who
    has a link of their own finds it as a QR code on the back.
    """
    rounds = {r.number: r for r in day.rounds}
    topics = {t.number: line(t.topic) for t in day.tables}
    made = [
        {
            "name": line(person.name) or "–",
            "city": line(person.city),
            "department": line(person.department),
            "code": qr(person.link),
            "route": [
                {
                    "time": span(day, rounds[stop.round].starts, rounds[stop.round].ends)
                    or _("Round {number}", number=stop.round),
                    "table": str(stop.table),
                    "topic": topics[stop.table],
                }
                for stop in sorted(person.route, key=lambda stop: stop.round)
            ],
        }
        for person in in_order(day.participants)
    ]
    labels = {
        "table": _("Table"),
        "way": _("Your tables"),
        "empty": _("Nobody has signed up yet."),
        "code": _("QR code: your own link for this day"),
    }
    return paper("badges", day, _("Badges"), labels, badges=made)
