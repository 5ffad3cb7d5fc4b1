"""Rooms of one event that have the same name are told apart: since that is refused, nothing else of it can be changed."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TELL_APART = """
UPDATE events.room SET name = left(room.name, 100) || ' (' || twin.nth || ')'
FROM (
    SELECT id, row_number() OVER (PARTITION BY event_id, name ORDER BY position, id) AS nth FROM events.room
) AS twin
WHERE twin.id = room.id AND twin.nth > 1"""


def upgrade() -> None:
    op.execute(TELL_APART)
