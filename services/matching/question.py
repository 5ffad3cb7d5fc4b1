"""What a plan was asked for: everything the solver sees, kept with the plan as JSON.

Rounds and tables count from 0. Every field that came later has a default, so that older questions can still be read.
"""

import msgspec

from services.matching.strength import Strength, Wish

CITY = "city"


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """`rounds`: those in which the person is there, `tables`: those in reach; None for all. `kinds`: not the city."""

    id: str
    city: str
    offers: tuple[str, ...]
    seeks: tuple[str, ...]
    works_on: tuple[str, ...]
    rounds: tuple[int, ...] | None = None
    tables: tuple[int, ...] | None = None
    kinds: dict[str, str] = {}


class Host(msgspec.Struct, frozen=True):
    """Somebody who stays at one table; None: the solver chooses it."""

    id: str
    table: int | None = None


class Pair(msgspec.Struct, frozen=True):
    """Two who shall meet, or shall not."""

    one: str
    other: str
    strength: Strength = Strength.HARD


class Met(msgspec.Struct, frozen=True):
    """Two who met before: `times` with its decay."""

    one: str
    other: str
    times: float = 1.0


class Mixing(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one kind is spread over the tables: evenly, or at most `most` of each at a table.

    `published`: who is of which kind is what people published, not what the organiser said.
    """

    kind: str
    strength: Strength = Strength.HARD
    most: int | None = None
    published: bool = False


class Day(msgspec.Struct, frozen=True):
    """The plan that a running day goes on from: tables by round and person (-1: no seat) in the order of the people.

    `over`: rounds that are past. `most_moved`: how many seats may change; None leaves it to the solver. `gone`: how
    many were in that plan and are in no round of this one.
    """

    plan: tuple[tuple[int, ...], ...]
    over: int
    most_moved: int | None = None
    pinned: tuple[str, ...] = ()
    gone: int = 0


class Question(msgspec.Struct, frozen=True, omit_defaults=True):
    """With `seed`, a budget of `iterations` and the solver's version, a plan can be computed again.

    `topics`: (code, parent code) of the vocabulary. `table_topics`: empty for those that people care for most. `seats`:
    fewest and most people of each table; empty for tables that differ by one at most. `mix`: what is not named is not
    mixed, None stands for cities as a hard rule. `common_topics` and `topics_at_tables`: how much it counts what people
    have to say to each other, and their interest in the tables they visit. `earlier_meetings`: what it counts to meet
    somebody of `earlier` again; None: what a repeat does.

    `more`: the plan is searched for with the strengths of `wished`, and valued with these here, so that it can be laid
    beside the plan that had them.
    """

    rounds: int
    tables: int
    topics: tuple[tuple[str, str | None], ...]
    people: tuple[Person, ...]
    table_topics: tuple[str, ...] = ()
    seed: int = 1
    seconds: float | None = 3.0
    iterations: int | None = None
    seats: tuple[tuple[int, int], ...] = ()
    hosts: tuple[Host, ...] = ()
    must: tuple[Pair, ...] = ()
    never: tuple[Pair, ...] = ()
    earlier: tuple[Met, ...] = ()
    mix: tuple[Mixing, ...] | None = None
    repeats: Strength = Strength.STRONG
    earlier_meetings: Strength | None = None
    common_topics: Strength = Strength.NORMAL
    topics_at_tables: Strength = Strength.NORMAL
    more: Wish | None = None
    day: Day | None = None

    @property
    def mixing(self) -> tuple[Mixing, ...]:
        """How tables are mixed, the usual said as well."""
        return (Mixing(CITY),) if self.mix is None else self.mix

    @property
    def published(self) -> frozenset[str]:
        """The kinds that are known from what people published."""
        return frozenset(one.kind for one in self.mixing if one.published)


def wished(question: Question) -> Question:
    """The question with the strengths by which a plan with `more` of something is searched for: what is wished for
    counts STRONG, the other gains and repeats one word less. Hard rules stay.
    """
    wish = question.more
    if wish is None:
        return question
    counts = {
        Wish.NEW_MEETINGS: "repeats", Wish.COMMON_TOPICS: "common_topics", Wish.TABLE_TOPICS: "topics_at_tables",
    }  # fmt: skip
    strengths: dict[str, Strength] = {
        name: strength.raised if counts.get(wish) == name else strength.weaker
        for name in counts.values()
        for strength in (getattr(question, name),)
    }
    earlier = question.earlier_meetings
    if earlier is not None and earlier is not Strength.OFF:
        strengths["earlier_meetings"] = earlier.raised if wish is Wish.NEW_MEETINGS else earlier.weaker
    mix = question.mixing
    if wish is Wish.MIXED_CITIES:
        mix = tuple(msgspec.structs.replace(m, strength=m.strength.raised) if m.kind == CITY else m for m in mix)
        mix = mix if any(one.kind == CITY for one in mix) else (*mix, Mixing(CITY, Strength.STRONG))
    return msgspec.structs.replace(question, mix=mix, **strengths)


def without(question: Question, person: str) -> Question:
    """The question as if the person had never been in it."""
    place = next((at for at, one in enumerate(question.people) if one.id == person), None)
    day = question.day
    if day is not None and place is not None:
        rows = tuple(row[:place] + row[place + 1 :] for row in day.plan)
        day = msgspec.structs.replace(day, plan=rows, pinned=tuple(one for one in day.pinned if one != person))
    return msgspec.structs.replace(
        question,
        people=tuple(one for one in question.people if one.id != person),
        hosts=tuple(one for one in question.hosts if one.id != person),
        must=tuple(two for two in question.must if person not in (two.one, two.other)),
        never=tuple(two for two in question.never if person not in (two.one, two.other)),
        earlier=tuple(two for two in question.earlier if person not in (two.one, two.other)),
        day=day,
    )
