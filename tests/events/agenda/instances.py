"""Open spaces with clustered interests in the public benchmark's format, made by ourselves, and their measure.

An instance: `people` P, `topics` S, `slots` T, `rooms` R, `wishes[p]`: topics that person p wants, `conveners[s]`: who
hosts topic s, `capacities[r]`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from services.events.agenda import Model, Problem

SIZES = {  # people, topics, slots, rooms, wishes of a person
    "small": (50, 10, 2, 5, (2, 4)),
    "town": (60, 16, 3, 6, (3, 6)),
    "region": (150, 30, 5, 6, (3, 8)),
    "state": (400, 60, 6, 10, (3, 8)),
    "large": (1500, 120, 8, 15, (3, 8)),
}
FIELDS = 5


def instance(size: str, seed: int) -> dict[str, Any]:
    """One of our own: topics belong to fields, few are wished for by many, and people keep to their field mostly."""
    people, topics, slots, rooms, wished = SIZES[size]
    rnd = Random(f"our open space {size} {seed}")
    appeal = [1 / (1 + rnd.randrange(topics)) ** 0.7 for _ in range(topics)]
    field = [rnd.randrange(FIELDS) for _ in range(topics)]
    wishes = []
    for _ in range(people):
        home = rnd.randrange(FIELDS)
        draw = {s: rnd.random() ** (1 / (appeal[s] * (12 if field[s] == home else 1))) for s in range(topics)}
        wishes.append(sorted(sorted(draw, key=lambda s: -draw[s])[: rnd.randint(*wished)]))
    hosts = rnd.sample(range(people), topics - topics // 5)
    conveners = [*hosts, *rnd.sample(hosts, topics // 5)]
    rnd.shuffle(conveners)
    seats = sorted((rnd.choice((15, 20, 30, 45)) for _ in range(rooms)), reverse=True)
    scale = max(1.0, 1.1 * people / sum(seats))
    return {
        "name": f"{size}-{seed}", "people": people, "topics": topics, "slots": slots, "rooms": rooms,
        "wishes": wishes, "conveners": conveners, "capacities": [round(s * scale) for s in seats],
    }  # fmt: skip


def kept(given: Mapping[str, Any], slots: Sequence[int | None]) -> float:
    """The published measure: wishes that people can attend, one in a slot, out of as many as there are slots."""
    wishes: list[list[int]] = given["wishes"]
    got = sum(len({slots[s] for s in mine} - {None}) for mine in wishes)
    return got / sum(min(len(mine), int(given["slots"])) for mine in wishes)


def faults(given: Mapping[str, Any], slots: Sequence[int | None]) -> list[str]:
    """What the published rules forbid."""
    out = [f"slot {t} is too full" for t in range(given["slots"]) if list(slots).count(t) > given["rooms"]]
    hosted = [(convener, t) for convener, t in zip(given["conveners"], slots, strict=True) if t is not None]
    return [*out, *(f"convener {c} twice in slot {t}" for c, t in sorted(set(hosted)) if hosted.count((c, t)) > 1)]


def problem(given: Mapping[str, Any]) -> Problem:
    """The problem of an instance, made as an organiser would."""
    model = Model()
    for t in range(given["slots"]):
        model.slot(f"t{t}")
    for r, seats in enumerate(given["capacities"]):
        model.room(f"r{r}", seats=seats)
    for s, convener in enumerate(given["conveners"]):
        model.topic(f"s{s}", conveners=[f"p{convener}"])
    for p, wishes in enumerate(given["wishes"]):
        model.person(f"p{p}", likes=[f"s{s}" for s in wishes])
    return model.problem()


def slots(plan: Any) -> list[int | None]:
    """The slot of each topic, None where it is left out."""
    return [None if slot < 0 else int(slot) for slot in plan[:, 0]]
