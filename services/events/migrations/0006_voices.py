"""surveys, retrospectives, quotes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit.guards import NOBODY, either, guard, oneself, own_city, said

revision = "0006"
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('survey',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('questions', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
    sa.Column('by_city', sa.Boolean(), nullable=False),
    sa.Column('closes_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_survey_event_id_event'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_survey')),
    schema='events'
    )
    op.create_index(op.f('ix_events_survey_event_id'), 'survey', ['event_id'], unique=False, schema='events')
    op.create_index(op.f('ix_events_survey_closes_at'), 'survey', ['closes_at'], unique=False, schema='events')
    op.create_table('survey_answer',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('survey_id', sa.Uuid(), nullable=False),
    sa.Column('ags', sa.Text(), nullable=True),
    sa.Column('answers', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['survey_id'], ['events.survey.id'], name=op.f('fk_survey_answer_survey_id_survey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_survey_answer')),
    schema='events'
    )
    op.create_index(op.f('ix_events_survey_answer_survey_id'), 'survey_answer', ['survey_id'], unique=False, schema='events')
    op.create_table('survey_turnout',
    sa.Column('survey_id', sa.Uuid(), nullable=False),
    sa.Column('navigator_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['navigator_id'], ['events.navigator.id'], name=op.f('fk_survey_turnout_navigator_id_navigator'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['survey_id'], ['events.survey.id'], name=op.f('fk_survey_turnout_survey_id_survey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('survey_id', 'navigator_id', name=op.f('pk_survey_turnout')),
    schema='events'
    )
    op.create_index(op.f('ix_events_survey_turnout_navigator_id'), 'survey_turnout', ['navigator_id'], unique=False, schema='events')
    op.create_table('retro_entry',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('navigator_id', sa.Uuid(), nullable=True),
    sa.Column('reply', sa.Text(), nullable=False),
    sa.Column('hidden', sa.Boolean(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_retro_entry_event_id_event'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['navigator_id'], ['events.navigator.id'], name=op.f('fk_retro_entry_navigator_id_navigator'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_retro_entry')),
    schema='events'
    )
    op.create_index(op.f('ix_events_retro_entry_event_id'), 'retro_entry', ['event_id'], unique=False, schema='events')
    op.create_index(op.f('ix_events_retro_entry_navigator_id'), 'retro_entry', ['navigator_id'], unique=False, schema='events')
    op.create_table('quote',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('navigator_id', sa.Uuid(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('named', sa.Boolean(), nullable=False),
    sa.Column('agreed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('chosen', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.event.id'], name=op.f('fk_quote_event_id_event'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['navigator_id'], ['events.navigator.id'], name=op.f('fk_quote_navigator_id_navigator'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quote')),
    schema='events'
    )
    op.create_index(op.f('ix_events_quote_event_id'), 'quote', ['event_id'], unique=False, schema='events')
    op.create_index(op.f('ix_events_quote_navigator_id'), 'quote', ['navigator_id'], unique=False, schema='events')
    organised = of_event(oneself("e.organiser"))
    seen = of_event(either(oneself("e.organiser"), own_city("e.host"), f"{said('city')} = ANY (e.guests)"))
    for table in ("survey", "retro_entry", "quote"):
        for statement in guard(f"events.{table}", read=seen, write=organised):
            op.execute(statement)
    for table in ("survey_answer", "survey_turnout"):
        for statement in guard(f"events.{table}", read=NOBODY, write=NOBODY):
            op.execute(statement)


def of_event(condition: str) -> str:
    return f"EXISTS (SELECT FROM events.event e WHERE e.id = event_id AND ({condition}))"
