"""A plan told in names: who sits where, who meets whom and why, and how good all of it is. JSON as it stands."""

import shlex
from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import msgspec
import numpy as np

from services.cli.solve.options import Options
from services.cli.solve.people import Given, Participant
from services.kit.text import sort_key
from services.matching import solver, wording

FORMAT = 1
MOST_MEETINGS = 200_000
"""Pairs that are listed, in the order of the rounds; a plan may have more."""
MOST_CITIES = 60
"""Cities whose contacts are counted two by two."""
WORST = 10
MOST_LISTED = 50
"""Broken rules and repeated meetings that are named."""


class Table(msgspec.Struct, frozen=True):
    """Numbered from 1; `topic` is empty where there is none. `hosts` come first among the people."""

    table: int
    topic: str
    people: tuple[str, ...]
    hosts: tuple[str, ...] = ()


class Round(msgspec.Struct, frozen=True):
    """`away`: who is not there."""

    round: int
    tables: tuple[Table, ...]
    away: tuple[str, ...] = ()


class Person(msgspec.Struct, frozen=True):
    """`seats`: the table of each round, None where the person is away; `meets`: how many others; `points`: what these
    meetings are worth together.
    """

    name: str
    city: str
    department: str
    seats: tuple[int | None, ...]
    meets: int
    points: float


class Meeting(msgspec.Struct, frozen=True):
    """Two who share a table in `rounds`. `gets`: topics that the one seeks and the other offers, `gives` the other way
    round, both also where one topic lies above the other; `both`: what they both work on; `field`: what else
    they share.
    """

    one: str
    other: str
    rounds: tuple[int, ...]
    tables: tuple[int, ...]
    points: float
    gets: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    both: tuple[str, ...] = ()
    field: tuple[str, ...] = ()


class Contacts(msgspec.Struct, frozen=True):
    """How many different pairs of these two cities meet (of one city, where both are the same), of how many."""

    one: str
    other: str
    pairs: int
    possible: int


class Quality(msgspec.Struct, frozen=True):
    """Three figures each: of this plan, of plans by chance on average and what no plan surpasses. `objective`: what the
    search maximises; `benefit`: the same before repeats are taken off; `repeats`: c*(c-1)/2 of pairs that meet c times.

    `command` computes the same plan again; empty where the clock
    ended the search. `worst_off`: those with the fewest points. `again`: pairs that meet more than once, or met before.
    """

    objective: tuple[float, float, float]
    benefit: tuple[float, float, float]
    repeats: tuple[float, float, float]
    repeated_meetings: int
    topics_at_tables: float
    broken: tuple[str, ...]
    again: tuple[tuple[str, str], ...]
    worst_off: tuple[tuple[str, float], ...]
    without_points: int
    contacts: tuple[Contacts, ...]
    meetings: int
    listed: int
    seconds: float
    iterations: int
    interrupted: bool
    seed: int
    solver: str
    version: str
    problem_sha256: str
    input_sha256: str
    options: str
    command: str


class Account(msgspec.Struct, frozen=True):
    format: int
    rounds: tuple[Round, ...]
    people: tuple[Person, ...]
    meetings: tuple[Meeting, ...]
    quality: Quality


class Run(msgspec.Struct, frozen=True):
    """What is known of a run beside its result: the files as they were named (`topics` and `start` may be empty), and
    how it ended.
    """

    file: str
    topics: str
    version: str
    interrupted: bool
    start: str = ""


def account(given: Given, options: Options, problem: solver.Problem, result: solver.Result, run: Run) -> Account:
    """The whole plan; people by name."""
    met = _met(result)
    objective = (result.objective, result.random_objective, result.upper_bound)
    repeats = (result.repeats, result.random_repeats, float(result.repeats_bound))
    weight = 0.0 if options.no_repeats else problem.weights.repeat
    broken = tuple(wording.violation(one) for one in solver.check(problem, result.plan)[:MOST_LISTED])
    points = np.zeros(problem.people)
    partners = np.zeros(problem.people, dtype=np.int64)
    for i, j in met:
        points[[i, j]] += problem.affinity[i, j]
        partners[[i, j]] += 1
    people = sorted(
        (
            Person(
                one.key,
                one.city,
                one.department,
                tuple(None if table < 0 else int(table) + 1 for table in result.plan[:, i]),
                int(partners[i]),
                round(float(points[i]), 2),
            )
            for i, one in enumerate(given.people)
        ),
        key=lambda person: sort_key(person.name),
    )
    meetings = _meetings(given, problem, met)
    return Account(
        FORMAT,
        _rounds(given, problem, result),
        tuple(people),
        meetings,
        Quality(
            objective=_rounded(objective),
            benefit=_rounded(tuple(worth + weight * again for worth, again in zip(objective, repeats, strict=True))),
            repeats=_rounded(repeats),
            repeated_meetings=result.repeated_meetings,
            topics_at_tables=round(result.topic, 2),
            broken=broken,
            again=_again(given, met),
            worst_off=tuple((one.name, one.points) for one in sorted(people, key=lambda one: one.points)[:WORST]),
            without_points=sum(one.points == 0 for one in people),
            contacts=_contacts(given, met),
            meetings=len(met),
            listed=len(meetings),
            seconds=round(result.seconds, 2),
            iterations=result.iterations,
            interrupted=run.interrupted,
            seed=result.seed,
            solver=result.version,
            version=run.version,
            problem_sha256=result.problem_digest,
            input_sha256=given.digest,
            options=shlex.join(options.arguments()),
            command=_command(options, run),
        ),
    )


