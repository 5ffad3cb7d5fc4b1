"""clients that register, people who log in, the audit log, and row-level security."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit.guards import ANYBODY, NOBODY, OPERATOR, both, either, guard, oneself, own_city, own_state

revision = "0003"
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('account',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('org', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=True),
    sa.Column('language', sa.Text(), server_default='de', nullable=False),
    sa.Column('disabled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
    schema='directory'
    )
    op.create_index('ix_account_org_email', 'account', ['org', 'email'], unique=False, schema='directory')
    op.create_table('audit',
    sa.Column('id', sa.Integer(), sa.Identity(always=True), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('ags', sa.Text(), nullable=True),
    sa.Column('state', sa.Text(), nullable=True),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('details', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit')),
    schema='directory'
    )
    op.create_index('ix_audit_ags_id', 'audit', ['ags', 'id'], unique=False, schema='directory')
    op.create_index('ix_audit_state_id', 'audit', ['state', 'id'], unique=False, schema='directory')
    op.create_index(op.f('ix_directory_audit_at'), 'audit', ['at'], unique=False, schema='directory')
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
    schema='directory'
    )
    op.create_index('ix_mail_open', 'mail', ['created_at'], unique=False, schema='directory', postgresql_where=sa.text("state = 'queued'"))
    op.create_table('provider',
    sa.Column('org', sa.Text(), nullable=False),
    sa.Column('issuer', sa.Text(), nullable=False),
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('sealed_secret', sa.LargeBinary(), nullable=True),
    sa.Column('role_claim', sa.Text(), nullable=False),
    sa.Column('roles', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
    sa.Column('default_role', sa.Text(), nullable=True),
    sa.Column('strong', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('discovered', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('jwks', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('problem', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('org', name=op.f('pk_provider')),
    schema='directory'
    )
    op.create_table('revoked',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('before', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_revoked')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_revoked_until'), 'revoked', ['until'], unique=False, schema='directory')
    op.create_table('assertion',
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('jti_hash', sa.Text(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['client_id'], ['directory.client.client_id'], name=op.f('fk_assertion_client_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('client_id', 'jti_hash', name=op.f('pk_assertion')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_assertion_expires_at'), 'assertion', ['expires_at'], unique=False, schema='directory')
    op.create_table('consent',
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('scopes', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['directory.account.id'], name=op.f('fk_consent_account_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['client_id'], ['directory.client.client_id'], name=op.f('fk_consent_client_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('account_id', 'client_id', name=op.f('pk_consent')),
    schema='directory'
    )
    op.create_table('identity',
    sa.Column('issuer', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['directory.account.id'], name=op.f('fk_identity_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('issuer', 'subject', name=op.f('pk_identity')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_identity_account_id'), 'identity', ['account_id'], unique=False, schema='directory')
    op.create_table('login_flow',
    sa.Column('token_hash', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('browser_hash', sa.Text(), nullable=False),
    sa.Column('org', sa.Text(), nullable=True),
    sa.Column('account_id', sa.Uuid(), nullable=True),
    sa.Column('secrets', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
    sa.Column('onward', sa.Text(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['directory.account.id'], name=op.f('fk_login_flow_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_login_flow')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_login_flow_expires_at'), 'login_flow', ['expires_at'], unique=False, schema='directory')
    op.create_table('login_link',
    sa.Column('token_hash', sa.Text(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['directory.account.id'], name=op.f('fk_login_link_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_login_link')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_login_link_account_id'), 'login_link', ['account_id'], unique=False, schema='directory')
    op.create_index(op.f('ix_directory_login_link_expires_at'), 'login_link', ['expires_at'], unique=False, schema='directory')
    op.create_table('login_session',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('how', sa.Text(), nullable=False),
    sa.Column('amr', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('browser', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['directory.account.id'], name=op.f('fk_login_session_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_login_session')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_login_session_account_id'), 'login_session', ['account_id'], unique=False, schema='directory')
    op.create_index(op.f('ix_directory_login_session_expires_at'), 'login_session', ['expires_at'], unique=False, schema='directory')
    op.create_table('oauth_grant',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('scopes', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('resource', sa.Text(), nullable=True),
    sa.Column('auth_time', sa.DateTime(timezone=True), nullable=False),
    sa.Column('amr', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['directory.account.id'], name=op.f('fk_oauth_grant_account_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['client_id'], ['directory.client.client_id'], name=op.f('fk_oauth_grant_client_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_oauth_grant')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_oauth_grant_client_id'), 'oauth_grant', ['client_id'], unique=False, schema='directory')
    op.create_index(op.f('ix_directory_oauth_grant_expires_at'), 'oauth_grant', ['expires_at'], unique=False, schema='directory')
    op.create_index('ix_oauth_grant_account_id_client_id', 'oauth_grant', ['account_id', 'client_id'], unique=False, schema='directory')
    op.create_table('passkey',
    sa.Column('credential_id', sa.LargeBinary(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('public_key', sa.LargeBinary(), nullable=False),
    sa.Column('sign_count', sa.BigInteger(), nullable=False),
    sa.Column('transports', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('label', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['directory.account.id'], name=op.f('fk_passkey_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('credential_id', name=op.f('pk_passkey')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_passkey_account_id'), 'passkey', ['account_id'], unique=False, schema='directory')
    op.create_table('role_grant',
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('at', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('granted_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['directory.account.id'], name=op.f('fk_role_grant_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('account_id', 'role', 'at', name=op.f('pk_role_grant')),
    schema='directory'
    )
    op.create_table('authorization_code',
    sa.Column('code_hash', sa.Text(), nullable=False),
    sa.Column('grant_id', sa.Uuid(), nullable=False),
    sa.Column('redirect_uri', sa.Text(), nullable=False),
    sa.Column('challenge', sa.Text(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['grant_id'], ['directory.oauth_grant.id'], name=op.f('fk_authorization_code_grant_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('code_hash', name=op.f('pk_authorization_code')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_authorization_code_expires_at'), 'authorization_code', ['expires_at'], unique=False, schema='directory')
    op.create_index(op.f('ix_directory_authorization_code_grant_id'), 'authorization_code', ['grant_id'], unique=False, schema='directory')
    op.create_table('refresh_token',
    sa.Column('token_hash', sa.Text(), nullable=False),
    sa.Column('grant_id', sa.Uuid(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['grant_id'], ['directory.oauth_grant.id'], name=op.f('fk_refresh_token_grant_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_refresh_token')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_refresh_token_expires_at'), 'refresh_token', ['expires_at'], unique=False, schema='directory')
    op.create_index(op.f('ix_directory_refresh_token_grant_id'), 'refresh_token', ['grant_id'], unique=False, schema='directory')
    op.add_column('client', sa.Column('status', sa.Text(), server_default='active', nullable=False), schema='directory')
    op.add_column('client', sa.Column('method', sa.Text(), server_default='client_secret_basic', nullable=False), schema='directory')
    op.add_column('client', sa.Column('jwks', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True), schema='directory')
    op.add_column('client', sa.Column('jwks_uri', sa.Text(), nullable=True), schema='directory')
    op.add_column('client', sa.Column('jwks_read_at', sa.DateTime(timezone=True), nullable=True), schema='directory')
    op.add_column('client', sa.Column('grant_types', postgresql.ARRAY(sa.Text()), server_default='{client_credentials}', nullable=False), schema='directory')
    op.add_column('client', sa.Column('redirect_uris', postgresql.ARRAY(sa.Text()), server_default='{}', nullable=False), schema='directory')
    op.add_column('client', sa.Column('details', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), server_default='{}', nullable=False), schema='directory')
    op.add_column('client', sa.Column('management_hash', sa.Text(), nullable=True), schema='directory')
    op.add_column('client', sa.Column('issuer', sa.Text(), nullable=True), schema='directory')
    op.add_column('client', sa.Column('agreement', sa.Text(), nullable=True), schema='directory')
    op.add_column('client', sa.Column('agreed_at', sa.DateTime(timezone=True), nullable=True), schema='directory')
    op.add_column('client', sa.Column('decided_by', sa.Text(), nullable=True), schema='directory')
    op.add_column('client', sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True), schema='directory')
    op.add_column('client', sa.Column('reason', sa.Text(), nullable=True), schema='directory')
    op.add_column('client', sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False), schema='directory')
    op.alter_column('client', 'secret_hash',
               existing_type=sa.TEXT(),
               nullable=True,
               schema='directory')
    op.create_index('ix_client_ags_status', 'client', ['ags', 'status'], unique=False, schema='directory')
    op.add_column('signing_key', sa.Column('signs_from', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False), schema='directory')
    for column in ('status', 'method', 'grant_types', 'redirect_uris', 'details'):  # a default was for the rows there were
        op.alter_column('client', column, server_default=None, schema='directory')
    for statement in guards():
        op.execute(statement)
    op.execute(FORGET_AUDIT)
    op.execute("REVOKE ALL ON FUNCTION directory.forget_audit(interval) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION directory.forget_audit(interval) TO lotsennetz_directory")


FORGET_AUDIT = """
CREATE FUNCTION directory.forget_audit(kept interval) RETURNS bigint LANGUAGE sql SECURITY DEFINER
SET search_path = directory, pg_temp AS $$
    WITH gone AS (
        DELETE FROM directory.audit WHERE at < now() - greatest(kept, interval '30 days') RETURNING 1
    ) SELECT count(*) FROM gone
