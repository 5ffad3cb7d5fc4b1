"""The command `lotsennetz`."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from services.app import SERVICES, chosen
from services.cli import backup, demo, files, keys, people, solve
from services.cli.monitoring import monitored
from services.cli.running import running, servers, unasked, until_stopped
from services.directory import register
from services.directory.access import CLIENT_SCOPES, checked_ags
from services.directory.oauth import clients
from services.kit import i18n, logs, migrations, tracing
from services.kit.db import HUB, Database
from services.kit.errors import HubError
from services.kit.i18n import gettext as _
from services.kit.service import Hub
from services.kit.settings import Settings, from_environment

MOST_LINES = 50

Command = Callable[[argparse.Namespace, Settings], Coroutine[Any, Any, int]]


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when it succeeded, 1 (or the command's `wrong`) with an explanation when it did not."""
    logs.configure()
    asked = _parser().parse_args(arguments)
    with i18n.speaking(asked.lang):
        try:
            command: Command = asked.run
            settings = from_environment()
            logs.configure(settings.log)
            if command in {_up, _serve, _work}:
                tracing.configure("-".join(["lotsennetz", *getattr(asked, "service", ())]))
            with asyncio.Runner(loop_factory=_loop) as runner:
                return runner.run(command(asked, settings))
        except HubError as problem:
            print(f"lotsennetz: {problem.message}", file=sys.stderr)
            for detail in problem.problems:
                place = f"{detail.row} {detail.field}".strip()
                print(f"  {place}: {detail.message}" if place else f"  {detail.message}", file=sys.stderr)
            return int(getattr(asked, "wrong", 1))
        except KeyboardInterrupt:
            return 130


