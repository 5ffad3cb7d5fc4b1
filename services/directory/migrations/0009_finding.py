"""words that are known, topics of offers, and markers that no word begins with."""

import sqlalchemy as sa
from alembic import op

from services.kit.guards import ANYBODY, NOBODY, guard

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('word',
    sa.Column('word', sa.Text(), nullable=False),
    sa.Column('public', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('network', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.PrimaryKeyConstraint('word', name=op.f('pk_word')),
    schema='directory'
    )
    op.create_index('ix_word_word', 'word', ['word'], unique=False, schema='directory', postgresql_using='gin', postgresql_ops={'word': 'directory.gin_trgm_ops'})
    op.create_index('ix_navigator_offers', 'navigator', ['offers'], unique=False, schema='directory', postgresql_using='gin')
    for table, column in (("navigator", "found_public"), ("navigator", "found_network"), ("project", "found"), ("city", "found")):
        op.execute(MARKED.format(table=table, column=column))
    # Searched by likeness, which an index only does without a policy before it; who may use which words is the hub's to say.
    for statement in guard("directory.word", read=ANYBODY, write=NOBODY):
        op.execute(statement)


MARKED = """
UPDATE directory.{table} SET {column} = array_to_tsvector(
    ARRAY(SELECT regexp_replace(one, '^topic:', '#') FROM unnest(tsvector_to_array({column})) one) || ('=' || ags))
WHERE {column} IS NOT NULL AND {column} <> ''
"""
"""Rows published before are found by their words, topics and city; by stems and parts when their city next changes them."""
