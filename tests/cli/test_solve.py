"""`lotsennetz solve` as an organiser uses it: real files, the real command."""

import json
import os
import shlex
import signal
import threading
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from services.cli.solve.numbers import read as numbers
from services.kit.sheets.values import Odd
from tests.cli import sample
from tests.cli.solved import QUICK, people, read_plan, sheets, solve

ROOT = Path(__file__).parents[2]


def test_the_example_of_the_docs_becomes_a_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, plan = ROOT / "docs" / "examples" / "participants.xlsx", tmp_path / "plan.xlsx"
    assert solve(file, "--tables", 8, "--rounds", 4, *QUICK, "-o", plan) == 0
    said = capsys.readouterr()
    assert "47 Personen, 8 Tische, 4 Runden" in said.out
    assert "100 %" in said.err
    found = sheets(plan)
    assert list(found) == ["Plan je Runde", "Wer sitzt wo", "Tischkarten", "Begegnungen", "Güte"]
    given = {row[0]: row for row in sample.example()}
    header, *rows = found["Wer sitzt wo"].rows
    assert header[3:] == ("Runde 1", "Runde 2", "Runde 3", "Runde 4")
    assert sorted(str(row[0]) for row in rows) == sorted(given)
    for number in range(4):
        seats = {str(row[0]): row[3 + number] for row in rows}
        sizes = Counter(seat for seat in seats.values() if seat != "–")
        assert set(sizes.values()) <= {5, 6}
        from_heilbronn = Counter(seat for name, seat in seats.items() if given[name][1] == "Heilbronn" and seat != "–")
        assert all(from_heilbronn[table] in {1, 2} for table in sizes)
    away = {str(row[0]): [number for number, seat in enumerate(row[3:], 1) if seat == "–"] for row in rows}
    assert [away[name] for name in (_late(3), _late(20), _late(11))] == [[1], [1], [4]]
    assert next(row for row in rows if row[0] == _late(12))[3:] == (2.0, 2.0, 2.0, 2.0)
    quality = {str(row[0]): row[1:] for row in found["Güte"].rows if row}
    value, by_chance, bound = quality["Gemeinsames (Punkte): mehr ist besser"]
    assert by_chance < value < bound  # type: ignore[operator] # they are numbers
    command = str(quality["Befehl für denselben Plan"][0])
    assert command.endswith("--seed 1 --iterations 20000")


def _late(number: int) -> str:
    return sample.example()[number][0]


def test_the_example_is_what_its_generator_writes(tmp_path: Path) -> None:
    sample.write(tmp_path / "participants.xlsx")
    assert sheets(tmp_path / "participants.xlsx") == sheets(ROOT / "docs" / "examples" / "participants.xlsx")


def test_a_csv_of_windows_with_umlauts(tmp_path: Path) -> None:
    file, plan = tmp_path / "gäste.csv", tmp_path / "plan.csv"
    rows = [["Vorname", "Nachname", "Stadt", "Bietet"], *(
        [name.split()[0], name.split()[1], home, topic] for name, home, _amt, topic, *_rest in sample.rows(12)
    )]  # fmt: skip
    file.write_bytes("\r\n".join(";".join(f'"{cell}"' for cell in row) for row in rows).encode("cp1252"))
    assert solve(file, "--tables", 3, "--rounds", 2, *QUICK, "-o", plan) == 0
    lines = plan.read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "Name;Stadt;Amt;Runde 1;Runde 2"
    assert {line.split(";")[0] for line in lines[1:]} == {row[0] for row in sample.rows(12)}


def test_mistakes_are_told_at_once_by_row_and_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = sample.rows(12)
    rows[2][6] = "vormittags"
    rows[4][9] = rows[5][0][:-1]
    rows[7][0] = rows[1][0]
    rows[7][1] = rows[1][1]
    plan = tmp_path / "plan.xlsx"
    assert solve(people(tmp_path / "list.xlsx", rows), "-o", plan) == 2
    told = capsys.readouterr().err
    assert "Zeile 4 Spalte Runden: Schreiben Sie Zahlen wie „1-3“" in told
    assert f"Zeile 6 Spalte Nicht mit: Niemand in der Liste heißt „{rows[4][9]}“. Meinen Sie „{rows[5][0]}“?" in told
    assert "Zeile 9 Spalte Name: Derselbe Name wie in Blatt Teilnehmende, Zeile 3" in told
    assert not plan.exists()


def test_what_only_the_solver_finds_is_told_by_row_as_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = sample.rows(12)
    rows[3][6] = "2-5"
    rows[6][7] = "9"
    assert solve(people(tmp_path / "list.xlsx", rows), "--tables", 3, "--rounds", 3, "--language", "en") == 2
    told = capsys.readouterr().err
    assert "Sheet Teilnehmende, row 5 column Runden: There is no round 4." in told
    assert "There is no table 9." in told


