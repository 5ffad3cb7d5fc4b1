"""open space."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit.guards import ANYBODY, NOBODY, either, guard, oneself, own_city, said

revision = "0010"
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('agenda_plan',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('question', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
    sa.Column('answer', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('job_id', sa.Uuid(), nullable=True),
    sa.Column('parent', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_agenda_plan_event_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['parent'], ['events.agenda_plan.id'], name=op.f('fk_agenda_plan_parent'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agenda_plan')),
    schema='events'
    )
    op.create_index(op.f('ix_events_agenda_plan_event_id'), 'agenda_plan', ['event_id'], unique=False, schema='events')
    op.create_table('open_space',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('wishes_open', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('revision', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_open_space_event_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('event_id', name=op.f('pk_open_space')),
    schema='events'
    )
    op.create_table('proposal',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('topics', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('needs', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('origin', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('anonymous', sa.Boolean(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('times', sa.Integer(), server_default=sa.text('1'), nullable=False),
    sa.Column('merged_into', sa.Uuid(), nullable=True),
    sa.Column('root', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_proposal_event_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['merged_into'], ['events.proposal.id'], name=op.f('fk_proposal_merged_into'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_proposal')),
    sa.UniqueConstraint('event_id', 'number', name=op.f('uq_proposal_event_id_number')),
    schema='events'
    )
    op.create_index(op.f('ix_events_proposal_event_id'), 'proposal', ['event_id'], unique=False, schema='events')
    op.create_index(op.f('ix_events_proposal_root'), 'proposal', ['root'], unique=False, schema='events')
    op.create_table('slot',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('starts', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_slot_event_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_slot')),
    schema='events'
    )
    op.create_index(op.f('ix_events_slot_event_id'), 'slot', ['event_id'], unique=False, schema='events')
    op.create_table('absence',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('navigator_id', sa.Uuid(), nullable=False),
    sa.Column('slot_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_absence_event_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['navigator_id'], ['events.navigator.id'], name=op.f('fk_absence_navigator_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['slot_id'], ['events.slot.id'], name=op.f('fk_absence_slot_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('navigator_id', 'slot_id', name=op.f('pk_absence')),
    schema='events'
    )
    op.create_index(op.f('ix_events_absence_event_id'), 'absence', ['event_id'], unique=False, schema='events')
    op.create_index(op.f('ix_events_absence_navigator_id'), 'absence', ['navigator_id'], unique=False, schema='events')
    op.create_index(op.f('ix_events_absence_slot_id'), 'absence', ['slot_id'], unique=False, schema='events')
    op.create_table('action_item',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('proposal_id', sa.Uuid(), nullable=True),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('owner_id', sa.Uuid(), nullable=True),
    sa.Column('owner', sa.Text(), nullable=False),
    sa.Column('city', sa.Text(), nullable=False),
    sa.Column('due', sa.Date(), nullable=True),
    sa.Column('status', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_action_item_event_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['owner_id'], ['events.navigator.id'], name=op.f('fk_action_item_owner_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['proposal_id'], ['events.proposal.id'], name=op.f('fk_action_item_proposal_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_action_item')),
    schema='events'
    )
    op.create_index(op.f('ix_events_action_item_event_id'), 'action_item', ['event_id'], unique=False, schema='events')
    op.create_index(op.f('ix_events_action_item_owner_id'), 'action_item', ['owner_id'], unique=False, schema='events')
    op.create_index(op.f('ix_events_action_item_proposal_id'), 'action_item', ['proposal_id'], unique=False, schema='events')
    op.create_table('closure',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('room_id', sa.Uuid(), nullable=False),
    sa.Column('slot_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_closure_event_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['room_id'], ['events.room.id'], name=op.f('fk_closure_room_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['slot_id'], ['events.slot.id'], name=op.f('fk_closure_slot_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('room_id', 'slot_id', name=op.f('pk_closure')),
    schema='events'
    )
    op.create_index(op.f('ix_events_closure_event_id'), 'closure', ['event_id'], unique=False, schema='events')
    op.create_index(op.f('ix_events_closure_slot_id'), 'closure', ['slot_id'], unique=False, schema='events')
    op.create_table('harvest',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('proposal_id', sa.Uuid(), nullable=False),
    sa.Column('results', sa.Text(), nullable=False),
    sa.Column('decisions', sa.Text(), nullable=False),
    sa.Column('minutes', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_harvest_event_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['proposal_id'], ['events.proposal.id'], name=op.f('fk_harvest_proposal_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('proposal_id', name=op.f('pk_harvest')),
    schema='events'
    )
    op.create_index(op.f('ix_events_harvest_event_id'), 'harvest', ['event_id'], unique=False, schema='events')
    op.create_table('harvest_file',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('proposal_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('media_type', sa.Text(), nullable=False),
    sa.Column('alt', sa.Text(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_harvest_file_event_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['proposal_id'], ['events.proposal.id'], name=op.f('fk_harvest_file_proposal_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_harvest_file')),
    schema='events'
    )
    op.create_index(op.f('ix_events_harvest_file_event_id'), 'harvest_file', ['event_id'], unique=False, schema='events')
    op.create_index(op.f('ix_events_harvest_file_proposal_id'), 'harvest_file', ['proposal_id'], unique=False, schema='events')
    op.create_table('interest',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('navigator_id', sa.Uuid(), nullable=False),
    sa.Column('proposal_id', sa.Uuid(), nullable=False),
    sa.Column('weight', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['event_id', 'navigator_id'], ['events.participant.event_id', 'events.participant.navigator_id'], name=op.f('fk_interest_event_id_navigator_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['proposal_id'], ['events.proposal.id'], name=op.f('fk_interest_proposal_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('event_id', 'navigator_id', 'proposal_id', name=op.f('pk_interest')),
    schema='events'
    )
    op.create_table('proposal_person',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('proposal_id', sa.Uuid(), nullable=False),
    sa.Column('navigator_id', sa.Uuid(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_proposal_person_event_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['navigator_id'], ['events.navigator.id'], name=op.f('fk_proposal_person_navigator_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['proposal_id'], ['events.proposal.id'], name=op.f('fk_proposal_person_proposal_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('proposal_id', 'navigator_id', 'role', name=op.f('pk_proposal_person')),
    schema='events'
    )
    op.create_index(op.f('ix_events_proposal_person_event_id'), 'proposal_person', ['event_id'], unique=False, schema='events')
    op.create_index(op.f('ix_events_proposal_person_navigator_id'), 'proposal_person', ['navigator_id'], unique=False, schema='events')
    op.create_table('session',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('proposal_id', sa.Uuid(), nullable=False),
    sa.Column('part', sa.Integer(), nullable=False),
    sa.Column('slot_id', sa.Uuid(), nullable=False),
    sa.Column('room_id', sa.Uuid(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('moved_in', sa.Integer(), nullable=True),
    sa.Column('was_slot', sa.Uuid(), nullable=True),
    sa.Column('was_room', sa.Uuid(), nullable=True),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_session_event_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['proposal_id'], ['events.proposal.id'], name=op.f('fk_session_proposal_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['room_id'], ['events.room.id'], name=op.f('fk_session_room_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['slot_id'], ['events.slot.id'], name=op.f('fk_session_slot_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_session')),
    sa.UniqueConstraint('proposal_id', 'part', name=op.f('uq_session_proposal_id_part')),
    schema='events'
    )
    op.create_index(op.f('ix_events_session_event_id'), 'session', ['event_id'], unique=False, schema='events')
    op.create_index(op.f('ix_events_session_room_id'), 'session', ['room_id'], unique=False, schema='events')
    op.create_index(op.f('ix_events_session_slot_id'), 'session', ['slot_id'], unique=False, schema='events')
    for statement in guards():
        op.execute(statement)


def guards() -> Iterator[str]:
    """Everybody reads the published plan and where it takes place; the event's cities what is proposed and harvested.

    Who cares for what is for the organiser's planning alone. People without a login come with links, for whom the hub
    writes once it has looked at them.
    """
    organised = of_event(oneself("e.organiser"))
    for table in ("open_space", "slot", "closure", "session"):
        yield from guard(f"events.{table}", read=ANYBODY, write=organised)
    seen = of_event(either(oneself("e.organiser"), own_city("e.host"), f"{said('city')} = ANY (e.guests)"))
    for table in ("proposal", "proposal_person", "harvest", "action_item", "harvest_file"):
        yield from guard(f"events.{table}", read=seen, write=organised)
    for table in ("absence", "agenda_plan"):
        yield from guard(f"events.{table}", read=organised, write=organised)
    yield from guard("events.interest", read=organised, write=NOBODY)


def of_event(condition: str) -> str:
    return f"EXISTS (SELECT FROM events.event e WHERE e.id = event_id AND ({condition}))"
