"""docs/benchmarks-load.md, from what was measured so far."""

import os
import platform
from collections.abc import Iterator, Sequence
from statistics import median

from tests.bench import sections
from tests.load import mixes, sizing_report
from tests.load.measuring import WARM
from tests.load.results import DAY, RUSH, SPLIT, WEEKDAY, Results, Row, behind
from tests.load.running import BROKEN_MS
from tests.load.sizing_report import head, paragraph

DOC = sections.DOCS / "benchmarks-load.md"
SINGLE = "## The last single measurement"
PARTS = ("hub", "PostgreSQL", "Valkey", "client")
SPLIT_PARTS = ("hub", "workers", "router", "PostgreSQL", "replica", "Valkey", "client")
QUIET = 0.5
"""Load of the machine before anything began, up to which it counts as quiet."""


def write(found: Results, minutes: float) -> None:
    DOC.write_text("\n".join(page(found, minutes)).rstrip("\n") + "\n", encoding="utf-8")


def page(found: Results, minutes: float) -> Iterator[str]:
    cores = os.cpu_count() or 1
    yield from ("# Under load", "")
    yield from paragraph(
        "Made by `make load`, which writes this page: Locust’s users ask a hub that runs beside them, with its "
        f"embedded servers, on one machine of {cores} cores ({platform.machine()}, Python "
        f"{platform.python_version()}). All of it took {minutes:.0f} minutes; the load of the machine before was "
        f"{found.load:.1f}."
    )
    if found.load > QUIET:
        yield from paragraph("**The machine had other work: compare the CPU, not rates or times.**")
    yield from paragraph(
        "A failure is every answer that is not what was asked for: another status than 200, an error of GraphQL "
        "(which says 200), a page without its end, a stream that was not told, and whatever the database has "
        f"otherwise than it was acknowledged. Broken is a failure, or p99 over {BROKEN_MS:,.0f} ms. A busy core is a "
        "second of CPU in a second. Limits by who asks are off, as all come from one address; jobs are not worked."
    )
    yield from paragraph(
        "The client shares the machine, and its part stands beside the hub’s. Where the whole machine is busy, a "
        "client elsewhere would leave more to the hub: the CPU of a request is what travels."
    )
    yield from _weekday(found)
    yield from _rush(found)
    yield from _day(found)
    yield from _split(found)
    yield from _growth(found)
    yield from sizing_report.section(found.costs())
    if found.notes:
        yield from ("## What was not measured", "", *(f"- {note}" for note in found.notes), "")


def single(row: Row) -> Iterator[str]:
    """The section of one measurement that was asked for."""
    one = row.found
    yield from (SINGLE, "")
    within = f" within {row.within:.0f} s" if row.mix == RUSH else ""
    yield from paragraph(
        f"`{row.mix}`: {one.users:,} users{within} at {row.where}; the load of the machine before was {one.began:.1f}."
    )
    yield from table(("hub",), [((row.where,), row)], SPLIT_PARTS if row.processes == SPLIT else PARTS)
    yield from kinds(row)
    if one.told:
        yield from paragraph(f"{one.streams:,} streams: 99 % told of {_told(row)}.")
    yield from errors([row])


def table(
    first: Sequence[str], rows: Sequence[tuple[Sequence[str], Row]], parts: Sequence[str] = PARTS
) -> Iterator[str]:
    cores = [f"busy cores: {parts[0]}", *parts[1:]]
    yield from head((*first, "requests/s", "p50 ms", "p99 ms", "failures", *cores, "whole machine"))
    for names, row in rows:
        yield f"| {' | '.join((*names, *cells(row, parts)))} |"
    yield ""


def cells(row: Row, parts: Sequence[str] = PARTS) -> list[str]:
    one = row.found
    cores = [f"{one.cpu.get(part, 0.0) / one.seconds:.2f}" for part in parts]
    return [f"{one.rate:.0f}", f"{one.all.p50:.0f}", f"{one.all.p99:.0f}", f"{one.failures}", *cores, f"{one.busy:.0%}"]


def kinds(row: Row) -> Iterator[str]:
    yield from head(("what", "requests", "p50 ms", "p99 ms", "slowest, ms", "failures"))
    for name, one in sorted(row.found.kinds.items()):
        if name != "Aggregated":
            yield f"| {name} | {one.requests} | {one.p50:.0f} | {one.p99:.0f} | {one.most:.0f} | {one.failures} |"
    yield ""


def errors(rows: Sequence[Row]) -> Iterator[str]:
    found = [f"- {row.where}, {row.found.users:,} users: {error}" for row in rows for error in row.found.errors[:5]]
    if found:
        yield from ("What failed:", "", *found, "")


def _told(row: Row) -> str:
    most = [one.most * 1000 for one in row.found.told]
    return f"{len(most)} commands after {median(most):.0f} ms (the middle one), {max(most):.0f} ms (the worst)"


