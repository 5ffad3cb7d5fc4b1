"""What a city does: ask, nominate, take back, refuse, and take somebody in."""

import uuid
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from sqlalchemy import delete

from services.directory import access, audit, desk, people, store
from services.directory.candidates import rows
from services.directory.candidates.rows import (
    AGREED,
    ASKED,
    LONGEST,
    MOST_HOURS,
    NOMINATED,
    REFUSED,
    TAKEN,
    WAITING,
    WITHDRAWN,
)
from services.directory.login import links as logins
from services.directory.models import Candidate, City, NavigatorCall
from services.directory.publishing import Outcome, Publisher
from services.directory.sheets import new_key
from services.directory.snapshot import NavigatorRow, put
from services.kit import db
from services.kit.auth import Principal
from services.kit.checks import Checks
from services.kit.db import Writer
from services.kit.errors import Conflict, NotFound, Problem, Refused
from services.kit.i18n import gettext as _
from services.kit.messages import Message
from services.kit.service import Runtime


class Asking(msgspec.Struct, frozen=True):
    """Whom a city asks, or who was nominated to it and by whom, with the hours a month that the role is to take."""

    name: str
    email: str
    hours: int
    department: str = ""
    nominator: str = ""
    words: str = ""
    nominated: bool = False


class Call(msgspec.Struct, frozen=True):
    """What a city calls for; `until` is the last day, None for no end."""

    hours: int
    words: str = ""
    until: date | None = None


# The city asks ----------------------------------------------------------------------------------------------------


async def ask(session: Writer, runtime: Runtime, who: Principal, said: Asking) -> Candidate:
    """Ask somebody, by mail, whether they want to. Raises Refused with fields."""
    ags = access.choosing_for(who)
    await rows.turn(session, ags)
    checks = Checks()
    values: dict[str, Any] = {
        "name": checks.text("", "name", said.name, 120),
        "email": rows.address(checks, said.email),
        "department": checks.text("", "department", said.department, 120, required=False),
        "nominator": checks.text("", "nominator", said.nominator, 120, required=said.nominated),
        "words": checks.text("", "words", said.words, LONGEST, required=False),
        "hours": said.hours,
    }
    checks.number("", "hours", said.hours, 1, MOST_HOURS)
    checks.done(_("Nobody was asked. Please correct the fields named."))
    if await rows.known(session, ags, values["email"]):
        message = _("Somebody with this address is a navigator of your city, or was asked already.")
        raise Refused(message, [Problem(message, field="email")])
    row = await rows.add(session, ags, NOMINATED if said.nominated else ASKED, values)
    await audit.note(session, who.subject, f"candidate.{row.way.lower()}", str(row.id), org=ags)
    await rows.write(session, runtime, row, "nomination")
    return row


async def ask_again(session: Writer, runtime: Runtime, who: Principal, key: uuid.UUID) -> Candidate:
    """A new link for somebody who has not answered; the former one opens nothing any more."""
    row = await _own(session, who, key, WAITING)
    await rows.renew(session, runtime, row)
    await audit.note(session, who.subject, "candidate.asked", str(row.id), org=row.ags, again=True)
    return row


async def withdraw(session: Writer, who: Principal, key: uuid.UUID) -> Candidate:
    """Take a question back; who has not answered yet is not told, their link says so."""
    row = await _own(session, who, key, WAITING)
    await _decide(session, who.subject, row, WITHDRAWN)
    return row


async def refuse(session: Writer, runtime: Runtime, who: Principal, key: uuid.UUID, reason: str) -> Candidate:
    """Say no to somebody who said yes, with a word for them."""
    row = await _own(session, who, key, AGREED)
    checks = Checks()
    row.answer = checks.text("", "reason", reason, LONGEST, required=False)
    checks.done(_("Nothing was decided. Please correct the fields named."))
    await _decide(session, who.subject, row, REFUSED)
    await rows.write(session, runtime, row, "candidacy")
    return row


