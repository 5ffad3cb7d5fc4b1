"""Where a plan goes: a workbook, CSV or JSON, written whole or not at all."""

import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

from services.cli import files
from services.cli.solve import workbook
from services.cli.solve.account import Account
from services.kit.errors import Refused
from services.kit.i18n import gettext as _
from services.kit.sheets.writing import delimited

FORMATS = (".xlsx", ".csv", ".json")
STANDARD = "-"


@dataclass(frozen=True)
class Target:
    """`path` is None for standard output; `form` is one of FORMATS."""

    path: Path | None
    form: str

    @property
    def is_standard(self) -> bool:
        return self.path is None

    def __str__(self) -> str:
        return str(self.path) if self.path else STANDARD


def target(said: str | None, file: Path) -> Target:
    """Raises Refused for what cannot be written, before anything is searched."""
    if said == STANDARD:
        return Target(None, ".json")
    path = Path(said) if said else file.with_name(f"{file.stem}-plan.xlsx")
    if path.suffix.lower() not in FORMATS:
        raise Refused(_("A plan is written as .xlsx, .csv or .json: {file} is none of these.", file=path))
    if path.resolve() == file.resolve():
        raise Refused(_("The plan would overwrite the list of people. Choose another name with --output."))
    if not path.absolute().parent.is_dir():
        raise Refused(_("{file} cannot be written: there is no such folder.", file=path))
    return Target(path, path.suffix.lower())


def write(told: Account, to: Target) -> None:
    """Raises Refused where the file cannot be written; what was there before then stays."""
    made = {".xlsx": workbook.workbook, ".csv": _csv, ".json": _json}[to.form](told)
    if to.path is None:
        sys.stdout.buffer.write(made)
        sys.stdout.flush()
    else:
        files.store(to.path, made)


def _json(told: Account) -> bytes:
    return msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n"


def _csv(told: Account) -> bytes:
    """Who sits where: semicolons and a byte order mark, as Excel reads it by a double click."""
    rounds = [_("Round {number}", number=number) for number in range(1, len(told.rounds) + 1)]
    people = ((one.name, one.city, one.department, *one.seats) for one in told.people)
    return delimited([_("Name"), _("City"), _("Department"), *rounds], people)
