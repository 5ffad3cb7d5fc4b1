"""What people do: apply where a city calls for navigators, answer by their link, have themselves forgotten."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from services.directory import access, audit, contacts
from services.directory.candidates import rows
from services.directory.candidates.rows import (
    AGREED,
    APPLIED,
    DECLINED,
    LONGEST,
    WAITING,
    of_link,
    shown_to_city,
)
from services.directory.models import Base, Candidate
from services.directory.protection.own import PERSON
from services.kit import i18n, mail
from services.kit.checks import Checks
from services.kit.db import Writer
from services.kit.errors import Conflict, NotFound
from services.kit.i18n import gettext as _
from services.kit.rates import Rate
from services.kit.service import Runtime
from services.kit.settings import Settings

APPLIES_TO_ADDRESS: Final = Rate("application with address", 3, 86_400)
APPLIES_TO_CITY: Final = Rate("applications of a city", 60, 3_600)


class Applying(msgspec.Struct, frozen=True):
    name: str
    email: str
    department: str = ""
    words: str = ""


async def apply(session: Writer, runtime: Runtime, ags: str, said: Applying) -> None:
    """Send a link to confirm an application. The same for whoever asks, so that nobody learns who is known to a city.

    Raises NotFound where no call is open, Refused with fields.
    """
    call = await rows.call_of(session, access.checked_ags(ags))
    if call is None:
        raise NotFound(_("This city does not look for navigators at the moment."))
    checks = Checks()
    values: dict[str, Any] = {
        "name": checks.text("", "name", said.name, 120),
        "email": rows.address(checks, said.email),
        "department": checks.text("", "department", said.department, 120, required=False),
        "nominator": "",
        "words": checks.text("", "words", said.words, LONGEST, required=False),
        "hours": call.hours,
    }
    checks.done(_("Your application was not sent. Please correct the fields named."))
    await runtime.rates.take_each((APPLIES_TO_ADDRESS, f"mail:{values['email'].lower()}"), (APPLIES_TO_CITY, ags))
    await rows.turn(session, ags)
    waiting = (await session.scalars(rows.open_with(ags, values["email"]))).first()
    if waiting is not None and waiting.status == WAITING:
        await rows.renew(session, runtime, waiting)
    elif waiting is None and not await rows.known(session, ags, values["email"]):
        await rows.write(session, runtime, await rows.add(session, ags, APPLIED, values), "application")


async def answer(session: Writer, runtime: Runtime, token: str, *, accept: bool, reason: str = "") -> Candidate:
    """Once: yes, or no with a reason if they want. The city's contacts are told. Raises NotFound, Conflict, Refused."""
    row = await of_link(session, runtime.settings, token, lock=True)
    if row.status != WAITING:
        raise Conflict(_("This was answered or taken back already."))
    checks = Checks()
    row.answer = "" if accept else checks.text("", "reason", reason, LONGEST, required=False)
    checks.done(_("Your answer was not stored. Please correct the fields named."))
    row.status, row.answered_at = AGREED if accept else DECLINED, datetime.now(UTC)
    row.language = i18n.language()
    await session.flush()
    what = "candidate.applied" if accept and row.way == APPLIED else f"candidate.{row.status.lower()}"
    await audit.note(session, PERSON, what, str(row.id), org=row.ags)
    if shown_to_city(row):
        at = f"{runtime.settings.issuer}/city/{row.ags}/candidates/{row.id}"
        await contacts.write(
            session, runtime, row.ags, "candidate", key=f"candidate:{row.id}:{row.turn}", way=row.way,
            agreed=accept, link=at,
        )  # fmt: skip
    return row


async def erase(session: Writer, settings: Settings, token: str) -> None:
    """Forget the person here, whatever was decided; a navigator's entry has ways of its own."""
    row = await of_link(session, settings, token, lock=True)
    await session.delete(row)
    await mail.take_back(session, Base.metadata, str(row.id))
    await audit.note(session, PERSON, "candidate.erased", str(row.id), org=row.ags)
