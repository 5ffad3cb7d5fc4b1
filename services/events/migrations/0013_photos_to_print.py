"""photos that may be printed."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("caption", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("consent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    ):
        op.add_column("harvest_file", column, schema="events")
