"""The command as tests call it, and sheets of people for it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from services.cli import main
from services.kit.sheets.opening import tables
from services.kit.sheets.table import Table
from tests.cli import sample

QUICK = ("--iterations", "20000")


def solve(*arguments: object) -> int:
    return main(["solve", *map(str, arguments)])


def people(path: Path, rows: Sequence[Sequence[Any]], header: Sequence[str] = sample.HEADER, **others: Any) -> Path:
    """A workbook of these rows; `others` are sheets by name."""
    book: Any = xlsxwriter.Workbook(path, {"strings_to_formulas": False})
    for name, cells in {"Teilnehmende": [header, *rows], **others}.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(cells):
            for column, cell in enumerate(row):
                sheet.write(number, column, cell)
    book.close()
    return path


def sheets(path: Path) -> dict[str, Table]:
    return {table.name: table for table in tables(path.read_bytes())}


def read_plan(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_bytes())
    del found["quality"]["seconds"]
    return found
