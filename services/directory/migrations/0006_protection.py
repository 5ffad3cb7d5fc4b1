"""what people decide about their own data."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit.log import forgetting

revision = "0006"
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('city', sa.Column('told', sa.Integer(), nullable=True), schema='directory')
    op.add_column('own_word', sa.Column('consents', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), server_default='{}', nullable=False), schema='directory')
    op.add_column('own_word', sa.Column('lapsed_at', sa.DateTime(timezone=True), nullable=True), schema='directory')
    op.add_column('own_word', sa.Column('vanished_at', sa.DateTime(timezone=True), nullable=True), schema='directory')
    op.add_column('told', sa.Column('address', sa.Text(), server_default='', nullable=False), schema='directory')
    op.create_index(op.f('ix_directory_told_address'), 'told', ['address'], unique=False, schema='directory')
    for statement in forgetting("directory"):
        op.execute(statement)
