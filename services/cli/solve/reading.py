"""From a file to participants and topics, with everything that is wrong by row and column at once."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from services.cli.solve import numbers, sources, spellings
from services.cli.solve.columns import COLUMNS, KINDS, PEOPLE, TOPICS, with_own
from services.cli.solve.people import Given, Note, Participant, Topic
from services.cli.solve.sources import Row, Said, Source
from services.cli.solve.spellings import spelled
from services.directory.sheets import Label, Labels
from services.kit.checks import Checks
from services.kit.errors import Problem, Refused
from services.kit.i18n import gettext as _
from services.kit.sheets import values
from services.kit.sheets.lists import MOST_PIECES, count, pieces, unique

MOST_LETTERS = 120
MOST_SUGGESTIONS = 100
"""Problems until which the nearest name is looked for."""
CLOSE = 0.75
LISTED = re.compile(r"[;,\n•|]")
SPANS = ("rounds", "tables")
OWN = len(COLUMNS[PEOPLE])
"""Columns from this place on are the organiser's own."""


def read(name: str, content: bytes, topics: tuple[str, bytes] | None = None, own: Sequence[str] = ()) -> Given:
    """The participants of a file, and the vocabulary of its second sheet or of another file. `own`: columns that only
    the organiser knows and that are read as well.

    Raises TooLarge beyond the limits, Refused with every problem as a person finds it („Zeile 7“, „Spalte Runden“).
    """
    source = sources.read(name, content, with_own(own))
    if not source.rows.get(PEOPLE):
        raise Refused(
            _("The file names nobody."),
            [Problem(_("It needs a column „Name“ and one row for each person. --template writes such a file."))],
        )
    vocabulary = sources.read(*topics) if topics else source
    if topics and not vocabulary.rows.get(TOPICS):
        raise Refused(_("The file of topics names none: it needs a column „Topic“."))
    digest = hashlib.sha256(content + (topics[1] if topics else b"")).hexdigest()
    return _Reader(source, vocabulary).read(digest)


