"""Every topic is said once more: events had not kept what lies below what."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # As `log.say` does it: behind the lock that keeps positions in the order of the commits.
    op.execute("SELECT pg_advisory_xact_lock(hashtextextended('lotsennetz log directory', 0))")
    op.execute("""
INSERT INTO directory.log (kind, key, body)
SELECT 'TopicPublished', code, jsonb_build_object(
    'kind', 'TopicPublished', 'code', code, 'parent', parent, 'de', de, 'en', en)
FROM directory.topic WHERE merged_into IS NULL ORDER BY position
""")
