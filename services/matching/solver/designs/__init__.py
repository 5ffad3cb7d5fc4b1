"""Rounds in which nobody meets anybody twice: the social golfer problem, solved by combinatorial designs.

`schedule(groups, size)` fills all tables; `conflict_free(people, tables, rounds)` seats any number of people.

    >>> from services.matching.solver.designs import conflict_free, most_rounds, schedule
    >>> kirkman = schedule(5, 3)
    >>> kirkman.rounds.shape, most_rounds(8, 4)
    ((7, 5, 3), 10)
    >>> conflict_free(47, 8, 7).shape
    (7, 47)
"""

from services.matching.solver.designs.catalogue import most_rounds, schedule
from services.matching.solver.designs.schedule import Class, Schedule
from services.matching.solver.designs.seating import conflict_free

__all__ = ["Class", "Schedule", "conflict_free", "most_rounds", "schedule"]
