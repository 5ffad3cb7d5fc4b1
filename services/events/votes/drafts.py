"""Votes as organisers write them and ballots as people cast them: checked as a whole. Pure: no database, no clock."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from services.events.votes.ranking import CRITERION, SHARED, Ties
from services.kit.checks import Checks
from services.kit.i18n import gettext as _

MOST_CRITERIA: Final = 10
MOST_CANDIDATES: Final = 200
MOST_POINTS: Final = 100
"""That one person can give one candidate in one criterion."""
MOST_FIGURE: Final = 1_000_000
LONGEST_TITLE: Final = 500


class Criterion(msgspec.Struct, frozen=True):
    """What candidates are judged by. A person gives each of them 0 to `most` points, and all together no more than
    `budget`, if there is one.
    """

    name: str
    most: int = 1
    budget: int | None = None


class Candidate(msgspec.Struct, frozen=True):
    """An idea or a proposal of the event by its id, or something else by its `title`; which an idea or a proposal may
    have too, instead of its own. `figures` and what was printed are of an import.
    """

    title: str = ""
    city: str = ""
    idea: str = ""
    proposal: str = ""
    figures: tuple[int, ...] = ()
    printed_total: int | None = None
    printed_rank: int | None = None


class Draft(msgspec.Struct, frozen=True):
    """`source` says where an imported result was printed."""

    title: str
    criteria: tuple[Criterion, ...]
    candidates: tuple[Candidate, ...]
    ties: Ties = Ties()
    source: str = ""


def validate(draft: Draft, *, printed: bool = False) -> Draft:
    """The draft with its texts cleaned; `printed`: with the figures of a result. Raises Refused with every problem."""
    checks = Checks()
    criteria = tuple(_criterion(checks, f"criteria[{i}]", one) for i, one in enumerate(draft.criteria[:MOST_CRITERIA]))
    if not 1 <= len(draft.criteria) <= MOST_CRITERIA:
        checks.add("vote", "criteria", _("A vote has between one and {most} criteria.", most=MOST_CRITERIA))
    if len({one.name.casefold() for one in criteria}) < len(criteria):
        checks.add("vote", "criteria", _("Two criteria have the same name."))
    if not 2 <= len(draft.candidates) <= MOST_CANDIDATES:
        checks.add("vote", "candidates", _("Put between two and {most} to the vote.", most=MOST_CANDIDATES))
    ties = _ties(checks, draft.ties, len(criteria))
    candidates = tuple(
        _candidate(checks, f"candidates[{i}]", one, len(criteria), printed=printed)
        for i, one in enumerate(draft.candidates[:MOST_CANDIDATES])
    )
    for field in ("idea", "proposal"):
        named = [getattr(one, field) for one in candidates if getattr(one, field)]
        if len(set(named)) < len(named):
            checks.add("vote", "candidates", _("The same stands there twice."))
    title = checks.text("vote", "title", draft.title, 200)
    source = checks.text("vote", "source", draft.source, 200, required=False)
    checks.done(_("The vote was not stored. Please correct the fields named and send it again."))
    return Draft(title, criteria, candidates, ties, source)


def _criterion(checks: Checks, row: str, one: Criterion) -> Criterion:
    checks.number(row, "most", one.most, 1, MOST_POINTS)
    if one.budget is not None:
        checks.number(row, "budget", one.budget, 1, MOST_POINTS * MOST_CANDIDATES)
    return Criterion(checks.text(row, "name", one.name, 100), one.most, one.budget)


def _ties(checks: Checks, ties: Ties, criteria: int) -> Ties:
    if ties.rule == SHARED and ties.criteria:
        checks.add("vote", "tieCriteria", _("Where a rank is shared, no criterion decides."))
    if ties.rule == CRITERION and not ties.criteria:
        checks.add("vote", "tieCriteria", _("Name the criterion that decides first."))
    if len(set(ties.criteria)) < len(ties.criteria) or not all(0 <= one < criteria for one in ties.criteria):
        checks.add("vote", "tieCriteria", _("Name each criterion once, by its number from 1 to {most}.", most=criteria))
    return ties._replace(seed=checks.text("vote", "seed", ties.seed, 100, required=False))


def _candidate(checks: Checks, row: str, one: Candidate, criteria: int, *, printed: bool) -> Candidate:
    if one.idea and one.proposal:
        checks.add(row, "idea", _("Name an idea or a proposal, not both."))
    title = checks.text(row, "title", one.title, LONGEST_TITLE, required=not (one.idea or one.proposal))
    if printed:
        if len(one.figures) != criteria:
            words = _("There are {criteria} criteria, but {figures} figures.", criteria=criteria,
                      figures=len(one.figures))  # fmt: skip
            checks.add(row, "figures", words)
        for figure in one.figures[:criteria]:
            checks.number(row, "figures", figure, 0, MOST_FIGURE)
        if one.printed_total is not None:
            checks.number(row, "printedTotal", one.printed_total, 0, MOST_FIGURE * MOST_CRITERIA)
        if one.printed_rank is not None:
            checks.number(row, "printedRank", one.printed_rank, 1, MOST_CANDIDATES)
    return msgspec.structs.replace(one, title=title)


def ballot(
    criteria: Sequence[Criterion], keys: Sequence[str], given: Sequence[tuple[str, Sequence[int]]]
) -> dict[str, list[int]]:
    """A ballot: points by candidate (one of `keys`) and criterion, without candidates that got none.

    Whoever is not named gets nothing; so may all. Raises Refused with every problem by row.
    """
    checks, known = Checks(), dict.fromkeys(keys, 0)
    clean: dict[str, list[int]] = {}
    for i, (key, points) in enumerate(given[: len(keys) + 1]):
        row = f"points[{i}]"
        if key not in known:
            checks.add(row, "candidate", _("This does not stand for the vote."))
            continue
        known[key] += 1
        if known[key] > 1:
            checks.add(row, "candidate", _("The same stands there twice."))
        if len(points) != len(criteria):
            checks.add(row, "points", _("Give points in each of the {most} criteria.", most=len(criteria)))
        for criterion, number in zip(criteria, points, strict=False):
            checks.number(row, "points", number, 0, criterion.most)
        if any(points):
            clean[key] = list(points)
    if not checks.found:
        _budgets(checks, criteria, clean)
    checks.done(_("Your vote was not counted. Please correct the points named and send it again."))
    return clean


def _budgets(checks: Checks, criteria: Sequence[Criterion], clean: Mapping[str, Sequence[int]]) -> None:
    for number, criterion in enumerate(criteria):
        spent = sum(points[number] for points in clean.values())
        if criterion.budget is not None and spent > criterion.budget:
            words = _("{spent} points are too many for „{criterion}“; at most {most}.", spent=spent,
                      criterion=criterion.name, most=criterion.budget)  # fmt: skip
            checks.add("points", "points", words)
