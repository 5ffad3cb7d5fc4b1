"""What tables mix: cities, departments, and whatever else stands in a column of the organiser's list."""

import json
import shlex
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli import sample
from tests.cli.solved import QUICK, people, solve

HEADER = (*sample.HEADER, "Arbeitsgruppe", "Konfession")
GROUPS = ("Rathaus", "Schule", "Straße")


def _rows(count: int) -> list[list[str]]:
    return [[*row, GROUPS[number % 3], "keine"] for number, row in enumerate(sample.rows(count))]


def _mixed(plan: Path, groups: Mapping[str, str]) -> list[Counter[str]]:
    """The groups at each table."""
    told: dict[str, Any] = json.loads(plan.read_bytes())
    tables = [table["people"] for one in told["rounds"] for table in one["tables"]]
    return [Counter(groups[name] for name in some) for some in tables]


@pytest.mark.parametrize("wish", ["Arbeitsgruppe=hart", "arbeitsgruppe: muss", "Arbeits-Gruppe", "ARBEITSGRUPPE=must"])
def test_a_column_of_the_organisers_own_is_mixed(tmp_path: Path, wish: str) -> None:
    rows = _rows(24)
    file, plan = people(tmp_path / "list.xlsx", rows, HEADER), tmp_path / "plan.json"
    assert solve(file, "--tables", 4, "--rounds", 2, "--mix-cities", "off", "--mix", wish, *QUICK, "-o", plan) == 0
    assert all(set(some.values()) == {2} for some in _mixed(plan, {row[0]: row[-2] for row in rows}))
    command = json.loads(plan.read_bytes())["quality"]["command"]
    assert "Arbeitsgruppe=hard" in command
    before = json.loads(plan.read_bytes())["rounds"]
    assert solve(*shlex.split(command)[2:], "-o", plan) == 0
    assert json.loads(plan.read_bytes())["rounds"] == before


def test_a_wish_gives_way_where_a_rule_does_not(tmp_path: Path) -> None:
    rows = [[f"Person {n:02}", "unten" if n < 4 else "oben", "1" if n < 4 else ""] for n in range(16)]
    file, plan = people(tmp_path / "list.xlsx", rows, ("Name", "Stockwerk", "Tische")), tmp_path / "plan.json"
    options = ("--tables", 2, "--rounds", 1, *QUICK, "-o", plan)
    assert solve(file, *options, "--mix", "Stockwerk=muss") == 1
    assert not plan.exists()
    assert solve(file, *options, "--mix", "Stockwerk=schwach") == 0
    assert _mixed(plan, {row[0]: row[1] for row in rows})[0]["unten"] == 4


def test_json_says_it_alike(tmp_path: Path) -> None:
    rows = _rows(12)
    listed = [{"name": row[0], "city": row[1], "Arbeitsgruppe": row[-2]} for row in rows]
    (tmp_path / "list.json").write_text(json.dumps(listed), encoding="utf-8")
    plan = tmp_path / "plan.json"
    options = ("--tables", 2, "--rounds", 2, "--mix-cities", "off", "--mix", "Arbeitsgruppe:hart")
    assert solve(tmp_path / "list.json", *options, *QUICK, "-o", plan) == 0
    assert all(set(some.values()) == {2} for some in _mixed(plan, {row[0]: row[-2] for row in rows}))


def test_spellings_of_a_city_are_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    homes = ("Konstanz", "konstanz", "Konstanz", "Heilbronn")
    rows = [[f"Person {n:02}", homes[n % 4]] for n in range(16)]
    file, plan = people(tmp_path / "list.xlsx", rows, ("Name", "Ort")), tmp_path / "plan.json"
    assert solve(file, "--tables", 4, "--rounds", 2, *QUICK, "-o", plan) == 0
    assert "„konstanz“ wurde als „Konstanz“ gelesen." in capsys.readouterr().err
    told = json.loads(plan.read_bytes())
    assert {one["city"] for one in told["people"]} == {"Konstanz", "Heilbronn"}


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ("Haarfarbe=stark", "„Haarfarbe“ lässt sich nicht mischen. Es gibt: Ort, Amt, Erfahrung, Sprache, Arbeits"),
        ("Runden=stark", "„Runden“ lässt sich nicht mischen."),
        ("Konfession=stark", "Die Spalte „Konfession“ wird nicht gelesen"),
        ("Arbeitsgruppe:sehr", "„sehr“ ist keine Stärke. Es gibt: hart (muss), stark"),
        ("=stark", "„“ lässt sich nicht mischen."),
    ],
)
def test_what_cannot_be_mixed(tmp_path: Path, capsys: pytest.CaptureFixture[str], wish: str, words: str) -> None:
    assert solve(people(tmp_path / "list.xlsx", _rows(12), HEADER), "--tables", 2, "--mix", wish) == 2
    assert words in capsys.readouterr().err
