"""What a search keeps up to date, against the same counted anew from the plan it has reached."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from services.matching.solver import Iterations, draws, kernel, random_plan, seating, solve, warm
from services.matching.solver.board import BEST, NOW
from services.matching.solver.prices import UNIT
from services.matching.solver.state import State, lay_out
from tests.matching.solver import cases

# What is called from outside the compiled code.
_COMPILED: list[Any] = [
    kernel.anneal, draws.anneal, draws.recall, seating.seat_all, seating.worth_of, seating.value, seating.reprice,
]  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_what_is_kept_up_to_date_equals_what_is_counted_anew(seed: int) -> None:
    given = cases.feasible(seed, people=(8, 24), rounds=(2, 4))
    state = lay_out(given, random_plan(given, seed), seed)
    state.soften(0.25)
    for temperature in (4 * UNIT, UNIT // 4):
        state.draw(temperature, 150)
        _compare(state)
        state.soften(0.75)
        state.run(temperature, 400)
        state.draw(temperature, 150)
        _compare(state)
    assert state.board.tally[BEST] == lay_out(given, state.best, 0).board.tally[NOW]


def test_everything_is_compiled_before_a_budget_begins() -> None:
    warm()
    known = [len(one.signatures) for one in _COMPILED]
    for seed in range(10):
        solve(cases.feasible(seed), Iterations(1_000), seed=seed)
    assert [len(one.signatures) for one in _COMPILED] == known


def _compare(state: State) -> None:
    there = state.problem.present
    fresh = lay_out(state.problem, state.board.seat.copy(), 0)
    fresh.rules = state.rules
    fresh.draw(1, 0)
    for name in ("size", "visits", "gap", "code"):
        assert np.array_equal(getattr(state.board, name), getattr(fresh.board, name)), name
    for name in ("own", "hold", "parting", "worth"):
        # Nobody asks about those who are absent.
        kept, anew = (np.moveaxis(getattr(one.board, name), -2, 0) if name == "parting" else getattr(one.board, name)
                      for one in (state, fresh))  # fmt: skip
        for r, row in enumerate(there):
            assert np.array_equal(kept[r][..., row], anew[r][..., row]), name
    if state.pace.topical or state.pace.bound:
        assert np.array_equal(state.board.draw, fresh.board.draw)
    assert state.board.tally[NOW] == fresh.board.tally[NOW]
