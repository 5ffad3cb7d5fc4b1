"""when an event is, and how large cities are."""

import sqlalchemy as sa
from alembic import op

from services.kit.guards import ANYBODY, NOBODY, guard

revision = "0005"
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('city',
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('population', sa.Integer(), nullable=True),
    sa.PrimaryKeyConstraint('ags', name=op.f('pk_city')),
    schema='matching'
    )
    op.add_column('event', sa.Column('date', sa.Date(), nullable=True), schema='matching')
    op.add_column('event', sa.Column('cancelled', sa.Boolean(), server_default=sa.text('false'), nullable=False), schema='matching')
    for statement in guard("matching.city", read=ANYBODY, write=NOBODY):
        op.execute(statement)
    # Cities were said before anybody here listened to them: the directory's log is read once more, from the beginning.
    op.execute("UPDATE matching.cursor SET position = 0 WHERE feed = 'directory'")
