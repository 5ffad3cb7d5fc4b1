"""What a workbook's columns and sheets may be called, and when two spellings are the same name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Final

from services.kit import i18n
from services.kit.text import words

ASIDE = re.compile(r"\([^()]*\)")
NO_WORD = re.compile(r"[^a-z0-9]+")
LONGEST_COMPARED = 200
"""Characters that two names are told apart by."""


def plain(said: str) -> str:
    """What two spellings of a name have in common: „E-Mail-Adresse“ and „eMail Adresse“, „Ämter“ and „AEMTER“."""
    said = said[:LONGEST_COMPARED]
    if "(" in said:
        said = ASIDE.sub(" ", said).strip() or said
    if said.isascii():  # most of what is compared, and much cheaper
        joined = NO_WORD.sub("", said.lower())
    else:
        joined = "".join(words(said))
    return joined.replace("ae", "a").replace("oe", "o").replace("ue", "u")


PRIVATE: Final = (
    "Personalnummer", "Personal-Nr.", "Pers.-Nr.", "Personalkennziffer", "Geburtsdatum", "Geburtstag", "Geboren am",
    "Privatadresse", "Telefon privat", "E-Mail privat", "Private Telefonnummer", "Besoldung", "Entgeltgruppe",
    "Besoldungsgruppe", "Konfession", "Schwerbehinderung", "Date of birth", "Staff number", "Mitarbeiternummer",
    "Mitarbeiter-Nr.", "Mitarbeiter-ID", "Employee number",
)  # fmt: skip
"""Columns that are nobody's business here: never read, and said so."""
AT_HOME = re.compile(r"\bpriv(at|\b)", re.IGNORECASE)
"""„Telefon (privat)“, „Priv. Handy“, „Privatanschrift“, and whatever stands below „Privat“."""
OTHERS: Final = (
    "Telefax", "Telefaxnummer", "Faxnummer", "Stellennummer", "Stellen-Nr.", "Personalrat", "Einwilligung",
)  # fmt: skip
"""Columns whose names look like a mistyped one of ours and mean something else."""


@cache
def never_read() -> frozenset[str]:
    """The plain names of PRIVATE."""
    return frozenset(map(plain, PRIVATE))


def is_private(title: str) -> bool:
    """Whether a column of this title is never read."""
    return plain(title) in never_read() or AT_HOME.search(title) is not None


@cache
def not_mistyped() -> frozenset[str]:
    """The plain names of OTHERS."""
    return frozenset(map(plain, OTHERS))


@dataclass(frozen=True)
class Column:
    """`form` says how cells are read by whoever reads the sheet. Extra names are further ones that offices use."""

    field: str
    form: str
    de: str
    en: str
    others: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return self.en if i18n.language() == "en" else self.de

    @property
    def names(self) -> tuple[str, ...]:
        return (self.de, self.en, *self.others)


@dataclass(frozen=True)
class Layout:
    """The sheets of a kind of workbook, as values by kind.

    `columns`: the columns of each kind; where two share a name, the first has it. `sheets`: what sheets are called; a
    kind without columns is passed over. `needed`: of these fields, a sheet that is called so has one. `telling`: of
    these, a sheet has one whose name says nothing; where columns fit two kinds alike, the first. `least`: so many
    columns such a sheet has at least.
    """

    columns: Mapping[str, tuple[Column, ...]]
    sheets: Mapping[str, tuple[str, ...]]
    needed: Mapping[str, tuple[str, ...]]
    telling: Mapping[str, tuple[str, ...]]
    least: int = 2
    _named: dict[str, Mapping[str, Column]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def named(self, kind: str) -> Mapping[str, Column]:
        """The columns of a kind by their plain names."""
        if kind not in self._named:
            found: dict[str, Column] = {}
            for column in self.columns[kind]:
                for name in (*column.names, column.field):
                    found.setdefault(plain(name), column)
            self._named[kind] = found
        return self._named[kind]

    @cached_property
    def kinds(self) -> Mapping[str, str]:
        """Kinds by the plain names of their sheets."""
        return {plain(one): kind for kind, some in self.sheets.items() for one in some}

    def label(self, kind: str) -> str:
        """What a sheet of this kind is called in the language of the person."""
        return self.sheets[kind][1 if i18n.language() == "en" else 0]
