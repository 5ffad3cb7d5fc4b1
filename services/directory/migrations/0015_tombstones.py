"""what a restored database has yet to erase again."""

import sqlalchemy as sa
from alembic import op

from services.kit.guards import NOBODY, guard

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('tombstone',
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('place', sa.Text(), server_default='', nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('kind', 'key', 'place', name=op.f('pk_tombstone')),
    schema='directory'
    )
    for statement in guard("directory.tombstone", read=NOBODY, write=NOBODY):
        op.execute(statement)
