"""lines of the log that can be forgotten."""

from alembic import op

from services.kit.log import forgetting

revision = "0003"
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in forgetting("events"):
        op.execute(statement)
