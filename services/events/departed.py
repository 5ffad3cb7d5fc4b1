"""Who is deleted leaves numbers behind: what past events count does not change, and nothing of it leads to a person."""

import datetime as dt
import uuid
from typing import Final

from sqlalchemy import select, text

from services.events.clock import at
from services.events.models import Event, Live, Seat
from services.events.models.live import clock_of
from services.kit.db import Writer

COUNT: Final = """
WITH past AS (
  SELECT e.id, e.date, extract(year FROM e.date) AS year, n.ags, p.attendance <> 'no_show' AS came,
    p.attendance = 'expected' AS unnoted, p.attendance <> 'no_show' AND e.status <> 'cancelled' AS counts
  FROM event e JOIN participant p ON p.event_id = e.id JOIN navigator n ON n.id = p.navigator_id
  WHERE n.id = :person AND e.last_day < :today
)
INSERT INTO departed AS d (event_id, ags, registered, attended, unnoted, people)
SELECT id, ags, 1, came::int, unnoted::int,
  (counts AND row_number() OVER (PARTITION BY year, counts ORDER BY date, id) = 1)::int
FROM past
ON CONFLICT (event_id, ags) DO UPDATE SET registered = d.registered + 1, attended = d.attended + excluded.attended,
  unnoted = d.unnoted + excluded.unnoted, people = d.people + excluded.people
"""

PAIR: Final = """
WITH rows AS (
  SELECT e.id, e.date, s.round, s.number, n.id AS person, n.ags
  FROM event e JOIN seat s ON s.event_id = e.id JOIN navigator n ON n.id = s.navigator_id
  JOIN participant p ON p.event_id = s.event_id AND p.navigator_id = s.navigator_id AND p.attendance <> 'no_show'
  LEFT JOIN unnest(CAST(:events AS uuid[]), CAST(:begun AS int[])) AS c(event, begun) ON c.event = e.id
  WHERE e.id IN (SELECT event_id FROM seat WHERE navigator_id = :person)
    AND e.last_day < :today AND e.status <> 'cancelled' AND s.round <= coalesce(c.begun, s.round)
), met AS (
  SELECT DISTINCT ON (extract(year FROM mine.date), theirs.person) mine.id, mine.ags AS one, theirs.ags AS other
  FROM rows mine JOIN rows theirs USING (id, round, number)
  WHERE mine.person = :person AND theirs.ags <> mine.ags
  ORDER BY extract(year FROM mine.date), theirs.person, mine.date, mine.id
)
INSERT INTO departed_pair AS d (event_id, one, other, pairs)
SELECT id, least(one, other), greatest(one, other), count(*) FROM met GROUP BY 1, 2, 3
ON CONFLICT (event_id, one, other) DO UPDATE SET pairs = d.pairs + excluded.pairs
"""


async def count(session: Writer, person: uuid.UUID, now: dt.datetime) -> None:
    """Keep what the events that are over count of a person who is about to be deleted. Under HUB."""
    who = {"person": person, "today": now.date()}
    await session.execute(text(COUNT), who)
    seated = select(Seat.event_id).where(Seat.navigator_id == person)
    run = select(Event, Live).join(Live, Live.event_id == Event.id).where(Event.id.in_(seated))
    begun = {event.id: at(clock_of(event, live), now).begun for event, live in await session.execute(run)}
    await session.execute(text(PAIR), {**who, "events": list(begun), "begun": list(begun.values())})
