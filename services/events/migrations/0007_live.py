"""the day itself: a clock, ideas, who moved, and triggers that tell every process."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from services.kit.guards import ANYBODY, NOBODY, either, guard, oneself, own_city, said

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OF_EVENT = "EXISTS (SELECT FROM events.event e WHERE e.id = event_id AND ({}))"


def upgrade() -> None:
    op.create_table('live',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('phase', sa.Text(), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('left_milliseconds', sa.Integer(), nullable=True),
    sa.Column('automatic', sa.Boolean(), nullable=False),
    sa.Column('warning_seconds', sa.Integer(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_live_event_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('event_id', name=op.f('pk_live')),
    schema='events'
    )
    op.create_table('live_step',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('command', sa.Text(), nullable=False),
    sa.Column('phase', sa.Text(), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_live_step_event_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('event_id', 'revision', name=op.f('pk_live_step')),
    schema='events'
    )
    op.create_table('idea',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('round', sa.Integer(), nullable=True),
    sa.Column('number', sa.Integer(), nullable=True),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('navigator_id', sa.Uuid(), nullable=True),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('hidden', sa.Boolean(), nullable=False),
    sa.Column('withdrawn', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_idea_event_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['navigator_id'], ['events.navigator.id'], name=op.f('fk_idea_navigator_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_idea')),
    schema='events'
    )
    op.create_index('ix_idea_event_id_changed_at', 'idea', ['event_id', 'changed_at'], unique=False, schema='events')
    op.create_index(op.f('ix_events_idea_navigator_id'), 'idea', ['navigator_id'], unique=False, schema='events')
    op.add_column('seat', sa.Column('moved', sa.Boolean(), server_default=sa.false(), nullable=False), schema='events')
    for statement in (*guards(), *told()):
        op.execute(statement)


def guards() -> Iterator[str]:
    organised = OF_EVENT.format(oneself("e.organiser"))
    seen = OF_EVENT.format(
        either(oneself("e.organiser"), own_city("e.host"), f"{said('city')} = ANY (e.guests)"))
    yield from guard("events.live", read=ANYBODY, write=organised)
    yield from guard("events.live_step", read=organised, write=NOBODY, insert=organised)
    yield from guard("events.idea", read=seen, write=organised)


def told() -> Iterator[str]:
    """What moved, as `what event` (and the idea), to every process in which somebody looks on.

    Triggers, because whoever forgot to say it would leave screens as they were. PostgreSQL drops notices that are the
    same, so that a plan for 1,600 people is one.
    """
    yield """
CREATE FUNCTION events.moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('lotsennetz_events_live', TG_ARGV[0] || ' ' || one.event_id)
    FROM (SELECT DISTINCT event_id FROM changed) one;
    RETURN NULL;
END $$"""
    for table, what in (("live", "clock"), ("round_table", "people"), ("seat", "people"), ("participant", "people")):
        for action, rows in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
            yield f"""
CREATE TRIGGER moved_{action.lower()} AFTER {action} ON events.{table} REFERENCING {rows} TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION events.moved('{what}')"""
    yield """
CREATE FUNCTION events.moved_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('lotsennetz_events_live', 'event ' || id) FROM changed;
    RETURN NULL;
END $$"""
    yield """
CREATE TRIGGER moved AFTER UPDATE ON events.event REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION events.moved_event()"""
    yield """
CREATE FUNCTION events.moved_idea() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('lotsennetz_events_live', 'idea ' || event_id || ' ' || id) FROM changed;
    RETURN NULL;
END $$"""
    # By a trigger as well: who is erased leaves their ideas without the code's doing.
    yield """
CREATE FUNCTION events.stamped() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.changed_at := clock_timestamp(); RETURN NEW; END $$"""
    yield """
CREATE TRIGGER stamped BEFORE UPDATE ON events.idea FOR EACH ROW EXECUTE FUNCTION events.stamped()"""
    for action in ("INSERT", "UPDATE"):
        yield f"""
CREATE TRIGGER moved_{action.lower()} AFTER {action} ON events.idea REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION events.moved_idea()"""
    # Names stand at tables and under ideas; whose events, every process knows itself.
    yield """
CREATE FUNCTION events.moved_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM changed JOIN before USING (id) WHERE (changed.name, changed.ags) <> (before.name, before.ags))
    THEN PERFORM pg_notify('lotsennetz_events_live', 'names'); END IF;
    RETURN NULL;
END $$"""
    yield """
CREATE TRIGGER moved AFTER UPDATE ON events.navigator REFERENCING NEW TABLE AS changed OLD TABLE AS before
FOR EACH STATEMENT EXECUTE FUNCTION events.moved_name()"""
