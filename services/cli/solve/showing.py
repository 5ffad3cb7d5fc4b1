"""What the search shows while it runs, and how Ctrl-C ends it."""

import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TextIO

from services.kit.i18n import gettext as _
from services.matching.solver import Moment, Progress

PLAIN_SECONDS = 5.0
"""Between two lines where no terminal shows them."""


@dataclass
class Interrupted:
    """A stop of the search that Ctrl-C asks for; a second Ctrl-C ends everything."""

    asked: bool = False

    def __call__(self, now: Moment) -> bool:
        return self.asked

    def part(self, now: Moment) -> float | None:
        return None

    def left(self, now: Moment) -> int | None:
        return None


@contextlib.contextmanager
def interruptible() -> Iterator[Interrupted]:
    """Within the block, the first Ctrl-C only sets `asked`."""
    stop = Interrupted()

    def ask(_number: int, _frame: Any) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.asked = True

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


class Line:
    """One line on a terminal that is written anew; lines some seconds apart elsewhere."""

    def __init__(self, to: TextIO | None = None) -> None:
        self.to = to or sys.stderr
        self.live = self.to.isatty()
        self.told = time.monotonic()

    def show(self, now: Progress) -> None:
        over = now.fraction >= 1.0
        if not self.live and not over and time.monotonic() - self.told < PLAIN_SECONDS:
            return
        self.told = time.monotonic()
        said = (
            _("{percent:3.0f} %  no plan yet that keeps every hard rule", percent=100 * now.fraction)
            if now.broken
            else _(
                "{percent:3.0f} %  best plan {value:.0f} points, none has more than {bound:.0f}",
                percent=100 * now.fraction,
                value=now.objective,
                bound=now.upper_bound,
            )
        )
        if self.live:
            hint = "" if over else _("  (Ctrl-C takes it)")
            print(f"\r\x1b[2K{said}{hint}", end="\n" if over else "", file=self.to, flush=True)
        else:
            print(said, file=self.to, flush=True)
