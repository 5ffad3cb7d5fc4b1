"""The files of this project: what git tracks, and what it would track."""

import ast
import gc
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVICES = ROOT / "services"
_MADE = {".venv", ".cache", "var", "out", "dist", "node_modules", "__pycache__", ".git"}


@cache
def files() -> tuple[Path, ...]:
    """Every file that is or would be committed, sorted; without git, every file outside the made folders."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        shown = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        found = [ROOT / name for name in shown.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        found = [p for p in ROOT.rglob("*") if not any(part in _MADE or part.endswith("_cache") for part in p.parts)]
    return tuple(sorted(path for path in found if path.is_file()))


def nodes(path: Path) -> Iterator[ast.AST]:
    """Every node of a Python file.

    Nothing is collected while it is parsed: CPython 3.11 takes what finalizers do for depth of the tree (SystemError).
    """
    gc.disable()
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    finally:
        gc.enable()
    return ast.walk(tree)


def texts() -> list[tuple[str, str]]:
    """(path from the root, content) of every file that is UTF-8 text."""
    found = []
    for path in files():
        content = path.read_bytes()
        if b"\0" not in content:
            found.append((path.relative_to(ROOT).as_posix(), content.decode("utf-8")))
    return found
