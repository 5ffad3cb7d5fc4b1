"""What the sheets of an organiser may hold, in German and English and as offices call it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from services.directory.sheets import columns as directory
from services.kit.sheets.columns import Column, Layout, is_private, plain

PEOPLE, TOPICS, IGNORED = "people", "topics", "ignored"
_navigators = {column.field: column for column in directory.COLUMNS[directory.NAVIGATORS]}
_CITY = Column(
    "city", "text", "Ort", "City", ("Stadt", "Kommune", "Gemeinde", "Wohnort", "Municipality", "Town", "Place")
)


def _as_navigators(field: str, *others: str) -> Column:
    """A column that lists of navigators have as well."""
    found = _navigators[field]
    return Column(field, found.form, found.de, found.en, (*found.others, *others))


COLUMNS: Final = {
    PEOPLE: (
        _as_navigators("name", "Teilnehmende", "Teilnehmer", "Teilnehmerin", "Gast", "Participant", "Attendee"),
        _as_navigators("turned_name"),
        _as_navigators("first_name"),
        _as_navigators("last_name"),
        _CITY,
        _as_navigators("department", "Amt/Abteilung"),
        Column("experience", "text", "Erfahrung", "Experience",
               ("Erfahrungsstufe", "Dabei seit", "Level", "Kenntnisstand", "Vorerfahrung")),
        Column("language", "text", "Sprache", "Language", ("Sprachen", "Languages", "Gesprächssprache")),
        _as_navigators("offers", "Ich biete", "Kann anbieten"),
        _as_navigators("seeks", "Ich suche"),
        _as_navigators("works_on", "Ich arbeite an", "Projekte"),
        Column("rounds", "numbers", "Runden", "Rounds",
               ("Runde", "Anwesend", "Anwesenheit", "Present", "Dabei in Runden")),
        Column("tables", "numbers", "Tische", "Tables",
               ("Tisch", "Erreichbare Tische", "Mögliche Tische", "Reachable tables", "Barrierefrei an Tisch")),
        Column("host", "host", "Moderation", "Host", ("Moderiert", "Moderiert Tisch", "Tischmoderation", "Gastgeber",
               "Gastgeberin", "Hosts", "Hosts table", "Moderator")),
        Column("meets", "people", "Soll treffen", "Shall meet",
               ("Trifft", "Möchte treffen", "Wunsch", "Must meet", "Meets")),
        Column("never", "people", "Nicht mit", "Not with", ("Nie mit", "Nicht zusammen mit", "Never with")),
        Column("met", "people", "Traf schon", "Met before",
               ("Kennt schon", "Kennt", "Frühere Partner", "Schon getroffen", "Already met", "Earlier partners")),
    ),
    TOPICS: (
        Column("topic", "text", "Thema", "Topic", ("Themen", "Name", "Bezeichnung", "Topics", "Schlagwort")),
        Column("parent", "text", "Oberthema", "Parent",
               ("Feld", "Themenfeld", "Gehört zu", "Über", "Field", "Parent topic")),
        Column("synonyms", "list", "Auch genannt", "Also called", ("Synonyme", "Synonyms", "Andere Namen")),
    ),
}  # fmt: skip
"""The first two names are those of the template."""
_NAMES: Final = ("name", "turned_name", "last_name")
LAYOUT: Final = Layout(
    COLUMNS,
    {
        PEOPLE: ("Teilnehmende", "Participants", "Teilnehmer", "Teilnehmerliste", "Personen", "People", "Anmeldungen",
                 "Gäste", "Lotsen", "Attendees"),
        TOPICS: ("Themen", "Topics", "Themenliste", "Vokabular", "Vocabulary"),
        IGNORED: ("Hinweise", "Notes", "Anleitung", "Legende"),
    },
    {PEOPLE: _NAMES, TOPICS: ("topic",)},
    {PEOPLE: _NAMES},
    least=1,
)  # fmt: skip


KINDS: Final = ("city", "department", "experience", "language")
"""Columns that tables can mix, beside those that only the organiser knows."""


def own_field(name: str) -> str:
    """The field of a column that only the organiser knows."""
    return f"own {plain(name)}"


def with_own(names: Iterable[str]) -> Layout:
    """LAYOUT, and columns of participants that only the organiser knows."""
    taken = LAYOUT.named(PEOPLE).keys() | {""}
    free = (name for name in names if plain(name) not in taken and not is_private(name))
    own = {plain(name): Column(own_field(name), "text", name, name) for name in free}
    return replace(LAYOUT, columns={**COLUMNS, PEOPLE: (*COLUMNS[PEOPLE], *own.values())}) if own else LAYOUT


def label(field: str) -> str:
    """What a participant's column is called."""
    return next(column.label for column in COLUMNS[PEOPLE] if column.field == field)
