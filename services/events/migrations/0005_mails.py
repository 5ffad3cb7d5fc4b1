"""where mails go, and the mails themselves."""

import sqlalchemy as sa
from alembic import op

from services.kit.guards import NOBODY, guard

revision = "0005"
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('city', sa.Column('population', sa.Integer(), nullable=True), schema='events')
    op.add_column('city', sa.Column('email', sa.Text(), server_default='', nullable=False), schema='events')
    op.add_column('navigator', sa.Column('email', sa.Text(), server_default='', nullable=False), schema='events')
    op.create_table('mail',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('sealed', sa.Text(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mail')),
    sa.UniqueConstraint('key', name=op.f('uq_mail_key')),
    schema='events'
    )
    op.create_index('ix_mail_open', 'mail', ['created_at'], unique=False, schema='events', postgresql_where=sa.text("state = 'queued'"))
    for statement in guard("events.mail", read=NOBODY, write=NOBODY):
        op.execute(statement)
