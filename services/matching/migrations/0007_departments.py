"""departments, languages and how long somebody has been a navigator; why no plan was found."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column('department', sa.Text(), server_default='', nullable=False),
        sa.Column('languages', postgresql.ARRAY(sa.Text()), server_default='{}', nullable=False),
        sa.Column('since', sa.Date(), nullable=True),
    ):
        op.add_column('navigator', column, schema='matching')
    op.add_column('plan', sa.Column('failure', postgresql.JSONB(astext_type=sa.Text()), nullable=True), schema='matching')
    # Departments were said before anybody here kept them: the directory's log is read once more, from the beginning.
    op.execute("UPDATE matching.cursor SET position = 0 WHERE feed = 'directory'")
