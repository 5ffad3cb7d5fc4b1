"""Every event is said once more: what was said before has no day."""

from alembic import op

revision = "0004"
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # As `intake.message` and `log.say` do it: behind the lock that keeps positions in the order of the commits.
    op.execute("SELECT pg_advisory_xact_lock(hashtextextended('lotsennetz log events', 0))")
    op.execute("""
INSERT INTO events.log (kind, key, body)
SELECT 'EventPublished', id::text, jsonb_build_object(
    'kind', 'EventPublished', 'id', id, 'organiser', organiser, 'title', title,
    'cities', to_jsonb(array_prepend(host, guests)), 'date', date, 'cancelled', status = 'cancelled',
    'participants', coalesce((SELECT jsonb_agg(navigator_id ORDER BY navigator_id) FROM events.participant
                              WHERE event_id = event.id), '[]'::jsonb))
FROM events.event ORDER BY id
""")
