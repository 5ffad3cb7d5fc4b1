"""What every computation would do first, for the process they are forked from: load what is compiled, and OR-Tools.

A search of half a second in a test then takes half a second.
"""

from contextlib import suppress

from services.events import agenda
from services.matching import solver

with suppress(ImportError):  # an extra
    import ortools.sat.python.cp_model  # noqa: F401

solver.warm()
agenda.warm()
