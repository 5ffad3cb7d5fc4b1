"""the last day of an event of several days."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('event', sa.Column('last_day', sa.Date(), nullable=True), schema='matching')
    op.execute("UPDATE matching.event SET last_day = date")
