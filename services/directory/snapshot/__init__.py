"""A city's snapshot: what it may hold, and what it changes. Pure: no database, no clock.

The same values come from GraphQL, JSON Lines, spreadsheets and harvests; all end in `validate` and `diff`.
"""

from services.directory.snapshot.difference import Change, Difference, diff, fields_changed, without
from services.directory.snapshot.identities import Identities
from services.directory.snapshot.lines import Line, Rows, decoded, lines, read
from services.directory.snapshot.naming import telling, unnamed
from services.directory.snapshot.rows import (
    AREAS,
    PROFILES,
    RECRUITED,
    STAGES,
    TASKS,
    CityRow,
    Competences,
    DepartmentRow,
    Link,
    NavigatorRow,
    ProjectRow,
    Snapshot,
)
from services.directory.snapshot.single import Step, drop, put
from services.directory.snapshot.validation import MOST_PEOPLE, MOST_ROWS, MOST_TOPICS, validate

__all__ = [
    "AREAS",
    "MOST_PEOPLE",
    "MOST_ROWS",
    "MOST_TOPICS",
    "PROFILES",
    "RECRUITED",
    "STAGES",
    "TASKS",
    "Change",
    "CityRow",
    "Competences",
    "DepartmentRow",
    "Difference",
    "Identities",
    "Line",
    "Link",
    "NavigatorRow",
    "ProjectRow",
    "Rows",
    "Snapshot",
    "Step",
    "decoded",
    "diff",
    "drop",
    "fields_changed",
    "lines",
    "put",
    "read",
    "telling",
    "unnamed",
    "validate",
    "without",
]
