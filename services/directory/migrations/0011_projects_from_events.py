"""projects that come from events, and cities that join."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit.guards import ANYBODY, NOBODY, either, guard, own_city

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('proposed_project',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('event_title', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.Column('topics', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('navigators', postgresql.ARRAY(sa.Uuid()), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_proposed_project')),
    schema='directory'
    )
    op.create_index('ix_proposed_project_ags_at', 'proposed_project', ['ags', 'at', 'id'], unique=False, schema='directory')
    op.create_table('project_partner',
    sa.Column('project_id', sa.Uuid(), nullable=False),
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('since', sa.Date(), server_default=sa.text('CURRENT_DATE'), nullable=False),
    sa.ForeignKeyConstraint(['project_id'], ['directory.project.id'], name=op.f('fk_project_partner_project_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['ags'], ['directory.city.ags'], name=op.f('fk_project_partner_ags'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('project_id', 'ags', name=op.f('pk_project_partner')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_project_partner_ags'), 'project_partner', ['ags'], unique=False, schema='directory')
    op.create_table('project_partner_navigator',
    sa.Column('project_id', sa.Uuid(), nullable=False),
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('navigator_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['project_id', 'ags'], ['directory.project_partner.project_id', 'directory.project_partner.ags'], name=op.f('fk_project_partner_navigator_project_id_ags'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['navigator_id'], ['directory.navigator.id'], name=op.f('fk_project_partner_navigator_navigator_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('project_id', 'ags', 'navigator_id', name=op.f('pk_project_partner_navigator')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_project_partner_navigator_navigator_id'), 'project_partner_navigator', ['navigator_id'], unique=False, schema='directory')
    for statement in guards():
        op.execute(statement)


def guards() -> Iterator[str]:
    """A city decides about what is proposed to it; who works with whom, everybody reads."""
    yield from guard("directory.proposed_project", read=own_city("ags"), write=own_city("ags"), insert=NOBODY)
    theirs = f"EXISTS (SELECT FROM directory.project p WHERE p.id = project_id AND {own_city('p.ags')})"
    for table in ("project_partner", "project_partner_navigator"):
        yield from guard(f"directory.{table}", read=ANYBODY, write=either(own_city("ags"), theirs),
                         check=own_city("ags"))
