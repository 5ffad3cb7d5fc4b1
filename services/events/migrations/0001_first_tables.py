"""first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('city',
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('ags', name=op.f('pk_city')),
    schema='events'
    )
    op.create_table('cursor',
    sa.Column('feed', sa.Text(), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('feed', name=op.f('pk_cursor')),
    schema='events'
    )
    op.create_table('event',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organiser', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('hashtag', sa.Text(), nullable=False),
    sa.Column('date', sa.Date(), nullable=False),
    sa.Column('timezone', sa.Text(), nullable=False),
    sa.Column('venue', sa.Text(), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('host', sa.Text(), nullable=False),
    sa.Column('guests', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('questions', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('first_round', sa.DateTime(timezone=True), nullable=True),
    sa.Column('round_minutes', sa.Integer(), nullable=False),
    sa.Column('break_minutes', sa.Integer(), nullable=False),
    sa.Column('rounds', sa.Integer(), nullable=False),
    sa.Column('tables', sa.Integer(), nullable=False),
    sa.Column('table_topics', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('plan', sa.Uuid(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event')),
    schema='events'
    )
    op.create_index('ix_event_date_id', 'event', ['date', 'id'], unique=False, schema='events')
    op.create_table('job',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('payload', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('tries', sa.Integer(), server_default='0', nullable=False),
    sa.Column('owner', sa.Uuid(), nullable=True),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('run_after', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('nudged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('progress', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_job')),
    schema='events'
    )
    op.create_index('ix_job_open', 'job', ['run_after'], unique=False, schema='events', postgresql_where=sa.text("state IN ('queued', 'running')"))
    op.create_table('log',
    sa.Column('position', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('body', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.PrimaryKeyConstraint('position', name=op.f('pk_log')),
    schema='events'
    )
    op.create_index('ix_log_key', 'log', ['key'], unique=False, schema='events')
    op.create_table('navigator',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('sort_key', sa.Text(), nullable=False),
    sa.Column('department', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_navigator')),
    schema='events'
    )
    op.create_table('topic',
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('de', sa.Text(), nullable=False),
    sa.Column('en', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_topic')),
    schema='events'
    )
    op.create_table('agenda_item',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('starts', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends', sa.DateTime(timezone=True), nullable=True),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('details', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('audience', sa.Text(), nullable=True),
    sa.Column('responsible', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_agenda_item_event_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agenda_item')),
    schema='events'
    )
    op.create_index(op.f('ix_events_agenda_item_event_id'), 'agenda_item', ['event_id'], unique=False, schema='events')
    op.create_table('participant',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('navigator_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_participant_event_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['navigator_id'], ['events.navigator.id'], name=op.f('fk_participant_navigator_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('event_id', 'navigator_id', name=op.f('pk_participant')),
    schema='events'
    )
    op.create_index(op.f('ix_events_participant_navigator_id'), 'participant', ['navigator_id'], unique=False, schema='events')
    op.create_table('round_table',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('topic', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_round_table_event_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('event_id', 'round', 'number', name=op.f('pk_round_table')),
    schema='events'
    )
    op.create_table('seat',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('navigator_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['event_id', 'round', 'number'], ['events.round_table.event_id', 'events.round_table.round', 'events.round_table.number'], name=op.f('fk_seat_event_id_round_number'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['navigator_id'], ['events.navigator.id'], name=op.f('fk_seat_navigator_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('event_id', 'round', 'navigator_id', name=op.f('pk_seat')),
    schema='events'
    )
    op.create_index(op.f('ix_events_seat_navigator_id'), 'seat', ['navigator_id'], unique=False, schema='events')
