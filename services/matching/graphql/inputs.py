"""What organisers wish for, from the graph's inputs to a question. Rounds and tables count from 1 in the graph."""

import enum
from collections.abc import Iterable, Sequence
from typing import Any

import strawberry
from strawberry import ID

from services.kit.errors import Problem as Complaint
from services.kit.errors import Refused
from services.kit.i18n import gettext as _
from services.matching import kinds
from services.matching.adjusting import Change
from services.matching.days import Today
from services.matching.question import Host, Met, Mixing, Pair, Person, Question
from services.matching.strength import Strength

LONGEST_SECONDS = 120.0
USUAL_SECONDS = 3.0
MOST_ITERATIONS = 500_000_000
MOST_SEED = 2**31 - 1
MOST_RULES = 5000
MOST_KINDS = 10
MOST_NAMED = 50_000
"""Rounds, tables and people that the rules of one question name within lists."""
LONGEST_NAME = 100


@strawberry.input(description="Somebody who stays at one table in every round; without `table`, the solver chooses it.")
class HostInput:
    navigator: ID
    table: int | None = None


@strawberry.input(description="A rule about two people.")
class PairInput:
    one: ID
    other: ID
    strength: Strength = Strength.HARD


@strawberry.input(description="Two who met before: meetings now are repeats.")
class MetInput:
    one: ID
    other: ID
    times: float = strawberry.field(default=1.0, description="How often, counted less the longer ago.")


@strawberry.input(description="The rounds in which somebody is there.")
class PresenceInput:
    navigator: ID
    rounds: list[int]


@strawberry.input(description="The tables that somebody can reach or use.")
class ReachInput:
    navigator: ID
    tables: list[int]


@strawberry.input(description="How many people a table seats.")
class SeatsInput:
    least: int
    most: int


@strawberry.input(description="People who have something in common, such as a department.")
class GroupInput:
    name: str
    navigators: list[ID]


@strawberry.input(description="How people of one kind are spread: evenly, or with `most`, at most so many at a table.")
class MixingInput:
    kind: str = strawberry.field(
        description="`city`; `department`, `experience` or `language`, as people published them unless you name "
        "`groups`; or a name of your own for the `groups`."
    )
    strength: Strength = Strength.HARD
    most: int | None = None
    groups: list[GroupInput] = strawberry.field(
        default_factory=list, description="Who is of which kind; cities are known."
    )


@strawberry.input(description="The organiser's rules. Whoever is named in them takes part.")
class PlanRulesInput:
    hosts: list[HostInput] = strawberry.field(default_factory=list)
    must: list[PairInput] = strawberry.field(default_factory=list, description="Pairs who shall meet at least once.")
    never: list[PairInput] = strawberry.field(default_factory=list, description="Pairs who shall not share a table.")
    earlier: list[MetInput] = strawberry.field(default_factory=list)
    presence: list[PresenceInput] = strawberry.field(
        default_factory=list, description="For those who are not there in every round."
    )
    reach: list[ReachInput] = strawberry.field(
        default_factory=list, description="For those who cannot use every table."
    )
    seats: list[SeatsInput] = strawberry.field(
        default_factory=list, description="One for each table; empty: tables differ by one person at most."
    )
    mixing: list[MixingInput] | None = strawberry.field(
        default=None, description="What tables mix, the most important first; left out: cities, HARD."
    )
    repeats: Strength = strawberry.field(
        default=Strength.STRONG, description="That nobody meets twice; HARD forbids it."
    )
    earlier_meetings: Strength | None = strawberry.field(
        default=None,
        description="That nobody meets a partner of earlier days again, of confirmed plans and of `earlier`: times how "
        "often they met; left out: as `repeats`. OFF: earlier days do not count, and nobody looks them up.",
    )
    common_topics: Strength = strawberry.field(
        default=Strength.NORMAL, description="What people have to say to each other; not HARD."
    )
    topics_at_tables: Strength = strawberry.field(
        default=Strength.NORMAL, description="Interest in the topics of the tables visited; not HARD."
    )


