"""Contacts of a day."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from services.kit.guards import NOBODY, guard

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contact",
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in ("event_id", "navigator_id", "other_id")),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *(
            sa.ForeignKeyConstraint([name], [f"events.{of}.id"], name=op.f(f"fk_contact_{name}"), ondelete="CASCADE")
            for name, of in (("event_id", "event"), ("navigator_id", "navigator"), ("other_id", "navigator"))
        ),
        sa.PrimaryKeyConstraint("event_id", "navigator_id", "other_id", name=op.f("pk_contact")),
        schema="events",
    )
    for column in ("navigator_id", "other_id"):
        op.create_index(op.f(f"ix_events_contact_{column}"), "contact", [column], unique=False, schema="events")
    for statement in guards():
        op.execute(statement)


def guards() -> Iterator[str]:
    """People read and write their own with a link, and nobody else does."""
    yield from guard("events.contact", read=NOBODY, write=NOBODY)
