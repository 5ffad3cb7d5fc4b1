"""Why somebody sits where they sit, in topics and keys rather than in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.matching.solver.fits import Forest, Said, Talk, talk
from services.matching.solver.model import CITY, Model

Seats = Sequence[Sequence[int]]
"""A plan as lists (R×N): the table of each person in each round, -1 for none; a NumPy plan's `tolist()`."""
MOST_COMPANY = 10
"""People of a table that a reason names."""


@dataclass(frozen=True, slots=True)
class Companion:
    """Somebody at the same table, and why that is good or not.

    `wished`: the two were to meet, and this is the first time that they do. `before`: in which rounds of this plan they
    met already; `earlier`: how often before the day, counted with its decay.
    """

    key: str
    city: str
    talk: Talk
    wished: bool
    before: tuple[int, ...]
    earlier: float

    @property
    def gain(self) -> float:
        """What this meeting adds: a pair that met in an earlier round has told each other already."""
        return 0.0 if self.before else self.talk.affinity


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a person sits at a table in a round (both from 0).

    `interest` in the table's topic is 1.0 where the person named it or one below it, 0.5 where one of the same field.
    `returns`: was at this table before. `hosts`: stays there as its host. `company`: those to whom it matters most,
    the best first, MOST_COMPANY at most, of `others` at the table; `gain` is the affinity of all meetings there that
    are the pair's first. `cities`: other people's cities at the table, the person's own left out.
    """

    key: str
    round: int
    table: int
    topic: str | None
    interest: float
    returns: bool
    hosts: bool
    others: int
    gain: float
    cities: tuple[str, ...]
    company: tuple[Companion, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Grounds:
    """A model and its plan, laid out so that reasons are found without computing the problem again."""

    forest: Forest
    keys: tuple[str, ...]
    cities: tuple[str, ...]
    said: tuple[Said, ...]
    seats: tuple[tuple[int, ...], ...]
    table_topics: tuple[str | None, ...]
    hosts: frozenset[int]
    wished: frozenset[tuple[int, int]]
    earlier: dict[tuple[int, int], float]

    @classmethod
    def of(cls, model: Model, plan: Seats, table_topics: Sequence[str | None]) -> Grounds:
        """`plan` seats the model's people in their order; `table_topics` are those of the problem (G).

        Who is named in a rule or an earlier meeting and is not among the people any more is left out. Raises ValueError
        where the plan does not seat these people at these tables.
        """
        number = {person.key: i for i, person in enumerate(model.people)}
        seats = tuple(tuple(int(table) for table in row) for row in plan)
        if any(
            len(row) != len(number) or (row and not -1 <= min(row) <= max(row) < len(table_topics)) for row in seats
        ):
            raise ValueError("the plan does not seat the model's people at its tables")

        def pair(one: str, other: str) -> tuple[int, int]:
            return min(number[one], number[other]), max(number[one], number[other])

        earlier: dict[tuple[int, int], float] = {}
        for two in model.before:
            if two.one in number and two.other in number:
                met = pair(two.one, two.other)
                earlier[met] = max(earlier.get(met, 0.0), two.weight)
        return cls(
            Forest.of(model.topics),
            tuple(number),
            tuple(person.kinds[CITY] for person in model.people),
            tuple(Said(person.offers, person.seeks, person.works_on) for person in model.people),
            seats,
            tuple(table_topics),
            frozenset(number[key] for key, _table in model.hosts if key in number),
            frozenset(pair(two.one, two.other) for two in model.musts if two.one in number and two.other in number),
            earlier,
        )


def why(grounds: Grounds, key: str) -> tuple[Reason, ...]:
    """The reasons of one person, round by round; rounds in which the person has no seat are left out.

    Raises KeyError where nobody has this key. Takes time in proportion to the people met.
    """
    if key not in grounds.keys:
        raise KeyError(key)
    i = grounds.keys.index(key)
    return tuple(_reason(grounds, i, r) for r, row in enumerate(grounds.seats) if row[i] >= 0)


def _reason(grounds: Grounds, i: int, r: int) -> Reason:
    table = grounds.seats[r][i]
    topic = grounds.table_topics[table]
    company = [_companion(grounds, i, k, r) for k, at in enumerate(grounds.seats[r]) if at == table and k != i]
    # A wish that came true first, then what a meeting gives; of equals the one whom the person never met.
    company.sort(key=lambda one: (not one.wished, -one.gain, one.earlier, len(one.before), one.key))
    return Reason(
        key=grounds.keys[i],
        round=r,
        table=table,
        topic=topic,
        interest=0.0 if topic is None else grounds.forest.interest(grounds.said[i].named, topic),
        returns=any(row[i] == table for row in grounds.seats[:r]),
        hosts=i in grounds.hosts,
        others=len(company),
        gain=sum(one.gain for one in company),
        cities=tuple(sorted({one.city for one in company} - {grounds.cities[i]})),
        company=tuple(company[:MOST_COMPANY]),
    )


def _companion(grounds: Grounds, i: int, k: int, r: int) -> Companion:
    pair = (min(i, k), max(i, k))
    before = tuple(number for number, row in enumerate(grounds.seats[:r]) if row[i] >= 0 and row[i] == row[k])
    return Companion(
        key=grounds.keys[k],
        city=grounds.cities[k],
        talk=talk(grounds.forest, grounds.said[i], grounds.said[k]),
        wished=pair in grounds.wished and not before,
        before=before,
        earlier=grounds.earlier.get(pair, 0.0),
    )
