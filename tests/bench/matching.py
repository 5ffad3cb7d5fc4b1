"""`make bench-matching`: the solver's plans beside the best ones known. Writes docs/benchmarks-matching.md.

`python -m tests.bench.matching mdgp [--files FOLDER] [--seconds 1,10,30] [--seeds 10] [--match PATTERN]` measures one
section and writes it anew; the others stay as they were. `--files` takes a folder with the public instances, which we
may not ship, and the best values published; without it our own are used. `--print` leaves the page alone.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import services.matching  # noqa: F401  # before NumPy: one core for its library, too
from tests.bench import golfer, large, mdgp, rules, speeddating

OUT = Path(__file__).parents[2] / "docs" / "benchmarks-matching.md"
HEAD = """# Plans of the matching solver

Made by `make bench-matching`, which writes this page; `python -m tests.bench.matching` says how to measure one section.
"""

Measure = Callable[[Path | None, Sequence[float], int, str], str]
# In the order of the page: the title of each section and what measures it.
SECTIONS: dict[str, tuple[str, Measure]] = {
    "mdgp": (mdgp.TITLE, mdgp.main),
    "speeddating": (speeddating.TITLE, speeddating.main),
    "golfer": (golfer.TITLE, golfer.main),
    "large": (large.TITLE, large.main),
    "rules": (rules.TITLE, rules.main),
}


def replaced(page: str, section: str) -> str:
    """The page with this section anew, the others as they are, all in the order of `SECTIONS`."""
    parts = re.split(r"^(?=## )", page, flags=re.MULTILINE)[1:]
    by_title = {part.partition("\n")[0]: part for part in (*parts, section)}
    known = [by_title[title] for title, _ in SECTIONS.values() if title in by_title]
    return "\n".join(part.rstrip("\n") + "\n" for part in (HEAD, *known))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.matching", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="section", help=f"of {', '.join(SECTIONS)}; all where left out")
    parser.add_argument("--files", type=Path, metavar="FOLDER")
    parser.add_argument("--seconds", default="1,10,30")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--match", default="", metavar="PATTERN")
    parser.add_argument("--print", action="store_true")
    asked = parser.parse_args()
    seconds = [float(word) for word in asked.seconds.split(",")]
    for name in asked.sections or SECTIONS:
        text = SECTIONS[name][1](asked.files, seconds, asked.seeds, asked.match)
        print(text)
        if not asked.print:
            OUT.write_text(replaced(OUT.read_text("utf-8") if OUT.exists() else HEAD, text), encoding="utf-8")


if __name__ == "__main__":
    main()
