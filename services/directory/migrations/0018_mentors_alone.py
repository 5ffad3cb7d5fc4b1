"""Only who has a mentor stands in the index of mentors: the others need not be put there each time they change."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

INDEX = "ix_directory_navigator_mentor"


def upgrade() -> None:
    op.drop_index(INDEX, table_name="navigator", schema="directory")
    op.create_index(INDEX, "navigator", ["mentor"], schema="directory", postgresql_where=sa.text("mentor IS NOT NULL"))
