"""What past events count of people who were deleted."""

import sqlalchemy as sa
from alembic import op

from services.kit.guards import NOBODY, guard

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('departed',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('registered', sa.Integer(), nullable=False),
    sa.Column('attended', sa.Integer(), nullable=False),
    sa.Column('unnoted', sa.Integer(), nullable=False),
    sa.Column('people', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_departed_event_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('event_id', 'ags', name=op.f('pk_departed')),
    schema='events'
    )
    op.create_table('departed_pair',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('one', sa.Text(), nullable=False),
    sa.Column('other', sa.Text(), nullable=False),
    sa.Column('pairs', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_departed_pair_event_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('event_id', 'one', 'other', name=op.f('pk_departed_pair')),
    schema='events'
    )
    for table in ("departed", "departed_pair"):
        for statement in guard(f"events.{table}", read=NOBODY, write=NOBODY):
            op.execute(statement)
