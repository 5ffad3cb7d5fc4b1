"""In which language candidates are written to."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("candidate", sa.Column("language", sa.Text(), server_default="de", nullable=False), schema="directory")
