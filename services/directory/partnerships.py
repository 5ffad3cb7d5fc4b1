"""Cities that work together: one proposes, the other answers, either ends it.

Sessions here act for the hub, because the other city's contacts are told; whose partnership it is, is asked of the
row each time.
"""

import uuid
from collections.abc import Sequence

import msgspec
from sqlalchemy import func, or_, select, text

from services.directory import access, audit, contacts, topics
from services.directory.models import City, Partnership
from services.kit.auth import Principal
from services.kit.checks import Checks
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict, NotFound, Refused
from services.kit.i18n import gettext as _
from services.kit.service import Runtime

MOST_OPEN = 20
"""Proposals of one city that wait for answers at a time."""
MOST = 200
"""Partnerships of one city."""
MOST_TOPICS = 20
LONGEST_NOTE = 300
PROPOSED, ACTIVE, ENDED = "PROPOSED", "ACTIVE", "ENDED"


class Proposal(msgspec.Struct, frozen=True):
    """With whom (AGS), on which topics (codes), and a word about it that everybody reads once it is agreed."""

    other: str
    topics: tuple[str, ...] = ()
    note: str = ""


async def propose(session: Writer, runtime: Runtime, who: Principal, said: Proposal) -> Partnership:
    """Raises Refused, with fields; Conflict where the two have one already or too much waits."""
    ags = access.own_city(who)
    # Both cities' rows count here: proposals to each other at the same moment must not both stand.
    for one in sorted({ags, access.checked_ags(said.other)}):
        name = {"name": f"lotsennetz partnerships {one}"}
        await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), name)
    clean = await _checked(session, ags, said)
    of_city = or_(Partnership.ags == ags, Partnership.other == ags)
    living = (await session.scalars(select(Partnership).where(of_city, Partnership.status != ENDED))).all()
    if any(clean.other in {row.ags, row.other} for row in living):
        raise Conflict(_("Your cities have a partnership, or one of you has proposed it already."))
    if sum(row.status == PROPOSED and row.ags == ags for row in living) >= MOST_OPEN or len(living) >= MOST:
        raise Conflict(_("Too many partnerships wait for an answer already. Please end some first."))
    row = Partnership(id=uuid.uuid4(), ags=ags, other=clean.other, topics=list(clean.topics), note=clean.note)
    session.add(row)
    await session.flush()
    await session.refresh(row)
    await _noted(session, runtime, who, row, "proposed")
    return row


async def _checked(session: Reader, ags: str, said: Proposal) -> Proposal:
    checks = Checks()
    note = checks.text("", "note", said.note, LONGEST_NOTE, required=False)
    if await session.get(City, ags) is None:
        raise Refused(_("Your city has not published here yet. Please publish first."))
    if said.other == ags:
        checks.add("", "other", _("This is your own city."))
    elif await session.get(City, said.other) is None:
        checks.add("", "other", _("The city {ags} does not take part.", ags=said.other))
    if len(said.topics) > MOST_TOPICS:
        checks.add(
            "", "topics", _("{length} topics are too many; at most {most}.", length=len(said.topics), most=MOST_TOPICS)
        )
    found: dict[str, None] = {}
    for code in said.topics[:MOST_TOPICS]:
        topic = await topics.living(session, code)
        if topic is None:
            checks.add("", "topics", _("The topic „{code}“ is not in the vocabulary.", code=code[:60]))
        else:
            found[topic.code] = None
    checks.done(_("The partnership was not proposed. Please correct the fields named."))
    return Proposal(said.other, tuple(found), note)


async def answer(session: Writer, runtime: Runtime, who: Principal, key: uuid.UUID, *, accept: bool) -> Partnership:
    """The other city's yes or no. Raises NotFound for what is not theirs to answer, Conflict where it was answered."""
    row = await _own(session, who, key)
    if row.other != who.city:
        raise Conflict(_("The other city answers this. You can take your proposal back."))
    if row.status != PROPOSED:
        raise Conflict(_("This was answered already."))
    if accept:
        row.status, row.since = ACTIVE, func.current_date()
    else:
        row.status, row.ended_at = ENDED, func.now()
    await session.flush()
    await session.refresh(row)
    await _noted(session, runtime, who, row, "accepted" if accept else "declined")
    return row


async def end(session: Writer, runtime: Runtime, who: Principal, key: uuid.UUID) -> Partnership:
    """End a partnership, or take back one's proposal. Raises NotFound for others', Conflict for what has ended."""
    row = await _own(session, who, key)
    if row.status == ENDED:
        raise Conflict(_("This has ended already."))
    row.status, row.ended_at = ENDED, func.now()
    await session.flush()
    await session.refresh(row)
    await _noted(session, runtime, who, row, "ended")
    return row


async def _own(session: Writer, who: Principal, key: uuid.UUID) -> Partnership:
    row = await session.get(Partnership, key, with_for_update=True)
    if row is None or access.own_city(who) not in {row.ags, row.other}:
        raise NotFound(_("There is no such partnership."))
    return row


async def _noted(session: Writer, runtime: Runtime, who: Principal, row: Partnership, step: str) -> None:
    """In both cities' audit logs, and as a mail to the one that did not do it."""
    ags = access.own_city(who)
    other = row.ags if row.other == ags else row.other
    for city in (ags, other):
        await audit.note(session, who.subject, f"partnership.{step}", str(row.id), org=city)
    names = {city.ags: city.name for city in await _cities(session, (ags, other))}
    await contacts.write(
        session,
        runtime,
        other,
        "partnership",
        key=f"partnership:{row.id}:{step}",
        step=step,
        city=names[ags],
        note=row.note,
        link=f"{runtime.settings.issuer}/city/{other}/partnerships",
    )


async def _cities(session: Reader, keys: Sequence[str]) -> Sequence[City]:
    return (await session.scalars(select(City).where(City.ags.in_(keys)))).all()


async def of_cities(session: Reader, keys: Sequence[str]) -> list[list[Partnership]]:
    """For each city what the session may see: agreed ones, and proposals to and by its own city; oldest first."""
    found: dict[str, list[Partnership]] = {key: [] for key in keys}
    query = (
        select(Partnership)
        .where(or_(Partnership.ags.in_(keys), Partnership.other.in_(keys)), Partnership.status != ENDED)
        .order_by(Partnership.proposed_at, Partnership.id)
    )
    for row in (await session.scalars(query)).all():
        for ags in (row.ags, row.other):
            if ags in found and len(found[ags]) < MOST:
                found[ags].append(row)
    return [found[key] for key in keys]
