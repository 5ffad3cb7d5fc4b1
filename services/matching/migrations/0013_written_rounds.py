"""How many rounds and tables the organiser wrote into an event, and what the tables are about."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("rounds", "tables"):
        op.add_column("event", sa.Column(name, sa.Integer(), server_default="0", nullable=False), schema="matching")
    topics: sa.Column[list[str]] = sa.Column("table_topics", sa.ARRAY(sa.Text()), server_default="{}", nullable=False)
    op.add_column("event", topics, schema="matching")