@strawberry.input(description="How an event's rounds shall be planned.")
class PlanRoundsInput:
    event: ID
    rounds: int
    tables: int
    table_topics: list[str] = strawberry.field(
        default_factory=list, description="One topic for each table; empty: chosen by what the participants care for."
    )
    seconds: float | None = strawberry.field(
        default=None, description="How long to search, at most 120; 3 if neither this nor `iterations` is given."
    )
    iterations: int | None = strawberry.field(
        default=None, description="How much to search, in place of seconds: the same plan each time, on every machine."
    )
    seed: int = strawberry.field(default=1, description="Another seed, another plan.")
    rules: PlanRulesInput | None = None


@strawberry.input(description="The rest of a running day: from a plan and from who stayed away or came late.")
class ReplanRoundsInput:
    plan: ID
    over: int = strawberry.field(description="How many rounds are past; they stay as they were.")
    missing: list[ID] = strawberry.field(
        default_factory=list, description="Who is not there from now on, beside those who are noted as absent."
    )
    new: list[ID] | None = strawberry.field(
        default=None,
        description="Who is there from now on; left out: whoever takes part, is not noted as absent and was not "
        "planned.",
    )
    most_moved: int | None = strawberry.field(
        default=None,
        description="How many seats may change; left out: two for each who is missing or new. Where the tables cannot "
        "be evened out within that, more change: `day.remark` says so, and the plan is not confirmed by itself.",
    )
    pinned: list[ID] = strawberry.field(default_factory=list, description="Who keeps every seat, beside the plan's.")
    confirm: bool = strawberry.field(
        default=False,
        description="Make it the event's as soon as it is done, if it keeps the hard rules and `mostMoved` and the "
        "event still goes by `plan`.",
    )
    seconds: float | None = None
    iterations: int | None = None
    seed: int = 1


@strawberry.enum(description="MOVE one person to a table, SWAP two in a round, PIN or UNPIN somebody in all rounds.")
class PlanChangeKind(enum.Enum):
    MOVE = "move"
    SWAP = "swap"
    PIN = "pin"
    UNPIN = "unpin"


@strawberry.input(description="One change of a plan by hand.")
class PlanChange:
    kind: PlanChangeKind
    navigator: ID
    other: ID | None = strawberry.field(default=None, description="With whom places are changed; for SWAP.")
    round: int | None = strawberry.field(default=None, description="For MOVE and SWAP.")
    table: int | None = strawberry.field(default=None, description="For MOVE; null for no seat.")


def budget(seconds: float | None, iterations: int | None, seed: int) -> dict[str, Any]:
    """The fields of a question that say how long to search. Raises Refused."""
    if not 0 <= seed <= MOST_SEED or (seconds is not None and not 0.1 <= seconds <= LONGEST_SECONDS):
        raise Refused(
            _("Choose 0.1 to {most} seconds and a seed from 0 to {seed}.", most=f"{LONGEST_SECONDS:g}", seed=MOST_SEED)
        )
    if iterations is None:
        return {"seconds": USUAL_SECONDS if seconds is None else seconds, "seed": seed}
    if seconds is not None or not 1 <= iterations <= MOST_ITERATIONS:
        raise Refused(_("Choose either seconds or 1 to {most} iterations.", most=MOST_ITERATIONS))
    return {"seconds": None, "iterations": iterations, "seed": seed}


def wishes(asked: PlanRoundsInput) -> Question:
    """The question without people and topics, but for the people of whom the rules say something. Raises Refused."""
    rules = asked.rules or PlanRulesInput()
    _short(rules)
    return Question(
        rounds=asked.rounds,
        tables=asked.tables,
        topics=(),
        people=tuple(_people(rules)),
        table_topics=tuple(asked.table_topics),
        seats=tuple((one.least, one.most) for one in rules.seats),
        hosts=tuple(Host(key(one.navigator), None if one.table is None else one.table - 1) for one in rules.hosts),
        must=_pairs(rules.must),
        never=_pairs(rules.never),
        earlier=tuple(Met(key(one.one), key(one.other), one.times) for one in rules.earlier),
        mix=None if rules.mixing is None else tuple(_mixing(one) for one in rules.mixing),
        repeats=rules.repeats,
        earlier_meetings=rules.earlier_meetings,
        common_topics=rules.common_topics,
        topics_at_tables=rules.topics_at_tables,
        **budget(asked.seconds, asked.iterations, asked.seed),
    )


def _mixing(asked: MixingInput) -> Mixing:
    published = asked.kind in kinds.PUBLISHED and not asked.groups and asked.strength is not Strength.OFF
    return Mixing(asked.kind, asked.strength, asked.most, published)


