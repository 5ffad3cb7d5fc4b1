"""The rows of people who may become navigators: found, added, written to, and forgotten."""

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, delete, func, or_, select, text, tuple_

from services.directory import desk
from services.directory.models import Candidate, City, Municipality, NavigatorCall
from services.directory.protection.retention import CANDIDATES_KEPT, UNCONFIRMED_KEPT
from services.kit import i18n, links, mail
from services.kit.checks import Checks
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict, NotFound, Refused
from services.kit.i18n import gettext as _
from services.kit.mail import checked_address
from services.kit.service import Runtime
from services.kit.settings import Settings

ASKED, NOMINATED, APPLIED = "ASKED", "NOMINATED", "APPLIED"
WAITING, AGREED, DECLINED, TAKEN, REFUSED, WITHDRAWN = (
    "WAITING", "AGREED", "DECLINED", "TAKEN", "REFUSED", "WITHDRAWN",
)  # fmt: skip
OPEN: Final = (WAITING, AGREED)
LINK_LIFE: Final = UNCONFIRMED_KEPT
KEPT: Final = CANDIDATES_KEPT
UNDECIDED_KEPT: Final = timedelta(days=365)
MOST_OPEN: Final = 200
"""Applicants to one city, and others, who have not been decided about."""
MOST_HOURS: Final = 174
"""A month of full-time work."""
LONGEST: Final = 1_000
_PURPOSE: Final = "candidacy"
_TURN_BYTES: Final = 4


def link(settings: Settings, row: Candidate) -> str:
    """The path of the person's page."""
    value = row.id.bytes + row.turn.to_bytes(_TURN_BYTES, "big")
    return f"/candidacy/{links.signed(settings, _PURPOSE, value, LINK_LIFE)}"


async def of_link(session: Reader, settings: Settings, token: str, *, lock: bool = False) -> Candidate:
    """Raises NotFound for a link that is wrong or too old, or whose row is gone."""
    value = links.opened(settings, _PURPOSE, token.rstrip("/").rpartition("/")[2])
    if value is not None and len(value) == links.ID_BYTES + _TURN_BYTES:
        key, turn = uuid.UUID(bytes=value[: links.ID_BYTES]), int.from_bytes(value[links.ID_BYTES :], "big")
        row = await session.get(Candidate, key, with_for_update=True if lock else None, populate_existing=lock)
        if row is not None and row.turn == turn:
            return row
    raise NotFound(_("This link is not valid any more."))


def shown_to_city(row: Candidate) -> bool:
    """An application is the applicant's own until they have confirmed it, and never if they did not."""
    return row.way != APPLIED or row.status not in {WAITING, DECLINED}


# Reading ----------------------------------------------------------------------------------------------------------


async def page(
    session: Reader, ags: str, limit: int, *, after: tuple[datetime, uuid.UUID] | None = None,
    statuses: Sequence[str] = (),
) -> list[Candidate]:  # fmt: skip
    """Whom the city knows of, newest first."""
    query = _of_city(ags).order_by(Candidate.at.desc(), Candidate.id.desc()).limit(limit)
    if after is not None:
        query = query.where(tuple_(Candidate.at, Candidate.id) < after)
    if statuses:
        query = query.where(Candidate.status.in_(statuses))
    return list(await session.scalars(query))


async def one(session: Reader, ags: str, key: uuid.UUID) -> Candidate | None:
    return (await session.scalars(_of_city(ags).where(Candidate.id == key))).one_or_none()


async def counts(session: Reader, ags: str) -> dict[str, int]:
    """How many stand where, by status."""
    counted = _of_city(ags).with_only_columns(Candidate.status, func.count()).group_by(Candidate.status)
    return dict((await session.execute(counted)).all())


def _of_city(ags: str) -> Select[Candidate]:
    confirmed = or_(Candidate.way != APPLIED, Candidate.status.not_in([WAITING, DECLINED]))
    return select(Candidate).where(Candidate.ags == ags, confirmed)


