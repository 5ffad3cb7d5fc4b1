"""What a search hands back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from services.events.agenda.bounds import attainable
from services.events.agenda.problem import OUT, Ints, Problem
from services.events.agenda.seating import attended, seating, turned_away

# Goes up whenever the same problem, seed and budget may give another plan.
VERSION = "2"


@dataclass(frozen=True, slots=True)
class Entry:
    """Where one session of a topic is; slot and room are None where the plan leaves it out."""

    topic: str
    slot: str | None
    room: str | None


@dataclass(frozen=True, slots=True)
class WorstOff:
    """Whose share of attainable wishes is the smallest; of several, who wished for the most."""

    person: str
    kept: float


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a plan is.

    `kept`: the share of wishes, by weight, that people can really attend: one in a slot, each topic once, out of as
    many as there are slots; where nobody may stand, with a seat. `attended`: their weight. `seatless`: interested
    people beyond the seats of the rooms. `turned_away`: how many would come to a session and find no seat, of all.
    `left_out`: topics with fewer sessions than wanted, one for each that is missing. `worst_off`: None without wishes.
    """

    kept: float
    attended: int
    seatless: int
    turned_away: int
    left_out: tuple[str, ...]
    worst_off: WorstOff | None


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A plan (n×2: slot and room of each session, -1 where it is left out) and how good it is.

    `random` is the mean `kept` of 20 random plans that keep the rules, `upper_bound` what `kept` cannot exceed.
    `broken`: required sessions that are left out; while it is not 0, the plan cannot be used and `conflict` says why.
    `problem_digest`, `seed`, `iterations` and `version` say what to repeat it with.
    """

    plan: Ints
    agenda: tuple[Entry, ...]
    quality: Quality
    random: float
    upper_bound: float
    broken: int
    iterations: int
    seconds: float
    seed: int
    problem_digest: str
    version: str = VERSION

    @property
    def kept(self) -> float:
        """The share of wishes that people can really attend."""
        return self.quality.kept

    def as_json(self) -> dict[str, Any]:
        """Everything in plain lists, dicts, numbers and strings."""
        worst, quality = self.quality.worst_off, self.quality
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in {"plan", "quality"}} | {
            "agenda": [[one.topic, one.slot, one.room] for one in self.agenda],
            "kept": quality.kept,
            "attended": quality.attended,
            "seatless": quality.seatless,
            "turned_away": quality.turned_away,
            "left_out": list(quality.left_out),
            "worst_off": None if worst is None else {"person": worst.person, "kept": worst.kept},
        }


def agenda(problem: Problem, plan: Ints) -> tuple[Entry, ...]:
    """The plan in the words of the model, session by session."""
    return tuple(
        Entry(problem.topics[topic], *((None, None) if slot == OUT else (problem.slots[slot], problem.rooms[room])))
        for topic, (slot, room) in zip(problem.topic_of.tolist(), plan.tolist(), strict=True)
    )


def quality(problem: Problem, plan: Ints) -> Quality:
    """How good a plan (n×2) is."""
    at = seating(problem, plan)
    got, could = attended(problem, at).tolist(), attainable(problem)
    held = plan[:, 0] != OUT
    shares = [(g / c, -c, p) for p, (g, c) in enumerate(zip(got, could, strict=True)) if c]
    worst = min(shares, default=None)
    return Quality(
        kept=share(sum(got), sum(could)),
        attended=sum(got),
        seatless=int(problem.beyond[np.flatnonzero(held), plan[held, 1]].sum()),
        turned_away=int(turned_away(problem, plan, at).sum()),
        left_out=tuple(problem.topics[topic] for topic in problem.topic_of[~held].tolist()),
        worst_off=None if worst is None else WorstOff(problem.people[worst[2]], worst[0]),
    )


def share(got: int, could: int) -> float:
    """A part of the whole; of nothing, all."""
    return got / could if could else 1.0
