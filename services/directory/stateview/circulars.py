"""Circulars: what those who look after a state write to the coordinators of its cities.

The mails are written by a job, a batch in each unit of work: a key for each person makes sure that nobody gets one
twice, whatever dies in between. One that is about the coordinators' duties goes to all of them; of others, people may
have had enough (`Account.circulars`), and each says how to end them.
"""

import enum
import hashlib
import hmac
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, CompoundSelect, delete, exists, func, insert, select, true, tuple_, union, update
from sqlalchemy.dialects.postgresql import distinct_on

from services.contracts.states import STATES
from services.directory import audit, register
from services.directory.access import COORDINATOR, checked_ags
from services.directory.models import Account, Care, Circular, City, Municipality, RoleGrant
from services.directory.once import once
from services.directory.stateview.ground import within
from services.kit import jobs, links, mail
from services.kit.auth import Principal
from services.kit.checks import Checks
from services.kit.db import HUB, Reader, Writer
from services.kit.errors import NotFound, Problem, Refused
from services.kit.i18n import gettext as _
from services.kit.jobs import Job, Run
from services.kit.rates import Rate
from services.kit.service import Runtime
from services.kit.settings import Settings
from services.kit.text import folded

LONGEST_SUBJECT, LONGEST_TEXT = 150, 5_000
MOST_CITIES = 2_500
"""More than any state has municipalities."""
MOST_LISTED = 500
MOST_RECIPIENTS = 5_000
BATCH = 100
RATE = Rate("circulars", 6, per=3600)
KEPT = audit.KEPT
ENDING = "no circulars"
ENDING_LIFE = timedelta(days=365)


class Audience(enum.Enum):
    """To whose coordinators; of the CASELOAD are the municipalities that the writer looks after."""

    ALL = "ALL"
    DISTRICT = "DISTRICT"
    SIZE_CLASS = "SIZE_CLASS"
    CASELOAD = "CASELOAD"
    LIST = "LIST"


class To(msgspec.Struct, frozen=True):
    """Whose coordinators are meant; `about` is a district's five digits or the name of a size class."""

    audience: Audience
    about: str = ""
    cities: tuple[str, ...] = ()


class Letter(msgspec.Struct, frozen=True):
    """`text` is plain, with empty lines between paragraphs."""

    subject: str
    text: str
    duty: bool
    to: To


@dataclass(frozen=True)
class Reach:
    """Keys of the cities, how many coordinators get it, of which cities none, and how many want no circulars."""

    cities: tuple[str, ...]
    recipients: int
    unreached: tuple[str, ...]
    declined: int


def checked(letter: Letter) -> Letter:
    """The letter with its texts cleaned. Raises Refused, with the field."""
    checks = Checks()
    subject = checks.text("", "subject", letter.subject, LONGEST_SUBJECT)
    text = checks.text("", "text", letter.text, LONGEST_TEXT, lines=True)
    if letter.to.audience in {Audience.DISTRICT, Audience.SIZE_CLASS} and not letter.to.about:
        field = "district" if letter.to.audience is Audience.DISTRICT else "size"
        checks.add("", field, _("Please choose one of those offered."))
    if letter.to.audience is Audience.LIST and not 0 < len(letter.to.cities) <= MOST_LISTED:
        checks.add("", "cities", _("Please name 1 to {most} cities.", most=MOST_LISTED))
    checks.done(_("Nothing was sent. Please look at the fields that are named."))
    return msgspec.structs.replace(letter, subject=subject, text=text)


async def reach(session: Reader, who: Principal, state: str, to: To, *, duty: bool) -> Reach:
    """Whom it would reach, as far as the session sees accounts. Raises Refused for a list with others in it."""
    cities = await _cities(session, who, state, to)
    there = select(RoleGrant.at, func.lower(Account.email).label("email"), Account.circulars).join_from(
        RoleGrant, Account, RoleGrant.account_id == Account.id
    )
    rows = (await session.execute(there.where(*_reachable(cities)))).all()
    wanted = [row for row in rows if duty or row.circulars]
    reached = {row.email for row in wanted}
    unreached = tuple(sorted(set(cities) - {row.at for row in rows}))
    return Reach(cities, len(reached), unreached, len({row.email for row in rows} - reached))


