"""rooms, online links, modules, programmes, series, calendars."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit.guards import ANYBODY, NOBODY, both, either, guard, oneself, own_city, own_state, said

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('module',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organiser', sa.Text(), nullable=False),
    sa.Column('host', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.Column('goals', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('prerequisites', postgresql.ARRAY(sa.Uuid()), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_module')),
    schema='events'
    )
    op.create_index('ix_module_host_title', 'module', ['host', 'title', 'id'], unique=False, schema='events')
    op.create_table('programme',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organiser', sa.Text(), nullable=False),
    sa.Column('host', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('modules', postgresql.ARRAY(sa.Uuid()), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_programme')),
    schema='events'
    )
    op.create_index('ix_programme_year_id', 'programme', ['year', 'id'], unique=False, schema='events')
    op.create_table('series',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organiser', sa.Text(), nullable=False),
    sa.Column('rule', sa.Text(), nullable=False),
    sa.Column('starts', sa.Date(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_series')),
    schema='events'
    )
    op.add_column('event', sa.Column('last_day', sa.Date(), nullable=True), schema='events')
    op.execute("UPDATE events.event SET last_day = date")
    op.alter_column('event', 'last_day', nullable=False, schema='events')
    op.add_column('event', sa.Column('revised_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False), schema='events')
    op.execute("UPDATE events.event SET revised_at = updated_at")
    op.add_column('event', sa.Column('module_id', sa.Uuid(), nullable=True), schema='events')
    op.add_column('event', sa.Column('series_id', sa.Uuid(), nullable=True), schema='events')
    op.add_column('event', sa.Column('recurrence', sa.Date(), nullable=True), schema='events')
    op.add_column('event', sa.Column('changed_alone', sa.Boolean(), server_default=sa.text('false'), nullable=False), schema='events')
    op.add_column('event', sa.Column('former', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False), schema='events')
    op.create_foreign_key(op.f('fk_event_module_id'), 'event', 'module', ['module_id'], ['id'], source_schema='events', referent_schema='events')
    op.create_foreign_key(op.f('fk_event_series_id'), 'event', 'series', ['series_id'], ['id'], source_schema='events', referent_schema='events')
    op.create_index(op.f('ix_events_event_module_id'), 'event', ['module_id'], unique=False, schema='events')
    op.create_index(op.f('ix_events_event_series_id'), 'event', ['series_id'], unique=False, schema='events')
    op.add_column('agenda_item', sa.Column('material', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False), schema='events')
    op.create_table('room',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('capacity', sa.Integer(), nullable=True),
    sa.Column('features', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_room_event_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_room')),
    schema='events'
    )
    op.create_index(op.f('ix_events_room_event_id'), 'room', ['event_id'], unique=False, schema='events')
    op.create_table('online_link',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_online_link_event_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('event_id', name=op.f('pk_online_link')),
    schema='events'
    )
    op.create_table('calendar_feed',
    sa.Column('navigator_id', sa.Uuid(), nullable=False),
    sa.Column('nonce', sa.LargeBinary(), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['navigator_id'], ['events.navigator.id'], name=op.f('fk_calendar_feed_navigator_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('navigator_id', name=op.f('pk_calendar_feed')),
    schema='events'
    )
    op.create_table('left_event',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('navigator_id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('back_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_left_event_event_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['navigator_id'], ['events.navigator.id'], name=op.f('fk_left_event_navigator_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('event_id', 'navigator_id', name=op.f('pk_left_event')),
    schema='events'
    )
    op.create_index(op.f('ix_events_left_event_navigator_id'), 'left_event', ['navigator_id'], unique=False, schema='events')
    for statement in guards():
        op.execute(statement)


def guards() -> Iterator[str]:
    organised = of_event(oneself("e.organiser"))
    yield from guard("events.room", read=ANYBODY, write=organised)
    for table in ("online_link", "left_event"):
        yield from guard(f"events.{table}", read=organised, write=organised)
    yield from guard("events.calendar_feed", read=NOBODY, write=NOBODY)
    yield from guard("events.series", read=ANYBODY, write=oneself("organiser"))
    # As events: who speaks for a city or state offers in its name; who speaks for neither is the operator's client.
    own = either(both(f"{said('city')} IS NULL", f"{said('states')} IS NULL"), own_city("host"), own_state("host"))
    for table in ("module", "programme"):
        yield from guard(
            f"events.{table}", read=ANYBODY, write=oneself("organiser"), check=both(oneself("organiser"), own))


def of_event(condition: str) -> str:
    return f"EXISTS (SELECT FROM events.event e WHERE e.id = event_id AND ({condition}))"
