"""Who looks after whom: the case load of a state's central navigators, „zentrale Lotsen“ (seed 002)."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, or_, select, true

from services.directory import audit, register
from services.directory.access import CENTRAL, Viewer, checked_ags
from services.directory.models import Account, Care, Client, Municipality, RoleGrant
from services.directory.stateview.ground import places, total, within
from services.kit.db import Reader, Writer, put
from services.kit.errors import NotFound, Problem, Refused
from services.kit.i18n import gettext as _

MOST_CARERS = 200
MOST_CARED_FOR = 500


@dataclass(frozen=True)
class Load:
    """A central navigator, the municipalities they look after, and the navigators there.

    Not `active`: the account was closed or is central no more, and somebody else should take over.
    """

    account_id: uuid.UUID
    name: str
    active: bool
    municipalities: int
    taking_part: int
    people: int


async def caseload(session: Reader, state: str, viewer: Viewer) -> list[Load]:
    """The state's central navigators and whoever else looks after a city there, by name."""
    p = places(state, viewer).c
    central = (
        select(RoleGrant.account_id)
        .where(RoleGrant.role == CENTRAL, RoleGrant.at == state, RoleGrant.account_id == Account.id)
        .exists()
    )
    cared = (
        select(
            Care.account_id,
            func.count().label("municipalities"),
            func.count().filter(p.takes_part).label("taking_part"),
            total(p.people).label("people"),
        )
        .join(p.ags.table, p.ags == Care.ags)
        .group_by(Care.account_id)
        .subquery("cared")
    )
    active = (central & Account.disabled_at.is_(None)).label("active")
    query = (
        select(
            Account.id,
            Account.name,
            active,
            func.coalesce(cared.c.municipalities, 0),
            func.coalesce(cared.c.taking_part, 0),
            func.coalesce(cared.c.people, 0),
        )
        .outerjoin(cared, cared.c.account_id == Account.id)
        .where(or_(active, cared.c.municipalities > 0))
        .order_by(Account.name, Account.id)
        .limit(MOST_CARERS)
    )
    return [Load(*row) for row in await session.execute(query)]


async def without_care(session: Reader, state: str, viewer: Viewer) -> int:
    """Cities of the state that take part and that nobody looks after."""
    p = places(state, viewer).c
    cared = select(Care.ags).where(within(Care.ags, state))
    query = select(func.count()).select_from(p.ags.table).where(p.takes_part, p.ags.not_in(cared))
    return int(await session.scalar(query) or 0)


async def cared_for(session: Reader, account_id: uuid.UUID, state: str | None = None) -> list[Municipality]:
    """The municipalities that the account looks after, by name; at most MOST_CARED_FOR."""
    query = (
        select(Municipality)
        .join(Care, Care.ags == Municipality.ags)
        .where(Care.account_id == account_id, within(Care.ags, state) if state else true())
        .order_by(Municipality.sort_key, Municipality.ags)
        .limit(MOST_CARED_FOR)
    )
    return list((await session.scalars(query)).all())


async def assign(session: Writer, actor: str, ags: str, account_id: uuid.UUID) -> None:
    """Give the municipality to a central navigator of its state, whoever had it before.

    Raises Refused, with the field, for another key than a living municipality's and for somebody who is not central.
    """
    await register.checked(session, checked_ags(ags))
    central = await session.scalar(
        select(Account.id)
        .join(RoleGrant, RoleGrant.account_id == Account.id)
        .where(Account.id == account_id, Account.disabled_at.is_(None))
        .where(RoleGrant.role == CENTRAL, RoleGrant.at == ags[:2])
    )
    if central is None:
        words = _("Only a central navigator of the state looks after its municipalities.")
        raise Refused(words, [Problem(words, field="account")])
    await put(session, Care, {"ags": ags}, {"account_id": account_id, "since": func.current_date()})
    await audit.note(session, actor, "care.assigned", str(account_id), org=ags)


async def release(session: Writer, actor: str, ags: str) -> None:
    """Nobody looks after the municipality any more. Raises NotFound where nobody does."""
    gone = await session.scalar(delete(Care).where(Care.ags == checked_ags(ags)).returning(Care.account_id))
    if gone is None:
        raise NotFound(_("Nobody looks after this municipality."))
    await audit.note(session, actor, "care.released", str(gone), org=ags)


async def waiting(session: Reader, keys: Sequence[str]) -> set[str]:
    """Those of the municipalities that have registered and wait for a decision."""
    query = select(Client.ags).where(Client.ags.in_(keys), Client.status == "pending")
    return {ags for ags in await session.scalars(query) if ags}


async def pending(session: Reader, state: str) -> int:
    """Registrations of the state's cities that wait for a decision, as far as the session may see them."""
    query = select(func.count()).select_from(Client).where(within(Client.ags, state), Client.status == "pending")
    return int(await session.scalar(query) or 0)
