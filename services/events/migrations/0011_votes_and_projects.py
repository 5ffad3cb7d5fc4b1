"""votes, action items of ideas and votes, project cards."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit.guards import NOBODY, either, guard, oneself, own_city, said

revision = "0011"
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('vote',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('imported', sa.Boolean(), nullable=False),
    sa.Column('criteria', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
    sa.Column('tie_rule', sa.Text(), nullable=False),
    sa.Column('tie_criteria', postgresql.ARRAY(sa.Integer()), nullable=False),
    sa.Column('seed', sa.Text(), nullable=False),
    sa.Column('closes_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('entitled', sa.Integer(), nullable=True),
    sa.Column('voted', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_vote_event_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_vote')),
    schema='events'
    )
    op.create_index(op.f('ix_events_vote_event_id'), 'vote', ['event_id'], unique=False, schema='events')
    op.create_index(op.f('ix_events_vote_closes_at'), 'vote', ['closes_at'], unique=False, schema='events')
    op.create_table('vote_candidate',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('vote_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('city', sa.Text(), nullable=False),
    sa.Column('idea_id', sa.Uuid(), nullable=True),
    sa.Column('proposal_id', sa.Uuid(), nullable=True),
    sa.Column('figures', postgresql.ARRAY(sa.Integer()), nullable=True),
    sa.Column('printed_total', sa.Integer(), nullable=True),
    sa.Column('printed_rank', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_vote_candidate_event_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['vote_id'], ['events.vote.id'], name=op.f('fk_vote_candidate_vote_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['idea_id'], ['events.idea.id'], name=op.f('fk_vote_candidate_idea_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['proposal_id'], ['events.proposal.id'], name=op.f('fk_vote_candidate_proposal_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_vote_candidate')),
    schema='events'
    )
    for column in ('event_id', 'vote_id', 'idea_id', 'proposal_id'):
        op.create_index(op.f(f'ix_events_vote_candidate_{column}'), 'vote_candidate', [column], unique=False, schema='events')
    op.create_table('vote_ballot',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('vote_id', sa.Uuid(), nullable=False),
    sa.Column('points', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['vote_id'], ['events.vote.id'], name=op.f('fk_vote_ballot_vote_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_vote_ballot')),
    schema='events'
    )
    op.create_index(op.f('ix_events_vote_ballot_vote_id'), 'vote_ballot', ['vote_id'], unique=False, schema='events')
    op.create_table('vote_turnout',
    sa.Column('vote_id', sa.Uuid(), nullable=False),
    sa.Column('navigator_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['navigator_id'], ['events.navigator.id'], name=op.f('fk_vote_turnout_navigator_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['vote_id'], ['events.vote.id'], name=op.f('fk_vote_turnout_vote_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('vote_id', 'navigator_id', name=op.f('pk_vote_turnout')),
    schema='events'
    )
    op.create_index(op.f('ix_events_vote_turnout_navigator_id'), 'vote_turnout', ['navigator_id'], unique=False, schema='events')
    op.create_table('project_card',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('city', sa.Text(), nullable=False),
    sa.Column('idea_id', sa.Uuid(), nullable=True),
    sa.Column('proposal_id', sa.Uuid(), nullable=True),
    sa.Column('candidate_id', sa.Uuid(), nullable=True),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.Column('topics', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('project_id', sa.Uuid(), nullable=True),
    sa.Column('proposed_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_project_card_event_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['idea_id'], ['events.idea.id'], name=op.f('fk_project_card_idea_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['proposal_id'], ['events.proposal.id'], name=op.f('fk_project_card_proposal_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['candidate_id'], ['events.vote_candidate.id'], name=op.f('fk_project_card_candidate_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_project_card')),
    schema='events'
    )
    for column in ('event_id', 'idea_id', 'proposal_id', 'candidate_id'):
        op.create_index(op.f(f'ix_events_project_card_{column}'), 'project_card', [column], unique=False, schema='events')
    for column, table in (('idea_id', 'idea'), ('candidate_id', 'vote_candidate')):
        op.add_column('action_item', sa.Column(column, sa.Uuid(), nullable=True), schema='events')
        op.create_foreign_key(op.f(f'fk_action_item_{column}'), 'action_item', table, [column], ['id'], source_schema='events', referent_schema='events', ondelete='SET NULL')
        op.create_index(op.f(f'ix_events_action_item_{column}'), 'action_item', [column], unique=False, schema='events')
    op.create_index('ix_action_item_city_due', 'action_item', ['city', 'due'], unique=False, schema='events')
    for statement in guards():
        op.execute(statement)


def guards() -> Iterator[str]:
    """The event's cities see what is voted on and proposed; who voted, and what, is for nobody's eyes.

    Cards are made by whoever speaks for a city of the event, for whom the hub writes once it has looked at them.
    """
    organised = of_event(oneself("e.organiser"))
    seen = of_event(either(oneself("e.organiser"), own_city("e.host"), f"{said('city')} = ANY (e.guests)"))
    for table in ("vote", "vote_candidate"):
        yield from guard(f"events.{table}", read=seen, write=organised)
    for table in ("vote_ballot", "vote_turnout"):
        yield from guard(f"events.{table}", read=NOBODY, write=NOBODY)
    yield from guard("events.project_card", read=seen, write=NOBODY)


def of_event(condition: str) -> str:
    return f"EXISTS (SELECT FROM events.event e WHERE e.id = event_id AND ({condition}))"
