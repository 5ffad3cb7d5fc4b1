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
    SELECT ags, topic FROM looked_at JOIN navigator USING (ags),
        unnest(CASE WHEN $4 THEN facets_public ELSE facets_network END) topic WHERE starts_with(topic, '#')
    UNION
    SELECT ags, topic FROM looked_at JOIN project USING (ags), unnest(facets) topic WHERE starts_with(topic, '#')
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
WITH worth AS (SELECT * FROM unnest($1::text[], $2::text[], $3::int[]) AS t(sought, topic, value)), first AS (
    SELECT {sort} AS sort, id FROM navigator ORDER BY {sort}, id LIMIT $14
), rated AS (
    SELECT n.id, n.ags = $4 AS own, n.{sort} AS sort, (SELECT sum(best) FROM (
        SELECT max(w.value) AS best FROM worth w WHERE w.topic = ANY (n.offers) GROUP BY w.sought) one)::int AS value
    FROM navigator n
    WHERE n.offers && (SELECT array_agg(topic) FROM worth) AND n.listed <= $5 AND n.id <> $6
        AND (n.{shown} & $7 <> 0 OR n.ags = $8 AND n.shown_city & $7 <> 0) AND {among}
)
SELECT own, value, sort, id, (sort, id) <= (SELECT sort, id FROM first ORDER BY sort DESC, id DESC LIMIT 1) AS early
FROM rated
WHERE $9::bool IS NULL OR (own, -value, sort, id) > ($9, -$10::int, $11::text, $12::uuid)
ORDER BY own, -value, sort, id LIMIT $13
"""
FIRST = "n.id = ANY (ARRAY(SELECT id FROM first))"
NEAR = f"(n.offers && ARRAY(SELECT topic FROM worth WHERE value > {WIDER}) OR {FIRST})"  # noqa: S608 - our own words
"""Whom a page is looked for among, before all are rated who offer anything near: that takes long where a topic is
frequent. Those who come first by name, then those too who offer more than a wider topic.
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
    wanted, public = dict.fromkeys(sought), viewer.audience is Audience.PUBLIC
    names = {"sort": "ags" if public else "sort_network", "shown": "shown_public" if public else "shown_network"}
    worth = [(code, *one) for code in wanted for one in _worth(known, known.paths[code][-1])]
    place: tuple[Any, ...] = (after.own, after.value, after.sort, after.id) if after else (None, None, None, None)
    values = (
        *([*column] for column in zip(*worth, strict=True)), city or "", int(viewer.audience), but,
        FIELDS["offers"].flag, "" if public else viewer.city or "", *place, limit, LOOKED_AT,
    )  # fmt: skip
    rows = list[Any]()
    # What somebody can be worth at most who is not looked at.
    for among, most in ((FIRST, EXACT * len(wanted)), (NEAR, WIDER * len(wanted)), ("true", -1)):
        rows = await (await driver(session)).fetch(OFFERED.format(**names, among=among), *values)
        if len(rows) == limit and _settled(rows[-1], most):
            break
    return [Offer(*row[:4]) for row in rows]


def _settled(last: Any, most: int) -> bool:
    """Whether nobody comes before the last of a page who was not looked at: those are worth no more than `most`, and
    come later by name than all who are `early`.
    """
    own, value, _sort, _id, early = last
    return not own and (value > most or (value == most and early))


def _worth(known: Known, code: str) -> list[tuple[str, int]]:
    """What offered topics are worth to who seeks `code`."""
    wider = dict.fromkeys(known.paths[code][:-1], WIDER)
    return list((wider | dict.fromkeys(known.below(code), NARROWER) | {code: EXACT}).items())
