"""Each row holds what it is counted by: to look its topics up for every question takes far longer than to count them.

The columns follow from the row itself, so that nobody can forget them: neither old code while a version is rolled out,
nor an erasure. Topics stand among the words of a row with those above them, exactly as far as each audience sees them.
"""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

PROFILE = "CASE WHEN shown_{0} & 8 <> 0 THEN coalesce(profile, ''::text) ELSE ''::text END"
"""8 is the flag of the field in the masks of a navigator."""


def upgrade() -> None:
    _add("project", facets=_facets("found", "stage"))
    _add(
        "navigator",
        **{f"facets_{one}": _facets(f"found_{one}", PROFILE.format(one)) for one in ("public", "network")},
    )


def _facets(found: str, own: str) -> str:
    """Words are sorted by their bytes, those of topics come first. A function of ours would take three times as long."""
    words = f"tsvector_to_array({found})"
    return f"""({words})[1:width_bucket('$' COLLATE "C", {words})] || ('=' || "left"(ags, 2) || {own})"""


def _add(table: str, **columns: str) -> None:
    """All in one statement: it writes the table anew."""
    added = ", ".join(f"ADD {name} text[] GENERATED ALWAYS AS ({value}) STORED" for name, value in columns.items())
    op.execute(f"ALTER TABLE directory.{table} {added}")
