"""What the audit log says of one person, as they may read it: what was done or seen, and by whom."""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Text, cast, or_, select

from services.directory import audit
from services.directory import models as m
from services.directory.protection import person as who
from services.directory.protection.own import PERSON
from services.directory.protection.person import Person
from services.kit.db import Reader
from services.kit.i18n import gettext as _

MOST: Final = 200


class Line(NamedTuple):
    at: datetime
    what: str
    who: str


async def of_person(session: Reader, person: Person) -> list[Line]:
    """The newest lines about the person or their account. The session acts for the hub.

    People of their own city and programs are named; somebody of another organisation is told by it alone.
    """
    account = await who.account_of(session, person)
    ids = [str(person.id), *([str(account.id)] if account else [])]
    found = m.AuditEntry
    query = select(found).where(or_(found.subject.in_(ids), found.actor.in_(ids)))
    rows = list(await session.scalars(query.order_by(found.id.desc()).limit(MOST)))
    actors = {row.actor for row in rows}
    people = select(cast(m.Account.id, Text), m.Account.name, m.Account.org)
    accounts = (await session.execute(people.where(cast(m.Account.id, Text).in_(actors)))).all()
    programs = select(m.Client.client_id, m.Client.name).where(m.Client.client_id.in_(actors))
    names = {key: name if org == person.ags else _elsewhere(org) for key, name, org in accounts}
    names |= {key: _("the program {name}", name=name) for key, name in await session.execute(programs)}
    names |= dict.fromkeys([PERSON, *ids], _("you"))
    names[audit.HUB_ITSELF] = _("the hub itself")
    return [Line(row.at, audit.in_words(row.action), names.get(row.actor, _("somebody who is gone"))) for row in rows]


def _elsewhere(org: str) -> str:
    return _("the operator of the hub") if org == "hub" else _("the office of the state or another city")
