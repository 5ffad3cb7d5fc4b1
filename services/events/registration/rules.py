"""How an event gives its places: checked as an organiser writes it, and what it means for a city. Pure."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from zoneinfo import ZoneInfo

from services.kit.checks import Checks
from services.kit.i18n import gettext as _

MOST_PLACES = 5_000
MOST_STEPS = 20
MOST_POPULATION = 100_000_000
MOST_OFFER_HOURS = 24 * 30
OFFER_HOURS = 48
RELEASE_KINDS = frozenset({"LEARNING_TRIP"})
"""Kinds of events that are a business trip (Dienstreise) unless the organiser says otherwise."""


@dataclass(frozen=True)
class Draft:
    """As an organiser wrote it; `sizes` are (population, places), `parties` (AGS, places)."""

    opens_at: dt.datetime | None = None
    closes_at: dt.datetime | None = None
    places: int | None = None
    sizes: tuple[tuple[int, int], ...] = ()
    parties: tuple[tuple[str, int], ...] = ()
    release_needed: bool | None = None
    offer_hours: int = OFFER_HOURS


def check(draft: Draft, cities: set[str]) -> None:
    """Raises Refused, naming each field that is wrong; `cities` are those of the event."""
    checks = Checks()
    if draft.places is not None:
        checks.number("registration", "places", draft.places, 0, MOST_PLACES)
    checks.number("registration", "offerHours", draft.offer_hours, 1, MOST_OFFER_HOURS)
    moments = {"opensAt": draft.opens_at, "closesAt": draft.closes_at}
    naive = [field for field, moment in moments.items() if moment is not None and moment.tzinfo is None]
    for field in naive:
        checks.add("registration", field, _("A moment needs a timezone, such as 2027-05-01T09:00:00+02:00."))
    if not naive and draft.opens_at and draft.closes_at and draft.closes_at <= draft.opens_at:
        checks.add("registration", "closesAt", _("It closes before it opens."))
    if len(draft.sizes) > MOST_STEPS:
        checks.add("registration", "sizes", _("At most {most} steps, please.", most=MOST_STEPS))
    for i, (population, places) in enumerate(draft.sizes[:MOST_STEPS]):
        checks.number(f"sizes[{i}]", "population", population, 0, MOST_POPULATION)
        checks.number(f"sizes[{i}]", "places", places, 0, MOST_PLACES)
    if any(one[0] >= other[0] for one, other in pairwise(draft.sizes[:MOST_STEPS])):
        checks.add("registration", "sizes", _("The steps rise by population."))
    given = [ags for ags, _places in draft.parties]
    if len(set(given)) < len(given):
        checks.add("registration", "parties", _("A city is named twice."))
    for i, (ags, places) in enumerate(draft.parties[: len(cities) + 1]):
        checks.number(f"parties[{i}]", "places", places, 0, MOST_PLACES)
        if ags not in cities:
            checks.add(f"parties[{i}]", "city", _("The city {city} takes no part in this event.", city=ags[:20]))
    checks.done(_("Nothing was changed. Please correct the fields named and send it again."))


def quota(sizes: Sequence[Sequence[int]], parties: Mapping[str, int], ags: str, population: int | None) -> int | None:
    """How many places the city has at most; None: no quota.

    What is said of the party itself counts first, then the highest step that its population reaches. A city whose
    population nobody knows counts as the smallest.
    """
    if ags in parties:
        return int(parties[ags])
    reached = [places for least, places in sizes if (population or 0) >= least]
    return int(reached[-1]) if reached else (0 if sizes else None)


def ends(last_day: dt.date, timezone: str) -> dt.datetime:
    """When an event is over: nobody registers or cancels any more."""
    return dt.datetime.combine(last_day + dt.timedelta(days=1), dt.time(), ZoneInfo(timezone)).astimezone(dt.UTC)
