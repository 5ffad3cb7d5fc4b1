"""One transaction: the cities' turns, the checks, one batch for whatever changed, one note for each publication."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from services.directory import register, store
from services.directory.batch import Batch, write
from services.directory.projection import Vocabulary
from services.directory.publishing.outcome import ANY_VERSION, Outcome, Publisher
from services.directory.publishing.planning import changes, plan
from services.directory.snapshot import Change, Difference, Identities, Snapshot, Step, diff, validate, without
from services.directory.store import Stored
from services.kit.db import Writer, driver
from services.kit.errors import HubError, NotFound, Stale
from services.kit.i18n import gettext as _
from services.kit.messages import Message


async def publish(
    session: Writer,
    by: Publisher,
    snapshot: Snapshot,
    *,
    expected: int | None = ANY_VERSION,
    restored: int | None = None,
) -> Outcome:
    """Make `snapshot` the truth about its city. The caller says `messages` at the end of its unit of work.

    Raises Refused, with nothing stored, when any row is wrong; Conflict when the city's newest publication is not the
    `expected` one (None: it has none yet). Two publications of one city take turns.
    """
    ags, wish = snapshot.city.ags, Wish(by, snapshot, expected)
    version = remembered(wish)
    if version and await (await driver(session)).fetchval(STILL, ags, version):
        return _unchanged(snapshot, version)
    wanted = await _compared(session, by, ags, lambda _stored: snapshot, expected)
    outcome = (await _store(session, [wanted], restored))[0]
    remember(wish, outcome.version)
    return outcome


@dataclass(frozen=True)
class Wish:
    """A snapshot that shall be published; see `publish`."""

    by: Publisher
    snapshot: Snapshot
    expected: int | None = ANY_VERSION

    @cached_property
    def digest(self) -> str:
        return store.digest(self.snapshot)


def remember(wish: Wish, version: int | None) -> None:
    """That the city sent this, which is its `version`. There is one entry for each municipality, at most."""
    wish.by.memory.setdefault("sent", {})[wish.snapshot.city.ags] = (wish.digest, version)


def remembered(wish: Wish) -> int | None:
    """The version that this may still be, as far as the process knows; None where it knows otherwise."""
    digest, version = wish.by.memory.get("sent", {}).get(wish.snapshot.city.ags, ("", None))
    same = wish.expected in {ANY_VERSION, version} and digest == wish.digest
    return version if same else None


STILL = """
SELECT publication = $2 AND confirmed_on = current_date AND NOT EXISTS (SELECT FROM erased WHERE ags = $1)
FROM city WHERE ags = $1
"""
"""Whether what was sent last is still what is published; a process remembers its digest, and the number."""


def _unchanged(snapshot: Snapshot, version: int) -> Outcome:
    def same(rows: tuple[Any, ...]) -> Change[Any]:
        return Change((), (), (), tuple(row.key for row in rows))

    of = (same(rows) for rows in (snapshot.departments, snapshot.navigators, snapshot.projects))
    return Outcome(snapshot.city.ags, None, version, Difference(False, *of))


async def preview(session: Writer, by: Publisher, snapshot: Snapshot, *, expected: int | None = ANY_VERSION) -> Outcome:
    """What `publish` would do and raise, storing nothing."""
    wanted = await _compared(session, by, snapshot.city.ags, lambda _stored: snapshot, expected)
    return Outcome(wanted.ags, None, wanted.stored.publication, wanted.change, (), wanted.withheld)


async def change(
    session: Writer,
    by: Publisher,
    ags: str,
    step: Step,
    *,
    expected: int | None = ANY_VERSION,
) -> Outcome:
    """Publish what `step` makes of the city's newest snapshot, within its turn: no other change gets lost.

    Raises as `publish`, and NotFound for a city that has not published yet.
    """

    def changed(stored: Stored) -> Snapshot:
        if stored.snapshot is None:
            raise NotFound(_("{ags} has not published yet. Please publish a whole snapshot first.", ags=ags))
        return step(stored.snapshot)

    return (await _store(session, [await _compared(session, by, ags, changed, expected)], None))[0]


async def publish_all(session: Writer, wishes: Sequence[Wish]) -> list[Outcome | HubError]:
    """Publish the snapshots of cities, each at most once, in one transaction and with as many statements as for
    one. A city whose snapshot is refused is left as it is; the error stands in its place.
    """
    turn = await _turn(session, wishes[0].by, [wish.snapshot.city.ags for wish in wishes])
    found: list[_Compared | HubError] = []
    for wish in wishes:
        await asyncio.sleep(0)  # others are served meanwhile
        try:
            found.append(_compare(wish.by, wish.snapshot, turn, wish.expected))
        except HubError as problem:
            found.append(problem)
    stored = iter(await _store(session, [one for one in found if isinstance(one, _Compared)], None))
    return [next(stored) if isinstance(one, _Compared) else one for one in found]


@dataclass(frozen=True)
class _Turn:
    """What stands for the cities whose turn one has."""

    stored: Mapping[str, Stored]
    living: Mapping[str, register.Entry | None]
    vocabulary: Vocabulary


ENTRY = [field.name for field in fields(register.Entry)]
TURN = f"""
SELECT wanted, {store.LOCK}, set_config('plan_cache_mode', 'force_generic_plan', true),
    set_config('enable_seqscan', 'off', true),
    (SELECT max(changed_at) FROM topic) newest, (SELECT true FROM municipality LIMIT 1) imported,
    {", ".join(f"m.{name}" for name in ENTRY)}
