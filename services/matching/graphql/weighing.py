"""What a plan gives up for what it gets, and two plans beside each other, as types of the graph."""

from typing import Any, Self

import strawberry
from strawberry import ID

from services.matching import comparing
from services.matching.graphql.answers import City, Figure, Navigator, SeatChange, from_1
from services.matching.solver.tradeoffs import reached


@strawberry.type(description="What a plan gives one person.")
class PersonShare:
    navigator: Navigator
    affinity: float = strawberry.field(description="Of the people met.")
    interest: float = strawberry.field(description="In the topics of the tables visited.")
    met: int = strawberry.field(description="Different people.")
    cities: int = strawberry.field(description="Other cities that the people met come from.")
    again: int = strawberry.field(description="Meetings with somebody met before, on the day or earlier.")


@strawberry.type(description="How many different pairs of people from two cities meet; `other` may be the same city.")
class CityContact:
    one: City
    other: City
    pairs: int


@strawberry.type(description="Two who meet more often than once, or met at an earlier day.")
class RepeatedPair:
    one: Navigator
    other: Navigator
    times: int = strawberry.field(description="On the day.")
    earlier: float = strawberry.field(description="At earlier days, which count half after a year.")


@strawberry.type(description="Two who were to meet and do not.")
class UnmetPair:
    one: Navigator
    other: Navigator


@strawberry.type(description="What a plan gives to whom, and what it gives up for that.")
class TradeOffs:
    objective: Figure = strawberry.field(description="Beside the mean of random plans and what no plan can exceed.")
    reached: float = strawberry.field(description="How far the plan came from chance (0) to the bound (1).")
    worst_off: list[PersonShare] = strawberry.field(description="Who gets least, the worst-off first; at most ten.")
    contacts: list[CityContact] = strawberry.field(description="Most pairs first; at most 500.")
    repeats: list[RepeatedPair] = strawberry.field(description="The most frequent first; at most 200.")
    unmet: list[UnmetPair] = strawberry.field(description="Those first whose wish weighs most; at most 200.")
    pairs: int = strawberry.field(description="Different pairs of people that meet.")
    pairs_of_cities: int = strawberry.field(description="Of these, pairs of people from different cities.")

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Self:
        found = answer["trade_offs"]
        value, random, bound = answer["objective"], answer["random_objective"], answer["upper_bound"]
        return cls(
            objective=Figure(value=value, random=random, bound=bound),
            reached=reached(value, random, bound),
            worst_off=[
                PersonShare(
                    navigator=Navigator.of(one["key"]),
                    affinity=one["affinity"],
                    interest=one["interest"],
                    met=one["met"],
                    cities=one["cities"],
                    again=one["again"],
                )
                for one in found["worst"]
            ],
            contacts=[
                CityContact(one=City(ags=ID(two["one"])), other=City(ags=ID(two["other"])), pairs=two["pairs"])
                for two in found["contacts"]
            ],
            repeats=[
                RepeatedPair(
                    one=Navigator.of(two["one"]),
                    other=Navigator.of(two["other"]),
                    times=two["times"],
                    earlier=two["earlier"],
                )
                for two in found["repeats"]
            ],
            unmet=[UnmetPair(one=Navigator.of(one), other=Navigator.of(other)) for one, other in found["unmet"]],
            pairs=found["pairs"],
            pairs_of_cities=found["pairs_of_cities"],
        )


@strawberry.type(description="A figure of two plans.")
class ComparedFigure:
    name: str
    one: float | None
    other: float | None
    other_is_better: bool | None = strawberry.field(description="Null where they are equal, or neither is better.")


@strawberry.type(description="What two plans give one person, in points.")
class ComparedShare:
    navigator: Navigator
    one: float
    other: float

    @classmethod
    def of(cls, share: comparing.Share) -> Self:
        return cls(navigator=Navigator.of(share.navigator), one=share.one, other=share.other)


@strawberry.type(description="Two plans of one event beside each other.")
class PlanComparison:
    figures: list[ComparedFigure]
    elsewhere: list[SeatChange] = strawberry.field(description="Who sits elsewhere in the other plan.")
    meetings_in_both: int = strawberry.field(
        description="Pairs who meet in both plans: it says more than `elsewhere` where tables only changed numbers."
    )
    meetings_in_one: int = strawberry.field(description="Pairs who meet in the first plan only.")
    meetings_in_other: int = strawberry.field(description="Pairs who meet in the other plan only.")
    gain: list[ComparedShare] = strawberry.field(
        description="Who gets more in the other plan, the greatest gain first; at most ten."
    )
    lose: list[ComparedShare] = strawberry.field(
        description="Who gets less in the other plan, the greatest loss first; at most ten."
    )

    @classmethod
    def of(cls, found: comparing.Comparison) -> Self:
        return cls(
            figures=[
                ComparedFigure(
                    name=one.name, one=one.one, other=one.other, other_is_better=one.better > 0 if one.better else None
                )
                for one in found.figures
            ],
            elsewhere=[
                SeatChange(
                    navigator=Navigator.of(seat.navigator),
                    round=seat.round + 1,
                    before=from_1(seat.one),
                    after=from_1(seat.other),
                )
                for seat in found.elsewhere
            ],
            meetings_in_both=found.both,
            meetings_in_one=found.only_one,
            meetings_in_other=found.only_other,
            gain=[ComparedShare.of(one) for one in found.gain],
            lose=[ComparedShare.of(one) for one in found.lose],
        )