async def take(
    session: Writer, runtime: Runtime, by: Publisher, who: Principal, key: uuid.UUID, *, account: bool = True
) -> tuple[Candidate, list[Message]]:
    """Publish somebody who said yes as a navigator; with `account`, they are invited to log in as one.

    Returns what is to be said, too. Raises Conflict where they have not said yes or are published already, and as
    `desk.change`.
    """
    row = await _own(session, who, key, AGREED)
    await store.turn(session, row.ags)  # or somebody else's row could get the same key meanwhile
    city = await desk.read(session, row.ags)
    if any(rows.same(one.email, row.email) for one in city.snapshot.navigators):
        raise Conflict(_("Somebody with this address is a navigator of your city already."))
    row.key = new_key(row.email, row.name, {one.key for one in city.snapshot.navigators})
    wanted = NavigatorRow(row.key, row.name, department=row.department, email=row.email, recruited=row.way)
    outcome: Outcome = await desk.change(session, by, row.ags, put(wanted))
    if row.key in outcome.withheld:
        raise Refused(_("This person's data was erased here; they are not published again."))
    messages = [*outcome.messages, *(await _account(session, runtime, who, row) if account else [])]
    await _decide(session, who.subject, row, TAKEN)
    await rows.write(session, runtime, row, "candidacy")
    return row, messages


async def _account(session: Writer, runtime: Runtime, who: Principal, row: Candidate) -> list[Message]:
    known = await logins.account_with(session, row.ags, row.email)
    if known is not None:
        return await people.grant(session, who.subject, known, row.ags, access.NAVIGATOR)
    invited = await logins.invite(
        session, runtime, who.subject, org=row.ags, name=row.name, email=row.email, roles=(access.NAVIGATOR,)
    )
    return invited.messages


async def _decide(session: Writer, actor: str, row: Candidate, status: str) -> None:
    row.status, row.decided_at = status, datetime.now(UTC)
    await session.flush()
    await audit.note(session, actor, f"candidate.{status.lower()}", str(row.id), org=row.ags)


async def _own(session: Writer, who: Principal, key: uuid.UUID, status: str) -> Candidate:
    """The row of one's own city, locked. Raises NotFound, and Conflict where it stands elsewhere."""
    row = await session.get(Candidate, key, with_for_update=True, populate_existing=True)
    if row is None or row.ags != access.choosing_for(who) or not rows.shown_to_city(row):
        raise NotFound(_("There is no such person."))
    if row.status != status:
        raise Conflict(_("Meanwhile this was answered or decided. Please look at where it stands now."))
    return row


# Calls ---------------------------------------------------------------------------------------------------------


async def open_call(session: Writer, who: Principal, said: Call) -> NavigatorCall:
    """Let people apply on the city's page, or say anew for what. Raises Refused with fields."""
    ags = access.choosing_for(who)
    checks = Checks()
    words = checks.text("", "words", said.words, LONGEST, required=False)
    checks.number("", "hours", said.hours, 1, MOST_HOURS)
    if said.until is not None and said.until < rows.today():
        checks.add("", "until", _("This day is over."))
    checks.done(_("The call is not open. Please correct the fields named."))
    if await session.get(City, ags) is None:
        raise Refused(_("Your city has not published here yet. Please publish first."))
    await db.put(session, NavigatorCall, {"ags": ags}, {"hours": said.hours, "words": words, "until": said.until})
    await audit.note(session, who.subject, "call.opened", ags, org=ags)
    return await session.get_one(NavigatorCall, ags, populate_existing=True)


async def close_call(session: Writer, who: Principal) -> bool:
    """Whether there was one."""
    ags = access.choosing_for(who)
    done = await session.execute(delete(NavigatorCall).where(NavigatorCall.ags == ags).returning(NavigatorCall.ags))
    closed = done.first() is not None
    if closed:
        await audit.note(session, who.subject, "call.closed", ags, org=ags)
    return closed
