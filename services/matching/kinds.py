"""What tables can mix beside cities: departments, experience and languages, as far as people published them."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Final

from services.matching.models import Navigator

DEPARTMENT, EXPERIENCE, LANGUAGE = "department", "experience", "language"
PUBLISHED: Final = (DEPARTMENT, EXPERIENCE, LANGUAGE)
YEAR: Final = timedelta(days=365)
NEW, SOME, LONG = "experience-new", "experience-some", "experience-long"


def of(person: Navigator, wanted: Collection[str], day: date) -> Mapping[str, str]:
    """The person's kinds among those `wanted`; what was not published is left out.

    A department is one of its city: people of two cities' personnel offices are no silo, but should rather meet.
    `day`: up to when experience counts.
    """
    known = {
        DEPARTMENT: f"{person.department} ({person.ags})" if person.department else "",
        EXPERIENCE: _experience(day - person.since) if person.since else "",
        LANGUAGE: "+".join(sorted(person.languages)),
    }
    return {kind: known[kind] for kind in PUBLISHED if kind in wanted and known[kind]}


def _experience(length: timedelta) -> str:
    """NEW for less than a year, SOME for less than three, LONG."""
    return NEW if length < YEAR else SOME if length < 3 * YEAR else LONG
