"""The words that rows are found by, for those who mistype one.

Refreshed regularly from the rows themselves; `forget` takes a person's words away at once. A word is known to an
audience as long as it finds at least one row for it, so that a correction tells nobody what they cannot find.
"""

import uuid
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import msgspec

from services.directory.finding.terms import Known
from services.directory.wording.words import alike
from services.kit.db import Database, Writer, driver

SHORTEST = 4
"""Letters; with fewer, everything looks alike."""
FEW_LETTERS = 7
"""A word with fewer is compared with those of its first letter: swapped letters leave it hardly a trigram."""
ENOUGH = 0.75
"""How much of both words must agree in the end (`difflib`)."""
MOST_LOOKED_AT, MOST_NEAR = 40, 3
ROWS = """
SELECT word, ndoc FROM ts_stat($w${source}$w$) WHERE word ~ '^[^#~@+=]'
"""
REFRESH = f"""
WITH public AS ({ROWS.format(source="SELECT found_public FROM navigator")}),
network AS ({ROWS.format(source="SELECT found_network FROM navigator")}),
both_ AS ({ROWS.format(source="SELECT found FROM project UNION ALL SELECT found FROM city")}),
counted AS (
    SELECT word, sum(public)::int AS public, sum(network)::int AS network FROM (
        SELECT word, ndoc AS public, 0 AS network FROM public UNION ALL SELECT word, 0, ndoc FROM network
        UNION ALL SELECT word, ndoc, ndoc FROM both_ UNION ALL SELECT word, 1, 1 FROM unnest($1::text[]) AS t(word)
    ) one GROUP BY word
), gone AS (
    DELETE FROM word w WHERE NOT EXISTS (SELECT FROM counted c WHERE c.word = w.word)
)
INSERT INTO word AS w (word, public, network) SELECT word, public, network FROM counted
ON CONFLICT (word) DO UPDATE SET public = excluded.public, network = excluded.network
WHERE (w.public, w.network) IS DISTINCT FROM (excluded.public, excluded.network)
"""  # noqa: S608 - our own names
FORGET = """
WITH theirs AS (
    SELECT DISTINCT one AS word FROM navigator, unnest(tsvector_to_array(found_network)) one
    WHERE id = ANY ($1::uuid[]) AND one ~ '^[^#~@+=]'
), left_ AS (
    SELECT word, other.public OR word = ANY ($2::text[]) AS public, other.network OR word = ANY ($2::text[]) AS network
    FROM theirs, LATERAL (SELECT
        EXISTS (SELECT FROM navigator WHERE found_public @@ quote_literal(word)::tsquery AND id <> ALL ($1::uuid[]))
            OR shared.here AS public,
        EXISTS (SELECT FROM navigator WHERE found_network @@ quote_literal(word)::tsquery AND id <> ALL ($1::uuid[]))
            OR shared.here AS network
    FROM (SELECT EXISTS (SELECT FROM project WHERE found @@ quote_literal(word)::tsquery)
        OR EXISTS (SELECT FROM city WHERE found @@ quote_literal(word)::tsquery) AS here) shared) other
), gone AS (
    DELETE FROM word w USING left_ l WHERE w.word = l.word AND NOT l.network
)
UPDATE word w SET public = 0 FROM left_ l WHERE w.word = l.word AND l.network AND NOT l.public
"""
KNOWN = """
SELECT convert_to(json_agg(one)::text, 'UTF8') FROM unnest($1::text[]) one WHERE starts_with((
    SELECT w.word FROM word w WHERE w.word >= one AND CASE WHEN $2 THEN w.public ELSE w.network END > 0
    ORDER BY w.word LIMIT 1), one)
"""
LONG = """
SELECT convert_to(json_agg(word)::text, 'UTF8') FROM (
    SELECT word FROM word WHERE word % $1 AND CASE WHEN $2 THEN public ELSE network END > 0
    ORDER BY similarity(word, $1) DESC, word LIMIT $3) near
"""
SHORT = """
SELECT convert_to(json_agg(word)::text, 'UTF8') FROM (
    SELECT word FROM word WHERE word LIKE left($1, 1) || '%' AND length(word) BETWEEN length($1) - 1 AND length($1) + 1
        AND CASE WHEN $2 THEN public ELSE network END > 0
    ORDER BY similarity(word, $1) DESC, word LIMIT $3) near
"""
Ask = Callable[[str, Sequence[object]], Awaitable[bytes | None]]
"""One statement with its values → the JSON that it gives."""


def within(connection: Any) -> Ask:
    """Asks on the driver's own connection, within its transaction."""

    async def ask(statement: str, values: Sequence[object]) -> bytes | None:
        found: bytes | None = await connection.fetchval(statement, *values)
        return found

    return ask


async def refresh(session: Writer, known: Known) -> bool:
    """Bring the dictionary up to date, acting as the hub; False where somebody else does so right now."""
    connection = await driver(session)
    if not await connection.fetchval("SELECT pg_try_advisory_xact_lock(hashtextextended('lotsennetz words', 0))"):
        return False
    await connection.execute(REFRESH, _of_vocabulary(known))
    return True


async def forget(session: Writer, navigators: Sequence[uuid.UUID], known: Known) -> None:
    """Take away the words that only these people are found by.

    For an erasure: within its transaction, acting as the hub, while their rows are still there.
    """
    await (await driver(session)).execute(FORGET, list(navigators), _of_vocabulary(known))


def _of_vocabulary(known: Known) -> list[str]:
    return sorted({word for topic in known.topics for word in topic.lexemes if word[0] not in "#~@+="})


def beside(db: Database) -> Ask:
    """Asks on the connections for answers, without a transaction."""
    return lambda statement, values: db.answers.read(statement, values, db.milliseconds)


async def unknown(ask: Ask, words: Iterable[str], *, public: bool) -> list[str]:
    """Those that begin no known word; short ones pass."""
    asked = [word for word in dict.fromkeys(words) if len(word) >= SHORTEST]
    fine = set(_list(await ask(KNOWN, (asked, public)))) if asked else set[str]()
    return [word for word in asked if word not in fine]


async def nearest(ask: Ask, words: Iterable[str], *, public: bool) -> dict[str, list[str]]:
    """Known words that look like each of `words`, the most alike first."""
    found: dict[str, list[str]] = {}
    for word in words:
        statement = SHORT if len(word) < FEW_LETTERS else LONG
        found[word] = _nearest(word, _list(await ask(statement, (word, public, MOST_LOOKED_AT))))
    return found


def _list(found: bytes | None) -> list[str]:
    return msgspec.json.decode(found, type=list[str]) if found else []


def _nearest(word: str, others: Sequence[str]) -> list[str]:
    """The most alike."""
    rated = sorted(((alike(word, other), other) for other in others), key=lambda one: (-one[0], one[1]))
    return [other for rating, other in rated if rating >= ENOUGH][:MOST_NEAR]
