"""How long the hub takes for each page: `python -m tests.bench.serving [demo|germany]` writes docs/benchmarks-pages.md.

All pages that a role reaches by links, on the demo's data and again with a directory of 50,000 navigators, beside what
the bare framework takes for a template of the same kind. The hub runs in this process, whoever asks in another, one
page after the other.
"""

import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import asyncpg
import uvicorn
from jinja2 import DictLoader, Environment
from litestar import Litestar, get
from litestar.contrib.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.template import TemplateConfig

from services.app import chosen
from services.cli import demo
from services.cli.running import running, set_aside
from services.cli.serving import bind
from services.kit import embedded
from services.kit.service import Hub
from services.kit.settings import Settings
from tests.bench import sections
from tests.bench.loading import CITIES, lines
from tests.browser_like import Browser, logged_in
from tests.stories.test_pages import PEOPLE, crawl, kind, organise

DOC = sections.DOCS / "benchmarks-pages.md"
TIMES, WARM = 30, 3
SLOW, FEW = 300.0, 3
"""Milliseconds from which on so many times are enough."""
AIMS = {"demo": 15.0, "germany": 40.0}
"""Milliseconds at p50 (issue of the pages)."""
ROWS = 50
BARE = """<!doctype html><html lang="de"><head><title>{{ title }}</title></head><body><h1>{{ title }}</h1><table>
{% for row in rows %}<tr>{% for cell in row %}<td><a href="/{{ cell }}">{{ cell }}</a></td>{% endfor %}</tr>
{% endfor %}</table></body></html>"""


async def _asked(url: str, pages: Sequence[tuple[str, Mapping[str, str]]]) -> list[float]:
    """The median of the milliseconds that each page took, in turns; with the headers given for it."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    took: list[list[float]] = [[] for _page in pages]
    for turn in range(WARM + TIMES):
        for (path, headers), times in zip(pages, took, strict=True):
            if len(times) >= FEW and min(times) > SLOW:
                continue
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            begun = time.perf_counter()
            writer.write(f"GET {path} HTTP/1.1\r\nhost: {parts.netloc}\r\n{head}\r\n".encode())
            said = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            await reader.readexactly(int(said.partition("content-length: ")[2].split("\r")[0]))
            if turn >= WARM:
                times.append((time.perf_counter() - begun) * 1000)
    writer.close()
    return [median(times) for times in took]


async def asked(url: str, pages: Sequence[tuple[str, Mapping[str, str]]]) -> list[float]:
    """`_asked`, from a process of its own."""
    caller = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.serving", url, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    answer, _errors = await caller.communicate(json.dumps(pages).encode())
    found: list[float] = json.loads(answer)
    return found


async def bare() -> float:
    """What the framework takes for a table of `ROWS` rows."""
    rows = [[f"cell-{row}-{column}" for column in range(4)] for row in range(ROWS)]

    @get("/")
    async def table() -> Template:
        return Template("table.html", context={"title": "Tabelle", "rows": rows})

    engine = JinjaTemplateEngine.from_environment(Environment(loader=DictLoader({"table.html": BARE}), autoescape=True))
    app = Litestar([table], template_config=TemplateConfig(instance=engine))
    listener = bind("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve([listener]))
    while not server.started:
        await asyncio.sleep(0.02)
    (found,) = await asked(f"http://127.0.0.1:{listener.getsockname()[1]}", [("/", {})])
    server.should_exit = True
    await serving
    return found


async def pages_of(browser: Browser) -> list[tuple[str, dict[str, str]]]:
    """One page of each kind that this browser reaches, with the headers that it would send."""
    found: dict[str, str] = {}
    for path, answer in (await crawl(browser, most=1)).items():
        if answer.status_code == 200 and not answer.history:
            found.setdefault(kind(path), path)
    cookies = "; ".join(f"{one.name}={one.value}" for one in browser.http.cookies.jar)
    return [(path, {"cookie": cookies, "accept": "text/html"}) for path in found.values()]


async def measured(hub: Hub) -> dict[str, dict[str, float]]:
    """By role and kind of page."""
    found: dict[str, dict[str, float]] = {}
    for role, login in PEOPLE.items():
        browser = await logged_in(hub, login[0], *login[1]) if login else Browser(hub)
        if role == "an organiser":
            await organise(browser)
        pages = await pages_of(browser)
        times = await asked(hub.settings.issuer, pages)
        found[role] = {kind(path): took for (path, _headers), took in zip(pages, times, strict=True)}
        await browser.close()
    return found


async def fill(hub: Hub) -> None:
    """All of Germany beside the demo's cities."""
    operator = await logged_in(hub, "hub", "operator")
    headers = {"content-type": "application/jsonl", "origin": hub.settings.issuer}
    answer = await operator.http.post("/directory/bulk", content=lines(CITIES), headers=headers, timeout=3600)
    if answer.json()["published"] != CITIES:
        raise RuntimeError(answer.text[:1000])
    await operator.close()
    await hub.settle()
    administrator = await asyncpg.connect(hub.settings.database_url)
    await administrator.execute("VACUUM ANALYZE")  # or PostgreSQL would, beside the first pages
    await administrator.close()