def _short(rules: PlanRulesInput) -> None:
    """Raises Refused where lists are too long, and for names and numbers that no rule can have."""
    complaints = [
        Complaint(_("At most {most} entries, please.", most=most), field=name)
        for name, most in (
            ("hosts", MOST_RULES), ("must", MOST_RULES), ("never", MOST_RULES), ("earlier", MOST_RULES),
            ("presence", MOST_RULES), ("reach", MOST_RULES), ("seats", MOST_RULES), ("mixing", MOST_KINDS),
        )
        if len(getattr(rules, name) or ()) > most
    ]  # fmt: skip
    named = [one.rounds for one in rules.presence], [one.tables for one in rules.reach]
    groups = [group.navigators for one in rules.mixing or () for group in one.groups]
    if sum(len(one) + 1 for some in (*named, groups) for one in some) > MOST_NAMED:
        complaints.append(Complaint(_("At most {most} entries, please.", most=MOST_NAMED), field="rules"))
    for one in rules.mixing or ():
        names = [one.kind, *(group.name for group in one.groups)]
        if not all(name.strip() and len(name) <= LONGEST_NAME for name in names):
            complaints.append(Complaint(_("Names have 1 to {most} characters.", most=LONGEST_NAME), field="mixing"))
        if one.most is not None and one.most < 1:
            complaints.append(Complaint(_("Choose a number from 1 on."), field="mixing"))
        if one.kind == "city" and one.groups:
            complaints.append(Complaint(_("Cities are known: they need no groups."), field="mixing"))
    if len({one.kind for one in rules.mixing or ()}) < len(rules.mixing or ()):
        complaints.append(Complaint(_("Name each kind once."), field="mixing"))
    complaints += [
        Complaint(_("This cannot be a hard rule."), field=name)
        for name, strength in (("commonTopics", rules.common_topics), ("topicsAtTables", rules.topics_at_tables))
        if strength is Strength.HARD
    ]
    if complaints:
        raise Refused(_("The rounds cannot be planned like this."), complaints)


def _people(rules: PlanRulesInput) -> Iterable[Person]:
    """Those of whom something is said: their rounds, tables and kinds."""
    rounds = {key(one.navigator): _from_0(one.rounds) for one in rules.presence}
    tables = {key(one.navigator): _from_0(one.tables) for one in rules.reach}
    named: dict[str, dict[str, str]] = {}
    for one in rules.mixing or ():
        for group in one.groups:
            for navigator in group.navigators:
                named.setdefault(key(navigator), {})[one.kind] = group.name
    for person in sorted(rounds.keys() | tables.keys() | named.keys()):
        yield Person(person, "", (), (), (), rounds.get(person), tables.get(person), named.get(person, {}))


def _pairs(rules: Sequence[PairInput]) -> tuple[Pair, ...]:
    return tuple(Pair(key(one.one), key(one.other), one.strength) for one in rules)


def _from_0(numbers: Iterable[int]) -> tuple[int, ...]:
    return tuple(number - 1 for number in sorted(set(numbers)))


def today(asked: ReplanRoundsInput) -> Today:
    """Raises Refused for lists that are too long."""
    if max(len(asked.missing), len(asked.new or ()), len(asked.pinned)) > MOST_RULES:
        raise Refused(_("At most {most} entries, please.", most=MOST_RULES))
    return Today(
        over=asked.over,
        missing=tuple(key(one) for one in asked.missing),
        new=None if asked.new is None else tuple(key(one) for one in asked.new),
        most_moved=asked.most_moved,
        pinned=tuple(key(one) for one in asked.pinned),
    )


def changes_of(asked: Sequence[PlanChange]) -> list[Change]:
    """Raises Refused for a swap with nobody."""
    if any(one.kind is PlanChangeKind.SWAP and one.other is None for one in asked):
        raise Refused(_("Two different people change places."))
    return [
        Change(
            one.kind.value,
            tuple(key(who) for who in (one.navigator, one.other if one.kind is PlanChangeKind.SWAP else None) if who),
            None if one.round is None else one.round - 1,
            None if one.table is None else one.table - 1,
        )
        for one in asked
    ]


def key(navigator: str) -> str:
    """How people are called in questions: UUIDs are written in small letters."""
    return navigator.strip().lower()
