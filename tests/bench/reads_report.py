"""The section about reads in docs/benchmarks.md."""

from collections.abc import Mapping, Sequence

from tests.bench.data import Size
from tests.bench.peers import NAMES, TUNING
from tests.bench.wrk import CONNECTIONS, Measured

TITLE = "## Reads beside two peers"
SHOWN = {"hub": "Lotsennetz", "postgraphile": "PostGraphile 5", "mercurius": "Mercurius"}
RATE_AIMS = {"1-city": 4.0, "2-navigators": 5.5, "3-topic": 3.0}
CPU_AIMS = {"1-city": 0.33, "2-navigators": 0.28, "3-topic": 0.57}
MERCURIUS_AIM, P99_AIM = 2.5, 0.4

Results = Mapping[tuple[int, str, str], Measured]


def line(one: Measured) -> str:
    return (
        f"{one.rate:8.0f}/s  {one.server:.2f} + {one.postgres:.2f} ms CPU  "
        f"p50 {one.p50:.1f} ms  p99 {one.p99:.1f} ms  {one.size:.0f} bytes"
    )


def section(results: Results, sizes: Sequence[int], turns: int, seconds: float) -> str:
    lines = [TITLE, "", *_words(turns, seconds)]
    for cities in sizes:
        lines += ["", *_table(results, cities)]
    if len(sizes) > 1:
        lines += ["", *_growth(results, sizes[0], sizes[-1])]
    lines += ["", *_aims(results, sizes[-1])]
    return "\n".join(lines) + "\n"


def _words(turns: int, seconds: float) -> list[str]:
    return [
        "One process of each server over the same PostgreSQL, asked in turns by `wrk` with full query text and random",
        f"variables: 1 thread, {CONNECTIONS} connections, medians of {turns} × {seconds:.0f} s.",
        "No answer is kept, and what they answer was compared first. CPU is what the server (the hub: with Valkey) and",
        "PostgreSQL used for a request.",
        "",
        "Repeat it with `python -m tests.bench reads`, which needs `wrk` (Debian: `apt install wrk`) and, at the first",
        "time, npm's registry. The questions are in `tests/bench/queries`; `--queries FOLDER` adds others, and",
        "`--cities 500` takes a smaller network. `deploy/bench` has the peers and how they are set up.",
        "",
        "PostgreSQL for all:",
        "",
        *(f"- `{name} = {value}`" for name, value in TUNING.items()),
    ]


def _table(results: Results, cities: int) -> list[str]:
    size = Size().shrunk(cities)
    lines = [
        f"### {cities:,} cities, {size.navigators:,} navigators, {size.projects:,} projects, {size.topics} topics",
        "",
        "The ratios compare with PostGraphile; times are milliseconds.",
        "",
        "| query | server | per second | ratio | CPU: server + PostgreSQL | ratio | p50 | p99 | ratio | bytes |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for query in _queries(results, cities):
        base = results.get((cities, query, "postgraphile"))
        for name in NAMES:
            one = results.get((cities, query, name))
            if one is None:
                continue
            rate, cpu, p99 = (_times(a, b) for a, b in zip(_compared(one), _compared(base), strict=True))
            lines.append(
                f"| {query} | {SHOWN[name]} | {one.rate:.0f} | {rate} | {one.server:.2f} + {one.postgres:.2f} "
                f"= {one.cpu:.2f} | {cpu} | {one.p50:.1f} | {one.p99:.1f} | {p99} | {one.size:.0f} |"
            )
    return lines


def _growth(results: Results, small: int, large: int) -> list[str]:
    lines = [
        f"### From {small:,} to {large:,} cities",
        "",
        "| query | server | per second | CPU of a request | p50 | p99 |",
        "|---|---|---|---|---|---|",
    ]
    for query in _queries(results, large):
        for name in NAMES:
            a, b = results.get((small, query, name)), results.get((large, query, name))
            if a and b:
                pairs = ((a.rate, b.rate, 0), (a.cpu, b.cpu, 2), (a.p50, b.p50, 1), (a.p99, b.p99, 1))
                cells = (f"{x:.{digits}f} → {y:.{digits}f} (× {_times(y, x)})" for x, y, digits in pairs)
                lines.append(f"| {query} | {SHOWN[name]} | {' | '.join(cells)} |")
    return lines


def _aims(results: Results, cities: int) -> list[str]:
    lines = [
        f"### The hub and its aims at {cities:,} cities",
        "",
        "| query | rate × PostGraphile | rate × Mercurius | CPU × PostGraphile | p99 × PostGraphile |",
        "|---|---|---|---|---|",
    ]
    for query, rate_aim in RATE_AIMS.items():
        hub, first, second = (results.get((cities, query, name)) for name in NAMES)
        if hub and first and second:
            cells = (
                _least(hub.rate / first.rate, rate_aim),
                _least(hub.rate / second.rate, MERCURIUS_AIM),
                _most(hub.cpu / first.cpu, CPU_AIMS[query]),
                _most(hub.p99 / first.p99, P99_AIM),
            )
            lines.append(f"| {query} | {' | '.join(cells)} |")
    return lines


def _queries(results: Results, cities: int) -> list[str]:
    return sorted({query for size, query, _name in results if size == cities})


def _compared(one: Measured | None) -> tuple[float, float, float]:
    return (one.rate, one.cpu, one.p99) if one else (0.0, 0.0, 0.0)


def _times(value: float, base: float) -> str:
    return f"{value / base:.2f}" if base else "–"


def _least(value: float, aim: float) -> str:
    return f"{value:.2f} (aim ≥ {aim}{'' if value >= aim else ', missed'})"


def _most(value: float, aim: float) -> str:
    return f"{value:.2f} (aim ≤ {aim}{'' if value <= aim else ', missed'})"
