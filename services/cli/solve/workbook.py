"""A plan as a workbook to print: on A4, with headers on every page. Nothing in it can become a formula."""

import math
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from itertools import zip_longest
from textwrap import wrap
from typing import Any, TypeVar

from services.cli.solve.account import Account, Meeting, Quality, Round, Table
from services.kit.i18n import gettext as _
from services.kit.sheets.writing import workbook as new_workbook

T = TypeVar("T")
A4 = 9
MARGIN = 0.4
"""Inches."""
LINE_PIXELS = (297 / 25.4 - 2 * MARGIN) * 96 * 0.9
"""Of a landscape page between its margins; programs and printers do not agree to the last pixel."""
FONT = {"font_name": "Arial", "font_size": 10}
"""Where it is missing, another of the same widths takes its place; columns are as wide as digits of the font are."""
LINE_LETTERS, LINE_POINTS = 110, 15
"""Letters that fit on such a line with room to spare, and its height."""
PAGE_POINTS = (210 / 25.4 - 2 * 0.6) * 72 * 0.9 - 20
"""Of a landscape page below its title, likewise."""
BESIDE = 8
"""Tables beside one another; more begin a new block below."""
WIDEST = 34
"""Characters of a table's column."""
LARGER = 1.4
"""Letters of names on a table's card, beside others."""
CARD_ROUNDS = 6
"""Rounds beside one another on a table's card."""


def workbook(told: Account) -> bytes:
    """An XLSX file with the plan by round, by person and by table, who meets whom, and how good the plan is."""
    made = BytesIO()
    book = new_workbook(made, default_format_properties=FONT)
    writer = _Writer(book, told)
    writer.rounds()
    writer.people()
    writer.cards()
    writer.meetings()
    writer.quality()
    book.close()
    return made.getvalue()


