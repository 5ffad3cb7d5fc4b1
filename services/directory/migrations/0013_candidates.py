"""People who may become navigators, calls for them, and self-assessments."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit.guards import ANYBODY, NOBODY, guard, own_city

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    now = sa.text("now()")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "candidate",
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in (
            "ags", "way", "status", "name", "email", "department", "nominator",
        )),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", moment, server_default=now, nullable=False),
        sa.Column("asked_at", moment, server_default=now, nullable=False),
        sa.Column("answered_at", moment, nullable=True),
        sa.Column("decided_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candidate")),
        schema="directory",
    )  # fmt: skip
    op.create_index("ix_candidate_ags_at", "candidate", ["ags", "at", "id"], unique=False, schema="directory")
    op.create_table(
        "navigator_call",
        sa.Column("ags", sa.Text(), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("opened_at", moment, server_default=now, nullable=False),
        sa.PrimaryKeyConstraint("ags", name=op.f("pk_navigator_call")),
        schema="directory",
    )
    for name, at in (("self_assessment", "changed_at"), ("shared_assessment", "at")):
        op.create_table(
            name,
            sa.Column("navigator_id", sa.Uuid(), nullable=False),
            sa.Column("ags", sa.Text(), nullable=False),
            sa.Column("levels", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
            sa.Column("notes", sa.Text(), nullable=False),
            sa.Column(at, moment, server_default=now, nullable=False),
            sa.PrimaryKeyConstraint("navigator_id", name=op.f(f"pk_{name}")),
            schema="directory",
        )
        op.create_index(op.f(f"ix_directory_{name}_ags"), name, ["ags"], unique=False, schema="directory")
    for statement in guards():
        op.execute(statement)


def guards() -> Iterator[str]:
    """A city reads who may become its navigator, and what people share with it; all of it is written by the hub, who
    knows whose link somebody has. What people note for themselves, no city reads.
    """
    yield from guard("directory.candidate", read=own_city("ags"), write=NOBODY)
    yield from guard("directory.navigator_call", read=ANYBODY, write=NOBODY)
    yield from guard("directory.self_assessment", read=NOBODY, write=NOBODY)
    yield from guard("directory.shared_assessment", read=own_city("ags"), write=NOBODY)
