"""The charts of a report, each with its words and with the table of what it draws."""

from collections.abc import Sequence

import msgspec

from services.events.prints.blocks import number
from services.events.prints.common import kind, line
from services.events.report import charts
from services.events.report.charts import Row
from services.events.report.figures import MOST_IN_MATRIX, Asked, CityFigures, Contact, Report, SurveyFigures
from services.events.surveys.questions import SCALE
from services.kit.i18n import gettext as _

MOST_BARS = 20
"""Cities and partners in a chart; the others are its last bar."""
_TOLD = 6
"""Values that the words of a chart name; the table has all."""


class Chart(msgspec.Struct, frozen=True):
    """`alt` says in words what is to be seen. `header` and `rows` are the figures; all columns but the first count."""

    name: str
    title: str
    alt: str
    svg: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def charts_of(report: Report) -> list[Chart]:
    """Those that have something to draw, in the order of the report."""
    found = [kinds(report), attendance(report), contacts(report), wishes(report)]
    found += [chart for i, one in enumerate(report.surveys, 1) for chart in survey(one, i)]
    return [chart for chart in found if chart is not None]


def kinds(report: Report) -> Chart | None:
    rows = [Row(kind(one.kind.lower()), (one.before, one.events)) for one in report.kinds]
    series = (str(report.year - 1), str(report.year))
    if not rows or report.empty:
        return None
    return _bars("kinds", _("Events by kind, this year and the year before"), rows, _("Kind"), series)


def attendance(report: Report) -> Chart | None:
    shown, left = report.cities[:MOST_BARS], report.cities[MOST_BARS:]
    rows = [Row(one.name, (one.attended, one.registered - one.attended)) for one in shown]
    if left:
        rows.append(Row(_others(left), (_attended(left), sum(one.registered for one in left) - _attended(left))))
    if not rows:
        return None
    series = (_("there"), _("registered, but missing"))
    return _bars("attendance", _("Attendance by city"), rows, _("City"), series, stacked=True)


def contacts(report: Report) -> Chart | None:
    """Between each two cities where there are many; with whom, where it is about one city."""
    if not report.contacts:
        return None
    if report.place.state and len({ags for one in report.contacts for ags in (one.one, one.other)}) > 2:
        return _matrix(report)
    pairs = [(_with(report, one), one.pairs) for one in report.contacts]
    shown, left = pairs[:MOST_BARS], pairs[MOST_BARS:]
    rows = [Row(name, (count,)) for name, count in shown]
    if left:
        rows.append(Row(_("{number} more", number=number(len(left))), (sum(count for _name, count in left),)))
    return _bars("contacts", _("Contacts with people of other cities"), rows, _("City"), (_("Contacts"),))


def wishes(report: Report) -> Chart | None:
    if not report.wishes:
        return None
    rows = [Row(one.label, (one.votes,)) for one in report.wishes]
    return _bars("wishes", _("Which modules people wish for"), rows, _("Module"), (_("Votes"),))


def survey(one: SurveyFigures, place: int) -> list[Chart]:
    """One chart for all questions that ask for a step of the scale, and one for each other."""
    told = [asked for asked in one.questions if asked.tally.answered]
    scales = [asked for asked in told if asked.question.kind == "SCALE"]
    found = [_scales(f"survey-{place}", one, scales)] if scales else []
    for i, asked in enumerate(told, 1):
        if asked.question.kind != "SCALE" and not asked.question.wishes:
            rows = [Row(_option(asked, option.label), (option.votes,)) for option in asked.tally.options]
            title = f"{asked.question.text} ({_answers(asked.tally.answered)})"
            found.append(_bars(f"survey-{place}-{i}", title, rows, _("Answer"), (_("Votes"),)))
    return found


# Parts ------------------------------------------------------------------------------------------------------------