class _Writer:
    def __init__(self, book: Any, told: Account) -> None:
        self.book, self.told = book, told
        self.width = 0.0
        cell = {"valign": "top", "text_wrap": True}
        self.plain = book.add_format(cell)
        sides = {"left": 1, "right": 1, "left_color": "#888888", "right_color": "#888888"}
        self.comer = book.add_format(cell | {"font_size": 10 * LARGER})
        self.stays = book.add_format(cell | {"font_size": 14, "bold": True})
        self.boxed, self.host = book.add_format(cell | sides), book.add_format(cell | sides | {"bold": True})
        self.last = book.add_format({"top": 1, "top_color": "#888888"})
        self.head = book.add_format(
            cell | {"bold": True, "bg_color": "#E4ECF4", "border": 1, "border_color": "#888888"}
        )
        self.middle = book.add_format({"align": "center", "valign": "top"})
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.large = book.add_format({"bold": True, "font_size": 48, "align": "center", "valign": "vcenter"})
        self.medium = book.add_format({"font_size": 24, "align": "center", "valign": "vcenter", "text_wrap": True})
        self.number = book.add_format(cell | {"num_format": "#,##0.00"})

    def sheet(self, name: str, *, landscape: bool = True) -> Any:
        made = self.book.add_worksheet(name)
        if landscape:
            made.set_landscape()
        made.set_paper(A4)
        made.set_margins(left=MARGIN, right=MARGIN, top=0.6, bottom=0.6)
        made.set_footer(f"&L{name}&R&P / &N")
        return made

    def rounds(self) -> None:
        """A page for each round, to hang up: its tables beside one another, hosts first and bold."""
        sheet = self.sheet(_("Plan by round"))
        tables = len(self.told.rounds[0].tables)
        beside = min(tables, BESIDE)
        self.width = min(WIDEST, (LINE_PIXELS / beside - 5) / 7)
        sheet.set_column(0, beside - 1, self.width)
        title = _("{people} people, {tables} tables, {rounds} rounds", people=len(self.told.people), tables=tables,
                  rounds=len(self.told.rounds))  # fmt: skip
        sheet.write_string(0, 0, title, self.title)
        sheet.repeat_rows(0)
        sheet.freeze_panes(1, 0)
        row, breaks = 1, []
        for one in self.told.rounds:
            if one.round > 1:
                breaks.append(row)
            sheet.write_string(row, 0, _("Round {number}", number=one.round), self.title)
            row, used = row + 1, LINE_POINTS
            for number, block in enumerate(_batched(one.tables, BESIDE)):
                height = self._height(block)
                if number and used + height > PAGE_POINTS:
                    breaks.append(row)
                    used = 0
                row, used = self._block(sheet, row, block) + 1, used + height + LINE_POINTS
            if one.away:
                away = _("Not there: {names}", names=", ".join(one.away))
                sheet.set_row(row, LINE_POINTS * math.ceil(len(away) / LINE_LETTERS))
                if beside > 1:
                    sheet.merge_range(row, 0, row, beside - 1, "", self.plain)
                sheet.write_string(row, 0, away, self.plain)
                row += 1
        sheet.set_h_pagebreaks(breaks[:1000])

    def _height(self, tables: Sequence[Table]) -> int:
        """Points of such a block."""
        texts = ([table.topic for table in tables], *zip_longest(*(table.people for table in tables), fillvalue=""))
        return LINE_POINTS * (1 + sum(_lines(some, [self.width] * len(tables)) for some in texts))

    def _block(self, sheet: Any, row: int, tables: Sequence[Table]) -> int:
        """Writes tables beside one another; the row below them."""
        longest = max(len(table.people) for table in tables)
        _tall(sheet, row + 1, [table.topic for table in tables], [self.width] * len(tables))
        for number, names in enumerate(zip_longest(*(table.people for table in tables), fillvalue="")):
            _tall(sheet, row + 2 + number, names, [self.width] * len(tables))
        for column, table in enumerate(tables):
            sheet.write_string(row, column, _("Table {number}", number=table.table), self.head)
            sheet.write_string(row + 1, column, table.topic, self.head)
            for number in range(longest):
                name = table.people[number] if number < len(table.people) else ""
                sheet.write_string(row + 2 + number, column, name, self.host if name in table.hosts else self.boxed)
            sheet.write_blank(row + 2 + longest, column, None, self.last)
        return row + 2 + longest

    def people(self) -> None:
        sheet = self.sheet(_("Who sits where"), landscape=len(self.told.rounds) > CARD_ROUNDS)
        departments = any(one.department for one in self.told.people)
        titles = [_("Name"), _("City"), *([_("Department")] if departments else [])]
        widths = [30, 18, *([22] if departments else [])]
        first = len(titles)
        self._header(sheet, [*titles, *(_("Round {number}", number=one.round) for one in self.told.rounds)], widths)
        sheet.set_column(first, first + len(self.told.rounds) - 1, 9)
        for row, one in enumerate(self.told.people, 1):
            texts = [one.name, one.city, *([one.department] if departments else [])]
            _tall(sheet, row, texts, widths)
            for column, text in enumerate(texts):
                sheet.write_string(row, column, text, self.plain)
            for column, seat in enumerate(one.seats, first):
                if seat is None:
                    sheet.write_string(row, column, "–", self.middle)
                else:
                    sheet.write_number(row, column, seat, self.middle)
        sheet.autofilter(0, 0, len(self.told.people), first + len(self.told.rounds) - 1)

    def cards(self) -> None:
        """A page for each table: its number and topic large, below them who comes in which round."""
        sheet = self.sheet(_("Table cards"))
        beside = min(len(self.told.rounds), CARD_ROUNDS)
        self.width = (LINE_PIXELS / beside - 5) / 7
        sheet.set_column(0, beside - 1, self.width)
        row, breaks = 0, []
        for number, table in enumerate(self.told.rounds[0].tables):
            if number:
                breaks.append(row)
            for place, (text, style, height) in enumerate(
                ((_("Table {number}", number=table.table), self.large, 80), (table.topic, self.medium, 70))
            ):
                sheet.set_row(row + place, height)
                if beside > 1:
                    sheet.merge_range(row + place, 0, row + place, beside - 1, "", style)
                sheet.write_string(row + place, 0, text, style)
            row += 3
            for some in _batched(self.told.rounds, CARD_ROUNDS):
                row = self._comers(sheet, row, some, number) + 1
        sheet.set_h_pagebreaks(breaks[:1000])

    def _comers(self, sheet: Any, row: int, rounds: Sequence[Round], table: int) -> int:
        longest = max(len(one.tables[table].people) for one in rounds)
        for number, names in enumerate(zip_longest(*(one.tables[table].people for one in rounds), fillvalue=""), 1):
            _tall(sheet, row + number, names, [self.width] * len(rounds), size=LARGER)
        for column, one in enumerate(rounds):
            sheet.write_string(row, column, _("Round {number}", number=one.round), self.head)
            for number, name in enumerate(one.tables[table].people, 1):
                style = self.stays if name in one.tables[table].hosts else self.comer
                sheet.write_string(row + number, column, name, style)
        return row + longest + 1

    def meetings(self) -> None:
        """Each meeting from both sides, so that everybody finds their own ones together."""
        sheet = self.sheet(_("Meetings"))
        titles = [_("Name"), _("meets"), _("Round"), _("Table"), _("hears about"), _("tells about"),
                  _("both work on"), _("Points")]  # fmt: skip
        widths = [24, 24, 8, 7, 26, 26, 26, 8]
        self._header(sheet, titles, widths)
        order = {one.name: number for number, one in enumerate(self.told.people)}
        sides = [side for one in self.told.meetings for side in ((one.one, one.other, one), (one.other, one.one, one))]
        sides.sort(key=lambda side: (order[side[0]], side[2].rounds, order[side[1]]))
        for row, (who, whom, one) in enumerate(sides, 1):
            gets, gives = (one.gets, one.gives) if who == one.one else (one.gives, one.gets)
            texts = [who, whom, _joined(one.rounds), _joined(one.tables), _joined(gets), _joined(gives), _both(one)]
            _tall(sheet, row, texts, widths)
            for column, text in enumerate(texts):
                sheet.write_string(row, column, text, self.plain)
            sheet.write_number(row, len(texts), one.points, self.number)
        sheet.autofilter(0, 0, len(sides), len(titles) - 1)

    def quality(self) -> None:
        sheet = self.sheet(_("Quality"), landscape=False)
        sheet.set_column(0, 0, 44)
        sheet.set_column(1, 3, 15)
        row = 0
        for section in _sections(self.told.quality):
            for number, cells in enumerate(section):
                merged = len(cells) == 2 and number
                texts = [value if isinstance(value, str) else "" for value in cells]
                _tall(sheet, row, texts, [44, 42] if merged else [44, 15, 15, 15])
                for column, value in enumerate(cells):
                    if isinstance(value, str) and column and number and len(cells) == 2:
                        sheet.merge_range(row, column, row, 3, "", self.plain)
                    if isinstance(value, str):
                        sheet.write_string(row, column, value, self.plain if number else self.head)
                    else:
                        sheet.write_number(row, column, value, self.plain if isinstance(value, int) else self.number)
                row += 1
            row += 1

    def _header(self, sheet: Any, titles: Sequence[str], widths: Sequence[float]) -> None:
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        for column, title in enumerate(titles):
            sheet.write_string(0, column, title, self.head)
        sheet.repeat_rows(0)
        sheet.freeze_panes(1, 1)
        sheet.fit_to_pages(1, 0)


