"""The checker: what was acknowledged is there, and nothing is there twice. It knows tables and mails, and no code of
the hub.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import asyncpg

from tests.drills.figures import AGAIN
from tests.drills.load import INVITATION, Load, Mailbox

SETTLE_SECONDS = 120.0
"""How long feeds, queues and mails may take to catch up once all is well again: a mail that failed waits longer each
time.
"""
FEEDS = (("matching", "directory"), ("matching", "events"), ("events", "directory"), ("events", "matching"),
         ("directory", "events"))  # fmt: skip


async def settled(database: str, load: Load, mailbox: Mailbox, seconds: float = SETTLE_SECONDS) -> float | None:
    """Seconds until every feed was read to its end, no job was due and every invitation had arrived; None: never."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        if not await _open(database) and not (_mails(load, mailbox))["missing"]:
            return time.monotonic() - begun
        await asyncio.sleep(0.5)
    return None


async def _open(database: str) -> int:
    """Lines and jobs that somebody still has to take care of."""
    connection = await asyncpg.connect(database)
    try:
        left = 0
        for reader, feed in FEEDS:
            known = f"SELECT count(*) FROM {reader}.cursor WHERE feed = $1 AND position < (SELECT max(position) FROM {feed}.log)"  # noqa: E501 - our own tables
            left += await connection.fetchval(known, feed)
        for service in ("directory", "events", "matching"):
            due = f"SELECT count(*) FROM {service}.job WHERE state IN ('queued', 'running')"
            left += await connection.fetchval(due)
        return left
    finally:
        await connection.close()


def _mails(load: Load, mailbox: Mailbox) -> Counter[str]:
    """Of the invitations: `missing`, `twice` (another mail that says the same), `again` (the same mail handed over once
    more, which its Message-ID tells the receiver).
    """
    ids: dict[str, Counter[str]] = defaultdict(Counter)
    for to, message, subject in mailbox.heads():
        if subject.startswith(INVITATION):
            ids[to][message] += 1
    found: Counter[str] = Counter()
    for person in load.people:
        got = ids.get(person.email, Counter())
        found["missing"] += person.invited and not got
        found["twice"] += max(0, len(got) - 1)
        found["again"] += sum(got.values()) - len(got)
    return found


async def checked(database: str, load: Load, mailbox: Mailbox) -> tuple[dict[str, int], dict[str, int]]:
    """What was lost and what is there twice, by what it is."""
    connection = await asyncpg.connect(database)
    try:
        rows = await _rows(connection, load)
    finally:
        await connection.close()
    published = [one for one in load.people if one.published]
    registered = [one for one in load.people if one.registered]
    lost = {
        "publications": sum(rows["navigators"][one.key] < 1 for one in published),
        "copies at events": sum(one.id not in rows["at events"] for one in published if one.id),
        "copies at matching": sum(one.id not in rows["at matching"] for one in published if one.id),
        "invitations": sum(one.id not in rows["invited"] for one in load.people if one.invited),
        "registrations": sum(rows["registered"].get(one.id) != "registered" for one in registered),
        "places at matching": sum(one.id not in rows["taking part"] for one in registered),
    }
    mails = _mails(load, mailbox)
    lost["mails"] = mails["missing"]
    twice = {
        "publications": sum(count > 1 for count in rows["navigators"].values())
        + rows["publications"]
        - len(rows["navigators"]),
        "messages": sum(count > 1 for count in rows["said"].values()),
        "mails": mails["twice"],
        AGAIN: mails["again"],
    }
    return lost, twice


async def _rows(connection: Any, load: Load) -> dict[str, Any]:
    keys = [one.key for one in load.people]

    async def counts(query: str, *values: object) -> dict[str, Any]:
        return {str(key): value for key, value in await connection.fetch(query, *values)}

    said = "SELECT key, count(*) FROM directory.log WHERE kind = 'NavigatorPublished' AND key = ANY($1) GROUP BY key"
    ids: Sequence[str] = [str(row[0]) for row in await connection.fetch(
        "SELECT id FROM directory.navigator WHERE key = ANY($1)", keys)]  # fmt: skip
    event = "event_id = $1::uuid"
    return {
        "navigators": Counter(
            await counts("SELECT key, count(*) FROM directory.navigator WHERE key = ANY($1) GROUP BY key", keys)
        ),
        "publications": await connection.fetchval("SELECT count(*) FROM directory.publication WHERE added > 0"),
        "said": await counts(said, ids),
        "at events": await counts("SELECT id, 1 FROM events.navigator"),
        "at matching": await counts("SELECT id, 1 FROM matching.navigator"),
        "invited": await counts(f"SELECT navigator_id, 1 FROM events.registration WHERE {event}", load.event),
        "registered": await counts(f"SELECT navigator_id, state FROM events.registration WHERE {event}", load.event),
        "taking part": await counts(
            "SELECT unnest(participants), 1 FROM matching.event WHERE id = $1::uuid", load.event
        ),
    }
