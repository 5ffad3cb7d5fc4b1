"""what those who look after a state write to the coordinators of its cities."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit.guards import NOBODY, OPERATOR, either, guard, own_state

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('account', sa.Column('circulars', sa.Boolean(), server_default=sa.true(), nullable=False), schema='directory')
    op.create_table('circular',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('duty', sa.Boolean(), nullable=False),
    sa.Column('audience', sa.Text(), nullable=False),
    sa.Column('about', sa.Text(), nullable=False),
    sa.Column('cities', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('recipients', sa.Integer(), nullable=False),
    sa.Column('written', sa.Integer(), server_default='0', nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['directory.account.id'], name=op.f('fk_circular_account_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_circular')),
    schema='directory'
    )
    op.create_index('ix_circular_state_at', 'circular', ['state', 'at', 'id'], unique=False, schema='directory')
    op.create_index(op.f('ix_directory_circular_account_id'), 'circular', ['account_id'], unique=False, schema='directory')
    of_state = either(own_state("state"), OPERATOR)
    for statement in guard("directory.circular", read=of_state, write=NOBODY, insert=of_state):
        op.execute(statement)
