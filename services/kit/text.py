"""Text from outside: cleaned, sorted and searched the same way on every server."""

import re
import unicodedata

_STROKED = str.maketrans({"ß": "ss", "ł": "l", "đ": "d", "ø": "o", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th"})
"""Letters whose stroke is no combining mark, so that decomposing does not find the base letter."""
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_KEEP = {0x200C, 0x200D}
"""Zero-width (non-)joiners belong to the spelling of some names."""


_BLANK = {0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0}
"""Letters and symbols that show nothing: a name of these looks like none."""
_USUAL = re.compile(r"[ -~\u00a0-\u017f\u2010-\u2027\u20ac]*")
"""Nearly all texts are of these, and may stand anywhere."""
_WORD = re.compile(r"[^\W_]+")
LONGEST_WORD = 60
_COMMON_MARKS = re.compile(r"[\u0300-\u034e\u0350-\u036f]+")
MOST_MARKS = 8
"""Combining marks in a row: no spelling needs more, and a hundred of them paint over the lines above and below."""


def forbidden_character(value: str) -> str | None:
    """The name of the first character that must not stand in a text, such as `U+202E`; None when all may.

    Control characters break papers, logs and calendars; direction marks make a text read as another; lone surrogates
    cannot be stored.
    """
    if _USUAL.fullmatch(value):
        return None
    marks = 0
    for character in value:
        if character.isascii() and character.isprintable():
            marks = 0
            continue
        kind = unicodedata.category(character)
        marks = marks + 1 if kind in {"Mn", "Me"} else 0
        invisible = ord(character) in _BLANK or (kind == "Cf" and ord(character) not in _KEEP)
        if kind in {"Cc", "Cs", "Cn"} or invisible or marks > MOST_MARKS:
            if character in "\t\n\r" or character == "\u00ad":
                continue
            return f"U+{ord(character):04X}"
    return None


def visible(value: str) -> bool:
    """Whether anything of `value` can be seen."""
    if value.isascii() and value.isprintable():
        return bool(value.strip())
    return any(unicodedata.category(character)[0] in "LNPS" for character in value)


def cleaned(value: str) -> str:
    """One line: NFC, white space folded, soft hyphens gone."""
    if not value.isascii():
        value = unicodedata.normalize("NFC", value.replace("\u00ad", ""))
    return " ".join(value.split())


def sort_key(value: str) -> str:
    """DIN 5007-1 (dictionary order): ä as a, ß as ss, case and accents aside, then the text itself to settle ties.

    The separator sorts before every other character, so that „Au“ stands before „Au am Rhein“.
    Stored, because a PostgreSQL without ICU sorts „Ärzte“ behind „Zeitz“.
    """
    return f"{folded(value)}\x1f{value}"


def folded(value: str) -> str:
    """Lower case without accents, for comparing what people type."""
    if value.isascii():
        return value.lower()
    plain = unicodedata.normalize("NFKD", value.casefold().translate(_STROKED))
    plain = _COMMON_MARKS.sub("", plain)
    return plain if plain.isascii() else "".join(c for c in plain if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """The folded words of `text`, in order."""
    return [word[:LONGEST_WORD] for word in _WORD.findall(folded(text))]


def file_name(title: str, ending: str) -> str:
    """A name that every computer takes, for the file with this title: `marktplatz-wand.pdf`."""
    return f"{'-'.join(words(title.translate(_SPELT_OUT)))}.{ending}"