async def call_of(session: Reader, ags: str) -> NavigatorCall | None:
    """The city's call, while it stands."""
    still = or_(NavigatorCall.until.is_(None), NavigatorCall.until >= today())
    found = await session.scalars(select(NavigatorCall).where(NavigatorCall.ags == ags, still))
    return found.one_or_none()


async def forget(session: Writer) -> None:
    """Let go of what was decided, of applications that nobody confirmed, and of calls that are over."""
    now, of = datetime.now(UTC), Candidate
    last = func.coalesce(of.decided_at, of.answered_at, of.asked_at)
    unconfirmed = (of.way == APPLIED) & (of.status == WAITING) & (of.asked_at < now - LINK_LIFE)
    done = (of.status != AGREED) & (last < now - KEPT)
    await session.execute(delete(of).where(or_(unconfirmed, done, last < now - UNDECIDED_KEPT)))
    await session.execute(delete(NavigatorCall).where(NavigatorCall.until < today()))


# What they share --------------------------------------------------------------------------------------------------


async def turn(session: Writer, ags: str) -> None:
    """Nobody else asks in this city's name until the end of the unit of work."""
    name = {"name": f"lotsennetz candidates {ags}"}
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), name)


async def add(session: Writer, ags: str, way: str, values: dict[str, Any]) -> Candidate:
    alike = Candidate.way == APPLIED if way == APPLIED else Candidate.way != APPLIED  # strangers fill up no city's own
    waiting = select(func.count()).where(Candidate.ags == ags, Candidate.status.in_(OPEN), alike)
    if (await session.scalar(waiting) or 0) >= MOST_OPEN:
        raise Conflict(_("Too many people are waiting in this city already."))
    row = Candidate(
        id=uuid.uuid4(), ags=ags, way=way, status=WAITING, answer="", key="", turn=1, at=datetime.now(UTC),
        asked_at=datetime.now(UTC), language=i18n.language(), **values,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    return row


async def renew(session: Writer, runtime: Runtime, row: Candidate) -> None:
    row.turn, row.asked_at = row.turn + 1, datetime.now(UTC)
    await session.flush()
    await write(session, runtime, row, "application" if row.way == APPLIED else "nomination")


async def write(session: Writer, runtime: Runtime, row: Candidate, kind: str) -> None:
    """A mail to the person."""
    await mail.send(
        session, runtime.outbox, kind, to=row.email, language=row.language, key=f"{kind}:{row.id}:{row.turn}", row=row,
        city=await town(session, row.ags), link=runtime.settings.issuer + link(runtime.settings, row),
        days=LINK_LIFE.days,
    )  # fmt: skip


async def town(session: Reader, ags: str) -> str:
    """What the city calls itself; before it has published, what the register calls it."""
    name = await session.scalar(select(City.name).where(City.ags == ags))
    known = name or await session.scalar(select(Municipality.name).where(Municipality.ags == ags))
    return known.split(",")[0] if known else ags


async def known(session: Reader, ags: str, email: str) -> bool:
    """Whether somebody with the address is a navigator of the city, or waits to become one."""
    if (await session.scalars(open_with(ags, email))).first() is not None:
        return True
    city = await desk.read(session, ags)
    return any(same(one.email, email) for one in city.snapshot.navigators)


def open_with(ags: str, email: str) -> Select[Candidate]:
    of = Candidate
    like = func.lower(of.email) == email.lower()
    return select(of).where(of.ags == ags, like, of.status.in_(OPEN)).limit(1)


def same(one: str | None, other: str) -> bool:
    return (one or "").lower() == other.lower()


def address(checks: Checks, email: str) -> str:
    try:
        return checked_address(email)
    except Refused as problem:
        checks.add("", "email", problem.message)
        return ""


def today() -> date:
    return datetime.now(UTC).date()
