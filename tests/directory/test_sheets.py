"""Lists as offices keep them, read as a snapshot; and what people are told about the rest."""

from collections.abc import Iterable
from datetime import date, datetime
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest

from services.directory import sheets
from services.directory.sheets.columns import COLUMNS, KINDS, named
from services.directory.sheets.labels import language_code
from services.directory.sheets.records import ags
from services.directory.snapshot import (
    CityRow,
    Competences,
    DepartmentRow,
    Link,
    NavigatorRow,
    ProjectRow,
    Snapshot,
    validate,
)
from services.kit.i18n import speaking
from services.kit.sheets import values
from services.kit.sheets.columns import plain
from tests.directory.workbooks import (
    BASE,
    KONSTANZ,
    ods,
    ods_cell,
    problems,
    sheet,
    understood,
    vocabulary,
    xlsx,
)

FULL = Snapshot(
    CityRow(KONSTANZ, "Konstanz", "Große Kreisstadt", 85859, "https://konstanz.example", contact="=1+1"),
    (DepartmentRow("10", "Hauptamt", 2, 50), DepartmentRow("k", "Kulturamt")),
    (
        NavigatorRow(
            "a", "=HYPERLINK(1)", "+Leitung", "Hauptamt", "VOLUNTARY", 1, ("e-invoice", "municipal-taxes"),
            ("training",), (), Competences(("zuhören, reden",), ("x", "y"), (), ()), ("de", "tr", "zh-Hant"),
            "a@konstanz.example", "07531/12", "@a:chat.example", "2.01", "https://konstanz.example/a.png",
            date(2024, 1, 1), date(2024, 3, 1), date(2025, 3, 1), "007", "ASKED", ("CONTACT", "SCOUT"), True, True,
            {"entry": "CITY", "phone": "PUBLIC", "competences": "NETWORK", "photo": "CITY"},
        ),
        NavigatorRow("007", "Buche, Änne"),
    ),
    (
        ProjectRow(
            "p", "@E-Akte", "-weniger Papier", "RUNNING", "Hauptamt", True, True, ("e-file",), ("007", "a"), "Vorlage",
            "Zeit", (Link("https://konstanz.example/x", "Ein Link"), Link("https://konstanz.example")),
        ),
    ),
)  # fmt: skip


def concept(book: Any) -> None:
    """A list as it stands in concepts: a title, two header rows, merged departments, headings, dates in all ways."""
    made = book.add_worksheet("Tabelle1")
    day, percent = book.add_format({"num_format": "dd.mm.yyyy"}), book.add_format({"num_format": "0%"})
    made.merge_range("A1:K1", "Digitallotsinnen und Digitallotsen der Stadt")
    made.write("A2", "Stand: 1.3.24")
    for merged, title in {"A4:A5": "Amt", "B4:B5": "Name", "C4:E4": "Kontakt", "F4:H4": "Themen", "I4:I5": "Beginn",
                          "J4:J5": "Stellenanteil in %"}.items():  # fmt: skip
        made.merge_range(merged, title)
    made.write_row("C5", ["Tel.", "eMail", "Zimer", "bietet an", "sucht", "arbeitet an"])
    made.write_row("K4", ["Personalnummer", "Lieblingsfarbe"])
    made.merge_range("A6:A7", "Kulturamt")
    made.write_row("B6", ["Ahorn, Zoë", "07531 900–12", "Zoe.Ahorn@konstanz.example", 201])
    made.write_row("F6", ["E-Rechnung, Steuern, Gebühren und Beiträge", "Homeoffice"])
    made.write_datetime("I6", datetime(2024, 3, 1), day)  # noqa: DTZ001 - a day of a calendar
    made.write_number("J6", 0.5, percent)
    made.write("K6", 4711)
    made.write_row("B7", ["Änne Buche, M.A.", "", "", "", "BIM; Kommunale Finanzen\ntraining"])
    made.write_row("I7", ["März 2024", "½ Stelle"])
    made.merge_range("A9:K9", "Dezernat II")
    made.write_row("A10", ["Bauamt", "Dr. Ömer Esche", "900-30"])
    made.write_formula("E10", "=1+1", None, 2)
    made.write_row("I10", [45352, 50])


