"""`make bench`: how fast the hub is beside something simpler in the same run. Writes docs/benchmarks.md.

`python -m tests.bench reads` measures reads beside two peers only, and writes that section anew; `python -m tests.bench
directory` measures loading, publishing and searching only, and writes docs/benchmarks-directory.md.

Figures of one machine say little; the ratios travel better. Every pair runs alternately on the same servers.
"""

import argparse
import asyncio
import base64
import os
import platform
import random
import signal
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey
from litestar import Litestar, Request, post

from services.app import chosen
from services.cli import demo
from services.cli.client import ASSERTION
from services.cli.running import running, set_aside
from services.directory.oauth import clients as oauth_clients
from services.kit import embedded
from services.kit.db import HUB
from services.kit.service import Hub
from services.kit.settings import Settings
from services.matching import solver
from tests.bench import finding, loading, reads, reads_report
from tests.bench.callers import AT_ONCE, Work, client, rate, snapshot
from tests.router import served

OUT = Path(__file__).parents[2] / "docs" / "benchmarks.md"
DIRECTORY = OUT.with_name("benchmarks-directory.md")
TURNS = 3
HELP = argparse.RawDescriptionHelpFormatter
TOKEN_ROWS = ("token endpoint, with a secret", "token endpoint, with a signed assertion")


async def beside(mine: Work, theirs: Work) -> tuple[float, float]:
    """The median rates of both, measured in turns."""
    pairs = [(await rate(mine), await rate(theirs)) for _ in range(TURNS)]
    return median(a for a, _ in pairs), median(b for _, b in pairs)


async def publishing(hub: Hub) -> tuple[float, float]:
    """Changed snapshots beside unchanged ones."""
    cities = [f"0801{i:04}" for i in range(AT_ONCE)]
    clients = {ags: await client(hub, ags) for ags in cities}
    turn, counter = iter(range(10**9)), iter(range(10**9))

    async def changed() -> object:
        ags = cities[next(turn) % AT_ONCE]
        return await clients[ags].ask(demo.PUBLISH, snapshot=snapshot(ags, next(counter)))

    still = {ags: snapshot(f"0802{i:04}", 0) for i, ags in enumerate(cities)}
    quiet = {ags: await client(hub, f"0802{i:04}") for i, ags in enumerate(cities)}

    async def unchanged() -> object:
        ags = cities[next(turn) % AT_ONCE]
        return await quiet[ags].ask(demo.PUBLISH, snapshot=still[ags])

    found = await beside(changed, unchanged)
    for one in (*clients.values(), *quiet.values()):
        await one.close()
    return found


class Wire:
    """POSTs over connections kept open, without a client library: its cost would hide what is measured."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.port, self.path = parts.hostname, parts.port, parts.path
        self.free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def post(self, body: str, authorization: str = "") -> None:
        reader, writer = self.free.pop() if self.free else await asyncio.open_connection(self.host, self.port)
        auth = f"authorization: {authorization}\r\n" if authorization else ""
        writer.write(
            f"POST {self.path} HTTP/1.1\r\nhost: {self.host}\r\n{auth}"
            f"content-type: application/x-www-form-urlencoded\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0]))
        assert head.startswith(b"HTTP/1.1 200"), head
        self.free.append((reader, writer))

    def close(self) -> None:
        for _reader, writer in self.free:
            writer.close()


async def tokens(hub: Hub) -> list[tuple[float, float]]:
    """The token endpoint beside a bare Litestar route that signs the same claims: with a secret, with an assertion."""
    key, own = ECKey.generate_key("P-256"), ECKey.generate_key("P-256", auto_kid=True)
    claims = {"iss": "x", "aud": "x", "sub": "c", "client_id": "c", "scope": "a b", "city": "08335043", "jti": "j"}

    @post("/token", status_code=200)
    async def bare(request: Request[Any, Any, Any]) -> dict[str, str]:
        await request.body()
        return {"access_token": jwt.encode({"alg": "ES256", "typ": "at+jwt"}, {**claims, "exp": 1}, key)}

    one, two = await client(hub, "08335043"), await client(hub, "08335044")
    async with hub.runtimes["directory"].db.begin(HUB) as session:
        row = await oauth_clients.by_id(session, two.client_id)
        assert row
        row.method, row.jwks = "private_key_jwt", {"keys": [own.as_dict(private=False)]}
    numbers = iter(range(10**9))

    def assertion() -> str:
        now = int(time.time())
        said = {"iss": two.client_id, "sub": two.client_id, "aud": two.url, "iat": now, "exp": now + 60}
        signed = jwt.encode({"alg": "ES256", "kid": own.kid or ""}, {**said, "jti": str(next(numbers))}, own)
        return f"grant_type=client_credentials&client_assertion_type={quote(ASSERTION)}&client_assertion={signed}"

    basic = "Basic " + base64.b64encode(":".join(one.credentials).encode()).decode()
    app = Litestar([bare], openapi_config=None, logging_config=None)
    async with served({"bare": app}) as urls:
        ours, theirs = Wire(f"{hub.settings.issuer}/oauth/token"), Wire(f"{urls['bare']}/token")
        form = "grant_type=client_credentials"
        found = [
            await beside(lambda: ours.post(form, basic), lambda: theirs.post(form)),
            await beside(lambda: ours.post(assertion()), lambda: theirs.post(assertion())),  # both pay for signing it
        ]
        ours.close()
        theirs.close()
    return found


async def graphs(hub: Hub) -> tuple[float, float]:
    """The one graph beside the directory's own subgraph, for a query that the subgraph can answer alone."""
    query = '{ navigators(topic: "finance", first: 20) { nodes { title city { name } topics { label } } } }'
    issuer = hub.settings.issuer
    async with httpx.AsyncClient(trust_env=False) as http:
        return await beside(
            lambda: http.post(f"{issuer}/graphql", json={"query": query}),
            lambda: http.post(f"{issuer}/directory/graphql", json={"query": query}),
        )


