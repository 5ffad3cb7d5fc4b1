"""say that something public has changed."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

PUBLIC = ("city", "department", "navigator", "navigator_topic", "project", "project_topic", "project_navigator", "topic",
          "partnership")
"""What everybody may read. Triggers, because whoever forgot to say it would leave old answers standing."""


def upgrade() -> None:
    # Said once for each table in a transaction, however many statements: PostgreSQL drops notices that are the same.
    op.execute("""
        CREATE FUNCTION directory.moved() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('lotsennetz_directory', TG_TABLE_NAME);
            RETURN NULL;
        END $$""")
    for table in PUBLIC:
        op.execute(f"""
            CREATE TRIGGER moved AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON directory.{table}
            FOR EACH STATEMENT EXECUTE FUNCTION directory.moved()""")
