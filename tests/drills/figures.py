"""What was measured in a drill, and its row in docs/reliability.md."""

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BUCKET_SECONDS = 5.0
"""In such pieces it is looked when all is as before again."""
AGAIN = "mails handed over again under their Message-ID"
"""What SMTP cannot avoid, and whoever receives it can."""
HEAD = """
| drill | fault | what happened | requests | not answered: before, during, after | lost | twice | \
longest wait: read, write | p99 before, during, after | as before after | alarms | load |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Sample:
    """A request that `began` at a time of the monotonic clock and `took` so many seconds; `ok`: it was answered."""

    kind: str
    began: float
    took: float
    ok: bool


def p99(samples: Sequence[Sample]) -> float:
    """The 99th percentile of seconds until an answer, of those that got one; 0 without any."""
    took = sorted(one.took for one in samples if one.ok)
    return took[min(len(took) - 1, int(len(took) * 0.99))] if took else 0.0


def longest_wait(samples: Sequence[Sample], kind: str, begin: float, end: float) -> float:
    """The longest time between `begin` and `end` in which no request of `kind` was answered."""
    answers = sorted(one.began + one.took for one in samples if one.ok and one.kind == kind)
    times = [begin, *(at for at in answers if begin < at < end), end]
    return max(later - earlier for earlier, later in itertools.pairwise(times))


def recovered(samples: Sequence[Sample], end: float, last: float, most: float) -> float | None:
    """Seconds after the fault's `end` from which on every piece until `last` has all its requests answered and a p99 of
    at most `most` seconds; None where that never came.
    """
    pieces = max(1, int((last - end) / BUCKET_SECONDS))
    good_from = 0
    for number in range(pieces):
        begin = end + number * BUCKET_SECONDS
        here = [one for one in samples if begin <= one.began < begin + BUCKET_SECONDS]
        if not here or not all(one.ok for one in here) or p99(here) > most:
            good_from = number + 1
    return None if good_from == pieces else good_from * BUCKET_SECONDS


@dataclass
class Outcome:
    """All figures of one drill; times in seconds."""

    name: str
    fault: str
    samples: Sequence[Sample]
    begin: float
    """When the fault began, when it ended, when the load ended."""
    end: float
    last: float
    happened: list[str] = field(default_factory=list)
    lost: dict[str, int] = field(default_factory=dict)
    twice: dict[str, int] = field(default_factory=dict)
    alarms: Counter[str] = field(default_factory=Counter)
    load: float = 0.0
    """Of the machine meanwhile, as its average says: how many processes wanted to run."""

    @property
    def before(self) -> list[Sample]:
        return [one for one in self.samples if one.began < self.begin]

    @property
    def most(self) -> float:
        """A p99 that still counts as before."""
        return max(3 * p99(self.before), 1.0)

    @property
    def wrong(self) -> list[str]:
        """What breaks the promise."""
        found = [f"lost: {count} {what}" for what, count in self.lost.items() if count]
        found += [f"twice: {count} {what}" for what, count in self.twice.items() if count and what != AGAIN]
        again = recovered(self.samples, self.end, self.last, self.most)
        if again is None or again > 30:
            found.append("not as before within 30 s")
        return found

    def row(self) -> str:
        during = [one for one in self.samples if self.begin <= one.began < self.end]
        after = [one for one in self.samples if one.began >= self.end]
        longest = [longest_wait(self.samples, kind, self.begin, self.last) for kind in ("read", "write")]
        times = ", ".join(_time(p99(some)) for some in (self.before, during, after))
        again = recovered(self.samples, self.end, self.last, self.most)
        cells = (
            self.name,
            self.fault,
            "; ".join(self.happened) or "–",
            f"{len(self.samples)}",
            ", ".join(str(sum(not one.ok for one in some)) for some in (self.before, during, after)),
            _counts(self.lost),
            _counts(self.twice),
            ", ".join(f"{one:.1f} s" for one in longest),
            times,
            "never" if again is None else f"{again:.0f} s" if again else "at once",
            ", ".join(sorted(self.alarms)) or "none",
            f"{self.load:.0f}",
        )
        return "| " + " | ".join(one.replace("|", "/") for one in cells) + " |"


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _counts(found: dict[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in found.items() if count) or "0"


def write(outcome: Outcome) -> None:
    """Put the drill's row into the page's table, instead of the one it had."""
    page = PAGE.read_text(encoding="utf-8")
    before, head, after = page.partition(HEAD)
    assert head, f"{PAGE.name} has no table"
    rows, _gap, rest = after.partition("\n\n")
    kept = {row.split("|")[1].strip(): row for row in rows.splitlines() if re.match(r"\| \S", row)}
    kept[outcome.name] = outcome.row()
    PAGE.write_text(f"{before}{HEAD}{chr(10).join(kept.values())}\n\n{rest}", encoding="utf-8")
