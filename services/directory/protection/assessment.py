"""A navigator's self-assessment: an orientation for themselves, in four areas, that nobody grades and nobody asks for.

Only the person reads it. When they share it, their city's coordinators read a copy of how it was then, until the
person takes it back; that somebody looked stands in the audit log. Sessions here act for the hub, except for `read`.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import delete, func, select

from services.directory import audit
from services.directory.models import Navigator, SelfAssessment, SharedAssessment
from services.directory.protection.own import PERSON
from services.directory.protection.person import Person
from services.directory.snapshot import AREAS
from services.kit.checks import Checks
from services.kit.db import Reader, Writer, put
from services.kit.errors import NotFound, Refused
from services.kit.i18n import gettext as _

STATEMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "professional": ("processes", "tools", "rules", "agenda"),
    "methodical": ("simplify", "explain", "plan", "moderate"),
    "social": ("listen", "doubts", "connect", "leaders"),
    "personal": ("curious", "setbacks", "time", "limits"),
}
"""By area, as a navigator's competences have them. Codes are stored: what a statement says is in `in_words`."""
LEVELS: Final = (1, 2, 3, 4)
LONGEST: Final = 2_000
MOST_SHARED: Final = 500
assert tuple(STATEMENTS) == AREAS


class Assessment(NamedTuple):
    """`levels` by statement. `shared_at`: since when coordinators read a copy, which may be older."""

    levels: Mapping[str, int]
    notes: str
    changed_at: datetime | None = None
    shared_at: datetime | None = None
    as_shared: bool = False
    """Whether the copy says the same."""


EMPTY: Final = Assessment({}, "")


async def of(session: Reader, navigator_id: uuid.UUID) -> Assessment:
    """What the person noted, for them alone."""
    own = await session.get(SelfAssessment, navigator_id, populate_existing=True)
    copy = await session.get(SharedAssessment, navigator_id, populate_existing=True)
    at = copy.at if copy else None
    if own is None:
        return EMPTY._replace(shared_at=at)
    same = copy is not None and (copy.levels, copy.notes) == (own.levels, own.notes)
    return Assessment(own.levels, own.notes, own.changed_at, at, same)


async def keep(session: Writer, person: Person, levels: Mapping[str, int], notes: str) -> None:
    """Take the place of what was noted before; a copy that is shared stays as it was. Raises Refused with fields."""
    known = {one for statements in STATEMENTS.values() for one in statements}
    checks = Checks()
    for name, level in levels.items():
        if name not in known:
            raise Refused(_("There is no such statement."))
        checks.number("", name, level, LEVELS[0], LEVELS[-1])
    clean = checks.text("", "notes", notes, LONGEST, required=False)
    checks.done(_("Nothing was stored. Please look at the fields that are named."))
    values = {"ags": person.ags, "levels": dict(levels), "notes": clean, "changed_at": func.now()}
    await put(session, SelfAssessment, {"navigator_id": person.id}, values)


async def share(session: Writer, person: Person) -> None:
    """Let the city's coordinators read how it is now. Raises Refused where there is nothing to share."""
    own = await session.get(SelfAssessment, person.id, populate_existing=True)
    if own is None:
        raise Refused(_("There is nothing to share yet."))
    values = {"ags": person.ags, "levels": own.levels, "notes": own.notes, "at": func.now()}
    await put(session, SharedAssessment, {"navigator_id": person.id}, values)
    await audit.note(session, PERSON, "assessment.shared", str(person.id), org=person.ags)


async def take_back(session: Writer, person: Person) -> None:
    done = await session.execute(
        delete(SharedAssessment).where(SharedAssessment.navigator_id == person.id).returning(SharedAssessment.ags)
    )
    if done.first() is not None:
        await audit.note(session, PERSON, "assessment.unshared", str(person.id), org=person.ags)


async def erase(session: Writer, person: Person) -> None:
    """Forget it, and the copy with it."""
    await take_back(session, person)
    await session.execute(delete(SelfAssessment).where(SelfAssessment.navigator_id == person.id))
    await audit.note(session, PERSON, "assessment.erased", str(person.id), org=person.ags)


# Coordinators -----------------------------------------------------------------------------------------------------


async def shared(session: Reader, ags: str) -> list[tuple[uuid.UUID, datetime]]:
    """Whose assessments the city's coordinators may read, and since when; the newest first."""
    query = (
        select(SharedAssessment.navigator_id, SharedAssessment.at)
        .join(Navigator, Navigator.id == SharedAssessment.navigator_id)
        .where(SharedAssessment.ags == ags, Navigator.ags == ags)
        .order_by(SharedAssessment.at.desc(), SharedAssessment.navigator_id)
        .limit(MOST_SHARED)
    )
    return [(key, at) for key, at in await session.execute(query)]


async def read(session: Writer, actor: str, ags: str, navigator_id: uuid.UUID) -> SharedAssessment:
    """What somebody of the city shared; that `actor` read it is noted. Raises NotFound."""
    row = await session.get(SharedAssessment, navigator_id)
    if row is None or row.ags != ags:
        raise NotFound(_("This person shares no self-assessment with you."))
    await audit.note(session, actor, "assessment.read", str(navigator_id), org=ags)
    return row


# Words ------------------------------------------------------------------------------------------------------------


def in_words() -> dict[str, str]:
    """The statements, as somebody says them of themselves."""
    return {
        "processes": _("I know the tasks and ways of work of my department."),
        "tools": _("I use the digital tools of our administration with confidence."),
        "rules": _("I know what data protection, accessibility and security ask of my work."),
        "agenda": _("I know what my city plans for its digitalisation."),
        "simplify": _("I see what could be simpler in the way we work."),
        "explain": _("I can explain something new so that colleagues try it."),
        "plan": _("I can plan small steps and see them through."),
        "moderate": _("I can lead a meeting or a short workshop."),
        "listen": _("I find out what colleagues really need."),
        "doubts": _("I take doubts seriously and can talk about them."),
        "connect": _("I bring people together who can help each other."),
        "leaders": _("I can win superiors over for an idea."),
        "curious": _("I like to try what I do not know yet."),
        "setbacks": _("I go on when something does not work at first."),
        "time": _("I find time for this role beside my other work."),
        "limits": _("I know my limits and ask for help."),
    }


def areas() -> dict[str, str]:
    return {
        "professional": _("Professional"),
        "methodical": _("Methodical"),
        "social": _("Social"),
        "personal": _("Personal"),
    }


def levels() -> dict[int, str]:
    return {1: _("not yet"), 2: _("a little"), 3: _("well"), 4: _("so that I can show others")}


def about(row: SelfAssessment | SharedAssessment | None) -> dict[str, Any] | None:
    """For an export: levels by statement, each in words."""
    if row is None:
        return None
    words = in_words()
    said = {words.get(name, name): level for name, level in row.levels.items()}
    return {"levels": said, "notes": row.notes}
