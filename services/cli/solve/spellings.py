"""Topics without a vocabulary: what participants name, with spellings of the same name taken as one. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from services.cli.solve.people import Note, Participant, Topic
from services.kit.i18n import gettext as _
from services.kit.sheets.columns import plain
from services.kit.text import folded

SHORT = 4
"""Letters below which only case tells spellings apart: „C“, „C++“ and „C#“ are three topics."""
CLOSE = 0.87
MOST_COMPARED = 1_000
"""Topics that are compared with each other; of more, nothing alike is pointed out."""
MOST_NOTES = 50


def spelled(said: str) -> str:
    """What spellings of one name have in common; what stands in brackets is a part of it."""
    found = plain(said.replace("(", " ").replace(")", " "))
    return found if len(found) >= SHORT else folded(said)


def settled(people: Sequence[Participant]) -> tuple[list[Participant], list[Topic], list[Note]]:
    """The people with one spelling for each topic, the most usual one; the topics in their order; what to look at."""
    said = Counter(name for one in people for name in (*one.offers, *one.seeks, *one.works_on))
    groups: dict[str, list[str]] = {}
    for name in said:
        groups.setdefault(spelled(name), []).append(name)
    meant = {name: max(some, key=lambda one: said[one]) for some in groups.values() for name in some}
    notes = [
        Note("", _("„{said}“ was taken for „{name}“.", said=name[:60], name=meant[name][:60]))
        for some in groups.values()
        for name in some
        if meant[name] != name
    ]
    notes += _alike({key: meant[some[0]] for key, some in groups.items()})

    def alike(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(meant[name] for name in names))

    changed = [
        replace(one, offers=alike(one.offers), seeks=alike(one.seeks), works_on=alike(one.works_on)) for one in people
    ]
    return changed, [Topic(name) for name in dict.fromkeys(meant.values())], notes[:MOST_NOTES]


def _alike(names: dict[str, str]) -> list[Note]:
    """Pairs that look like one topic with a typing error; those that differ in a number do not."""
    if len(names) > MOST_COMPARED:
        return []
    keys = list(names)
    found = []
    for number, key in enumerate(keys):
        for near in get_close_matches(key, keys[number + 1 :], n=2, cutoff=CLOSE) if len(key) > SHORT else []:
            if [c for c in key if c.isdigit()] == [c for c in near if c.isdigit()]:
                one, other = names[key][:60], names[near][:60]
                found.append(Note("", _("„{one}“ and „{other}“ look alike. If they are one topic, write them alike.",
                                        one=one, other=other)))  # fmt: skip
    return found
