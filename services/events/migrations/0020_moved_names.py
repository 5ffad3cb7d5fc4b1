"""Whether a name moved is found without comparing every row with every other: several hundred are written at once."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
CREATE OR REPLACE FUNCTION events.moved_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT id, name, ags FROM changed EXCEPT SELECT id, name, ags FROM before)
    THEN PERFORM pg_notify('lotsennetz_events_live', 'names'); END IF;
    RETURN NULL;
END $$""")