def test_names_are_turned_unless_a_degree_or_a_name_at_birth_follows() -> None:
    said = ["Buche, Änne", "Änne Buche, M.A.", "Änne Buche, geb. Erle", "Änne Buche, geborene Erle"]
    assert [values.name(one, turned=False) for one in said] == ["Änne Buche", *said[1:]]


def test_a_list_with_two_headers_and_merged_cells() -> None:
    reading = understood(xlsx(concept))
    zoe, anne, omer = reading.snapshot.navigators
    assert zoe == NavigatorRow(
        "zoe-ahorn", "Zoë Ahorn", department="Kulturamt", hours_share=50, offers=("e-invoice", "municipal-taxes"),
        seeks=("mobile-work",), email="Zoe.Ahorn@konstanz.example", phone="07531 900-12", room="201",
        since=date(2024, 3, 1),
    )  # fmt: skip
    assert (anne.name, anne.department, anne.since, anne.hours_share) == (
        "Änne Buche, M.A.", "Kulturamt", date(2024, 3, 1), 50,
    )  # fmt: skip
    assert anne.offers == ("building-information-modelling", "finance", "training")
    assert (omer.key, omer.room, omer.since, omer.hours_share) == ("oemer-esche", "2", date(2024, 3, 1), 50)
    (found,) = reading.sheets
    assert (found.unknown, found.private, found.rows) == (("Lieblingsfarbe",), ("Personalnummer",), 3)
    assert ("Kontakt: Zimer", "Zimmer") in found.columns
    notes = {(note.place, note.message) for note in reading.notes}
    assert ("Blatt Tabelle1, Zeile 6", "„Homeoffice“ wurde als „Mobiles Arbeiten“ verstanden.") in notes
    assert ("Blatt Tabelle1, Zeile 9", "Übersprungen: eine Überschrift über mehrere Spalten.") in notes
    assert "4711" not in str(reading)


def test_merged_departments_of_an_ods_file() -> None:
    rows = "".join(
        f"<table:table-row>{cells}</table:table-row>"
        for cells in (
            ods_cell("Dienststelle") + ods_cell("Nachname") + ods_cell("Vorname") + ods_cell("Titel"),
            ods_cell("Kulturamt", table_number_rows_spanned="2")
            + ods_cell("Ahorn")
            + ods_cell("Zoë")
            + ods_cell("Dr."),
            "<table:covered-table-cell/>" + ods_cell("Buche") + ods_cell("Änne"),
            ods_cell() + ods_cell("Esche") + ods_cell("Ömer"),
        )
    )
    people = understood(ods(f'<table:table table:name="Kontakte 2024">{rows}</table:table>')).snapshot.navigators
    assert [(row.name, row.department) for row in people] == [
        ("Dr. Zoë Ahorn", "Kulturamt"), ("Änne Buche", "Kulturamt"), ("Ömer Esche", ""),
    ]  # fmt: skip


def test_a_csv_of_windows_has_rows_and_no_sheet() -> None:
    text = "Bezeichnung;Name;E-Mail;Sprachen\r\nKämmerin;Zoë Ahorn;zoe@ort;Deutsch, Türkisch\r\n"
    assert problems(text.encode("cp1252")) == [("Zeile 2", "Spalte E-Mail", "Das ist keine E-Mail-Adresse.")]
    (row,) = understood(text.replace("@ort", "@ort.example").encode("cp1252")).snapshot.navigators
    assert (row.title, row.languages, row.key) == ("Kämmerin", ("de", "tr"), "zoe")


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("1.3.24", date(2024, 3, 1)),
        ("01.03.2024", date(2024, 3, 1)),
        ("1. 3. 1998", date(1998, 3, 1)),
        ("2024-03-01", date(2024, 3, 1)),
        ("2024-03-01 00:00:00", date(2024, 3, 1)),
        ("1/3/2024", date(2024, 3, 1)),
        ("1. März 2024", date(2024, 3, 1)),
        ("seit Mrz 24", date(2024, 3, 1)),
        ("March 2024", date(2024, 3, 1)),
        ("03/2024", date(2024, 3, 1)),
        ("45352", date(2024, 3, 1)),
        (45352.0, date(2024, 3, 1)),
        (2024.0, date(2024, 1, 1)),
        ("2024", date(2024, 1, 1)),
        ("", None),
    ],
)
def test_days_are_written_in_many_ways(said: Any, day: date | None) -> None:
    assert values.day(said) == day


