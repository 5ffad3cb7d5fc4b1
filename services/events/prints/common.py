"""What the papers share: order, words, and the parts that every one has."""

from collections.abc import Sequence
from typing import Any, TypeVar

from services.events.day import Day, Person, Round, Table, as_of, date_words, printable, span, spoken_span
from services.events.typst import breakable, drawable, typeset
from services.kit.i18n import gettext as _
from services.kit.i18n import language
from services.kit.text import sort_key

T = TypeVar("T")


def round_(day: Day, which: Round, spoken: bool = False) -> dict[str, Any]:
    name = _("Round {number}", number=which.number)
    time = spoken_span(day, which.starts, which.ends) if spoken else span(day, which.starts, which.ends)
    return {"name": name, "time": time}


def kind(kind: str) -> str:
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
    return words.get(kind) or line(kind)


def in_order(people: Sequence[Person]) -> list[Person]:
    """By city, then name, as a German reader looks them up."""
    return sorted(people, key=lambda p: (sort_key(p.city), sort_key(p.name), p.department, p.route))


def rounds_of(day: Day) -> list[Round]:
    return sorted(day.rounds, key=lambda r: r.number)


def tables_of(day: Day) -> list[Table]:
    return sorted(day.tables, key=lambda t: t.number)


def parts(things: Sequence[T], most: int) -> list[Sequence[T]]:
    return [things[at : at + most] for at in range(0, len(things), most)]


def even_parts(things: Sequence[T], most: int) -> list[Sequence[T]]:
    """As few parts as `parts` makes, as alike in length as can be."""
    return parts(things, -(-len(things) // max(1, -(-len(things) // most)))) if things else []


def line(text: str) -> str:
    return breakable(drawable(printable(text)))


def lines(texts: Sequence[str]) -> list[str]:
    return [line for line in map(line, texts) if line]


def paper(template: str, day: Day, name: str, labels: dict[str, str], *, kept: bool = False, **parts: object) -> bytes:
    """The parts every paper has, and the document's own title, language and author; `kept` as in `typeset`."""
    short = line(day.hashtag) or line(day.title) or name
    notices = {
        "tentative": _("Provisional – changes possible"),
        "cancelled": _("Cancelled"),
    }
    event = {
        "title": line(day.title) or short,
        "hashtag": line(day.hashtag),
        "short": short,
        "kind": kind(day.kind),
        "date": date_words(day),
        "date-short": date_words(day, "long"),
        "venue": line(day.venue),
        "notice": notices.get(day.status, ""),
        "updated": as_of(day),
    }
    document = {"document": f"{name} – {short}", "author": line(day.host), "language": language()}
    return typeset(template, {**document, "labels": labels, "event": event, **parts}, day.updated, kept=kept)
