"""How many cores and processes for how many municipalities, computed from what was measured. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

GERMANY, STATE = 10_981, 1_101
PLACES: Final = (("a district", 35), ("a state", STATE), ("five states", 5 * STATE), ("all of Germany", GERMANY))
REQUESTS_A_DAY: Final = 100
"""For each municipality: what its people and programs ask on a weekday."""
BUSIEST_HOUR, BURST = 0.2, 3
"""The share of the day's requests in its busiest hour, and how much more its busiest minute has."""
PEOPLE: Final = 1_600
"""Who presses within the minute in which a state's registration opens, and the phones of its day."""
MINUTE: Final = 60.0
USED: Final = 0.5
"""The share of a core that is planned to work; the rest is for what nobody planned, and for a machine that is lost."""
CONNECTIONS: Final = 75
"""A process opens at most 25 to PostgreSQL for each of three services."""


@dataclass(frozen=True)
class Costs:
    """Seconds of CPU, of the hub's processes and of everything behind them (PostgreSQL, Valkey).

    `request`: for one of a weekday, at 11,000 municipalities. `press`: for one person who registers. `phone`: for each
    second that one phone takes part in a day. `megabytes`: of the database for a municipality; `process`: of memory.
    """

    request: tuple[float, float]
    press: tuple[float, float]
    phone: tuple[float, float]
    megabytes: float
    process: float


@dataclass(frozen=True)
class Size:
    """What is needed; `hub` and `behind` are cores that are busy when all of it comes at once."""

    name: str
    municipalities: int
    days: int
    """Registrations that open, and days, at the same time: one for each state's worth of municipalities."""
    rate: float
    parts: Sequence[tuple[float, float]]
    """Busy cores of the weekday, the registrations, the days."""
    people: int
    """Of all openings; also the phones of all days."""
    processes: int
    database_cores: int
    connections: int
    memory: float
    disk: float

    @property
    def hub(self) -> float:
        return sum(hub for hub, _behind in self.parts)

    @property
    def behind(self) -> float:
        return sum(behind for _hub, behind in self.parts)


def rate_of(municipalities: int) -> float:
    """Requests a second in the busiest minute of a weekday."""
    return municipalities * REQUESTS_A_DAY * BUSIEST_HOUR / 3600 * BURST


def size(name: str, municipalities: int, costs: Costs) -> Size:
    rate, days = rate_of(municipalities), max(1, math.ceil(municipalities / STATE - 0.05))
    people = min(PEOPLE, max(50, PEOPLE * municipalities // STATE)) * days
    parts = [
        (rate * costs.request[0], rate * costs.request[1]),
        (people / MINUTE * costs.press[0], people / MINUTE * costs.press[1]),
        (people * costs.phone[0], people * costs.phone[1]),
    ]
    hub, behind = (sum(part[n] for part in parts) for n in (0, 1))
    processes = max(1, math.ceil(hub / USED))
    return Size(
        name, municipalities, days, rate, parts, people, processes, max(1, math.ceil(behind / USED)),
        processes * CONNECTIONS, processes * costs.process, municipalities * costs.megabytes,
    )  # fmt: skip


def sizes(costs: Costs) -> list[Size]:
    return [size(name, municipalities, costs) for name, municipalities in PLACES]
