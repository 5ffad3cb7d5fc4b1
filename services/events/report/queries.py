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
, counted AS (
  SELECT h.year, n.ags, count(*) AS registered,
    count(*) FILTER (WHERE p.attendance <> 'no_show') AS attended,
    count(*) FILTER (WHERE p.attendance = 'expected') AS unnoted,
    count(DISTINCT n.id) FILTER (WHERE p.attendance <> 'no_show') AS people,
    sum(t.hours) FILTER (WHERE p.attendance <> 'no_show') AS hours
  FROM held h JOIN participant p ON p.event_id = h.id JOIN navigator n ON n.id = p.navigator_id
  LEFT JOIN hours t ON t.id = h.id AND t.ags = n.ags
  GROUP BY h.year, n.ags
  UNION ALL
  SELECT h.year, d.ags, d.registered, d.attended, d.unnoted, d.people, d.attended * t.hours
  FROM held h JOIN departed d ON d.event_id = h.id LEFT JOIN hours t ON t.id = h.id AND t.ags = d.ags
)
SELECT year, ags, sum(registered)::int AS registered, sum(attended)::int AS attended, sum(unnoted)::int AS unnoted,
  sum(people)::int AS people, coalesce(sum(hours), 0)::float8 AS hours
FROM counted GROUP BY year, ags
"""
"""Who is not noted as missing was there: many organisers note only who is not. Of those who were deleted, `people`
counts each with the first event of their year.
"""

EVENTS: Final = """
, there AS (
  SELECT p.event_id, n.ags, 1 AS registered, (p.attendance <> 'no_show')::int AS attended
  FROM participant p JOIN navigator n ON n.id = p.navigator_id
  UNION ALL SELECT event_id, ags, registered, attended FROM departed
)
SELECT h.id::text, h.kind, h.title, h.hashtag, h.date, h.host, coalesce(sum(t.registered), 0)::int AS registered,
  coalesce(sum(t.attended), 0)::int AS attended,
  coalesce(sum(t.attended) FILTER (WHERE starts_with(t.ags, :place)), 0)::int AS own
FROM held h LEFT JOIN there t ON t.event_id = h.id
WHERE h.year = :year
GROUP BY h.id, h.kind, h.title, h.hashtag, h.date, h.host
ORDER BY h.date, h.title, h.id LIMIT :most
"""

MODULES: Final = """
SELECT m.title, count(h.id) AS times, coalesce(sum(t.attended), 0)::int AS attended
FROM module m LEFT JOIN held h ON h.module_id = m.id AND h.year = :year
LEFT JOIN LATERAL (
  SELECT (SELECT count(*) FROM participant p WHERE p.event_id = h.id AND p.attendance <> 'no_show')
    + (SELECT coalesce(sum(d.attended), 0) FROM departed d WHERE d.event_id = h.id) AS attended
) t ON true
WHERE h.id IS NOT NULL
  OR m.id IN (SELECT unnest(modules) FROM programme WHERE host = :place AND programme.year = :year)
GROUP BY m.id, m.title ORDER BY times DESC, m.title, m.id LIMIT :most
"""

CONTACTS: Final = """
, people AS MATERIALIZED (
  SELECT id, ags, row_number() OVER () AS person, dense_rank() OVER (ORDER BY ags) AS city,
    starts_with(ags, :place) AS own
  FROM navigator WHERE id IN (SELECT s.navigator_id FROM held h JOIN seat s ON s.event_id = h.id)
), days AS (SELECT id, year, row_number() OVER () AS day FROM held), seats AS MATERIALIZED (
  SELECT d.year, (d.day * 1000 + s.round) * 100000 + s.number AS at, n.person, n.city, n.own
  FROM days d JOIN seat s ON s.event_id = d.id
  JOIN participant p ON p.event_id = s.event_id AND p.navigator_id = s.navigator_id AND p.attendance <> 'no_show'
  JOIN people n ON n.id = s.navigator_id
  LEFT JOIN unnest(CAST(:events AS uuid[]), CAST(:begun AS int[])) AS c(event, begun) ON c.event = d.id
  WHERE s.round <= coalesce(c.begun, s.round)
), met AS (
  SELECT DISTINCT a.year, a.city AS one, b.city AS other, a.person, b.person AS with_whom
  FROM seats a JOIN seats b USING (at)
  WHERE a.own AND a.city <> b.city AND (a.city < b.city OR NOT b.own)
), numbered AS (
  SELECT year, least(one, other) AS one, greatest(one, other) AS other, count(*) AS pairs FROM met GROUP BY 1, 2, 3
), cities AS (SELECT DISTINCT city, ags FROM people), counted AS (
  SELECT year, one, other, sum(pairs) AS pairs FROM (
    SELECT n.year, one.ags AS one, other.ags AS other, n.pairs
    FROM numbered n JOIN cities one ON one.city = n.one JOIN cities other ON other.city = n.other
    UNION ALL SELECT h.year, d.one, d.other, d.pairs FROM held h JOIN departed_pair d ON d.event_id = h.id
    WHERE starts_with(d.one, :place) OR starts_with(d.other, :place)
  ) found GROUP BY year, one, other
), of_city AS (
  SELECT ags, sum(pairs) AS pairs FROM (
    SELECT one AS ags, pairs FROM counted WHERE year = :year
    UNION ALL SELECT other, pairs FROM counted WHERE year = :year
  ) sides GROUP BY ags
), top AS (SELECT ags FROM of_city ORDER BY pairs DESC, ags LIMIT :top), between AS (
  SELECT one, other, pairs FROM counted WHERE year = :year
  ORDER BY (one IN (SELECT ags FROM top) AND other IN (SELECT ags FROM top)) DESC, pairs DESC, 1, 2
  LIMIT :most
)
SELECT 'total' AS what, year, '' AS one, '' AS other, sum(pairs)::int AS pairs FROM counted GROUP BY year
UNION ALL SELECT 'city', :year, ags, '', pairs::int FROM of_city
UNION ALL SELECT 'between', :year, one, other, pairs::int FROM between
ORDER BY pairs DESC, one, other
"""
"""Pairs of people of two cities who sat at one table of a round that was held, each once a year: of each year, of each
city, and between two cities, those between the `top` cities before others.

People, cities and tables have numbers here: what is joined and told apart most often is small.
"""

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
