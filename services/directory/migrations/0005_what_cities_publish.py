"""what cities publish."""

import json
import zlib
from collections.abc import Iterator
from hashlib import sha256

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit.guards import ANYBODY, NOBODY, OPERATOR, either, guard, oneself, own_city, own_state

revision = "0005"
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('daily_count',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('cities', sa.Integer(), nullable=False),
    sa.Column('navigators', sa.Integer(), nullable=False),
    sa.Column('projects', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('day', 'state', name=op.f('pk_daily_count')),
    schema='directory'
    )
    op.create_table('draft',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('base', sa.Integer(), nullable=True),
    sa.Column('snapshot', sa.LargeBinary(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_draft')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_draft_at'), 'draft', ['at'], unique=False, schema='directory')
    op.create_table('erased',
    sa.Column('navigator_id', sa.Uuid(), nullable=False),
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('navigator_id', name=op.f('pk_erased')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_erased_ags'), 'erased', ['ags'], unique=False, schema='directory')
    op.create_table('harvest',
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('client', sa.Text(), nullable=False),
    sa.Column('etag', sa.Text(), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failures', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('problem', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('ags', name=op.f('pk_harvest')),
    schema='directory'
    )
    op.create_table('once',
    sa.Column('client', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('answer', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('client', 'key', name=op.f('pk_once')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_once_at'), 'once', ['at'], unique=False, schema='directory')
    op.create_table('own_word',
    sa.Column('navigator_id', sa.Uuid(), nullable=False),
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('corrections', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), server_default='{}', nullable=False),
    sa.Column('visibility', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), server_default='{}', nullable=False),
    sa.Column('hidden', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('objected_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('objection', sa.Text(), server_default='', nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('changed_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('navigator_id', name=op.f('pk_own_word')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_own_word_ags'), 'own_word', ['ags'], unique=False, schema='directory')
    op.create_table('quota_rule',
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('population', sa.Integer(), nullable=False),
    sa.Column('places', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('state', 'population', name=op.f('pk_quota_rule')),
    schema='directory'
    )
    op.create_table('told',
    sa.Column('navigator_id', sa.Uuid(), nullable=False),
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('navigator_id', name=op.f('pk_told')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_told_ags'), 'told', ['ags'], unique=False, schema='directory')
    op.create_table('topic_proposal',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('de', sa.Text(), nullable=False),
    sa.Column('en', sa.Text(), nullable=False),
    sa.Column('parent', sa.Text(), nullable=True),
    sa.Column('synonyms', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), server_default='OPEN', nullable=False),
    sa.Column('code', sa.Text(), nullable=True),
    sa.Column('answer', sa.Text(), server_default='', nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('decided_by', sa.Text(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_topic_proposal')),
    schema='directory'
    )
    op.create_index('ix_topic_proposal_status_id', 'topic_proposal', ['status', 'id'], unique=False, schema='directory')
    op.create_table('care',
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('since', sa.Date(), server_default=sa.text('CURRENT_DATE'), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['directory.account.id'], name=op.f('fk_care_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('ags', name=op.f('pk_care')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_care_account_id'), 'care', ['account_id'], unique=False, schema='directory')
    op.create_table('department',
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('sort_key', sa.Text(), nullable=False),
    sa.Column('target', sa.Integer(), nullable=False),
    sa.Column('employees', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['ags'], ['directory.city.ags'], name=op.f('fk_department_ags'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('ags', 'key', name=op.f('pk_department')),
    schema='directory'
    )
    op.create_table('partnership',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('other', sa.Text(), nullable=False),
    sa.Column('topics', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), server_default='PROPOSED', nullable=False),
    sa.Column('proposed_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('since', sa.Date(), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['ags'], ['directory.city.ags'], name=op.f('fk_partnership_ags')),
    sa.ForeignKeyConstraint(['other'], ['directory.city.ags'], name=op.f('fk_partnership_other')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_partnership')),
    schema='directory'
    )
    op.create_index('ix_partnership_ags', 'partnership', ['ags'], unique=False, schema='directory')
    op.create_index('ix_partnership_other', 'partnership', ['other'], unique=False, schema='directory')
    op.create_table('project_topic',
    sa.Column('topic', sa.Text(), nullable=False),
    sa.Column('sort_key', sa.Text(), nullable=False),
    sa.Column('project_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['project_id'], ['directory.project.id'], name=op.f('fk_project_topic_project_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('topic', 'sort_key', 'project_id', name=op.f('pk_project_topic')),
    schema='directory'
    )
    op.create_index(op.f('ix_directory_project_topic_project_id'), 'project_topic', ['project_id'], unique=False, schema='directory')
    op.create_table('source',
    sa.Column('publication_id', sa.Integer(), nullable=False),
    sa.Column('ags', sa.Text(), nullable=False),
    sa.Column('snapshot', sa.LargeBinary(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('changes', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['ags'], ['directory.city.ags'], name=op.f('fk_source_ags')),
    sa.ForeignKeyConstraint(['publication_id'], ['directory.publication.id'], name=op.f('fk_source_publication_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('publication_id', name=op.f('pk_source')),
    schema='directory'
    )
    op.create_index('ix_source_ags_publication', 'source', ['ags', 'publication_id'], unique=False, schema='directory')
    op.add_column('city', sa.Column('logo', sa.Text(), nullable=True), schema='directory')
    op.add_column('city', sa.Column('contact', sa.Text(), server_default='', nullable=False), schema='directory')
    op.add_column('city', sa.Column('contact_email', sa.Text(), nullable=True), schema='directory')
    op.add_column('city', sa.Column('contact_phone', sa.Text(), nullable=True), schema='directory')
    op.add_column('city', sa.Column('state', sa.Text(), server_default='', nullable=False), schema='directory')
    op.add_column('city', sa.Column('district', sa.Text(), server_default='', nullable=False), schema='directory')
    op.add_column('city', sa.Column('size_class', sa.Text(), nullable=True), schema='directory')
    op.add_column('city', sa.Column('found', postgresql.TSVECTOR(), nullable=True), schema='directory')
    op.add_column('city', sa.Column('publication', sa.Integer(), nullable=True), schema='directory')
    op.add_column('city', sa.Column('published_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False), schema='directory')
    op.add_column('city', sa.Column('confirmed_on', sa.Date(), server_default=sa.text('CURRENT_DATE'), nullable=False), schema='directory')
    op.drop_index(op.f('ix_directory_city_sort_key'), table_name='city', schema='directory')
    op.create_index('ix_city_found', 'city', ['found'], unique=False, schema='directory', postgresql_using='gin')
    op.create_index('ix_city_sort_key_ags', 'city', ['sort_key', 'ags'], unique=False, schema='directory')
    op.add_column('navigator', sa.Column('listed', sa.SmallInteger(), server_default='0', nullable=False), schema='directory')
    op.add_column('navigator', sa.Column('shown_public', sa.Integer(), server_default='0', nullable=False), schema='directory')
    op.add_column('navigator', sa.Column('shown_network', sa.Integer(), server_default='0', nullable=False), schema='directory')
    op.add_column('navigator', sa.Column('shown_city', sa.Integer(), server_default='0', nullable=False), schema='directory')
    op.add_column('navigator', sa.Column('sort_network', sa.Text(), server_default='', nullable=False), schema='directory')
    op.add_column('navigator', sa.Column('profile', sa.Text(), nullable=True), schema='directory')
    op.add_column('navigator', sa.Column('hours_share', sa.SmallInteger(), nullable=True), schema='directory')
    op.add_column('navigator', sa.Column('topics_public', postgresql.ARRAY(sa.Text()), server_default='{}', nullable=False), schema='directory')
    op.add_column('navigator', sa.Column('topics_network', postgresql.ARRAY(sa.Text()), server_default='{}', nullable=False), schema='directory')
    op.add_column('navigator', sa.Column('topics_city', postgresql.ARRAY(sa.Text()), server_default='{}', nullable=False), schema='directory')
    op.add_column('navigator', sa.Column('competences', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True), schema='directory')
    op.add_column('navigator', sa.Column('languages', postgresql.ARRAY(sa.Text()), server_default='{}', nullable=False), schema='directory')
    op.add_column('navigator', sa.Column('email', sa.Text(), nullable=True), schema='directory')
    op.add_column('navigator', sa.Column('phone', sa.Text(), nullable=True), schema='directory')
    op.add_column('navigator', sa.Column('chat', sa.Text(), nullable=True), schema='directory')
    op.add_column('navigator', sa.Column('room', sa.Text(), nullable=True), schema='directory')
    op.add_column('navigator', sa.Column('photo', sa.Text(), nullable=True), schema='directory')
    op.add_column('navigator', sa.Column('since', sa.Date(), nullable=True), schema='directory')
    op.add_column('navigator', sa.Column('until', sa.Date(), nullable=True), schema='directory')
    op.add_column('navigator', sa.Column('mentor', sa.Uuid(), nullable=True), schema='directory')
    op.add_column('navigator', sa.Column('recruited', sa.Text(), nullable=True), schema='directory')
    op.add_column('navigator', sa.Column('tasks', postgresql.ARRAY(sa.Text()), server_default='{}', nullable=False), schema='directory')
    op.add_column('navigator', sa.Column('coordinator', sa.Boolean(), server_default=sa.text('false'), nullable=False), schema='directory')
    op.add_column('navigator', sa.Column('funded', sa.Boolean(), server_default=sa.text('false'), nullable=False), schema='directory')
    op.add_column('navigator', sa.Column('found_public', postgresql.TSVECTOR(), nullable=True), schema='directory')
    op.add_column('navigator', sa.Column('found_network', postgresql.TSVECTOR(), nullable=True), schema='directory')
    op.add_column('navigator', sa.Column('changed_on', sa.Date(), server_default=sa.text('CURRENT_DATE'), nullable=False), schema='directory')
    op.alter_column('navigator', 'name',
               existing_type=sa.TEXT(),
               nullable=True,
               schema='directory')
    op.drop_index(op.f('ix_navigator_sort_key_id'), table_name='navigator', schema='directory')
    op.create_index(op.f('ix_directory_navigator_mentor'), 'navigator', ['mentor'], unique=False, schema='directory')
    op.create_index('ix_navigator_ags_id', 'navigator', ['ags', 'id'], unique=False, schema='directory')
    op.create_index('ix_navigator_ags_sort_network_id', 'navigator', ['ags', 'sort_network', 'id'], unique=False, schema='directory')
    op.create_index('ix_navigator_found_network', 'navigator', ['found_network'], unique=False, schema='directory', postgresql_using='gin')
    op.create_index('ix_navigator_found_public', 'navigator', ['found_public'], unique=False, schema='directory', postgresql_using='gin')
    op.create_index('ix_navigator_sort_network_id', 'navigator', ['sort_network', 'id'], unique=False, schema='directory')
    op.add_column('navigator_topic', sa.Column('listed_public', sa.Boolean(), server_default=sa.text('true'), nullable=False), schema='directory')
    op.add_column('navigator_topic', sa.Column('sort_network', sa.Text(), server_default='', nullable=False), schema='directory')
    op.drop_index(op.f('ix_directory_navigator_topic_topic'), table_name='navigator_topic', schema='directory')
    op.create_index('ix_navigator_topic_network', 'navigator_topic', ['topic', 'sort_network', 'navigator_id'], unique=False, schema='directory')
    op.create_index('ix_navigator_topic_public', 'navigator_topic', ['topic', 'navigator_id'], unique=True, schema='directory', postgresql_where=sa.text('listed_public'))
    op.drop_constraint(op.f('fk_navigator_topic_topic'), 'navigator_topic', schema='directory', type_='foreignkey')
    op.add_column('project', sa.Column('department', sa.Text(), server_default='', nullable=False), schema='directory')
    op.add_column('project', sa.Column('seeks_test_area', sa.Boolean(), server_default=sa.text('false'), nullable=False), schema='directory')
    op.add_column('project', sa.Column('reusable', sa.Text(), server_default='', nullable=False), schema='directory')
    op.add_column('project', sa.Column('lessons', sa.Text(), server_default='', nullable=False), schema='directory')
    op.add_column('project', sa.Column('links', postgresql.JSONB(astext_type=sa.Text()), server_default='[]', nullable=False), schema='directory')
    op.add_column('project', sa.Column('found', postgresql.TSVECTOR(), nullable=True), schema='directory')
    op.add_column('project', sa.Column('changed_on', sa.Date(), server_default=sa.text('CURRENT_DATE'), nullable=False), schema='directory')
    op.create_index('ix_project_ags_sort_key_id', 'project', ['ags', 'sort_key', 'id'], unique=False, schema='directory')
    op.create_index('ix_project_found', 'project', ['found'], unique=False, schema='directory', postgresql_using='gin')
    op.add_column('publication', sa.Column('via', sa.Text(), server_default='GRAPHQL', nullable=False), schema='directory')
    op.add_column('publication', sa.Column('restored', sa.Integer(), nullable=True), schema='directory')
    op.drop_index(op.f('ix_directory_publication_ags'), table_name='publication', schema='directory')
    op.create_index('ix_publication_ags_id', 'publication', ['ags', 'id'], unique=False, schema='directory')
    op.add_column('topic', sa.Column('ozg', postgresql.ARRAY(sa.Text()), server_default='{}', nullable=False), schema='directory')
    op.add_column('topic', sa.Column('merged_into', sa.Text(), nullable=True), schema='directory')
    op.add_column('topic', sa.Column('changed_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False), schema='directory')
    op.create_index(op.f('ix_directory_topic_changed_at'), 'topic', ['changed_at'], unique=False, schema='directory')
    op.create_index(op.f('ix_directory_topic_parent'), 'topic', ['parent'], unique=False, schema='directory')
    op.create_foreign_key(op.f('fk_topic_merged_into'), 'topic', 'topic', ['merged_into'], ['code'], source_schema='directory', referent_schema='directory', initially='DEFERRED', deferrable=True)
    adopt()
    op.drop_column('navigator', 'sort_key', schema='directory')
    op.drop_column('navigator', 'search', schema='directory')
    op.drop_column('project', 'search', schema='directory')
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA directory")
    for statement in guards():
        op.execute(statement)


PUBLIC, NETWORK, CITY = 238, 710383, 2097151
"""The default masks on the day of this migration (`directory.fields`)."""


def adopt() -> None:
    """Rows published before get what they need, and a source that the next publication is compared with."""
    op.execute(f"""
        UPDATE directory.navigator n SET shown_public = {PUBLIC}, shown_network = {NETWORK}, shown_city = {CITY},
            sort_network = sort_key, topics_public = t.all, topics_network = t.all, topics_city = t.all,
            found_public = to_tsvector('simple', search), found_network = to_tsvector('simple', search || ' ' || sort_key)
        FROM (SELECT id, ARRAY(SELECT DISTINCT x FROM unnest(offers || seeks || works_on) x ORDER BY x) AS all
              FROM directory.navigator) t WHERE t.id = n.id""")  # noqa: S608 - our own numbers
    op.execute("""UPDATE directory.navigator_topic t SET sort_network = n.sort_network
        FROM directory.navigator n WHERE n.id = t.navigator_id""")
    op.execute("UPDATE directory.project SET found = to_tsvector('simple', search)")
    op.execute("UPDATE directory.city SET found = to_tsvector('simple', lower(name || ' ' || kind))")
    op.execute("""INSERT INTO directory.project_topic (topic, sort_key, project_id)
        SELECT DISTINCT above, p.sort_key, p.id FROM directory.project p, unnest(p.topics) own
        JOIN directory.topic t ON t.code = own, unnest(t.path) above""")
    bind = op.get_bind()
    keys = list(bind.scalars(sa.text("SELECT ags FROM directory.city ORDER BY ags")))
    for first in range(0, len(keys), CITIES_AT_ONCE):
        found = published(bind, keys[first:first + CITIES_AT_ONCE])
        bodies = [json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode() for one in found.values()]
        bind.execute(sa.text("""
            WITH given AS (SELECT * FROM unnest(CAST(:keys AS text[]), CAST(:bodies AS bytea[]), CAST(:digests AS text[]))
                AS t(ags, body, digest)),
            noted AS (INSERT INTO directory.publication (ags, client, via, added, changed, withdrawn, unchanged)
                SELECT ags, 'hub', 'RESTORE', 0, 0, 0, 0 FROM given RETURNING id, ags),
            kept AS (INSERT INTO directory.source (publication_id, ags, snapshot, digest, changes)
                SELECT id, ags, body, digest, '{}' FROM noted JOIN given USING (ags))
            UPDATE directory.city SET publication = noted.id FROM noted WHERE noted.ags = city.ags"""),
            {"keys": list(found), "bodies": [zlib.compress(body, 1) for body in bodies],
             "digests": [sha256(body).hexdigest() for body in bodies]})


CITIES_AT_ONCE = 500


def published(bind: sa.Connection, keys: list[str]) -> dict[str, dict[str, object]]:
    """The rows of cities as snapshots."""
    def rows(query: str) -> dict[str, list[dict[str, object]]]:
        found: dict[str, list[dict[str, object]]] = {key: [] for key in keys}
        for row in bind.execute(sa.text(query), {"keys": keys}).mappings():
            values = dict(row)
            found[values.pop("of")].append(values)
        return found
    cities = rows("SELECT ags AS of, ags, name, kind, population, website FROM directory.city WHERE ags = ANY (:keys)")
    navigators = rows("""SELECT ags AS of, key, name, title, department, offers, seeks, works_on AS "worksOn"
        FROM directory.navigator WHERE ags = ANY (:keys) ORDER BY ags, key""")
    projects = rows("""SELECT ags AS of, key, title, summary, stage, seeks_partners AS "seeksPartners", topics, ARRAY(
            SELECT n.key FROM directory.project_navigator l JOIN directory.navigator n ON n.id = l.navigator_id
            WHERE l.project_id = p.id ORDER BY n.key) AS navigators
        FROM directory.project p WHERE ags = ANY (:keys) ORDER BY ags, key""")
    return {key: {"city": cities[key][0], "navigators": navigators[key], "projects": projects[key]} for key in keys}


def guards() -> Iterator[str]:
    of_city = own_city("ags")
    yield from guard("directory.department", read=ANYBODY, write=of_city)
    yield from guard("directory.project_topic", read=ANYBODY, write=(
        f"EXISTS (SELECT FROM directory.project whole WHERE whole.id = project_id AND {own_city('whole.ags')})"))
    yield from guard("directory.source", read=of_city, write=of_city)
    yield from guard("directory.draft", read=of_city, write=of_city)
    yield from guard("directory.harvest", read=either(of_city, own_state("ags")), write=of_city)
    yield from guard("directory.once", read=oneself("client"), write=oneself("client"))
    either_city = either(own_city("ags"), own_city("other"))
    yield from guard("directory.partnership", read=either("status = 'ACTIVE'", either_city),
                     write=either_city, insert=own_city("ags"))
    in_state = either(own_state("ags"), OPERATOR)
    yield from guard("directory.care", read=ANYBODY, write=in_state)
    yield from guard("directory.quota_rule", read=ANYBODY, write=either(own_state("state"), OPERATOR))
    yield from guard("directory.daily_count", read=ANYBODY, write=NOBODY)
    yield from guard("directory.topic_proposal", read=either(of_city, own_state("ags"), OPERATOR),
                     write=in_state, insert=of_city)
    # What people say about themselves is theirs; whoever publishes has to know what to leave out, no more.
    for table in ("own_word", "erased", "told"):
        yield from guard(f"directory.{table}", read=of_city if table != "told" else NOBODY, write=NOBODY)
