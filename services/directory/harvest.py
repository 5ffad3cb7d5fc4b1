"""Harvests: a city's own `https://…/.well-known/lotsennetz.json`, read on a schedule and published as it stands.

The address must be the city's: its host is the one of the website that the city publishes, or below it, or else a
central navigator of the state confirms it. The file is a snapshot as `PUT /directory/cities/{ags}` takes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import case, delete, or_, select

from services.directory import access, audit, people, publishing, snapshot
from services.directory.models import Account, City, Harvest, RoleGrant
from services.directory.publishing import Outcome, Publisher
from services.kit.addresses import checked_url
from services.kit.auth import Principal
from services.kit.db import Reader, Writer, put
from services.kit.errors import Conflict, Forbidden, HubError, NotFound, Problem, Refused, Unavailable
from services.kit.fetch import Answer, Fetcher
from services.kit.i18n import gettext as _

PATH: Final = "/.well-known/lotsennetz.json"
REGULARLY: Final = timedelta(hours=1)
LONGEST_PAUSE: Final = timedelta(days=1)
STEPS: Final = 5
"""So many failures are told apart; more make no longer pause."""
MOST_BYTES: Final = 20_000_000
SECONDS: Final = 60.0
TOLD_AFTER: Final = 3
"""Failures in a row, after which the coordinators get a mail; one for each time it goes wrong."""
LONGEST_PROBLEM: Final = 500
MOST_SHOWN: Final = 5
FEW: Final = 3
"""So few people may go at once without a question."""
MOST_DUE: Final = 100


@dataclass(frozen=True)
class Read:
    """What came of one reading. `message` is why it failed; `outcome` None where nothing new lay there."""

    outcome: Outcome | None = None
    message: str = ""
    waiting: bool = False


async def of(session: Reader, ags: str) -> Harvest | None:
    return await session.get(Harvest, ags)


async def usable(session: Reader, row: Harvest) -> bool:
    """Whether the address counts as the city's own, and the city may publish."""
    own = row.confirmed_by is not None or _belongs(row.url, await _website(session, row.ags))
    return own and not await people.suspended(session, row.ags)


async def set_up(session: Writer, who: Principal, ags: str, url: str, *, local: bool) -> Harvest:
    """Read `url` for the city from now on. Raises Refused, with the field, for an address that cannot be read."""
    try:
        checked = checked_url(url.strip(), local=local)
        parts = urlsplit(checked)
        if parts.path != PATH or parts.query:
            raise Refused(_("The address must end with {path}", path=PATH))  # noqa: TRY301 - with its field, as the others
    except Refused as problem:
        raise Refused(problem.message, [Problem(problem.message, field="url")]) from problem
    before = await of(session, ags)
    kept = before.confirmed_by if before is not None and _host(before.url) == _host(checked) else None
    fresh = {"etag": None, "asked_at": None, "failures": 0, "problem": None, "waiting": None, "agreed": None}
    values = {"url": checked, "client": who.subject, "confirmed_by": kept, **fresh}
    await put(session, Harvest, {"ags": ags}, values)
    await audit.note(session, who.subject, "harvest.configured", ags, org=ags)
    row = await session.get(Harvest, ags, populate_existing=True)
    assert row is not None
    return row


async def remove(session: Writer, who: Principal, ags: str) -> None:
    await session.execute(delete(Harvest).where(Harvest.ags == ags))
    await audit.note(session, who.subject, "harvest.removed", ags, org=ags)


async def confirm(session: Writer, who: Principal, ags: str, url: str) -> None:
    """Say that the address is the city's. Raises Conflict if it is another by now; for the hub's own transaction."""
    if not may_confirm(who, ags):
        raise Forbidden(_("A central navigator of the state confirms the address."))
    row = await _locked(session, ags)
    if row.url != url:
        raise Conflict(_("The address has changed since you looked at it. Please look again."))
    row.confirmed_by, row.asked_at = who.subject, None
    await audit.note(session, who.subject, "harvest.confirmed", ags, org=ags)


def may_confirm(who: Principal, ags: str) -> bool:
    return access.APPROVE in who.scopes and bool(ags[:2] in who.where(access.CENTRAL) or who.where(access.OPERATOR))


async def agree(session: Writer, who: Principal, ags: str, waiting: str) -> None:
    """Say yes to what was read last. It is read again and published, if it is still the same."""
    row = await _locked(session, ags)
    if row.waiting is None or row.waiting != waiting:
        raise Conflict(_("Something else waits by now. Please look at it again."))
    row.agreed, row.asked_at = waiting, None
    await audit.note(session, who.subject, "harvest.agreed", ags, org=ags)