FROM unnest($1::text[]) wanted LEFT JOIN municipality m ON m.ags = wanted AND NOT m.ended
"""  # noqa: S608 - names of our own fields
"""From here on, the transaction's statements are planned once for each connection: planning anew takes as long as
writing a small city does. No plan may read a whole table: planned before the rows are known, those of a state's size
would, which takes ten times as long as to look them up.
"""


async def _turn(session: Writer, by: Publisher, ags: Sequence[str]) -> _Turn:
    """Wait for one's turn with these cities, until the end of the transaction, then read what they published last."""
    keys = sorted(set(ags))  # in one order, so that two who want several never wait for each other
    rows = await (await driver(session)).fetch(TURN, keys)
    vocabulary = await store.vocabulary(session, by.memory, rows[0]["newest"] if rows else None)
    living = {
        row["wanted"]: register.Entry(*tuple(row)[-len(ENTRY) :]) if row["ags"] else None
        for row in rows
        if row["ags"] or not row["imported"]
    }
    return _Turn(await store.read_all(session, keys), living, vocabulary)


@dataclass(frozen=True)
class _Compared:
    """A city's snapshot, found right, beside what it published last."""

    by: Publisher
    wanted: Snapshot
    change: Difference
    stored: Stored
    withheld: tuple[str, ...]
    vocabulary: Vocabulary
    entry: register.Entry | None

    @property
    def ags(self) -> str:
        return self.wanted.city.ags


async def _compared(
    session: Writer, by: Publisher, ags: str, wanted: Callable[[Stored], Snapshot], expected: int | None
) -> _Compared:
    turn = await _turn(session, by, [ags])
    return _compare(by, wanted(turn.stored[ags]), turn, expected)


def _compare(by: Publisher, snapshot: Snapshot, turn: _Turn, expected: int | None) -> _Compared:
    wanted = validate(snapshot, turn.vocabulary)
    ags = wanted.city.ags
    if ags not in turn.living:
        raise register.unknown(ags)
    stored = turn.stored[ags]
    if expected not in {ANY_VERSION, stored.publication}:
        raise Stale(_("Somebody else has published meanwhile. Please look at what changed and send it again."))
    withheld: tuple[str, ...] = ()
    if stored.erased:  # who was erased here comes back through nobody's list
        ids = Identities(by.secret, ags)
        withheld = tuple(sorted(r.key for r in wanted.navigators if ids.navigator(r.key) in stored.erased))
        wanted = without(wanted, withheld)
    change = diff(stored.snapshot, wanted)
    return _Compared(by, wanted, change, stored, withheld, turn.vocabulary, turn.living[ags])


async def _store(session: Writer, found: Sequence[_Compared], restored: int | None) -> list[Outcome]:
    """Write what changed, of all cities at once; who publishes the same again says that it is still true."""
    batch = Batch()
    said: dict[str, tuple[Message, ...]] = {}
    for one in found:
        if one.change:
            if batch.publications:
                await asyncio.sleep(0)
            messages: list[Message] = []
            ids = Identities(one.by.secret, one.ags)
            plan(batch, messages, ids, one.wanted, one.change, one.stored, one.vocabulary, one.entry)
            said[one.ags] = tuple(messages)
            kept, digest = store.packed(one.wanted)
            batch.publications.append(_note(one, digest, restored))
            batch.sources.append(kept)
    numbers = await write(session, batch)
    # Once a day is enough to know.
    if still := [one.ags for one in found if not (one.change or one.stored.confirmed_today)]:
        await (await driver(session)).execute(CONFIRM, still)
    return [
        Outcome(
            one.ags,
            numbers.get(one.ags),
            numbers.get(one.ags, one.stored.publication),
            one.change,
            said.get(one.ags, ()),
            one.withheld,
        )
        for one in found
    ]


CONFIRM = "UPDATE city SET confirmed_on = current_date WHERE ags = ANY ($1)"


def _note(one: _Compared, digest: str, restored: int | None) -> dict[str, Any]:
    """What is kept of a publication beside its source."""
    return {
        "ags": one.ags,
        "client": one.by.client,
        "via": one.by.via,
        "restored": restored,
        "added": one.change.count(lambda c: c.added),
        "changed": one.change.count(lambda c: c.changed),
        "withdrawn": one.change.count(lambda c: c.withdrawn),
        "unchanged": one.change.count(lambda c: c.unchanged),
        "digest": digest,
        "changes": changes(one.change, one.stored.snapshot),
    }