def _reachable(cities: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    """Coordinators of the cities to whom a mail can be written."""
    return (
        RoleGrant.role == COORDINATOR,
        RoleGrant.at.in_(cities),
        Account.disabled_at.is_(None),
        Account.email.is_not(None),
    )


def _known(state: str) -> CompoundSelect[tuple[str]]:
    """Cities of the state that take part or have a coordinator already."""
    coordinated = select(RoleGrant.at).where(RoleGrant.role == COORDINATOR, within(RoleGrant.at, state))
    return union(select(City.ags).where(within(City.ags, state)), coordinated)


async def _cities(session: Reader, who: Principal, state: str, to: To) -> tuple[str, ...]:
    known = _known(state).subquery("known")
    ags = known.c.ags
    query = (
        select(ags)
        .outerjoin(Municipality, Municipality.ags == ags)
        .outerjoin(City, City.ags == ags)
        .order_by(ags)
        .limit(MOST_CITIES)
    )
    if to.audience is Audience.DISTRICT:
        query = query.where(func.left(ags, 5) == to.about)
    elif to.audience is Audience.SIZE_CLASS:
        query = query.where(register.size_of(func.coalesce(Municipality.population, City.population)) == to.about)
    elif to.audience is Audience.CASELOAD:
        query = query.where(exists().where(Care.ags == ags, Care.account_id == uuid.UUID(who.subject)))
    elif to.audience is Audience.LIST:
        query = query.where(ags.in_(to.cities))
    found = tuple(await session.scalars(query))
    if to.audience is Audience.LIST and (strange := [one for one in to.cities if one not in found]):
        problems = [Problem(_("{ags} takes no part in this state.", ags=one[:8]), field="cities") for one in strange]
        raise Refused(_("Please look at the cities that are named."), problems)
    return found


async def keys_of(session: Reader, state: str, said: Sequence[str]) -> tuple[str, ...]:
    """The cities that are meant, by name or key. Raises Refused with what is not known or means several."""
    query = (
        select(City.ags, City.name, Municipality.name.label("official"))
        .outerjoin(Municipality, Municipality.ags == City.ags)
        .where(within(City.ags, state))
        .limit(MOST_CITIES)
    )
    names: dict[str, set[str]] = {}
    for row in await session.execute(query):
        for name in (row.ags, row.name, (row.official or "").split(",")[0]):
            names.setdefault(folded(name), set()).add(row.ags)
    keys: list[str] = []
    problems: list[str] = []
    for one in dict.fromkeys(said):
        meant = names.get(folded(one), set())
        if len(meant) == 1:
            keys += meant
        elif meant:
            problems.append(_("„{city}“ means several cities; please write the key.", city=one[:60]))
        else:
            problems.append(_("„{city}“ takes no part here, or is written otherwise.", city=one[:60]))
    if problems:
        shown = [Problem(words, field="cities") for words in problems[:20]]
        raise Refused(_("Please look at the cities that are named."), shown)
    return tuple(dict.fromkeys(keys))


class Sent(msgspec.Struct, frozen=True):
    """What is answered again to the same key."""

    id: uuid.UUID


async def deliver(runtime: Runtime, who: Principal, state: str, letter: Letter, key: str | None) -> uuid.UUID:
    """As `send`, in a unit of work of its own, and once for each `key`. Raises TooMany beyond RATE."""
    clean = checked(letter)
    await runtime.rates.take(RATE, who.subject)
    async with runtime.db.begin(who.acting) as session:

        async def done() -> Sent:
            return Sent(await send(session, runtime, who, state, clean))

        return (await once(session, who.subject, key, ["circular", state, clean], Sent, done)).id


async def send(session: Writer, runtime: Runtime, who: Principal, state: str, clean: Letter) -> uuid.UUID:
    """Have a letter that was `checked` written to everybody it reaches; its id. Raises Refused where that is nobody.

    The session acts for `who`, a person who steers the state.
    """
    found = await reach(session, who, state, clean.to, duty=clean.duty)
    if not 0 < found.recipients <= MOST_RECIPIENTS:
        words = _("Nobody would get this circular: these cities have no coordinator with an e-mail address.")
        if found.recipients:
            words = _("At most {most} people get a circular. Please choose fewer cities.", most=MOST_RECIPIENTS)
        raise Refused(words, [Problem(words, field="audience")])
    id = uuid.uuid4()
    values = {
        "id": id, "state": state, "account_id": uuid.UUID(who.subject), "subject": clean.subject, "text": clean.text,
        "duty": clean.duty, "audience": clean.to.audience.value, "about": clean.to.about,
        "cities": list(found.cities), "recipients": found.recipients,
    }  # fmt: skip
    await session.execute(insert(Circular).values(values))
    told = {"recipients": found.recipients, "cities": len(found.cities), "duty": clean.duty}
    await audit.note(session, who.subject, "circular.sent", str(id), org=state, **told)
    await jobs.enqueue(session, runtime.queue, job(runtime), CircularOf(str(id)))
    return id


async def page(
    session: Reader, state: str, limit: int, *, before: tuple[datetime, uuid.UUID] | None = None
) -> list[tuple[Circular, str]]:
    """The state's circulars, newest first, with who wrote each as far as the session sees their account."""
    query = (
        select(Circular, func.coalesce(Account.name, ""))
        .outerjoin(Account, Account.id == Circular.account_id)
        .where(Circular.state == state)
        .order_by(Circular.at.desc(), Circular.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tuple_(Circular.at, Circular.id) < before)
    return [(row[0], row[1]) for row in await session.execute(query)]


async def one(session: Reader, state: str, id: uuid.UUID) -> tuple[Circular, str]:
    """A circular of the state, and who wrote it. Raises NotFound."""
    query = (
        select(Circular, func.coalesce(Account.name, ""))
        .outerjoin(Account, Account.id == Circular.account_id)
        .where(Circular.id == id, Circular.state == state)
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(_("There is no such circular."))
    return row[0], row[1]


async def names(session: Reader, keys: Sequence[str]) -> dict[str, str]:
    """What cities are called, by key."""
    query = (
        select(Municipality.ags, func.split_part(Municipality.name, ",", 1).label("name"))
        .where(Municipality.ags.in_(keys))
        .union_all(select(City.ags, City.name).where(City.ags.in_(keys)))
    )
    return {row.ags: row.name for row in await session.execute(query)}


async def forget(session: Writer) -> None:
    await session.execute(delete(Circular).where(Circular.at < func.now() - KEPT))


# The mails ------------------------------------------------------------------------------------------------------------


class CircularOf(msgspec.Struct, frozen=True):
    id: str


def job(runtime: Runtime) -> Job:
    async def work(run: Run, asked: CircularOf) -> None:
        async with run.db.read(HUB) as session:
            row = await session.get_one(Circular, uuid.UUID(asked.id))
            writer = await session.get(Account, row.account_id) if row.account_id else None
            people = await _recipients(session, row)
        written = 0
        for start in range(0, len(people), BATCH):
            async with run.db.begin(HUB) as session:
                for person in people[start : start + BATCH]:
                    written += await _write(session, runtime, row, writer, person)
                await session.execute(update(Circular).where(Circular.id == row.id).values(written=written))
        async with run.finish() as session:
            await session.execute(update(Circular).where(Circular.id == row.id).values(finished_at=func.now()))

    return Job("write circular", CircularOf, work)


async def _recipients(session: Reader, row: Circular) -> list[Any]:
    """One for each address: who coordinates two cities gets it once."""
    query = (
        select(Account.id, Account.name, Account.email, Account.language)
        .join(RoleGrant, RoleGrant.account_id == Account.id)
        .where(*_reachable(row.cities), true() if row.duty else Account.circulars)
        .ext(distinct_on(func.lower(Account.email)))
        .order_by(func.lower(Account.email), Account.created_at, Account.id)
        .limit(MOST_RECIPIENTS)
    )
    return list((await session.execute(query)).all())


async def _write(session: Writer, runtime: Runtime, row: Circular, writer: Account | None, person: Any) -> bool:
    """Put one mail on its way; whether its address can get any. Another try finds it there and changes nothing."""
    ending = {} if row.duty else {"unsubscribe": runtime.settings.issuer + path_to_end(runtime.settings, person.id)}
    try:
        await mail.send(
            session, runtime.outbox, "circular", to=person.email, language=person.language,
            key=_key(runtime.settings, row.id, person.id), name=person.name, subject=row.subject,
            paragraphs=[part.split("\n") for part in row.text.split("\n\n")], state=STATES[row.state],
            writer=writer.name if writer else "", answers=(writer.email or "") if writer else "", **ending,
        )  # fmt: skip
    except Refused:
        return False
    return True


def _key(settings: Settings, circular: uuid.UUID, account: uuid.UUID) -> str:
    """The mail's own key: it stays, and nobody reads from it who the circular went to."""
    seal = hmac.digest(settings.derived("circulars"), circular.bytes + account.bytes, hashlib.sha256)
    return f"circular:{circular}:{seal[:16].hex()}"


# Having had enough ----------------------------------------------------------------------------------------------------


def path_to_end(settings: Settings, account: uuid.UUID) -> str:
    """The page on which somebody ends circulars that are not about their duties."""
    return f"/circulars/{links.signed(settings, ENDING, account.bytes, ENDING_LIFE)}"


def ends_for(settings: Settings, token: str) -> uuid.UUID:
    """Whose link it is. Raises NotFound."""
    value = links.opened(settings, ENDING, token)
    if value is None or len(value) != links.ID_BYTES:
        raise NotFound(_("This link is not valid any more."))
    return uuid.UUID(bytes=value)


async def want(session: Writer, account: uuid.UUID, wanted: bool) -> None:
    """Whether somebody wants circulars that are not about their duties. The session acts for the hub."""
    await session.execute(update(Account).where(Account.id == account).values(circulars=wanted))


def listed(keys: Sequence[str]) -> To:
    """A list of cities by their keys. Raises Refused for what is no key."""
    return To(Audience.LIST, cities=tuple(dict.fromkeys(checked_ags(one) for one in keys[: MOST_LISTED + 1])))
