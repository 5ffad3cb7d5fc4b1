"""Certificates of attendance: issued for those who came, checked by anybody who has the code."""

import datetime as dt
import re
import secrets
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from services.events import trips
from services.events.models import AgendaItem, Certificate, Event, Navigator, Participant
from services.events.notices import CERTIFICATE, note, notice
from services.kit.checks import Checks
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict, Problem, Refused
from services.kit.i18n import gettext as _
from services.kit.settings import Settings

SYMBOLS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that looks like a digit."""
LENGTH: Final = 16
"""Symbols, 80 bits: nobody finds a code by trying."""
LOOKALIKE: Final = str.maketrans("OIL", "011")
LONGEST: Final = 60
"""Characters that are looked at of what somebody typed."""
ATTENDED: Final = ("present", "late")
PARTLY: Final = "left"
"""Gets a certificate only by name and with the minutes that count."""
MOST_MINUTES: Final = 14 * 24 * 60


class Checked(msgspec.Struct, frozen=True):
    """What anybody with the code sees."""

    event: Event
    certificate: Certificate


def code() -> str:
    return "".join(secrets.choice(SYMBOLS) for _symbol in range(LENGTH))


def written(code: str) -> str:
    """As it stands on paper, in groups of four."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def read(said: str) -> str | None:
    """The code that somebody typed, however they did; None for what is none."""
    if len(said) > LONGEST:
        return None
    found = re.sub(r"[\s\-‐‑‒–—_.]", "", said).upper().translate(LOOKALIKE)
    return found if len(found) == LENGTH and set(found) <= set(SYMBOLS) else None


def url(settings: Settings, code: str) -> str:
    """Where it is checked; short, for the QR code."""
    return f"{settings.url_of('events')}/events/certificates/{written(code)}"


def initials(name: str) -> str:
    """`Anna-Lena von Berg` as `A. v. B.`: enough to compare with a paper, too little to learn a name."""
    return " ".join(f"{word[0]}." for word in name.split()[:6])


def minutes_of(agenda: Sequence[AgendaItem], ags: str) -> int | None:
    """How long the items of the agenda take that are for people of a city; what overlaps counts once."""
    mine = sorted((i.starts, i.ends) for i in agenda if i.ends is not None and i.audience in {None, ags})
    total, until = dt.timedelta(), None
    for starts, ends in mine:
        begins = starts if until is None else max(starts, until)
        total += max(ends - begins, dt.timedelta())
        until = ends if until is None else max(until, ends)
    return round(total / dt.timedelta(minutes=1)) or None


async def issue(
    session: Writer, event: Event, navigators: Sequence[str] | None = None, minutes: int | None = None
) -> Event:
    """Certificates for everybody who attended, or for those named; who has one keeps the code, who has not hears of it.

    `minutes` say how long they took part; without, the agenda does. Raises Conflict before the event has begun or after
    it was called off, Refused for somebody who did not come, with nothing changed.
    """
    if minutes is not None:
        checks = Checks()
        checks.number("certificates", "minutes", minutes, 1, MOST_MINUTES)
        checks.done(_("Nothing was changed. Please correct the fields named and send it again."))
    if event.status == "cancelled":
        raise Conflict(_("The event was called off."))
    if event.date > dt.datetime.now(dt.UTC).date():
        raise Conflict(_("The event is still to come."))
    wanted = None if navigators is None else trips.ids(navigators)
    await trips.lock(session, event.id)
    came = await _came(session, event.id)
    if wanted is None:
        people = [person for person, state in came.values() if state in ATTENDED]
    else:
        _check_came(wanted, came, partly=minutes is not None)
        people = [came[key][0] for key in wanted]
    agenda = (await trips.agendas(session, [event.id]))[0]
    rows = [
        {
            "code": code(), "event_id": event.id, "navigator_id": one.id, "initials": initials(one.name),
            "minutes": minutes if minutes is not None else minutes_of(agenda, one.ags),
        }
        for one in {one.id: one for one in people}.values()
    ]  # fmt: skip
    if people:
        had = select(Certificate.navigator_id).where(Certificate.event_id == event.id)
        before = set(await session.scalars(had))
        await note(session, [notice(event.id, key, CERTIFICATE) for key in {one.id for one in people} - before])
        made = upsert(Certificate).values(rows)
        new = {"initials": made.excluded.initials, "minutes": made.excluded.minutes}
        await session.execute(made.on_conflict_do_update(index_elements=["event_id", "navigator_id"], set_=new))
    return event


