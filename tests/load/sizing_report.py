"""The section that says how large a hub has to be for whom, with its arithmetic."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from tests.load import sizing
from tests.load.sizing import BURST, BUSIEST_HOUR, CONNECTIONS, MINUTE, PEOPLE, REQUESTS_A_DAY, STATE, USED, Costs, Size

WIDTH = 120
COLUMNS = (
    "for", "municipalities", "requests/s", "openings and days at once", "busy cores: weekday", "openings", "days",
    "processes of the hub, a core each", "cores of PostgreSQL", "its connections", "memory of processes, GB",
    "database, GB",
)  # fmt: skip


def paragraph(text: str) -> list[str]:
    return [*wrap(text, WIDTH), ""]


def item(text: str) -> list[str]:
    return wrap(text, WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)


def head(columns: Sequence[str]) -> list[str]:
    return [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]


def section(costs: Costs | None) -> Iterator[str]:
    yield from ("## How large for whom, on paper", "")
    if costs is None:
        yield from paragraph("Not computed: one of the mixes was not measured.")
        return
    yield from paragraph(
        "Computed, not measured: from what one process and what is behind it (PostgreSQL, Valkey) took in the "
        f"largest rows above that held. {_of(costs.request)} of CPU for a request of a weekday, {_of(costs.press)} "
        f"for a person who registers, and {_of(costs.phone)} a second for a phone on its day."
    )
    yield from paragraph(
        f"Assumed are {REQUESTS_A_DAY} requests a day for each municipality, {BUSIEST_HOUR:.0%} of them in the "
        f"busiest hour, {BURST} times as many in its busiest minute. In the same minute a registration opens to which "
        f"{PEOPLE:,} people come, and {PEOPLE:,} phones are at a day: once for each {STATE:,} municipalities, a large "
        f"state; fewer people where there are fewer municipalities. All of that together may use {USED:.0%} of each "
        "core."
    )
    found = sizing.sizes(costs)
    yield from head(COLUMNS)
    yield from (_row(one) for one in found)
    yield ""
    yield from paragraph("The arithmetic of the last row:")
    yield from _arithmetic(found[-1], costs)
    yield ""
    yield from paragraph(
        "Plans of groups and mails are the workers’ and are not in it: a computation is a process of its own while "
        "it lasts. Queries can be read at replicas, which then do a part of PostgreSQL’s work. Openings and days "
        "belong to one event each and do not see how many municipalities there are; a weekday does, and its costs "
        "are those of its largest rows."
    )


def _row(one: Size) -> str:
    parts = [f"{hub:.2f} + {behind:.2f}" for hub, behind in one.parts]
    cells = [
        one.name, f"{one.municipalities:,}", f"{one.rate:.1f}", f"{one.days}", *parts, f"{one.processes}",
        f"{one.database_cores}", f"{one.connections:,}", f"{one.memory / 1000:.1f}", f"{one.disk / 1000:.2f}",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _arithmetic(one: Size, costs: Costs) -> Iterator[str]:
    people = one.people
    (weekday, openings, days) = one.parts
    yield from item(
        f"weekday: {one.municipalities:,} × {REQUESTS_A_DAY} × {BUSIEST_HOUR} ÷ 3,600 s × {BURST} = {one.rate:.0f} "
        f"requests/s; {_times(costs.request, weekday)}"
    )
    yield from item(
        f"openings: {one.days} × {people // one.days:,} ÷ {MINUTE:.0f} s = {people / MINUTE:.0f} people/s; "
        f"{_times(costs.press, openings)}"
    )
    yield from item(f"days: {one.days} × {people // one.days:,} = {people:,} phones; {_times(costs.phone, days)}")
    yield from item(f"processes: {one.hub:.2f} ÷ {USED} → {one.processes}, of {costs.process:.0f} MB each")
    yield from item(f"PostgreSQL: {one.behind:.2f} ÷ {USED} → {one.database_cores} cores")
    yield from item(f"connections: {one.processes} × {CONNECTIONS} = {one.connections:,}, if all are open at once")
    yield from item(f"database: {one.municipalities:,} × {costs.megabytes * 1000:.0f} KB = {one.disk / 1000:.2f} GB")


def _of(pair: tuple[float, float]) -> str:
    return f"{pair[0] * 1000:.2f} + {pair[1] * 1000:.2f} ms"


def _times(costs: tuple[float, float], cores: tuple[float, float]) -> str:
    hub, behind = (f"× {cost * 1000:.2f} ms = {busy:.2f}" for cost, busy in zip(costs, cores, strict=True))
    return f"{hub} cores of the hub, {behind} behind it"
