"""Spreadsheets as offices have them, read as snapshots and written back. Pure: bytes in, values out."""

from services.directory.sheets.keys import Keys, new_key
from services.directory.sheets.labels import Label, Labels, language_codes, language_name
from services.directory.sheets.merging import rebased
from services.directory.sheets.reading import Note, Reading, Sheet, read
from services.directory.sheets.shown import Section, difference
from services.directory.sheets.template import template

__all__ = [
    "Keys",
    "Label",
    "Labels",
    "Note",
    "Reading",
    "Section",
    "Sheet",
    "difference",
    "language_codes",
    "language_name",
    "new_key",
    "read",
    "rebased",
    "template",
]
