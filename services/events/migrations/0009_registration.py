"""registration: invitations, places, waiting list, releases, needs, buses, attendance."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit.guards import NOBODY, either, guard, oneself, own_city, said

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE events.registration_turn")
    op.add_column('navigator', sa.Column('topics', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False), schema='events')
    for table in ("navigator", "city"):
        op.add_column(table, sa.Column('invitable', sa.Boolean(), server_default=sa.text('true'), nullable=False), schema='events')
    op.add_column('participant', sa.Column('attendance', sa.Text(), server_default='expected', nullable=False), schema='events')
    op.add_column('participant', sa.Column('attendance_at', sa.DateTime(timezone=True), nullable=True), schema='events')
    op.create_table('registration_rules',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('opens_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closes_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('places', sa.Integer(), nullable=True),
    sa.Column('sizes', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('parties', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
    sa.Column('release_needed', sa.Boolean(), nullable=False),
    sa.Column('offer_hours', sa.Integer(), nullable=False),
    sa.Column('reminded_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_registration_rules_event_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('event_id', name=op.f('pk_registration_rules')),
    schema='events'
    )
    op.create_table('registration',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('navigator_id', sa.Uuid(), nullable=False),
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('turn', sa.BigInteger(), nullable=True),
    sa.Column('direct', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('offered_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('release', sa.Text(), nullable=False),
    sa.Column('superior', sa.Text(), server_default='', nullable=False),
    sa.Column('release_asks', sa.Integer(), server_default='0', nullable=False),
    sa.Column('released_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('substitute', sa.Uuid(), nullable=True),
    sa.Column('language', sa.Text(), server_default='de', nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_registration_event_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['navigator_id'], ['events.navigator.id'], name=op.f('fk_registration_navigator_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['substitute'], ['events.navigator.id'], name=op.f('fk_registration_substitute'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('event_id', 'navigator_id', name=op.f('pk_registration')),
    schema='events'
    )
    op.create_index(op.f('ix_events_registration_navigator_id'), 'registration', ['navigator_id'], unique=False, schema='events')
    op.create_index('ix_registration_turn', 'registration', ['event_id', 'turn'], unique=False, schema='events', postgresql_where=sa.text("state = 'waiting'"))
    op.create_index('ix_registration_offered', 'registration', ['offered_until'], unique=False, schema='events', postgresql_where=sa.text("state = 'offered'"))
    op.create_table('registration_exception',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('navigator_id', sa.Uuid(), nullable=True),
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_registration_exception_event_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['navigator_id'], ['events.navigator.id'], name=op.f('fk_registration_exception_navigator_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_registration_exception')),
    schema='events'
    )
    for column in ("event_id", "navigator_id"):
        op.create_index(op.f(f'ix_events_registration_exception_{column}'), 'registration_exception', [column], unique=False, schema='events')
    op.create_table('need',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('navigator_id', sa.Uuid(), nullable=False),
    sa.Column('diet', sa.Text(), nullable=False),
    sa.Column('access', sa.Text(), nullable=False),
    sa.Column('step_free', sa.Boolean(), nullable=False),
    sa.Column('hearing_loop', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['event_id', 'navigator_id'], ['events.registration.event_id', 'events.registration.navigator_id'], name=op.f('fk_need_event_id_navigator_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('event_id', 'navigator_id', name=op.f('pk_need')),
    schema='events'
    )
    op.create_table('vehicle',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('leg', sa.Text(), nullable=False),
    sa.Column('seats', sa.Integer(), nullable=False),
    sa.Column('delay', sa.Integer(), server_default='0', nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_vehicle_event_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_vehicle')),
    schema='events'
    )
    op.create_index(op.f('ix_events_vehicle_event_id'), 'vehicle', ['event_id'], unique=False, schema='events')
    op.create_table('boarding_point',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('vehicle_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('leaves', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_boarding_point_event_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['vehicle_id'], ['events.vehicle.id'], name=op.f('fk_boarding_point_vehicle_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_boarding_point')),
    schema='events'
    )
    for column in ("event_id", "vehicle_id"):
        op.create_index(op.f(f'ix_events_boarding_point_{column}'), 'boarding_point', [column], unique=False, schema='events')
    op.create_table('boarding',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('navigator_id', sa.Uuid(), nullable=False),
    sa.Column('leg', sa.Text(), nullable=False),
    sa.Column('vehicle_id', sa.Uuid(), nullable=False),
    sa.Column('point_id', sa.Uuid(), nullable=False),
    sa.Column('seat', sa.Integer(), nullable=False),
    sa.Column('present', sa.Boolean(), nullable=True),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_boarding_event_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['navigator_id'], ['events.navigator.id'], name=op.f('fk_boarding_navigator_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['vehicle_id'], ['events.vehicle.id'], name=op.f('fk_boarding_vehicle_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['point_id'], ['events.boarding_point.id'], name=op.f('fk_boarding_point_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('event_id', 'navigator_id', 'leg', name=op.f('pk_boarding')),
    sa.UniqueConstraint('vehicle_id', 'seat', name=op.f('uq_boarding_vehicle_id_seat')),
    schema='events'
    )
    for column in ("navigator_id", "point_id"):
        op.create_index(op.f(f'ix_events_boarding_{column}'), 'boarding', [column], unique=False, schema='events')
    op.create_table('notice',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('navigator_id', sa.Uuid(), nullable=True),
    sa.Column('ags', sa.Text(), nullable=True),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('details', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_notice_event_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['navigator_id'], ['events.navigator.id'], name=op.f('fk_notice_navigator_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notice')),
    schema='events'
    )
    for column in ("event_id", "navigator_id"):
        op.create_index(op.f(f'ix_events_notice_{column}'), 'notice', [column], unique=False, schema='events')
    for statement in guards():
        op.execute(statement)


def guards() -> Iterator[str]:
    """A person acts by a link, and then the hub does; what is written here is what organisers and cities may."""
    organised = of_event(oneself("e.organiser"))
    seen = of_event(either(oneself("e.organiser"), own_city("e.host"), f"{said('city')} = ANY (e.guests)"))
    for table in ("registration_rules", "vehicle", "boarding_point", "boarding"):
        yield from guard(f"events.{table}", read=seen, write=organised)
    yield from guard("events.registration", read=either(organised, own_city("ags")), write=organised)
    yield from guard("events.registration_exception", read=seen, write=NOBODY, insert=organised)
    yield from guard("events.need", read=organised, write=organised)
    yield from guard("events.notice", read=NOBODY, write=NOBODY, insert=organised)


def of_event(condition: str) -> str:
    return f"EXISTS (SELECT FROM events.event e WHERE e.id = event_id AND ({condition}))"
