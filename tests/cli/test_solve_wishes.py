"""What organisers ask of a plan, with options and in sheets."""

import shlex
from collections import Counter
from pathlib import Path

import pytest

from tests.cli import sample
from tests.cli.solved import QUICK, people, read_plan, solve


def test_tables_and_rounds_are_proposed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, plan = people(tmp_path / "list.xlsx", sample.rows(25)), tmp_path / "plan.json"
    assert solve(file, *QUICK, "-o", plan) == 0
    told = capsys.readouterr().err
    assert "--tables fehlt: 4 Tische für 25 Personen." in told
    assert "--rounds fehlt: 4 Runden." in told
    assert len(read_plan(plan)["rounds"]) == 4


@pytest.mark.parametrize(
    ("seats", "sizes"),
    [("10", {8, 9}), ("10,10,5", {5, 10}), ("3-12", set(range(3, 13)))],
    ids=["chairs enough", "a small table", "a range"],
)
def test_seats(tmp_path: Path, seats: str, sizes: set[int]) -> None:
    file, plan = people(tmp_path / "list.xlsx", sample.rows(25)), tmp_path / "plan.json"
    options = ("--tables", 3, "--rounds", 2, "--seats", seats, "--mix-cities", "soft", *QUICK)
    assert solve(file, *options, "-o", plan) == 0
    assert {len(table["people"]) for one in read_plan(plan)["rounds"] for table in one["tables"]} <= sizes


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--seats", "viele"), "Schreiben Sie Plätze wie 8 oder 6-8"),
        (("--tables", "3", "--seats", "8,8"), "Plätze sind für 2 Tische angegeben, und es gibt 3."),
        (("--tables", "3", "--seats", "4"), "In Runde 1 sind 25 Personen da, und die Tische haben 12 Plätze."),
        (("--mix", "haarfarbe=stark"), "„haarfarbe“ lässt sich nicht mischen."),
        (("--mix", "amt=sehr"), "„sehr“ ist keine Stärke."),
        (("--mix", "sprache=stark"), "In der Datei steht nichts in der Spalte „Sprache“."),
        (("--never", "sehr"), "--never: „sehr“ ist keine Stärke."),
        (("--table-topics", "E-Akte; Häkeln"), "Das Thema „Häkeln“ nennen weder Teilnehmende"),
        (("--tables", "3", "--table-topics", "E-Akte"), "(Themen: 1, Tische: 3)"),
        (("--rounds", "0"), "--rounds: Bitte wählen Sie eine Zahl von 1 bis 1000."),
        (("--iterations", "0"), "--iterations: Wählen Sie eine Zahl über 0."),
        (("-o", "plan.pdf"), "Ein Plan wird als .xlsx, .csv oder .json geschrieben"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_options_that_do_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], words: str
) -> None:
    assert solve(people(tmp_path / "list.xlsx", sample.rows(25)), *options) == 2
    assert words in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["list.xlsx"]


def test_wishes_about_two_people_count_as_the_organiser_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = ("Name", "Ort", "Sucht", "Bietet an", "Soll treffen", "Nicht mit", "Traf schon")
    rows = [[f"Person {i:02}", "Konstanz", "E-Akte" if i % 2 else "", "E-Akte", "", "", ""] for i in range(16)]
    rows[0][4] = "Person 01"
    rows[0][5], rows[1][5] = "Person 02; Person 03", "Person 00"  # meets one whom nobody lets meet: a contradiction
    rows[4][6] = "; ".join(f"Person {i:02}" for i in range(5, 16))
    file, plan = people(tmp_path / "liste.xlsx", rows, header), tmp_path / "plan.json"
    size = ("--tables", 4, "--rounds", 3, *QUICK, "-o", plan)
    assert solve(file, *size) != 0
    assert not plan.exists()
    capsys.readouterr()
    assert solve(file, *size, "--meets", "schwach", "--never", "hart", "--met", "aus") == 0
    told = read_plan(plan)
    pairs = {frozenset((one["one"], one["other"])) for one in told["meetings"]}
    assert not pairs & {frozenset(("Person 00", f"Person 0{i}")) for i in (1, 2, 3)}
    assert solve(*shlex.split(told["quality"]["command"])[2:], "-o", plan) == 0
    assert read_plan(plan) == told
    assert solve(file, *size, "--never", "off") == 0
    pairs = {frozenset((one["one"], one["other"])) for one in read_plan(plan)["meetings"]}
    assert frozenset(("Person 00", "Person 01")) in pairs


def test_topics_of_the_tables_are_those_that_were_asked_for(tmp_path: Path) -> None:
    words = [("Thema", "Auch genannt"), *((topic, f"{topic} (neu)") for topic in sample.TOPICS)]
    file, plan = people(tmp_path / "list.xlsx", sample.rows(24), Themen=words), tmp_path / "plan.json"
    assert solve(file, "--table-topics", "Führung; e-akte (neu); Datenschutz", "--rounds", 2, *QUICK, "-o", plan) == 0
    told = read_plan(plan)
    for one in told["rounds"]:
        assert [table["topic"] for table in one["tables"]] == ["Führung", "E-Akte", "Datenschutz"]
    assert solve(*shlex.split(told["quality"]["command"])[2:], "-o", plan) == 0
    assert read_plan(plan) == told


def test_departments_are_mixed_where_that_is_asked(tmp_path: Path) -> None:
    rows = sample.rows(24)
    for number, row in enumerate(rows):
        row[2] = ("Hauptamt", "Bauamt", "Kämmerei")[number % 3]
    file, plan = people(tmp_path / "list.xlsx", rows), tmp_path / "plan.json"
    options = ("--tables", 4, "--rounds", 2, "--mix-cities", "off", "--mix", "Amt=hart", *QUICK)
    assert solve(file, *options, "-o", plan) == 0
    told = read_plan(plan)
    assert solve(*shlex.split(told["quality"]["command"])[2:], "-o", plan) == 0
    assert read_plan(plan) == told
    home = {row[0]: row[2] for row in rows}
    found = [table["people"] for one in read_plan(plan)["rounds"] for table in one["tables"]]
    assert all(set(Counter(home[name] for name in some).values()) == {2} for some in found)


def test_a_sheet_for_each_city_and_two_of_one_name(tmp_path: Path) -> None:
    header = ("Name", "Ort", "Traf schon")
    konstanz = [
        ["Änne Buche", "Konstanz", ""],
        *([f"Person {n}", "Konstanz", "Änne Buche (Heilbronn)"] for n in range(4)),
    ]
    heilbronn = [
        header,
        ["Änne Buche", "Heilbronn", ""],
        *([f"Gast {n}", "Heilbronn", "Niemand Sonst"] for n in range(4)),
    ]
    rooms = [["Name"], ["Ratssaal"], ["Foyer"]]
    file = people(tmp_path / "list.xlsx", konstanz, header, Heilbronner=heilbronn, Orte=rooms)
    assert solve(file, "--tables", 2, "--rounds", 2, *QUICK, "-o", tmp_path / "plan.json") == 0
    names = {person["name"] for person in read_plan(tmp_path / "plan.json")["people"]}
    assert {"Änne Buche (Heilbronn)", "Änne Buche (Konstanz)"} < names
    assert len(names) == 10
