"""How many rows have which value, counted as they are written: looking at all of them for each question takes long.

Every change adds what it changed of the counts, so that nobody waits for others who count; a count is the sum of its
rows. The triggers act for the hub, because nobody else writes counts.
"""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from services.kit.guards import ANYBODY, NOBODY, guard

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

PROFILE, LANGUAGES = 1 << 3, 1 << 9
"""Their flags in the masks of a navigator."""
NAVIGATORS = f"""
SELECT left(ags, 2) AS state, 'NAVIGATOR' AS kind, 'kind' AS name, 'NAVIGATOR' AS value,
    (listed = 0)::int AS public, (listed <= 1)::int AS network FROM {{rows}}
UNION ALL
SELECT left(ags, 2), 'NAVIGATOR', 'profile', profile, (listed = 0 AND shown_public & {PROFILE} <> 0)::int,
    (listed <= 1 AND shown_network & {PROFILE} <> 0)::int FROM {{rows}} WHERE profile IS NOT NULL
UNION ALL
SELECT left(ags, 2), 'NAVIGATOR', 'language', language, (listed = 0 AND shown_public & {LANGUAGES} <> 0)::int,
    (listed <= 1 AND shown_network & {LANGUAGES} <> 0)::int FROM {{rows}}, unnest(languages) language
"""  # noqa: S608 - our own names
TOPICS_OF_NAVIGATORS = """
SELECT left(n.ags, 2) AS state, 'NAVIGATOR' AS kind, 'topic' AS name, t.topic AS value, t.listed_public::int AS public,
    1 AS network FROM {rows} t JOIN directory.navigator n ON n.id = t.navigator_id
"""
PROJECTS = """
SELECT left(ags, 2) AS state, 'PROJECT' AS kind, 'kind' AS name, 'PROJECT' AS value, 1 AS public, 1 AS network
FROM {rows} UNION ALL SELECT left(ags, 2), 'PROJECT', 'stage', stage, 1, 1 FROM {rows}
"""
TOPICS_OF_PROJECTS = """
SELECT left(p.ags, 2) AS state, 'PROJECT' AS kind, 'topic' AS name, t.topic AS value, 1 AS public, 1 AS network
FROM {rows} t JOIN directory.project p ON p.id = t.project_id
"""
CITIES = """
SELECT left(ags, 2) AS state, 'CITY' AS kind, 'kind' AS name, 'CITY' AS value, 1 AS public, 1 AS network FROM {rows}
"""
COUNTED = {"navigator": NAVIGATORS, "navigator_topic": TOPICS_OF_NAVIGATORS, "project": PROJECTS,
           "project_topic": TOPICS_OF_PROJECTS, "city": CITIES}
LINKS = {"navigator": "navigator_topic", "project": "project_topic"}
"""Topics go with their rows: when they are gone nobody can tell any more in which state they were."""
NEW, OLD = "NEW TABLE AS added", "OLD TABLE AS gone"
ROWS = {"INSERT": NEW, "UPDATE": f"{NEW} {OLD}", "DELETE": OLD}
SUMMED = """
INSERT INTO directory.tally (state, kind, name, value, public, network)
SELECT state, kind, name, value, sum(public), sum(network) FROM ({changes}) one
GROUP BY state, kind, name, value HAVING sum(public) <> 0 OR sum(network) <> 0
"""
FUNCTION = """
CREATE FUNCTION directory.{name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = directory, pg_temp AS $$
DECLARE
    before text := current_setting('lotsennetz.hub', true);
BEGIN
    -- Most statements name tables of which they change nothing.
    IF {touched} THEN
        PERFORM set_config('lotsennetz.hub', 'on', true);
        {statement};
        PERFORM set_config('lotsennetz.hub', coalesce(before, ''), true);
    END IF;
    RETURN {result};
END
$$
"""


def upgrade() -> None:
    op.create_table(
        "tally",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("public", sa.Integer(), nullable=False),
        sa.Column("network", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tally")),
        schema="directory",
    )
    for statement in triggers():
        op.execute(statement)
    # Nobody writes those tables from here on until this is committed, so that each row is counted once.
    every = " UNION ALL ".join(text.format(rows=f"directory.{table}") for table, text in COUNTED.items())
    op.execute(SUMMED.format(changes=every))
    for statement in guard("directory.tally", read=ANYBODY, write=NOBODY):
        op.execute(statement)


def triggers() -> Iterator[str]:
    for table, text in COUNTED.items():
        for action, rows in ROWS.items():
            if (table, action) == ("city", "UPDATE"):
                continue  # the key of a city stays, and nothing else of it is counted
            added = [text.format(rows="added")] if NEW in rows else []
            gone = [_negative(text.format(rows="gone"))] if OLD in rows else []
            name, statement = f"tally_{table}_{action.lower()}", SUMMED.format(changes=" UNION ALL ".join(added + gone))
            touched = f"EXISTS (SELECT FROM {'added' if added else 'gone'})"
            yield FUNCTION.format(name=name, touched=touched, statement=statement, result="NULL")
            yield (
                f"CREATE TRIGGER tally_{action.lower()} AFTER {action} ON directory.{table} REFERENCING {rows} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION directory.{name}()"
            )
    for table, links in LINKS.items():
        own = f"(SELECT * FROM directory.{links} WHERE {table}_id = OLD.id)"  # noqa: S608 - our own names
        statement = SUMMED.format(changes=_negative(COUNTED[links].format(rows=own)))
        yield FUNCTION.format(name=f"tally_{table}_links", touched="true", statement=statement, result="OLD")
        yield (
            f"CREATE TRIGGER tally_links BEFORE DELETE ON directory.{table} "
            f"FOR EACH ROW EXECUTE FUNCTION directory.tally_{table}_links()"
        )


def _negative(counted: str) -> str:
    return f"SELECT state, kind, name, value, -public AS public, -network AS network FROM ({counted}) less"  # noqa: S608