def section(data: str, found: dict[str, dict[str, float]], beside: float) -> list[str]:
    slowest = sorted(((took, role, page) for role, of in found.items() for page, took in of.items()), reverse=True)
    over = sum(took > AIMS[data] for took, _role, _page in slowest)
    rows = [
        f"| {role} | {len(of)} | {median(of.values()):.1f} | {max(of.values()):.1f} |" for role, of in found.items()
    ]
    return [
        f"## On {'the demo’s data' if data == 'demo' else 'a directory of all of Germany'}", "",
        f"Aim: no page over {AIMS[data]:.0f} ms; over it: {over} of {len(slowest)}.",
        f"The bare framework takes {beside:.1f} ms.",
        "", "| who | pages | middle one, ms | slowest, ms |", "|---|---|---|---|", *rows, "",
        "| the slowest ones | who | ms |", "|---|---|---|",
        *(f"| `{page}` | {role} | {took:.1f} |" for took, role, page in slowest[:12]),
    ]  # fmt: skip


async def main(wanted: Sequence[str]) -> None:
    load = os.getloadavg()[0]
    DOC.write_text(
        "# Pages\n\nMade by `python -m tests.bench.serving`, which writes this page: the median of "
        f"{TIMES} requests for one page of\neach kind that a role reaches by links, over HTTP, one after the other. "
        "The bare framework gives a\n"
        f"template with a table of {ROWS} rows. Load before: {load:.1f}; {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}.\n",
        encoding="utf-8",
    )
    with tempfile.TemporaryDirectory(prefix="ln-") as folder, embedded.servers(Path(folder)) as servers:
        settings = Settings(
            port=0, secret="bench", database_url=servers.database, redis_url=servers.redis, rates=0.0, workers=False,
            embedded=True,
        )  # fmt: skip
        async with running(settings, chosen()) as (hub, _server):
            set_aside()
            konstanz, heilbronn, organiser = await demo.register(hub)
            for client, name in ((konstanz, "konstanz"), (heilbronn, "heilbronn")):
                await client.ask(demo.PUBLISH, snapshot=demo.snapshot(name))
            await organiser.ask(demo.CREATE, event=demo.snapshot("event"))
            await hub.settle()
            for data in wanted:
                if data != "demo":
                    await fill(hub)
                sections.write(DOC, section(data, await measured(hub), await bare()))
            for client in (konstanz, heilbronn, organiser):
                await client.close()
    print(DOC.read_text(encoding="utf-8"))


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1].startswith("http"):
        print(json.dumps(asyncio.run(_asked(sys.argv[1], json.load(sys.stdin)))))
    else:
        asyncio.run(main([one for one in AIMS if one in sys.argv[1:]] or list(AIMS)))