def _rounded(figures: Sequence[float]) -> tuple[float, float, float]:
    value, random, bound = (round(float(figure), 2) for figure in figures)
    return value, random, bound


def _command(options: Options, run: Run) -> str:
    if not options.iterations or run.interrupted:
        return ""
    topics = ["--topics", run.topics] if run.topics else []
    start = ["--from", run.start] if run.start else []
    return shlex.join(["lotsennetz", "solve", run.file, *topics, *start, *options.arguments()])


def _met(result: solver.Result) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Round and table (from 1) of the meetings of each pair, in the order of the rounds."""
    met: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for r, row in enumerate(result.plan):
        for table in range(int(row.max()) + 1):
            for pair in combinations(np.flatnonzero(row == table).tolist(), 2):
                met.setdefault(pair, []).append((r + 1, table + 1))
    return met


def _rounds(given: Given, problem: solver.Problem, result: solver.Result) -> tuple[Round, ...]:
    def seated(row: list[int], table: int) -> tuple[str, ...]:
        there = [one for one, at in zip(given.people, row, strict=True) if at == table]
        return tuple(one.key for one in sorted(there, key=lambda one: (not one.host, sort_key(one.key))))

    hosts = {one.key for one in given.people if one.host}

    def seated_at(row: list[int], table: int, topic: str) -> Table:
        people = seated(row, table)
        return Table(table + 1, topic, people, tuple(name for name in people if name in hosts))

    return tuple(
        Round(
            number,
            tuple(seated_at(row, t, topic or "") for t, topic in enumerate(problem.table_topics)),
            seated(row, -1),
        )
        for number, row in enumerate(result.plan.tolist(), 1)
    )


def _again(given: Given, met: dict[tuple[int, int], list[tuple[int, int]]]) -> tuple[tuple[str, str], ...]:
    before = {frozenset((one.key, other)) for one in given.people for other in one.met}
    keys = [one.key for one in given.people]
    twice = (pair for pair, when in met.items() if len(when) > 1 or frozenset((keys[pair[0]], keys[pair[1]])) in before)
    return tuple((keys[i], keys[j]) for i, j in twice)[:MOST_LISTED]


def _contacts(given: Given, met: dict[tuple[int, int], list[tuple[int, int]]]) -> tuple[Contacts, ...]:
    city = [one.city for one in given.people]
    heads = Counter(one for one in city if one)
    if not 1 < len(heads) <= MOST_CITIES:
        return ()
    pairs = Counter(tuple(sorted((city[i], city[j]), key=sort_key)) for i, j in met)
    names = sorted(heads, key=sort_key)
    found = [(one, one) for one in names] + list(combinations(names, 2))

    def possible(one: str, other: str) -> int:
        return heads[one] * (heads[one] - 1) // 2 if one == other else heads[one] * heads[other]

    return tuple(Contacts(one, other, pairs[one, other], possible(one, other)) for one, other in found)


def _meetings(
    given: Given, problem: solver.Problem, met: dict[tuple[int, int], list[tuple[int, int]]]
) -> tuple[Meeting, ...]:
    above = _above(given.parents)
    return tuple(
        _meeting(given.people[i], given.people[j], met[i, j], round(float(problem.affinity[i, j]), 2), above)
        for i, j in list(met)[:MOST_MEETINGS]
    )


def _meeting(
    one: Participant, other: Participant, when: list[tuple[int, int]], points: float, above: dict[str, tuple[str, ...]]
) -> Meeting:
    gets, gives = _passes(other, one, above), _passes(one, other, above)
    both = tuple(topic for topic in one.works_on if topic in other.works_on)
    field: tuple[str, ...] = ()
    if not (gets or gives or both):
        theirs = {above[topic][-1] for topic in (*other.offers, *other.seeks, *other.works_on)}
        ours = dict.fromkeys(above[topic][-1] for topic in (*one.offers, *one.seeks, *one.works_on))
        field = tuple(topic for topic in ours if topic in theirs)
    rounds, tables = zip(*when, strict=True)
    return Meeting(one.key, other.key, rounds, tables, points, gets, gives, both, field)


def _passes(giver: Participant, taker: Participant, above: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """What the one offers and the other seeks; where nothing is the same, what lies above or below each other."""
    exact = tuple(topic for topic in taker.seeks if topic in giver.offers)
    near = (
        f"{offered} → {sought}"
        for sought in taker.seeks
        for offered in giver.offers
        if offered in above[sought] or sought in above[offered]
    )
    return exact or tuple(near)


def _above(parents: dict[str, str | None]) -> dict[str, tuple[str, ...]]:
    """Each topic with all above it, up to its field; parents have no cycles."""
    found = {}
    for topic in parents:
        way = [topic]
        while (up := parents[way[-1]]) is not None:
            way.append(up)
        found[topic] = tuple(way)
    return found
