"""How long what is kept, as data; and the regular task that goes by it, forgets, hides and reminds.

The record of processing and the notices print the same rules (`record`), so that nothing else can be promised.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert as upsert

from services.directory import models as m
from services.directory.protection import own, person
from services.directory.protection.own import Desk
from services.kit import mail
from services.kit.db import HUB, Database, Reader, Writer
from services.kit.errors import NotFound, Refused
from services.kit.jobs import Every
from services.kit.log import table
from services.kit.service import Runtime

REMIND_AFTER: Final = timedelta(days=365)
HIDE_AFTER: Final = timedelta(days=548)
"""Eighteen months without a word of the city or the person."""
LEFT_AFTER: Final = timedelta(days=30)
"""Behind the last day in the role."""
OWN_WORD_KEPT: Final = timedelta(days=365)
"""For somebody whom the city does not publish for a while: who hid for safety is still hidden when they come back."""
SOURCES_KEPT: Final = timedelta(days=365)
"""For what a city sent, since something newer took its place. Whoever was withdrawn is in it no longer than that."""
CANDIDATES_KEPT: Final = timedelta(days=180)
"""After the last word about somebody who was asked, nominated or applied: as long as who was turned down can raise
claims (§ 15 AGG, § 61b ArbGG).
"""
UNCONFIRMED_KEPT: Final = timedelta(days=30)
"""Applications that nobody confirms, and every link to answer with."""
AT_ONCE = 200
"""People, and cities, that one turn of the task looks after; the rest at the next."""
NAMED = 50
"""People whom one reminder names."""


TURN_SECONDS = 3600.0


def regular(runtime: Runtime) -> Every:
    async def work(db: Database) -> None:
        now = datetime.now(UTC)
        await hide_lapsed(Desk(runtime.settings, runtime.memory), runtime, db, now.date())
        await remind(runtime, db, now.date())
        async with db.begin(HUB) as session:
            await forget_vanished(session, now)

    return Every(TURN_SECONDS, work)


DUE = """
SELECT n.id, want.lapse FROM navigator n JOIN city c ON c.ags = n.ags
LEFT JOIN own_word w ON w.navigator_id = n.id,
LATERAL (SELECT coalesce(n.until < :left, false)
    OR greatest(c.confirmed_on, (w.confirmed_at AT TIME ZONE 'UTC')::date) < :stale AS lapse) want
WHERE want.lapse <> (w.lapsed_at IS NOT NULL) ORDER BY n.id LIMIT :most
"""


async def hide_lapsed(desk: Desk, runtime: Runtime, db: Database, today: date) -> int:
    """Hide from everybody outside their city who has left or whom nobody has confirmed, and show again whom the city
    or the person has confirmed since; returns how many changed.
    """
    async with db.read(HUB) as session:
        values = {"left": today - LEFT_AFTER, "stale": today - HIDE_AFTER, "most": AT_ONCE}
        due = (await session.execute(text(DUE), values)).all()
    for navigator_id, lapse in due:
        async with db.begin(HUB) as session:
            try:
                who = await person.find(session, runtime.settings, navigator_id, lock=True)
            except NotFound:  # gone meanwhile
                continue
            lapsed = datetime.now(UTC) if lapse else None
            await runtime.say(session, await own.keep(session, desk, who, lapsed_at=lapsed))
    return len(due)


async def forget_vanished(session: Writer, now: datetime) -> None:
    """Forget after a while whom we told, and what they said, when their city does not publish them any more."""
    gone = "NOT EXISTS (SELECT FROM navigator n WHERE n.id = navigator_id)"
    for rows, kept in (("told", SOURCES_KEPT), ("own_word", OWN_WORD_KEPT)):
        vanish = f"UPDATE {rows} SET vanished_at = :now WHERE vanished_at IS NULL AND {gone}"  # noqa: S608 - our own words
        back = f"UPDATE {rows} SET vanished_at = NULL WHERE vanished_at IS NOT NULL AND NOT ({gone})"  # noqa: S608
        await session.execute(text(vanish), {"now": now})
        await session.execute(text(back))
        await session.execute(text(f"DELETE FROM {rows} WHERE vanished_at < :before"), {"before": now - kept})  # noqa: S608
    before = {"before": now - OWN_WORD_KEPT}
    await session.execute(text(f"DELETE FROM shared_assessment WHERE {gone}"))  # noqa: S608 - our own words
    await session.execute(text(f"DELETE FROM self_assessment WHERE changed_at < :before AND {gone}"), before)  # noqa: S608


# Reminders --------------------------------------------------------------------------------------------------------

STALE = """
SELECT n.ags FROM navigator n JOIN city c ON c.ags = n.ags LEFT JOIN own_word w ON w.navigator_id = n.id
WHERE (n.until < :today OR greatest(c.confirmed_on, (w.confirmed_at AT TIME ZONE 'UTC')::date) < :remind)
AND NOT EXISTS (SELECT FROM mail k WHERE k.key = concat_ws(':', 'reminder', n.ags, cast(:month AS text)))
GROUP BY n.ags ORDER BY n.ags LIMIT :most
"""
OF_CITY = """
SELECT coalesce(n.name, n.key), n.until < :today AS has_left FROM navigator n JOIN city c ON c.ags = n.ags
LEFT JOIN own_word w ON w.navigator_id = n.id
WHERE n.ags = :ags AND (n.until < :today
    OR greatest(c.confirmed_on, (w.confirmed_at AT TIME ZONE 'UTC')::date) < :remind)
