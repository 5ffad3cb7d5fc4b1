"""Whom a city withdrew is found by their address for as long as earlier publications may hold them."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("told", sa.Column("vanished_at", sa.DateTime(timezone=True)), schema="directory")
