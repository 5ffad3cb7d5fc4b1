"""when a harvest is due, and what it waits for."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('harvest', sa.Column('confirmed_by', sa.Text(), nullable=True), schema='directory')
    op.add_column('harvest', sa.Column('waiting', sa.Text(), nullable=True), schema='directory')
    op.add_column('harvest', sa.Column('agreed', sa.Text(), nullable=True), schema='directory')
