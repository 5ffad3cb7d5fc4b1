"""Objections (Art. 21 GDPR): waiting ones, and the decision of the city's coordinators or the state's navigators."""

import uuid
from contextlib import suppress
from typing import Literal

from sqlalchemy import select

from services.directory import access, audit
from services.directory import models as m
from services.directory.protection import erasure, own, person
from services.directory.protection.own import Desk
from services.kit import mail
from services.kit.auth import Principal
from services.kit.db import Reader, Writer
from services.kit.errors import NotFound, Refused
from services.kit.i18n import gettext as _
from services.kit.messages import Message
from services.kit.service import Runtime

MOST = 200
LONGEST_ANSWER = 2_000


async def waiting(session: Reader, who: Principal) -> list[tuple[m.OwnWord, m.Navigator, str]]:
    """The objections that `who` decides about, oldest first, with the entry and the city's name."""
    query = (
        select(m.OwnWord, m.Navigator, m.City.name)
        .join(m.Navigator, m.Navigator.id == m.OwnWord.navigator_id)
        .join(m.City, m.City.ags == m.Navigator.ags)
        .where(m.OwnWord.objected_at.is_not(None))
        .order_by(m.OwnWord.objected_at)
        .limit(MOST)
    )
    states = who.where(access.CENTRAL)
    if not who.where(access.OPERATOR):
        mine = [m.Navigator.ags == who.city] if who.city else [m.Navigator.ags.startswith(s) for s in sorted(states)]
        query = query.where(mine[0] if len(mine) == 1 else m.Navigator.ags.is_(None))
    return [(word, row, city) for word, row, city in (await session.execute(query)).all()]


async def decide(
    session: Writer,
    runtime: Runtime,
    who: Principal,
    navigator_id: uuid.UUID,
    decision: Literal["uphold", "reject"],
    answer: str,
) -> list[Message]:
    """Erase the entry, or show it again with the reason told to the person. Returns what is to be said.

    Raises Forbidden for whoever does not look after the city, NotFound where nothing waits.
    """
    found = await person.find(session, runtime.settings, navigator_id, lock=True)
    access.may_manage(who, found.ags)
    if found.own is None or found.own.objected_at is None:
        raise NotFound(_("No objection waits here."))
    if decision == "reject" and not answer:
        raise Refused(_("Please say why: the person is told."))
    desk, email = Desk(runtime.settings, runtime.memory), found.shown.email
    if email:
        key = f"objection:{navigator_id}:{found.own.objected_at:%Y%m%d%H%M%S}"
        if decision == "uphold":  # it must not be found by the erasure that follows
            key = f"objection:{uuid.uuid4()}"
        with suppress(Refused):  # what a city published as an address need not be one for mail
            language = await person.language_of(session, found)
            await mail.send(
                session, runtime.outbox, "objection", to=email, language=language, key=key,
                city=found.city.name, upheld=decision == "uphold", answer=answer,
            )  # fmt: skip
    if decision == "uphold":
        return await erasure.erase(session, desk, found, actor=who.subject)
    await audit.note(session, who.subject, "objection.rejected", str(navigator_id), org=found.ags)
    return await own.keep(session, desk, found, objected_at=None, objection="")
