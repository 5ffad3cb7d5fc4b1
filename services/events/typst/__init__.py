"""Typesetting: one of this folder's templates and some data in, a PDF out.

Data reaches the templates as JSON through `sys.inputs` and never as markup. Nothing is looked up outside this folder
and the faces named here: no system fonts, no `@preview` packages. Compilers are made per call (they cost well under a
millisecond; typst keeps its caches per process), so that threads share nothing but the immutable fonts.
"""

import atexit
import datetime as dt
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec
import typst

if TYPE_CHECKING:
    from typst import PDFStandard

_TEMPLATES = Path(__file__).parent
_FACES = ("Regular", "Semibold", "Bold")
_LACKING = "could not be displayed"
"""What typst says of a sign that no face has."""
UNUSUAL = re.compile(r"[^\x20-\x7e\xa0-\u017f\u2010-\u2015\u2018-\u201e\u2022\u2026\u20ac]")
"""What not every face has for certain."""
_IDEOGRAPHS = re.compile("[\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]")
"""That no face has; they are too many to be tried one by one."""
_WITH_IT = "[\u200d\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff]*"
"""What only says how the sign beside it looks: joiners, variants, tones of skin."""
_WIDEST_WORD = 30
"""In letters of middling width; every column of the templates holds that much at its type size."""


def typeset(
    template: str,
    data: Mapping[str, object],
    moment: dt.datetime,
    *,
    kept: bool = False,
    files: Mapping[str, bytes] = MappingProxyType({}),
) -> bytes:
    """The template `<template>.typ` filled with `data` (JSON-able) as PDF/UA-1, dated `moment`.

    Papers to be `kept` are PDF/A-2a as well. `files` are pictures that the template reads by these names. The same
    arguments give the same bytes. Where a text that is not `drawable` needs a sign that no face has, a box stands in
    for it and the file, though tagged, declares no standard, because they forbid that. Raises typst.TypstError for a
    broken template or picture.
    """
    inputs = {"data": msgspec.json.encode(data).decode()}
    standards: list[PDFStandard] = ["ua-1", "a-2a"] if kept else ["ua-1"]
    with _root(files) as root:
        try:
            return _compile(root, template, inputs, moment, standards)
        except typst.TypstError as error:
            if _LACKING not in str(error):
                raise
            return _compile(root, template, inputs, moment, [])


def readable(name: str, content: bytes) -> bool:
    """Whether the picture `name`, told by its ending, can be set at all."""
    try:
        with _root({name: content}) as root:
            (root / "one.typ").write_text(f'#image("{name}")', encoding="utf-8")
            typst.compile(root / "one.typ", root=root, format="pdf")
    except typst.TypstError:
        return False
    return True


def drawable(text: str) -> str:
    """`text` without the signs that no face has, such as most emoji, and without what belongs to them."""
    lost = {sign for sign in set(UNUSUAL.findall(text)) if not _drawn(sign)}
    if not lost:
        return text
    signs = "".join(map(re.escape, sorted(lost)))
    return re.sub(" {2,}", " ", re.sub(f"{_WITH_IT}[{signs}]{_WITH_IT}", "", text)).strip()


@cache
def _drawn(sign: str) -> bool:
    """Whether a face has the sign; typst is asked once for each."""
    if _IDEOGRAPHS.match(sign):
        return False
    asked = msgspec.json.encode({"document": "–", "signs": sign, "labels": {}, "event": {}}).decode()
    try:
        _compile(_TEMPLATES, "drawn", {"data": asked}, dt.datetime.fromtimestamp(0, dt.UTC), ["ua-1"])
    except typst.TypstError as error:
        if _LACKING not in str(error):
            raise
        return False
    return True


def breakable(text: str) -> str:
    """`text` with soft hyphens in words too long for a line, so that not even a nonsense word runs off the paper."""
    return re.sub(r"[^\s\-–/]{16,}", lambda word: _broken(word[0]), text)


def _broken(word: str) -> str:
    parts, width = [""], 0.0
    for letter in word:
        width += 1.7 if letter.isupper() or letter in "mw@%&" or unicodedata.east_asian_width(letter) in "WF" else 1.0
        joined = unicodedata.category(letter) in ("Mn", "Me", "Cf")
        if parts[-1] and not joined:
            parts.append("")
        parts[-1] += letter
    return word if width <= _WIDEST_WORD else "\u00ad".join(parts)


@contextmanager
def _root(files: Mapping[str, bytes]) -> Iterator[Path]:
    """The folder of the templates; with `files`, one for this once that has both."""
    if not files:
        yield _TEMPLATES
        return
    with tempfile.TemporaryDirectory(prefix="lotsennetz-paper-") as folder:
        for template in _TEMPLATES.glob("*.typ"):
            shutil.copy(template, folder)
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        yield Path(folder)


def _compile(
    root: Path,
    template: str,
    inputs: dict[str, str],
    moment: dt.datetime,
    standards: "list[PDFStandard]",
) -> bytes:
    return typst.compile(
        root / f"{template}.typ",
        root=root,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs=inputs,
        pdf_standards=standards,
        timestamp=int(moment.timestamp()),
    )


@cache
def _fonts() -> typst.Fonts:
    # The package holds every face twice (OTF and TTF) in one folder, and typst would take whichever the file system
    # lists first. A folder with just the faces we use makes the choice, and so the bytes, the same everywhere.
    folder = Path(tempfile.mkdtemp(prefix="lotsennetz-fonts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for face in _FACES:
        with as_file(files("font_source_sans_pro") / "files" / f"SourceSansPro-{face}.ttf") as file:
            shutil.copy(file, folder)
    return typst.Fonts(include_system_fonts=False, font_paths=[folder])
