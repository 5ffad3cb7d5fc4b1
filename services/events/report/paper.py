"""The annual report as a paper: what happened in a year, in words, charts and tables."""

import datetime as dt
from collections.abc import Iterator

from services.events.prints import blocks, votes
from services.events.prints.blocks import Block, Column, Fact, number
from services.events.prints.common import kind, line
from services.events.report import drawn
from services.events.report.drawn import Chart
from services.events.report.figures import Report, Totals
from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext

MOST_CITIES = 200
MOST_PROJECTS = 100


def annual_report(report: Report) -> bytes:
    """As PDF/UA-1 and PDF/A-2a, in the current language; the same report gives the same bytes."""
    made = dt.datetime.combine(report.made, dt.time(), dt.UTC)
    name = _("Annual report {year}", year=report.year)
    short = line(report.place.name)
    return blocks.document(
        list(_parts(report)), name=name, title=name, short=short, author=report.place.name, date=str(report.year),
        updated=_("Made on {date}", date=blocks.short_date(report.made)), moment=made,
        subtitle=_("Digital navigators of {name}", name=short),
        notice="" if report.over else _("Interim report until {date}", date=blocks.short_date(report.until)),
    )  # fmt: skip


def _parts(report: Report) -> Iterator[Block]:
    if report.empty:
        yield from _nothing(report)
        return
    yield blocks.words(_opening(report))
    yield from _numbers(report)
    yield from _events(report)
    yield from _attendance(report)
    yield from _contacts(report)
    yield from _surveys(report)
    yield from _wishes(report)
    yield from _votes(report)
    yield from _ideas(report)
    yield from _quotes(report)
    yield from _method(report)


def _nothing(report: Report) -> Iterator[Block]:
    yield blocks.words(
        _("No event of {year} in which {name} took part is on record.", year=report.year, name=report.place.name),
        _("So there are no figures, no answers and no quotes to report of this year."),
    )
    if report.totals.cancelled:
        yield blocks.words(
            ngettext("{number} event was cancelled.", "{number} events were cancelled.", report.totals.cancelled)
        )
    if report.before.events:
        yield blocks.words(
            _(
                "In the year before it was {events}, attended {attended} times.",
                events=_count(report.before.events),
                attended=number(report.before.attended),
            )
        )


def _opening(report: Report) -> str:
    now = report.totals
    words = _("In {year}, {name} took part in {events}.", year=report.year, name=report.place.name,
              events=_count(now.events))  # fmt: skip
    if now.attended:
        words += " " + ngettext(
            "{people} person of its own attended {attended} times, {hours} hours together.",
            "{people} people of its own attended {attended} times, {hours} hours together.",
            now.people, people=number(now.people), attended=number(now.attended), hours=number(now.hours),
        )  # fmt: skip
    if now.contacts:
        words += " " + ngettext(
            "At the tables they made {count} contact with people of other cities.",
            "At the tables they made {count} contacts with people of other cities.",
            now.contacts,
            count=number(now.contacts),
        )
    return words


def _count(events: int) -> str:
    return ngettext("{count} event", "{count} events", events, count=number(events))


# Sections ---------------------------------------------------------------------------------------------------------


def _numbers(report: Report) -> Iterator[Block]:
    def fact(name: str, now: float, before: float) -> Fact:
        return Fact(name, number(now), _growth(report, now, before))

    now, before = report.totals, report.before
    yield blocks.section(_("The year in figures"))
    yield blocks.facts(
        [
            fact(_("Events"), now.events, before.events),
            fact(_("Own people there"), now.attended, before.attended),
            fact(_("Hours of own people"), now.hours, before.hours),
            fact(_("Different own people"), now.people, before.people),
            fact(_("Cities at the events"), now.cities, before.cities),
            fact(_("Contacts between cities"), now.contacts, before.contacts),
        ],
        large=True,
    )
    years = [Column(str(year), number=True) for year in (report.year - 1, report.year)]
    columns = [Column(_("Figure"), 1), *years, Column(_("Difference"), number=True)]
    yield blocks.table(
        columns,
        [[name, number(was), number(is_), _change(is_, was)] for name, is_, was in _rows(now, before)],
    )


