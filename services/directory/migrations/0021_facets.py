"""Each row holds what it is counted by: to look its topics up for every question takes far longer than to count them.

The columns follow from the row itself, so that nobody can forget them: neither old code while a version is rolled out,
nor an erasure. Topics stand among the words of a row with those above them, exactly as far as each audience sees them.
"""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

PROFILE, LANGUAGES = 1 << 3, 1 << 9
"""Their flags in the masks of a navigator."""
FUNCTION = """
CREATE FUNCTION directory.facets(found tsvector, own text, languages text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT word FROM unnest(tsvector_to_array(found)) word WHERE starts_with(word, '#'))
    || ('=' || own) || ARRAY(SELECT '~' || one FROM unnest(languages) one)
"""
PROJECT = 'directory.facets(found, "left"(ags, 2) || stage, NULL::text[])'
NAVIGATOR = f"""directory.facets({{found}}, "left"(ags, 2) ||
    CASE WHEN {{shown}} & {PROFILE} <> 0 THEN coalesce(profile, ''::text) ELSE ''::text END,
    CASE WHEN {{shown}} & {LANGUAGES} <> 0 THEN languages END)"""


def upgrade() -> None:
    op.execute(FUNCTION)
    _add("project", facets=PROJECT)
    _add(
        "navigator",
        **{
            f"facets_{audience}": NAVIGATOR.format(found=f"found_{audience}", shown=f"shown_{audience}")
            for audience in ("public", "network")
        },
    )


def _add(table: str, **columns: str) -> None:
    """All in one statement: it writes the table anew."""
    added = ", ".join(f"ADD {name} text[] GENERATED ALWAYS AS ({value}) STORED" for name, value in columns.items())
    op.execute(f"ALTER TABLE directory.{table} {added}")