def _loop() -> asyncio.AbstractEventLoop:
    """The fast event loop where it exists."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lotsennetz", description=__doc__)
    language = "en" if os.environ.get("LOTSENNETZ_LANG", "").startswith("en") else "de"
    parser.add_argument("--lang", choices=i18n.LANGUAGES, default=language, help="language of what is printed")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    up = command("up", _up, "run the whole hub until Ctrl-C, on embedded servers unless the environment names others")
    up.add_argument("--demo", action="store_true", help="with the demo's cities, if there are none yet")
    command("demo", _demo, "play the #KNmeetsHN day through the public API and write its papers to out/knmeetshn")
    serve = command("serve", _serve, "serve some services on the servers that the environment names")
    serve.add_argument("service", nargs="*", metavar="SERVICE", help=", ".join(SERVICES))
    work = command("work", _work, "work the jobs of some services")
    work.add_argument("service", nargs="*", metavar="SERVICE", help=", ".join(SERVICES))
    migrate = command("migrate", _migrate, "bring the database up to date")
    migrate.add_argument("service", nargs="*", metavar="SERVICE", help=", ".join(SERVICES))
    migrate.add_argument(
        "--phase", choices=migrations.PHASES, default="after",
        help="before: only what processes of the last version go along with; after, if not said: all",
    )  # fmt: skip
    client = command("client", _client, "client add NAME registers an OAuth client and prints its secret, once")
    client.add_argument("action", choices=["add"])
    client.add_argument("name")
    client.add_argument("--city", metavar="AGS", help="the city it speaks for; without one it speaks for none")
    client.add_argument("--scope", action="append", choices=CLIENT_SCOPES, help="may be given several times")
    books = command("register", _register, "register import FILE reads the official municipality register (GV100AD)")
    books.add_argument("action", choices=["import"])
    books.add_argument("file", type=Path)
    people.add(command)
    keys.add(command)
    backup.add(command)
    solve.add(command)
    revise = command("revise", _revise, "write a migration from a service's models (for developers)")
    revise.add_argument("service", choices=SERVICES)
    revise.add_argument("message")
    return parser


async def _up(asked: argparse.Namespace, settings: Settings) -> int:
    if asked.demo:
        settings = demo.kept_here(settings)
    with servers(settings) as found:
        async with running(found, chosen(os.environ.get("HUB_SERVICES", ""))) as (hub, server):
            if asked.demo:
                await demo.fill(hub)
                print(
                    _("Mails to the demo's people are not sent: they lie in {folder}.", folder=settings.data / "mails")
                )
            print(_("Lotsennetz runs at {url} (Ctrl-C ends it).", url=hub.settings.address), flush=True)
            await until_stopped(server)
    return 0


async def _demo(_asked: argparse.Namespace, settings: Settings) -> int:
    return await demo.run(settings, Path("out/knmeetshn"))


async def _serve(asked: argparse.Namespace, settings: Settings) -> int:
    with servers(settings) as found:
        async with running(found, chosen(",".join(asked.service))) as (hub, server):
            print(_("Lotsennetz runs at {url} (Ctrl-C ends it).", url=hub.settings.address), flush=True)
            await until_stopped(server)
    return 0


async def _work(asked: argparse.Namespace, settings: Settings) -> int:
    with servers(settings, share=True) as found:
        hub = Hub(found, chosen(",".join(asked.service)))
        await hub.migrate()
        async with monitored(hub):
            working = asyncio.gather(*(hub.work(runtime) for runtime in hub.runtimes.values()))
            for stop in (signal.SIGINT, signal.SIGTERM):  # gives its jobs back before it goes
                asyncio.get_running_loop().add_signal_handler(stop, working.cancel)
            with contextlib.suppress(asyncio.CancelledError):
                await working
            await hub.stop()
    return 0


async def _migrate(asked: argparse.Namespace, settings: Settings) -> int:
    with servers(settings) as found:
        hub = Hub(unasked(found), chosen(",".join(asked.service)))
        await hub.migrate(asked.phase)
        await hub.stop()
    print(_("The database is up to date."))
    return 0


async def _client(asked: argparse.Namespace, settings: Settings) -> int:
    ags = checked_ags(asked.city) if asked.city else None
    with servers(settings, share=True) as found:
        hub = Hub(found, chosen("directory"))
        await hub.migrate()
        async with hub.runtimes["directory"].db.begin(HUB) as session:
            made = await clients.add(session, asked.name, ags, tuple(asked.scope or CLIENT_SCOPES))
        await hub.stop()
    print(f"client_id={made.client_id}\nclient_secret={made.client_secret}")
    return 0


async def _register(asked: argparse.Namespace, settings: Settings) -> int:
    found = register.parse(files.contents(asked.file))
    with servers(settings, share=True) as known:
        hub = Hub(known, chosen("directory"))
        await hub.migrate()
        async with hub.runtimes["directory"].db.begin(HUB) as session:
            report = await register.store(session, found)
        await hub.stop()
    print(
        _(
            "Municipality register of {state_of}: {count} municipalities; {added} new, {ended} ended, "
            "{renamed} renamed, {changed} with other figures, {unchanged} as before.",
            state_of=report.state_of,
            count=len(found.entries),
            added=len(report.added),
            ended=len(report.ended),
            renamed=len(report.renamed),
            changed=report.changed,
            unchanged=report.unchanged,
        )
    )
    for old, entry in report.renamed[:MOST_LINES]:
        print(f"  {entry.ags}  {old} → {entry.name}")
    for entry in report.ended[:MOST_LINES]:
        print(_("  {ags}  {name}: ended", ags=entry.ags, name=entry.name))
    for entry in report.affected:
        print(_("  Attention: {name} ({ags}) publishes here and has ended.", ags=entry.ags, name=entry.name))
    return 0


async def _revise(asked: argparse.Namespace, settings: Settings) -> int:
    service = SERVICES[asked.service]
    with servers(settings) as found:
        owner = Database(found.database_url or "", None, pool=1)
        await migrations.upgrade(owner, service.name, service.metadata, service.migrations)
        print(await migrations.revise(owner, service.name, service.metadata, service.migrations, asked.message))
        await owner.close()
    return 0
