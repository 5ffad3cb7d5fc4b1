"""who was not there, how many rounds took place, and plans that the event goes by as soon as they are done."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('event', sa.Column('absent', postgresql.ARRAY(sa.Uuid()), server_default='{}', nullable=False), schema='matching')
    op.add_column('event', sa.Column('played', sa.Integer(), nullable=True), schema='matching')
    op.add_column('plan', sa.Column('wanted', sa.Boolean(), server_default=sa.text('false'), nullable=False), schema='matching')