def test_the_end_of_a_month_is_its_last_day() -> None:
    assert [values.day(one, last=True) for one in ("Februar 2024", "12/2025", "2026")] == [
        date(2024, 2, 29), date(2025, 12, 31), date(2026, 12, 31),
    ]  # fmt: skip


@pytest.mark.parametrize("said", ["31.2.2024", "bald", "13/2024", "0.0.0000", 7.0, "99999999"])
def test_what_is_no_day_is_refused(said: Any) -> None:
    with pytest.raises(values.Odd):
        values.day(said)


def test_shares_ticks_numbers_and_keys() -> None:
    assert [values.share(one) for one in (0.5, 50.0, "50 %", "0,5", "½ Stelle", "Vollzeit", "1 %", 1.0, "")] == [
        50, 50, 50, 50, 50, 100, 1, 100, None,
    ]  # fmt: skip
    assert [values.yes(one) for one in ("ja", "x", "✓", 1.0, True, "nein", "", 0.0)] == [True] * 5 + [False] * 3
    assert [values.number(one) for one in ("85.859", 85859.0, "12 000", "")] == [85859, 85859, 12000, None]
    assert (ags(8335043.0), ags("08 335 043"), ags("083350043043")) == (KONSTANZ,) * 3
    assert (values.slug("Dr. Änne Groß-Buche"), values.slug("“”")) == ("dr-aenne-gross-buche", "")
    assert [language_code(one) for one in ("Deutsch", "german", "de-CH", "türkisch", "Klinisch")] == [
        "de", "de", "de-CH", "tr", None,
    ]  # fmt: skip


def test_nothing_of_anybody_s_home_is_read_and_no_number_becomes_a_name() -> None:
    rows = [
        ["Mitarbeiter-Nr.", "Telefaxnummer", "Telefon (privat)", "Name", "Telefonnummer", "Privat", "", "Dienstlich"],
        ["", "", "", "", "", "E-Mail", "Handy", "E-Mail"],
        ["4711", "07531 99", "0171 1", "Zoë Ahorn", "07531 1", "z@home.example", "0172 2", "z@k.example"],
    ]
    reading = understood(sheet(rows))
    (person,) = reading.snapshot.navigators
    assert (person.name, person.phone, person.email) == ("Zoë Ahorn", "07531 1", "z@k.example")
    assert reading.sheets[0].private == ("Mitarbeiter-Nr.", "Telefon (privat)", "Privat: E-Mail", "Privat: Handy")
    assert reading.sheets[0].unknown == ("Telefaxnummer",)


def test_what_offices_write_around_their_data() -> None:
    rows: list[list[Any]] = [
        ["Nr.", "Name", "E-Mail", "Telefon", "Themen", "Seit", "Koordination"],
        [1, "Zoë Ahorn", "Ahorn, Zoë <zoe@k.example>;", 7531900123, "–", "01.03.2024 00:00", True],
        [2, "Ida Ulme", "./.", "-", "k. A.", "-", False],
        ["", "", "", "", "", "", False],
        ["Summe", "", "", 2, "", "", ""],
    ]
    reading = understood(sheet(rows))
    assert [(row.key, row.email, row.phone, row.works_on, row.since) for row in reading.snapshot.navigators] == [
        ("zoe", "zoe@k.example", "7531900123", (), date(2024, 3, 1)), ("ida-ulme", None, None, (), None),
    ]  # fmt: skip
    told = [(note.place, note.message) for note in reading.notes]
    assert ("Blatt Lotsen, Zeile 2", "Spalte Telefon beginnt ohne 0: Hat das Programm sie weggelassen?") in told
    assert ("Blatt Lotsen, Zeile 5", "Übersprungen: eine Summe.") in told
    broken = [["Name", "Amt"], ["Zo\ufffd Ahorn", "#ÜBERLAUF!"]]
    assert [column for _row, column, _message in problems(sheet(broken))] == ["Spalte Name", "Spalte Amt"]