async def _locked(session: Writer, ags: str) -> Harvest:
    row = await session.get(Harvest, ags, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(_("No address is set up for {ags}.", ags=ags))
    return row


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _belongs(url: str, website: str | None) -> bool:
    own, host = _host(website or ""), _host(url)
    return bool(own) and (host == own or host.endswith(f".{own}"))


async def _website(session: Reader, ags: str) -> str | None:
    found: str | None = await session.scalar(select(City.website).where(City.ags == ags))
    return found


# Reading ----------------------------------------------------------------------------------------------------------


def pause(failures: int) -> timedelta:
    """How long after a reading the next one comes: twice as long with each failure."""
    return min(REGULARLY * int(2 ** min(failures, STEPS)), LONGEST_PAUSE)


async def due(session: Writer, ags: str | None = None) -> Sequence[Harvest]:
    """Take the turn to read those whose time has come, or `ags` alone: until the next pause, nobody else reads them."""
    now = datetime.now(UTC)
    query = select(Harvest).order_by(Harvest.asked_at.asc().nulls_first()).limit(MOST_DUE)
    query = query.with_for_update(skip_locked=True)
    if ags is not None:
        query = query.where(Harvest.ags == ags)
    else:
        since = case(*((Harvest.failures <= n, now - pause(n)) for n in range(STEPS)), else_=now - LONGEST_PAUSE)
        query = query.where(or_(Harvest.asked_at.is_(None), Harvest.asked_at < since))
    rows = [row for row in (await session.scalars(query)).all() if await usable(session, row)]
    for row in rows:
        row.asked_at = now
    return rows


async def fetched(fetcher: Fetcher, row: Harvest) -> Answer | str:
    """What lies at the address, or why it could not be read."""
    headers = {"if-none-match": row.etag} if row.etag else {}
    try:
        answer = await fetcher.get(
            row.url, most_bytes=MOST_BYTES, seconds=SECONDS, accept="application/json", headers=headers, redirects=0
        )
    except HubError as problem:
        return problem.message
    if answer.status not in {200, 304} or (answer.status == 304 and not row.etag):  # unchanged since when?
        return _("The server answers with the status {status}.", status=answer.status)
    return answer


async def keep(session: Writer, by: Publisher, ags: str, url: str, found: Answer | str) -> Read:
    """Publish what was read and note how it went; for the hub's own transaction. The caller says the messages."""
    row = await session.get(Harvest, ags, with_for_update=True, populate_existing=True)
    if row is None or row.url != url:
        return Read()  # set up anew meanwhile
    if isinstance(found, str):
        return _failed(row, found)
    if found.status == 304:
        row.failures, row.problem, row.read_at = 0, None, datetime.now(UTC)
        return Read()
    digest = sha256(found.body).hexdigest()
    try:
        wanted = snapshot.decoded(found.body)
        if wanted.city.ags != ags:
            raise Refused(
                _("The snapshot is of {other}, the address is of {ags}.", other=wanted.city.ags[:20], ags=ags)
            )
        seen = await publishing.preview(session, by, wanted)
        if _too_many(seen) and digest != row.agreed:
            row.waiting = digest
            gone = len(seen.difference.navigators.withdrawn)
            return _failed(row, _("It would withdraw {gone} navigators. Somebody has to agree first.", gone=gone), True)
        outcome = await publishing.publish(session, by, wanted)
    except HubError as problem:
        if isinstance(problem, Unavailable):
            raise
        return _failed(row, _words(problem))
    row.etag = (found.headers.get("etag") or "")[:200] or None
    row.failures, row.problem, row.read_at = 0, None, datetime.now(UTC)
    row.waiting = row.agreed = None
    return Read(outcome)


def _too_many(seen: Outcome) -> bool:
    """Whether more than half of the people would go: a broken export must not empty a city."""
    change = seen.difference.navigators
    gone = len(change.withdrawn)
    return gone > FEW and gone > (gone + len(change.changed) + len(change.unchanged)) / 2


def _failed(row: Harvest, message: str, waiting: bool = False) -> Read:
    row.failures, row.problem = row.failures + 1, message[:LONGEST_PROBLEM]
    row.agreed = None
    if not waiting:
        row.waiting = None
    return Read(message=message, waiting=waiting)


def _words(problem: HubError) -> str:
    """The problem with the first few places, which name rows and fields and no values."""
    places = "; ".join(" ".join(filter(None, (p.row, p.field, p.message))) for p in problem.problems[:MOST_SHOWN])
    return f"{problem.message} {places}".strip()


async def coordinators(session: Reader, ags: str) -> list[tuple[str, str]]:
    """Where the city's coordinators are reached, and in which language."""
    query = (
        select(Account.email, Account.language)
        .join(RoleGrant, RoleGrant.account_id == Account.id)
        .where(RoleGrant.role == access.COORDINATOR, RoleGrant.at == ags)
        .where(Account.email.is_not(None), Account.disabled_at.is_(None))
        .order_by(Account.email)
    )
    return [(email, language) for email, language in await session.execute(query) if email]
