"""Coordinators of the host city plan its events, whoever made them."""

from alembic import op

from services.kit.guards import coordinated, either, guard_anew, oneself, said

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    organised = either(oneself("e.organiser"), coordinated("e.cities[1]"))
    seen = either(oneself("e.organiser"), f"{said('city')} = ANY (e.cities)")
    for statement in guard_anew("matching.plan", read=of_event(seen), write=of_event(organised)):
        op.execute(statement)


def of_event(condition: str) -> str:
    return f"EXISTS (SELECT FROM matching.event e WHERE e.id = event_id AND ({condition}))"
