"""What an answer of the solver says, as types of the graph."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import msgspec
import strawberry
from strawberry import ID
from strawberry.federation.schema_directives import Key
from strawberry.federation.types import FieldSet

from services.kit.i18n import gettext as _
from services.matching import conflicts, models, rounds, wording
from services.matching.problem import weights
from services.matching.progress import State
from services.matching.question import Question, wished
from services.matching.solver import HARD, Violation
from services.matching.solver.conflict import Conflict
from services.matching.solver.rules import Rule
from services.matching.strength import Strength, Wish

strawberry.enum(State, name="PlanState", description="How far a plan is. CANCELLED: before anything was found.")
strawberry.enum(
    Strength,
    name="Strength",
    description="How much something counts. Of a rule: HARD forbids every breach, STRONG takes 10 points off for each, "
    "NORMAL 3, WEAK 1, OFF none. A meeting of two who have much to say to each other is worth 1 to 3 points; what is "
    "gained by meetings and topics counts ten thirds of that where it is STRONG, a third where it is WEAK.",
)
strawberry.enum(
    Wish,
    name="PlanWish",
    description="What a second plan shall have more of: it counts STRONG, other gains and repeats count one word less, "
    "hard rules stay.",
)


@strawberry.federation.type(directives=[Key(fields=FieldSet("id"), resolvable=False)])
class Navigator:
    id: ID

    @classmethod
    def of(cls, key: str) -> Self:
        return cls(id=ID(key))


@strawberry.federation.type(directives=[Key(fields=FieldSet("code"), resolvable=False)])
class Topic:
    code: ID


@strawberry.federation.type(directives=[Key(fields=FieldSet("ags"), resolvable=False)])
class City:
    ags: ID


@strawberry.type(description="How far the search is and what it has found so far.")
class Progress:
    percent: int
    objective: float | None
    upper_bound: float | None


@strawberry.type(description="How many people of a city sit at a table.")
class CityCount:
    city: City
    people: int


@strawberry.type(description="One table in one round; numbers count from 1.")
class PlannedTable:
    number: int
    topic: Topic | None
    navigators: list[Navigator]
    cities: list[CityCount]


@strawberry.type
class PlannedRound:
    number: int
    tables: list[PlannedTable]


def planned(row: models.Plan) -> list[PlannedRound]:
    """Every round with its tables, of the best so far while the search goes on; none before there is one."""
    city = {person["id"]: person["city"] for person in row.question["people"]}
    out: dict[int, PlannedRound] = {}
    for table in rounds.seating(row, so_far=True):
        seats = [city[navigator] for navigator in table.navigators]
        out.setdefault(table.round, PlannedRound(number=table.round, tables=[])).tables.append(
            PlannedTable(
                number=table.table,
                topic=Topic(code=ID(table.topic)) if table.topic else None,
                navigators=[Navigator.of(key) for key in table.navigators],
                cities=[CityCount(city=City(ags=ID(c)), people=seats.count(c)) for c in sorted(set(seats))],
            )
        )
    return list(out.values())


@strawberry.type(description="A figure of the plan, the mean of random plans, and what no plan can beat.")
class Figure:
    value: float
    random: float
    bound: float


@strawberry.type(description="How good a plan is, beside chance and beside what no plan can exceed.")
class Quality:
    objective: Figure = strawberry.field(
        description="Benefit minus what repeats and breaches of soft rules cost: what the search maximises."
    )
    benefit: Figure = strawberry.field(
        description="Topical affinity of the pairs who meet and interest in the tables visited."
    )
    repeats: Figure = strawberry.field(
        description="c·(c-1)/2 summed over pairs that meet c times, earlier meetings counted in where they count as "
        "repeats do; 0 when nobody meets twice."
    )
    penalties: float = strawberry.field(description="What breaches of soft rules take off the objective.")
    broken: int = strawberry.field(description="Breaches of hard rules; with any, the plan is not fit for use.")
    repeated_meetings: int = strawberry.field(description="Meetings beyond a pair's first.")
    fewest_cities: int = strawberry.field(description="The fewest different cities at any table.")
    least_affinity: float = strawberry.field(description="What the worst-off person gets.")
    seconds: float
    proposals: float = strawberry.field(description="Exchanges that the search tried.")

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Self:
        objective = Figure(value=answer["objective"], random=answer["random_objective"], bound=answer["upper_bound"])
        repeats = Figure(value=answer["repeats"], random=answer["random_repeats"], bound=answer["repeats_bound"])
        weight, penalties = answer["repeat_weight"], answer.get("penalties", 0.0)
        return cls(
            objective=objective,
            repeats=repeats,
            benefit=Figure(
                value=objective.value + weight * repeats.value + penalties,
                random=objective.random + weight * repeats.random,
                bound=objective.bound + weight * repeats.bound,
            ),
            penalties=penalties,
            broken=answer.get("broken", 0),
            repeated_meetings=answer["repeated_meetings"],
            fewest_cities=_fewest_cities(answer),
            least_affinity=answer["least"],
            seconds=answer["seconds"],
            proposals=float(answer["iterations"]),
        )


def _fewest_cities(answer: dict[str, Any]) -> int:
    if "trade_offs" in answer:
        return int(answer["trade_offs"]["fewest_cities"])
    return min((min(row, default=0) for row in answer["cities_per_table"]), default=0)


@strawberry.type(description="A hard rule that a plan breaks. Numbers count from 1, null where it is not about one.")
class BrokenRule:
    reason: str = strawberry.field(description="A code that stays, such as `never` or `wrong-size`.")
    message: str = strawberry.field(description="In words; „Person 1“ is the first of `navigators`.")
    round: int | None
    table: int | None
    navigators: list[Navigator]
    kind: str | None = strawberry.field(description="The city or other kind of which too many or too few are there.")

    @classmethod
    def of(cls, found: dict[str, Any], names: Mapping[str, str] | None = None) -> Self:
        """`names` by key of person and of city, where they are to be said."""
        words = _numbered(found["people"]) if names is None else names
        people = tuple(words.get(key, key) for key in found["people"])
        kind = words.get(found["kind"], found["kind"])
        said = Violation(found["reason"], found["reason"], found["round"], found["table"], people, kind)
        return cls(
            reason=found["reason"],
            message=wording.violation(said),
            round=from_1(found["round"]),
            table=from_1(found["table"]),
            navigators=[Navigator.of(key) for key in found["people"]],
            kind=found["kind"],
        )


@strawberry.type(description="One hard rule of those that conflict. Numbers count from 1, null where it is about none.")
class ConflictingRule:
    sort: str = strawberry.field(description="A code that stays, such as `must`, `reach` or `mixing`.")
    message: str = strawberry.field(description="In words; „Person 1“ is the first of the conflict's `navigators`.")
    navigators: list[Navigator]
    round: int | None
    table: int | None
    kind: str | None

    @classmethod
    def of(cls, found: dict[str, Any], names: Mapping[str, str]) -> Self:
        rule = msgspec.convert(found, Rule)
        return cls(
            sort=rule.sort.value,
            message=conflicts.rule_words(rule, names),
            navigators=[Navigator.of(key) for key in rule.people],
            round=from_1(rule.round),
            table=from_1(rule.table),
            kind=rule.kind,
        )


@strawberry.type(description="Hard rules of which each can hold, but not all together.")
class RuleConflict:
    reason: str = strawberry.field(description="A code that stays.")
    message: str = strawberry.field(description="In words; „Person 1“ is the first of `navigators`.")
    navigators: list[Navigator]
    minimal: bool = strawberry.field(
        description="Whether it is proved that without any one of them the others can hold."
    )
    rules: list[ConflictingRule] = strawberry.field(description="Each of them, as few as could be; at most a hundred.")

    @classmethod
    def of(cls, found: dict[str, Any], names: Mapping[str, str] | None = None) -> Self:
        """`names` by key of person and of city, where they are to be said."""
        people = tuple(found["people"])
        names = _numbered(people) if names is None else names
        why = Conflict(
            (), found["reason"], found["values"], people, tuple(found["tables"]), found["round"], found["minimal"]
        )
        return cls(
            reason=found["reason"],
            message=conflicts.words(why, names),
            navigators=[Navigator.of(key) for key in people],
            minimal=found["minimal"],
            rules=[ConflictingRule.of(rule, names) for rule in found.get("rules", ())],
        )


@strawberry.type(description="Somebody whom two plans seat differently. Numbers count from 1, null for no seat.")
class SeatChange:
    navigator: Navigator
    round: int
    before: int | None
    after: int | None


@strawberry.type(description="What became of a plan on a running day.")
class DayChanges:
    over: int = strawberry.field(description="How many rounds were past.")
    moved: list[SeatChange] = strawberry.field(description="People who sit elsewhere than planned.")
    missing: list[Navigator]
    new: list[Navigator]
    remark: str | None = strawberry.field(
        description="In words, where more seats change than `mostMoved`: the tables could not be evened out otherwise."
    )

    @classmethod
    def of(cls, asked: dict[str, Any], day: dict[str, Any]) -> Self:
        """`asked`: the day of the plan's question."""
        return cls(
            over=asked["over"],
            remark=wording.exceeded(asked, day),
            moved=[
                SeatChange(navigator=Navigator.of(key), round=number + 1, before=_table(before), after=_table(after))
                for number, key, before, after in day["moved"]
            ],
            missing=[Navigator.of(key) for key in day["missing"]],
            new=[Navigator.of(key) for key in day["new"]],
        )