def test_nobody_stands_in_two_rows() -> None:
    rows = [["Name", "E-Mail", "Themen"], ["Zoë Ahorn", "z@k.example", "E-Akte"], ["Ida", "z@k.example", ""],
            ["Zoë Ahorn", "Z@k.example", "Schulung"]]  # fmt: skip
    ((row, column, message),) = problems(sheet(rows))
    assert (row, column) == ("Blatt Lotsen, Zeile 4", "Spalte Name")
    assert "Blatt Lotsen, Zeile 2" in message


def test_every_problem_is_told_where_people_find_it() -> None:
    rows = [
        ["Name", "Zimmer", "Themen", "Seit", "Koordination", "Stellenanteil", "Sichtbarkeit", "Mentor/in", "Sprachen"],
        ["Ahorn", "#BEZUG!", "E-Rechnunk", "bald", "vielleicht", "300", "Telefon: jeder", "Linde", "Elbisch"],
        ["", "7", "Quantenverwaltung"],
    ]
    first, second = "Blatt Lotsen, Zeile 2", "Blatt Lotsen, Zeile 3"
    found = problems(sheet(rows))
    assert [(row, column) for row, column, _message in found] == [
        (first, "Spalte Zimmer"), (first, "Spalte Themen"), (first, "Spalte Seit"), (first, "Spalte Koordination"),
        (first, "Spalte Stellenanteil"), (first, "Spalte Sichtbarkeit"), (first, "Spalte Sprachen"),
        (first, "Spalte Mentor/in"), (second, "Spalte Themen"), (second, "Spalte Name"),
    ]  # fmt: skip
    messages = [message for _row, _column, message in found]
    assert "Meinen Sie „E-Rechnung“?" in messages[1]
    assert "Linde" not in str(messages), "nobody's name is repeated"


def test_nothing_of_a_long_list_is_lost_in_silence() -> None:
    rows = [["Name", "Themen", "Seit"], ["Ahorn", "e-file, " * 200, "1.3.2024" * 50], ["Buche", "e-file, " * 100, ""]]
    assert [(row, column) for row, column, _message in problems(sheet(rows))] == [
        ("Blatt Lotsen, Zeile 2", "Spalte Themen"), ("Blatt Lotsen, Zeile 2", "Spalte Seit"),
    ]  # fmt: skip
    people = [["Kürzel", "Name"], *([f"k{i}", f"Name{i} Vorname{i}"] for i in range(50))]
    team = "; ".join(f"Vorname{i}, Name{i}" if i % 2 else f"Name{i} Vorname{i}" for i in range(50))
    made = understood(sheet(people, "Lotsen", {"Projekte": [["Titel", "Beteiligte"], ["E-Akte", team]]})).snapshot
    assert len(made.projects[0].navigators) == 50


def test_a_room_that_became_a_date_is_noticed() -> None:
    def fill(book: Any) -> None:
        made = book.add_worksheet("Lotsen")
        made.write_row("A1", ["Name", "Raum"])
        made.write("A2", "Zoë Ahorn")
        made.write_number("B2", 45293, book.add_format({"num_format": "dd. mmm"}))

    ((row, column, message),) = problems(xlsx(fill))
    assert (row, column, "als Text" in message) == ("Blatt Lotsen, Zeile 2", "Spalte Raum", True)


