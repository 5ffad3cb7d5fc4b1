"""What was measured, in the order in which it was; the page is made from it again after each measurement."""

from dataclasses import dataclass, field

from tests.load.running import Measured
from tests.load.sizing import Costs

WEEKDAY, RUSH, DAY = "weekday", "rush", "day"
SPLIT = 0
"""In place of a number of processes: what `make split` starts."""


def named(processes: int) -> str:
    return {SPLIT: "split", 1: "1 process"}.get(processes, f"{processes} processes")


@dataclass(frozen=True)
class Row:
    """`within` are the seconds in which a rush comes."""

    mix: str
    processes: int
    municipalities: int
    found: Measured
    within: float = 0.0

    @property
    def where(self) -> str:
        return named(self.processes)


@dataclass
class Results:
    """`disk` are megabytes of the database by number of municipalities; `notes` what could not be measured, and why."""

    load: float = 0.0
    rows: list[Row] = field(default_factory=list)
    disk: dict[int, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def of(self, mix: str, processes: int | None = None, municipalities: int | None = None) -> list[Row]:
        return [
            row
            for row in self.rows
            if row.mix == mix
            and processes in {None, row.processes}
            and municipalities in {None, row.municipalities}
            and (processes is not None or row.processes != SPLIT)
        ]

    def best(self, mix: str, processes: int, municipalities: int | None = None) -> Row | None:
        """The one with the most users that was not broken."""
        good = [row for row in self.of(mix, processes, municipalities) if not row.found.broken]
        return max(good, key=lambda row: (row.found.users, row.found.rate), default=None)

    def costs(self) -> Costs | None:
        """From one process at the largest size; None while one of the mixes has no figures."""
        weekdays, rushes, days = (self.of(mix, 1) for mix in (WEEKDAY, RUSH, DAY))
        if not (weekdays and rushes and days):
            return None
        large = max(row.municipalities for row in weekdays)
        weekday = self.best(WEEKDAY, 1, large) or next(row for row in weekdays if row.municipalities == large)
        rush, day = self.best(RUSH, 1) or rushes[0], self.best(DAY, 1) or days[0]
        disk = self.disk.get(large, 0.0) / large
        memory = max(row.found.memory for row in self.rows)
        return Costs(
            _each(weekday, weekday.found.all.requests), _each(rush, rush.found.users),
            _each(day, day.found.users * day.found.seconds), disk, memory,
        )  # fmt: skip


def behind(found: Measured) -> float:
    """Seconds of CPU of everything that is neither the hub's processes nor the client."""
    return sum(value for part, value in found.cpu.items() if part not in {"hub", "client"})


def _each(row: Row, many: float) -> tuple[float, float]:
    return row.found.cpu.get("hub", 0.0) / many, behind(row.found) / many
