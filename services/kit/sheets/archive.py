"""Zip files of XML, as spreadsheets are, read with bounds.

Libraries that read spreadsheets lay a sheet out in memory as large as it says it is: a file of five kilobytes with a
value in its last cell then asks for half a terabyte and takes the process with it. Here, nothing is trusted that the
file announces: sizes are checked in the zip's directory, parts are read no further than that, elements are counted.
"""

import re
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from xml.parsers import expat

from services.kit.errors import Refused
from services.kit.i18n import gettext as _
from services.kit.sheets.table import unreadable

MOST_UNPACKED = 40_000_000
"""Bytes of all parts together."""
MOST_PARTS = 2_000
MOST_ELEMENTS = 1_500_000
"""Of one file; a full sheet of 5,000 rows and 100 columns has about a million."""
READABLE = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
Attributes = dict[str, str]


def open_zip(content: bytes) -> zipfile.ZipFile:
    """Raises Refused for what is no zip, is locked, or would unpack into more than is read."""
    try:
        archive = zipfile.ZipFile(BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise unreadable(_("The file is damaged: it cannot be unpacked.")) from None
    parts = archive.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise unreadable(_("The file unpacks into more than the hub reads. Please remove pictures and unused sheets."))
    if any(part.flag_bits & 1 for part in parts):
        raise locked()
    if any(part.compress_type not in READABLE for part in parts):
        raise unreadable(_("The file is packed in a way that spreadsheets are not."))
    return archive


class Parts:
    """The XML parts of one spreadsheet."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.names = {part.filename: part for part in archive.infolist()}
        self.elements = 0

    def walk(
        self,
        name: str,
        start: Callable[[str, Attributes], None],
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
    ) -> bool:
        """Tell of every element of a part, without the prefixes of names; False where there is no such part.

        Raises Refused for broken XML, for XML that declares entities, and beyond MOST_ELEMENTS.
        """
        if name not in self.names:
            return False
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True

        def began(full: str, attributes: Attributes) -> None:
            self.elements += 1
            if self.elements > MOST_ELEMENTS:
                raise unreadable(_("The file has more cells than the hub reads."))
            start(_local(full), {_local(key): value for key, value in attributes.items()})

        def refuse(*_declared: object) -> None:
            raise unreadable(_("The file is damaged: it cannot be unpacked."))

        parser.StartElementHandler = began
        parser.StartDoctypeDeclHandler = refuse
        if end:
            parser.EndElementHandler = lambda full: end(_local(full))
        if text:
            parser.CharacterDataHandler = text
        try:
            parser.Parse(self.archive.read(self.names[name]), True)
        except Refused:
            raise
        except (expat.ExpatError, zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError, OSError):
            raise unreadable(_("The file is damaged: it cannot be unpacked.")) from None
        return True


def locked() -> Refused:
    return unreadable(_("The file is locked with a password. Please save it without one."))


def is_locked(parts: Parts) -> bool:
    """Whether an OpenDocument file has a password: the zip around it stays open then."""
    found = ["encrypted-package" in parts.names]
    parts.walk("META-INF/manifest.xml", lambda tag, _attributes: found.append(tag == "encryption-data"))
    return any(found)


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def whole(value: str | None, default: int) -> int:
    """A number of an attribute, if it is one of at most 9 digits."""
    return int(value) if value and re.fullmatch(r"[0-9]{1,9}", value) else default