def test_topics_that_are_not_in_the_sheet_of_topics(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = sample.rows(12)
    rows[0][3] = "E-Akte; Steuern, Gebühren und Beiträge; Datenschuzt"
    topics = [["Thema", "Oberthema", "Synonyme"], ["Steuern, Gebühren und Beiträge", "Finanzen", ""], ["Finanzen"],
              *([topic] for topic in sample.TOPICS)]  # fmt: skip
    assert solve(people(tmp_path / "list.xlsx", rows, Themen=topics), *QUICK) == 2
    told = capsys.readouterr().err
    assert "Das Thema „Datenschuzt“ gibt es nicht. Meinen Sie „Datenschutz“?" in told
    assert "Steuern" not in told


def test_the_same_iterations_give_the_same_plan(tmp_path: Path) -> None:
    file = people(tmp_path / "list.xlsx", sample.rows(20))
    found = []
    for name in ("one", "two"):
        assert solve(file, "--tables", 4, "--rounds", 3, *QUICK, "--seed", 5, "-o", tmp_path / f"{name}.json") == 0
        found.append(read_plan(tmp_path / f"{name}.json"))
    assert found[0] == found[1]
    assert found[0]["quality"]["command"].startswith("lotsennetz solve ")
    again = shlex.split(found[0]["quality"]["command"])[2:]
    assert solve(*again, "-o", tmp_path / "three.json") == 0
    assert read_plan(tmp_path / "three.json") == found[0]


def test_json_in_and_out_is_the_workbook_in_and_out(tmp_path: Path) -> None:
    rows = sample.example()
    fields = ("name", "city", "department", "offers", "seeks", "works_on", "rounds", "host", "met", "never")
    lists = {"offers": "; ", "seeks": "; ", "works_on": "; ", "met": ", ", "never": ", "}
    objects: list[dict[str, Any]] = [
        {
            field: cell.split(lists[field]) if field in lists else cell
            for field, cell in zip(fields, row, strict=True)
            if cell
        }
        for row in rows
    ]
    objects[11]["rounds"] = [1, 2, 3]
    objects[12]["host"], objects[0]["host"] = 2, True
    (tmp_path / "list.json").write_text(json.dumps({"people": objects}), encoding="utf-8")
    people(tmp_path / "list.xlsx", rows)
    options = ("--tables", 8, "--rounds", 4, *QUICK)
    for form in ("json", "xlsx"):
        assert solve(tmp_path / f"list.{form}", *options, "-o", tmp_path / f"of-{form}.json") == 0
    assert solve(tmp_path / "list.json", *options, "-o", tmp_path / "plan.xlsx") == 0
    one, other = read_plan(tmp_path / "of-json.json"), read_plan(tmp_path / "of-xlsx.json")
    assert all(one[part] == other[part] for part in ("rounds", "people", "meetings"))
    assert one["quality"]["problem_sha256"] == other["quality"]["problem_sha256"]
    _header, *seats = sheets(tmp_path / "plan.xlsx")["Wer sitzt wo"].rows
    assert [[row[0], *(None if seat == "–" else seat for seat in row[3:])] for row in seats] == [
        [person["name"], *person["seats"]] for person in one["people"]
    ]


def test_nothing_becomes_a_formula(tmp_path: Path) -> None:
    rows = sample.rows(8)
    rows[0][0], rows[1][1], rows[2][3] = "=HYPERLINK(1)", "+Konstanz", "@SUM(1)"
    file = people(tmp_path / "list.xlsx", rows)
    for form in ("xlsx", "csv"):
        assert (
            solve(file, "--tables", 2, "--rounds", 2, "--mix-cities", "off", *QUICK, "-o", tmp_path / f"plan.{form}")
            == 0
        )
    with ZipFile(tmp_path / "plan.xlsx") as parts:
        assert not any(b"<f>" in parts.read(name) for name in parts.namelist() if "worksheets/sheet" in name)
    assert "'=HYPERLINK(1);" in (tmp_path / "plan.csv").read_text(encoding="utf-8-sig")


def test_spellings_are_joined_or_pointed_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [[f"Person {number}", "E-Akte", "C, Vergabe"] for number in range(6)]
    rows[0][1], rows[1][1] = "eAkte", "Prozessmanagement, C++"
    rows[2][1] = "Prozesmanagement"
    plan = tmp_path / "plan.json"
    file = people(tmp_path / "list.xlsx", rows, ("Name", "bietet", "sucht"))
    assert solve(file, "--tables", 2, "--rounds", 2, *QUICK, "-o", plan) == 0
    told = capsys.readouterr().err
    assert "„eAkte“ wurde als „E-Akte“ gelesen." in told
    assert "„Prozessmanagement“ und „Prozesmanagement“ sehen ähnlich aus." in told
    assert "C++" not in told


def test_a_broken_rule_writes_nothing_unless_forced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [["Änne Ahorn", "Buche, Ömer"], ["Ömer Buche", ""], ["Zoë Distel", ""]]
    file, plan = people(tmp_path / "list.xlsx", rows, ("Name", "Nicht mit")), tmp_path / "plan.xlsx"
    options = (file, "--tables", 1, "--rounds", 1, *QUICK, "-o", plan)
    assert solve(*options) == 1
    told = capsys.readouterr().err
    assert "Die Regeln passen nicht zusammen" in told
    assert "Änne Ahorn" in told
    assert "Ömer Buche" in told
    assert not plan.exists()
    assert solve(*options, "--force") == 0
    assert "Harte Regeln, die dieser Plan verletzt" in {row[0] for row in sheets(plan)["Güte"].rows if row}


def test_repeats_that_no_plan_avoids(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = people(tmp_path / "list.xlsx", sample.rows(9))
    options = ("--tables", 3, "--rounds", 6, "--no-repeats", "--mix-cities", "off", *QUICK)
    assert solve(file, *options) == 1
    assert "6 Runden an 3 Tischen" in capsys.readouterr().err


def test_ctrl_c_takes_the_best_plan_so_far(tmp_path: Path) -> None:
    file, plan = people(tmp_path / "list.xlsx", sample.rows(24)), tmp_path / "plan.json"

    def interrupt() -> None:
        while "interruptible" not in getattr(signal.getsignal(signal.SIGINT), "__qualname__", ""):
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    asking = threading.Thread(target=interrupt, daemon=True)
    asking.start()
    assert solve(file, "--tables", 4, "--rounds", 3, "--seconds", 600, "-o", plan) == 0
    asking.join()
    told = read_plan(plan)
    assert (told["quality"]["interrupted"], told["quality"]["command"]) == (True, "")
    assert all(len(one["people"]) == 6 for number in told["rounds"] for one in number["tables"])
    assert signal.getsignal(signal.SIGINT) == before


def test_the_template_is_filled_in_and_planned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "list.xlsx"
    assert solve("--template", file) == 0
    found = sheets(file)
    assert list(found) == ["Teilnehmende", "Themen", "Hinweise"]
    assert solve("--template", file) == 2
    assert solve(file) == 2
    assert "Die Datei nennt niemanden." in capsys.readouterr().err
    header = [str(cell) for cell in found["Teilnehmende"].rows[0]]
    people(file, [[f"Person {number}"] for number in range(8)], header, Themen=found["Themen"].rows)
    assert solve(file, *QUICK, "-o", tmp_path / "plan.csv") == 0


def test_json_goes_to_standard_output(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert solve(people(tmp_path / "list.xlsx", sample.rows(8)), "--tables", 2, *QUICK, "-o", "-") == 0
    assert len(json.loads(capfdbinary.readouterr().out)["people"]) == 8


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("1-3", (0, 1, 2)),
        ("ab Runde 2", (1, 2, 3)),
        ("bis 3", (0, 1, 2)),
        ("1, 3 und 4", (0, 2, 3)),
        ("nicht 2", (0, 2, 3)),
        ("alle außer 1–2", (2, 3)),
        (2.0, (1,)),
        ((1.0, 4.0), (0, 3)),
        (date(2026, 3, 1), (0, 1, 2)),
        ("01. Mrz", (0, 1, 2)),
        ("4-Feb", (1, 2, 3)),
        ("7", (6,)),
    ],
    ids=str,
)
def test_numbers_as_people_write_them(said: Any, meant: tuple[int, ...]) -> None:
    found = numbers(said)
    assert found is not None
    assert found.of(4) == meant


@pytest.mark.parametrize("said", ["vormittags", "3-1", "0", "1.3", "99999"])
def test_what_is_no_number(said: str) -> None:
    with pytest.raises(Odd):
        numbers(said)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            '{"people": [{"name": "Änne Buche", "rounds": {"a": 1}}, {"name": ""}]}',
            "people[0] Spalte rounds: Schreiben Sie",
        ),
        ('{"people": [{"name": "Änne Buche", "host": [1]}]}', "people[0] Spalte host: Schreiben Sie „ja“"),
        ('{"people": {}}', "Die Datei braucht eine Liste „people“"),
        ("[" * 100_000, "Die Datei ist kein JSON."),
        ("[]", "Die Datei nennt niemanden."),
    ],
    ids=["no numbers", "two tables", "no list", "deep", "nobody"],
)
def test_json_that_cannot_be_planned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, words: str
) -> None:
    (tmp_path / "list.json").write_text(content, encoding="utf-8")
    assert solve(tmp_path / "list.json") == 2
    assert words in capsys.readouterr().err
