"""The words of spreadsheets: what columns and values are called, in German and English, and what offices call them.

Data, like the vocabulary: both languages are understood whatever the person speaks; the first of the two names is
what the German template says, the second what the English one says.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from services.directory.fields import Audience
from services.kit import i18n
from services.kit.sheets.columns import Column, Layout, plain

CITY, DEPARTMENTS, NAVIGATORS, PROJECTS = "city", "departments", "navigators", "projects"
KINDS: Final = (CITY, DEPARTMENTS, NAVIGATORS, PROJECTS)
"""The kinds of rows, named as a snapshot's fields are."""
IGNORED = "ignored"


_CITY = (
    Column("ags", "ags", "AGS", "AGS", ("Gemeindeschlüssel", "Amtlicher Gemeindeschlüssel", "Municipality key")),
    Column("name", "text", "Name", "Name", ("Stadt", "Gemeinde", "Kommune", "City", "Municipality", "Stadtname")),
    Column("kind", "text", "Art", "Kind", ("Gemeindeart", "Rechtsstellung", "Type")),
    Column("population", "number", "Einwohnerzahl", "Population", ("Einwohner", "EW", "Inhabitants")),
    Column("website", "text", "Website", "Web site", ("Internetseite", "Homepage", "Internet", "Webseite")),
    Column("logo", "text", "Logo (https)", "Logo (https)", ("Wappen",)),
    Column("contact", "text", "Kontaktstelle", "Contact point", ("Ansprechstelle", "Stabsstelle", "Kontakt")),
    Column(
        "contact_email", "email", "E-Mail der Kontaktstelle", "Contact e-mail", ("E-Mail", "Mail", "Kontakt E-Mail")
    ),
    Column(
        "contact_phone", "phone", "Telefon der Kontaktstelle", "Contact phone", ("Telefon", "Tel", "Kontakt Telefon")
    ),
)
_KEY = ("ID", "Kennung", "Identifier", "Kurzzeichen", "Lfd. Kennung")
_PLACE = (
    "Dienststelle", "Abteilung", "Fachbereich", "Sachgebiet", "Bereich", "Organisationseinheit", "OE", "Fachamt",
    "Fachdienst", "Dezernat", "Referat", "Team", "Office", "Unit",
)  # fmt: skip
_DEPARTMENTS = (
    Column("key", "text", "Kürzel", "Key", (*_KEY, "Amtsnummer", "Nummer", "Nr.")),
    Column("name", "text", "Amt", "Department", ("Name", "Bezeichnung", *_PLACE)),
    Column("target", "number", "Lotsen (Soll)", "Navigators wanted",
           ("Soll", "Ziel", "Target", "Sollzahl", "Anzahl Lotsen", "Zielzahl")),
    Column("employees", "number", "Beschäftigte", "Employees",
           ("Mitarbeitende", "Mitarbeiter", "Anzahl Mitarbeitende", "Personalstärke", "Staff", "Köpfe")),
)  # fmt: skip
_NAVIGATORS = (
    Column("key", "text", "Kürzel", "Key", _KEY),
    Column("name", "text", "Name", "Name",
           ("Vor- und Nachname", "Vorname Nachname", "Vorname und Name", "Lotse", "Lotsin", "Digitallotse", "Person",
            "Digitallotsin", "Ansprechpartner", "Ansprechpartnerin", "Ansprechperson", "Mitarbeiter", "Full name")),
    Column("turned_name", "text", "Nachname, Vorname", "Last name, first name",
           ("Name, Vorname", "Nachname Vorname", "Familienname, Vorname")),
    Column("first_name", "text", "Vorname", "First name", ("Vornamen", "Rufname", "Given name")),
    Column("last_name", "text", "Nachname", "Last name", ("Familienname", "Zuname", "Surname")),
    Column("degree", "text", "Akademischer Grad", "Degree", ("Titel", "Akad. Titel", "Grad")),
    Column("title", "text", "Funktion", "Function",
           ("Bezeichnung", "Rolle", "Position", "Tätigkeit", "Aufgabe", "Amtsbezeichnung", "Stelle", "Job title",
            "Title", "Role", "Stellenbezeichnung", "Dienstbezeichnung")),
    Column("department", "text", "Amt", "Department", _PLACE),
    Column("profile", "profile", "Rollenprofil", "Profile", ("Profil", "Umfang", "Role profile")),
    Column("hours_share", "share", "Stellenanteil", "Share of post",
           ("Stellenanteil in %", "Zeitanteil", "Stellenumfang", "Anteil", "Prozent", "Hours share", "VZÄ", "FTE")),
    Column("offers", "topics", "Bietet an", "Offers",
           ("Themen: bietet an", "Angebot", "Angebote", "Bietet", "Kann helfen bei", "Expertise", "Kenntnisse")),
    Column("seeks", "topics", "Sucht", "Seeks",
           ("Themen: sucht", "Gesuch", "Gesuche", "Sucht Austausch zu", "Bedarf", "Interesse", "Interessen")),
    Column("works_on", "topics", "Arbeitet an", "Works on",
           ("Themen: arbeitet an", "Themen", "Thema", "Themenschwerpunkte", "Schwerpunkte", "Schwerpunkt", "Topics",
            "Tätigkeitsschwerpunkt", "Tätigkeitsschwerpunkte", "Aktuelle Themen")),
    Column("competences.professional", "list", "Kompetenzen: fachlich", "Competences: professional",
           ("fachlich", "Fachliche Kompetenzen", "professional")),
    Column("competences.methodical", "list", "Kompetenzen: methodisch", "Competences: methodical",
           ("methodisch", "Methodische Kompetenzen", "methodical")),
    Column("competences.social", "list", "Kompetenzen: sozial", "Competences: social",
           ("sozial", "Soziale Kompetenzen", "social")),
    Column("competences.personal", "list", "Kompetenzen: persönlich", "Competences: personal",
           ("persönlich", "Persönliche Kompetenzen", "personal")),
    Column("languages", "languages", "Sprachen", "Languages", ("Sprache", "Sprachkenntnisse", "Fremdsprachen")),
    Column("email", "email", "E-Mail", "E-mail",
           ("Mail", "E-Mail-Adresse", "Mailadresse", "E-Mail dienstlich", "Dienstliche E-Mail", "Kontakt E-Mail")),
    Column("phone", "phone", "Telefon", "Phone",
           ("Tel.", "Durchwahl", "Telefonnummer", "Rufnummer", "Tel.-Nr.", "Telefon dienstlich", "Kontakt Telefon")),
    Column("chat", "text", "Chat", "Chat", ("Matrix", "Chat-Adresse", "Messenger")),
    Column("room", "text", "Zimmer", "Room", ("Raum", "Büro", "Zimmernummer", "Zi.", "Zimmer-Nr.", "Raumnummer")),
    Column("photo", "text", "Foto (https)", "Photo (https)", ("Bild",)),
    Column("photo_consent", "day", "Einwilligung zum Foto am", "Consent to the photo on",
           ("Fotoeinwilligung", "Einwilligung Foto", "Photo consent")),
    Column("since", "day", "Seit", "Since", ("Beginn", "Lotse seit", "Digitallotse seit", "Start", "Von", "Ab")),
    Column("until", "last day", "Bis", "Until", ("Ende", "Befristet bis", "Laufzeit bis", "End")),
    Column("mentor", "person", "Mentorin oder Mentor", "Mentor",
           ("Mentor/in", "Mentor:in", "Mentorin", "Pate", "Patin")),
    Column("recruited", "recruited", "Gewonnen durch", "Recruited", ("Gewinnung", "Auswahl", "Zugang")),
    Column("tasks", "tasks", "Aufgaben", "Tasks", ("Aufgabenportfolio",)),
    Column("coordinator", "yes", "Koordination", "Coordinator", ("Koordinator", "Koordinatorin", "Leitung der Lotsen")),
    Column("funded", "yes", "Vom Land gefördert", "Funded by the state", ("Gefördert", "Förderung", "Funded")),
    Column("visibility", "visibility", "Sichtbarkeit", "Visibility", ("Freigaben", "Freigabe")),
    Column("city", "ags", "AGS", "AGS", ("Gemeindeschlüssel",)),
)  # fmt: skip
_PROJECTS = (
    Column("key", "text", "Kürzel", "Key", (*_KEY, "Projektnummer", "Projekt-ID")),
    Column("title", "text", "Titel", "Title",
           ("Projekt", "Projekttitel", "Projektname", "Name", "Project", "Vorhaben")),
    Column("summary", "text", "Kurzbeschreibung", "Summary",
           ("Beschreibung", "Inhalt", "Worum geht es", "Zusammenfassung", "Description")),
    Column("stage", "stage", "Stand", "Stage", ("Status", "Phase", "Projektstand", "Umsetzungsstand")),
    Column("department", "text", "Amt", "Department", (*_PLACE, "Federführung", "Zuständig")),
    Column("seeks_partners", "yes", "Sucht Partner", "Seeks partners", ("Partner gesucht", "Kooperation gesucht")),
    Column("seeks_test_area", "yes", "Sucht Testbereich", "Seeks a test area", ("Testbereich gesucht",)),
    Column("topics", "topics", "Themen", "Topics", ("Thema", "Themenfeld", "Schlagworte", "Topic")),
    Column("navigators", "people", "Lotsen", "Navigators",
           ("Beteiligte", "Ansprechpartner", "Ansprechperson", "Projektleitung", "Digitallotsen", "Kontakt", "Team")),
    Column("reusable", "text", "Nachnutzbar", "Reusable", ("Nachnutzung", "Was andere übernehmen können")),
    Column("lessons", "text", "Erfahrungen", "Lessons learned", ("Lessons", "Gelernt", "Erkenntnisse")),
    Column("links", "links", "Links", "Links", ("Link", "Internetadresse", "URL", "Webseite")),
)  # fmt: skip
COLUMNS: Final[Mapping[str, tuple[Column, ...]]] = {
    CITY: _CITY,
    DEPARTMENTS: _DEPARTMENTS,
    NAVIGATORS: _NAVIGATORS,
    PROJECTS: _PROJECTS,
}
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    CITY: ("name", "ags"),
    DEPARTMENTS: ("name",),
    NAVIGATORS: ("name", "turned_name", "last_name"),
    PROJECTS: ("title",),
}
"""A sheet of the kind has one of these columns."""
SHEETS: Final[Mapping[str, tuple[str, ...]]] = {
    CITY: ("Stadt", "City", "Gemeinde", "Kommune", "Municipality"),
    DEPARTMENTS: ("Ämter", "Departments", "Dienststellen", "Abteilungen", "Fachbereiche", "Organisation"),
    NAVIGATORS: ("Lotsen", "Navigators", "Digitallotsen", "Digitale Lotsen", "Lotsinnen und Lotsen", "Personen",
                 "Navigatoren", "Ansprechpartner", "Mitarbeitende", "Mitarbeiter", "Kontakte"),
    PROJECTS: ("Projekte", "Projects", "Vorhaben", "Digitalprojekte"),
    IGNORED: ("Themenliste", "List of topics", "Hinweise", "Notes", "Anleitung", "Legende"),
}  # fmt: skip
"""What sheets are called; the first two are those of the template."""
CHOICES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "profile": {
        "VOLUNTARY": ("Ehrenamt", "voluntary", "ehrenamtlich", "freiwillig", "nebenbei"),
        "PART_TIME": ("Teilzeit", "part time", "anteilig", "mit Stellenanteil"),
        "FULL_TIME": ("Hauptamt", "full time", "hauptamtlich", "Vollzeit"),
    },
    "recruited": {
        "ASKED": ("angesprochen", "asked", "Ansprache", "direkte Ansprache"),
        "NOMINATED": ("benannt", "nominated", "Benennung", "Vorschlag", "vorgeschlagen"),
        "APPLIED": ("beworben", "applied", "Bewerbung", "Ausschreibung", "Aufruf"),
    },
    "stage": {
        "IDEA": ("Idee", "idea"),
        "PLANNED": ("geplant", "planned", "in Planung", "Planung"),
        "RUNNING": ("läuft", "running", "laufend", "in Umsetzung", "Umsetzung", "aktiv", "in Arbeit"),
        "DONE": ("abgeschlossen", "done", "fertig", "umgesetzt", "beendet", "erledigt"),
        "STOPPED": ("eingestellt", "stopped", "abgebrochen", "gestoppt", "ruht"),
    },
    "tasks": {
        "CONTACT": ("Ansprechperson sein", "being the contact", "Ansprechpartner"),
        "ADVISE": ("beraten", "advising", "Beratung"),
        "INSPIRE_LEADERS": ("Führungskräfte begeistern", "inspiring leaders"),
        "SHARE_KNOWLEDGE": ("Wissen weitergeben", "sharing knowledge", "Wissenstransfer"),
        "SCOUT": ("Neues aufspüren", "scouting", "Trendscout"),
        "NETWORK": ("vernetzen", "networking", "Vernetzung"),
        "DEVELOP_IDEAS": ("Ideen entwickeln", "developing ideas"),
        "TRY_OUT": ("ausprobieren", "trying out", "testen"),
        "ASSESS_IDEAS": ("Ideen bewerten", "assessing ideas"),
        "SUPPORT_PROJECTS": ("Projekte begleiten", "supporting projects", "Projektbegleitung"),
        "INVOLVE_PUBLIC": ("Öffentlichkeit beteiligen", "involving the public", "Bürgerbeteiligung"),
    },
    "audience": {
        Audience.PUBLIC.name: ("alle", "everybody", "öffentlich", "public"),
        Audience.NETWORK.name: ("Netzwerk", "network", "Städte im Netzwerk"),
        Audience.CITY.name: ("eigene Stadt", "own city", "Stadt", "intern"),
        Audience.PRIVATE.name: ("niemand sonst", "nobody else", "privat", "nur die Person"),
    },
}
"""What codes are called; the first name is German, the second English."""


