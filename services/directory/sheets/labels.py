"""Finding what people meant by a word: topics of the vocabulary, languages, the codes of a choice."""

import re
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from babel import Locale

from services.kit import i18n
from services.kit.sheets.columns import plain
from services.kit.sheets.lists import SEPARATORS, pieces, unique

CLOSE = 0.75


@dataclass(frozen=True)
class Label:
    """A topic: its code and what it is called; one that was merged into another has its code only."""

    code: str
    de: str
    en: str
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """`code` is None for what nothing is called; `sure` tells code and label from a synonym."""

    said: str
    code: str | None
    sure: bool = True


class Labels:
    """The vocabulary by what people write. Where two topics share a name, the code or the label wins over synonyms;
    a name that stays ambiguous means none of them.
    """

    def __init__(self, topics: Iterable[Label]) -> None:
        self.topics = {topic.code: topic for topic in topics}
        self.sure = unique((plain(name), t.code) for t in self.topics.values() for name in (t.de, t.en))
        self.sure.update((plain(code), code) for code in self.topics)
        self.cells: dict[str, list[Found]] = {}
        """What was read before: in a list, the same topics come again and again."""
        self.synonyms = unique((plain(name), t.code) for t in self.topics.values() for name in t.synonyms)

    def anew(self) -> "Labels":
        """The same, which has read nothing yet."""
        made = copy(self)
        made.cells = {}
        return made

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(self.topics)

    def code(self, said: str) -> Found:
        if said in self.topics:
            return Found(said, said)
        name = plain(said)
        if name in self.sure:
            return Found(said, self.sure[name])
        return Found(said, self.synonyms.get(name), sure=False)

    def name(self, code: str) -> str:
        """What a cell says for a code: its label where that leads back to it."""
        topic = self.topics.get(code)
        if topic is None:
            return code
        label = topic.en if i18n.language() == "en" else topic.de
        return label if self.code(label).code == code and [found.code for found in self.read(label)] == [code] else code

    def near(self, said: str) -> str:
        """The label of the nearest topic; empty if none is near."""
        names = {**self.synonyms, **self.sure}
        close = get_close_matches(plain(said)[:80], names, n=1, cutoff=CLOSE)
        return self.name(names[close[0]]) if close else ""

    def read(self, cell: str) -> list[Found]:
        """The topics of a cell, in whatever way it lists them."""
        if cell not in self.cells:
            self.cells[cell] = pieces(cell, lambda name: self.code(name).code is not None, self.code)
        return self.cells[cell]


@cache
def _languages() -> Mapping[str, str]:
    """Codes of languages by what they are called in German and English."""
    found: dict[str, str] = {}
    for locale in ("en", "de"):
        for code, name in Locale(locale).languages.items():
            found[plain(name)] = code.replace("_", "-")
    return found


def language_code(said: str) -> str | None:
    """Deutsch, german and de are all `de`; None for what is no language. Tags such as `de-CH` stay as they are."""
    if re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", said):
        return said
    return _languages().get(plain(said))


def language_codes(said: str) -> tuple[str, ...]:
    """Of what somebody listed; a word that is no language stays, for whoever checks them to say so."""
    found = pieces(said, lambda one: language_code(one) is not None, lambda one: language_code(one) or one)
    return tuple(dict.fromkeys(found))


def language_name(code: str) -> str:
    """As `language_codes` reads it back: a code where it could not."""
    name = Locale(i18n.language()).languages.get(code.replace("-", "_"), "")
    return name if name and SEPARATORS.search(name) is None and language_code(name) == code else code