def _rows(now: Totals, before: Totals) -> list[tuple[str, float, float]]:
    words = [
        (_("Events held"), "events"),
        (_("Events cancelled"), "cancelled"),
        (_("Registrations of own people"), "registered"),
        (_("Own people there"), "attended"),
        (_("Different own people"), "people"),
        (_("Hours of own people"), "hours"),
        (_("People of other places there"), "guests"),
        (_("Cities at the events"), "cities"),
        (_("Contacts between cities"), "contacts"),
        (_("Ideas noted"), "ideas"),
        (_("Sessions of open spaces"), "sessions"),
        (_("Tasks agreed"), "actions"),
        (_("Tasks done"), "actions_done"),
        (_("Ideas proposed as projects"), "projects_proposed"),
        (_("Projects from ideas"), "projects"),
    ]
    found = [(name, getattr(now, field), getattr(before, field)) for name, field in words]
    return [(name, is_, was) for name, is_, was in found if is_ or was]


def _growth(report: Report, now: float, before: float) -> str:
    return _("{year}: {before}", year=report.year - 1, before=number(before)) + (
        f" ({_change(now, before)})" if before else ""
    )


def _change(now: float, before: float) -> str:
    """`+25 %`; by how many where there were so few before that a share would mislead, `new` where there was nothing."""
    few = 10
    if not before:
        return _("new") if now else "–"
    change = round(now - before) if before < few else round(100 * (now - before) / before)
    if not change:
        return "±0"
    sign = "+" if change > 0 else "−"
    return f"{sign}{number(abs(change))}" + ("" if before < few else "\u00a0%")


def _events(report: Report) -> Iterator[Block]:
    yield blocks.section(_("Modules and events"))
    if report.modules:
        columns = [Column(_("Module"), 1), Column(_("Held"), number=True), Column(_("People there"), number=True)]
        rows = [
            [one.title, _("{number} times", number=one.times) if one.times > 1 else _("once") if one.times else
             _("not held"), number(one.attended) if one.times else "–"]
            for one in report.modules
        ]  # fmt: skip
        yield blocks.table(columns, rows)
    yield from _chart(drawn.kinds(report))
    yield blocks.topic(_("All events"))
    columns = [
        Column(_("Date")),
        Column(_("Event"), 5),
        Column(_("Kind"), 2),
        Column(_("Host"), 2),
        Column(_("There"), number=True),
        Column(_("of them own"), number=True),
    ]
    rows = [
        [
            blocks.short_date(one.date),
            one.title,
            kind(one.kind.lower()),
            report.names.get(one.host, one.host),
            number(one.attended),
            number(one.own),
        ]
        for one in report.events
    ]
    yield blocks.table(columns, rows)
    yield from _left(report.totals.events - len(rows))


def _attendance(report: Report) -> Iterator[Block]:
    if not report.cities:
        return
    yield blocks.section(_("Who was there"))
    yield from _chart(drawn.attendance(report), table=False)
    columns = [
        Column(_("City"), 1),
        Column(_("Registered"), number=True),
        Column(_("There"), number=True),
        Column(_("Different people"), number=True),
        Column(_("Hours"), number=True),
        Column(_("Contacts"), number=True),
    ]
    rows = [
        [one.name, *map(number, (one.registered, one.attended, one.people, one.hours, one.contacts))]
        for one in report.cities[:MOST_CITIES]
    ]
    counted = ("registered", "attended", "people", "hours")
    sums = [sum(getattr(one, field) for one in report.cities) for field in counted]
    yield blocks.table(columns, rows, [_("Total"), *map(number, sums), ""] if len(rows) > 1 else ())
    yield from _left(len(report.cities) - len(rows))


def _contacts(report: Report) -> Iterator[Block]:
    if not report.contacts:
        return
    yield blocks.section(_("Who met whom"))
    yield blocks.words(
        _("A contact is two people of different cities who sat at one table. However often they met, they count once."),
        sticky=True,
    )
    yield from _chart(drawn.contacts(report))


def _surveys(report: Report) -> Iterator[Block]:
    if not (report.surveys or report.surveys_too_small):
        return
    yield blocks.section(_("What people said in surveys"))
    for i, one in enumerate(report.surveys, 1):
        yield blocks.topic(one.title)
        yield blocks.small(f"{one.event}, {blocks.short_date(one.date)}")
        for chart in drawn.survey(one, i):
            yield from _chart(chart)
    yield from _left(report.surveys_left)
    if report.surveys_too_small:
        yield blocks.small(
            ngettext(
                "{number} survey is not told: fewer than five people answered.",
                "{number} surveys are not told: fewer than five people answered.",
                report.surveys_too_small,
            )
        )


