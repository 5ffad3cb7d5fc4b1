"""German first, English second: gettext catalogues beside the code that uses them.

Message ids are the English text. Each service keeps `locale/de/LC_MESSAGES/messages.po`; all are merged here. The
catalogues are read as they are (Babel's own reader), so nothing has to be compiled at installation.
"""

import contextlib
from contextvars import ContextVar
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path

from babel import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations

LANGUAGES = ("de", "en")
LOCALES = {"de": "de_DE", "en": "en_GB"}
"""How each language writes days and times: in Germany, never with the month first."""
_language: ContextVar[str] = ContextVar("language", default="de")


@cache
def _translations(language: str) -> NullTranslations:
    merged = Translations()
    for path in sorted(Path(__file__).parent.parent.glob(f"*/locale/{language}/LC_MESSAGES/messages.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language)
        compiled = BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        merged.add(Translations(compiled))
    return merged


def gettext(message: str, /, **values: object) -> str:
    """`message` in the current language, with `{name}` placeholders filled from `values`."""
    text = _translations(_language.get()).gettext(message)
    return text.format(**values) if values else text


def ngettext(one: str, many: str, number: int, /, **values: object) -> str:
    """As `gettext`, for a countable thing; `{number}` is filled in."""
    text = _translations(_language.get()).ngettext(one, many, number)
    return text.format(number=number, **values)


def number(value: float) -> str:
    """With separators, as the current language writes them."""
    return _number(value, _language.get())


@lru_cache(maxsize=4096, typed=True)  # pages are full of the same small ones
def _number(value: float, language: str) -> str:
    return format_decimal(value, locale=language)


def language() -> str:
    return _language.get()


def locale() -> str:
    """How the current language writes days and times."""
    return LOCALES[_language.get()]


class speaking:  # noqa: N801  # reads as a word after `with`
    """Within the block, `gettext` answers in `language` (`de` or `en`)."""

    def __init__(self, language: str) -> None:
        self._wanted = language if language in LANGUAGES else LANGUAGES[0]

    def __enter__(self) -> None:
        self._before = _language.set(self._wanted)

    def __exit__(self, *_problem: object) -> None:
        _language.reset(self._before)


def accepted(header: str | None) -> str:
    """The language an `Accept-Language` header (RFC 9110) likes best; German where it asks for neither."""
    return _accepted((header or "")[:500])


@lru_cache(maxsize=256)  # browsers send the same few
def _accepted(header: str) -> str:
    wanted: list[tuple[float, str]] = []
    for part in header.split(","):
        tag, _semicolon, quality = part.strip().partition(";q=")
        with contextlib.suppress(ValueError):
            weight = float(quality or "1")
            if tag and weight > 0:
                wanted.append((-weight, tag.strip().replace("-", "_")))
    wanted.sort(key=lambda one: one[0])
    return negotiate_locale([tag for _weight, tag in wanted], LANGUAGES, sep="_") or LANGUAGES[0]
