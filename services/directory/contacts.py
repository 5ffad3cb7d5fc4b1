"""Whom to write to in a city: its contact point or, where it published none, its coordinators."""

from sqlalchemy import select

from services.directory.models import Account, City, RoleGrant
from services.kit import mail
from services.kit.db import Reader, Writer
from services.kit.service import Runtime

MOST = 3
"""Coordinators that one matter is told to."""
COORDINATOR = "coordinator"


async def of(session: Reader, ags: str) -> list[tuple[str, str]]:
    """(address, language) of each. The session acts for the hub: other cities' people are shown to nobody else."""
    office = await session.scalar(select(City.contact_email).where(City.ags == ags))
    if office:
        return [(office, "de")]
    query = (
        select(Account.email, Account.language)
        .join(RoleGrant, RoleGrant.account_id == Account.id)
        .where(RoleGrant.role == COORDINATOR, RoleGrant.at == ags)
        .where(Account.disabled_at.is_(None), Account.email.is_not(None))
        .order_by(Account.created_at)
        .limit(MOST)
    )
    return [(email or "", language) for email, language in await session.execute(query)]


async def write(session: Writer, runtime: Runtime, ags: str, kind: str, /, *, key: str, **values: object) -> None:
    """A mail of the `kind` to each; `key` is as in `mail.send`."""
    for number, (address, language) in enumerate(await of(session, ags)):
        await mail.send(session, runtime.outbox, kind, to=address, language=language, key=f"{key}:{number}", **values)
