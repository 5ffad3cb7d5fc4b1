"""what was revoked, and row-level security."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from services.kit.guards import ANYBODY, KNOWN, NOBODY, both, either, guard, oneself, own_city, own_state, said

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
    schema='events'
    )
    op.create_index(op.f('ix_events_revoked_until'), 'revoked', ['until'], unique=False, schema='events')
    for statement in guards():
        op.execute(statement)


def guards() -> Iterator[str]:
    for table in ("city", "topic"):
        yield from guard(f"events.{table}", read=ANYBODY, write=NOBODY)
    yield from guard("events.navigator", read=KNOWN, write=NOBODY)
    yield from guard("events.log", read=NOBODY, write=NOBODY, insert=ANYBODY)
    # A city or state takes itself along; who speaks for neither is the operator's client.
    theirs = f"EXISTS (SELECT FROM unnest(host || guests) one WHERE {either(own_city('one'), own_state('one'))})"
    own = either(both(f"{said('city')} IS NULL", f"{said('states')} IS NULL"), theirs)
    yield from guard(
        "events.event", read=ANYBODY, write=oneself("organiser"), check=both(oneself("organiser"), own))
    organised = of_event(oneself("e.organiser"))
    yield from guard("events.agenda_item", read=ANYBODY, write=organised)
    seen = of_event(either(oneself("e.organiser"), own_city("e.host"), f"{said('city')} = ANY (e.guests)"))
    for table in ("participant", "round_table", "seat"):
        yield from guard(f"events.{table}", read=seen, write=organised)


def of_event(condition: str) -> str:
    return f"EXISTS (SELECT FROM events.event e WHERE e.id = event_id AND ({condition}))"
