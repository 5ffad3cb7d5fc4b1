"""what people, cities, topics and events are called."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, column in (
        ("city", "name"), ("navigator", "name"), ("navigator", "sort_key"), ("topic", "de"), ("topic", "en"),
        ("event", "title"),
    ):
        op.add_column(table, sa.Column(column, sa.Text(), server_default="", nullable=False), schema="matching")
    # Names were said before anybody here kept them: both logs are read once more, from the beginning.
    op.execute("UPDATE matching.cursor SET position = 0 WHERE feed IN ('directory', 'events')")
