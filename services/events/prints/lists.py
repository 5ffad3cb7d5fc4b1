"""Lists to be ticked and signed."""

from collections import defaultdict

from services.events.day import Day
from services.events.prints.common import in_order, line, paper
from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext


def attendance_list(day: Day) -> bytes:
    """Who takes part, by city and name, numbered, each with room to sign; A4, with some empty lines at the end."""
    cities: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for number, person in enumerate(in_order(day.participants), start=1):
        row = {"number": str(number), "name": line(person.name) or "–", "department": line(person.department)}
        cities[line(person.city) or "–"].append(row)
    labels = {
        "sheet": _("Attendance list"),
        "page": _("Page {page} of {pages}"),
        "name": _("Name"),
        "department": _("Department"),
        "signature": _("Signature"),
        "more": _("Also present"),
        "city": _("City"),
    }
    return paper(
        "attendance",
        day,
        labels["sheet"],
        labels,
        people=ngettext("{number} person", "{number} people", len(day.participants)),
        cities=[{"city": city, "people": people} for city, people in cities.items()],
    )
