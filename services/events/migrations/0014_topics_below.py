"""Which topic lies below which; the directory says it anew."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("topic", sa.Column("parent", sa.Text(), nullable=True), schema="events")
