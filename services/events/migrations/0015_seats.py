"""seats in sessions, announcements, who was reminded and asked; others know the last day."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from services.kit.guards import either, guard, oneself, own_city, said

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


SAID_AGAIN = """
INSERT INTO events.log (kind, key, body)
SELECT 'EventPublished', id::text, jsonb_build_object(
    'kind', 'EventPublished', 'id', id, 'organiser', organiser, 'title', title,
    'cities', to_jsonb(array_prepend(host, guests)), 'date', date, 'last_day', last_day,
    'cancelled', status = 'cancelled', 'participants', people.everybody, 'absent', people.absent)
FROM events.event CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(navigator_id ORDER BY navigator_id), '[]') AS everybody,
           coalesce(jsonb_agg(navigator_id ORDER BY navigator_id) FILTER (WHERE attendance = 'no_show'), '[]') AS absent
    FROM events.participant WHERE event_id = event.id) people
WHERE last_day > date ORDER BY id
"""
"""Events of several days, of which the others know the first alone."""


def upgrade() -> None:
    op.create_table('session_seat',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('navigator_id', sa.Uuid(), nullable=False),
    sa.Column('session_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['event_id', 'navigator_id'], ['events.participant.event_id', 'events.participant.navigator_id'], name=op.f('fk_session_seat_event_id_navigator_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['session_id'], ['events.session.id'], name=op.f('fk_session_seat_session_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('event_id', 'navigator_id', 'session_id', name=op.f('pk_session_seat')),
    schema='events'
    )
    op.create_index(op.f('ix_events_session_seat_session_id'), 'session_seat', ['session_id'], unique=False, schema='events')
    op.create_table('announcement',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('city', sa.Text(), nullable=True),
    sa.Column('vehicle_id', sa.Uuid(), nullable=True),
    sa.Column('session_id', sa.Uuid(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_announcement_event_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['session_id'], ['events.session.id'], name=op.f('fk_announcement_session_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['vehicle_id'], ['events.vehicle.id'], name=op.f('fk_announcement_vehicle_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_announcement')),
    schema='events'
    )
    op.create_index('ix_announcement_event_id_at', 'announcement', ['event_id', 'at'], unique=False, schema='events')
    for column in ("session_id", "vehicle_id"):
        op.create_index(op.f(f'ix_events_announcement_{column}'), 'announcement', [column], unique=False, schema='events')
    for action, rows in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
        op.execute(f"""
CREATE TRIGGER moved_{action.lower()} AFTER {action} ON events.announcement REFERENCING {rows} TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION events.moved('announcements')""")
    # Events without registration are reminded of as well.
    op.add_column('event', sa.Column('reminded_at', sa.DateTime(timezone=True), nullable=True), schema='events')
    op.execute("UPDATE events.event e SET reminded_at = r.reminded_at FROM events.registration_rules r WHERE r.event_id = e.id")
    op.drop_column('registration_rules', 'reminded_at', schema='events')
    op.add_column('survey', sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True), schema='events')
    # As `intake.message` and `log.say` do it: behind the lock that keeps positions in the order of the commits.
    op.execute("SELECT pg_advisory_xact_lock(hashtextextended('lotsennetz log events', 0))")
    op.execute(SAID_AGAIN)
    for statement in guards():
        op.execute(statement)


def guards() -> Iterator[str]:
    """Who sits where is for the organiser, as what they wish for is; people read their own with a link. What is
    announced to one city, those of the others may know.
    """
    organised = of_event(oneself("e.organiser"))
    yield from guard("events.session_seat", read=organised, write=organised)
    seen = of_event(either(oneself("e.organiser"), own_city("e.host"), f"{said('city')} = ANY (e.guests)"))
    yield from guard("events.announcement", read=seen, write=organised)


def of_event(condition: str) -> str:
    return f"EXISTS (SELECT FROM events.event e WHERE e.id = event_id AND ({condition}))"