$$
"""
"""The one way in which entries of the audit log go: by age, and never younger than a month."""


def guards() -> Iterator[str]:
    of_city = own_city("ags")
    for table in ("city", "navigator", "project"):
        yield from guard(f"directory.{table}", read=ANYBODY, write=of_city)
    yield from guard(
        "directory.navigator_topic", read=ANYBODY, write=part_of("navigator", "navigator_id"))
    of_both = both(part_of("project", "project_id"), part_of("navigator", "navigator_id"))
    yield from guard("directory.project_navigator", read=ANYBODY, write=of_both)
    yield from guard("directory.publication", read=either(of_city, own_state("ags")), write=of_city)
    for table in ("topic", "municipality"):
        yield from guard(f"directory.{table}", read=ANYBODY, write=NOBODY)
    yield from guard("directory.log", read=NOBODY, write=NOBODY, insert=ANYBODY)
    deciding = either(of_city, own_state("ags"), OPERATOR)
    yield from guard("directory.client", read=either(deciding, oneself("client_id")), write=deciding, insert=NOBODY)
    people = either(oneself("id"), own_city("org"), own_state("org"), OPERATOR)
    # Without `oneself`: nobody carries their account over to another city.
    yield from guard("directory.account", read=people, write=either(own_city("org"), own_state("org"), OPERATOR))
    yield from guard("directory.role_grant", read=visible_account(), write=either(granting(), OPERATOR))
    provider = either(own_city("org"), own_state("org"), OPERATOR)
    yield from guard("directory.provider", read=provider, write=provider)
    for table in ("identity", "passkey", "login_session", "consent", "oauth_grant"):
        yield from guard(f"directory.{table}", read=oneself("account_id"), write=oneself("account_id"))
    for table in ("signing_key", "assertion", "authorization_code", "refresh_token", "login_flow", "login_link", "mail"):
        yield from guard(f"directory.{table}", read=NOBODY, write=NOBODY)
    yield from guard(
        "directory.audit", read=either(of_city, own_state("state"), OPERATOR), write=NOBODY, insert=ANYBODY)


def part_of(table: str, column: str) -> str:
    return f"EXISTS (SELECT FROM directory.{table} whole WHERE whole.id = {column} AND {own_city('whole.ags')})"


def granting() -> str:
    """Roles at one's own organisation, for its own people only: what somebody may do is not told apart by place."""
    return f"EXISTS (SELECT FROM directory.account a WHERE a.id = account_id AND a.org = at AND ({either(own_city('a.org'), own_state('a.org'))}))"


def visible_account() -> str:
    return "EXISTS (SELECT FROM directory.account a WHERE a.id = account_id)"
