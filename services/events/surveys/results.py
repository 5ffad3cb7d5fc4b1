"""What a survey says when it is over, and what it may say about few people. Pure.

No figure is about fewer than `LEAST` people. A breakdown by city puts smaller cities together; were what is left over
still too small, the smallest of the others joins it, so that nobody finds it by subtracting.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from services.events.surveys.factors import FACTORS, outcomes
from services.events.surveys.questions import SCALE, Answer, Question

LEAST: Final = 5
"""People in every breakdown."""
OTHERS: Final = ""
"""The group of those whose own group would be too small."""


class Option(NamedTuple):
    """`rank` counts from 1; options with as many votes share it, and `tied` says so."""

    label: str
    votes: int
    rank: int
    tied: bool


class Tally(NamedTuple):
    """What was answered to one question; all empty where fewer than `LEAST` people answered it.

    `counts` has how often each step of the scale was chosen, `outcomes` how often each followed from the factors.
    """

    answered: int
    mean: float | None = None
    counts: tuple[int, ...] = ()
    options: tuple[Option, ...] = ()
    texts: tuple[str, ...] = ()
    outcomes: tuple[tuple[str, int], ...] = ()


def tally(question: Question, answers: Sequence[Answer], *, texts: bool = True) -> Tally:
    """`answers` are those to this question. Without `texts`, what people wrote is left out."""
    given = [answer for answer in answers if not answer.empty]
    if len(given) < LEAST:
        return Tally(0)
    if question.kind == "SCALE":
        values = [answer.scale for answer in given if answer.scale is not None]
        counts = Counter(values)
        steps = range(SCALE[0], SCALE[1] + 1)
        return Tally(len(given), sum(values) / len(values), tuple(counts[step] for step in steps))
    if question.kind == "TEXT":
        return Tally(len(given), texts=tuple(sorted(answer.text for answer in given)) if texts else ())
    labels = FACTORS if question.kind == "FACTORS" else question.options
    votes = Counter(pick for answer in given for pick in answer.picks)
    found: Counter[str] = Counter()
    if question.kind == "FACTORS":
        for answer in given:
            found.update(outcomes([FACTORS[pick] for pick in answer.picks]))
    return Tally(len(given), options=ranked({label: votes[i] for i, label in enumerate(labels)}),
                 outcomes=tuple(found.most_common()))  # fmt: skip


def ranked(votes: Mapping[str, int]) -> tuple[Option, ...]:
    """By votes, most first; as many votes are the same rank (1, 2, 2, 4), in the order of `votes`."""
    times = Counter(votes.values())
    ordered = sorted(votes.items(), key=lambda one: -one[1])
    return tuple(
        Option(label, count, 1 + sum(other > count for other in votes.values()), times[count] > 1)
        for label, count in ordered
    )


def groups(of: Mapping[str, int]) -> dict[str, str]:
    """Under which group each city is told: itself, or OTHERS. Empty where nothing can be told apart at all.

    `of` has how many people of each city answered.
    """
    shown = {city for city, count in of.items() if count >= LEAST}
    left = sum(count for city, count in of.items() if city not in shown)
    while shown and 0 < left < LEAST:
        smallest = min(shown, key=lambda city: (of[city], city))
        shown.discard(smallest)
        left += of[smallest]
    return {city: city if city in shown else OTHERS for city in of} if shown else {}
