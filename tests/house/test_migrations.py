"""While a new version is rolled out, processes of the last one go on: what runs before they are gone only adds."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.app import SERVICES
from services.kit.migrations import PHASES
from tests.house.tree import ROOT, nodes

BEFORE_FIRST_RELEASE = {"directory": "0014", "matching": "0011", "events": "0018"}
"""Until here nothing was released: nobody runs what these took away."""
TAKING = re.compile(
    r"\b(DROP\s+(TABLE|COLUMN|SCHEMA|VIEW|MATERIALIZED|TYPE|SEQUENCE|FUNCTION|DEFAULT)|RENAME|SET\s+NOT\s+NULL|"
    r"ALTER\s+(COLUMN\s+)?\w+\s+(SET\s+DATA\s+)?TYPE|(?<!\bOR )TRUNCATE|REVOKE)\b",
    re.IGNORECASE,
)
TAKEN = {"drop_table", "drop_column", "rename_table", "create_check_constraint", "create_unique_constraint",
         "create_foreign_key", "create_exclude_constraint"}  # fmt: skip
"""Operations on tables that old code reads and writes."""


def steps() -> Iterator[Path]:
    for name, service in SERVICES.items():
        for path in sorted(service.migrations.glob("0*.py")):
            if path.name[:4] > BEFORE_FIRST_RELEASE[name]:
                yield path


def phase(path: Path) -> str:
    for node in nodes(path):
        if isinstance(node, ast.Assign) and [ast.unparse(one) for one in node.targets] == ["PHASE"]:
            return str(ast.literal_eval(node.value))
    return "before"


def takes(path: Path) -> Iterator[str]:
    """What in a migration old code could not live with."""
    made = set[str]()
    for node in nodes(path):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "create_table" and node.args:
                made.add(ast.unparse(node.args[0]))
            if _takes(node.func.attr, node, made):
                yield f"line {node.lineno}: {node.func.attr}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and (found := TAKING.search(node.value)):
            yield f"line {node.lineno}: {found[0]}"


def _takes(verb: str, call: ast.Call, made: set[str]) -> bool:
    if {ast.unparse(one) for one in call.args[:2]} & made:
        return False  # a table of its own
    said = {word.arg: ast.unparse(word.value) for word in call.keywords}
    if verb == "alter_column":
        return bool(said.keys() & {"type_", "new_column_name"}) or said.get("nullable") == "False"
    if verb == "add_column":  # what old code does not fill
        return "nullable=False" in ast.unparse(call) and "server_default" not in ast.unparse(call)
    return verb in TAKEN or (verb == "create_index" and said.get("unique") == "True")


def test_what_runs_while_old_processes_go_on_only_adds() -> None:
    wrong = [f"{path.relative_to(ROOT)} {what}" for path in steps() if phase(path) == "before" for what in takes(path)]
    assert wrong == [], "split it, and say PHASE = 'after' in the second part"


def test_phases_are_spelled_right() -> None:
    assert {phase(path) for path in steps()} <= set(PHASES)


@pytest.mark.parametrize(
    "step",
    [
        "op.drop_column('city', 'name', schema='directory')",
        "op.drop_table('city', schema='directory')",
        "op.alter_column('city', 'name', nullable=False)",
        "op.alter_column('city', 'name', new_column_name='title')",
        "op.alter_column('city', 'name', type_=sa.Integer())",
        "op.add_column('city', sa.Column('x', sa.Text(), nullable=False))",
        "op.create_unique_constraint('uq', 'city', ['name'])",
        "op.create_index('ix', 'city', ['name'], unique=True)",
        "op.execute('ALTER TABLE directory.city RENAME COLUMN name TO title')",
        "op.execute('ALTER TABLE directory.city ALTER name SET NOT NULL')",
        "op.execute('ALTER TABLE directory.city ALTER COLUMN name TYPE integer')",
        "op.execute('DROP FUNCTION directory.forget_audit(interval)')",
    ],
)
def test_what_takes_away_is_seen(tmp_path: Path, step: str) -> None:
    file = tmp_path / "0099_wrong.py"
    file.write_text(f"def upgrade() -> None:\n    {step}\n")
    assert len(list(takes(file))) == 1


@pytest.mark.parametrize(
    "step",
    [
        "op.add_column('city', sa.Column('x', sa.Text(), server_default='', nullable=False))",
        "op.add_column('city', sa.Column('x', sa.Text(), nullable=True))",
        "op.alter_column('city', 'name', nullable=True)",
        "op.create_table('new', sa.Column('x', sa.Text(), nullable=False)); op.create_index('ix', 'new', unique=True)",
        "op.drop_index('ix_city', table_name='city')",
        "op.execute('CREATE INDEX ix ON directory.city (name)')",
    ],
)
def test_what_adds_is_let_be(tmp_path: Path, step: str) -> None:
    file = tmp_path / "0099_right.py"
    file.write_text(f"def upgrade() -> None:\n    {step}\n")
    assert list(takes(file)) == []
