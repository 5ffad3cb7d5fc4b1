"""checkpoints, cancelling, and plans changed by hand."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    json = postgresql.JSONB(astext_type=sa.Text())
    for column in (
        sa.Column('best', json, nullable=True),
        sa.Column('cancelled_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('parent', sa.Uuid(), nullable=True),
        sa.Column('version', sa.Integer(), server_default='1', nullable=False),
        sa.Column('pinned', postgresql.ARRAY(sa.Uuid()), server_default='{}', nullable=False),
        sa.Column('adjustments', json, server_default='[]', nullable=False),
    ):
        op.add_column('plan', column, schema='matching')