def _wishes(report: Report) -> Iterator[Block]:
    chart = drawn.wishes(report)
    if chart is not None:
        yield blocks.section(_("Modules for the coming year"))
        yield from _chart(chart, table=False)
        columns = [Column(_("Rank"), number=True), Column(_("Module"), 1), Column(_("Votes"), number=True)]
        yield blocks.table(columns, [[f"{one.rank}.", one.label, number(one.votes)] for one in report.wishes])


def _votes(report: Report) -> Iterator[Block]:
    if not (report.votes or report.votes_too_small):
        return
    yield blocks.section(_("What was voted on"))
    for one in report.votes:
        yield blocks.topic(one.title)
        yield blocks.small(f"{one.event}, {blocks.short_date(one.date)}")
        yield from votes.result(one)
    yield from _left(report.votes_left)
    if report.votes_too_small:
        yield blocks.small(
            ngettext(
                "{number} vote is not told: fewer than five people voted.",
                "{number} votes are not told: fewer than five people voted.",
                report.votes_too_small,
            )
        )


def _ideas(report: Report) -> Iterator[Block]:
    now = report.totals
    ideas = ngettext(
        "{count} idea was noted at the tables.",
        "{count} ideas were noted at the tables.",
        now.ideas,
        count=number(now.ideas),
    )
    sessions = ngettext(
        "{count} session of an open space took place.",
        "{count} sessions of open spaces took place.",
        now.sessions,
        count=number(now.sessions),
    )
    tasks = _("Tasks agreed: {all}, done of them: {done}.", all=number(now.actions), done=number(now.actions_done))
    projects = _("Ideas proposed to cities as projects: {all}, taken of them: {taken}.",
                 all=number(now.projects_proposed), taken=number(now.projects))  # fmt: skip
    told = [
        (now.ideas, ideas), (now.sessions, sessions), (now.actions, tasks), (now.projects_proposed, projects),
    ]  # fmt: skip
    if not any(count for count, _words in told):
        return
    yield blocks.section(_("Ideas and what became of them"))
    yield blocks.listed([words for count, words in told if count])
    if report.projects:
        columns = [Column(_("Project"), 3), Column(_("City"), 1), Column(_("Idea from"), 2)]
        yield blocks.table(columns, [[one.title, one.city, one.event] for one in report.projects[:MOST_PROJECTS]])
        yield from _left(len(report.projects) - MOST_PROJECTS)


def _quotes(report: Report) -> Iterator[Block]:
    if not report.quotes:
        return
    yield blocks.section(_("The year as the digital navigators saw it"))
    for one in report.quotes:
        yield blocks.quote(one.text, ", ".join(filter(None, (one.name, one.city))))


def _method(report: Report) -> Iterator[Block]:
    yield blocks.section(_("How we counted"))
    lines = [
        _("“Own” means people of {name}.", name=report.place.name),
        _("Events count that were held until {date} and that {name} hosted or travelled to.",
          date=blocks.short_date(report.until), name=report.place.name),
        _("Whoever had a place and is not noted as missing was there."),
        _("Hours are those of an event's agenda, from its first item to the end of its last on each day."),
        _("Answers in surveys bear no name. Nothing is told of fewer than five people."),
        _("Who was quoted has agreed to it. Of people whose data were deleted since, only these numbers are left."),
    ]  # fmt: skip
    if not report.over:
        lines.insert(2, _("The year before counts until the same day."))
    if report.totals.unnoted:
        lines.append(_("Of {number} of those it was not noted whether they came; they count as there.",
                          number=number(report.totals.unnoted)))  # fmt: skip
    yield blocks.listed(lines, small=True)


def _chart(chart: Chart | None, *, table: bool = True) -> Iterator[Block]:
    if chart is None:
        return
    yield blocks.chart(chart.svg, chart.alt, chart.title)
    if table:
        first, *others = chart.header
        yield blocks.table([Column(first, 1), *(Column(one, number=True) for one in others)], chart.rows)


def _left(count: int) -> Iterator[Block]:
    if count > 0:
        yield blocks.small(_("{number} more are not printed here.", number=number(count)))
