"""who has a seat in which session."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from services.kit.guards import guard, oneself

revision = "0014"
down_revision = "0010"
branch_labels = None
depends_on = None


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
    for statement in guards():
        op.execute(statement)


def guards() -> Iterator[str]:
    """Who sits where is for the organiser, as what they wish for is; people read their own with a link."""
    organised = of_event(oneself("e.organiser"))
    yield from guard("events.session_seat", read=organised, write=organised)


def of_event(condition: str) -> str:
    return f"EXISTS (SELECT FROM events.event e WHERE e.id = event_id AND ({condition}))"
