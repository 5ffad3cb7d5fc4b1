"""News of who joins whose project: it stands in answers that are remembered."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("project_partner", "project_partner_navigator"):
        op.execute(f"""
            CREATE TRIGGER moved AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON directory.{table}
            FOR EACH STATEMENT EXECUTE FUNCTION directory.moved()""")
