"""The words of a text, and the lexemes that a row is found by."""

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import chain

from services.directory.wording.compounds import inside, stem
from services.kit.text import LONGEST_WORD, words

TOKEN = re.compile(r"[^\W_]+(?:[-‐‑–][^\W_]+)*")
MOST_WORDS = 500
"""Words of one row that can be found; a longer text ends there."""
TOPIC, STEM, PART, NAME, PLACE = "#", "~", "+", "@", "="
"""What stands before a lexeme that is no word of the text: a topic's code, a stem, the stem of a part of a compound, a
word of what the row is called, a city's key. None is a character of words, so that no prefix of a word finds them.
"""
SPELLED = {"ä": "ae", "ö": "oe", "ü": "ue"}
PLAIN = re.compile(r"(?<![aeiouq])([aou])e")


@lru_cache(maxsize=50_000)
def spellings(token: str) -> tuple[str, ...]:
    """The words of a token as people may type them: „Ämter“ and „Aemter“ find each other, „E-Akte“ is also `eakte`."""
    plain = words(token)
    found = [*plain, *(words("".join(SPELLED.get(c, c) for c in token.casefold())))]
    if len(plain) > 1:
        found.append("".join(plain)[:LONGEST_WORD])
    return tuple(dict.fromkeys([*found, *map(plainly, plain)]))


def lexemes(
    texts: Iterable[str], topics: Iterable[str] = (), *, title: str = "", name: str = "", place: str = ""
) -> list[str]:
    """What a row can be found by: its words with stems and parts, its topics with those above them, its city.

    `title` and `name` are what it is called; a name has no stems. `texts` are the rest.
    """
    called = list(dict.fromkeys(_spelled(f"{title} {name}")))[:MOST_WORDS]
    plain = list(dict.fromkeys(chain.from_iterable(map(_said, (title, *texts)))))[:MOST_WORDS]
    found = [*called, *plain, *[NAME + word for word in called]]
    for word in plain:
        found += _meant(word)
    found += [TOPIC + code for code in topics]
    if place:
        found.append(PLACE + place)
    return list(dict.fromkeys(found))


def _said(text: str) -> Iterable[str]:
    """The words of a text; short ones, as people's titles and departments, are said again and again."""
    return _short(text) if len(text) <= LONGEST_WORD else _spelled(text)


@lru_cache(maxsize=20_000)
def _short(text: str) -> tuple[str, ...]:
    return tuple(_spelled(text))


def _spelled(text: str) -> Iterator[str]:
    for token in TOKEN.findall(text):
        yield from spellings(token)


@lru_cache(maxsize=50_000)
def _meant(word: str) -> tuple[str, ...]:
    return (STEM + stem(word), *(PART + part for part in inside(word)))


def plainly(word: str) -> str:
    """A folded word with its umlauts written short: „aemter“ as „amter“."""
    return PLAIN.sub(r"\1", word)


def alike(typed: str, other: str) -> float:
    """How much of both agrees, from 0 to 1; what is longer may be what somebody was going to type."""
    begun = other[: len(typed) + 1] if len(other) > len(typed) + 1 else other
    return max(SequenceMatcher(None, typed, one, autojunk=False).ratio() for one in {other, begun})