def planning() -> list[tuple[str, float, float, float, float, int]]:
    """(instance, objective after one second, random, upper bound, repeats, their bound) for three sizes of event."""
    out = []
    for people, cities, tables, rounds in ((50, 2, 5, 3), (150, 12, 15, 5), (400, 60, 40, 6)):
        pick = random.Random(people)
        model = solver.Model(tables=tables, rounds=rounds)
        topics = [f"t{i}" for i in range(20)]
        for topic in topics:
            model.topic(topic)
        for person in range(people):
            wishes = [pick.sample(topics, pick.randint(1, 3)) for _ in range(3)]
            model.person(
                f"p{person}", city=f"c{person % cities}", offers=wishes[0], seeks=wishes[1], works_on=wishes[2]
            )
        result = solver.solve(model.problem(), solver.Seconds(1.0), seed=1)
        out.append(
            (
                f"{people} people, {cities} cities, {tables} tables, {rounds} rounds",
                result.objective,
                result.random_objective,
                result.upper_bound,
                result.repeats,
                result.repeats_bound,
            )
        )
    return out


async def main() -> None:
    solver.warm()
    with tempfile.TemporaryDirectory(prefix="ln-") as folder, embedded.servers(Path(folder)) as servers:
        settings = Settings(port=0, secret="bench", database_url=servers.database, redis_url=servers.redis, rates=0.0)
        async with running(replace(settings, workers=False), chosen()) as (hub, _server):
            set_aside()
            cities = await demo.register(hub)
            await demo.publish(cities[0], cities[1], lambda *_words: None)
            rows = [
                ("a city publishes, all 10 navigators changed", "the same snapshot again", await publishing(hub)),
                *(
                    (name, "bare Litestar route that signs the same token", pair)
                    for name, pair in zip(TOKEN_ROWS, await tokens(hub), strict=True)
                ),
                ("query over the one graph", "the same on the directory's subgraph", await graphs(hub)),
            ]
    plans = await asyncio.to_thread(planning)
    written(report(rows, plans), None)
    written(None, await reads.main())
    print(OUT.read_text(encoding="utf-8"))
    await directory()


async def directory() -> None:
    """Write the page about the directory at its full size."""
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    head = [
        "# Loading, publishing and searching",
        "",
        "Made by `python -m tests.bench directory`, which writes this page. The hub, its embedded servers and the",
        f"callers share the machine with whatever else runs there (load before: {load:.1f}):",
        f"{cores} cores, {platform.machine()}, Python {platform.python_version()}.",
        *(["The machine was busy: compare the CPU, not rates or seconds."] if load > cores else []),
    ]
    lines = [*head, "", *await loading.main()]
    print("\n".join(lines), flush=True)
    lines += ["", *await finding.main()]
    DIRECTORY.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(DIRECTORY.read_text(encoding="utf-8"))


def written(first: str | None, last: str | None) -> None:
    """Write the page: what comes before the section about reads, and that section; None leaves it as it was."""
    before, _title, after = OUT.read_text(encoding="utf-8").partition(f"\n{reads_report.TITLE}\n")
    rest = f"{reads_report.TITLE}\n{after}" if after else ""
    parts = (first or before, rest if last is None else last)
    OUT.write_text("\n".join(part.rstrip("\n") + "\n" for part in parts if part), encoding="utf-8")


def report(
    rows: list[tuple[str, str, tuple[float, float]]], plans: list[tuple[str, float, float, float, float, int]]
) -> str:
    lines = [
        "# Benchmarks",
        "",
        "Made by `make bench`, which writes this page. One hub process, its embedded servers and the callers share the",
        f"machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}.",
        f"{AT_ONCE} callers; medians of {TURNS} turns, both sides measured alternately in one run. Compare the ratios,",
        "not the rates.",
        "",
        "| what | per second | beside | per second | ratio |",
        "|---|---|---|---|---|",
        *(f"| {a} | {x:.0f} | {b} | {y:.0f} | {x / y:.2f} |" for a, b, (x, y) in rows),
        "",
        "## Plans after one second of search",
        "",
        "The objective is topical benefit minus 10 for each repeat; „gap closed“ is its way from chance to a bound",
        "that no plan can exceed.",
        "",
        "| event | objective | by chance | bound | gap closed | repeats | no fewer than |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {name} | {value:.0f} | {chance:.0f} | {bound:.0f} | {(value - chance) / (bound - chance):.0%} "
            f"| {repeats} | {least} |"
            for name, value, chance, bound, repeats, least in plans
        ),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is stopped
    if sys.argv[1:2] == ["reads"]:
        written(None, asyncio.run(reads.main(sys.argv[2:])))
    else:
        parser = argparse.ArgumentParser("python -m tests.bench", description=__doc__, formatter_class=HELP)
        parser.add_argument("section", nargs="?", choices=("reads", "directory"), help="one alone; all without it")
        asyncio.run(directory() if parser.parse_args().section else main())
