"""The tables of the state view, once for pages and files: headings in the person's language, cells as values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from babel.dates import format_date

from services.directory.stateview.care import Load
from services.directory.stateview.coverage import Coverage, Place, Which
from services.directory.stateview.gaps import Gap
from services.directory.stateview.growth import Growth
from services.directory.stateview.quota import Used
from services.directory.stateview.stale import Stale
from services.kit import i18n
from services.kit.i18n import gettext as _

Cell = str | int | date | None


@dataclass(frozen=True)
class Table:
    """`name` stands in the address of its file; `bar` are the columns of a part and of its whole."""

    name: str
    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    bar: tuple[int, int] | None = None


def shown(cell: Cell) -> str:
    """A cell for people."""
    if cell is None or cell == "":
        return "–"
    if isinstance(cell, date):
        return format_date(cell, "medium", locale=i18n.locale())
    return i18n.number(cell) if isinstance(cell, int) else cell


def sizes_in_words() -> list[tuple[str, str]]:
    """The size classes from the smallest on, by inhabitants."""
    return [
        ("VILLAGE", _("below 5,000")),
        ("SMALL_TOWN", _("5,000 to 19,999")),
        ("MEDIUM_TOWN", _("20,000 to 99,999")),
        ("CITY", _("100,000 to 499,999")),
        ("METROPOLIS", _("500,000 and more")),
    ]


def size_words(size: str | None) -> str:
    """A size class as people say it."""
    return dict(sizes_in_words()).get(size or "", _("unknown"))


def which_words() -> dict[Which, str]:
    return {
        Which.TAKING_PART: _("take part"),
        Which.NOT_TAKING_PART: _("do not take part"),
        Which.WITHOUT_NAVIGATORS: _("take part, without navigators"),
        Which.STALE: _("not confirmed for six months"),
        Which.BELOW_TARGET: _("have a department below its target"),
        Which.FREE_PLACES: _("have free places"),
        Which.ABOVE_QUOTA: _("have more navigators than places"),
        Which.OVERDRAWN: _("have more funded navigators than places"),
        Which.WITHOUT_CARE: _("take part, nobody looks after them"),
    }


def chosen_words(which: Which | None) -> str:
    return which_words()[which] if which else _("All municipalities")


def districts(rows: Iterable[Coverage]) -> Table:
    return Table(
        "districts",
        _("Coverage by district"),
        (_("District"), _("Key"), *_covered()),
        [(row.district or _("unknown"), row.district_code, *_numbers(row)) for row in rows],
        bar=(4, 2),
    )


def sizes(rows: Iterable[Coverage]) -> Table:
    return Table(
        "sizes",
        _("Coverage by size"),
        (_("Inhabitants"), *_covered()),
        [(size_words(row.size), *_numbers(row)) for row in rows],
        bar=(3, 1),
    )


def _covered() -> tuple[str, ...]:
    return _("Municipalities"), _("Taking part"), _("With navigators"), _("Navigators")


def _numbers(row: Coverage) -> tuple[Cell, ...]:
    return row.municipalities, row.taking_part, row.with_navigators, row.people


def sought(rows: Iterable[Gap]) -> Table:
    return Table(
        "sought",
        _("Sought, but offered by nobody in the state"),
        (_("Topic"), _("People who seek it"), _("People elsewhere who offer it")),
        [(_label(row), row.people, row.elsewhere) for row in rows],
    )


def offered(rows: Iterable[Gap]) -> Table:
    return Table(
        "offered",
        _("Offered, but sought by nobody in the state"),
        (_("Topic"), _("People who offer it"), _("People elsewhere who seek it")),
        [(_label(row), row.people, row.elsewhere) for row in rows],
    )


def _label(row: Gap) -> str:
    return row.en if i18n.language() == "en" else row.de


def ages(row: Stale) -> Table:
    groups = (
        (_("less than 3 months ago"), row.below_3),
        (_("3 to 6 months ago"), row.from_3),
        (_("6 to 12 months ago"), row.from_6),
        (_("more than 12 months ago"), row.from_12),
    )
    everybody = sum(number for _words, number in groups)
    rows = [(words, number, everybody) for words, number in groups]
    head = (_("Last confirmed"), _("Cities"), _("Of"))
    return Table("ages", _("How fresh the entries are"), head, rows, bar=(1, 2))


def growth(rows: Iterable[Growth]) -> Table:
    return Table(
        "growth",
        _("Growth by month"),
        (_("Day"), _("Cities"), _("Navigators"), _("Projects")),
        [(row.day, row.cities, row.navigators, row.projects) for row in rows],
    )


def quota(total: Used, by_size: Iterable[Used]) -> Table:
    head = (
        _("Inhabitants"), _("Municipalities"), _("Taking part"), _("Places by the rule"), _("Filled"),
        _("Free where cities take part"), _("Held beyond the rule"), _("Own navigators"),
    )  # fmt: skip

    def line(name: str, row: Used) -> tuple[Cell, ...]:
        return (name, row.municipalities, row.taking_part, row.entitled, row.used, row.free, row.over, row.own)

    rows = [*(line(size_words(row.size), row) for row in by_size), line(_("All"), total)]
    return Table("quota", _("Places by size"), head, rows, bar=(4, 3))


def municipalities(rows: Iterable[Place], title: str) -> Table:
    head = (
        _("Municipality"), _("Key"), _("District"), _("Inhabitants"), _("Takes part"), _("Last confirmed"),
        _("Navigators"), _("Places"), _("Filled"), _("Own"),
    )  # fmt: skip
    return Table(
        "municipalities",
        title,
        head,
        [
            (
                row.name, row.ags, row.district, row.population, _("yes") if row.takes_part else _("no"),
                row.confirmed_on, row.people, row.entitled, row.used, row.own,
            )
            for row in rows
        ],
    )  # fmt: skip


def care(rows: Iterable[Load]) -> Table:
    return Table(
        "care",
        _("Who looks after whom"),
        (_("Central navigator"), _("Municipalities"), _("Taking part"), _("Navigators")),
        [
            (
                row.name if row.active else _("{name} (no longer central)", name=row.name),
                row.municipalities,
                row.taking_part,
                row.people,
            )
            for row in rows
        ],
    )