class _Reader:
    def __init__(self, source: Source, vocabulary: Source) -> None:
        self.source, self.vocabulary = source, vocabulary
        self.checks = Checks()
        self.notes = list(source.notes)
        self.labels: Labels | None = None

    def read(self, digest: str) -> Given:
        topics = self._topics()
        people, notes = spellings.alike_kinds([self._participant(row) for row in self.source.rows[PEOPLE]])
        self.notes += notes
        people = self._named(people)
        people = self._resolved(people)
        self.checks.done(_("Nothing was planned yet. Please correct what is named and try again."))
        if not topics:
            people, topics, notes = spellings.settled(people)
            self.notes += notes
        titles = {field: title for (kind, field), title in self.source.titles.items() if kind == PEOPLE}
        return Given(tuple(people), tuple(topics), titles, tuple(self.notes), digest, tuple(self.source.unused))

    def problem(self, place: str, field: str, message: str, kind: str = PEOPLE) -> None:
        source = self.source if kind == PEOPLE else self.vocabulary
        self.checks.add(place, sources.title(source, kind, field), message)

    def _topics(self) -> list[Topic]:
        rows = self.vocabulary.rows.get(TOPICS, [])
        found = []
        for row in rows:
            name = self._text(row, "topic", TOPICS, required=True)
            if name:
                above = self._text(row, "parent", TOPICS)
                also = tuple(self._listed(row, "synonyms", TOPICS))
                found.append(Topic(name, above or None, also, row.place))
        if not found:
            return []
        first: dict[str, Topic] = {}
        for topic in found:
            if (before := first.setdefault(spelled(topic.name), topic)) is not topic:
                self.problem(topic.place, "topic", _("The same topic as in {place}.", place=before.place), TOPICS)
        self.labels = labels = Labels(Label(one.name, one.name, one.name, one.synonyms) for one in first.values())
        return [self._below(topic, labels) for topic in first.values()]

    def _below(self, topic: Topic, labels: Labels) -> Topic:
        if topic.parent is None:
            return topic
        above = labels.code(topic.parent).code
        if above is None:
            self.problem(topic.place, "parent", self._unknown(topic.parent, labels), TOPICS)
        return Topic(topic.name, above, topic.synonyms, topic.place)

    def _participant(self, row: Row) -> Participant:
        said: dict[str, Any] = {field: self._text(row, field) for field in KINDS}
        for field in ("offers", "seeks", "works_on"):
            said[field] = tuple(dict.fromkeys(self._known(row, field)))
        for field in SPANS:
            said[field] = self._value(row, field, numbers.read, None)
        if any(not isinstance(one, tuple) and numbers.day(one) for one in (row.said.get(f, "") for f in SPANS)):
            self.notes.append(Note(row.place, _("A date was read as „from … to“. Better format it as text.")))
        host, table = self._value(row, "host", _host, (False, None))
        name = self._name(row)
        own = {column.field: self._text(row, column.field) for column in self.source.layout.columns[PEOPLE][OWN:]}
        return Participant(name, name, row.place, host=host, host_table=table, own=own, **said)

    def _name(self, row: Row) -> str:
        """One name out of the columns that hold parts of it."""
        whole, turned, first, last = (
            self._text(row, field) for field in ("name", "turned_name", "first_name", "last_name")
        )
        if last or (first and whole):  # „Name“ beside „Vorname“ is the last one
            whole = f"{first} {last or whole}".strip()
        elif turned or whole:
            whole = values.name(turned or whole, turned=bool(turned))
        name = whole or first
        if not name:
            self.problem(row.place, "name", _("This field must not be empty."))
        return name

    def _named(self, people: list[Participant]) -> list[Participant]:
        """With keys: who is called like somebody else is told apart by the city."""
        often = Counter(spelled(one.name) for one in people)
        found: dict[str, Participant] = {}
        for one in people:
            if not one.name:
                continue
            alike = often[spelled(one.name)] > 1 and one.city
            named = replace(one, key=f"{one.name} ({one.city})" if alike else one.name)
            before = found.setdefault(spelled(named.key), named)
            if before is not named:
                message = _("The same name as in {place}. Write what tells them apart, or remove one.",
                            place=before.place)  # fmt: skip
                self.problem(one.place, "name", message)
        return list(found.values())

    def _resolved(self, people: list[Participant]) -> list[Participant]:
        """With the keys of those whom cells name: by name, last name first, or without degrees."""
        names = [(spelled(name), one.key) for one in people for name in {one.name, one.key}]
        turned = [(spelled("".join(reversed(one.name.rpartition(" ")))), one.key) for one in people if " " in one.name]
        bare = [(spelled(values.undecorated(one.name)), one.key) for one in people]
        known = unique([*turned, *bare]) | unique(names)
        twice = {spelled(one.name) for one in people} - known.keys()
        rows = {row.place: row for row in self.source.rows[PEOPLE]}

        def those(one: Participant, field: str) -> tuple[str, ...]:
            return tuple(self._people(rows[one.place], one, field, known, twice))

        return [
            replace(one, meets=those(one, "meets"), never=those(one, "never"), met=those(one, "met")) for one in people
        ]

    def _people(self, row: Row, who: Participant, field: str, known: dict[str, str], twice: set[str]) -> list[str]:
        def key(said: str) -> str | None:
            return known.get(spelled(said)) or known.get(spelled(values.undecorated(said)))

        found = []
        for said, one in self._entries(row, field, key):
            if one is not None and one != who.key:
                found.append(one)
            elif one is not None:
                self.problem(row.place, field, _("„{said}“ is the person of this row.", said=said[:60]))
            elif spelled(said) in twice:
                message = _("Several people are called „{said}“. Add the city in brackets.", said=said[:60])
                self.problem(row.place, field, message)
            else:
                self._nobody(row.place, field, said, known)
        return list(dict.fromkeys(found))

    def _nobody(self, place: str, field: str, said: str, known: dict[str, str]) -> None:
        """Whom somebody met before need not be there today; whoever else is named has to be."""
        looked = len(self.checks.found) + len(self.notes) < MOST_SUGGESTIONS
        close = get_close_matches(spelled(said)[:80], known, n=1, cutoff=CLOSE) if looked else []
        message = (
            _("Nobody here is called „{said}“. Do you mean „{near}“?", said=said[:60], near=known[close[0]])
            if close
            else _("Nobody here is called „{said}“.", said=said[:60])
        )
        if field == "met":
            self.notes.append(Note(place, message))
        else:
            self.problem(place, field, message)

    def _unknown(self, said: str, labels: Labels) -> str:
        if near := labels.near(said) if len(self.checks.found) < MOST_SUGGESTIONS else "":
            return _("There is no topic „{said}“. Do you mean „{near}“?", said=said[:60], near=near)
        return _("There is no topic „{said}“ in the sheet of topics.", said=said[:60])

    def _known(self, row: Row, field: str) -> list[str]:
        """Topics, as the vocabulary calls them where there is one."""
        labels = self.labels
        if labels is None:
            return self._listed(row, field, PEOPLE)
        found = []
        for said, code in self._entries(row, field, lambda name: labels.code(name).code):
            if code is not None:
                found.append(code)
            else:
                self.problem(row.place, field, self._unknown(said, labels))
        return found

    def _entries(self, row: Row, field: str, known: Callable[[str], str | None]) -> list[tuple[str, str | None]]:
        """A cell's list as pairs of what was said and what is meant; names that hold a comma themselves stay whole."""
        said = row.said.get(field, "")
        if isinstance(said, tuple):
            return [(one, known(one)) for one in self._listed(row, field, PEOPLE)]
        text: str = self._value(row, field, _list_text, "")
        return pieces(text, lambda name: known(name) is not None, lambda name: (name, known(name)))

    def _listed(self, row: Row, field: str, kind: str) -> list[str]:
        """The entries of a list, each a clean text."""
        said = row.said.get(field, "")
        some: Sequence[str]
        if isinstance(said, tuple):
            some = [str(self._value(row, field, values.text, "", kind, one)) for one in said[:MOST_PIECES]]
        else:
            some = LISTED.split(self._value(row, field, _list_text, "", kind))
        title = sources.title(self.source if kind == PEOPLE else self.vocabulary, kind, field)
        clean = (self.checks.text(row.place, title, one, MOST_LETTERS, required=False) for one in some if one.strip())
        return list(filter(None, clean))

    def _text(self, row: Row, field: str, kind: str = PEOPLE, *, required: bool = False) -> str:
        said = self._value(row, field, _text, "", kind)
        title = sources.title(self.source if kind == PEOPLE else self.vocabulary, kind, field)
        return self.checks.text(row.place, title, said, MOST_LETTERS, required=required)

    def _value(
        self, row: Row, field: str, how: Callable[[Any], Any], empty: Any, kind: str = PEOPLE, said: Said | None = None
    ) -> Any:
        """A cell read by `how`; what is wrong with it is a problem, and then `empty` stands for it."""
        try:
            return how(row.said.get(field, "") if said is None else said)
        except values.Odd as odd:
            self.problem(row.place, field, str(odd), kind)
            return empty


def _text(said: Said) -> str:
    if isinstance(said, tuple):
        return ", ".join(map(values.text, said[:MOST_PIECES]))
    return values.text(said)


def _list_text(said: Said) -> str:
    text = _text(said)
    if count(text) > MOST_PIECES:
        raise values.Odd(_("At most {most} entries here, please.", most=MOST_PIECES))
    return text


def _host(said: Said) -> tuple[bool, int | None]:
    """Whether the person stays at one table, and at which, if that is said."""
    if isinstance(said, tuple):
        raise values.Odd(_("Write yes, or the number of the table."))
    text = re.sub(r"^(tisch|table)\s*", "", values.short(said).casefold())
    if not isinstance(said, bool) and text.isdecimal() and text.isascii() and 1 <= int(text) <= numbers.HIGHEST:
        return True, int(text)
    try:
        return values.yes(said if isinstance(said, bool) else text), None
    except values.Odd:
        raise values.Odd(_("Write yes, or the number of the table.")) from None
