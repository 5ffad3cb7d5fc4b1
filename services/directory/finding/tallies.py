"""How many rows have which value, without looking at them: triggers add what changes to the counts (`models.Tally`).

Each change is a row of its own, so that nobody who publishes waits for another; what has come together is summed up now
and then, and held against the rows themselves once in a while.
"""

from collections.abc import Collection
from typing import Final

from services.directory.access import Viewer
from services.directory.fields import FIELDS, Audience
from services.kit.db import Reader, Writer, driver

PROFILE, LANGUAGES = FIELDS["profile"].flag, FIELDS["languages"].flag
ROWS: Final = f"""
SELECT left(n.ags, 2) AS state, 'NAVIGATOR' AS kind, v.name, v.value, (n.listed = 0 AND v.public)::int AS public,
    (n.listed <= 1 AND v.network)::int AS network
FROM navigator n, LATERAL (
    SELECT 'kind' AS name, 'NAVIGATOR' AS value, true AS public, true AS network
    UNION ALL SELECT 'profile', n.profile, n.shown_public & {PROFILE} <> 0, n.shown_network & {PROFILE} <> 0
    UNION ALL SELECT 'language', one, n.shown_public & {LANGUAGES} <> 0, n.shown_network & {LANGUAGES} <> 0
    FROM unnest(n.languages) one
) v WHERE v.value IS NOT NULL
UNION ALL SELECT left(n.ags, 2), 'NAVIGATOR', 'topic', t.topic, t.listed_public::int, 1
FROM navigator_topic t JOIN navigator n ON n.id = t.navigator_id
UNION ALL SELECT left(p.ags, 2), 'PROJECT', 'topic', t.topic, 1, 1
FROM project_topic t JOIN project p ON p.id = t.project_id
UNION ALL SELECT left(ags, 2), 'PROJECT', v.name, v.value, 1, 1
FROM project, LATERAL (VALUES ('kind', 'PROJECT'), ('stage', stage)) v(name, value)
UNION ALL SELECT left(ags, 2), 'CITY', 'kind', 'CITY', 1, 1 FROM city
"""  # noqa: S608 - our own words
"""What there is to be counted: a line for each row and value."""
PUT: Final = """
INSERT INTO tally (state, kind, name, value, public, network)
SELECT state, kind, name, value, sum(public), sum(network) FROM {changes}
GROUP BY state, kind, name, value HAVING sum(public) <> 0 OR sum(network) <> 0
"""
CORRECT: Final = PUT.format(
    changes=f"({ROWS} UNION ALL SELECT state, kind, name, value, -public, -network FROM tally) wrong"  # noqa: S608
)
"""One statement sees rows and counts as of one moment, so that nobody has to wait while it looks."""
SUM_UP: Final = f"""
WITH several AS (
    SELECT state, kind, name, value FROM tally GROUP BY state, kind, name, value HAVING count(*) > 1
), gone AS (
    DELETE FROM tally t USING several s
    WHERE (t.state, t.kind, t.name, t.value) = (s.state, s.kind, s.name, s.value) RETURNING t.*
)
{PUT.format(changes="gone")}
"""  # noqa: S608 - our own words
TURN: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended('lotsennetz tallies', 0))"
TALLIED: Final = """
WITH mine AS (
    SELECT state, name, value, {audience} AS rows FROM tally
    WHERE kind = ANY ($1::text[]) AND ($2::text IS NULL OR state = $2)
), own AS (
    SELECT CASE WHEN shown_network & {profile} = 0 AND shown_city & {profile} <> 0 THEN profile END AS profile,
        CASE WHEN shown_network & {languages} = 0 AND shown_city & {languages} <> 0 THEN languages END AS languages
    FROM navigator WHERE ags = $3 AND listed <= 1 AND ($2::text IS NULL OR left(ags, 2) = $2)
)
SELECT name, value, sum(rows)::int AS total FROM (
    SELECT name, value, rows FROM mine UNION ALL SELECT 'state', state, rows FROM mine WHERE name = 'kind'
    UNION ALL SELECT 'profile', profile, 1 FROM own WHERE profile IS NOT NULL
    UNION ALL SELECT 'language', one, 1 FROM own, unnest(languages) one
) each GROUP BY name, value HAVING sum(rows) > 0 ORDER BY name, total DESC, value
"""
"""`own` are the viewer's own city's people, of whom they see more than the network does."""


async def tallied(
    session: Reader, kinds: Collection[str], state: str | None, viewer: Viewer
) -> list[tuple[str, str, int]]:
    """(name, value, rows) of all rows of these kinds, or of those in a state; the most frequent value of a name first.

    Without sizes of cities: those change without their people.
    """
    public = viewer.audience is Audience.PUBLIC
    query = TALLIED.format(audience="public" if public else "network", profile=PROFILE, languages=LANGUAGES)
    own = viewer.city or "" if not public and "NAVIGATOR" in kinds else ""
    return [tuple(row) for row in await (await driver(session)).fetch(query, list(kinds), state, own)]


async def sum_up(session: Writer) -> None:
    """One row for each count again, acting as the hub; nothing where somebody else does so right now."""
    connection = await driver(session)
    if await connection.fetchval(TURN):
        await connection.execute(SUM_UP)


async def correct(session: Writer) -> int:
    """Hold the counts against the rows, acting as the hub; returns how many were wrong, which they are no more."""
    connection = await driver(session)
    if not await connection.fetchval(TURN):
        return 0
    wrong = int((await connection.execute(CORRECT)).rpartition(" ")[2])
    if wrong:
        await connection.execute("SELECT pg_notify('lotsennetz_directory', 'tally')")
    return wrong