def _weekday(found: Results) -> Iterator[str]:
    rows = found.of(WEEKDAY)
    if not rows:
        return
    shares = ", ".join(f"{name.replace(': ', ' ')} {share} %" for name, share in mixes.WEEKDAY.items())
    yield from ("## A weekday", "")
    yield from paragraph(
        f"Users with about a second between two requests, counted after {WARM:.0f} s: {shares}. The questions are "
        f"those of `tests/bench/queries` with drawn variables; {mixes.PUBLISHERS} cities publish 10 changed "
        "navigators each."
    )
    shown = [((row.where, f"{row.municipalities:,}", f"{row.found.users:,}"), row) for row in rows]
    yield from table(("hub", "municipalities", "users"), shown)
    large = max(row.municipalities for row in rows)
    if best := found.best(WEEKDAY, 1, large):
        yield from paragraph(f"By kind, with {best.found.users:,} users, one process, {large:,} municipalities:")
        yield from kinds(best)
    yield from errors(rows)


def _rush(found: Results) -> Iterator[str]:
    rows = found.of(RUSH)
    if not rows:
        return
    yield from ("## Registration opens", "")
    yield from paragraph(
        "Everybody comes once, evenly within the seconds of the row: opens the page of their link, presses the "
        "button, looks where they stand. A quarter get a place, the others wait. Afterwards the database was asked "
        "whether exactly as many take part, and wait, as were told so."
    )
    shown = [((row.where, f"{row.found.users:,}", f"{row.within:.0f}"), row) for row in rows]
    yield from table(("hub", "people", "within, s"), shown)
    if best := found.best(RUSH, 1):
        yield from paragraph(f"By kind, {best.found.users:,} people within {best.within:.0f} s:")
        yield from kinds(best)
    yield from errors(rows)


def _day(found: Results) -> Iterator[str]:
    rows = found.of(DAY)
    if not rows:
        return
    yield from ("## A state’s day on many phones", "")
    yield from paragraph(
        "Each phone holds an event stream, looks at its pages three times, votes, and every fourth notes an idea; "
        "meanwhile the organiser commands the clock every few seconds. Told is the time from before the command "
        "until 99 % of the phones have it. Afterwards the database was asked for every idea and every vote."
    )
    yield from paragraph(
        "A process of asyncio beside Locust holds the streams, the one of `python -m tests.bench.live`. gevent can "
        "hold as many connections, but there each event wakes a greenlet between those that ask, check and count: "
        "how late the phones hear would be Locust’s time, and not the hub’s."
    )
    shown = []
    for row in rows:
        most = [one.most * 1000 for one in row.found.told] or [0.0]
        late = f"{median(most):.0f}", f"{max(most):.0f}", f"{len(row.found.told)}"
        shown.append(((row.where, f"{row.found.streams:,}", *late), row))
    yield from table(("hub", "phones", "told, ms", "at worst, ms", "commands"), shown)
    if best := found.best(DAY, 1):
        yield from paragraph(f"By kind, with {best.found.streams:,} phones:")
        yield from kinds(best)
    yield from errors(rows)


def _split(found: Results) -> Iterator[str]:
    rows = [row for row in found.rows if row.processes == SPLIT]
    if not rows:
        return
    yield from ("## The split", "")
    yield from paragraph(
        "What `make split` starts on the same machine: three services, their workers, a streaming replica, and the "
        "router in front of the graph. Pages are asked at their services."
    )
    shown = [((row.mix, f"{row.found.users:,}"), row) for row in rows]
    yield from table(("mix", "users or phones"), shown, SPLIT_PARTS)
    yield from (f"99 % of {row.found.streams:,} phones told of {_told(row)}.\n" for row in rows if row.found.told)
    yield from errors(rows)


def _growth(found: Results) -> Iterator[str]:
    """What a core does, how that grows, and where it breaks."""
    if not found.rows:
        return
    yield from ("## How it grows, and where it breaks", "")
    yield from paragraph(
        "Of the rows above the largest load that held, else the first. CPU of a request: of the hub’s processes + of "
        "what is behind them (for the split with its workers, replica and router). Requests of a core: in one second "
        "of all that CPU."
    )
    columns = (
        "mix",
        "hub",
        "municipalities",
        "held",
        "requests/s",
        "CPU ms of a request",
        "requests/s of a core",
        "broken at",
    )
    yield from head(columns)
    for mix, processes, municipalities in dict.fromkeys((r.mix, r.processes, r.municipalities) for r in found.rows):
        rows = found.of(mix, processes, municipalities)
        broken = next((row for row in rows if row.found.broken), None)
        best = found.best(mix, processes, municipalities)
        one = (best or rows[0]).found
        hub, other = (value * 1000 / max(one.all.requests, 1) for value in (one.cpu.get("hub", 0.0), behind(one)))
        figures = (
            mix, rows[0].where, f"{municipalities:,}", load_of(best) if best else "nothing", f"{one.rate:.0f}",
            f"{hub:.2f} + {other:.2f}", f"{1000 / (hub + other):.0f}" if hub + other else "",
            f"{load_of(broken)}: {broken.found.broken}" if broken else "not reached",
        )  # fmt: skip
        yield f"| {' | '.join(figures)} |"
    yield ""


def load_of(row: Row) -> str:
    if row.mix == RUSH:
        return f"{row.found.users:,} within {row.within:.0f} s"
    return f"{row.found.users:,} {'phones' if row.mix == DAY else 'users'}"
