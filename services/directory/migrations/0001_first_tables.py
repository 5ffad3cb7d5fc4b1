"""first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('city',
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('sort_key', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('population', sa.Integer(), nullable=True),
    sa.Column('website', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('ags', name=op.f('pk_city')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_city_sort_key'), 'city', ['sort_key'], unique=False, schema='directory')
    op.create_table('client',
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('secret_hash', sa.Text(), nullable=False),
    sa.Column('ags', sa.Text(), nullable=True),
    sa.Column('scopes', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('client_id', name=op.f('pk_client')),
    schema='directory'
    )
    op.create_table('cursor',
    sa.Column('feed', sa.Text(), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('feed', name=op.f('pk_cursor')),
    schema='directory'
    )
    op.create_table('job',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('payload', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('tries', sa.Integer(), server_default='0', nullable=False),
    sa.Column('owner', sa.Uuid(), nullable=True),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('run_after', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('nudged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('progress', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_job')),
    schema='directory'
    )
    op.create_index('ix_job_open', 'job', ['run_after'], unique=False, schema='directory', postgresql_where=sa.text("state IN ('queued', 'running')"))
    op.create_table('log',
    sa.Column('position', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('body', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.PrimaryKeyConstraint('position', name=op.f('pk_log')),
    schema='directory'
    )
    op.create_index('ix_log_key', 'log', ['key'], unique=False, schema='directory')
    op.create_table('signing_key',
    sa.Column('kid', sa.Text(), nullable=False),
    sa.Column('public', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('retired_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('kid', name=op.f('pk_signing_key')),
    schema='directory'
    )
    op.create_table('topic',
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('parent', sa.Text(), nullable=True),
    sa.Column('de', sa.Text(), nullable=False),
    sa.Column('en', sa.Text(), nullable=False),
    sa.Column('synonyms', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('search', sa.Text(), nullable=False),
    sa.Column('path', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['parent'], ['directory.topic.code'], name=op.f('fk_topic_parent'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_topic')),
    schema='directory'
    )
    op.create_table('navigator',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('sort_key', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('department', sa.Text(), nullable=False),
    sa.Column('search', sa.Text(), nullable=False),
    sa.Column('offers', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('seeks', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('works_on', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['ags'], ['directory.city.ags'], name=op.f('fk_navigator_ags')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_navigator')),
    sa.UniqueConstraint('ags', 'key', name=op.f('uq_navigator_ags_key')),
    schema='directory'
    )
    op.create_index('ix_navigator_sort_key_id', 'navigator', ['sort_key', 'id'], unique=False, schema='directory')
    op.create_table('project',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('sort_key', sa.Text(), nullable=False),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.Column('search', sa.Text(), nullable=False),
    sa.Column('stage', sa.Text(), nullable=False),
    sa.Column('seeks_partners', sa.Boolean(), nullable=False),
    sa.Column('topics', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['ags'], ['directory.city.ags'], name=op.f('fk_project_ags')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_project')),
    sa.UniqueConstraint('ags', 'key', name=op.f('uq_project_ags_key')),
    schema='directory'
    )
    op.create_index('ix_project_sort_key_id', 'project', ['sort_key', 'id'], unique=False, schema='directory')
    op.create_table('publication',
    sa.Column('id', sa.Integer(), sa.Identity(always=True), nullable=False),
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('client', sa.Text(), nullable=False),
    sa.Column('added', sa.Integer(), nullable=False),
    sa.Column('changed', sa.Integer(), nullable=False),
    sa.Column('withdrawn', sa.Integer(), nullable=False),
    sa.Column('unchanged', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['ags'], ['directory.city.ags'], name=op.f('fk_publication_ags')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_publication')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_publication_ags'), 'publication', ['ags'], unique=False, schema='directory')
    op.create_table('navigator_topic',
    sa.Column('navigator_id', sa.Uuid(), nullable=False),
    sa.Column('topic', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['navigator_id'], ['directory.navigator.id'], name=op.f('fk_navigator_topic_navigator_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['topic'], ['directory.topic.code'], name=op.f('fk_navigator_topic_topic')),
    sa.PrimaryKeyConstraint('navigator_id', 'topic', name=op.f('pk_navigator_topic')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_navigator_topic_topic'), 'navigator_topic', ['topic'], unique=False, schema='directory')
    op.create_table('project_navigator',
    sa.Column('project_id', sa.Uuid(), nullable=False),
    sa.Column('navigator_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['navigator_id'], ['directory.navigator.id'], name=op.f('fk_project_navigator_navigator_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['project_id'], ['directory.project.id'], name=op.f('fk_project_navigator_project_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('project_id', 'navigator_id', name=op.f('pk_project_navigator')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_project_navigator_navigator_id'), 'project_navigator', ['navigator_id'], unique=False, schema='directory')
