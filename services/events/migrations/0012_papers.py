"""papers."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from services.kit.guards import guard, oneself

revision = "0012"
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('certificate',
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('navigator_id', sa.Uuid(), nullable=False),
    sa.Column('initials', sa.Text(), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=True),
    sa.Column('issued_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_certificate_event_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_certificate')),
    sa.UniqueConstraint('event_id', 'navigator_id', name=op.f('uq_certificate_event_id_navigator_id')),
    schema='events'
    )
    op.create_index(op.f('ix_events_certificate_event_id'), 'certificate', ['event_id'], unique=False, schema='events')
    op.create_index(op.f('ix_events_certificate_navigator_id'), 'certificate', ['navigator_id'], unique=False, schema='events')
    for statement in guards():
        op.execute(statement)


def guards() -> Iterator[str]:
    """The organiser issues and revokes; who checks a code has no account, so the hub reads it for them."""
    organised = f"EXISTS (SELECT FROM events.event e WHERE e.id = event_id AND ({oneself('e.organiser')}))"
    yield from guard("events.certificate", read=organised, write=organised)