def _tall(sheet: Any, row: int, texts: Sequence[str], widths: Sequence[float], size: float = 1.0) -> None:
    """Makes a row as high as its texts are long: not every program does so itself. `size`: of the letters."""
    lines = _lines(texts, [width / size for width in widths])
    if lines > 1:
        sheet.set_row(row, LINE_POINTS * size * lines)


def _lines(texts: Iterable[str], widths: Sequence[float]) -> int:
    """Of the longest of these texts, each in its width."""
    return max(1, *(len(wrap(text, max(1, int(width)))) for text, width in zip(texts, widths, strict=False)))


def _joined(some: Iterable[object]) -> str:
    return ", ".join(map(str, some))


def _both(one: Meeting) -> str:
    return _joined(one.both) or (_("(field: {topics})", topics=_joined(one.field)) if one.field else "")


Cells = Sequence[str | float]


def _sections(of: Quality) -> Iterator[list[Cells]]:
    """Rows of cells below a heading each."""
    if of.broken:
        yield [[_("Hard rules that this plan breaks")], *([one] for one in of.broken)]
    yield [
        [_("How good the plan is"), _("this plan"), _("by chance"), _("no plan is better")],
        [_("In common (points): more is better"), *of.benefit],
        [_("Repeats: fewer is better"), *of.repeats],
        [_("Both together (what the search maximises)"), *of.objective],
    ]
    yield [
        [_("Meetings"), ""],
        [_("Pairs that meet"), of.meetings],
        [_("Pairs listed in the sheet of meetings"), of.listed],
        [_("Meetings of two who met before"), of.repeated_meetings],
        [_("People who meet nobody with a common topic"), of.without_points],
        [_("Interest in the tables' topics (points)"), of.topics_at_tables],
    ]
    yield [[_("People with the fewest points"), _("Points")], *of.worst_off]
    if of.again:
        yield [[_("Pairs that meet again"), ""], *of.again]
    if of.contacts:
        contacts: list[Cells] = [[one.one, one.other, one.pairs, one.possible] for one in of.contacts]
        yield [[_("Contacts between cities"), "", _("Pairs that meet"), _("of")], *contacts]
    yield [
        [_("To compute it again"), ""],
        [_("Options"), of.options],
        [_("Command for the same plan"), of.command or _("none: the clock ended the search; use --iterations")],
        [_("Seed"), of.seed],
        [_("Proposals"), of.iterations],
        [_("Seconds"), of.seconds],
        [_("Ended by Ctrl-C"), _("yes") if of.interrupted else _("no")],
        [_("Lotsennetz and its solver"), f"{of.version} / {of.solver}"],
        [_("SHA-256 of the list"), of.input_sha256],
        [_("SHA-256 of the problem"), of.problem_sha256],
    ]


def _batched(some: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (some[start : start + size] for start in range(0, len(some), size))
