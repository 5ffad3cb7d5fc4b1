"""The minutes of an event: what was planned, who came, what came of it, who does what until when."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from services.events.day import Day, Item, as_of, date_words, on_day, span
from services.events.prints import blocks
from services.events.prints.blocks import Block, Column, Fact
from services.events.prints.common import kind, line
from services.events.typst import readable
from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext


class CityAttendance(msgspec.Struct, frozen=True):
    """How many of a city were there, and how many had registered; `names` of those who were, where they are shown."""

    city: str
    registered: int
    attended: int
    names: tuple[str, ...] = ()


class NotedIdea(msgspec.Struct, frozen=True):
    """`round` and `table` are None where an idea was noted at no table."""

    text: str
    round: int | None = None
    table: int | None = None
    topic: str = ""


class Task(msgspec.Struct, frozen=True):
    """Who does what until when; `status` is open, doing, done or dropped."""

    text: str
    owner: str = ""
    city: str = ""
    due: dt.date | None = None
    status: str = "open"


class Photo(msgspec.Struct, frozen=True):
    """A picture that may be printed. `file` is its name with its ending, `content` PNG, JPEG or WebP."""

    file: str
    content: bytes
    alt: str
    caption: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """What came of a session; `where` and `when` in words, one for each time that it took place."""

    title: str
    times: tuple[str, ...] = ()
    results: str = ""
    decisions: str = ""
    minutes: str = ""
    tasks: tuple[Task, ...] = ()
    photos: tuple[Photo, ...] = ()
    documents: tuple[str, ...] = ()

    @property
    def silent(self) -> bool:
        return not (self.results or self.decisions or self.minutes or self.tasks or self.photos or self.documents)


class Record(msgspec.Struct, frozen=True):
    """What minutes tell beyond the `Day`. `photos_left` were left out: not agreed to, or too many or too large."""

    attendance: tuple[CityAttendance, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    tasks: tuple[Task, ...] = ()
    ideas: tuple[NotedIdea, ...] = ()
    ideas_left: int = 0
    photos_left: int = 0


def minutes(day: Day, record: Record) -> bytes:
    """A4, with the photos that may be printed. A picture that nobody can read is left out."""
    record = _with_readable(record)
    name = _("Minutes")
    short = line(day.hashtag) or line(day.title) or name
    parts = [
        blocks.facts([fact for fact in _facts(day, record) if fact.value]),
        *_agenda(day),
        *_attendance(record),
        *_outcomes(record),
        *_tasks(record),
        *_ideas(record),
    ]
    photos = [photo for outcome in record.outcomes for photo in outcome.photos]
    return blocks.document(
        parts, name=name, title=day.title, short=short, author=day.host, date=date_words(day, "long"),
        updated=as_of(day), moment=day.updated, subtitle=f"{kind(day.kind)} · {date_words(day)}",
        notice=_("Cancelled") if day.status == "cancelled" else "",
        files={photo.file: photo.content for photo in photos},
    )  # fmt: skip


def _with_readable(record: Record) -> Record:
    left, outcomes = record.photos_left, []
    for one in record.outcomes:
        photos = tuple(photo for photo in one.photos if readable(photo.file, photo.content))
        left += len(one.photos) - len(photos)
        outcomes.append(msgspec.structs.replace(one, photos=photos))
    return msgspec.structs.replace(record, outcomes=tuple(outcomes), photos_left=left)


def _facts(day: Day, record: Record) -> list[Fact]:
    there = sum(one.attended for one in record.attendance)
    return [
        Fact(_("Venue"), ", ".join(filter(None, (day.venue, day.address)))),
        Fact(_("Host"), day.host),
        Fact(_("Guests"), ", ".join(day.guests)),
        Fact(_("Present"), ngettext("{number} person", "{number} people", there)),
    ]


def _agenda(day: Day) -> list[Block]:
    if not day.agenda:
        return []

    def time(item: Item) -> str:
        return " ".join(filter(None, (on_day(day, item.starts), span(day, item.starts, item.ends))))

    columns = [Column(_("Time")), Column(_("Item"), 3), Column(_("For"), 1), Column(_("Responsible"), 2)]
    rows = [
        [time(item), item.title, item.audience or _("Everybody"), item.responsible]
        for item in sorted(day.agenda, key=lambda item: item.starts)
    ]
    return [blocks.section(_("Agenda")), blocks.table(columns, rows)]


def _attendance(record: Record) -> list[Block]:
    if not record.attendance:
        return []
    columns = [
        Column(_("City"), 1),
        Column(_("Present"), number=True),
        Column(_("Registered"), number=True),
        Column(_("Missing"), number=True),
    ]
    rows = [
        [one.city, *map(blocks.number, (one.attended, one.registered, one.registered - one.attended))]
        for one in record.attendance
    ]
    sums = [sum(one.attended for one in record.attendance), sum(one.registered for one in record.attendance)]
    total = [_("Total"), *map(blocks.number, (*sums, sums[1] - sums[0]))]
    parts = [blocks.section(_("Who was there")), blocks.table(columns, rows, total if len(rows) > 1 else ())]
    return parts + [blocks.named(one.city, ", ".join(one.names)) for one in record.attendance if one.names]


def _outcomes(record: Record) -> list[Block]:
    told = [one for one in record.outcomes if not one.silent]
    silent = [one.title for one in record.outcomes if one.silent]
    parts: list[Block] = [blocks.section(_("Results of the sessions"))] if record.outcomes else []
    for one in told:
        parts.append(blocks.topic(one.title))
        if one.times:
            parts.append(blocks.small(*one.times))
        texts = ((_("Results"), one.results), (_("Decisions"), one.decisions), (_("Notes"), one.minutes))
        parts += [blocks.named(title, text) for title, text in texts if text]
        if one.tasks:
            parts.append(_task_table(one.tasks))
        parts += [blocks.photo(photo.file, photo.alt, photo.caption or photo.alt) for photo in one.photos]
        if one.documents:
            parts.append(blocks.named(_("Documents"), "\n".join(one.documents)))
    if silent:
        parts.append(blocks.named(_("Nothing was written down of these sessions"), "\n".join(silent)))
    if record.photos_left:
        parts.append(
            blocks.small(
                ngettext(
                    "{number} photo is not printed here: consent is missing, or it is too large or unreadable.",
                    "{number} photos are not printed here: consent is missing, or they are too large or unreadable.",
                    record.photos_left,
                )
            )
        )
    return parts


def _tasks(record: Record) -> list[Block]:
    if not record.tasks:
        return []
    return [blocks.section(_("Agreed for the whole event")), _task_table(record.tasks)]


def _task_table(tasks: Sequence[Task]) -> Block:
    states = {"open": _("open"), "doing": _("in progress"), "done": _("done"), "dropped": _("dropped")}
    columns = [Column(_("What"), 4), Column(_("Who"), 2), Column(_("Until when")), Column(_("Status"))]
    rows = [
        [
            one.text,
            ", ".join(filter(None, (one.owner, one.city))) or _("not settled yet"),
            blocks.short_date(one.due) if one.due else _("no date"),
            states.get(one.status, one.status),
        ]
        for one in tasks
    ]
    return blocks.table(columns, rows)


def _ideas(record: Record) -> list[Block]:
    if not record.ideas:
        return []
    parts: list[Block] = [blocks.section(_("Ideas of the tables"))]
    at: tuple[int | None, int | None] | None = None
    gathered: list[str] = []
    for one in sorted(record.ideas, key=lambda one: (one.round is None, one.round or 0, one.table or 0)):
        if (one.round, one.table) != at:
            parts += [blocks.listed(gathered)] if gathered else []
            gathered, at = [], (one.round, one.table)
            parts.append(blocks.topic(_where(one)))
        gathered.append(one.text)
    parts.append(blocks.listed(gathered))
    if record.ideas_left:
        left = ngettext("{number} more idea is not printed.", "{number} more ideas are not printed.", record.ideas_left)
        parts.append(blocks.small(left))
    return parts


def _where(one: NotedIdea) -> str:
    places = [
        _("Round {number}", number=one.round) if one.round else "",
        _("Table {number}", number=one.table) if one.table else "",
    ]
    at = ", ".join(filter(None, places)) or _("Without a table")
    return f"{at}: {one.topic}" if one.topic else at
