"""What can be wrong with a matching problem, in a form that programs can read and people can understand."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_TEXTS: dict[str, str] = {
    "blank-city": "the city is blank",
    "blank-key": "the key is blank",
    "duplicate-person": "two people have the same key",
    "duplicate-topic": "topic {topic} is declared twice",
    "no-people": "there is nobody to seat",
    "rounds-out-of-range": "{rounds} rounds: between {least} and {most} are possible",
    "tables-out-of-range": "{tables} tables: between {least} and {most} are possible",
    "too-few-people": "{people} people are too few for {tables} tables; {fits} would fit",
    "too-many-people": "{people} people: at most {most} are possible",
    "topic-cycle": "topic {topic} lies below itself",
    "unknown-parent": "topic {topic} lies below {parent}, which is not declared",
    "unknown-topic": "topic {topic} is not declared",
    "weight-out-of-range": "the weight is {weight}; it must lie between 0 and {most}",
    "wrong-number-of-table-topics": "{given} table topics for {tables} tables",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the input. `person` is the key of the person concerned, None where it concerns all of them.

    `reason` is a stable code; `values` are the numbers and codes its sentence speaks of.
    """

    person: str | None
    field: str
    reason: str
    values: Mapping[str, str | int | float] = dataclasses.field(default_factory=dict)

    @property
    def message(self) -> str:
        """An English sentence for logs; translations start from `reason` and `values`."""
        text = _TEXTS[self.reason].format_map(self.values)
        where = self.field if self.person is None else f"{self.person}, {self.field}"
        return f"{where}: {text}"


class Invalid(ValueError):
    """Raised with every fault of a model at once, in the order of the people."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(fault.message for fault in self.faults))
