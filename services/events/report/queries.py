"""What a year is counted with: each query is `SCOPE` and what follows it, over the same parameters."""

from typing import Final

SCOPE: Final = """
WITH scope AS (
  SELECT e.*, extract(year FROM e.date)::int AS year FROM event e
  WHERE (e.date BETWEEN :first AND :until OR e.date BETWEEN :first_before AND :until_before)
    AND (starts_with(e.host, :place) OR EXISTS (SELECT FROM unnest(e.guests) g WHERE starts_with(g, :place)))
), held AS (SELECT * FROM scope WHERE status <> 'cancelled')
"""
"""The place's events of the year and, until the same day, of the one before. A state's key begins its cities'."""

KINDS: Final = """
SELECT year, kind, count(*) FILTER (WHERE status <> 'cancelled'), count(*) FILTER (WHERE status = 'cancelled')
FROM scope GROUP BY year, kind ORDER BY kind
"""

ATTENDANCE: Final = """
, hours AS (
  SELECT h.id, c.ags, sum(extract(epoch FROM d.length)) / 3600 AS hours
  FROM held h
  CROSS JOIN LATERAL (SELECT DISTINCT unnest(h.guests || h.host) AS ags) c
  CROSS JOIN LATERAL (
    SELECT max(coalesce(i.ends, i.starts)) - min(i.starts) AS length FROM agenda_item i
    WHERE i.event_id = h.id AND (i.audience IS NULL OR i.audience = c.ags)
    GROUP BY (i.starts AT TIME ZONE h.timezone)::date
  ) d
  GROUP BY h.id, c.ags
)
SELECT h.year, n.ags, count(*) AS registered,
  count(*) FILTER (WHERE p.attendance <> 'no_show') AS attended,
  count(*) FILTER (WHERE p.attendance = 'expected') AS unnoted,
  count(DISTINCT n.id) FILTER (WHERE p.attendance <> 'no_show') AS people,
  coalesce(sum(t.hours) FILTER (WHERE p.attendance <> 'no_show'), 0)::float8 AS hours
FROM held h JOIN participant p ON p.event_id = h.id JOIN navigator n ON n.id = p.navigator_id
LEFT JOIN hours t ON t.id = h.id AND t.ags = n.ags
GROUP BY h.year, n.ags
"""
"""Who is not noted as missing was there: many organisers note only who is not."""

EVENTS: Final = """
SELECT h.id::text, h.kind, h.title, h.hashtag, h.date, h.host, count(p.*) AS registered,
  count(p.*) FILTER (WHERE p.attendance <> 'no_show') AS attended,
  count(p.*) FILTER (WHERE p.attendance <> 'no_show' AND starts_with(n.ags, :place)) AS own
FROM held h LEFT JOIN participant p ON p.event_id = h.id LEFT JOIN navigator n ON n.id = p.navigator_id
WHERE h.year = :year
GROUP BY h.id, h.kind, h.title, h.hashtag, h.date, h.host
ORDER BY h.date, h.title, h.id LIMIT :most
"""

MODULES: Final = """
SELECT m.title, count(DISTINCT h.id) AS times, count(p.*) FILTER (WHERE p.attendance <> 'no_show') AS attended
FROM module m LEFT JOIN held h ON h.module_id = m.id AND h.year = :year
LEFT JOIN participant p ON p.event_id = h.id
WHERE h.id IS NOT NULL
  OR m.id IN (SELECT unnest(modules) FROM programme WHERE host = :place AND programme.year = :year)
GROUP BY m.id, m.title ORDER BY times DESC, m.title, m.id LIMIT :most
"""

CONTACTS: Final = """
, seats AS (
  SELECT h.year, s.event_id, s.round, s.number, n.id, n.ags
  FROM held h JOIN seat s ON s.event_id = h.id
  JOIN participant p ON p.event_id = s.event_id AND p.navigator_id = s.navigator_id AND p.attendance <> 'no_show'
  JOIN navigator n ON n.id = s.navigator_id
  LEFT JOIN unnest(CAST(:events AS uuid[]), CAST(:begun AS int[])) AS c(event, begun) ON c.event = h.id
  WHERE s.round <= coalesce(c.begun, s.round)
), met AS (
  SELECT DISTINCT a.year, a.ags AS one, b.ags AS other, a.id AS first, b.id AS second
  FROM seats a JOIN seats b USING (event_id, round, number)
  WHERE a.ags < b.ags AND (starts_with(a.ags, :place) OR starts_with(b.ags, :place))
)
SELECT year, one, other, count(*) FROM met GROUP BY year, one, other ORDER BY count(*) DESC, one, other
"""
"""Pairs of people of two cities who sat at one table of a round that was held, each once a year."""

OUTCOMES: Final = """
SELECT y.year,
  (SELECT count(*) FROM held h JOIN idea i ON i.event_id = h.id WHERE h.year = y.year AND NOT i.hidden
     AND NOT i.withdrawn),
  (SELECT count(*) FROM held h JOIN session s ON s.event_id = h.id WHERE h.year = y.year),
  (SELECT count(*) FROM held h JOIN action_item a ON a.event_id = h.id WHERE h.year = y.year),
  (SELECT count(*) FROM held h JOIN action_item a ON a.event_id = h.id WHERE h.year = y.year AND a.status = 'done'),
  (SELECT count(*) FROM held h JOIN project_card c ON c.event_id = h.id WHERE h.year = y.year
     AND starts_with(c.city, :place) AND c.status <> 'withdrawn'),
  (SELECT count(*) FROM held h JOIN project_card c ON c.event_id = h.id WHERE h.year = y.year
     AND starts_with(c.city, :place) AND c.status = 'accepted')
FROM (VALUES (CAST(:year AS int)), (CAST(:year AS int) - 1)) y(year)
"""

SURVEYS: Final = """
SELECT v.id, v.title, v.questions, h.title AS event, h.date, v.answered >= :least AS told
FROM held h JOIN survey v ON v.event_id = h.id
WHERE h.year = :year AND v.closed_at IS NOT NULL ORDER BY told DESC, h.date, v.created_at, v.id LIMIT :most
"""

VOTES: Final = """
SELECT v.id, v.event_id, h.title, h.date, c.told
FROM held h JOIN vote v ON v.event_id = h.id
CROSS JOIN LATERAL (SELECT bool_and(figures IS NOT NULL) AS told FROM vote_candidate WHERE vote_id = v.id) c
WHERE h.year = :year AND v.closed_at IS NOT NULL ORDER BY c.told DESC, h.date, v.created_at, v.id LIMIT :most
"""

PROJECTS: Final = """
SELECT c.title, c.city, h.title AS event FROM held h JOIN project_card c ON c.event_id = h.id
WHERE h.year = :year AND starts_with(c.city, :place) AND c.status = 'accepted'
ORDER BY h.date, c.title, c.id LIMIT :most
"""

QUOTES: Final = """
SELECT q.text, CASE WHEN q.named THEN n.name ELSE '' END AS name, n.ags
FROM held h JOIN quote q ON q.event_id = h.id JOIN navigator n ON n.id = q.navigator_id
WHERE h.year = :year AND q.chosen AND starts_with(n.ags, :place) ORDER BY h.date, q.agreed_at, q.id LIMIT :most
"""
