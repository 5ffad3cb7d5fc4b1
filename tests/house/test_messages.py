"""No string left behind: whatever a person may read on screen has a German translation beside the code."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from tests.house.tree import SERVICES, files

KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "gettext": None, "ngettext": (1, 2)}
WRITTEN_BY_JINJA = {"templates", "mails"}
TOP = "kit"
"""Files directly in services/ (app.py, cli.py) keep their translations with the kit."""


def service_of(path: Path) -> str:
    inside = path.relative_to(SERVICES).parts
    return inside[0] if len(inside) > 1 and (SERVICES / inside[0] / "__init__.py").exists() else TOP


SOURCES = [path for path in files() if path.is_relative_to(SERVICES)]
NAMES = sorted({service_of(path) for path in SOURCES if path.suffix == ".py"})


def extracted(path: Path) -> Iterator[tuple[int, str | tuple[str, ...]]]:
    """(line, message id) for every translatable string in `path`; a plural has both its forms as id."""
    if path.suffix == ".py":
        method, options = "python", {}
    elif WRITTEN_BY_JINJA & set(path.parts) and path.suffix in {".html", ".txt", ".xml"}:
        # Without `silent`, a template that Jinja cannot read would simply have no strings.
        method, options = "jinja2.ext:babel_extract", {"silent": "false", "newstyle_gettext": "true"}
    else:
        return
    with path.open("rb") as file:
        for line, message, _comments, _context in extract(method, file, keywords=KEYWORDS, options=options):
            yield line, message


@cache
def catalogue(service: str) -> Catalog:
    path = SERVICES / service / "locale" / "de" / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return Catalog(locale="de")
    with path.open("rb") as file:
        return read_po(file, locale="de", abort_invalid=True)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("service", NAMES)
def test_every_message_speaks_german(service: str) -> None:
    german = catalogue(service)
    missing = []
    for path in SOURCES:
        if service_of(path) != service:
            continue
        for line, message in extracted(path):
            entry = german.get(message)
            if entry is None or not all(entry.string if isinstance(entry.string, tuple) else (entry.string,)):
                missing.append(f"{path.relative_to(SERVICES)}:{line}: {message!r}")
    assert missing == []


@pytest.mark.parametrize("service", NAMES)
def test_no_translation_is_fuzzy_or_obsolete(service: str) -> None:
    german = catalogue(service)
    assert [entry.id for entry in german if entry.fuzzy and entry.id] == []
    assert list(german.obsolete) == []


@pytest.mark.parametrize("service", NAMES)
def test_translations_fill_in_the_same_values(service: str) -> None:
    """`{name}` that the German text spells otherwise would be a KeyError on screen, in German only."""
    wrong = []
    for entry in catalogue(service):
        ids = entry.id if isinstance(entry.id, (tuple, list)) else (entry.id,)
        texts = entry.string if isinstance(entry.string, (tuple, list)) else (entry.string,)
        known = set().union(*map(placeholders, ids))
        wrong += [text for text in texts if text and entry.id and not placeholders(text) <= known]
    assert wrong == []


def test_one_english_text_has_one_german() -> None:
    """All catalogues are merged: a second translation of the same text would stand where the first was meant."""
    found: dict[object, dict[object, str]] = {}
    for service in NAMES:
        for message in catalogue(service):
            if message.id:
                found.setdefault((message.context, message.id), {}).setdefault(message.string, service)
    assert {text: german for text, german in found.items() if len(german) > 1} == {}
