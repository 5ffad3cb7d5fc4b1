"""Cities like mine, and who offers what somebody seeks."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.directory.access import Viewer
from services.directory.fields import FIELDS, Audience
from services.directory.finding.terms import Known
from services.kit.db import Reader, driver
from services.kit.errors import Refused
from services.kit.i18n import gettext as _

OF_LIKE_SIZE, MOST_SOUGHT, MOST_ALIKE = 100, 20, 50
EXACT, NARROWER, WIDER = 4, 3, 2
"""What an offered topic is worth for the one that is sought: itself, one below it, one above it."""
SIMILAR = """
WITH mine AS (SELECT ags, state, population FROM city WHERE ags = $1), near AS (
    SELECT c.ags, c.sort_key, c.state = mine.state AS neighbour,
        abs(ln(greatest(c.population, 1)::float / greatest(mine.population, 1))) AS apart
    FROM city c, mine WHERE c.ags <> mine.ags
    ORDER BY apart NULLS LAST, neighbour DESC, c.sort_key, c.ags LIMIT $3
), looked_at AS (
    SELECT ags FROM near UNION ALL SELECT ags FROM mine
), topics AS (
    SELECT n.ags, t.topic FROM looked_at JOIN navigator n USING (ags) JOIN navigator_topic t ON t.navigator_id = n.id
    WHERE t.listed_public OR NOT $4
    UNION
    SELECT p.ags, t.topic FROM looked_at JOIN project p USING (ags) JOIN project_topic t ON t.project_id = p.id
), ours AS (
    SELECT topic FROM topics WHERE ags = $1
), shared AS (
    SELECT t.ags, count(o.topic)::float / (count(*) + (SELECT count(*) FROM ours) - count(o.topic)) AS part
    FROM topics t LEFT JOIN ours o USING (topic) WHERE t.ags <> $1 GROUP BY t.ags
)
SELECT near.ags FROM near LEFT JOIN shared USING (ags)
ORDER BY round((greatest(1 - coalesce(apart, 2) / 2, 0) + coalesce(part, 0))::numeric, 1) DESC, neighbour DESC,
    sort_key, ags
LIMIT $2
"""
"""Size and topics count alike; a tenth is a tie, which the state decides. Seven times the size is no likeness."""
OFFERED = """
WITH worth AS (SELECT * FROM unnest($1::text[], $2::text[], $3::int[]) AS t(sought, topic, value)), rated AS (
    SELECT n.id, n.ags = $4 AS own, n.{sort} AS sort, (SELECT sum(best) FROM (
        SELECT max(w.value) AS best FROM worth w WHERE w.topic = ANY (n.offers) GROUP BY w.sought) one)::int AS value
    FROM navigator n
    WHERE n.offers && (SELECT array_agg(topic) FROM worth) AND n.listed <= $5 AND n.id <> $6
        AND (n.{shown} & $7 <> 0 OR n.ags = $8 AND n.shown_city & $7 <> 0)
)
SELECT own, value, sort, id FROM rated
WHERE $9::bool IS NULL OR (own, -value, sort, id) > ($9, -$10::int, $11::text, $12::uuid)
ORDER BY own, -value, sort, id LIMIT $13
"""
BEST = """
SELECT false, $1::int, n.{sort}, n.id FROM (SELECT * FROM navigator ORDER BY {sort}, id LIMIT $2) n
WHERE n.offers @> $3::text[] AND n.ags <> $4 AND n.listed <= $5 AND n.id <> $6
    AND (n.{shown} & $7 <> 0 OR n.ags = $8 AND n.shown_city & $7 <> 0)
ORDER BY n.{sort}, n.id LIMIT $9
"""
"""Who offers all that is sought, among the first of all people: nobody comes before them. Where a topic is so frequent
that all its people take long to rate, a page of them is found here.
"""
LOOKED_AT = 1_000
NOBODY = uuid.UUID(int=0)


async def similar(session: Reader, ags: str, first: int, viewer: Viewer) -> list[str]:
    """Keys of the cities most like `ags`, by size and by the topics of their people and projects."""
    public = viewer.audience is Audience.PUBLIC
    rows = await (await driver(session)).fetch(SIMILAR, ags, first, OF_LIKE_SIZE, public)
    return [row[0] for row in rows]


@dataclass(frozen=True)
class Offer:
    """A navigator who offers what is sought: `value` sums the best for each topic; own cities come last."""

    own: bool
    value: int
    sort: str
    id: uuid.UUID


async def offers(
    session: Reader,
    known: Known,
    sought: Sequence[str],
    viewer: Viewer,
    limit: int,
    *,
    city: str | None,
    but: uuid.UUID = NOBODY,
    after: Offer | None = None,
) -> list[Offer]:
    """Who offers topics of `sought`, or narrower or wider ones; people of `city` after all others."""
    if not 1 <= len(sought) <= MOST_SOUGHT:
        raise Refused(_("Please name from 1 to {most} topics.", most=MOST_SOUGHT))
    if unknown := next((code for code in sought if code not in known.paths), None):
        raise Refused(_("The topic „{topic}“ is not in the vocabulary.", topic=unknown[:60]))
    public, connection, wanted = viewer.audience is Audience.PUBLIC, await driver(session), dict.fromkeys(sought)
    names = {"sort": "ags" if public else "sort_network", "shown": "shown_public" if public else "shown_network"}
    asker = city or "", int(viewer.audience), but, FIELDS["offers"].flag, "" if public else viewer.city or ""
    if after is None:
        living = [known.paths[code][-1] for code in wanted]
        rows = await connection.fetch(BEST.format(**names), EXACT * len(wanted), LOOKED_AT, living, *asker, limit)
        if len(rows) == limit:
            return [Offer(*row) for row in rows]
    worth = [(code, *one) for code in wanted for one in _worth(known, known.paths[code][-1])]
    place: tuple[Any, ...] = (after.own, after.value, after.sort, after.id) if after else (None, None, None, None)
    columns = [list(column) for column in zip(*worth, strict=True)]
    rows = await connection.fetch(OFFERED.format(**names), *columns, *asker, *place, limit)
    return [Offer(*row) for row in rows]


def _worth(known: Known, code: str) -> list[tuple[str, int]]:
    """What offered topics are worth to who seeks `code`."""
    wider = dict.fromkeys(known.paths[code][:-1], WIDER)
    return list((wider | dict.fromkeys(known.below(code), NARROWER) | {code: EXACT}).items())
