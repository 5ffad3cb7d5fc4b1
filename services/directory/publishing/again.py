"""Storing again what is published already: nothing new from the city, another vocabulary or another own word."""

from services.directory import store
from services.directory.batch import Batch, write
from services.directory.publishing.outcome import Publisher
from services.directory.publishing.planning import plan
from services.directory.snapshot import Change, Difference, Identities, without
from services.kit.db import Writer, driver
from services.kit.messages import Message

UNDER = """
SELECT key, true FROM navigator WHERE ags = $1 AND (offers && $2 OR seeks && $2 OR works_on && $2)
UNION ALL SELECT key, false FROM project WHERE ags = $1 AND topics && $2
"""


async def republish(session: Writer, by: Publisher, ags: str, topics: list[str]) -> list[Message]:
    """Store again, and say, what of the city stands under `topics`, as the vocabulary is now. No new publication."""
    stored = await store.turn(session, ags)
    if stored.snapshot is None:
        return []
    found = [tuple(row) for row in await (await driver(session)).fetch(UNDER, ags, topics)]
    people, projects = ({key for key, person in found if person is kind} for kind in (True, False))
    ids = Identities(by.secret, ags)
    erased = tuple(row.key for row in stored.snapshot.navigators if ids.navigator(row.key) in stored.erased)
    wanted = without(stored.snapshot, erased)
    change = Difference(
        city_changed=False,
        departments=Change((), (), (), ()),
        navigators=Change((), tuple(row for row in wanted.navigators if row.key in people), (), ()),
        projects=Change((), tuple(row for row in wanted.projects if row.key in projects), (), ()),
    )
    batch, said = Batch(), list[Message]()
    plan(batch, said, ids, wanted, change, stored, await store.vocabulary(session, by.memory), None)
    await write(session, batch)
    return said