def _bars(
    name: str, title: str, rows: Sequence[Row], first: str, series: tuple[str, ...], *, stacked: bool = False
) -> Chart:
    rows = [Row(line(row.label), row.values) for row in rows]
    said = "; ".join(
        f"{row.label}: " + ", ".join(
            f"{number(value)} {of}" if len(series) > 1 else number(value)
            for value, of in zip(row.values, series, strict=True)
        )
        for row in rows[:_TOLD]
    )  # fmt: skip
    alt = _("Bar chart: {title}. {values}.", title=title, values=said)
    header = (first, *series)
    cells = [(row.label, *map(number, row.values)) for row in rows]
    if stacked:
        header = (*header, _("Total"))
        cells = [(*cell, number(sum(row.values))) for cell, row in zip(cells, rows, strict=True)]
    svg = charts.bars(rows, number, series if len(series) > 1 else (), stacked=stacked)
    return Chart(name, title, alt + _more(len(rows)), svg, header, tuple(cells))


def _scales(name: str, one: SurveyFigures, asked: Sequence[Asked]) -> Chart:
    steps = [str(step) for step in range(SCALE[0], SCALE[1] + 1)]
    steps[0], steps[-1] = _("{step} (not at all)", step=steps[0]), _("{step} (very much)", step=steps[-1])
    rows = [Row(line(each.question.text), tuple(map(float, each.tally.counts))) for each in asked]
    means = [each.tally.mean or 0.0 for each in asked]
    title = f"{line(one.title)} ({_answers(one.answers)})"
    said = "; ".join(f"{row.label} {number(mean)}" for row, mean in zip(rows[:_TOLD], means, strict=False))
    alt = _("Bar chart: {title}. Means on a scale from 1 to 5: {values}.", title=title, values=said)
    header = (_("Question"), _("Mean"), *steps)
    cells = [(row.label, number(mean), *map(number, row.values)) for row, mean in zip(rows, means, strict=True)]
    return Chart(name, title, alt + _more(len(rows)), charts.shares(rows, number, steps), header, tuple(cells))


def _matrix(report: Report) -> Chart:
    totals = {one.ags: one.contacts for one in report.cities if one.contacts}
    cities = sorted(totals, key=lambda ags: (-totals[ags], ags))[:MOST_IN_MATRIX]
    at = {ags: i for i, ags in enumerate(cities)}
    values = [[0] * len(cities) for _ags in cities]
    for one in report.contacts:
        if one.one in at and one.other in at:
            values[at[one.one]][at[one.other]] = values[at[one.other]][at[one.one]] = one.pairs
    names = [line(report.names.get(ags, ags)) for ags in cities]
    title = _("Contacts between cities")
    if len(totals) > len(cities):
        title = _("Contacts between the {shown} cities of {all} that have most", shown=len(cities), all=len(totals))
    said = "; ".join(f"{_pair(report, one)}: {number(one.pairs)}" for one in report.contacts[:_TOLD])
    alt = _("Matrix of cities: {title}. Most: {values}.", title=title, values=said)
    rows = [(_pair(report, one), number(one.pairs)) for one in report.contacts[:MOST_BARS]]
    if left := report.totals.contacts - sum(one.pairs for one in report.contacts[:MOST_BARS]):
        rows.append((_("All others"), number(left)))
    svg = charts.matrix(names, values, number)
    return Chart("contacts", title, alt, svg, (_("Cities"), _("Contacts")), tuple(rows))


def _pair(report: Report, one: Contact) -> str:
    return " – ".join(line(report.names.get(ags, ags)) for ags in (one.one, one.other))


def _with(report: Report, one: Contact) -> str:
    """The other city of a contact; both where the report is about neither alone."""
    others = [ags for ags in (one.one, one.other) if not report.place.has(ags)]
    return report.names.get(others[0], others[0]) if len(others) == 1 else _pair(report, one)


def _others(left: Sequence[CityFigures]) -> str:
    return _("{number} more cities", number=number(len(left)))


def _attended(of: Sequence[CityFigures]) -> int:
    return sum(one.attended for one in of)


def _answers(count: int) -> str:
    return _("{number} answers", number=number(count))


def _option(asked: Asked, label: str) -> str:
    words = {
        "goal": _("Goal"),
        "plan": _("Plan"),
        "skills": _("Skills"),
        "incentives": _("Incentives"),
        "resources": _("Resources"),
    }
    return words[label] if asked.question.kind == "FACTORS" else label


def _more(rows: int) -> str:
    return " " + _("The table has all values.") if rows > _TOLD else ""
