"""What two people have to say to each other, in topics rather than in a number.

The same relation as `topics.affinities`, which has it for everybody at once and without the reasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

EXACT, NEAR, BOTH, MOST_BOTH, SAME_FIELD = 1.0, 0.5, 0.5, 1.0, 0.25
"""The parts of an affinity, as `topics.affinities` counts them."""
MOST_NAMED = 5
"""Topics of each sort that a reason names, the best first."""


@dataclass(frozen=True, slots=True)
class Forest:
    """Topics with those above them: code → itself and its ancestors, the nearest first; and with those above or below,
    code → code → steps between the two, 0 for itself.
    """

    above: Mapping[str, tuple[str, ...]]
    near: Mapping[str, Mapping[str, int]]

    @classmethod
    def of(cls, topics: Iterable[tuple[str, str | None]]) -> Forest:
        """From (code, parent); the parents must be declared and free of cycles."""
        parents = dict(topics)
        above: dict[str, tuple[str, ...]] = {}
        near: dict[str, dict[str, int]] = {code: {} for code in parents}
        for code in parents:
            way: list[str] = []
            at: str | None = code
            while at is not None:
                near[code][at] = near[at][code] = len(way)
                way.append(at)
                at = parents[at]
            above[code] = tuple(way)
        return cls(above, near)

    def field(self, code: str) -> str:
        """The topmost topic above it, or itself."""
        return self.above[code][-1]

    def interest(self, named: Iterable[str], topic: str) -> float:
        """How much somebody who named these topics wants to hear of that one; as `topics.interests`."""
        every = list(named)
        if any(topic in self.above[code] for code in every):
            return 1.0
        return 0.5 if any(self.field(code) == self.field(topic) for code in every) else 0.0


@dataclass(frozen=True, slots=True, order=True)
class Fit:
    """An offered topic that answers a sought one: `apart` steps above or below it, 0 where it is the very one."""

    apart: int
    sought: str
    offered: str


@dataclass(frozen=True, slots=True)
class Said:
    """The topics that somebody named."""

    offers: tuple[str, ...]
    seeks: tuple[str, ...]
    works_on: tuple[str, ...]

    @property
    def named(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.offers, *self.seeks, *self.works_on)


@dataclass(frozen=True, slots=True)
class Talk:
    """Why two people should meet, seen from the one.

    `takes`: what the other offers and one seeks; `gives`: the other way round; `both`: topics both work on; `fields`:
    fields they share, named where there is nothing better. `affinity` as `topics.affinities` has it.
    """

    takes: tuple[Fit, ...]
    gives: tuple[Fit, ...]
    both: tuple[str, ...]
    fields: tuple[str, ...]
    affinity: float


def fits(forest: Forest, offered: Iterable[str], sought: Iterable[str]) -> tuple[Fit, ...]:
    """For each sought topic the nearest of those offered above or below it, the best first."""
    there = set(offered)
    out = []
    for wish in set(sought):
        steps = [(apart, code) for code, apart in forest.near[wish].items() if code in there]
        if steps:
            apart, code = min(steps)
            out.append(Fit(apart, wish, code))
    return tuple(sorted(out))


def talk(forest: Forest, one: Said, other: Said) -> Talk:
    """What the two have to say to each other; the lists hold at most MOST_NAMED each."""
    takes, gives = fits(forest, other.offers, one.seeks), fits(forest, one.offers, other.seeks)
    both = sorted(set(one.works_on) & set(other.works_on))
    affinity = _way(takes) + _way(gives) + min(MOST_BOTH, BOTH * len(both))
    fields: list[str] = []
    if not affinity:
        fields = sorted({forest.field(c) for c in one.named} & {forest.field(c) for c in other.named})
        affinity = SAME_FIELD if fields else 0.0
    return Talk(takes[:MOST_NAMED], gives[:MOST_NAMED], tuple(both[:MOST_NAMED]), tuple(fields[:MOST_NAMED]), affinity)


def _way(found: tuple[Fit, ...]) -> float:
    if not found:
        return 0.0
    return NEAR if found[0].apart else EXACT