ORDER BY n.sort_network, n.id LIMIT :most
"""


async def remind(runtime: Runtime, db: Database, today: date) -> int:
    """Write to cities about people who have left and entries that nobody has confirmed for a year.

    One mail for each city, month and address, however many people; returns how many were queued.
    """
    values = {"today": today, "remind": today - REMIND_AFTER}
    async with db.read(HUB) as session:
        due = (await session.scalars(text(STALE), {**values, "month": f"{today:%Y-%m}", "most": AT_ONCE})).all()
    queued = 0
    for ags in due:
        async with db.begin(HUB) as session:
            queued += await _remind_city(session, runtime, ags, today, values)
    return queued


async def _remind_city(session: Writer, runtime: Runtime, ags: str, today: date, values: dict[str, Any]) -> int:
    city = await session.get_one(m.City, ags)
    rows = (await session.execute(text(OF_CITY), {**values, "ags": ags, "most": NAMED + 1})).all()
    fill = {
        "city": city.name,
        "left": [name for name, has_left in rows[:NAMED] if has_left],
        "stale": [name for name, has_left in rows[:NAMED] if not has_left],
        "more": len(rows) > NAMED,
        "days": LEFT_AFTER.days,
        "confirmed": city.confirmed_on,
        "hidden_on": city.confirmed_on + HIDE_AFTER,
    }
    month, queued = f"reminder:{ags}:{today:%Y-%m}", 0
    for address, language, key in await _addresses(session, city, month):
        try:
            queued += await mail.send(
                session, runtime.outbox, "reminder", to=address, language=language, key=key, **fill
            )
        except Refused:  # what a city published as an address need not be one for mail
            continue
    if not queued:  # nobody to write to: looked at for this month
        await session.execute(
            upsert(table(m.Base.metadata, "mail"))
            .values(id=text("gen_random_uuid()"), key=month, kind="reminder", state="failed", reason="no address")
            .on_conflict_do_nothing(index_elements=["key"])
        )
    return queued


async def _addresses(session: Reader, city: m.City, month: str) -> Sequence[tuple[str, str, str]]:
    """The contact point and the coordinators, each address once; the first one's mail has the month's own key."""
    rows = await session.execute(
        text(
            "SELECT a.email, a.language FROM account a JOIN role_grant r ON r.account_id = a.id "
            "WHERE a.org = :ags AND r.role = 'coordinator' AND a.disabled_at IS NULL AND a.email IS NOT NULL "
            "ORDER BY a.created_at LIMIT 10"
        ),
        {"ags": city.ags},
    )
    found = {city.contact_email.lower(): (city.contact_email, "de")} if city.contact_email else {}
    for email, language in rows:
        found.setdefault(email.lower(), (email, language))
    return [
        (email, language, month if number == 0 else f"{month}:{number}")
        for number, (email, language) in enumerate(found.values())
    ]
