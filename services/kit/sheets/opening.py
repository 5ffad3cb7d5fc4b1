"""A file as its tables: which format it is, told by its content."""

from services.kit.errors import TooLarge
from services.kit.i18n import gettext as _
from services.kit.sheets import delimited, ods, xlsx
from services.kit.sheets.archive import Parts, is_locked, locked, open_zip
from services.kit.sheets.table import MOST_BYTES, Table, unreadable

ZIP = b"PK\x03\x04"
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Old Office files, and new ones that are locked with a password."""
XML = (b"<?xml", b"<html", b"<!doc", b"<table", b"{\\rtf", b"%pdf")


def tables(content: bytes) -> list[Table]:
    """Raises Refused for what is no spreadsheet, TooLarge for more than is read; says what to do instead."""
    if len(content) > MOST_BYTES:
        raise TooLarge(_("The file is larger than {most} MB.", most=MOST_BYTES // 1_000_000))
    if not content.strip():
        raise unreadable(_("The file is empty."))
    if content.startswith(ZIP):
        parts = Parts(open_zip(content))
        if is_locked(parts):
            raise locked()
        for is_one, read in ((xlsx.is_xlsx, xlsx.tables), (ods.is_ods, ods.tables)):
            if is_one(parts):
                return read(parts)
        raise unreadable(_("This is no spreadsheet. Please send XLSX, ODS or CSV."))
    if content.startswith(COMPOUND):
        raise unreadable(
            _("This is an old Excel file (.xls) or one with a password. Please save it as XLSX, unlocked.")
        )
    if content.lstrip(b"\xef\xbb\xbf \r\n\t")[:6].lower().startswith(XML):
        raise unreadable(_("This is no spreadsheet. Please send XLSX, ODS or CSV."))
    return [delimited.table(content)]
