"""what was revoked, and row-level security."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from services.kit.guards import ANYBODY, KNOWN, NOBODY, either, guard, oneself, said

revision = "0002"
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('revoked',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('before', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_revoked')),
    schema='matching'
    )
    op.create_index(op.f('ix_matching_revoked_until'), 'revoked', ['until'], unique=False, schema='matching')
    for statement in guards():
        op.execute(statement)


def guards() -> Iterator[str]:
    yield from guard("matching.topic", read=ANYBODY, write=NOBODY)
    yield from guard("matching.navigator", read=KNOWN, write=NOBODY)
    yield from guard("matching.log", read=NOBODY, write=NOBODY, insert=ANYBODY)
    yield from guard("matching.event", read=seen("organiser", "cities"), write=NOBODY)
    yield from guard(
        "matching.plan", read=of_event(seen("e.organiser", "e.cities")), write=of_event(oneself("e.organiser")))


def seen(organiser: str, cities: str) -> str:
    return either(oneself(organiser), f"{said('city')} = ANY ({cities})")


def of_event(condition: str) -> str:
    return f"EXISTS (SELECT FROM matching.event e WHERE e.id = event_id AND ({condition}))"
