"""One round of groups of given sizes with the greatest sum of weights inside: pure, and of use by itself.

>>> import numpy as np
>>> from services.matching.solver import Iterations
>>> from services.matching.solver.grouping import Grouping, solve
>>> weights = np.zeros((6, 6))
>>> for one, two in ((0, 1), (2, 3), (4, 5)):
...     weights[one, two] = weights[two, one] = 1.0
>>> given = Grouping(weights=weights, low=np.array([2, 2, 2]), high=np.array([2, 2, 2]))
>>> solve(given, stop=Iterations(5_000), seed=1).value
3.0
"""

from services.matching.solver.grouping.instance import Grouping
from services.matching.solver.grouping.search import Groups, solve, warm

__all__ = ["Grouping", "Groups", "solve", "warm"]
