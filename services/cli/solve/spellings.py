"""Spellings of one name taken as one: topics without a vocabulary, and what tables mix. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from services.cli.solve.columns import KINDS
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
    meant, notes = _meant(said)
    notes += _alike({spelled(name): name for name in meant.values()})

    def alike(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(meant[name] for name in names))

    changed = [
        replace(one, offers=alike(one.offers), seeks=alike(one.seeks), works_on=alike(one.works_on)) for one in people
    ]
    return changed, [Topic(name) for name in dict.fromkeys(meant.values())], notes[:MOST_NOTES]


def alike_kinds(people: Sequence[Participant]) -> tuple[list[Participant], list[Note]]:
    """The people with one spelling for each city, department, …; what was taken for what."""
    own = people[0].own if people else {}
    meant = {}
    notes: list[Note] = []
    for kind in (*KINDS, *own):
        meant[kind], found = _meant(Counter(one.kind(kind) for one in people if one.kind(kind)))
        notes += found

    def same(one: Participant) -> Participant:
        found: dict[str, Any] = {kind: meant[kind].get(one.kind(kind), "") for kind in KINDS}
        return replace(one, own={kind: meant[kind].get(one.kind(kind), "") for kind in own}, **found)

    return [same(one) for one in people], notes[:MOST_NOTES]


def _meant(said: Counter[str]) -> tuple[dict[str, str], list[Note]]:
    """The most usual spelling of each name, and those that were taken for another."""
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
    return meant, notes


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
