"""Pages of measured sections: each is written anew by itself, the others stay as they were."""

from collections.abc import Sequence
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
EVENTS = DOCS / "benchmarks-events.md"


def write(page: Path, lines: Sequence[str]) -> None:
    """Replace the section that begins with the first of `lines`, its title; a new one comes last."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    before, _title, rest = text.partition(f"\n{lines[0]}\n")
    after = rest[rest.index("\n## ") :] if "\n## " in rest else ""
    page.write_text(before.rstrip("\n") + "\n\n" + "\n".join(lines).rstrip("\n") + "\n" + after, encoding="utf-8")
