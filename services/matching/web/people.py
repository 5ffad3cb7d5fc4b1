"""Names that organisers write, and the people whom they mean."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from services.kit.errors import Refused
from services.kit.i18n import gettext as _
from services.kit.text import folded
from services.matching.reading import Known, named

MOST_LIKE: Final = 3
LONGEST: Final = 200


class People:
    """Those who take part or are in a plan: found by what somebody typed, written so that they are found again."""

    def __init__(self, known: Mapping[str, Known]) -> None:
        self.known = known
        self._keys: dict[str, list[str]] = {}
        for key, one in known.items():
            for text in {one.name, one.full}:
                self._keys.setdefault(_plain(text), []).append(key)
            self._keys[key] = [key]

    def find(self, text: str) -> str:
        """The key of whoever is called `text`: by name, by name and city, or by key. Raises Refused, in words."""
        found = self._keys.get(_plain(text), [])
        if len(found) == 1:
            return found[0]
        if found:
            raise Refused(
                _("„{name}“ is the name of several people. Please write one of: {people}",
                  name=text[:LONGEST], people="; ".join(self.written(key) for key in found[:MOST_LIKE]))
            )  # fmt: skip
        like = get_close_matches(_plain(text)[:LONGEST], self._keys, MOST_LIKE, 0.7)
        people = ", ".join(self.known[self._keys[one][0]].full for one in like)
        raise Refused(
            _("„{name}“ does not take part. Do you mean: {people}?", name=text[:LONGEST], people=people)
            if people
            else _("„{name}“ does not take part.", name=text[:LONGEST])
        )

    def written(self, key: str) -> str:
        """As `find` takes it: the name, with the city where several have it, the key where that does not suffice."""
        one = named(self.known, key)
        return next((text for text in (one.name, one.full) if self._keys.get(_plain(text)) == [key]), key)

    def called(self, words: str) -> list[Known]:
        """Everybody with all of these words in their name or city, in the order of names."""
        parts = folded(words).split()
        return [one for one in self.known.values() if all(part in folded(one.full) for part in parts)]

    def names(self, keys: Iterable[str]) -> list[Known]:
        """Those of the keys, in the order of names, whoever left at the end."""
        wanted = set(keys)
        return [one for key, one in self.known.items() if key in wanted] + [
            named(self.known, key) for key in sorted(wanted - self.known.keys())
        ]


def _plain(text: str) -> str:
    return " ".join(folded(text).split())