def snake(name: str) -> str:
    """A field as rows have it, from how clients write it."""
    return re.sub(r"([A-Z])", r"_\1", name[:60]).lower()


LAYOUT: Final = Layout(
    COLUMNS,
    SHEETS,
    NEEDED,
    # Lists of all kinds have names; only a city's has its key.
    {NAVIGATORS: NEEDED[NAVIGATORS], PROJECTS: NEEDED[PROJECTS], DEPARTMENTS: NEEDED[DEPARTMENTS], CITY: ("ags",)},
)
named, sheet_label = LAYOUT.named, LAYOUT.label


ENTRY_NAMES: Final = ("Eintrag", "entry", "Person", "gesamter Eintrag", "alles")
"""What stands for the whole row in the column of visibility."""


@cache
def entry_names() -> frozenset[str]:
    return frozenset(map(plain, ENTRY_NAMES))


def field_label(kind: str, field: str) -> str:
    """What people call a field of a row; its own name where no column has it."""
    column = _by_field(kind).get(field)
    return column.label if column else field


@cache
def _by_field(kind: str) -> dict[str, Column]:
    return {one.field: one for one in reversed(COLUMNS[kind])}


def entry_label() -> str:
    return ENTRY_NAMES[1 if i18n.language() == "en" else 0]


def choice_label(form: str, code: str) -> str:
    names = CHOICES[form].get(code)
    return names[1 if i18n.language() == "en" else 0] if names else code


@cache
def choices(form: str) -> Mapping[str, str]:
    """Codes by the plain form of what they are called."""
    return {plain(name): code for code, names in CHOICES[form].items() for name in (code, *names)}
