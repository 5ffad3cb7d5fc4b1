"""who is not there any more."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "event", sa.Column("gone", sa.ARRAY(sa.Uuid()), server_default="{}", nullable=False), schema="matching"
    )
