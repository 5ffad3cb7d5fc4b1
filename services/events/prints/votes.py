"""The result of a vote: points by criterion, totals, ranks, how ties were decided, the turn-out."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from services.events.day import Day, as_of, date_words
from services.events.prints import blocks
from services.events.prints.blocks import Block, Column
from services.events.prints.common import line
from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext


class Line(msgspec.Struct, frozen=True):
    """A candidate. `decided` says what gave its rank: TOTAL, CRITERION, LOT or SHARED.

    `remark` says what an imported result prints otherwise than its points give.
    """

    title: str
    points: tuple[int, ...]
    total: int
    rank: int
    decided: str = "TOTAL"
    remark: str = ""


class Result(msgspec.Struct, frozen=True):
    """A vote that is over, `lines` best first. `source` says where an imported result was printed.

    `entitled` and `voted` are None where nobody knows.
    """

    title: str
    event: str
    date: dt.date
    criteria: tuple[str, ...]
    lines: tuple[Line, ...]
    entitled: int | None = None
    voted: int | None = None
    source: str = ""


def vote_result(day: Day, results: Sequence[Result]) -> bytes:
    """The results of the votes of a day."""
    name = _("Result of the vote")
    parts: list[Block] = []
    for one in results:
        parts += [blocks.section(one.title), *result(one)]
    if not results:
        parts.append(
            blocks.words(_("No vote of this event is over yet, or too few people have voted to tell a result."))
        )
    short = line(day.hashtag) or line(day.title)
    return blocks.document(
        parts, name=name, title=name, short=short, author=day.host, date=date_words(day, "long"), updated=as_of(day),
        moment=day.updated, subtitle=f"{line(day.title)} · {date_words(day)}",
    )  # fmt: skip


def result(one: Result) -> list[Block]:
    """A result without its title."""
    columns = [Column(_("Rank"), number=True), Column(_("Candidate"), 1)]
    columns += [Column(name, number=True) for name in one.criteria if len(one.criteria) > 1]
    columns.append(Column(_("Total"), number=True))
    marks, rows = Marks(), []
    for each in one.lines:
        points = map(blocks.number, each.points) if len(one.criteria) > 1 else ()
        mark = marks.of(each)
        rows.append([f"{each.rank}.", each.title + mark, *points, blocks.number(each.total)])
    return [
        *([blocks.words(_turnout(one))] if one.voted is not None else []),
        blocks.table(columns, rows),
        *([blocks.small(*marks.notes)] if marks.notes else []),
        *([blocks.small(_("Printed in: {source}", source=one.source))] if one.source else []),
    ]


class Marks:
    """Asterisks behind candidates, and what they mean."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def of(self, one: Line) -> str:
        words = {
            "CRITERION": _("As many points as another one; the criteria that were agreed on decided."),
            "LOT": _("As many points as another one; the lot decided."),
            "SHARED": _("As many points as another one: the rank is shared."),
        }.get(one.decided, "")
        found = [text for text in (words, one.remark) if text]
        return "".join(self._mark(text) for text in found)

    def _mark(self, text: str) -> str:
        known = [note.partition(" ")[2] for note in self.notes]
        if text not in known:
            self.notes.append(f"{'*' * (len(self.notes) + 1)} {text}")
            known.append(text)
        return " " + "*" * (known.index(text) + 1)


def _turnout(one: Result) -> str:
    voted = one.voted or 0
    if one.entitled is None:
        return ngettext("{number} person has voted.", "{number} people have voted.", voted)
    percent = round(100 * voted / one.entitled) if one.entitled else 0
    return ngettext(
        "{number} of {entitled} people has voted ({percent} %).",
        "{number} of {entitled} people have voted ({percent} %).",
        voted,
        entitled=one.entitled,
        percent=percent,
    )
