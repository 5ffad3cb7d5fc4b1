"""Plans by chance that keep every rule but what leaves sessions out: where searches begin, and what they are beside."""

from __future__ import annotations

from random import Random

import numpy as np

from services.events.agenda.problem import OUT, Ints, Problem


def random_plan(problem: Problem, seed: int) -> Ints:
    """Each session, in random order, at a random place that is free and allowed; left out where there is none.

    Those with the fewest places come first, pinned ones before all.
    """
    rnd = Random(f"plan {seed}")
    rooms, allowed = len(problem.rooms), problem.allowed.reshape(problem.sessions, -1)
    choices = allowed.sum(axis=1).tolist()
    order = sorted(range(problem.sessions), key=lambda s: (choices[s], rnd.random()))
    options = [np.flatnonzero(row).tolist() for row in allowed]
    clashes = [np.flatnonzero(row).tolist() for row in problem.rules.clash]
    taken: set[int] = set()
    slot_of = [OUT] * problem.sessions
    plan = np.full((problem.sessions, 2), OUT, dtype=np.int32)
    for s in order:
        closed = {slot_of[other] for other in clashes[s]}
        free = [place for place in options[s] if place not in taken and place // rooms not in closed]
        if free:
            place = rnd.choice(free)
            taken.add(place)
            slot_of[s] = place // rooms
            plan[s] = place // rooms, place % rooms
    return plan
