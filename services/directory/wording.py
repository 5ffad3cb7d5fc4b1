"""How texts become words that can be found. Pure."""

import re
from collections.abc import Iterable

from services.kit.text import folded

WORD = re.compile(r"[^\W_]+")
LONGEST_WORD = 60
MOST_LEXEMES = 500
TOPIC = "topic:"
"""How the code of a topic stands among the words of a row, so that one index finds both."""


def words(text: str) -> list[str]:
    """The folded words of `text`, in order."""
    return [word[:LONGEST_WORD] for word in WORD.findall(folded(text))]


def lexemes(texts: Iterable[str], topics: Iterable[str] = ()) -> list[str]:
    """What a row can be found by: each word once, and its topics with those above them."""
    found = dict.fromkeys(word for text in texts for word in words(text))
    return [*list(found)[:MOST_LEXEMES], *dict.fromkeys(TOPIC + code for code in topics)]
