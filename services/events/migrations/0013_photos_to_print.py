"""photos that may be printed."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    texts = sa.Column("caption", sa.Text(), server_default=sa.text("''"), nullable=False)
    consent = sa.Column("consent", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    op.add_column("harvest_file", texts, schema="events")
    op.add_column("harvest_file", consent, schema="events")
