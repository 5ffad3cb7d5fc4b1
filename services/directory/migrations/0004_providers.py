"""providers that serve several organisations, and when they were asked to be read."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('provider', sa.Column('org_claim', sa.Text(), nullable=True), schema='directory')
    op.add_column('provider', sa.Column('org_value', sa.Text(), nullable=True), schema='directory')
    op.add_column('provider', sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True), schema='directory')
    op.create_index('ix_provider_issuer_client_id', 'provider', ['issuer', 'client_id'], unique=False, schema='directory')
    op.execute(TAKEN)
    op.execute("REVOKE ALL ON FUNCTION directory.provider_taken(text, text, text, text, text) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION directory.provider_taken(text, text, text, text, text) TO lotsennetz_directory")


TAKEN = """
CREATE FUNCTION directory.provider_taken(own text, at_issuer text, as_client text, claim text, value text)
RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = directory, pg_temp AS $$
DECLARE
    before text := current_setting('lotsennetz.hub', true);
    taken boolean;
BEGIN
    -- Not as a setting of the function: only a superuser may write one that the server does not know.
    PERFORM set_config('lotsennetz.hub', 'on', true);
    SELECT EXISTS (
        SELECT FROM directory.provider p
        WHERE p.org <> own AND p.issuer = at_issuer AND p.client_id = as_client
            AND (claim IS NULL OR p.org_claim IS DISTINCT FROM claim OR p.org_value = value)
    ) INTO taken;
    PERFORM set_config('lotsennetz.hub', coalesce(before, ''), true);
    RETURN taken;
END
$$
"""
"""Whether people of another organisation could come in as those of this one: asked by who may not see the other's row."""