def test_the_same_list_again_means_the_same_people() -> None:
    published = Snapshot(
        BASE.city,
        navigators=(
            NavigatorRow("7", "Zoë Ahorn", email="za@konstanz.example", phone="900-12", visibility={"phone": "PUBLIC"}),
            NavigatorRow("8", "Änne Buche", mentor="9"),
            NavigatorRow("9", "Ömer Esche"),
        ),
        projects=(ProjectRow("p", "E-Akte", navigators=("7", "9")),),
    )
    rows = [["Name", "Mail"], ["Zoë Linde", "ZA@konstanz.example"], ["Buche, Änne", ""], ["Ida Ulme", ""]]
    reading = understood(sheet(rows), published)
    zoe, anne, ida = reading.snapshot.navigators
    assert (zoe.key, zoe.name, zoe.phone, zoe.visibility) == ("7", "Zoë Linde", "900-12", {"phone": "PUBLIC"})
    assert (anne.key, anne.name, anne.mentor, ida.key) == ("8", "Änne Buche", None, "ida-ulme")
    assert reading.snapshot.projects[0].navigators == ("7",)
    assert reading.kept == ("city", "projects")
    assert any("verliert die Verbindung" in note.message for note in reading.notes)
    assert "Telefon" in reading.sheets[0].kept


def test_a_whole_city_in_several_sheets() -> None:
    content = sheet(
        [["Vorname", "Nachname", "OE", "E-Mail"], ["Zoë", "Ahorn", "KA", "za@konstanz.example"]],
        "Digitale Lotsen 2024",
        {
            "Stadt": [["AGS", "Stadt", "Einwohner"], [8335043, "Konstanz", "85.859"]],
            "Ämter": [["Kürzel", "Bezeichnung", "Soll", "Mitarbeitende"], ["KA", "Kulturamt", 2, 120]],
            "Projekte": [
                ["Projekt", "Status", "Themen", "Ansprechpartner", "Partner gesucht"],
                ["E-Akte einführen", "in Umsetzung", "e-file", "Ahorn, Zoë", "x"],
            ],
            "Hinweise": [["Bitte ausfüllen"]],
            "Tabelle5": [["irgendwas", 1]],
        },
    )
    reading = understood(content, None)
    made = reading.snapshot
    assert (made.city.population, made.departments) == (85859, (DepartmentRow("KA", "Kulturamt", 2, 120),))
    assert (made.navigators[0].key, made.navigators[0].department) == ("za", "Kulturamt")
    assert made.projects == (
        ProjectRow("e-akte-einfuehren", "E-Akte einführen", stage="RUNNING", topics=("e-file",), navigators=("za",),
                   seeks_partners=True),
    )  # fmt: skip
    assert reading.ignored == ("Hinweise", "Tabelle5")


def test_what_a_sheet_holds_is_told_by_its_columns_too() -> None:
    people = [["Name", "E-Mail", "Telefon"], ["Zoë Ahorn", "", "900-12"]]
    projects = [["Projekt", "Status", "Amt"], ["E-Akte", "geplant", "Hauptamt"]]
    made = understood(sheet(people, "Tabelle1", {"Organisationsprojekte": projects})).snapshot
    assert (made.navigators[0].phone, made.projects[0].stage, made.city) == ("900-12", "PLANNED", BASE.city)
    made = understood(b"Name;Beschreibung\nE-Akte;Papier weg\n", name="Projekte 2024.csv").snapshot
    assert (made.projects[0].title, made.navigators) == ("E-Akte", ())
    made = understood(sheet([["Vornahme", "Nachname", "Dienstselle"], ["Zoë", "Ahorn", "Amt"]], "Tabelle1")).snapshot
    assert (made.navigators[0].name, made.navigators[0].department) == ("Zoë Ahorn", "Amt")
    titles = ["Kontakt", "", "", "Themen", "", ""], ["Name", "Mail", "Tel.", "Angebot", "Gesuch", "in Arbeit"]
    made = understood(sheet([*titles, ["Zoë Ahorn", "", "900-12", "BIM"]], "Tabelle1")).snapshot
    assert made.navigators[0].offers == ("building-information-modelling",), "groups that nobody merged"


