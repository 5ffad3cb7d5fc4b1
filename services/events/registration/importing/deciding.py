"""Whom the rows of a list mean, what would change, and the change itself."""

import enum
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import func, or_, select

from services.events import trips
from services.events.models import City, Event, Navigator, Participant, Registration
from services.events.registration import organising
from services.events.registration.importing.sheet import Entries, Entry, Note
from services.kit.conditional import digest
from services.kit.db import Reader, Writer
from services.kit.errors import Outdated, Problem, Refused
from services.kit.i18n import gettext as _
from services.kit.sheets.columns import plain
from services.kit.sheets.values import undecorated


class Outcome(enum.Enum):
    """What becomes of a row."""

    ADDED = "added"
    UNCHANGED = "unchanged"
    """Takes part or has a place already, or stands above already."""
    WAITING = "waiting"
    """Stands on the waiting list or was offered a place, and stays there: order is kept."""
    UNKNOWN = "unknown"
    """The directory does not know the person."""
    WRONG = "wrong"
    """The row has to be corrected."""


class Line(msgspec.Struct, frozen=True):
    """A row of the file: `name` (or what it has instead) as the file says it; `navigator` whom it means."""

    place: str
    name: str
    outcome: Outcome
    navigator: str | None = None


class Preview(msgspec.Struct, frozen=True):
    """What importing the file would do now. `tag` is of all of it: another file or another state has another."""

    tag: str
    lines: tuple[Line, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()

    def of(self, outcome: Outcome) -> list[Line]:
        return [line for line in self.lines if line.outcome is outcome]

    def count(self, outcome: Outcome) -> int:
        return len(self.of(outcome))


async def preview(session: Reader, event: Event, said: Entries) -> Preview:
    """What the rows mean and what importing them would do; changes nothing."""
    people = await _people(session, event, said.rows)
    states = dict(
        list(
            await session.execute(
                select(Registration.navigator_id, Registration.state).where(Registration.event_id == event.id)
            )
        )
    )
    here = set(await session.scalars(select(Participant.navigator_id).where(Participant.event_id == event.id)))
    lines, notes, problems = [], list(said.notes), list(said.problems)
    unread = {problem.row for problem in said.problems}
    first: dict[uuid.UUID, str] = {}
    for entry in said.rows:
        shown = entry.name or entry.email or entry.id or "–"
        if entry.place in unread:
            lines.append(Line(entry.place, shown, Outcome.WRONG))
            continue
        found = people.meant(entry)
        if isinstance(found, _Faulty):
            problems.append(found.problem)
            lines.append(Line(entry.place, shown, found.outcome))
            continue
        outcome = Outcome.ADDED
        if found.id in first:
            notes.append(Note(entry.place, _("The same person as in: {place}", place=first[found.id])))
            outcome = Outcome.UNCHANGED
        elif found.id in here or states.get(found.id) == "registered":
            outcome = Outcome.UNCHANGED
        elif states.get(found.id) in {"waiting", "offered"}:
            outcome = Outcome.WAITING
        elif states.get(found.id) in {"declined", "cancelled", "substituted"}:
            notes.append(Note(entry.place, _("This person had declined or given the place back.")))
        first.setdefault(found.id, entry.place)
        lines.append(Line(entry.place, shown, outcome, str(found.id)))
    tag = digest(msgspec.json.encode((str(event.id), lines, problems)))
    return Preview(tag, tuple(lines), tuple(problems), tuple(notes))


async def apply(
    session: Writer, event: Event, said: Entries, tag: str, reason: str = "", *, without_release: bool = False
) -> Preview:
    """Add everybody whom the preview `tag` said would be added. Raises, with nothing changed, Outdated where it would
    be another preview now, and Refused while a row has to be corrected or somebody is unknown.

    `reason` says why, where a registration's rules stand against it or places count `without_release`; it is kept.
    """
    await trips.lock(session, event.id)
    found = await preview(session, event, said)
    if found.tag != tag:
        raise Outdated(_("The file or the event is not as in the preview any more. Please look at the preview again."))
    if found.problems:
        raise Refused(_("Nobody was added. Please correct what is named and send the file again."), [*found.problems])
    new = [line.navigator for line in found.of(Outcome.ADDED) if line.navigator]
    if new:
        await organising.add(session, event, new, reason, without_release=without_release)
    return found


# Whom a row means -----------------------------------------------------------------------------------------------------


class _Faulty(msgspec.Struct, frozen=True):
    outcome: Outcome
    problem: Problem


def _same(name: str) -> str:
    return plain(undecorated(name))


class _People:
    """Those of the event's cities, and whoever else the rows name by id or e-mail."""

    def __init__(self, event: Event, people: Iterable[Navigator], cities: Mapping[str, str]) -> None:
        self.within = {event.host, *event.guests}
        self.cities = cities
        self.ids: dict[uuid.UUID, Navigator] = {}
        self.emails: defaultdict[str, list[Navigator]] = defaultdict(list)
        self.names: defaultdict[str, list[Navigator]] = defaultdict(list)
        for one in people:
            self.ids[one.id] = one
            if one.email:
                self.emails[one.email.casefold()].append(one)
            if one.ags in self.within:
                self.names[_same(one.name)].append(one)

    def meant(self, entry: Entry) -> Navigator | _Faulty:
        if entry.id:
            found = self._by_id(entry)
        elif entry.email and (some := self.emails.get(entry.email.casefold(), [])):
            found = some[0] if len(some) == 1 else self._named(entry, some)
        elif entry.name:
            found = self._named(entry, self.names.get(_same(entry.name), []))
        elif entry.email:
            found = self._unknown(entry, "email")
        else:
            found = _wrong(entry, "name", _("The row says neither name nor e-mail nor navigator ID."))
        return found if isinstance(found, _Faulty) else self._fitting(entry, found)

    def _by_id(self, entry: Entry) -> Navigator | _Faulty:
        try:
            key = uuid.UUID(entry.id)
        except ValueError:
            return _wrong(entry, "id", _("This is no navigator ID."))
        return self.ids.get(key) or self._unknown(entry, "id")

    def _named(self, entry: Entry, some: Sequence[Navigator]) -> Navigator | _Faulty:
        """The one of `some` that the name and the city mean."""
        fitting = [one for one in some if not entry.name or _same(one.name) == _same(entry.name)]
        fitting = [one for one in fitting if not entry.city or self._lives(one, entry.city)]
        if entry.email:  # who has an address in the directory has another one than this
            other = fitting
            fitting = [one for one in fitting if one.email.casefold() in {"", entry.email.casefold()}]
            if other and not fitting:
                return _wrong(entry, "email", _("The directory has another e-mail address for this person."))
        if len(fitting) > 1:
            return _wrong(entry, "name", _("Several people fit. Please add city, e-mail or navigator ID."))
        return fitting[0] if fitting else self._unknown(entry, "name")

    def _fitting(self, entry: Entry, found: Navigator) -> Navigator | _Faulty:
        """Whether all that the row says is about the person."""
        if entry.name and _same(entry.name) != _same(found.name):
            return _wrong(entry, "name", _("The name belongs to somebody else than the e-mail or navigator ID."))
        if entry.city and not self._lives(found, entry.city):
            return _wrong(entry, "city", _("This person belongs to another city."))
        if found.ags not in self.within:
            message = _("This navigator's city {ags} takes no part in the event.", ags=found.ags)
            return _wrong(entry, "city", message)
        return found

    def _lives(self, one: Navigator, city: str) -> bool:
        return city == one.ags or plain(city) == plain(self.cities.get(one.ags, one.ags))

    def _unknown(self, entry: Entry, field: str) -> _Faulty:
        message = _("The directory does not know this person. Only navigators whom their city has published take part.")
        return _Faulty(Outcome.UNKNOWN, Problem(message, row=entry.place, field=entry.title(field)))


def _wrong(entry: Entry, field: str, message: str) -> _Faulty:
    return _Faulty(Outcome.WRONG, Problem(message, row=entry.place, field=entry.title(field)))


async def _people(session: Reader, event: Event, rows: Sequence[Entry]) -> _People:
    ids = trips.uuids([row.id for row in rows if row.id])
    emails = {row.email.casefold() for row in rows if row.email}
    among = or_(
        Navigator.ags.in_([event.host, *event.guests]), Navigator.id.in_(ids), func.lower(Navigator.email).in_(emails)
    )
    people = (await session.scalars(select(Navigator).where(among))).all()
    keys = {one.ags for one in people}
    cities = await session.execute(select(City.ags, City.name).where(City.ags.in_(keys)))
    return _People(event, people, dict(list(cities)))