@strawberry.type(description="How much something counts in the objective.")
class Weight:
    name: str = strawberry.field(
        description="As in `PlanRulesInput`: commonTopics, topicsAtTables, repeats, earlierMeetings."
    )
    strength: Strength
    value: float | None = strawberry.field(
        description="By what gains are multiplied, or what a repeat takes off; null for what is forbidden."
    )


@strawberry.type(description="With what a plan was computed, and whether it can be computed again.")
class Provenance:
    problem: str = strawberry.field(description="SHA-256 over everything that the solver was given.")
    solver: str = strawberry.field(description="The solver's version.")
    seed: int
    weights: list[Weight] = strawberry.field(
        description="With which it was searched for; a plan with a wish is valued with those of the plan beside it."
    )
    seconds_allowed: float | None
    iterations_allowed: int | None
    iterations: float = strawberry.field(description="Exchanges that the search tried.")
    resumed: bool = strawberry.field(description="Whether a worker died on the way and another went on.")
    stopped: bool = strawberry.field(description="Whether the search was cancelled and this is the best until then.")
    adjustments: int = strawberry.field(description="Changes by hand.")
    repeatable: bool = strawberry.field(
        description="Whether `recomputePlan` gives the same plan: its budget was iterations, and nothing interfered."
    )

    @classmethod
    def of(cls, answer: dict[str, Any], question: Question, adjustments: int) -> Self:
        searched = wished(question)
        used = weights(searched)
        named = {
            "commonTopics": (searched.common_topics, used.affinity),
            "topicsAtTables": (searched.topics_at_tables, used.topic),
            "repeats": (searched.repeats, used.repeat),
            "earlierMeetings": (earlier := searched.earlier_meetings or searched.repeats, earlier.points),
        }
        resumed, stopped = answer.get("resumed", False), answer.get("stopped", False)
        interfered = resumed or stopped or answer.get("helped", False) or adjustments > 0
        return cls(
            problem=answer["problem_digest"],
            solver=answer["version"],
            seed=answer["seed"],
            weights=[
                Weight(name=name, strength=strength, value=None if value == HARD else value)
                for name, (strength, value) in named.items()
            ],
            seconds_allowed=question.seconds,
            iterations_allowed=question.iterations,
            iterations=float(answer["iterations"]),
            resumed=resumed,
            stopped=stopped,
            adjustments=adjustments,
            repeatable=question.iterations is not None and not interfered,
        )


@strawberry.type(description="What changes by hand would make of a plan; nothing is stored.")
class Adjustment:
    before: Quality
    after: Quality
    cost: float = strawberry.field(description="What the objective loses; negative where it gains.")
    broken_rules: list[BrokenRule] = strawberry.field(description="Every hard rule that is broken afterwards.")

    @classmethod
    def of(cls, before: dict[str, Any], after: dict[str, Any]) -> Self:
        return cls(
            before=Quality.of(before),
            after=Quality.of(after),
            cost=before["objective"] - after["objective"],
            broken_rules=[BrokenRule.of(found) for found in after["violations"]],
        )


def _numbered(people: Sequence[str]) -> dict[str, str]:
    """What people are called for those who have their keys beside it."""
    return {key: _("Person {number}", number=number) for number, key in enumerate(people, 1)}


def from_1(number: int | None) -> int | None:
    return None if number is None else number + 1


def _table(number: int) -> int | None:
    return None if number == rounds.ABSENT else number + 1
