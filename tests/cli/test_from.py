"""A plan that is changed by hand and goes on from there."""

import json
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.cli import sample
from tests.cli.solved import QUICK, people, sheets, solve

SIZE = ("--tables", 4, "--rounds", 3)


def _told(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def _seats(told: dict[str, Any]) -> dict[str, list[int | None]]:
    return {one["name"]: one["seats"] for one in told["people"]}


def _worse(told: dict[str, Any]) -> None:
    """Everybody of one city at one table in the first round changes places with somebody of the other city."""
    here = {one["name"]: one for one in told["people"]}
    table = [here[name] for name in told["rounds"][0]["tables"][0]["people"]]
    other = [here[name] for name in told["rounds"][0]["tables"][1]["people"]]
    one = next(person for person in table if person["city"] == "Heilbronn")
    two = next(person for person in other if person["city"] == "Konstanz")
    one["seats"][0], two["seats"][0] = two["seats"][0], one["seats"][0]


def test_a_plan_made_worse_by_hand_is_repaired_with_few_moves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = sample.rows(24, cities=(("Heilbronn", 1), ("Konstanz", 2)))
    file, plan, again = people(tmp_path / "list.xlsx", rows), tmp_path / "plan.json", tmp_path / "again.json"
    assert solve(file, *SIZE, *QUICK, "-o", plan) == 0
    told = _told(plan)
    _worse(told)
    worse = _seats(told)
    plan.write_text(json.dumps(told), encoding="utf-8")
    capsys.readouterr()
    assert solve(file, "--from", plan, "--moves", 4, *QUICK, "-o", again) == 0
    said = capsys.readouterr().err
    found = _told(again)
    mended = _seats(found)
    changed = sum(a != b for name in worse for a, b in zip(worse[name], mended[name], strict=True))
    assert 1 <= changed <= 4
    assert f"{changed} Plätze sind anders als in {plan}." in said
    assert "--tables fehlt" not in said
    home = {row[0]: row[1] for row in rows}
    for one in found["rounds"]:
        assert all(Counter(map(home.__getitem__, table["people"]))["Heilbronn"] == 2 for table in one["tables"])
    command = found["quality"]["command"]
    assert solve(*shlex.split(command)[2:], "-o", again) == 0
    assert _seats(_told(again)) == mended


def test_a_workbook_is_changed_people_come_and_go(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = sample.rows(24)
    file, plan, again = people(tmp_path / "list.xlsx", rows), tmp_path / "plan.xlsx", tmp_path / "again.json"
    assert solve(file, *SIZE, *QUICK, "-o", plan) == 0
    header, *seats = sheets(plan)["Wer sitzt wo"].rows
    edited = [list(row) for row in seats]
    edited[0][3], edited[1][3], edited[2][3] = "–", "Tisch 2", ""
    people(tmp_path / "edited.xlsx", edited, [str(cell) for cell in header])
    gone = rows.pop(5)[0]
    rows.append(["Neue Person", *rows[0][1:]])
    people(file, rows)
    capsys.readouterr()
    assert solve(file, "--from", tmp_path / "edited.xlsx", *QUICK, "-o", again) == 0
    said = capsys.readouterr().err
    assert f"Im Plan und nicht in der Liste: {gone}" in said
    assert "Neu und nicht im Plan: Neue Person" in said
    assert {len(table["people"]) for one in _told(again)["rounds"] for table in one["tables"]} == {6}


def test_it_is_never_worse_than_where_it_began(tmp_path: Path) -> None:
    file, plan, again = people(tmp_path / "list.xlsx", sample.rows(30)), tmp_path / "plan.json", tmp_path / "again.json"
    assert solve(file, "--tables", 5, "--rounds", 3, "--iterations", 400_000, "-o", plan) == 0
    assert solve(file, "--from", plan, "--iterations", 10, "-o", again) == 0
    assert _told(again)["quality"]["objective"][0] >= _told(plan)["quality"]["objective"][0]


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({"Runde 2": "links"}, (), "Zeile 2 Spalte Runde 2: „links“ ist keine Tischnummer."),
        ({"Runde 2": 9}, ("--tables", "4"), "Zeile 2 Spalte Runde 2: "),
        ({}, ("--moves", "-1"), "--moves: Wählen Sie eine Zahl ab 0"),
    ],
)
def test_what_is_no_plan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], options: tuple[str, ...], words: str
) -> None:
    rows = sample.rows(8)
    header = ("Name", "Runde 1", "Runde 2")
    plan = [[row[0], 1 + number % 4, 1 + number // 2] for number, row in enumerate(rows)]
    for title, cell in change.items():
        plan[0][header.index(title)] = cell
    file, start = people(tmp_path / "list.xlsx", rows), people(tmp_path / "plan.xlsx", plan, header)
    assert solve(file, "--from", start, *QUICK, *options) == 2
    assert words in capsys.readouterr().err


def test_a_list_is_no_plan_and_moves_need_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = people(tmp_path / "list.xlsx", sample.rows(8))
    other = people(tmp_path / "other.xlsx", [["Raum 1"]], ("Raum",))
    assert solve(file, "--from", other) == 2
    assert "Er braucht das Blatt „Wer sitzt wo“" in capsys.readouterr().err
    assert solve(file, "--moves", 3) == 2
    assert "zusammen mit --from" in capsys.readouterr().err
