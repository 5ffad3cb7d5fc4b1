"""Text from outside: cleaned, sorted and searched the same way on every server."""

import unicodedata

_KEEP = {0x200C, 0x200D}
"""Zero-width (non-)joiners belong to the spelling of some names."""


def forbidden_character(value: str) -> str | None:
    """The name of the first character that must not stand in a text, such as `U+202E`; None when all may.

    Control characters break papers, logs and calendars; direction marks make a text read as another; lone surrogates
    cannot be stored.
    """
    for character in value:
        kind = unicodedata.category(character)
        if kind in {"Cc", "Cs", "Cn"} or (kind == "Cf" and ord(character) not in _KEEP):
            if character in "\t\n\r" or character == "\u00ad":
                continue
            return f"U+{ord(character):04X}"
    return None


def cleaned(value: str) -> str:
    """One line: NFC, white space folded, soft hyphens gone."""
    return " ".join(unicodedata.normalize("NFC", value.replace("\u00ad", "")).split())


def sort_key(value: str) -> str:
    """DIN 5007-1 (dictionary order): ä as a, ß as ss, case and accents aside, then the text itself to settle ties.

    Stored, because a PostgreSQL without ICU sorts „Ärzte“ behind „Zeitz“.
    """
    return f"{folded(value)}\x1f{value}".replace("\x1f", " ")


def folded(value: str) -> str:
    """Lower case without accents, for comparing what people type."""
    plain = unicodedata.normalize("NFKD", value.casefold().replace("ß", "ss"))
    return "".join(c for c in plain if not unicodedata.combining(c))
