"""Lists of people as offices have them: which rows there are and what they say of whom. Pure."""

import msgspec

from services.kit.checks import Checks
from services.kit.errors import Problem, Refused, TooLarge
from services.kit.i18n import gettext as _
from services.kit.sheets import values
from services.kit.sheets.columns import Column, Layout
from services.kit.sheets.headers import Header, header_of
from services.kit.sheets.opening import tables
from services.kit.sheets.rows import column_title, rows
from services.kit.sheets.table import MOST_ROWS, Cell, Table

PEOPLE, ASIDE = "people", "aside"
LONGEST_NAME, LONGEST_EMAIL = 200, 254
COLUMNS = (
    Column("id", "text", "Lotsen-ID", "Navigator ID", ("ID", "Navigator", "Kennung", "UUID")),
    Column("name", "text", "Name", "Name",
           ("Vor- und Nachname", "Vorname Nachname", "Teilnehmer", "Teilnehmerin", "Teilnehmende", "Person", "Lotse",
            "Lotsin", "Digitallotse", "Digitallotsin", "Full name", "Participant")),
    Column("turned_name", "text", "Nachname, Vorname", "Last name, first name", ("Name, Vorname", "Nachname Vorname")),
    Column("first_name", "text", "Vorname", "First name", ("Vornamen", "Given name")),
    Column("last_name", "text", "Nachname", "Last name", ("Familienname", "Surname")),
    Column("email", "email", "E-Mail", "E-mail",
           ("Mail", "E-Mail-Adresse", "Mailadresse", "E-Mail dienstlich", "Dienstliche E-Mail", "Kontakt E-Mail")),
    Column("city", "text", "Stadt", "City", ("Gemeinde", "Kommune", "AGS", "Gemeindeschlüssel", "Ort", "Municipality")),
    Column("topics", "topics", "Themen", "Topics", ("Thema", "Themenwünsche", "Schwerpunkte", "Topic")),
)  # fmt: skip
LAYOUT = Layout(
    columns={PEOPLE: COLUMNS},
    sheets={
        PEOPLE: ("Teilnehmende", "Participants", "Teilnehmer", "Teilnehmerliste", "Anmeldungen", "Lotsen", "Personen"),
        ASIDE: ("Hinweise", "Notes", "Tische", "Tables"),
    },
    needed={PEOPLE: ("id", "name", "turned_name", "last_name", "email")},
    telling={PEOPLE: ("id", "name", "turned_name", "last_name", "email")},
    least=1,
)


class Note(msgspec.Struct, frozen=True):
    """Something that was decided for the reader: where, and what."""

    place: str
    message: str


class Entry(msgspec.Struct, frozen=True):
    """A row: where it stands, for people, and what it says; `titles` are its columns by field, as the file has them."""

    place: str
    id: str = ""
    name: str = ""
    email: str = ""
    city: str = ""
    titles: dict[str, str] = {}

    def title(self, field: str) -> str:
        """The column to look at for a field; the first that there is for one without."""
        found = self.titles.get(field) or next(iter(self.titles.values()), "")
        return column_title(found) if found else ""


class Entries(msgspec.Struct, frozen=True):
    """What a file says; `problems` are cells that cannot be read."""

    rows: tuple[Entry, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()


def read(name: str, content: bytes) -> Entries:
    """The people of a file, of all its sheets. Raises Refused for what is no list of people, TooLarge beyond limits."""
    found: list[Entry] = []
    notes: list[Note] = []
    checks = Checks()

    def note(place: str, message: str) -> None:
        notes.append(Note(place, message))

    for table in tables(content):
        header = header_of(LAYOUT, table, table.name or name.rpartition(".")[0])
        if header is None:
            if table.rows:
                notes.append(Note(table.name, _("This sheet was not read.")))
            continue
        notes += _told(table, header)
        for row in rows(table, header, note):
            found.append(_entry(row.place, row.cells, header, checks))
            if len(found) > MOST_ROWS:
                raise TooLarge(_("At most {most} rows in a sheet, please.", most=MOST_ROWS))
    if not found:
        raise Refused(
            _("The file cannot be read. Please correct it and send it again."),
            [Problem(_("There is no sheet with rows below a column such as name, e-mail or navigator ID."))],
        )
    return Entries(tuple(found), tuple(checks.found), tuple(notes))


def _told(table: Table, header: Header) -> list[Note]:
    unknown = [header.titles[place] for place in header.unknown]
    private = [header.titles[place] for place in header.private]
    topics = [header.titles[place] for place, column in header.columns.items() if column.field == "topics"]
    notes = []
    if unknown:
        notes.append(Note(table.name, _("Columns that were not read: {columns}", columns=", ".join(unknown))))
    if private:
        message = _("Columns that are nobody's business here and were not read: {columns}", columns=", ".join(private))
        notes.append(Note(table.name, message))
    if topics:
        notes.append(Note(table.name, _("Topics are not taken over: each city keeps those of its people up to date.")))
    return notes


def _entry(place: str, cells: dict[int, Cell], header: Header, checks: Checks) -> Entry:
    said: dict[str, str] = {}
    titles: dict[str, str] = {}
    for column_place, column in header.columns.items():
        titles[column.field] = title = header.titles[column_place]
        if column.field == "topics":
            continue
        try:
            raw = values.email(cells[column_place]) if column.form == "email" else values.text(cells[column_place])
        except values.Odd as odd:
            checks.add(place, column_title(title), str(odd))
            raw = ""
        longest = LONGEST_EMAIL if column.form == "email" else LONGEST_NAME
        said[column.field] = checks.text(place, column_title(title), raw, longest, required=False)
    parts = (said.get("first_name", ""), said.get("last_name", ""))
    name = (
        said.get("name", "") or values.name(said.get("turned_name", ""), turned=True) or " ".join(filter(None, parts))
    )
    for field in ("turned_name", "last_name", "first_name"):
        if field in titles:
            titles.setdefault("name", titles[field])
    city = said.get("city", "")
    if city.isdecimal() and len(city) == 7:  # Excel takes the zero of 08335043 away
        city = f"0{city}"
    return Entry(place, said.get("id", ""), values.name(name, turned=False), said.get("email", ""), city, titles)
