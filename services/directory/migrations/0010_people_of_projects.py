"""who works on a project, in its row."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("project", sa.Column("navigators", sa.ARRAY(sa.Uuid()), server_default="{}", nullable=False),
                  schema="directory")
    op.execute("""
        UPDATE directory.project p SET navigators = l.people
        FROM (SELECT project_id, array_agg(navigator_id ORDER BY navigator_id) AS people
              FROM directory.project_navigator GROUP BY project_id) l
        WHERE l.project_id = p.id""")
