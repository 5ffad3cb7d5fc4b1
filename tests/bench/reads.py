"""`python -m tests.bench reads`: the hub's reads beside PostGraphile and Mercurius, in one run over one PostgreSQL.

Every question is put to all of them with full text and random variables, in turns, after their answers were compared.
"""

import argparse
import json
import random
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.bench import reads_report, wrk
from tests.bench.data import WORKS, Network, Size
from tests.bench.peers import FOLDER, NAMES, Contender, Servers, contender, filled, servers
from tests.router import ensure_installed

QUERIES = Path(__file__).parent / "queries"
BODIES = 5_000
COMPARED = 20
WARM_SECONDS = 2.0

Results = dict[tuple[int, str, str], wrk.Measured]
"""By cities, query and server."""

DRAWN: Mapping[str, Callable[[Network, random.Random], str]] = {
    "ags": lambda network, pick: str(pick.choice(network.cities)["ags"]),
    "topic": lambda network, pick: pick.choice(list(network.paths)),
    "navigator": lambda network, pick: str(pick.choice(network.navigators)["id"]),
    "project": lambda network, pick: str(pick.choice(network.projects)["id"]),
    "word": lambda network, pick: pick.choice(WORKS).split()[-1],
}


@dataclass(frozen=True)
class Query:
    """A question in the words of each server that can answer it."""

    name: str
    texts: Mapping[str, str]

    def bodies(self, server: str, network: Network, count: int) -> list[str]:
        """Requests with drawn variables, the same ones for every server."""
        text = " ".join(self.texts[server].split())
        names, pick = re.findall(r"\$(\w+)\s*:", text), random.Random(f"{network.size.seed}-{self.name}")
        drawn = ({name: DRAWN[name](network, pick) for name in names} for _ in range(count))
        return [json.dumps({"query": text, "variables": variables}) for variables in drawn]


def queries(folders: Sequence[Path]) -> Iterator[Query]:
    for folder in sorted(path for parent in folders for path in parent.iterdir() if path.is_dir()):
        texts = {name: folder / f"{name}.graphql" for name in NAMES}
        yield Query(
            folder.name, {name: path.read_text(encoding="utf-8") for name, path in texts.items() if path.exists()}
        )


def plain(value: Any) -> Any:
    """An answer without what wraps it: single fields that only lead on, `nodes`, the order of lists, cursors."""
    if isinstance(value, list):
        return sorted((plain(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, dict):
        kept = {key: plain(item) for key, item in value.items() if key != "endCursor"}
        only = next(iter(kept.values())) if len(kept) == 1 else None
        return only if isinstance(only, dict | list) else kept
    return value


async def compare(query: Query, network: Network, found: Sequence[Contender]) -> None:
    """Raises ValueError where two servers answer differently, or one with an error."""
    bodies = {one.name: query.bodies(one.name, network, COMPARED) for one in found}
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        for number in range(COMPARED):
            answers = {}
            for one in found:
                body, headers = bodies[one.name][number], {"content-type": "application/json"}
                told = (await http.post(one.url, content=body, headers=headers)).json()
                if told.get("errors") or not told.get("data"):
                    raise ValueError(f"{one.name} does not answer {query.name}: {str(told)[:500]}")
                answers[one.name] = plain(told["data"])
            expected = answers[found[-1].name]
            for name, answer in answers.items():
                if answer != expected:
                    raise ValueError(f"{query.name}: {name} answers {answer}, {found[-1].name} {expected}"[:4000])


async def measure(
    found: Servers, size: Size, asked: Sequence[Query], folder: Path, turns: int, seconds: float
) -> Results:
    database, network = await filled(found, size)
    results: Results = {}
    async with AsyncExitStack() as stack:
        started = [await stack.enter_async_context(contender(name, found, database, folder)) for name in NAMES]
        for query in asked:
            able = [one for one in started if one.name in query.texts]
            await compare(query, network, able)
            paths = {one.name: folder / f"{database}-{query.name}-{one.name}" for one in able}
            for one in able:
                paths[one.name].write_text("\n".join(query.bodies(one.name, network, BODIES)), encoding="utf-8")
                wrk.run(one, found.postgres, paths[one.name], WARM_SECONDS)
            measured: dict[str, list[wrk.Measured]] = {one.name: [] for one in able}
            for turn in range(turns):
                for one in able[turn % len(able) :] + able[: turn % len(able)]:
                    measured[one.name].append(wrk.run(one, found.postgres, paths[one.name], seconds))
            for name, each in measured.items():
                results[size.cities, query.name, name] = middle = wrk.Measured.middle(each)
                print(f"{size.cities:>6} {query.name:<16} {name:<13} {reads_report.line(middle)}", flush=True)
    return results


async def main(arguments: Sequence[str] = ()) -> str | None:
    """The section for docs/benchmarks.md; None, and a word about it, where something is not installed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench reads", description=__doc__)
    parser.add_argument("--cities", type=int, nargs="+", default=[1_000, 11_000], help="one network for each number")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--queries", type=Path, action="append", default=[], help="a folder with more questions")
    asked = parser.parse_args(list(arguments))
    if not wrk.installed():
        print(wrk.MISSING)
        return None
    ensure_installed(FOLDER)
    every = list(queries([QUERIES, *asked.queries]))
    results: Results = {}
    with tempfile.TemporaryDirectory(prefix="ln-") as name, servers(Path(name)) as found:
        for cities in asked.cities:
            size = Size().shrunk(cities)
            results |= await measure(found, size, every, Path(name), asked.turns, asked.seconds)
    return reads_report.section(results, asked.cities, asked.turns, asked.seconds)
