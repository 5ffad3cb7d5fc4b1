"""What grows old: cities that have not said for long that their entries are true, people past their last day."""

from dataclasses import dataclass
from datetime import date

from babel.dates import format_date
from sqlalchemy import ColumnElement, cast, func, literal, select
from sqlalchemy.types import Date, Interval

from services.directory import audit
from services.directory.access import COORDINATOR
from services.directory.models import Account, AuditEntry, City, Navigator, RoleGrant
from services.directory.stateview.ground import within
from services.kit import mail
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict, NotFound
from services.kit.i18n import LOCALES
from services.kit.i18n import gettext as _
from services.kit.service import Runtime

AGES = (3, 6, 12)
"""Months at which a city moves on to the next group."""
STALE_MONTHS = 6
"""From here on a city is reminded."""
MOST_TOLD = 20
REMINDED = "city.reminded"


def months_ago(months: int) -> ColumnElement[date]:
    """The day before which something is older than that."""
    return cast(func.current_date() - cast(literal(f"{months} months"), Interval), Date)


@dataclass(frozen=True)
class Stale:
    """Cities by months since they last said that all of it is true, and navigators past their last day."""

    below_3: int
    from_3: int
    from_6: int
    from_12: int
    past: int


async def stale(session: Reader, state: str) -> Stale:
    young, middle, old = (months_ago(months) for months in AGES)
    age = City.confirmed_on
    past = (
        select(func.count())
        .select_from(Navigator)
        .where(within(Navigator.ags, state), Navigator.until < func.current_date())
        .scalar_subquery()
    )
    query = select(
        func.count().filter(age > young),
        func.count().filter(age <= young, age > middle),
        func.count().filter(age <= middle, age > old),
        func.count().filter(age <= old),
        past,
    ).where(within(City.ags, state))
    return Stale(*(await session.execute(query)).one())


async def remind(session: Writer, runtime: Runtime, actor: str, ags: str) -> None:
    """Ask the city's coordinators by mail to look at its entries, or its contact point where it has none of them.

    The session acts for the hub. Raises NotFound for a city that does not publish, Conflict for one that has confirmed
    lately, was reminded this month, or has nobody to write to.
    """
    city = await session.get(City, ags)
    if city is None:
        raise NotFound(_("This city has not published."))
    old = await session.scalar(select(City.confirmed_on <= months_ago(STALE_MONTHS)).where(City.ags == ags))
    if not old:
        raise Conflict(_("This city has confirmed its entries lately."))
    told = await _coordinators(session, ags)
    to = [(account.email or "", account.language, account.name) for account in told]
    if not to and city.contact_email:
        to = [(city.contact_email, "de", "")]
    if not to:
        raise Conflict(_("Nobody of this city has an e-mail address here. Please call them."))
    past = await session.scalar(
        select(func.count()).select_from(Navigator).where(Navigator.ags == ags, Navigator.until < func.current_date())
    )
    today = await session.scalar(select(func.current_date()))
    key = f"nudge:{ags}:{today:%Y-%m}"
    for number, (address, language, name) in enumerate(to):
        fresh = await mail.send(
            session,
            runtime.outbox,
            "nudge",
            to=address,
            language=language,
            key=f"{key}:{number}",
            name=name,
            city=city.name,
            day=format_date(city.confirmed_on, "long", locale=LOCALES[language]),
            past=past,
            link=f"{runtime.settings.issuer}/city/{ags}/desk",
        )
        if number == 0 and not fresh:
            raise Conflict(_("This city has been reminded this month already."))
    await audit.note(session, actor, REMINDED, ags, org=ags)


async def reminded(session: Reader, state: str) -> set[str]:
    """The keys of cities that were reminded this month, as far as the session may read the audit log."""
    query = select(AuditEntry.ags).where(
        AuditEntry.state == state,
        AuditEntry.action == REMINDED,
        AuditEntry.at >= func.date_trunc("month", func.current_date()),
    )
    return {ags for ags in await session.scalars(query) if ags}


async def _coordinators(session: Reader, ags: str) -> list[Account]:
    query = (
        select(Account)
        .join(RoleGrant, RoleGrant.account_id == Account.id)
        .where(RoleGrant.role == COORDINATOR, RoleGrant.at == ags)
        .where(Account.disabled_at.is_(None), Account.email.is_not(None))
        .order_by(Account.created_at, Account.id)
        .limit(MOST_TOLD)
    )
    return list((await session.scalars(query)).all())