async def _came(session: Reader, event_id: uuid.UUID) -> dict[uuid.UUID, tuple[Navigator, str]]:
    query = select(Navigator, Participant.attendance).join(Participant, Participant.navigator_id == Navigator.id)
    found = await session.execute(query.where(Participant.event_id == event_id))
    return {person.id: (person, state) for person, state in found}


def _check_came(wanted: Sequence[uuid.UUID], came: Mapping[uuid.UUID, tuple[Navigator, str]], *, partly: bool) -> None:
    problems = []
    for i, key in enumerate(wanted):
        state = came[key][1] if key in came else ""
        if state == PARTLY and not partly:
            words = _("This person left early: please say how many minutes count.")
            problems.append(Problem(message=words, row=f"navigators[{i}]"))
        elif state not in {*ATTENDED, PARTLY}:
            words = _("It is not noted that this person came.")
            problems.append(Problem(message=words, row=f"navigators[{i}]"))
    if problems:
        raise Refused(_("Nothing was changed. Please correct the navigators named."), problems)


async def revoke(session: Writer, event: Event, navigators: Sequence[str]) -> Event:
    """Their certificates do not count any more; who has none does not matter."""
    wanted = trips.ids(navigators)
    await session.execute(
        delete(Certificate).where(Certificate.event_id == event.id, Certificate.navigator_id.in_(wanted))
    )
    return event


# Reading --------------------------------------------------------------------------------------------------------------


def _valid(*conditions: Any) -> Any:
    """Certificates that count: of events that took place, for people of whom nobody noted that they stayed away."""
    away = select(Participant.navigator_id).where(
        Participant.event_id == Certificate.event_id,
        Participant.navigator_id == Certificate.navigator_id,
        Participant.attendance.not_in([*ATTENDED, PARTLY]),
    )
    query = select(Certificate, Event).join(Event, Event.id == Certificate.event_id)
    return query.where(Event.status != "cancelled", ~away.exists(), *conditions)


async def check(session: Reader, said: str) -> Checked | None:
    """The certificate with this code, for whoever typed or opened it; None where none counts. Reads for the hub."""
    wanted = read(said)
    row = (await session.execute(_valid(Certificate.code == wanted))).one_or_none() if wanted else None
    return Checked(event=row[1], certificate=row[0]) if row else None


async def of_events(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[tuple[Certificate, Navigator]]]:
    """Of each event those that count, with whom the directory still knows, by name."""
    found: dict[uuid.UUID, list[tuple[Certificate, Navigator]]] = {key: [] for key in keys}
    query = _valid(Certificate.event_id.in_(keys)).add_columns(Navigator)
    query = query.join(Navigator, Navigator.id == Certificate.navigator_id)
    for row, _event, person in await session.execute(query.order_by(Navigator.sort_key, Navigator.id)):
        found[row.event_id].append((row, person))
    return [found[key] for key in keys]


async def of_person(session: Reader, person: uuid.UUID) -> list[Checked]:
    """A person's own, newest first. Reads for the hub."""
    rows = await session.execute(_valid(Certificate.navigator_id == person).order_by(Event.date.desc(), Event.id))
    return [Checked(event=event, certificate=row) for row, event in rows]


async def about(session: Reader, person: uuid.UUID) -> list[dict[str, Any]]:
    """What is held about a person, as JSON."""
    rows = await session.scalars(
        select(Certificate).where(Certificate.navigator_id == person).order_by(Certificate.issued_at)
    )
    return [
        {"event": str(row.event_id), "code": written(row.code), "minutes": row.minutes, "initials": row.initials,
         "issuedAt": row.issued_at.isoformat()}
        for row in rows
    ]  # fmt: skip