def test_a_degree_makes_nobody_another_person() -> None:
    published = Snapshot(BASE.city, navigators=(NavigatorRow("7", "Zoë Ahorn"), NavigatorRow("8", "J. Buche")))
    rows = [["Name", "Amt"], ["Dr. Zoë Ahorn", "Amt"], ["K. Buche", "Amt"]]
    assert [row.key for row in understood(sheet(rows), published).snapshot.navigators] == ["7", "k-buche"]


def test_another_city_s_file_is_refused() -> None:
    content = sheet([["AGS", "Name"], ["08121000", "Heilbronn"]], "Stadt")
    assert [(row, column) for row, column, _message in problems(content)] == [("Blatt Stadt, Zeile 2", "Spalte AGS")]
    rows: list[list[Any]] = [["Name", "AGS"], ["Zoë Ahorn", 8335043], ["Änne Buche", 8121000]]
    assert [(row, column) for row, column, _m in problems(sheet(rows))] == [("Blatt Lotsen, Zeile 3", "Spalte AGS")]


def test_a_file_without_anything_of_ours_says_what_is_looked_for() -> None:
    assert "Lotsen" in problems(sheet([["Datum", "Betrag"], ["1.1.2024", 5]], "Kasse"))[0][2]
    assert problems(sheet([["Datum", "Betrag"]], "Lotsen"))[0][0] == "Blatt Lotsen"
    assert "Stadt" in problems(sheet([["Name", "Mail"], ["Zoë Ahorn", ""]]), None)[0][2]


def test_a_key_that_stands_twice_is_told_by_rows() -> None:
    ((row, column, message),) = problems(sheet([["Kürzel", "Name"], ["a", "Ahorn"], ["a", "Buche"]]))
    assert (row, column) == ("Blatt Lotsen, Zeile 3", "Spalte Kürzel")
    assert "Blatt Lotsen, Zeile 2" in message


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_template_comes_back_without_any_difference(language: str) -> None:
    published = validate(FULL, vocabulary().codes)
    with speaking(language):
        content = sheets.template(published, vocabulary())
        again = sheets.read("vorlage.xlsx", content, KONSTANZ, published, vocabulary())
    assert again.snapshot == published
    assert (again.notes, again.kept, [one.unknown for one in again.sheets]) == ((), (), [()] * 4)
    assert b"<f>" not in b"".join(_parts(content)), "nothing became a formula"


def _parts(content: bytes) -> list[bytes]:
    with ZipFile(BytesIO(content)) as archive:
        return [archive.read(name) for name in archive.namelist() if "sheet" in name]


def batched(codes: Iterable[str], size: int) -> list[list[str]]:
    some = list(codes)
    return [some[start : start + size] for start in range(0, len(some), size)]


@pytest.mark.parametrize("kind", KINDS)
def test_columns_are_known_by_both_their_names(kind: str) -> None:
    for column in COLUMNS[kind]:
        for name in (column.de, column.en):
            assert named(kind)[plain(name)] is column


def test_every_topic_is_known_by_both_its_names() -> None:
    labels = vocabulary()
    for language in ("de", "en"):
        with speaking(language):
            for few in batched(labels.topics, 10):
                cell = ", ".join(labels.name(code) for code in few)
                assert [found.code for found in labels.read(cell)] == few


def test_what_two_people_changed_goes_together() -> None:
    before = Snapshot(BASE.city, navigators=(NavigatorRow("a", "A"), NavigatorRow("b", "B"), NavigatorRow("c", "C")))
    mine = Snapshot(BASE.city, navigators=(NavigatorRow("a", "A", title="neu"), NavigatorRow("c", "C")))
    theirs = Snapshot(
        CityRow(KONSTANZ, "Konstanz", "Stadt"),
        navigators=(*before.navigators[:2], NavigatorRow("c", "C", title="anders"), NavigatorRow("d", "D")),
    )
    both = sheets.rebased(before, mine, theirs)
    assert both.city.kind == "Stadt"
    assert [(row.key, row.title) for row in both.navigators] == [("a", "neu"), ("c", "anders"), ("d", "")]
